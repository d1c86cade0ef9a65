"""How many cores of Loihi 2 a population of neurons takes, at least.

The formula is inferred: it was fitted to the utilisation that Intel's compiler printed
in public notebooks. Not in it, since nothing is known: plastic synapses, the bits of
delays, the memory of microcode, and how populations are placed beside each other.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt
from scipy.sparse import csc_matrix

from lava_apps.loihi2.formats import RESOURCES
from lava_apps.parameters import (
    Array,
    Integer,
    ParameterError,
    PositiveInteger,
    validated,
)

_WORD = 64
_NEURONS = int(RESOURCES["neurons"].high)
_POOL, _MEMORY = int(RESOURCES["pool"].high), int(RESOURCES["memory"].high)
_SYNAPSE, _AXON = (int(RESOURCES[name].high) for name in ("synapse_bits", "axon_bits"))


@dataclass(frozen=True)
class CoreEstimate:
    """What a population takes, at least.

    Parameters
    ----------
    neurons : int
        How many it has.
    cores : int
        How many they need.
    per_core : int
        Most neurons on one core.
    utilisation : float
        Of the fullest core's memory, from 0 to 1.
    share : float
        Cores that it takes at least where others may have the rest of them.
    """

    neurons: int
    cores: int
    per_core: int
    utilisation: float
    share: float

    @property
    def chips(self) -> int:
        """Chips for so many cores."""
        return math.ceil(self.cores / RESOURCES["cores"].high)


@validated
def estimate_cores(
    neurons: PositiveInteger, incoming: Sequence[Any] = (), targets: Integer = 1
) -> CoreEstimate:
    """Estimate the cores of a population, a lower bound.

    Of k neurons on a core, with nnz synapses on an incoming axon,

        words = sum over axons of ceil((20 nnz + 10) / 64) ,
        pool  = words + axons + k targets <= 16,000 ,
        k <= 4,095 ,  (pool + k) / 20,000 <= 1 .

    Neurons are dealt out in their order, as evenly as can be.

    Parameters
    ----------
    neurons : int
        How many the population has.
    incoming : sequence of (neurons, n) array_like or scipy.sparse matrix
        Weights of each connection to it; zeros are no synapses.
    targets : int
        Populations that it sends to. Default 1.

    Returns
    -------
    CoreEstimate
        The smallest number of cores that satisfies all.

    Raises
    ------
    ParameterError
        For weights of another population, or axons that do not even leave room for
        one neuron a core.
    """
    matrices = [_columns(neurons, weights) for weights in incoming]
    cores = math.ceil(neurons / _NEURONS)
    while cores <= neurons:
        per_core = math.ceil(neurons / cores)
        pool = _fullest(matrices, per_core, targets)
        if per_core <= _NEURONS and pool <= _POOL and pool + per_core <= _MEMORY:
            used = (pool + per_core) / _MEMORY
            share = _share(neurons, _fullest(matrices, neurons, targets))
            return CoreEstimate(neurons, cores, per_core, used, share)
        cores += 1
    problem = f"need more than the {_POOL:,} words of a core for a single neuron"
    raise ParameterError("estimate_cores", "incoming", problem, len(matrices))


def _columns(neurons: int, weights: npt.ArrayLike) -> csc_matrix:
    matrix = csc_matrix(weights)
    if matrix.shape[0] != neurons:
        problem = f"must have {neurons} rows each"
        raise ParameterError("estimate_cores", "incoming", problem, matrix.shape)
    matrix.eliminate_zeros()
    return matrix


def _share(neurons: int, pool: int) -> float:
    """Give the cores for so many neurons and words, were they one."""
    return max(neurons / _NEURONS, pool / _POOL, (pool + neurons) / _MEMORY)


def _fullest(matrices: list[csc_matrix], per_core: int, targets: int) -> int:
    """Give the words of the fullest core, of so many neurons each."""
    pools: Array = np.zeros(1, int)
    for matrix in matrices:
        blocks, axons = math.ceil(matrix.shape[0] / per_core), matrix.shape[1]
        axon = np.repeat(np.arange(axons), np.diff(matrix.indptr))
        place = matrix.indices // per_core * axons + axon
        synapses = np.bincount(place, minlength=blocks * axons).reshape(blocks, axons)
        words = -(-(_SYNAPSE * synapses + _AXON) // _WORD)
        # An axon without a synapse on a core is not there.
        taken = np.where(synapses > 0, words + 1, 0).sum(axis=1)
        pools = np.zeros(blocks, int) + pools + taken
    return int(pools.max()) + per_core * targets
