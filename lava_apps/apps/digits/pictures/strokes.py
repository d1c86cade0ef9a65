"""Where in a picture there is something like a digit.

A digit is a region of strokes that is darker, or brighter, than all around it. Such
regions are looked for at many levels, so that light may be uneven, and the picture may
show more than the paper. Matas et al. (2004, Image Vis. Comput. 22:761) find signs in
the same manner.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field

import numpy as np
from scipy import ndimage

from lava_apps.parameters import Array

LEVELS = 24
_LEAST = 0.08  # size of a digit, of the picture's
_THICKEST = 0.42  # stroke, of the size of what it draws
_LARGE, _SOLID, _SOLID_SHEET = 0.5, 0.85, 0.6
_RECTANGLE, _ALONG, _AT_EDGE = 0.9, 0.12, 0.45
_FRAMED = 0.25
_CONTRAST, _NOISES = 0.06, 5
_EIGHT = np.ones((3, 3))


@dataclass(frozen=True)
class Region:
    """Connected pixels above a level, or below.

    Parameters
    ----------
    contrast : float
        Between them and what is around them.
    size : int
        The longer side of their box, in pixels.
    box : tuple of int
        First row, row after the last, first column, column after the last.
    frame : bool
        Whether they lie along the sides of their box, and nowhere else.
    sides : int
        How many sides of the picture they reach.
    source : tuple of int
        Channel, sign and number of the level.
    mask : (height, width) numpy.ndarray of bool
        Where they are.
    """

    contrast: float
    size: int
    box: tuple[int, int, int, int]
    frame: bool
    sides: int
    source: tuple[int, int, int]
    mask: Array = field(repr=False, compare=False)

    def holds(self, other: Region) -> bool:
        """Tell whether another region lies within the box of this one."""
        (a, b, c, d), (e, f, g, h) = self.box, other.box
        return a < e and f < b and c < g and h < d


def locate(levels: Array) -> list[Region]:
    """Find the strokes that stand out most, and what belongs to them.

    Parameters
    ----------
    levels : (height, width, channels) numpy.ndarray
        A picture of some hundred pixels a side.

    Returns
    -------
    list of Region
        Regions of one level, all as distinct; the largest comes first. Empty if there
        is none.
    """
    smooth = ndimage.median_filter(levels, (3, 3, 1))
    noise = 1.48 * float(np.median(np.abs(levels - smooth)))
    found = [
        region
        for channel in range(levels.shape[2])
        for sign in (-1, 1)
        for region in _regions(sign * levels[..., channel], channel, sign)
        if region.contrast > max(_CONTRAST, _NOISES * noise)
    ]
    inner = _clear([region for region in found if not region.sides])
    edge = _clear([region for region in found if region.sides])
    first = _first(inner or edge)
    if first is None:
        return []
    digit = _first([region for region in edge if _continues(region, first)]) or first
    same = [
        region
        for region in (edge if digit.sides else inner)
        if region.source == digit.source and region.contrast >= 0.5 * digit.contrast
    ]
    same = _framed(same) or same
    return sorted(same, key=lambda region: -region.size)


def _clear(regions: list[Region]) -> list[Region]:
    """Keep those that stand out as much as the best, or half as much."""
    clearest = max((region.contrast for region in regions), default=0.0)
    return [region for region in regions if region.contrast >= 0.5 * clearest]


def _first(regions: list[Region]) -> Region | None:
    """Give the one of the largest that reaches most sides, and stands out most."""
    longest = max((region.size for region in regions), default=0)
    large = [region for region in regions if region.size >= 0.9 * longest]
    return max(large, key=lambda region: (region.sides, region.contrast), default=None)


def _continues(region: Region, other: Region) -> bool:
    """Tell whether what was found is but a hole, or the core, of a larger digit."""
    if region.contrast < 0.5 * other.contrast:
        return False
    if region.source[1] == other.source[1]:
        return bool(region.mask[other.mask].all())
    return region.holds(other)


def _framed(regions: list[Region]) -> list[Region]:
    """Give what stands in a drawn box or ring; nothing, if there is none."""
    for ring in regions:
        closed = ndimage.binary_dilation(ring.mask, _EIGHT)  # thin ones have gaps
        hole = ndimage.binary_fill_holes(closed) & ~ring.mask
        if framed := _within(hole, regions, ring.size):
            return framed
    sides = [region for region in regions if region.frame]
    if not sides:
        return []
    top, bottom, left, right = box_of(np.any([side.mask for side in sides], axis=0))
    box = np.zeros_like(sides[0].mask)
    box[top:bottom, left:right] = True
    others = [region for region in regions if not region.frame]
    return _within(box, others, max(bottom - top, right - left))


def _within(mask: Array, regions: list[Region], size: int) -> list[Region]:
    """Give the regions within a mask, if one of them is not small beside a size."""
    inner = [region for region in regions if mask[region.mask].all()]
    longest = max((region.size for region in inner), default=0)
    return inner if longest >= _FRAMED * size else []


def box_of(mask: Array) -> tuple[int, int, int, int]:
    """Give the box around the pixels of a mask.

    Parameters
    ----------
    mask : (height, width) numpy.ndarray of bool
        At least one pixel.

    Returns
    -------
    tuple of int
        First row, row after the last, first column, column after the last.
    """
    rows, columns = np.flatnonzero(mask.any(axis=1)), np.flatnonzero(mask.any(axis=0))
    return int(rows[0]), int(rows[-1]) + 1, int(columns[0]), int(columns[-1]) + 1


def components(mask: Array) -> tuple[Array, Array, Array, Array]:
    """Give numbers to connected pixels, diagonals included.

    Parameters
    ----------
    mask : (height, width) numpy.ndarray of bool
        Any.

    Returns
    -------
    labels : (height, width) numpy.ndarray of int
        Numbers from 1; 0 outside the mask.
    boxes : (n, 4) numpy.ndarray of int
        Their boxes, as :func:`box_of` gives them.
    sizes : (n,) numpy.ndarray of int
        Their longer sides.
    sides : (n,) numpy.ndarray of int
        How many sides of the picture they reach.
    """
    labels, _ = ndimage.label(mask, _EIGHT)
    boxes = np.array(
        [
            (rows.start, rows.stop, columns.start, columns.stop)
            for rows, columns in ndimage.find_objects(labels)
        ],
        dtype=int,
    ).reshape(-1, 4)
    height, width = mask.shape
    sides = (boxes == [0, height, 0, width]).sum(axis=1)
    sizes = np.maximum(boxes[:, 1] - boxes[:, 0], boxes[:, 3] - boxes[:, 2])
    return labels, boxes, sizes, sides


def depth(mask: Array) -> float:
    """Give the radius of the largest disc within a mask, in pixels.

    Parameters
    ----------
    mask : (height, width) numpy.ndarray of bool
        Any.

    Returns
    -------
    float
        The radius.
    """
    return float(ndimage.distance_transform_edt(np.pad(mask, 1)).max()) - 0.5


def _regions(level: Array, channel: int, sign: int) -> Iterator[Region]:
    """Look for strokes at each level."""
    side = max(level.shape)
    steps = np.linspace(level.min(), level.max(), LEVELS + 2)[1:-1]
    for number, step in enumerate(steps):
        labels, boxes, sizes, sides = components(level > step)
        for k in np.flatnonzero(sizes >= _LEAST * side):
            top, bottom, left, right = boxes[k]
            cut = np.s_[max(0, top - 5) : bottom + 5, max(0, left - 5) : right + 5]
            mine, here = labels[cut] == k + 1, level[cut]
            if sides[k] and _covers_edge(labels == k + 1):
                continue
            if not _drawn(mine, int(sizes[k]), side):
                continue
            near = ndimage.binary_dilation(mine, iterations=2)
            around = ndimage.binary_dilation(near, iterations=2) & ~near
            around &= labels[cut] == 0
            if around.any():
                rim = mine & ~ndimage.binary_erosion(mine, iterations=3, border_value=1)
                contrast = np.median(here[rim]) - np.percentile(here[around], 85)
                box = (int(top), int(bottom), int(left), int(right))
                source = (channel, sign, number)
                mask = labels == k + 1
                yield Region(
                    float(contrast),
                    int(sizes[k]),
                    box,
                    _is_frame(mask, box),
                    int(sides[k]),
                    source,
                    mask,
                )


def _is_frame(mask: Array, box: tuple[int, int, int, int]) -> bool:
    top, bottom, left, right = box
    wide = int(np.ceil(_ALONG * (right - left)))
    high = int(np.ceil(_ALONG * (bottom - top)))
    return not mask[top + high : bottom - high, left + wide : right - wide].any()


def _covers_edge(mask: Array) -> bool:
    """Tell a border, or the paper, from strokes that reach the edge."""
    edge = np.concatenate([mask[0], mask[-1], mask[:, 0], mask[:, -1]])
    return bool(edge.mean() > _AT_EDGE)


def _drawn(mine: Array, size: int, side: int) -> bool:
    """Tell strokes from a blot, and from a sheet of paper with strokes on it."""
    if 2 * depth(mine) > _THICKEST * size:
        return False
    whole = ndimage.binary_fill_holes(mine)
    if 2 * depth(whole) <= _THICKEST * size:
        return True
    solid = mine.sum() / whole.sum()
    if whole[np.ix_(whole.any(axis=1), whole.any(axis=0))].mean() > _RECTANGLE:
        return bool(solid < _SOLID_SHEET)
    return bool(solid < _SOLID or size < _LARGE * side)
