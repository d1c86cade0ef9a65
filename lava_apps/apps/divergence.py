"""Training that grows beyond all bounds is noticed while it runs."""

from __future__ import annotations

from typing import NoReturn

import numpy as np

from lava_apps.parameters import Array

_WIDTHS = 100
"""Widths of the data by which weights may leave them: a Mexican hat pushes some out."""


class DivergenceError(ArithmeticError):
    """A training grows beyond all bounds, with the settings that it has."""


def diverged(what: str, when: str, change: str) -> NoReturn:
    """Say that a training diverges, and what to change.

    Parameters
    ----------
    what : str
        What grows.
    when : str
        How far the training was.
    change : str
        The setting, and how to change it.

    Raises
    ------
    DivergenceError
        Always.
    """
    raise DivergenceError(f"the training diverges: {what} {when}; {change}")


def check_map(weights: Array, data: Array, when: str, change: str) -> None:
    """Refuse weights of a map that are no numbers, or have left the data far behind.

    Parameters
    ----------
    weights : (neurons, features) numpy.ndarray
        Of the map.
    data : (samples, features) numpy.ndarray
        What it learns.
    when, change : str
        As of :func:`diverged`.

    Raises
    ------
    DivergenceError
        For such weights.
    """
    low, high = data.min(axis=0), data.max(axis=0)
    # Of features that are all the same, the width is that of the others.
    allowed = _WIDTHS * float((high - low).max())
    beyond = np.maximum(low - weights, weights - high)
    if not (beyond <= allowed).all():
        largest = float(np.abs(weights).max())
        diverged(f"weights are as large as {largest:.3g}", when, change)
