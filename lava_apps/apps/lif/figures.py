"""Figures of a neuron under constant current."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np

from lava_apps.apps.lif.experiment import CURVE_STEPS, LIFResult
from lava_apps.plotting import (
    COLOURS,
    draw_f_i_curve,
    draw_membrane,
    new_figure,
    save_figure,
)


def draw_neuron(result: LIFResult, path: Path) -> Path:
    """Draw the membrane potential and the f-I curve.

    Parameters
    ----------
    result : LIFResult
        What to show.
    path : pathlib.Path
        PNG file to write.

    Returns
    -------
    pathlib.Path
        The same path.
    """
    with new_figure(10, 3.8) as figure:
        left, right = figure.subplots(1, 2, width_ratios=[1.6, 1])
        _draw_potential(left, result)
        _draw_curve(right, result)
        return save_figure(figure, path)


def _draw_potential(ax: Any, result: LIFResult) -> None:
    membrane = result.membrane
    times = np.concatenate([[0.0], result.times_ms])
    # The neuron starts at rest.
    potential = np.concatenate([[membrane.v_rest], result.potential_mv])
    spikes = result.spike_times_ms
    draw_membrane(ax, times, potential, threshold=membrane.v_th, spike_times=spikes)
    count = len(spikes)
    if count:
        title = f"{count} spike" + ("s" if count > 1 else "")
        if result.interval_ms is not None:
            title += f", every {result.interval_ms:.1f} ms"
    else:
        title = f"no spike, {result.resting}"
    ax.set_title(f"drive {result.current:g} mV: {title}")


def _draw_curve(ax: Any, result: LIFResult) -> None:
    edge = result.threshold_current
    draw_f_i_curve(
        ax,
        result.curve_currents,
        result.curve_rates_hz,
        closed_form=lambda drives: 1000 / result.membrane.period(drives),
        label=f"measured, {result.precision}",
    )
    ax.axvline(result.current, color=COLOURS[2], linestyle=":", label="this drive")
    title = f"f-I curve: spikes above {edge:g} mV"
    missing = int(np.isnan(result.curve_rates_hz).sum())
    if missing:
        title += f"\n({missing} drives too slow for {CURVE_STEPS:,} time steps)"
    ax.set_title(title)
    ax.legend(loc="lower right")
