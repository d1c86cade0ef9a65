"""Patterns to remember, and ways to damage them."""

from __future__ import annotations

from typing import Literal

import numpy as np
import numpy.typing as npt

from lava_apps.apps.hopfield.network import Signs
from lava_apps.datasets import load_digits, load_mnist
from lava_apps.parameters import ParameterError

Greys = npt.NDArray[np.float64]
Images = Literal["digits", "mnist"]
Damage = Literal["flip", "occlude", "noise"]

_INK = 0.5  # grey level, of 1, from which a pixel is ink


def choose_images(
    source: Images, number: int, rng: np.random.Generator, *, full: bool = False
) -> Greys:
    """Choose images of digits, as many different digits as there are.

    Parameters
    ----------
    source : {"digits", "mnist"}
        scikit-learn's 8 by 8 digits, or MNIST's training images.
    number : int
        How many; no two of them have the same black and white image.
    rng : numpy.random.Generator
        Source of the choice.
    full : bool
        Choose from all of MNIST, not from the subset that ships with the package.

    Returns
    -------
    (number, height, width) numpy.ndarray of float64
        Grey levels from 0 to 1, ordered 0, 1, 2, … 9, 0, 1, …

    Raises
    ------
    ParameterError
        When there are fewer different images.
    """
    images, labels = (
        load_digits() if source == "digits" else load_mnist("train", full=full)
    )
    queues = [
        list(rng.permutation(np.flatnonzero(labels == digit))) for digit in range(10)
    ]
    chosen: list[Greys] = []
    seen: set[bytes] = set()
    turn = 0
    while len(chosen) < number:
        if not any(queues):
            raise ParameterError(
                "restore_images", "patterns", f"must be at most {len(chosen)}", number
            )
        queue = queues[turn % 10]
        turn += 1
        while queue:
            image = images[queue.pop()] / 255
            key = binarise(image).tobytes()
            if key not in seen:
                seen.add(key)
                chosen.append(image)
                break
    return np.array(chosen)


def binarise(greys: Greys) -> Signs:
    """Turn grey levels into states.

    Parameters
    ----------
    greys : numpy.ndarray
        Grey levels from 0 to 1.

    Returns
    -------
    numpy.ndarray of int8, same shape
        +1 for ink (above 0.5), -1 for background.
    """
    return np.where(greys > _INK, 1, -1).astype(np.int8)


def flip_pixels(patterns: Signs, fraction: float, rng: np.random.Generator) -> Signs:
    """Invert the same number of pixels of each pattern, chosen at random.

    Parameters
    ----------
    patterns : (K, N) numpy.ndarray
        States, each -1 or +1.
    fraction : float
        Fraction of the N pixels to invert, from 0 to 1, rounded to whole pixels.
    rng : numpy.random.Generator
        Source of the choice, made for each pattern by itself.

    Returns
    -------
    (K, N) numpy.ndarray of int8
        The damaged patterns.
    """
    neurons = patterns.shape[1]
    damaged = patterns.copy()
    for row in damaged:
        row[rng.choice(neurons, size=round(fraction * neurons), replace=False)] *= -1
    return np.asarray(damaged)


def occlude(patterns: Signs) -> Signs:
    """Cover the lower half of each image with background.

    Parameters
    ----------
    patterns : (K, N) numpy.ndarray
        Images, row by row.

    Returns
    -------
    (K, N) numpy.ndarray of int8
        The damaged patterns.
    """
    damaged = patterns.copy()
    damaged[:, patterns.shape[1] // 2 :] = -1
    return np.asarray(damaged)


def add_noise(greys: Greys, deviation: float, rng: np.random.Generator) -> Signs:
    """Add Gaussian noise to grey levels, then binarise.

    Parameters
    ----------
    greys : numpy.ndarray
        Grey levels from 0 to 1.
    deviation : float
        Standard deviation of the noise, in grey levels.
    rng : numpy.random.Generator
        Source of the noise.

    Returns
    -------
    numpy.ndarray of int8, same shape
        The damaged patterns.
    """
    return binarise(greys + rng.normal(0, deviation, greys.shape))
