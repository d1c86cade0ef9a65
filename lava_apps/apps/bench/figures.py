"""Figures of the benchmarks."""

from __future__ import annotations

from pathlib import Path

import numpy as np
from matplotlib.ticker import NullFormatter

from lava_apps.apps.bench.experiment import OURS, Comparison
from lava_apps.apps.bench.scaling import Size
from lava_apps.plotting import COLOURS, new_figure, save_figure

TITLES = {
    "balanced": "4,000 LIF, 320,000 synapses",
    "chain": "8 LIF and 7 Dense of 100 neurons",
    "digits": "learning digits by STDP, 784 inputs to 400 neurons",
}


def draw_comparison(comparisons: list[Comparison], path: Path) -> Path:
    """Draw the time of a step on each simulator.

    Parameters
    ----------
    comparisons : list of Comparison
        One for each network.
    path : pathlib.Path
        PNG file to write.

    Returns
    -------
    pathlib.Path
        The same path.
    """
    heights = [len(one.measured) + 1.5 for one in comparisons]
    with new_figure(7.5, 0.32 * sum(heights) + 0.8) as figure:
        axes = figure.subplots(
            len(comparisons), 1, height_ratios=heights, squeeze=False, sharex=True
        )
        for ax, one in zip(axes[:, 0], comparisons, strict=True):
            names = sorted(one.measured, key=lambda n: one.measured[n].median)
            times = [one.measured[name].median * 1e6 for name in names]
            colours = [COLOURS[0 if name == OURS else 1] for name in names]
            labels = [f"{name} {one.measured[name].version}" for name in names]
            ax.barh(labels, times, color=colours, height=0.65)
            for place, (name, time) in enumerate(zip(names, times, strict=True)):
                times_slower = "" if name == OURS else f", {one.ratio(name):,.1f} times"
                ax.text(
                    time * 1.1,
                    place,
                    f"{time:,.{0 if time > 100 else 1}f} µs{times_slower}",
                    va="center",
                    fontsize=8,
                )
            ax.set_xscale("log")
            ax.set_xlim(1, 30 * max(times))
            ax.invert_yaxis()
            ax.set_title(TITLES[one.network], loc="left")
        axes[-1, 0].set_xlabel("time of a step (µs), one thread")
        return save_figure(figure, path)


def draw_scaling(sizes: list[Size], path: Path) -> Path:
    """Draw how time and memory grow with a network.

    Parameters
    ----------
    sizes : list of Size
        By size.
    path : pathlib.Path
        PNG file to write.

    Returns
    -------
    pathlib.Path
        The same path.
    """
    synapses = np.array([size.synapses for size in sizes])
    panels = {
        "time of a step (µs)": [size.us_per_step for size in sizes],
        "peak memory (GiB)": [size.peak_bytes / 2**30 for size in sizes],
    }
    with new_figure(8, 3.4) as figure:
        axes = figure.subplots(1, 2)
        for ax, (title, values) in zip(axes, panels.items(), strict=True):
            ax.loglog(synapses, values, "o-", color=COLOURS[0])
            for x, y, size in zip(synapses, values, sizes, strict=True):
                ax.annotate(
                    f"{size.neurons:,}",
                    (x, y),
                    xytext=(4, -10),
                    textcoords="offset points",
                    fontsize=7,
                )
            ax.margins(0.14)
            ax.yaxis.set_major_formatter(lambda value, _: f"{value:,g}")
            ax.yaxis.set_minor_formatter(NullFormatter())
            ax.set_ylim(bottom=10 ** np.floor(np.log10(min(values) / 2)))
            ax.set_xlabel("8-bit synapses (labels: neurons)")
            ax.set_ylabel(title)
        return save_figure(figure, path)
