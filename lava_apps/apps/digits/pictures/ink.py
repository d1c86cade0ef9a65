"""The ink of one digit in a picture, apart from paper, light and surroundings."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from PIL import Image
from scipy import ndimage
from scipy.cluster.vq import kmeans2

from lava_apps.apps.digits.pictures.strokes import Region, components, locate
from lava_apps.datasets import DataError
from lava_apps.parameters import Array

_COARSE, _FINE, _LIGHT = 96, 112, 48  # pixels a side
_MARGIN = 0.35  # around a digit, of its size
_APART, _AS_LARGE = 0.1, 0.5  # of the largest: gap and size of a second digit
_SURROUNDINGS = 0.6  # of a side: where the level of the paper is taken from
_DARK = 0.1  # added to the paper's level, or black paper would have no ratio
_SAMPLES = 4_000
_SPECK, _WITHIN = 0.12, 0.5
_NOTHING = (
    "shows nothing like a digit: strokes unlike all around them, and at least a "
    "twelfth as long as the image"
)
_CUT = "what is drawn reaches the edge of the image: leave a margin around a digit"


@dataclass(frozen=True)
class Ink:
    """What was drawn.

    Parameters
    ----------
    amount : (height, width) numpy.ndarray of float
        Ink of each pixel, from 0 to 1, of the part that holds the digit.
    window : tuple of int
        That part of the picture: first row, row after the last, first column, column
        after the last.
    notes : tuple of str
        What a user should know, in words.
    """

    amount: Array
    window: tuple[int, int, int, int]
    notes: tuple[str, ...] = ()


def find_ink(levels: Array) -> Ink:
    """Find a digit in a picture, then its ink.

    First all of the picture is looked at, coarsely, for where a digit is. Then light is
    taken out of the part around it, pixel by pixel, by the median of the surroundings;
    ink and paper are the two classes that k-means finds in what is left.

    Parameters
    ----------
    levels : (height, width, channels) numpy.ndarray of float32
        From :func:`lava_apps.apps.digits.pictures.reading.read_levels`.

    Returns
    -------
    Ink
        Of the digit.

    Raises
    ------
    DataError
        When nothing stands out, or several digits do.
    """
    coarse = _shrunk(levels, _COARSE)
    # What is faint in all of the picture may be clear nevertheless.
    regions = _one_digit(locate((coarse - coarse.min()) / max(np.ptp(coarse), 1e-9)))
    if not regions:
        raise DataError(_NOTHING)
    scale = max(levels.shape[:2]) / max(coarse.shape[:2])
    window = _window(regions, scale, levels.shape)
    part = _shrunk(levels[window[0] : window[1], window[2] : window[3]], _FINE)
    contrast = _contrast(part)
    bright = regions[0].source[1] > 0
    ink = np.clip(contrast if bright else -contrast, 0, None).max(axis=2)
    ink = ndimage.gaussian_filter(ink, max(ink.shape) / 400)
    bare, full = _two_classes(ink)
    if not full > bare:
        raise DataError(_NOTHING)
    threshold = (bare + full) / 2
    expected = _expected(regions, scale, window, ink.shape)
    kept = _kept(ink > threshold, expected)
    amount = np.clip(ink / full, 0, 1) * ndimage.binary_dilation(kept, iterations=2)
    notes = (_CUT,) if regions[0].sides else ()
    return Ink(amount, window, notes)


def _shrunk(levels: Array, side: int) -> Array:
    """Scale a picture down to a longer side; leave a smaller one as it is."""
    height, width, _ = levels.shape
    scale = side / max(height, width)
    if scale >= 1:
        return levels
    size = max(1, round(width * scale)), max(1, round(height * scale))
    return _resized(levels, size, Image.Resampling.BOX)


def _resized(levels: Array, size: tuple[int, int], how: Image.Resampling) -> Array:
    channels = [np.ascontiguousarray(levels[..., c]) for c in range(levels.shape[2])]
    resized = [np.asarray(Image.fromarray(one).resize(size, how)) for one in channels]
    return np.stack(resized, axis=2)


def _one_digit(regions: list[Region]) -> list[Region]:
    """Keep what belongs to the largest region; refuse a second one like it."""
    if not regions:
        return []
    gap = _APART * regions[0].size
    groups: list[list[Region]] = []
    for region in regions:
        near = [group for group in groups if any(_near(region, g, gap) for g in group)]
        groups = [group for group in groups if group not in near]
        groups.append([region, *(one for group in near for one in group)])
    heights = [_height(group) for group in groups]
    large = sum(height >= _AS_LARGE * max(heights) for height in heights)
    if large > 1:
        problem = f"shows {large} shapes as large as a digit: cut out one of them"
        raise DataError(problem)
    return groups[int(np.argmax(heights))]


def _near(one: Region, other: Region, gap: float) -> bool:
    (a, b, c, d), (e, f, g, h) = one.box, other.box
    return a - gap < f and e - gap < b and c - gap < h and g - gap < d


def _height(group: list[Region]) -> int:
    boxes = np.array([region.box for region in group])
    return int(boxes[:, 1].max() - boxes[:, 0].min())


def _window(
    regions: list[Region], scale: float, shape: tuple[int, ...]
) -> tuple[int, int, int, int]:
    """Give the part of a picture around regions."""
    height, width = shape[:2]
    boxes = np.array([region.box for region in regions]) * scale
    top, left = boxes[:, 0].min(), boxes[:, 2].min()
    bottom, right = boxes[:, 1].max(), boxes[:, 3].max()
    margin = _MARGIN * max(bottom - top, right - left)
    return (
        max(0, int(top - margin)),
        min(height, int(np.ceil(bottom + margin))),
        max(0, int(left - margin)),
        min(width, int(np.ceil(right + margin))),
    )


def _contrast(levels: Array) -> Array:
    """Give how much brighter each pixel is than the paper there, as a ratio."""
    small = _shrunk(levels, _LIGHT)
    size = max(3, int(_SURROUNDINGS * max(small.shape[:2])))
    paper = ndimage.median_filter(small, (size, size, 1), mode="reflect")
    height, width, _ = levels.shape
    if small.shape != levels.shape:
        paper = _resized(paper, (width, height), Image.Resampling.BILINEAR)
    return np.asarray((levels - paper) / (paper + _DARK))


def _two_classes(ink: Array) -> tuple[float, float]:
    """Give the means of paper and ink, where the variance in both is least.

    That is also what Otsu (1979, IEEE Trans. Syst. Man Cybern. 9:62) asks for.
    """
    every = max(1, ink.size // _SAMPLES)
    samples = ink.ravel()[::every].astype(float)
    ends = np.array([samples.min(), samples.max()])
    means, _ = kmeans2(samples, ends, minit="matrix", iter=20)
    return float(means[0]), float(means[1])


def _kept(mask: Array, expected: Array) -> Array:
    """Keep of a part's ink what lies where the digit was found."""
    labels, _, sizes, _ = components(mask)
    numbers = np.arange(1, len(sizes) + 1)
    keep = ndimage.mean(expected, labels, numbers) > _WITHIN
    if not keep.any():
        raise DataError(_NOTHING)
    keep &= sizes >= _SPECK * sizes[keep].max()
    return np.isin(labels, numbers[keep])


def _expected(
    regions: list[Region],
    scale: float,
    window: tuple[int, int, int, int],
    shape: tuple[int, ...],
) -> Array:
    """Mark the boxes of regions, and a pixel around, in the part of a window."""
    boxes = np.array([region.box for region in regions]) + np.array([-1, 1, -1, 1])
    ratio = shape[0] / (window[1] - window[0])
    rows = (boxes[:, :2] * scale - window[0]) * ratio
    columns = (boxes[:, 2:] * scale - window[2]) * ratio
    result = np.zeros(shape)
    for (top, bottom), (left, right) in zip(rows, columns, strict=True):
        first = np.floor([max(0, top), max(0, left)]).astype(int)
        last = np.ceil([bottom, right]).astype(int)
        result[first[0] : last[0], first[1] : last[1]] = 1
    return result
