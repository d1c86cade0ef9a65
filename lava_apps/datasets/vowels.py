"""Japanese vowels: short multivariate series, to tell speakers by."""

from __future__ import annotations

from importlib.resources import files

import numpy as np
import numpy.typing as npt

from lava_apps.datasets.mnist import Split
from lava_apps.parameters import validated


@validated
def load_vowels(
    split: Split,
) -> tuple[npt.NDArray[np.float32], npt.NDArray[np.int64], npt.NDArray[np.int64]]:
    """Load utterances of two vowels by nine speakers (Kudo et al. 1999).

    Parameters
    ----------
    split : {"train", "test"}
        270 or 370 series, as the data set is split.

    Returns
    -------
    series : (n, 29, 12) numpy.ndarray of float32
        Frames of 12 cepstrum coefficients, without a unit; NaN after the end.
    lengths : (n,) numpy.ndarray of int64
        Frames of each, 7 to 29.
    labels : (n,) numpy.ndarray of int64
        Speaker, 0 to 8.
    """
    place = files("lava_apps.datasets") / "japanese_vowels" / "japanese_vowels.npz"
    with place.open("rb") as file, np.load(file, allow_pickle=False) as arrays:
        frames = arrays[f"{split}_frames"]
        lengths = arrays[f"{split}_lengths"].astype(np.int64)
        labels = arrays[f"{split}_labels"].astype(np.int64)
    series = np.full((len(lengths), 29, frames.shape[1]), np.nan, np.float32)
    series[np.arange(29) < lengths[:, None]] = frames
    return series, lengths, labels
