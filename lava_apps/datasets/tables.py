"""Tables of numbers: those that ship with scikit-learn, and a user's own CSV file."""

from __future__ import annotations

import csv
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from sklearn.datasets import load_breast_cancer, load_digits, load_iris, load_wine

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

_BLOCK = 20_000  # rows that are read at a time


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
    """

    name: str
    data: Array
    features: list[str]
    labels: Array | None = None
    image_shape: tuple[int, int] | None = None


def load_table(source: str, *, label: str | None = None, full: bool = False) -> Table:
    """Load a table by its name, or from a CSV file.

    Parameters
    ----------
    source : str
        "iris", "wine", "breast_cancer", "digits" (8 by 8 pixels, 0 to 16), "mnist"
        (the training images, 0 to 255), or the path of a CSV file. Its first line
        names the columns; comma, semicolon or tab may separate them.
    label : str, optional
        Column of the CSV file that holds labels. Default: none does.
    full : bool
        All of MNIST, see :func:`~lava_apps.datasets.load_mnist`. Default False.

    Returns
    -------
    Table
        The numbers.

    Raises
    ------
    DataError
        For a file that is missing, or not such a table; what is missing or no number
        is named with its line and column.
    """
    if source not in TABLES:
        return _read_csv(Path(source), label)
    if label is not None:
        raise DataError(f"{source} has labels of its own; --label is for CSV files")
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


def _read_csv(path: Path, label: str | None) -> Table:
    try:
        with path.open(newline="", encoding="utf-8-sig") as file:
            delimiter = max(",;\t", key=file.readline().count)
            file.seek(0)
            rows = csv.reader(file, delimiter=delimiter)
            names = [name.strip() for name in next(rows, [])]
            place = _label_place(path, names, label)
            blocks, labels = _read_rows(path, rows, names, place)
    except FileNotFoundError:
        known = ", ".join(TABLES)
        raise DataError(f"{path}: there is no such file; known data: {known}") from None
    except (OSError, UnicodeDecodeError, csv.Error) as error:
        raise DataError(f"{path}: cannot be read as CSV ({error})") from None
    if not blocks:
        raise DataError(f"{path}: has no rows below its header")
    features = [name for n, name in enumerate(names) if n != place]
    if not features:
        raise DataError(f"{path}: has no column besides the label")
    found = None if place is None else np.array(labels)
    return Table(path.name, np.concatenate(blocks), features, found)


def _label_place(path: Path, names: list[str], label: str | None) -> int | None:
    if not any(names):
        raise DataError(f"{path}: has no header")
    if all(_is_number(name) for name in names):
        raise DataError(f"{path}: line 1 must name the columns, and holds numbers")
    twice = sorted({name for name in names if names.count(name) > 1})
    if twice:
        raise DataError(f"{path}: has more than one column {twice[0]!r}")
    if label is None:
        return None
    if label not in names:
        raise DataError(f"{path}: has no column {label!r}; it has {', '.join(names)}")
    return names.index(label)


def _read_rows(
    path: Path,
    rows: Any,
    names: list[str],
    place: int | None,
) -> tuple[list[Array], list[str]]:
    """Read numbers block by block, so that their text is never held as a whole."""
    blocks: list[Array] = []
    labels: list[str] = []
    block: list[list[str]] = []
    lines: list[int] = []

    def close() -> None:
        try:
            values = np.array(block, dtype=float)
        except ValueError:
            values = np.array([])
        if not values.size or not np.isfinite(values).all():
            _refuse(path, block, lines, [n for i, n in enumerate(names) if i != place])
        blocks.append(values)
        block.clear()
        lines.clear()

    line = rows.line_num + 1
    for row in rows:
        begin, line = line, rows.line_num + 1
        if not row:
            continue
        if len(row) != len(names):
            problem = f"has {len(row)} values, the header {len(names)}"
            raise DataError(f"{path}: line {begin} {problem}")
        if place is not None:
            labels.append(row[place].strip())
            if not labels[-1]:
                raise DataError(f"{path}: line {begin}, {names[place]}: is missing")
            row = row[:place] + row[place + 1 :]
        block.append(row)
        lines.append(begin)
        if len(block) == _BLOCK:
            close()
    if block:
        close()
    return blocks, labels


def _refuse(
    path: Path, block: list[list[str]], lines: list[int], names: list[str]
) -> None:
    """Name the first value that is missing or no number."""
    for line, row in zip(lines, block, strict=True):
        for name, text in zip(names, row, strict=True):
            where = f"{path}: line {line}, {name}"
            if text.strip().lower() in ("", "na", "nan", "null", "none", "?"):
                raise DataError(f"{where}: is missing")
            if not _is_number(text):
                problem = f"is no number: {text!r}"
                raise DataError(f"{where}: {problem} (--label takes a column out)")
            if not np.isfinite(float(text)):
                raise DataError(f"{where}: must be finite, is {text}")


def _is_number(text: str) -> bool:
    try:
        float(text)
    except ValueError:
        return False
    return True
