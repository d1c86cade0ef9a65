"""A user's own image, in the form of MNIST's."""

from __future__ import annotations

from pathlib import Path

import numpy as np
from PIL import Image, UnidentifiedImageError

from lava_apps.datasets import DataError
from lava_apps.parameters import Array

_SIDE, _BOX = 28, 20


def read_image(path: Path) -> Array:
    """Read an image of a digit, and make it look like those of MNIST.

    The ink becomes bright on a dark background, is scaled to fit 20 by 20 pixels, and
    is put with its centre of mass into the middle of 28 by 28 (LeCun et al. 1998, Proc.
    IEEE 86:2278, say how MNIST was made).

    Parameters
    ----------
    path : pathlib.Path
        An image file; of whatever format and size, dark on bright or the reverse.

    Returns
    -------
    (28, 28) numpy.ndarray of uint8
        Grey levels.

    Raises
    ------
    DataError
        For a file that is missing, no image, or empty of ink.
    """
    try:
        with Image.open(path) as opened:
            image = opened.convert("RGBA")
            white = Image.new("RGBA", image.size, "white")
            grey = np.asarray(Image.alpha_composite(white, image).convert("L"))
    except FileNotFoundError:
        raise DataError(f"{path}: there is no such file") from None
    except (UnidentifiedImageError, OSError, Image.DecompressionBombError) as error:
        raise DataError(f"{path}: cannot be read as an image ({error})") from None
    border = np.concatenate([grey[0], grey[-1], grey[:, 0], grey[:, -1]])
    ink = (255 - grey if np.median(border) > 127 else grey).astype(float)
    ink -= ink.min()
    if ink.max() == 0:
        raise DataError(f"{path}: is all of one grey")
    ink *= 255 / ink.max()
    return _centred(ink)


def _centred(ink: Array) -> Array:
    rows, columns = np.nonzero(ink > 64)
    cut = ink[rows.min() : rows.max() + 1, columns.min() : columns.max() + 1]
    scale = _BOX / max(cut.shape)
    height, width = (max(1, round(side * scale)) for side in cut.shape)
    small = Image.fromarray(cut.astype(np.uint8)).resize((width, height))
    digit = np.asarray(small).astype(float)
    weight = digit.sum()
    y = (digit.sum(axis=1) * np.arange(height)).sum() / weight
    x = (digit.sum(axis=0) * np.arange(width)).sum() / weight
    top = int(np.clip(round(_SIDE / 2 - y), 0, _SIDE - height))
    left = int(np.clip(round(_SIDE / 2 - x), 0, _SIDE - width))
    result = np.zeros((_SIDE, _SIDE), dtype=np.uint8)
    result[top : top + height, left : left + width] = digit
    return result
