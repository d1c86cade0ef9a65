"""The energy of a Hopfield network over a two-dimensional section of its states."""

from __future__ import annotations

from typing import Any

import numpy as np
from matplotlib.axes import Axes

from lava_apps.parameters import (
    Array,
    ParameterError,
    RecurrentWeights,
    SignMatrix,
    validated,
)
from lava_apps.plotting.style import COLOURS
from lava_apps.processes.hopfield import energy

_POINTS = 81  # a side
_MARGIN = 0.35


@validated
def draw_energy_landscape(
    ax: Axes,
    weights: RecurrentWeights,
    memories: SignMatrix,
    *,
    paths: Any = (),
) -> None:
    """Draw the energy of states between memories, and ways down to them.

    The plane is that of the first two principal components of the memories. A point of
    it stands for the states that are blended from the memories, independently in each
    neuron: with the probability that a memory has there, by the inverse square of its
    distance, a neuron is as in that memory. The height is their mean energy; at the
    place of a memory it is that memory's. Paths are projected onto the same plane; they
    need not lie in it, for a state has as many dimensions as there are neurons.

    Parameters
    ----------
    ax : matplotlib.axes.Axes
        Where to draw.
    weights : (N, N) array_like
        Of the network; symmetric, zero diagonal.
    memories : (P, N) array_like
        At least three states, each -1 or +1, that are not all in one line.
    paths : sequence of (steps, N) array_like
        States that a network went through, each -1 or +1. Default: none.

    Raises
    ------
    ParameterError
        For memories or paths that do not fit.
    """
    owner = "draw_energy_landscape"
    if memories.shape[1] != len(weights):
        problem = f"must have {len(weights)} neurons"
        raise ParameterError(owner, "memories", problem, memories)
    centre = memories.mean(axis=0)
    _, spread, directions = np.linalg.svd(memories - centre, full_matrices=False)
    if len(spread) < 3 or spread[1] < 1e-9 * max(spread[0], 1):
        problem = "must be three or more that span a plane"
        raise ParameterError(owner, "memories", problem, memories)
    problem = f"must be states of -1 and +1, each path of shape (steps, {len(weights)})"
    try:
        ways = [np.asarray(path) for path in paths]
    except (TypeError, ValueError):
        raise ParameterError(owner, "paths", problem, paths) from None
    for way in ways:
        fits = way.ndim == 2 and len(way) and way.shape[1] == len(weights)
        if not fits or not np.isin(way, (-1, 1)).all():
            raise ParameterError(owner, "paths", problem, way)

    def place(states: Array) -> Array:
        return np.asarray((states - centre) @ directions[:2].T)

    places = place(memories)
    everything = np.concatenate([places, *(place(way) for way in ways)])
    low, high = everything.min(axis=0), everything.max(axis=0)
    margin = _MARGIN * (places.max(axis=0) - places.min(axis=0)) / 2
    x, y = (
        np.linspace(low[n] - margin[n], high[n] + margin[n], _POINTS) for n in (0, 1)
    )
    grid = np.stack(np.meshgrid(x, y), axis=-1).reshape(-1, 2)
    apart = ((grid[:, None] - places) ** 2).sum(axis=2)
    nearness = 1 / np.maximum(apart, 1e-9 * apart.max())
    means = nearness @ memories / nearness.sum(axis=1, keepdims=True)
    # Of independent neurons the mean of a product is that of the means.
    heights = -0.5 * ((means @ weights) * means).sum(axis=1).reshape(_POINTS, _POINTS)
    scale = float(np.abs(energy(memories, weights)).max()) or 1.0
    surface = ax.contourf(x, y, heights / scale, levels=24, cmap="viridis")
    ax.figure.colorbar(
        surface, ax=ax, label="mean energy, relative to the deepest memory"
    )
    for n, way in enumerate(ways):
        line = place(way)
        ax.plot(*line.T, ".-", color="white", linewidth=1.2, markersize=5)
        ax.plot(*line[0], "o", color="white", markerfacecolor="none", markersize=8)
        if n == 0:
            ax.plot([], [], "o-", color="0.5", markerfacecolor="none", label="path")
    ax.plot(*places.T, "*", color=COLOURS[1], markersize=11, label="memory")
    ax.set(xlabel="first principal component", ylabel="second principal component")
    ax.legend(loc="upper center", bbox_to_anchor=(0.5, -0.16), ncols=2)
