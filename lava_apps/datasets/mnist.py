"""MNIST: a subset that ships with the package, all of it where it can be had."""

from __future__ import annotations

import gzip
import hashlib
import math
import os
import zlib
from importlib.resources import files
from pathlib import Path
from typing import Literal

import numpy as np
import numpy.typing as npt
import pooch

from lava_apps.parameters import validated

Bytes = npt.NDArray[np.uint8]
Split = Literal["train", "test"]

DATA_VARIABLE = "LAVA_APPS_DATA"
"""Environment variable that names a folder to be looked at first."""

SOURCE = "https://ossci-datasets.s3.amazonaws.com/mnist/"
ARCHIVE_SHA256 = {
    "train-images-idx3-ubyte.gz": (
        "440fcabf73cc546fa21475e81ea370265605f56be210a4024d2ca8f203523609"
    ),
    "train-labels-idx1-ubyte.gz": (
        "3552534a0a558bbed6aed32b30c495cca23d567ec52cac8be1a0730e8010255c"
    ),
    "t10k-images-idx3-ubyte.gz": (
        "8d422c7b0a1c1c79245a5bcf07fe86e33eeafee792b84584aec276f5a2dbc4e6"
    ),
    "t10k-labels-idx1-ubyte.gz": (
        "f7ae60f92e00ec6debd23a6088c31dbd2371eca3ffa0defaefb259924204aec6"
    ),
}
CONTENT_SHA256 = {
    "train-images-idx3-ubyte.gz": (
        "ba891046e6505d7aadcbbe25680a0738ad16aec93bde7f9b65e87a2fc25776db"
    ),
    "train-labels-idx1-ubyte.gz": (
        "65a50cbbf4e906d70832878ad85ccda5333a97f0f4c3dd2ef09a8a9eef7101c5"
    ),
    "t10k-images-idx3-ubyte.gz": (
        "0fa7898d509279e482958e8ce81c8e77db3f2f8254e26661ceb7762c4d494ce7"
    ),
    "t10k-labels-idx1-ubyte.gz": (
        "ff7bcfd416de33731a308c3f266cc351222c34898ecbeaf847f06e48f7ec33f2"
    ),
}
"""Of the unpacked files: who packs them again changes the archive, not these."""

_PREFIX = {"train": "train", "test": "t10k"}
_UNSIGNED_BYTE = 8


class DataError(RuntimeError):
    """A data file is missing or is not what it should be."""


@validated
def load_mnist(split: Split, *, full: bool = False) -> tuple[Bytes, Bytes]:
    """Load handwritten digits of 28 by 28 pixels.

    Parameters
    ----------
    split : {"train", "test"}
        Training or test images.
    full : bool
        False: the first 5,000 training or 1,000 test images, which ship with
        the package. True: all 60,000 or 10,000, from the folder that the
        environment variable ``LAVA_APPS_DATA`` names, or its subfolder
        ``mnist``, or else downloaded once and kept. Default False.

    Returns
    -------
    images : (n, 28, 28) numpy.ndarray of uint8
        Grey levels, 0 for background, 255 for ink.
    labels : (n,) numpy.ndarray of uint8
        The digit of each image.

    Raises
    ------
    DataError
        When a file can neither be found nor downloaded (saying which files to
        put where), or is damaged.
    """
    names = [
        f"{_PREFIX[split]}-{kind}-ubyte.gz" for kind in ("images-idx3", "labels-idx1")
    ]
    if full:
        paths = [_full_file(name) for name in names]
        images, labels = (read_idx(p, CONTENT_SHA256[p.name]) for p in paths)
    else:
        paths = [_subset_file(name) for name in names]
        images, labels = (read_idx(p) for p in paths)
    if images.ndim != 3 or labels.shape != images.shape[:1]:
        raise DataError(
            f"{paths[0]} and {paths[1]}: shapes {images.shape} and {labels.shape} "
            "are not those of images and their labels"
        )
    return images, labels


def read_idx(path: Path, sha256: str | None = None) -> Bytes:
    """Read an array from a gzip-compressed file in MNIST's idx format.

    Parameters
    ----------
    path : pathlib.Path
        The file.
    sha256 : str, optional
        Checksum that the unpacked content must have.

    Returns
    -------
    numpy.ndarray of uint8
        In the shape that the file's header states.

    Raises
    ------
    DataError
        For a file that is cut off, damaged, not in this format, or with another
        checksum.
    """
    try:
        content = gzip.decompress(path.read_bytes())
    except (OSError, EOFError, zlib.error) as error:
        raise DataError(f"{path}: cannot be read as gzip ({error})") from error
    if sha256 is not None and hashlib.sha256(content).hexdigest() != sha256:
        raise DataError(f"{path}: not MNIST's file of that name (its checksum differs)")
    if len(content) < 4 or content[:2] != b"\0\0" or content[2] != _UNSIGNED_BYTE:
        raise DataError(f"{path}: not an idx file of unsigned bytes")
    start = 4 + 4 * content[3]
    sizes = [content[place : place + 4] for place in range(4, start, 4)]
    shape = tuple(int.from_bytes(size, "big") for size in sizes)
    if len(content) != start + math.prod(shape):
        raise DataError(f"{path}: length and header differ; the file is cut off")
    return np.frombuffer(content, dtype=np.uint8, offset=start).reshape(shape)


def _subset_file(name: str) -> Path:
    return Path(str(files("lava_apps.datasets") / "mnist_subset" / name))


def _full_file(name: str) -> Path:
    """Find a file of all of MNIST, or fetch it."""
    folder = os.environ.get(DATA_VARIABLE)
    if folder:
        for candidate in (Path(folder) / "mnist" / name, Path(folder) / name):
            if candidate.is_file():
                return candidate
    cache = pooch.os_cache("lava-apps") / "mnist"
    try:
        found = pooch.retrieve(
            SOURCE + name,
            known_hash=f"sha256:{ARCHIVE_SHA256[name]}",
            fname=name,
            path=cache,
        )
    except (OSError, ValueError) as error:  # no network; a download that differs
        raise DataError(
            f"{name} was not found and could not be downloaded ({error}). Put the "
            f"four files {', '.join(ARCHIVE_SHA256)} into a folder and name it in the "
            f"environment variable {DATA_VARIABLE} (now: {folder or 'not set'})."
        ) from error
    return Path(found)
