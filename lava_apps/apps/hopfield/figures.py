"""Figures of the associative memory."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np

from lava_apps.apps.hopfield.capacity import CRITICAL_LOAD, CapacityResult
from lava_apps.apps.hopfield.experiment import RecallResult
from lava_apps.plotting import COLOURS, new_figure, save_figure

_COLUMNS = 10


def draw_recall(result: RecallResult, path: Path) -> Path:
    """Draw stored, damaged and restored images, and the energy of all trials.

    Parameters
    ----------
    result : RecallResult
        What to show; the images are those of the first ten trials.
    path : pathlib.Path
        PNG file to write.

    Returns
    -------
    pathlib.Path
        The same path.
    """
    shown = min(_COLUMNS, len(result.stored))
    with new_figure(0.75 * _COLUMNS + 0.6, 5.6) as figure:
        halves: Any = figure.subfigures(2, 1, height_ratios=[3, 2.6])
        top, bottom = halves
        _draw_images(top, result, shown)
        _draw_energy(bottom, result)
        return save_figure(figure, path)


def _draw_images(figure: Any, result: RecallResult, shown: int) -> None:
    rows = {
        "stored": result.stored,
        "damaged": result.states[:, 0],
        "restored": result.states[:, -1],
    }
    axes = figure.subplots(len(rows), _COLUMNS, squeeze=False)
    for row, (label, images) in zip(axes, rows.items(), strict=True):
        for column, ax in enumerate(row):
            ax.set_xticks([])
            ax.set_yticks([])
            ax.spines[:].set_visible(False)
            if column < shown:
                image = images[column].reshape(result.image_shape)
                ax.imshow(image, cmap="gray_r", vmin=-1, vmax=1)
        row[0].set_ylabel(label, rotation=0, ha="right", va="center")
    for ax, exact in zip(axes[-1][:shown], result.exact, strict=False):
        if not exact:  # frame what was not restored exactly
            ax.spines[:].set(visible=True, color=COLOURS[1], linewidth=1.5)
    asked = result.settings
    figure.suptitle(
        f"{asked['patterns']} {asked['images']} images in "
        f"{result.stored.shape[1]} neurons, {asked['rule']} rule, "
        f"{result.damage:.0%} of the pixels damaged: "
        f"{result.exact.sum()} of {len(result.stored)} restored exactly",
        fontsize=10,
    )


def _draw_energy(figure: Any, result: RecallResult) -> None:
    ax = figure.subplots()
    scale = np.abs(result.energies).max()
    last = int(result.steps_to_fixed_point.max()) + 2
    curves = result.energies[:, : last + 1] / scale
    ax.plot(curves.T, color=COLOURS[0], alpha=0.25, linewidth=1)
    ax.plot([], color=COLOURS[0], label="each trial")
    ax.plot(
        np.median(curves, axis=0),
        color=COLOURS[1],
        marker="o",
        label="median of all trials",
    )
    ax.set_xlabel("time step after the cue")
    ax.set_ylabel("energy, relative to the deepest")
    ax.xaxis.get_major_locator().set_params(integer=True)
    ax.legend()


def draw_capacity(result: CapacityResult, path: Path) -> Path:
    """Draw overlap against load.

    Parameters
    ----------
    result : CapacityResult
        What to show.
    path : pathlib.Path
        PNG file to write.

    Returns
    -------
    pathlib.Path
        The same path.
    """
    asked = result.settings
    with new_figure(6, 3.8) as figure:
        ax = figure.subplots()
        ax.plot(result.loads, result.overlaps, ".", color=COLOURS[0], alpha=0.25)
        ax.plot(
            result.loads, result.overlaps.mean(axis=1), "o-", label="mean of all trials"
        )
        ax.axvline(CRITICAL_LOAD, color=COLOURS[1], linestyle="--")
        ax.annotate(
            f"theory, Hebbian:\n{CRITICAL_LOAD} N",
            (CRITICAL_LOAD, 0.03),
            xytext=(5, 0),
            textcoords="offset points",
            color=COLOURS[1],
            fontsize=8,
        )
        ax.set_ylim(min(0, result.overlaps.min()), 1.05)
        ax.set_xlabel("load P/N (stored patterns a neuron)")
        ax.set_ylabel("overlap with the stored pattern")
        ax.set_title(
            f"{asked['neurons']} neurons, {asked['rule']} rule, random patterns, "
            f"{asked['flip']:.0%} of the cue flipped"
        )
        ax.legend(loc="lower left")
        return save_figure(figure, path)
