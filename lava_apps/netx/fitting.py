"""Weights as Lava's connections hold them: a mantissa, its bits, an exponent."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np

from lava_apps.parameters import Array

from lava.utils.weightutils import (
    SignMode,
    clip_weights,
    determine_sign_mode,
    truncate_weights,
)

_BITS = 8
_LOWEST, _HIGHEST = -256, 255  # of mixed signs; of one sign, 255 either way
Optimise = Callable[[Array], tuple[Any, ...]]


@dataclass(frozen=True)
class Fitted:
    """What a connection is given, so that it holds certain weights.

    Parameters
    ----------
    weights : numpy.ndarray of int
        Mantissas.
    bits : int
        Of a mantissa, as Lava counts them.
    exponent : int
        What they are held is times two to the power of this.
    """

    weights: Array
    bits: int
    exponent: int

    @property
    def options(self) -> dict[str, Any]:
        """Keywords of a connection."""
        return {
            "weights": self.weights,
            "num_weight_bits": self.bits,
            "weight_exp": self.exponent,
        }


def held(weights: Array, bits: int, exponent: int) -> Array:
    """Give the weights that Lava's fixed_pt models make of what they are given.

    Parameters
    ----------
    weights : numpy.ndarray of int
        Mantissas.
    bits, exponent : int
        As given.

    Returns
    -------
    numpy.ndarray of float
        What a spike adds.
    """
    mode = determine_sign_mode(weights)
    clipped = clip_weights(weights.copy(), mode, num_bits=_BITS)
    return np.asarray(truncate_weights(clipped, mode, bits) * 2.0**exponent)


def fit(weights: Array, optimise: Optimise) -> Fitted:
    """Find what to give a connection, so that it holds weights as they are.

    Parameters
    ----------
    weights : numpy.ndarray of int
        What it shall hold. Beyond 8 bits it is the nearest that can be held.
    optimise : callable
        lava-dl's ``optimize_weight_bits``, whose choice is taken where it is right. It
        has none for zeros, and loses weights of one sign.

    Returns
    -------
    Fitted
        For a connection of Lava.
    """
    wanted = np.clip(weights, _LOWEST, _HIGHEST).astype(int)
    if not wanted.any():
        return Fitted(wanted, _BITS, 0)
    plain = Fitted(wanted, _all_bits(wanted), 0)
    halved = wanted >> 1
    choices = [plain, Fitted(halved, _all_bits(halved), 1)]
    with np.errstate(all="ignore"):
        choices.insert(0, Fitted(*optimise(wanted)[:3]))
    for choice in choices:
        if _has_bits(choice) and np.array_equal(
            held(choice.weights, choice.bits, choice.exponent), wanted
        ):
            return choice
    return plain


def _all_bits(weights: Array) -> int:
    """Count bits as Lava does, so that none is cut: with mixed signs one more."""
    return _BITS + int(determine_sign_mode(weights) == SignMode.MIXED)


def _has_bits(choice: Fitted) -> bool:
    return 1 <= choice.bits <= _all_bits(choice.weights)
