"""Panels of weights: as a matrix, and as the images that neurons answer."""

from __future__ import annotations

from typing import Annotated, Any

import numpy as np
from matplotlib.axes import Axes
from matplotlib.ticker import MaxNLocator
from pydantic import BeforeValidator

from lava_apps.parameters import (
    Array,
    Matrix,
    ParameterError,
    PositiveInteger,
    validated,
)

ImageShape = Annotated[
    tuple[PositiveInteger, PositiveInteger],
    BeforeValidator(lambda x: tuple(x) if isinstance(x, (list, np.ndarray)) else x),
]
"""Height and width in pixels."""


@validated
def draw_weight_matrix(ax: Axes, weights: Matrix, *, label: str = "weight") -> None:
    """Draw weights as a picture, outputs from top to bottom.

    Parameters
    ----------
    ax : matplotlib.axes.Axes
        Where to draw.
    weights : (outputs, inputs) array_like
        Of both signs: 0 is white, and colours are symmetric about it.
    label : str
        Text at the colour bar. Default "weight".
    """
    image = ax.imshow(weights, aspect="auto", interpolation="nearest", **_hues(weights))
    ax.set(xlabel="input", ylabel="output")
    for axis in (ax.xaxis, ax.yaxis):
        axis.set_major_locator(MaxNLocator(integer=True))
    ax.figure.colorbar(image, ax=ax, label=label)


@validated
def draw_receptive_fields(
    ax: Axes,
    weights: Matrix,
    image_shape: ImageShape,
    *,
    label: str = "weight",
) -> None:
    """Draw the weights of each neuron as an image, row by row.

    Parameters
    ----------
    ax : matplotlib.axes.Axes
        Where to draw.
    weights : (neurons, pixels) array_like
        Weights, neurons in the order in which they are to be shown.
    image_shape : tuple of int
        Height and width in pixels.
    label : str
        Text at the colour bar. Default "weight".

    Raises
    ------
    ParameterError
        For an image of another number of pixels.
    """
    high, wide = image_shape
    neurons, pixels = weights.shape
    if high * wide != pixels:
        problem = f"must have as many pixels as there are weights, {pixels}"
        raise ParameterError(
            "draw_receptive_fields", "image_shape", problem, (high, wide)
        )
    columns = int(np.ceil(np.sqrt(neurons)))
    rows = -(-neurons // columns)
    canvas = np.full((rows * (high + 1) - 1, columns * (wide + 1) - 1), np.nan)
    for place, field in enumerate(weights):
        row, column = divmod(place, columns)
        top, left = row * (high + 1), column * (wide + 1)
        canvas[top : top + high, left : left + wide] = field.reshape(high, wide)
    image = ax.imshow(canvas, interpolation="nearest", **_hues(weights))
    ax.set_axis_off()
    ax.figure.colorbar(image, ax=ax, label=label, shrink=0.6)


def _hues(weights: Array) -> dict[str, Any]:
    """Choose colours: of both signs two hues, of one sign one scale from 0."""
    most = np.abs(weights).max() or 1
    if weights.min() < 0 < weights.max():
        return {"cmap": "PuOr", "vmin": -most, "vmax": most}
    if weights.max() <= 0 and weights.any():
        return {"cmap": "viridis_r", "vmin": -most, "vmax": 0}
    return {"cmap": "viridis", "vmin": 0, "vmax": most}
