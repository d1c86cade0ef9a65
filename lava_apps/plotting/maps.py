"""Panels of maps: a value for each neuron of a lattice."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
from matplotlib.axes import Axes
from matplotlib.collections import PolyCollection

from lava_apps.parameters import Matrix, ParameterError, Vector, validated

_HEXAGON = np.pi / 3 * np.arange(6) + np.pi / 6
_SQUARE = np.pi / 2 * np.arange(4) + np.pi / 4


@validated
def draw_cells(
    ax: Axes,
    places: Matrix,
    values: Vector,
    *,
    hexagonal: bool = False,
    cmap: str = "viridis",
    label: str = "",
) -> PolyCollection:
    """Draw a value for each neuron as a square or hexagon, the first row on top.

    Parameters
    ----------
    ax : matplotlib.axes.Axes
        Where to draw.
    places : (neurons, 2) array_like
        x and y of the neurons, neighbours at the distance 1, as of
        :func:`~lava_apps.apps.som.network.positions`.
    values : (neurons,) array_like
        What the colour shows: distances (the U-matrix of Ultsch and Siemon 1990),
        weights of one feature, numbers of samples.
    hexagonal : bool
        Six neighbours instead of four. Default False.
    cmap : str
        Colour map. Default "viridis".
    label : str
        Text at the colour bar; without one, the default, there is no bar.

    Returns
    -------
    matplotlib.collections.PolyCollection
        The cells.

    Raises
    ------
    ParameterError
        For places and values of which there are not equally many.
    """
    if places.shape != (len(values), 2):
        problem = f"must be of shape ({len(values)}, 2)"
        raise ParameterError("draw_cells", "places", problem, places)
    angles, size = (
        (_HEXAGON, 1 / math.sqrt(3)) if hexagonal else (_SQUARE, math.sqrt(0.5))
    )
    corner = size * np.stack([np.cos(angles), np.sin(angles)], axis=1)
    outlines: Any = places[:, None, :] + corner
    cells = PolyCollection(outlines, array=values, edgecolors="face", cmap=cmap)
    ax.add_collection(cells)
    ax.set_xlim(places[:, 0].min() - 0.6, places[:, 0].max() + 0.6)
    ax.set_ylim(places[:, 1].max() + 0.6, places[:, 1].min() - 0.6)
    ax.set_aspect("equal")
    ax.set_axis_off()
    if label:
        ax.figure.colorbar(cells, ax=ax, label=label, shrink=0.8)
    return cells
