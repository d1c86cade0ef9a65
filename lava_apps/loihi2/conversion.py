"""Conversion from floating point to the formats of Loihi 2."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from lava_apps.loihi2.formats import SIGNED_WEIGHT_MAX
from lava_apps.parameters import (
    Array,
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


def _round(weights: Array, scale: float) -> npt.NDArray[np.int64]:
    return np.asarray(np.rint(weights * scale), dtype=np.int64)
