"""Image files of whatever kind, as levels from 0 to 1."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
from PIL import Image, ImageOps, UnidentifiedImageError

from lava_apps.datasets import DataError
from lava_apps.parameters import Array

_ONE_TONE = 0.25
"""Largest range of what is visible of an image that is all ink on nothing."""


def read_levels(path: Path) -> tuple[Array, tuple[str, ...]]:
    """Read an image as a person sees it.

    It is turned as its camera says. Ink on a transparent background is dark on bright,
    of whatever colour it is. Greys of 16 and 32 bits are scaled to their own range.

    Parameters
    ----------
    path : pathlib.Path
        An image file of any format and mode that Pillow reads.

    Returns
    -------
    levels : (height, width, channels) numpy.ndarray of float32
        From 0, dark, to 1, bright: one channel for grey, three for colour.
    notes : tuple of str
        What was left out, in words.

    Raises
    ------
    DataError
        For a file that is missing, cannot be read, or holds values that are no numbers.
    """
    try:
        with Image.open(path) as opened:
            frames = getattr(opened, "n_frames", 1)
            levels = _levels_of(ImageOps.exif_transpose(opened))
    except FileNotFoundError:
        raise DataError(f"{path}: there is no such file") from None
    except (
        UnidentifiedImageError,
        OSError,
        SyntaxError,  # Pillow raises it for damaged PNG files
        ValueError,
        Image.DecompressionBombError,
    ) as error:
        raise DataError(f"{path}: cannot be read as an image ({error})") from None
    if not np.isfinite(levels).all():
        raise DataError(f"{path}: holds values that are no finite numbers")
    if np.ptp(levels, axis=(0, 1)).max() == 0:
        raise DataError(f"{path}: is all of one grey")
    notes = (f"the first of {frames} images in the file",) if frames > 1 else ()
    return np.ascontiguousarray(levels), notes


def _levels_of(image: Any) -> Array:
    if image.mode.startswith(("I", "F")):
        grey = np.asarray(image, dtype=np.float32)
        lowest = grey.min()
        span = max(float(grey.max() - lowest), 1e-9)
        return np.asarray((grey - lowest) / span)[..., None]
    if image.has_transparency_data:
        return _visible(np.asarray(image.convert("RGBA"), dtype=np.float32) / 255)
    if image.mode in ("1", "L"):
        return np.asarray(image.convert("L"), dtype=np.float32)[..., None] / 255
    return np.asarray(image.convert("RGB"), dtype=np.float32) / 255


def _visible(rgba: Array) -> Array:
    """Put something behind what is transparent that differs from the ink.

    Mostly transparent and of one tone: all that is visible is ink. Otherwise it is a
    sheet with ink on it, which goes on in its own colour.
    """
    colour, alpha = rgba[..., :3], rgba[..., 3:]
    visible = colour[alpha[..., 0] > 0.5 * alpha.max()]
    if np.ptp(alpha) == 0 or not len(visible):
        return colour
    low, high = np.percentile(visible.mean(axis=1), [5, 95])
    if alpha.mean() < 0.5 and high - low < _ONE_TONE:
        return np.asarray(1 - alpha)
    sheet = np.median(visible, axis=0)
    return np.asarray(colour * alpha + sheet * (1 - alpha))
