"""Figures of a map."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
from matplotlib.colors import ListedColormap, to_rgb
from matplotlib.ticker import MaxNLocator

from lava_apps.apps.som.experiment import MapResult
from lava_apps.apps.som.network import MapSettings, positions
from lava_apps.apps.som.quality import majority, u_matrix
from lava_apps.parameters import Array
from lava_apps.plotting import CLASS_COLOURS, draw_cells, new_figure, save_figure

_MOST_PLANES = 36
_LOWEST, _HIGHEST = 2.6, 60.0  # inches


def _cells(ax: Any, settings: MapSettings, values: Array, label: str = "") -> Any:
    hexagonal = settings.topology == "hexagonal"
    return draw_cells(ax, positions(settings), values, hexagonal=hexagonal, label=label)


def _write(ax: Any, place: Array, text: object, colour: str) -> None:
    x, y = place
    ax.text(x, y, str(text), ha="center", va="center", fontsize=6, color=colour)


def _size(settings: MapSettings, width: float) -> tuple[float, float]:
    """Give a figure of this width the height of the map, with room for a title."""
    height = 0.8 + (width - 1.4) * settings.rows / settings.columns
    return width, min(max(height, _LOWEST), _HIGHEST)


def draw_u_matrix(result: MapResult, path: Path) -> Path:
    """Draw how far the weights of neighbours are apart.

    Parameters
    ----------
    result : MapResult
        What to show.
    path : pathlib.Path
        PNG file to write.

    Returns
    -------
    pathlib.Path
        The same path.
    """
    model = result.model
    with new_figure(*_size(model.settings, 5.6)) as figure:
        ax = figure.subplots()
        values = u_matrix(model.settings, model.weights)
        cells = _cells(ax, model.settings, values, f"distance ({result.units})")
        cells.set_clim(vmin=0 if values.max() > 0 else None)
        ax.set_title(f"U-matrix of {result.table.name}: ridges part clusters")
        return save_figure(figure, path)


def draw_planes(result: MapResult, path: Path) -> Path:
    """Draw each feature over the map; of images, the image each neuron stands for.

    Parameters
    ----------
    result : MapResult
        What to show.
    path : pathlib.Path
        PNG file to write.

    Returns
    -------
    pathlib.Path
        The same path.
    """
    if result.table.image_shape is not None:
        return _draw_images(result, path)
    model = result.model
    values = model.weights * model.width + model.centre
    shown = min(len(model.features), _MOST_PLANES)
    columns = min(shown, 6)
    rows = -(-shown // columns)
    side = min(0.9 + 1.4 * model.settings.rows / model.settings.columns, _HIGHEST / 2)
    with new_figure(2.1 * columns + 0.4, side * rows + 0.4) as figure:
        axes = figure.subplots(rows, columns, squeeze=False).reshape(-1)
        for ax in axes[shown:]:
            ax.set_axis_off()
        for ax, name, plane in zip(axes, model.features, values.T, strict=False):
            cells = _cells(ax, model.settings, plane)
            ax.set_title(name if len(name) <= 24 else name[:22] + "…", fontsize=8)
            figure.colorbar(cells, ax=ax, shrink=0.8)
        some = f": {shown} of {len(model.features)}"
        title = some if shown < len(model.features) else ""
        figure.suptitle(f"component planes of {result.table.name}{title}")
        return save_figure(figure, path)


def _draw_images(result: MapResult, path: Path) -> Path:
    model, (high, wide) = result.model, result.table.image_shape or (1, 1)
    settings, places = model.settings, positions(model.settings)
    left, top = (places * (wide + 1, high + 1)).round().astype(int).T
    canvas = np.full((top.max() + high, left.max() + wide), np.nan)
    weights = (model.weights * model.width + model.centre).reshape(-1, high, wide)
    for x, y, image in zip(left, top, weights, strict=True):
        canvas[y : y + high, x : x + wide] = image
    with new_figure(*_size(settings, 7)) as figure:
        ax = figure.subplots()
        shown = ax.imshow(canvas, cmap="viridis")
        ax.set_axis_off()
        ax.set_title(f"what each neuron of the map of {result.table.name} stands for")
        figure.colorbar(shown, ax=ax, label="grey level", shrink=0.7)
        return save_figure(figure, path)


def draw_hits(result: MapResult, path: Path) -> Path:
    """Draw how many samples each neuron is nearest to.

    Parameters
    ----------
    result : MapResult
        What to show.
    path : pathlib.Path
        PNG file to write.

    Returns
    -------
    pathlib.Path
        The same path.
    """
    settings = result.model.settings
    hits = np.bincount(result.first, minlength=settings.neurons)
    with new_figure(*_size(settings, 5.6)) as figure:
        ax = figure.subplots()
        cells = _cells(ax, settings, hits)
        if settings.neurons <= 150:
            limit = hits.min() + 0.6 * (hits.max() - hits.min())
            for place, count in zip(positions(settings), hits, strict=True):
                colour = "black" if count > limit else "white"
                _write(ax, place, count, colour)
        empty = int((hits == 0).sum())
        ax.set_title(f"samples of {result.table.name}; {empty} neurons have none")
        whole = MaxNLocator(integer=True)
        figure.colorbar(cells, ax=ax, label="samples", shrink=0.8, ticks=whole)
        return save_figure(figure, path)


def draw_labels(result: MapResult, path: Path) -> Path:
    """Draw the most frequent label of each neuron's samples.

    Parameters
    ----------
    result : MapResult
        What to show; its table must have labels.
    path : pathlib.Path
        PNG file to write.

    Returns
    -------
    pathlib.Path
        The same path.
    """
    assert result.table.labels is not None
    settings = result.model.settings
    counts, classes, winners = majority(
        result.first, result.table.labels, settings.neurons
    )
    total = counts.sum(axis=1)
    share = counts.max(axis=1) / np.maximum(total, 1)
    width, height = _size(settings, 5.6)
    with new_figure(width + 0.8, height) as figure:
        ax = figure.subplots()
        colours = [CLASS_COLOURS[n % len(CLASS_COLOURS)] for n in range(len(classes))]
        palette = ListedColormap(["#F2F2F2", *colours])
        limits = {"cmap": palette, "clim": (-1.5, len(classes) - 0.5)}
        cells = _cells(ax, settings, winners)
        cells.set(alpha=np.where(total, 0.35 + 0.65 * share, 1), **limits)
        many = len(classes) > len(CLASS_COLOURS)
        if settings.neurons <= 625 and all(len(str(name)) <= 2 for name in classes):
            for place, winner in zip(positions(settings), winners, strict=True):
                if winner >= 0:
                    dark = sum(to_rgb(colours[winner])) < 1.2
                    _write(ax, place, classes[winner], "white" if dark else "black")
        for name, colour in zip(classes, colours, strict=True):
            ax.plot([], [], "s", color=colour, label=str(name), markersize=7)
        if not many:
            ax.legend(loc="center left", bbox_to_anchor=(1, 0.5))
        shared = f"; {len(classes)} labels share ten colours" if many else ""
        name = result.table.name
        ax.set_title(f"labels of {name}: {result.purity:.1%} pure{shared}")
        return save_figure(figure, path)
