"""Handwritten digits of 8 by 8 pixels, from scikit-learn."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt
from sklearn.datasets import load_digits as sklearn_digits

Bytes = npt.NDArray[np.uint8]


def load_digits() -> tuple[Bytes, Bytes]:
    """Load the 1,797 digits that ship with scikit-learn.

    Returns
    -------
    images : (1797, 8, 8) numpy.ndarray of uint8
        Grey levels scaled from scikit-learn's 0..16 to 0..255.
    labels : (1797,) numpy.ndarray of uint8
        The digit of each image.
    """
    data = sklearn_digits()
    images = np.round(data.images * (255 / 16)).astype(np.uint8)
    return images, data.target.astype(np.uint8)
