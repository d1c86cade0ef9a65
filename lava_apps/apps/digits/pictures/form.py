"""A digit in the form of MNIST's, from its ink."""

from __future__ import annotations

import numpy as np
from PIL import Image
from scipy import ndimage

from lava_apps.apps.digits.pictures.strokes import box_of
from lava_apps.parameters import Array

SIDE = 28
_BOX = 20
_LEAST_STROKE = 2.0  # pixels of the box
_INKED = 0.5


def like_mnist(amount: Array, angle: float = 0.0) -> Array:
    """Scale and centre a digit as those of MNIST are.

    It fits into 20 by 20 pixels, and has its centre of mass in the middle of 28 by 28
    (LeCun et al. 1998, Proc. IEEE 86:2278). Strokes thinner than 2 of these pixels
    become that thick: MNIST has no finer pens.

    Parameters
    ----------
    amount : (height, width) numpy.ndarray of float
        Ink from 0 to 1, not all 0.
    angle : float
        Degrees to turn it by first, anticlockwise. Default 0.

    Returns
    -------
    (28, 28) numpy.ndarray of uint8
        Grey levels; ink is bright.
    """
    ink = np.pad(amount / amount.max(), max(amount.shape) // 4 + 1)
    if angle:
        ink = np.clip(ndimage.rotate(ink, angle, reshape=False, order=1), 0, 1)
        ink /= ink.max()  # a line of one pixel is paler between pixels
    cut = _trimmed(_thick_enough(_trimmed(ink)))
    scale = _BOX / max(cut.shape)
    height, width = (max(1, round(side * scale)) for side in cut.shape)
    grey = Image.fromarray((255 * cut).astype(np.uint8))
    small = np.asarray(grey.resize((width, height), Image.Resampling.BICUBIC))
    digit = small * (255 / max(int(small.max()), 1))
    row, column = ndimage.center_of_mass(digit)
    top = int(np.clip(round(SIDE / 2 - row), 0, SIDE - height))
    left = int(np.clip(round(SIDE / 2 - column), 0, SIDE - width))
    result = np.zeros((SIDE, SIDE), dtype=np.uint8)
    result[top : top + height, left : left + width] = digit
    return result


def _trimmed(ink: Array) -> Array:
    top, bottom, left, right = box_of(ink > _INKED)
    return np.asarray(ink[top:bottom, left:right])


def _thick_enough(ink: Array) -> Array:
    """Dilate thin strokes; of few pixels, or thick ones, leave all as it is."""
    wanted = _LEAST_STROKE * max(ink.shape) / _BOX
    inside = np.pad(ink > _INKED, 1)
    distance = ndimage.distance_transform_edt(inside)
    # In a stroke of w pixels the distances to what is outside are w / 4 + 1 / 2 in the
    # mean.
    width = 4 * float(distance[inside].mean()) - 2
    missing = round((wanted - width) / (1 - _LEAST_STROKE / _BOX))  # the box grows too
    if missing < 1 or max(ink.shape) < 1.7 * _BOX:
        return ink
    reach = missing / 2
    at = np.arange(-int(np.ceil(reach)), int(np.ceil(reach)) + 1)
    disc = at[:, None] ** 2 + at**2 <= reach**2 + 0.5
    return np.asarray(ndimage.grey_dilation(np.pad(ink, missing), footprint=disc))
