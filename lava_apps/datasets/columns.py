"""The columns of a table: which are used, and the numbers that they hold."""

from __future__ import annotations

import math
import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

import numpy as np

from lava_apps.datasets.mnist import DataError
from lava_apps.parameters import Array, ParameterError

Missing = Literal["error", "drop-rows"]
MISSING_WORDS = frozenset(
    ["", "na", "n/a", "#n/a", "#na", "<na>", "nan", "-nan", "null", "none", "?"]
)
"""What stands for a value that is missing, in whatever case."""

_SPACES = str.maketrans("\u00a0\u202f\u2009", "   ")  # that part thousands, too
_SHOWN = 8


@dataclass(frozen=True)
class Numbers:
    """How numbers are written.

    Parameters
    ----------
    decimal : {".", ","}
        What parts the decimals. Default a point.
    thousands : {",", ".", " ", "'"}, optional
        What parts thousands. Default: nothing does.
    """

    decimal: str = "."
    thousands: str | None = None

    def __post_init__(self) -> None:
        """Check both marks."""
        if self.decimal not in (".", ","):
            problem = "must be a point or a comma"
            raise ParameterError("load_table", "decimal", problem, self.decimal)
        if self.thousands is not None and self.thousands not in (",", ".", " ", "'"):
            problem = "must be a comma, a point, a space or an apostrophe"
            raise ParameterError("load_table", "thousands", problem, self.thousands)
        if self.thousands == self.decimal:
            problem = "must differ from the decimal mark"
            raise ParameterError("load_table", "thousands", problem, self.thousands)

    def read(self, texts: Sequence[str]) -> tuple[Array, list[int], list[int]]:
        """Read a column, or a part of it.

        Parameters
        ----------
        texts : sequence of str
            Its values, without spaces around them.

        Returns
        -------
        values : (len(texts),) numpy.ndarray of float
            The numbers; NaN where there is none.
        missing : list of int
            Places of values that are missing.
        wrong : list of int
            Places of what is no finite number.
        """
        is_plain = self.decimal == "." and self.thousands is None
        if is_plain and "_" not in "".join(texts):
            try:
                values = np.fromiter(map(float, texts), float, len(texts))
            except ValueError:
                pass
            else:
                if np.isfinite(values).all():
                    return values, [], []
        values = np.array([self._number(text) for text in texts])
        none = np.flatnonzero(~np.isfinite(values)).tolist()
        missing = [n for n in none if texts[n].casefold() in MISSING_WORDS]
        values[none] = np.nan
        return values, missing, [n for n in none if n not in set(missing)]

    def _number(self, text: str) -> float:
        if self.thousands is not None:
            text = self._ungrouped(text)
        if self.decimal == ",":
            # A point would be read as a decimal one: it makes this no number.
            text = text.replace(".", "_").replace(",", ".")
        try:
            return math.nan if "_" in text else float(text)
        except ValueError:
            return math.nan

    def _ungrouped(self, text: str) -> str:
        """Take the thousands' marks away where they part thousands, and only there."""
        mark, decimal = re.escape(self.thousands or ""), re.escape(self.decimal)
        text = text.replace("\u2019", "'").translate(_SPACES)
        grouped = rf"[+-]?\d{{1,3}}({mark}\d{{3}})+(?P<rest>({decimal}\d*)?)"
        if re.fullmatch(grouped, text):
            return text.replace(self.thousands or "", "")
        return "_" if (self.thousands or "") in text else text

    def hint(self, texts: Sequence[str]) -> str:
        """Say which options would make numbers of texts, if some would.

        Parameters
        ----------
        texts : sequence of str
            What is no number so far.

        Returns
        -------
        str
            The options, the simplest that read all of them, or nothing.
        """
        marks = (".", ",", " ", "'")
        pairs = [(d, t) for d in (".", ",") for t in marks if d != t]
        plain: list[tuple[str, str | None]] = [(".", None), (",", None)]
        ways, simple = [], set()
        for decimal, thousands in [*plain, *pairs]:
            numbers = Numbers(decimal, thousands)
            reads_all = all(math.isfinite(numbers._number(text)) for text in texts)
            if not reads_all or decimal in simple:
                continue
            if thousands is None:
                simple.add(decimal)
            way = f"--decimal {decimal}" if decimal != self.decimal else ""
            if thousands is not None:
                way += f" --thousands {_quoted(thousands)}"
            elif decimal == self.decimal:
                way += "no --thousands"
            ways.append(way.strip())
        return " or ".join(ways)


def is_number(text: str) -> bool:
    """Say whether a text is a finite number, with a decimal point or comma.

    Parameters
    ----------
    text : str
        Any text.

    Returns
    -------
    bool
        True if it is.
    """
    return any(math.isfinite(Numbers(mark)._number(text)) for mark in (".", ","))


def select(
    source: str,
    names: Sequence[str],
    *,
    label: str | None = None,
    drop: Sequence[str] = (),
    columns: Sequence[str] | None = None,
) -> list[int]:
    """Find the columns that are features.

    Parameters
    ----------
    source : str
        Name of the table, for messages.
    names : sequence of str
        Of all its columns.
    label : str, optional
        Name of the one that holds labels.
    drop : sequence of str
        Names of those that are left out. Default: none is.
    columns : sequence of str, optional
        Names of those that are used, in this order. Default: all.

    Returns
    -------
    list of int
        Their places.

    Raises
    ------
    DataError
        For a name that the table has not, or has more than once, or that is wanted
        and not wanted.
    """
    wanted = [] if label is None else [label]
    unknown = [n for n in (*wanted, *drop, *(columns or ())) if n not in names]
    if unknown:
        which = ", ".join(repr(name) for name in dict.fromkeys(unknown))
        raise DataError(f"{source}: has no column {which}; it has {_listed(names)}")
    _check_contradictions(source, label, drop, columns)
    if columns is not None:
        used = [names.index(name) for name in columns]
    else:
        out = {*drop, *wanted}
        used = [place for place, name in enumerate(names) if name not in out]
    needed = [*wanted, *(names[place] for place in used)]
    twice = [n for n in dict.fromkeys(needed) if names.count(n) > 1]
    if twice:
        problem = f"has more than one column {_listed([repr(n) for n in twice])}"
        raise DataError(
            f"{source}: {problem}; give each a name of its own, or --drop it"
        )
    if not used:
        besides = "" if label is None else " besides the label"
        raise DataError(f"{source}: has no column{besides} to use")
    return used


def _check_contradictions(
    source: str,
    label: str | None,
    drop: Sequence[str],
    columns: Sequence[str] | None,
) -> None:
    kept = list(columns or ())
    for name in kept:
        if kept.count(name) > 1:
            raise DataError(f"{source}: --columns names {name!r} more than once")
        if name in drop:
            raise DataError(f"{source}: --columns and --drop both name {name!r}")
    if label is not None and label in (*kept, *drop):
        other = "--columns" if label in kept else "--drop"
        raise DataError(f"{source}: --label and {other} both name {label!r}")


def _listed(names: Sequence[str]) -> str:
    more = f" and {len(names) - _SHOWN} more" if len(names) > _SHOWN else ""
    return ", ".join(names[:_SHOWN]) + more


def _quoted(mark: str) -> str:
    return {" ": '" "', "'": '"\'"'}.get(mark, mark)
