"""Map a table of numbers, and say how well."""

from __future__ import annotations

import hashlib
import time
import warnings
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

import numpy as np
from sklearn.preprocessing import MinMaxScaler, StandardScaler

from lava_apps.apps.som.model import Model
from lava_apps.apps.som.network import MapSettings
from lava_apps.apps.som.quality import (
    best_units,
    majority,
    purity,
    topographic_error,
)
from lava_apps.apps.som.training import Progress, load_progress, train
from lava_apps.datasets import Table
from lava_apps.parameters import Array, ParameterError, validated
from lava_apps.runtime.simulator import BackendName

Scaling = Literal["standard", "range", "none"]


@dataclass(frozen=True)
class MapResult:
    """What came of it.

    Parameters
    ----------
    table : Table
        What was mapped.
    model : Model
        The map.
    first, second : (samples,) numpy.ndarray of int
        The two nearest neurons of each sample.
    distance : (samples,) numpy.ndarray of float
        Distance of the nearest, in scaled units.
    progress : Progress
        Of the training.
    backend : str
        What it ran on.
    seconds : float
        Duration of all.
    """

    table: Table
    model: Model
    first: Array
    second: Array
    distance: Array
    progress: Progress
    backend: str
    seconds: float

    @property
    def units(self) -> str:
        """What distances are measured in."""
        model = self.model
        is_scaled = bool(model.centre.any() or (model.width != 1).any())
        return "scaled units" if is_scaled else "units of the data"

    @property
    def quantisation_error(self) -> float:
        """Mean distance of a sample from the weights of its neuron, in scaled units."""
        return float(self.distance.mean())

    @property
    def topographic_error(self) -> float:
        """Share of samples whose two nearest neurons are not adjacent."""
        return topographic_error(self.model.settings, self.first, self.second)

    @property
    def purity(self) -> float | None:
        """Share of samples with the most frequent label of their neuron."""
        if self.table.labels is None:
            return None
        return purity(self.first, self.table.labels, self.model.settings.neurons)

    def summary(self) -> dict[str, Any]:
        """Give what ``lava-apps som --json`` prints."""
        settings = self.model.settings
        return {
            "data": self.table.name,
            "samples": len(self.table.data),
            "features": self.table.data.shape[1],
            "grid": f"{settings.rows}x{settings.columns}",
            "topology": settings.topology,
            "epochs": settings.epochs,
            "mode": settings.mode,
            "quantisation_error": self.quantisation_error,
            "topographic_error": self.topographic_error,
            "purity": self.purity,
            "us_per_sample": 1e6 * self.progress.seconds / max(self.progress.timed, 1),
            "precision": settings.precision,
            "backend": self.backend,
            "seed": settings.seed,
            "seconds": self.seconds,
            "notes": list(self.table.notes),
        }


@validated
def map_table(
    table: Table,
    settings: MapSettings | None = None,
    *,
    scaling: Scaling | None = None,
    backend: BackendName = "auto",
    checkpoint: Path | None = None,
    resume: bool = False,
    on_samples: Callable[[int], None] = lambda _: None,
) -> MapResult:
    """Let a map organise itself by the samples of a table.

    Labels are used for counting purity, and for nothing else.

    Parameters
    ----------
    table : Table
        Samples, at least 2.
    settings : MapSettings, optional
        What the map is made from. Default: all defaults.
    scaling : {"standard", "range", "none"}, optional
        Of each feature, to a mean of 0 and a variance of 1, or to a range from 0 to 1;
        a feature that is all the same becomes 0. Default: "standard", and "none" for
        images.
    backend : {"auto", "compiled", "inline", "lava"}
        Backend of the Simulator.
    checkpoint : pathlib.Path, optional
        File for checkpoints.
    resume : bool
        Go on from the checkpoint instead of beginning anew. Default False.
    on_samples : callable
        Called with the number of presentations that were done.

    Returns
    -------
    MapResult
        The map and how well it fits.

    Raises
    ------
    ParameterError
        For a value out of range, or settings other than the checkpoint's.
    StateError
        For a checkpoint that is missing or damaged.
    """
    begin, settings = time.perf_counter(), settings or MapSettings()
    if len(table.data) < 2:
        raise ParameterError("map_table", "data", "must have 2 rows", table.data)
    how = scaling or ("standard" if table.image_shape is None else "none")
    with np.errstate(all="ignore"), warnings.catch_warnings():
        warnings.simplefilter("ignore")  # what comes of it is looked at
        centre, width = _scales(table.data, how)
        data = (table.data - centre) / width
        if not np.isfinite(np.square(data).sum()):
            problem = "makes numbers too large for distances; try range"
            raise ParameterError("map_table", "scaling", problem, how)
    content = hashlib.sha256(data.tobytes() + repr(table.features).encode())
    known = f"{table.name}, {how}, {content.hexdigest()[:16]}"
    progress, snapshot = Progress(settings, len(data), data=known), None
    if resume:
        if checkpoint is None:
            problem = "needs the file of a checkpoint"
            raise ParameterError("map_table", "resume", problem, resume)
        wanted = progress
        progress, snapshot = load_progress(checkpoint)
        _check_same(progress, wanted)
        on_samples(progress.done)
    progress, weights, ran_on = train(
        data,
        progress,
        snapshot=snapshot,
        backend=backend,
        checkpoint=checkpoint,
        on_chunk=on_samples,
    )
    units = best_units(weights, data)
    labels = None
    if table.labels is not None:
        _, classes, frequent = majority(units[0], table.labels, settings.neurons)
        labels = [str(classes[n]) if n >= 0 else None for n in frequent]
    model = Model(settings, weights, centre, width, table.features, labels)
    seconds = time.perf_counter() - begin
    return MapResult(table, model, *units, progress, ran_on, seconds)


def _scales(data: Array, how: Scaling) -> tuple[Array, Array]:
    """Find what to subtract from features, and by what to divide them."""
    if how == "none":
        return np.zeros(data.shape[1]), np.ones(data.shape[1])
    if how == "standard":
        standard = StandardScaler().fit(data)
        return standard.mean_, standard.scale_
    ranged = MinMaxScaler().fit(data)
    return ranged.data_min_, 1 / ranged.scale_


def _check_same(found: Progress, wanted: Progress) -> None:
    """Refuse a checkpoint of another map or other data."""
    there, here = found.settings.summary(), wanted.settings.summary()
    there |= {"data": found.data, "samples": found.samples}
    here |= {"data": wanted.data, "samples": wanted.samples}
    for name, value in there.items():
        if value != here[name]:
            problem = f"must be {value!r}, as in the checkpoint"
            raise ParameterError("map_table", name, problem, here[name])
