"""From an image file to what is presented to a network."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import numpy as np

from lava_apps.apps.digits.pictures.form import like_mnist
from lava_apps.apps.digits.pictures.ink import find_ink
from lava_apps.apps.digits.pictures.reading import read_levels
from lava_apps.datasets import DataError
from lava_apps.parameters import Array

TILTS = (0, -20, -10, 10, 20)
"""Degrees by which an image is turned to be presented: it may have been tilted."""


@dataclass(frozen=True)
class Sight:
    """An image as it was read, and as a network sees it.

    Parameters
    ----------
    levels : (height, width, channels) numpy.ndarray
        The picture, from 0 to 1.
    window : tuple of int
        The part that holds the digit: first row, row after the last, first column,
        column after the last.
    tilted : (tilts, 28, 28) numpy.ndarray of uint8
        The digit in MNIST's form, turned by each of `TILTS`.
    notes : tuple of str
        What a user should know.
    """

    levels: Array
    window: tuple[int, int, int, int]
    tilted: Array
    notes: tuple[str, ...]


def look_at(path: Path) -> Sight:
    """Read an image file, find a digit in it, and bring it into MNIST's form.

    Parameters
    ----------
    path : pathlib.Path
        An image file: drawn, scanned or photographed, dark on bright or the reverse.

    Returns
    -------
    Sight
        What was read and what was found.

    Raises
    ------
    DataError
        For a file that is missing or no image, and for an image in which nothing, or
        more than one digit, stands out.
    """
    levels, notes = read_levels(path)
    try:
        ink = find_ink(levels)
    except DataError as error:
        raise DataError(f"{path}: {error}") from None
    tilted = np.stack([like_mnist(ink.amount, angle) for angle in TILTS])
    return Sight(levels, ink.window, tilted, (*notes, *ink.notes))


def read_image(path: Path) -> Array:
    """Read an image of a digit, and make it look like those of MNIST.

    Parameters
    ----------
    path : pathlib.Path
        As for :func:`look_at`.

    Returns
    -------
    (28, 28) numpy.ndarray of uint8
        Grey levels.

    Raises
    ------
    DataError
        As :func:`look_at` does.
    """
    return np.asarray(look_at(path).tilted[TILTS.index(0)])
