"""Place the rows of a table on a map that was learned before."""

from __future__ import annotations

import csv
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from lava_apps.apps.som.model import Model
from lava_apps.datasets import DataError, Table
from lava_apps.files import replacing
from lava_apps.parameters import Array

FIELDS = ("row", "map_row", "map_column", "distance", "label")
"""What is known of a row that was placed."""


@dataclass(frozen=True)
class Placement:
    """Where rows belong.

    Parameters
    ----------
    row : (samples,) numpy.ndarray of int
        Which row of the table, the first below the header being 1.
    map_row, map_column : (samples,) numpy.ndarray of int
        Of the nearest neuron, counted from 0.
    distance : (samples,) numpy.ndarray of float
        From its weights, in scaled units.
    label : list of str or None, optional
        Most frequent label there when the map was made; None for a neuron that had no
        samples. Without it: the map has no labels.
    unused : list of str
        Columns of the table that the map does not have.
    """

    row: Array
    map_row: Array
    map_column: Array
    distance: Array
    label: list[str | None] | None
    unused: list[str]

    def records(self) -> Iterator[dict[str, Any]]:
        """Give `FIELDS` of each row, as JSON has them."""
        arrays = (self.row, self.map_row, self.map_column, self.distance)
        labels = self.label or [None] * len(self.row)
        for values in zip(*(array.tolist() for array in arrays), labels, strict=True):
            yield dict(zip(FIELDS, values, strict=True))

    def save(self, path: Path) -> None:
        """Write it to a CSV file, whole or not at all.

        Parameters
        ----------
        path : pathlib.Path
            The file; its folder is made if it is missing.
        """
        path.parent.mkdir(parents=True, exist_ok=True)
        with (
            replacing(path) as part,
            part.open("w", newline="", encoding="utf-8") as file,
        ):
            writer = csv.DictWriter(file, FIELDS, lineterminator="\n")
            writer.writeheader()
            writer.writerows(self.records())


def place_table(model: Model, table: Table) -> Placement:
    """Find the nearest neuron of each row, with the scaling that the map was made with.

    Parameters
    ----------
    model : Model
        A map.
    table : Table
        Columns of the same names, in any order; others are not used.

    Returns
    -------
    Placement
        Of all rows.

    Raises
    ------
    DataError
        For a table without a column of the map, or with values that are too large.
    """
    if table.features != model.features:
        table = _in_order(model, table)
    with np.errstate(all="ignore"):
        neurons, distance = model.place(table.data)
    rows = np.arange(1, len(neurons) + 1) if table.rows is None else table.rows
    if not np.isfinite(distance).all():
        row = rows[~np.isfinite(distance)][0]
        raise DataError(f"{table.name}: row {row} holds values too large for distances")
    where = np.divmod(neurons, model.settings.columns)
    labels = None if model.labels is None else [model.labels[n] for n in neurons]
    return Placement(rows, *where, distance, labels, list(table.unused))


def _in_order(model: Model, table: Table) -> Table:
    """Take the columns of the map, in its order."""
    missing = [name for name in model.features if name not in table.features]
    others = [name for name in table.features if name not in model.features]
    if missing:
        problem = f"lacks columns of the map: {_listed(missing)}"
        more = f"; the map does not have {_listed(others)}" if others else ""
        raise DataError(f"{table.name}: {problem}{more}")
    for features, owner in ((model.features, "the map"), (table.features, table.name)):
        twice = {n for n in model.features if features.count(n) > 1}
        if twice:
            problem = "more than one column of a name cannot be told apart"
            raise DataError(f"{owner}: {problem}: {_listed(sorted(twice))}")
    order = [table.features.index(name) for name in model.features]
    unused = (*table.unused, *others)
    data = table.data[:, order]
    return Table(table.name, data, model.features, rows=table.rows, unused=unused)


def _listed(names: list[str]) -> str:
    more = f" and {len(names) - 8} more" if len(names) > 8 else ""
    return ", ".join(map(repr, names[:8])) + more
