"""A learned map, and its file."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from lava_apps.apps.som.network import MapSettings
from lava_apps.apps.som.quality import best_units
from lava_apps.parameters import Array, Matrix, ParameterError, validated
from lava_apps.runtime import StateError
from lava_apps.runtime import state as files

_KIND = "self-organising map"


@dataclass(frozen=True)
class Model:
    """A learned map.

    Parameters
    ----------
    settings : MapSettings
        What it was made from.
    weights : (neurons, features) numpy.ndarray of float
        Of scaled data, neurons in C order of the grid.
    centre, width : (features,) numpy.ndarray of float
        Scaled data are ``(data - centre) / width``.
    features : list of str
        Names of the columns.
    labels : list of str or None, optional
        Most frequent label of each neuron's samples, None where it has none. Default:
        the samples had no labels.
    """

    settings: MapSettings
    weights: Array
    centre: Array
    width: Array
    features: list[str]
    labels: list[str | None] | None = None

    @validated
    def place(self, data: Matrix) -> tuple[Array, Array]:
        """Find where samples belong.

        Parameters
        ----------
        data : (samples, features) array_like
            As they are, not scaled.

        Returns
        -------
        neurons : (samples,) numpy.ndarray of int
            The nearest of each.
        distances : (samples,) numpy.ndarray of float
            How far, in scaled units.
        """
        if data.shape[1] != len(self.features):
            problem = f"must have {len(self.features)} columns"
            raise ParameterError("Model.place", "data", problem, data)
        scaled = (data - self.centre) / self.width
        first, _, distance = best_units(self.weights, scaled)
        return first, distance

    def save(self, path: Path | str) -> None:
        """Write it to an ``.npz`` file, whole or not at all.

        Parameters
        ----------
        path : pathlib.Path or str
            The file; its folder is made if it is missing.
        """
        path = Path(path)
        path.parent.mkdir(parents=True, exist_ok=True)
        arrays = {name: getattr(self, name) for name in ("weights", "centre", "width")}
        header = {
            "kind": _KIND,
            "settings": self.settings.summary(),
            "features": self.features,
            "labels": self.labels,
        }
        files.write(path, header, arrays)

    @classmethod
    def load(cls, path: Path | str) -> Model:
        """Read it from such a file.

        Parameters
        ----------
        path : pathlib.Path or str
            What `save` wrote.

        Returns
        -------
        Model
            The map.

        Raises
        ------
        StateError
            For a file that is missing, damaged, or no map, or lacks something that a
            map has.
        """
        content = files.read(Path(path))
        if content.get("kind") != _KIND:
            raise StateError(f"{path}: holds no self-organising map")
        with files.complete(Path(path)):
            settings = MapSettings(**content["settings"])
            features = [str(name) for name in content["features"]]
            size = len(features)
            shapes = {
                "weights": (settings.neurons, size),
                "centre": (size,),
                "width": (size,),
            }
            weights, centre, width = files.arrays_of(content["tree"], shapes)
            labels = content.get("labels")
            if labels is not None and len(labels) != settings.neurons:
                raise ValueError(f"it has {len(labels)} labels")
            if not width.all():
                raise ValueError("a width is 0")
            return cls(settings, weights, centre, width, features, labels)
