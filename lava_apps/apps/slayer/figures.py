"""Figures of deep spiking networks."""

from __future__ import annotations

from pathlib import Path

import numpy as np

from lava_apps.apps.slayer.experiment import Result
from lava_apps.apps.slayer.training import History
from lava_apps.parameters import Array
from lava_apps.plotting import COLOURS, new_figure, save_figure


def draw_training(history: History, result: Result, path: Path) -> Path:
    """Draw loss and accuracy over the epochs of a training.

    Parameters
    ----------
    history : History
        How it went.
    result : Result
        What came of it.
    path : pathlib.Path
        PNG file.

    Returns
    -------
    pathlib.Path
        The same path.
    """
    epochs = np.arange(1, history.epochs + 1)
    with new_figure(7, 2.8) as figure:
        left, right = figure.subplots(1, 2)
        left.plot(epochs, history.loss, marker=".")
        left.set(xlabel="epoch", ylabel="cross-entropy", ylim=(0, None))
        right.plot(
            epochs, 100 * np.array(history.accuracy), marker=".", label="training"
        )
        for value, label, colour in (
            (result.accuracy_trained, "test, in torch", COLOURS[2]),
            (result.accuracy_deployed, "test, as a graph", COLOURS[1]),
        ):
            style = "--" if label.endswith("graph") else "-"
            right.axhline(100 * value, color=colour, linestyle=style, label=label)
        right.set(xlabel="epoch", ylabel="accuracy (%)")
        right.legend()
        figure.suptitle(f"{result.task}, {result.network}", fontsize=10)
    return save_figure(figure, path)


def draw_steps(result: Result, path: Path) -> Path:
    """Draw the accuracy of a converted network against the time steps looked at.

    Parameters
    ----------
    result : Result
        Of a conversion.
    path : pathlib.Path
        PNG file.

    Returns
    -------
    pathlib.Path
        The same path.
    """
    with new_figure(4.5, 3) as figure:
        axes = figure.subplots()
        steps = sorted(result.by_steps)
        axes.plot(steps, [100 * result.by_steps[n] for n in steps], marker=".")
        axes.axhline(
            100 * result.accuracy_trained, color="0.4", linestyle="--", label="ANN"
        )
        axes.set_xscale("log", base=2)
        axes.set_xticks(steps, [str(n) for n in steps])
        axes.set(xlabel="time steps", ylabel="accuracy (%)")
        axes.set_title(f"{result.task}, {result.network}")
        axes.legend()
    return save_figure(figure, path)


def draw_output(output: Array, labels: Array, classes: Array, path: Path) -> Path:
    """Draw what the output layer sent for the first samples.

    Parameters
    ----------
    output : (samples, classes, steps) numpy.ndarray
        Spikes, or what sigma neurons held.
    labels, classes : (samples,) numpy.ndarray of int
        True classes, and those that were told.
    path : pathlib.Path
        PNG file.

    Returns
    -------
    pathlib.Path
        The same path.
    """
    shown = min(8, len(output))
    with new_figure(9, 2.6) as figure:
        panels = np.atleast_1d(figure.subplots(1, shown, sharey=True))
        for n, axes in enumerate(panels):
            axes.imshow(output[n], aspect="auto", cmap="Blues", interpolation="nearest")
            told = f"{classes[n]}" + (
                "" if classes[n] == labels[n] else f" ({labels[n]})"
            )
            axes.set_title(told, color="k" if classes[n] == labels[n] else COLOURS[1])
            axes.set_yticks(range(output.shape[1]))
        panels[0].set_ylabel("output neuron")
        figure.supxlabel("time step of the sample", fontsize=9)
    return save_figure(figure, path)
