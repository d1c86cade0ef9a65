"""A user's own table: pandas takes the file apart, what it says is checked here."""

from __future__ import annotations

import csv
import re
import warnings
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from itertools import takewhile
from pathlib import Path
from typing import Any, TextIO

import numpy as np

from lava_apps.datasets.columns import (
    MISSING_WORDS,
    Missing,
    Numbers,
    is_number,
    select,
)
from lava_apps.datasets.mnist import DataError
from lava_apps.datasets.text_files import find_text
from lava_apps.parameters import Array

_BLOCK = 20_000  # rows that are read at a time, so that text is never held as a whole
_SHOWN = 5
_UNNAMED = re.compile(
    r"Unnamed: \d+(\.\d+)*(_level_\d+)?"
)  # as pandas calls such columns


@dataclass(frozen=True)
class Reading:
    """How a file is read, and which columns of it.

    Parameters
    ----------
    drop : sequence of str
        Columns that are left out. Default: none is.
    columns : sequence of str, optional
        Columns that are used, in this order. Default: all, except an index (columns at
        the begin without a name).
    numbers : Numbers
        How numbers are written. Default: with a decimal point.
    missing : {"error", "drop-rows"}
        What becomes of missing values: an error that names them, or their rows are
        left out. Default "error".
    na_values : sequence of str
        What stands for a missing value, besides nothing at all, NA, N/A, NaN, null,
        None and ?, in whatever case. Default: nothing more.
    encoding : str, optional
        Of the text. Default: what its first bytes show, else UTF-8.
    keep_constant : bool
        Use columns that are all the same, too, which tell nothing apart. Default
        False: they are left out.
    """

    drop: Sequence[str] = ()
    columns: Sequence[str] | None = None
    numbers: Numbers = field(default_factory=Numbers)
    missing: Missing = "error"
    na_values: Sequence[str] = ()
    encoding: str | None = None
    keep_constant: bool = False


@dataclass(frozen=True)
class Content:
    """What a file holds.

    Parameters
    ----------
    data : (samples, features) numpy.ndarray of float
        The numbers.
    features : list of str
        Names of their columns.
    labels : (samples,) numpy.ndarray of str or None
        The labels.
    rows : (samples,) numpy.ndarray of int
        Which rows they are, the first below the header being 1.
    unused : list of str
        Names of the other columns, without the labels'.
    notes : list of str
        What was left out, and what looks odd.
    """

    data: Array
    features: list[str]
    labels: Array | None
    rows: Array
    unused: list[str]
    notes: list[str]


def read_csv(path: Path, label: str | None, reading: Reading) -> Content:
    """Read a file of columns parted by commas, semicolons or tabs.

    Parameters
    ----------
    path : pathlib.Path
        The file, plain or packed with gzip, bzip2 or xz.
    label : str or None
        Column that holds labels. None: none does.
    reading : Reading
        How it is read.

    Returns
    -------
    Content
        At least one row and one column.

    Raises
    ------
    DataError
        For what is no such table. All columns with values that are missing or no
        numbers are named, with their lines.
    """
    text = find_text(path, reading.encoding)
    with text.open() as file:
        blocks = _blocks(path, file)
        begin, cells = next(blocks)
        header = _Header(path, [str(name).strip() for name in cells[0]])
        part = _Columns(path, header, label, reading)
        lines = begin + _heights(cells)
        part.add(lines[1:], cells[1:])
        for begin, cells in blocks:
            part.add(begin + _heights(cells), cells)
    return part.content()


def _blocks(path: Path, file: TextIO) -> Iterator[tuple[int, Array]]:
    """Give blocks of rows, each with the line of its first; None is no value."""
    try:
        import pandas as pd
    except ImportError:
        remedy = "pip install 'pandas>=2.2,<3' gets it (extra `tables`)"
        raise DataError(f"{path}: reading it needs pandas; {remedy}") from None
    skipped, separator = _look(path, file)
    line = skipped + 1
    file.seek(0)
    try:
        with warnings.catch_warnings():
            # pandas cuts off what it only warns about.
            warnings.simplefilter("error", pd.errors.ParserWarning)
            # The faster engine of pandas fills rows up that are too short.
            frames = pd.read_csv(
                file,
                engine="python",
                sep=separator,
                header=None,
                dtype=object,
                na_filter=False,
                skiprows=skipped,
                skip_blank_lines=False,
                skipinitialspace=True,
                chunksize=_BLOCK,
            )
            for frame in frames:
                cells = frame.to_numpy(dtype=object, na_value=None)
                yield line, cells
                line += len(cells) + int(_breaks(cells).sum())
    except (pd.errors.ParserError, pd.errors.ParserWarning, csv.Error) as error:
        where = f"with {separator!r} between columns"
        raise DataError(f"{path}: cannot be read as CSV {where} ({error})") from None


def _look(path: Path, file: TextIO) -> tuple[int, str]:
    """Count the lines above the header, and find what parts columns."""
    skipped = 0
    for line in iter(file.readline, ""):
        if line.casefold().startswith("sep=") and len(line.strip()) == len("sep=") + 1:
            return skipped + 1, line.rstrip("\n")[-1]  # a line of Excel's
        if line.strip():
            break
        skipped += 1
    else:
        raise DataError(f"{path}: has no header; it is empty")
    while line.count('"') % 2:  # a quoted name goes on in the next line
        following = file.readline()
        if not following:
            break
        line += following
    unquoted = re.sub(r'"[^"]*"', "", line)
    return skipped, max(",;\t", key=unquoted.count)


def _breaks(cells: Array) -> Array:
    """Count the line ends within each row."""
    if not any("\n" in "".join(filter(None, column)) for column in cells.T):
        return np.zeros(len(cells), dtype=int)
    found = (sum(c.count("\n") for c in row if c) for row in cells)
    return np.fromiter(found, dtype=int, count=len(cells))


def _heights(cells: Array) -> Array:
    """Count the lines from the first row to the begin of each."""
    breaks = _breaks(cells)
    heights: Array = np.arange(len(cells)) + np.cumsum(breaks) - breaks
    return heights


class _Header:
    """Names of columns; those without one are called as pandas calls them."""

    def __init__(self, path: Path, names: list[str]) -> None:
        if not any(names):
            raise DataError(f"{path}: has no header")
        counted = [str(n) for n in range(len(names))]
        named = [name for name in names if name]
        if all(map(is_number, named)) and (names[0] or named != counted[:-1]):
            raise DataError(f"{path}: line 1 must name the columns, and holds numbers")
        self.notes = []
        if odd := [n for n in named if is_number(n) and not n.isdecimal()]:
            taken = f"was taken for names of columns, and holds {_listed(odd)}"
            self.notes.append(f"the first line {taken}")
        self.names = [name or f"Unnamed: {n}" for n, name in enumerate(names)]
        self.index = list(takewhile(_UNNAMED.fullmatch, self.names))
        self.nameless = [
            n for n in self.names[len(self.index) :] if _UNNAMED.fullmatch(n)
        ]


class _Columns:
    """Collects numbers and labels, and what is wrong with them."""

    def __init__(
        self, path: Path, header: _Header, label: str | None, reading: Reading
    ) -> None:
        self.path, self.reading, self.notes = path, reading, list(header.notes)
        names, wanted = header.names, {label, *(reading.columns or ())}
        nameless = {*header.index, *header.nameless}
        out = nameless - {*wanted, *reading.drop} if reading.columns is None else set()
        if index := [name for name in header.index if name in out]:
            self.notes.append(f"left out as an index: {_listed(index)}")
        self.nameless = [names.index(n) for n in header.nameless if n in out]
        drop = [*reading.drop, *out]
        columns = reading.columns
        self.used = select(str(path), names, label=label, drop=drop, columns=columns)
        self.names = names
        self.label = None if label is None else names.index(label)
        more = {word.casefold() for word in reading.na_values}
        self.missing_words = MISSING_WORDS | more
        # "None" and "?" may well be classes.
        self.label_words = (MISSING_WORDS - {"none", "null", "?"}) | more
        codes = reading.numbers.read(list(reading.na_values))[0]
        self.codes = codes[~np.isnan(codes)]  # -999 is -999.0
        self.blocks: list[Array] = []
        self.labels: list[str] = []
        self.rows: list[int] = []
        self.total = 0
        self.missing: dict[str, list[int]] = {}
        self.wrong: dict[str, list[tuple[int, str]]] = {}

    def add(self, lines: Array, cells: Array) -> None:
        """Add rows of text, the lines of which are given."""
        is_none = np.asarray(cells == np.array(None, dtype=object), dtype=bool)
        blank = np.asarray(is_none.all(axis=1))
        if cells.shape[1] > 1:  # a line of spaces is blank, too
            for n in np.flatnonzero(is_none[:, 1:].all(axis=1) & ~blank):
                blank[n] = not cells[n, 0].strip()
        lines, cells, is_none = lines[~blank], cells[~blank], is_none[~blank]
        if is_none.any():
            row = int(np.flatnonzero(is_none.any(axis=1))[0])
            has = f"has {(~is_none[row]).sum()} values, the header {cells.shape[1]}"
            raise DataError(f"{self.path}: line {lines[row]} {has}")
        self._check_nameless(lines, cells)
        values = np.empty((len(cells), len(self.used)))
        for column, place in enumerate(self.used):
            values[:, column] = self._numbers(self.names[place], lines, cells[:, place])
        whole = ~np.isnan(values).any(axis=1)
        if self.label is not None:
            labels = np.array(
                [str(c).strip() for c in cells[:, self.label]], dtype=object
            )
            gone = self._is_missing(labels, self.label_words)
            whole &= ~gone
            if gone.any():
                name = self.names[self.label]
                self.missing.setdefault(name, []).extend(lines[gone].tolist())
            self.labels += labels[whole].tolist()
        self.blocks.append(values[whole])
        self.rows += (self.total + 1 + np.flatnonzero(whole)).tolist()
        self.total += len(cells)

    def _is_missing(self, texts: Any, words: frozenset[str]) -> Array:
        found = [text.casefold() in words for text in texts]
        return np.array(found, dtype=bool)

    def _check_nameless(self, lines: Array, cells: Array) -> None:
        for place in self.nameless:
            texts = [c.strip() for c in cells[:, place]]
            full = np.flatnonzero(~self._is_missing(texts, self.missing_words))
            if full.size:
                name = self.names[place]
                problem = f"column {place + 1} has no name, but values"
                where = f"such as {texts[full[0]]!r} in line {lines[full[0]]}"
                remedy = f'--drop "{name}" leaves it out'
                raise DataError(f"{self.path}: {problem}, {where}; {remedy}")

    def _numbers(self, name: str, lines: Array, cells: Array) -> Array:
        texts = [c.strip() for c in cells]
        if self.reading.na_values:
            gone = self._is_missing(texts, self.missing_words)
            texts = ["" if g else t for t, g in zip(texts, gone, strict=True)]
        values, missing, wrong = self.reading.numbers.read(texts)
        if coded := np.flatnonzero(np.isin(values, self.codes)).tolist():
            values[coded] = np.nan
            missing = sorted(missing + coded)
        if missing:
            self.missing.setdefault(name, []).extend(lines[missing].tolist())
        if wrong:
            found = [(int(lines[n]), texts[n]) for n in wrong]
            self.wrong.setdefault(name, []).extend(found)
        return values

    def content(self) -> Content:
        """Give all of it, or say what is wrong."""
        if not self.total:
            raise DataError(f"{self.path}: has no rows below its header")
        if self.wrong:
            found = [*self._wrong_values(), *self._missing_values()]
            raise DataError(f"{self.path}: {'; '.join(found)}")
        data, rows = np.concatenate(self.blocks), np.array(self.rows, dtype=int)
        if self.missing:
            self._settle_missing(len(data))
        features = [self.names[place] for place in self.used]
        labels = None if self.label is None else np.array(self.labels, dtype=str)
        data, features = self._without_constants(data, features)
        self._note_counters(data, features)
        unused = [
            n for p, n in enumerate(self.names) if p not in (*self.used, self.label)
        ]
        return Content(data, features, labels, rows, unused, self.notes)

    def _wrong_values(self) -> list[str]:
        found = []
        for name in sorted(self.wrong, key=self.names.index):
            places = self.wrong[name]
            line, text = places[0]
            hint = self.reading.numbers.hint([text for _, text in places])
            kind = "must be finite" if _is_infinite(text) else "is no number"
            remedy = (
                f"{hint} reads it" if hint else "--label or --drop takes a column out"
            )
            more = f", and {len(places) - 1:,} more" if len(places) > 1 else ""
            found.append(f"line {line}, {name}: {kind}: {text!r}{more} ({remedy})")
        return found

    def _settle_missing(self, left: int) -> None:
        """Refuse missing values, or note which rows are left out for them."""
        found, out = "; ".join(self._missing_values()), self.total - left
        if self.reading.missing == "error":
            remedy = f"--missing drop-rows leaves {out:,} of {self.total:,} rows out"
            raise DataError(f"{self.path}: {found} ({remedy})")
        if not left:
            raise DataError(f"{self.path}: every row has a missing value: {found}")
        note = f"{out:,} of {self.total:,} rows left out for missing values"
        self.notes.append(f"{note}: {found}")

    def _missing_values(self) -> list[str]:
        found = []
        for name in sorted(self.missing, key=self.names.index):
            lines = self.missing[name]
            more = f" and {len(lines) - _SHOWN:,} more" if len(lines) > _SHOWN else ""
            which = ", ".join(map(str, lines[:_SHOWN])) + more
            is_are = "is missing" if len(lines) == 1 else f"{len(lines):,} are missing"
            plural = "s" if len(lines) > 1 else ""
            found.append(f"line{plural} {which}, {name}: {is_are}")
        return found

    def _without_constants(
        self, data: Array, features: list[str]
    ) -> tuple[Array, list[str]]:
        if self.reading.keep_constant or len(data) < 2:
            return data, features
        # Sums of decimals differ in their last bits where they mean the same.
        rounding = 4 * np.finfo(float).eps * np.abs(data).max(axis=0)
        with np.errstate(over="ignore"):
            same = data.max(axis=0) - data.min(axis=0) <= rounding
        if not same.any():
            return data, features
        which = _listed([name for name, s in zip(features, same, strict=True) if s])
        if same.all():
            raise DataError(f"{self.path}: every column is all the same: {which}")
        self.notes.append(f"left out, because it is all the same: {which}")
        kept = [name for name, s in zip(features, same, strict=True) if not s]
        return data[:, ~same], kept

    def _note_counters(self, data: Array, features: list[str]) -> None:
        if len(data) < 3 or self.reading.columns is not None:
            return
        for place in np.flatnonzero((np.diff(data, axis=0) == 1).all(axis=0)):
            name = features[place]
            remedy = f'--drop "{name}" leaves it out, if it is an index'
            self.notes.append(f"{name} counts the rows; {remedy}")


def _is_infinite(text: str) -> bool:
    try:
        return not np.isfinite(float(text.replace("_", " ")))
    except ValueError:
        return False


def _listed(names: Sequence[str]) -> str:
    return ", ".join(map(repr, names))
