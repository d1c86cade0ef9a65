"""Conversion from floating point to the formats of Loihi 2."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Annotated

import numpy as np
import numpy.typing as npt
from pydantic import Field

from lava_apps.loihi2.formats import (
    BIAS_EXPONENT_MAX,
    BIAS_MANTISSA_MAX,
    DECAY_BITS,
    DECAY_MAX,
    INPUT_SHIFT,
    POTENTIAL_MAX,
    SIGNED_WEIGHT_MAX,
)
from lava_apps.parameters import (
    Array,
    Integer,
    Matrix,
    ParameterError,
    PositiveInteger,
    validated,
)

_STEP_DOWN = 0.995  # ratio between a scale that is tried and the one before


@dataclass(frozen=True)
class QuantisedWeights:
    """Integer weights and what the rounding cost.

    Parameters
    ----------
    weights : (n_out, n_in) numpy.ndarray of int8
        From -127 to 127; ``weights / scale`` approximates the float weights.
    scale : float
        Integer units a unit of float weight.
    relative_error : float
        Frobenius norm of the difference over that of the float weights.
    """

    weights: npt.NDArray[np.int8]
    scale: float
    relative_error: float


@validated
def quantise_weights(
    weights: Matrix, *, row_sum_max: PositiveInteger | None = None
) -> QuantisedWeights:
    """Round weights to 8-bit integers, in the finest scale that fits (to 0.5 %).

    Parameters
    ----------
    weights : (n_out, n_in) array_like
        Float weights.
    row_sum_max : int, optional
        Limit for the sum of absolute integer weights of a row, i.e. for the
        input of a neuron. Default: none.

    Returns
    -------
    QuantisedWeights
        Integer weights, the scale, and the relative error made.

    Raises
    ------
    ParameterError
        For weights that are not finite, all zero, too small to be scaled, or so
        many in a row that none is left within `row_sum_max`.
    """
    magnitudes = np.abs(weights.astype(float))
    if not magnitudes.max() > np.finfo(float).tiny:
        problem = "must not all be zero (or too small to be told from it)"
        raise ParameterError("quantise_weights", "weights", problem, weights)
    scale = SIGNED_WEIGHT_MAX / magnitudes.max()
    if row_sum_max is not None:
        # No row loses more than half a unit a weight to rounding: nothing finer
        # than this fits. From there down to the first scale that does.
        reach = row_sum_max + weights.shape[1] / 2
        scale = min(scale, reach / magnitudes.sum(axis=1).max())
    integers = _round(weights, scale)
    while row_sum_max and np.abs(integers).sum(axis=1).max() > row_sum_max:
        scale *= _STEP_DOWN
        integers = _round(weights, scale)
    if not integers.any():
        problem = f"vanish when a row may only sum to {row_sum_max}"
        raise ParameterError("quantise_weights", "weights", problem, weights)
    error = np.linalg.norm(integers / scale - weights) / np.linalg.norm(weights)
    return QuantisedWeights(integers.astype(np.int8), float(scale), float(error))


def quantise_decay(owner: str, parameter: str, value: float, offset: int = 0) -> int:
    """Round a decay, a fraction a step, to 12 bits.

    Parameters
    ----------
    owner, parameter : str
        Class or function and parameter to be named in an error.
    value : float
        Fraction lost in a time step, from 0 to 1.
    offset : int
        What the chip adds to the 12 bits: 1 for u, 0 for v.

    Returns
    -------
    int
        From 0 to 4095; the chip loses ``(it + offset) / 4096`` in a step.

    Raises
    ------
    ParameterError
        For a decay that would vanish, or one of zero where the chip adds 1.
    """
    decay = round(value * 2**DECAY_BITS) - offset
    if decay < 0 or (decay + offset == 0 and value > 0):
        least = 0.5 / 2**DECAY_BITS
        problem = f"must be at least {least:.3g} in 12 bits"
        if not offset:
            problem += ", or 0 for no decay"
        raise ParameterError(owner, parameter, problem, value)
    return int(min(decay, DECAY_MAX))


def quantise_bias(bias: Array) -> tuple[Array, Array]:
    """Split biases into mantissa and the smallest exponent that holds it.

    Parameters
    ----------
    bias : (*shape) numpy.ndarray of float
        In units of v, at most ``4095 * 2**7`` in absolute value.

    Returns
    -------
    mantissa : (*shape) numpy.ndarray of int64
        From -4095 to 4095.
    exponent : (*shape) numpy.ndarray of int64
        From 0 to 7.
    """
    exponents = np.zeros(bias.shape, dtype=np.int64)
    for exponent in range(BIAS_EXPONENT_MAX):
        exponents[np.abs(bias) >= (BIAS_MANTISSA_MAX + 0.5) * 2**exponent] += 1
    return np.rint(bias / 2.0**exponents).astype(np.int64), exponents


@validated
def input_limit(du: Annotated[Integer, Field(ge=0, le=DECAY_MAX)]) -> int:
    """Find the synaptic input that a neuron can stand in every step.

    u keeps ``(4095 - du) / 4096`` of itself, so with an input A in every step it
    grows to ``2**6 * A * 4096 / (du + 1)``, which must stay below 2**23: there
    u wraps and changes its sign.

    Parameters
    ----------
    du : int
        Decay of u, from 0 to 4095.

    Returns
    -------
    int
        Largest sum of ``|weight| * 2**weight_exp * payload`` over the synapses of
        a neuron that may arrive in each time step, in integer units.
    """
    return int(POTENTIAL_MAX * (du + 1) // 2 ** (DECAY_BITS + INPUT_SHIFT))


def _round(weights: Array, scale: float) -> npt.NDArray[np.int64]:
    return np.asarray(np.rint(weights * scale), dtype=np.int64)
