"""Tables of numbers: those that ship with scikit-learn, and a user's own CSV file."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import numpy as np
from sklearn.datasets import load_breast_cancer, load_digits, load_iris, load_wine

from lava_apps.datasets.csv_files import Reading, read_csv
from lava_apps.datasets.mnist import DataError, load_mnist
from lava_apps.parameters import Array

_LOADERS = {
    "iris": load_iris,
    "wine": load_wine,
    "breast_cancer": load_breast_cancer,
    "digits": load_digits,
}
TABLES = (*_LOADERS, "mnist")
"""Names that `load_table` knows."""


@dataclass(frozen=True)
class Table:
    """Samples in rows, features in columns.

    Parameters
    ----------
    name : str
        Name of the data, or of the file.
    data : (samples, features) numpy.ndarray of float
        The numbers.
    features : list of str
        Names of the columns.
    labels : (samples,) numpy.ndarray of str, optional
        Class of each sample.
    image_shape : tuple of int, optional
        Shape of a sample that is an image.
    rows : (samples,) numpy.ndarray of int, optional
        Which rows of a file the samples are, the first below the header being 1.
    unused : tuple of str
        Names of columns of the file that are neither features nor labels.
    notes : tuple of str
        What of a file was left out, and what looks odd. Default: nothing.
    """

    name: str
    data: Array
    features: list[str]
    labels: Array | None = None
    image_shape: tuple[int, int] | None = None
    rows: Array | None = None
    unused: tuple[str, ...] = ()
    notes: tuple[str, ...] = ()


def load_table(
    source: str,
    *,
    label: str | None = None,
    full: bool = False,
    reading: Reading | None = None,
) -> Table:
    """Load a table by its name, or from a CSV file.

    Parameters
    ----------
    source : str
        "iris", "wine", "breast_cancer", "digits" (8 by 8 pixels, 0 to 16), "mnist"
        (the training images, 0 to 255), or the path of a CSV file. Its first line
        names the columns; comma, semicolon or tab may separate them. It may be packed
        with gzip, bzip2 or xz. Files need pandas (the extra ``tables``).
    label : str, optional
        Column of the CSV file that holds labels. Default: none does.
    full : bool
        All of MNIST, see :func:`~lava_apps.datasets.load_mnist`. Default False.
    reading : Reading, optional
        Which columns of a CSV file, and how it is written. Default: all columns, with
        decimal points, and nothing missing.

    Returns
    -------
    Table
        The numbers.

    Raises
    ------
    DataError
        For a file that is missing, or not such a table; what is missing or no number
        is named with its line and column. For a file where pandas is not installed.
    """
    if source not in TABLES:
        return _read_file(Path(source), label, reading or Reading())
    if label is not None:
        raise DataError(f"{source} has labels of its own; --label is for CSV files")
    if reading not in (None, Reading()):
        problem = "--drop, --columns and how a file is read are for CSV files"
        raise DataError(f"{source} is no file; {problem}")
    if source == "mnist":
        images, labels = load_mnist("train", full=full)
        shape = images.shape[1], images.shape[2]
        data = images.reshape(len(images), -1).astype(float)
        names = [f"pixel {r}, {c}" for r in range(shape[0]) for c in range(shape[1])]
        return Table(source, data, names, labels.astype(str), shape)
    found = _LOADERS[source]()
    labels = np.asarray(found.target_names)[found.target].astype(str)
    square = (8, 8) if source == "digits" else None
    features = list(map(str, found.feature_names))
    return Table(source, found.data, features, labels, square)


def _read_file(path: Path, label: str | None, reading: Reading) -> Table:
    try:
        found = read_csv(path, label, reading)
    except FileNotFoundError:
        known = ", ".join(TABLES)
        raise DataError(f"{path}: there is no such file; known data: {known}") from None
    except OSError as error:
        raise DataError(f"{path}: cannot be read as CSV ({error})") from None
    return Table(
        path.name,
        found.data,
        found.features,
        found.labels,
        rows=found.rows,
        unused=tuple(found.unused),
        notes=tuple(found.notes),
    )
