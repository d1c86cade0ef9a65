"""The graph: spikes cue a Hopfield network through synapses."""

from __future__ import annotations

from typing import Literal, NamedTuple

import numpy as np
import numpy.typing as npt
from scipy import sparse

from lava_apps.loihi2.run_configs import Precision, RunConfig
from lava_apps.parameters import (
    ParameterError,
    PositiveInteger,
    RecurrentWeights,
    Seed,
    SignMatrix,
    validated,
)
from lava_apps.processes.hopfield import Hopfield
from lava_apps.processes.hopfield.dynamics import CUE_FIELD, cue_field
from lava_apps.runtime import Simulator
from lava_apps.runtime.simulator import BackendName

from lava.proc.io.source import RingBuffer
from lava.proc.sparse.process import Sparse

Signs = npt.NDArray[np.int8]
Update = Literal["synchronous", "asynchronous"]

# Mantissa and exponent that make CUE_FIELD on a synapse of either sign.
_CUE_EXPONENT = 4
_CUE_MANTISSA = CUE_FIELD >> _CUE_EXPONENT


class Recalled(NamedTuple):
    """What came of :func:`recall`.

    Parameters
    ----------
    states : (K, steps + 1, N) numpy.ndarray of int8
        The states, the cue first.
    backend : str
        What the network ran on.
    """

    states: Signs
    backend: str


@validated
def recall(
    weights: RecurrentWeights,
    cues: SignMatrix,
    *,
    steps: PositiveInteger = 20,
    update: Update = "synchronous",
    precision: Precision = "floating_pt",
    decomposed: bool = False,
    seed: Seed = 0,
    backend: BackendName = "auto",
    progress: bool = False,
) -> Recalled:
    """Let a Hopfield network fall into a memory, from one cue after the other.

    All cues run in one graph: the spikes of a cue set the state, which then
    goes its own way until the next.

    Parameters
    ----------
    weights : (N, N) array_like
        Zero diagonal. For `precision` "fixed_pt" integers from -127 to 127 whose
        absolute values sum to at most 2047 in each row.
    cues : (K, N) array_like
        States to start from, each -1 or +1.
    steps : int
        Time steps to let the network run after each cue. Default 20.
    update : {"synchronous", "asynchronous"}
        See :class:`~lava_apps.processes.hopfield.Hopfield`.
    precision : {"floating_pt", "fixed_pt"}
        Precision of all ProcessModels.
    decomposed : bool
        Run the network as LIF neurons and Dense synapses, as for Loihi 2.
    seed : int
        Seed of the random order of asynchronous updates.
    backend : {"auto", "compiled", "inline", "lava"}
        See :class:`~lava_apps.runtime.Simulator`.
    progress : bool
        Show a progress bar on stderr.

    Returns
    -------
    Recalled
        States and backend.

    Raises
    ------
    ParameterError
        For an argument out of range, and for a combination that has no model
        ("decomposed" needs fixed_pt and synchronous updates).
    """
    if decomposed and precision != "fixed_pt":
        problem = "must be fixed_pt to be decomposed into LIF neurons"
        raise ParameterError("recall", "precision", problem, precision)
    neurons = len(weights)
    if cues.shape[1] != neurons:
        raise ParameterError("recall", "cues", f"must have {neurons} columns", cues)
    strength = cue_field(weights)
    if precision == "fixed_pt" and strength > CUE_FIELD:
        problem = f"must sum to at most {CUE_FIELD - 1} in each row (absolute values)"
        raise ParameterError("recall", "weights", problem, weights)

    network = Hopfield(weights=weights, update=update, seed=seed)
    period = steps + 1
    source = RingBuffer(data=_cue_spikes(cues, period))
    synapses = _cue_synapses(neurons, strength, precision)
    source.s_out.connect(synapses.s_in)
    synapses.a_out.connect(network.a_in)

    run_cfg = RunConfig(precision, decompose=decomposed)
    with Simulator(network, backend=backend, run_cfg=run_cfg) as sim:
        spikes = sim.probe(network.s_out)
        # Synapses deliver in the step after the spike: one step more at the end.
        sim.run(len(cues) * period + 1, progress=progress)
    states = (2 * sim.data[spikes][1:] - 1).astype(np.int8)
    return Recalled(states.reshape(len(cues), period, neurons), sim.backend)


def _cue_spikes(cues: npt.NDArray[np.int_], period: int) -> npt.NDArray[np.int8]:
    """Code each cue as one volley: N channels spike for +1, N others for -1."""
    spikes = np.zeros((2 * cues.shape[1], len(cues) * period), dtype=np.int8)
    spikes[:, ::period] = np.hstack([cues > 0, cues < 0]).T
    return spikes


def _cue_synapses(neurons: int, strength: float, precision: Precision) -> Sparse:
    """Connect the two channels of a neuron to its external field."""
    if precision == "fixed_pt":
        strength, options = _CUE_MANTISSA, {"weight_exp": _CUE_EXPONENT}
    else:
        options = {}
    identity = sparse.identity(neurons, dtype=type(strength))
    weights = sparse.hstack([identity * strength, identity * -strength])
    return Sparse(weights=weights.tocsr(), **options)
