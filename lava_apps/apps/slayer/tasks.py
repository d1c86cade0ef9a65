"""What networks are trained for: data, and the messages that they become.

The same messages reach a network while it is trained and when it runs as a graph. They
are spikes at regular intervals for images, graded spikes for series.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any, Literal

import numpy as np
import numpy.typing as npt

from lava_apps.datasets import load_digits, load_mnist, load_vowels
from lava_apps.parameters import Array, validated
from lava_apps.processes.encoders import GradedEncoder, RateEncoder

Name = Literal["mnist", "digits", "vowels"]
Floats = npt.NDArray[np.float32]

IMAGE_STEPS = 16
_FRAME_STEPS, _LEVELS, _SCALE = 2, 15, 5.0  # of a frame of a series
_TEST_DIGITS = 360  # of the 1,797 of scikit-learn, the last ones


@dataclass(frozen=True)
class Task:
    """Data that is split, and how it is coded.

    Parameters
    ----------
    name : str
        Which.
    classes : int
        How many.
    steps : int
        Time steps of a sample.
    bits : int
        Of the payload of a message; 0 for spikes.
    data : dict of str to numpy.ndarray
        For "train" and "test": images (n, height, width) of uint8, or series
        (n, frames, channels) of small integers.
    labels : dict of str to numpy.ndarray
        For the same.
    """

    name: Name
    classes: int
    steps: int
    bits: int
    data: dict[str, Array] = field(repr=False)
    labels: dict[str, npt.NDArray[np.int64]] = field(repr=False)

    @property
    def inputs(self) -> int:
        """Messages that arrive in a time step."""
        shape = self.data["train"].shape
        return int(shape[2] if self.is_series else np.prod(shape[1:]))

    @property
    def is_series(self) -> bool:
        """Whether samples are series, and no images."""
        return self.bits > 0

    @property
    def image_shape(self) -> tuple[int, int]:
        """Height and width of images."""
        height, width = self.data["train"].shape[1:]
        return int(height), int(width)

    def messages(self, split: str, chosen: npt.ArrayLike) -> Floats:
        """Give what arrives when samples are presented.

        Parameters
        ----------
        split : {"train", "test"}
            Of which samples.
        chosen : (n,) array_like of int
            Which of them.

        Returns
        -------
        (n, inputs, steps) numpy.ndarray of float32
            Spikes, 0 or 1, or payloads.
        """
        data = self.data[split][np.asarray(chosen)]
        if self.is_series:
            held = np.repeat(data, _FRAME_STEPS, axis=1)
            return np.ascontiguousarray(held.transpose(0, 2, 1), np.float32)
        return code_images(data.reshape(len(data), -1), self.steps)

    def encoder(self, split: str, count: int, *, image: bool = False) -> Any:
        """Make the Process that presents the first samples, one after the other.

        Parameters
        ----------
        split : {"train", "test"}
            Of which samples.
        count : int
            How many.
        image : bool
            In the form (width, height, 1), as lava-dl's convolutions want it. Default
            False: flat.

        Returns
        -------
        RateEncoder or GradedEncoder
            It sends what `messages` gives, time step by time step.
        """
        data = self.data[split][:count]
        if self.is_series:
            held = np.repeat(data, _FRAME_STEPS, axis=1)
            return GradedEncoder(data=held.reshape(-1, held.shape[-1]))
        images = (
            data.transpose(0, 2, 1)[..., None] if image else data.reshape(count, -1)
        )
        return RateEncoder(
            data=np.ascontiguousarray(images),
            steps=self.steps,
            max_rate=1.0,
            train="regular",
        )


def code_images(images: Array, steps: int) -> Floats:
    """Code grey levels as spikes at regular intervals, as a RateEncoder does.

    Parameters
    ----------
    images : (n, pixels) numpy.ndarray of uint8
        255 is a spike in each time step.
    steps : int
        Time steps.

    Returns
    -------
    (n, pixels, steps) numpy.ndarray of float32
        Spikes, 0 or 1.
    """
    # All trains that there are: one a grey level.
    due = np.arange(256)[:, None] * np.arange(steps + 1) // 255
    trains = np.diff(due, axis=1).astype(np.float32)
    return np.asarray(trains[images])


@validated
def load_task(name: Name, *, full: bool = False) -> Task:
    """Load a task.

    Parameters
    ----------
    name : {"mnist", "digits", "vowels"}
        Images of digits, of 28 by 28 or 8 by 8 pixels (of these the last 360 to test
        with), or speakers of vowels, by the split of the data set.
    full : bool
        All of MNIST instead of 5,000 and 1,000 images. Default False.

    Returns
    -------
    Task
        The task.

    Raises
    ------
    DataError
        Where all of MNIST is not to be had.
    """
    if name == "vowels":
        return _vowels()
    if name == "mnist":
        splits = {split: load_mnist(split, full=full) for split in ("train", "test")}
    else:
        images, labels = load_digits()
        splits = {
            "train": (images[:-_TEST_DIGITS], labels[:-_TEST_DIGITS]),
            "test": (images[-_TEST_DIGITS:], labels[-_TEST_DIGITS:]),
        }
    return Task(
        name,
        10,
        IMAGE_STEPS,
        0,
        {split: images for split, (images, _) in splits.items()},
        {split: labels.astype(np.int64) for split, (_, labels) in splits.items()},
    )


def _vowels() -> Task:
    """Scale series by those to train with, to integers from -15 to 15."""
    train, _, _ = load_vowels("train")
    mean, deviation = np.nanmean(train, axis=(0, 1)), np.nanstd(train, axis=(0, 1))
    data, labels = {}, {}
    for split in ("train", "test"):
        series, _, labels[split] = load_vowels(split)
        levels = np.rint((series - mean) / deviation * _SCALE)
        # After the end nothing arrives.
        levels = np.nan_to_num(np.clip(levels, -_LEVELS, _LEVELS))
        data[split] = levels.astype(np.int16)
    return Task("vowels", 9, 29 * _FRAME_STEPS, 8, data, labels)
