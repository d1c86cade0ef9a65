"""Panels of spikes: rasters, membrane potentials, f-I curves, statistics."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import numpy.typing as npt
from matplotlib.axes import Axes
from matplotlib.ticker import MaxNLocator

from lava_apps.parameters import (
    Array,
    EventMatrix,
    Number,
    NumericArray,
    ParameterError,
    PositiveNumber,
    Vector,
    validated,
)
from lava_apps.plotting.style import COLOURS
from lava_apps.spike_trains import (
    coefficient_of_variation,
    fano_factor,
    firing_rates,
    intervals,
)

_BINS = 30
_SMALLEST = 2.5  # points; a smaller mark is not seen
_WINDOWS = 12  # at most, from one time step to a tenth of all


@validated
def draw_raster(
    ax: Axes,
    times: NumericArray,
    neurons: NumericArray,
    *,
    order: Vector | None = None,
    size: PositiveNumber | None = None,
    xlabel: str = "time step",
    ylabel: str = "neuron",
) -> None:
    """Draw a mark for each spike.

    Parameters
    ----------
    ax : matplotlib.axes.Axes
        Where to draw.
    times, neurons : (spikes,) array_like
        When each spike was, and of which neuron. ``np.nonzero`` gives both for an array
        (steps, neurons), :meth:`~lava_apps.runtime.Probe.where` for a
        probe.
    order : (neurons,) array_like of int, optional
        Neurons from the lowest row to the highest. Default: by their numbers.
    size : float, optional
        Height of a mark in points. Default: the height of a row, from 2.5 to 10.
    xlabel, ylabel : str
        Texts at the axes.

    Raises
    ------
    ParameterError
        For times and neurons that are not of one length, or an order that lacks a
        neuron.
    """
    owner = "draw_raster"
    if times.ndim != 1:
        raise ParameterError(owner, "times", "must be of one dimension", times)
    whole = neurons.size == 0 or bool((neurons == np.rint(neurons)).all())
    if neurons.shape != times.shape or not whole or neurons.min(initial=0) < 0:
        problem = f"must be {len(times)} numbers of neurons, as there are times"
        raise ParameterError(owner, "neurons", problem, neurons)
    rows = neurons.astype(int)
    count = int(rows.max(initial=0)) + 1
    if order is not None:
        if not np.array_equal(np.sort(order), np.arange(len(order))):
            raise ParameterError(owner, "order", "must name each neuron once", order)
        if count > len(order):
            problem = f"must name neuron {count - 1}, too"
            raise ParameterError(owner, "order", problem, order)
        rows, count = np.argsort(order)[rows], len(order)
    if size is None:
        height = ax.get_window_extent().height * 72 / ax.figure.dpi  # points
        size = float(np.clip(0.8 * height / max(count, 1), _SMALLEST, 10.0))
    ax.plot(times, rows, "|", color=COLOURS[0], markersize=size, markeredgewidth=1)
    ax.set_ylim(-0.7, count - 0.3)
    ax.yaxis.set_major_locator(MaxNLocator(integer=True))
    ax.set(xlabel=xlabel, ylabel=ylabel)


@validated
def draw_membrane(
    ax: Axes,
    times: Vector,
    potentials: NumericArray,
    *,
    threshold: Number | None = None,
    spike_times: NumericArray | None = None,
    xlabel: str = "time (ms)",
    ylabel: str = "membrane potential (mV)",
) -> None:
    """Draw membrane potentials, with the threshold and the spikes above it.

    Parameters
    ----------
    ax : matplotlib.axes.Axes
        Where to draw.
    times : (steps,) array_like
        Times of the potentials.
    potentials : (steps,) or (steps, neurons) array_like
        Potentials; several neurons get a colour each.
    threshold : float, optional
        Drawn as a dashed line. Default: none.
    spike_times : (spikes,) array_like, optional
        Drawn as strokes above all potentials. Default: none.
    xlabel, ylabel : str
        Texts at the axes.

    Raises
    ------
    ParameterError
        For potentials that are not as many as times.
    """
    shaped = potentials.ndim in (1, 2) and potentials.size > 0
    if not shaped or len(potentials) != len(times):
        problem = f"must be of shape ({len(times)},) or ({len(times)}, neurons)"
        raise ParameterError("draw_membrane", "potentials", problem, potentials)
    ax.plot(times, potentials, linewidth=1.2)
    highest, lowest = potentials.max(), potentials.min()
    if threshold is not None:
        highest, lowest = max(highest, threshold), min(lowest, threshold)
        ax.axhline(threshold, color="0.4", linestyle="--", linewidth=1)
        ax.annotate(
            "threshold",
            (1, threshold),
            xycoords=("axes fraction", "data"),
            xytext=(0, -10),
            textcoords="offset points",
            ha="right",
            color="0.3",
            fontsize=8,
        )
    if spike_times is not None and np.size(spike_times):
        unit = (highest - lowest) or 1.0
        base = highest + 0.08 * unit
        ax.vlines(np.ravel(spike_times), base, base + 0.2 * unit, color="black")
    ax.set(xlabel=xlabel, ylabel=ylabel)


@validated
def draw_f_i_curve(
    ax: Axes,
    drives: Vector,
    rates: Any,
    *,
    closed_form: Callable[[Array], npt.ArrayLike] | None = None,
    label: str = "measured",
    xlabel: str = "drive (mV)",
) -> None:
    """Draw the rate of a neuron against what drives it.

    Parameters
    ----------
    ax : matplotlib.axes.Axes
        Where to draw.
    drives : (points,) array_like
        What was given, ascending.
    rates : (points,) array_like
        Rates in Hz; what is NaN is left out.
    closed_form : callable, optional
        Gives the rates in Hz of many drives, to be drawn as a line. Default: none.
    label : str
        Name of the points in the legend. Default "measured".
    xlabel : str
        Text at the axis of the drives.

    Raises
    ------
    ParameterError
        For rates that are not as many as drives.
    """
    measured = _as_floats("rates", rates, drives.shape)
    if closed_form is not None:
        fine = np.linspace(drives[0], drives[-1], 2000)
        line = _as_floats("closed_form", closed_form(fine), fine.shape)
        ax.plot(fine, line, color=COLOURS[1], label="closed form")
    ax.plot(drives, measured, ".", color=COLOURS[0], label=label)
    ax.set(xlabel=xlabel, ylabel="rate (Hz)")
    ax.legend(loc="best")


def _as_floats(parameter: str, given: Any, shape: tuple[int, ...]) -> Array:
    """Make an array of floats, among which NaN may be."""
    problem = f"must be (or give) numbers of shape {shape}"
    try:
        values = np.asarray(given, float)
    except (TypeError, ValueError):
        raise ParameterError("draw_f_i_curve", parameter, problem, given) from None
    if values.shape != shape or np.isinf(values).any():
        raise ParameterError("draw_f_i_curve", parameter, problem, given)
    return values


@validated
def draw_spike_statistics(
    axes: Any,
    spikes: EventMatrix,
    *,
    dt: PositiveNumber = 1.0,
) -> None:
    """Draw rates, inter-spike intervals, and the Fano factor of many windows.

    Parameters
    ----------
    axes : sequence of matplotlib.axes.Axes
        Three of them.
    spikes : (steps, neurons) array_like
        Spikes in each time step.
    dt : float
        Length of a time step in ms. Default 1.

    Raises
    ------
    ParameterError
        For another number of axes, or less than 20 time steps.
    """
    panels = np.ravel(np.asarray(axes, object))
    if len(panels) != 3 or not all(isinstance(ax, Axes) for ax in panels):
        problem = "must be three Axes of matplotlib"
        raise ParameterError("draw_spike_statistics", "axes", problem, axes)
    if len(spikes) < 20:
        problem = "must hold at least 20 time steps"
        raise ParameterError("draw_spike_statistics", "spikes", problem, spikes)
    of_rates, of_intervals, of_counts = panels
    rates = firing_rates(spikes, dt)
    of_rates.hist(rates, bins=_BINS, color=COLOURS[0])
    of_rates.set(xlabel="rate (Hz)", ylabel="neurons")
    of_rates.set_title(f"mean {rates.mean():.3g} Hz")
    found = intervals(spikes, dt)
    longest = found.max(initial=dt)
    of_intervals.hist(found, bins=_BINS, range=(0, 1.1 * longest), color=COLOURS[2])
    of_intervals.set(xlabel="inter-spike interval (ms)", ylabel="intervals")
    of_intervals.set_title(f"coefficient of variation {_cv(found)}")
    windows = np.unique(np.geomspace(1, len(spikes) // 10, _WINDOWS).astype(int))
    means = []
    for window in windows:
        factors = fano_factor(spikes, int(window))
        known = factors[np.isfinite(factors)]
        means.append(known.mean() if len(known) else np.nan)
    of_counts.axhline(1, color="0.6", linestyle=":", label="Poisson process")
    of_counts.plot(windows * dt, means, "o-", color=COLOURS[1], label="mean of neurons")
    of_counts.set_xscale("log")
    highest = 1.15 * max([1.0, *np.array(means)[np.isfinite(means)]])
    of_counts.set(xlabel="window (ms)", ylabel="Fano factor", ylim=(0, highest))
    of_counts.legend(loc="best")


def _cv(found: Array) -> str:
    return f"{coefficient_of_variation(found):.2f}" if len(found) else "unknown"
