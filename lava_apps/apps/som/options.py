"""Options of commands that read a table."""

from __future__ import annotations

import csv
from collections.abc import Sequence
from typing import Annotated

import typer

from lava_apps.apps.options import errors
from lava_apps.datasets import Numbers, Reading
from lava_apps.datasets.columns import Missing

_FILE = "CSV file"
Drop = Annotated[
    str | None,
    typer.Option(metavar="COLUMN,...", help=f"Columns of the {_FILE} to leave out."),
]
Columns = Annotated[
    str | None,
    typer.Option(metavar="COLUMN,...", help=f"The only columns of the {_FILE} to use."),
]
Decimal = Annotated[str, typer.Option(help="What parts decimals: . or a comma.")]
Thousands = Annotated[
    str | None, typer.Option(help="What parts thousands. Default: nothing does.")
]
MissingOption = Annotated[
    Missing,
    typer.Option(help="Missing values: an error that names them, or rows left out."),
]
NaValues = Annotated[
    str | None,
    typer.Option(
        metavar="TEXT,...",
        help="What else stands for missing, such as -999 (empty, NA, NaN, null, None "
        "and ? do).",
    ),
]
Encoding = Annotated[
    str | None,
    typer.Option(
        help=f"Of the {_FILE}, such as cp1252. Default: by its mark, or UTF-8."
    ),
]


def reading(
    *,
    drop: str | None = None,
    columns: Sequence[str] | None = None,
    decimal: str,
    thousands: str | None,
    missing: Missing,
    na_values: str | None,
    encoding: str | None,
    keep_constant: bool = False,
) -> Reading:
    """Make one thing of the options.

    Parameters
    ----------
    drop : str, optional
        Names of columns, parted by commas.
    columns : sequence of str, optional
        Names of columns.
    decimal : str
        A point or a comma.
    thousands : str or None
        What parts thousands.
    missing : {"error", "drop-rows"}
        What becomes of missing values.
    na_values : str or None
        What else stands for them, parted by commas.
    encoding : str or None
        Of the text.
    keep_constant : bool
        Use columns that are all the same, too. Default False.

    Returns
    -------
    Reading
        How to read a file.
    """
    return Reading(
        drop=tuple(parted(drop or "")),
        columns=None if columns is None else tuple(columns),
        numbers=Numbers(decimal, thousands),
        missing=missing,
        na_values=tuple(parted(na_values or "")),
        encoding=encoding,
        keep_constant=keep_constant,
    )


def parted(text: str) -> list[str]:
    """Part a list at its commas; a name with a comma stands in double quotes.

    Parameters
    ----------
    text : str
        As a line of a CSV file.

    Returns
    -------
    list of str
        Without spaces around them.
    """
    found = next(csv.reader([text], skipinitialspace=True), [])
    return [part.strip() for part in found if part.strip()]


def say(notes: Sequence[str]) -> None:
    """Print what a user should know of a table, beside the results.

    Parameters
    ----------
    notes : sequence of str
        One line each.
    """
    for note in notes:
        errors.print(f"note: {note}", markup=False, highlight=False, soft_wrap=True)
