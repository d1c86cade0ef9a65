"""Figures of what the network learned."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np

from lava_apps.apps.digits.experiment import DigitsResult
from lava_apps.apps.digits.model import DIGITS, Model
from lava_apps.apps.digits.network import STEPS, DigitsNetwork
from lava_apps.apps.digits.pictures.sight import Sight
from lava_apps.apps.digits.recognition import Answer
from lava_apps.apps.digits.reward import RewardResult
from lava_apps.parameters import Array
from lava_apps.plotting import COLOURS, draw_raster, new_figure, save_figure
from lava_apps.plotting import draw_receptive_fields as draw_fields
from lava_apps.runtime import Simulator

_SIDE = 28
_MOST_FIELDS = 400
_SMOOTH = 20  # points or trials that a curve is averaged over


def draw_receptive_fields(model: Model, path: Path) -> Path:
    """Draw the weights of each neuron as an image, in the order of its digit.

    Parameters
    ----------
    model : Model
        A trained network.
    path : pathlib.Path
        PNG file to write.

    Returns
    -------
    pathlib.Path
        The same path.
    """
    order = np.argsort(model.labels, kind="stable")
    # Of many neurons every so many-th, so that all digits are seen.
    shown = order[:: -(-len(order) // _MOST_FIELDS)]
    rows = -(-len(shown) // int(np.ceil(np.sqrt(len(shown)))))
    columns = -(-len(shown) // rows)
    with new_figure(7, 7 * rows / columns + 0.4) as figure:
        ax = figure.subplots()
        draw_fields(ax, model.weights[shown], (_SIDE, _SIDE))
        of = f" of {len(order)}" if len(shown) < len(order) else ""
        title = (
            f"receptive fields of {len(shown)}{of} neurons, by the digit they answer"
        )
        ax.set_title(title)
        return save_figure(figure, path)


def record_spikes(model: Model, images: Array) -> tuple[Array, Array]:
    """Record the spikes of a network for a few images.

    Parameters
    ----------
    model : Model
        A trained network.
    images : (samples, pixels) numpy.ndarray of uint8
        What to present.

    Returns
    -------
    steps, neurons : (spikes,) numpy.ndarray of int
        When which neuron won.
    """
    network = DigitsNetwork(
        model.settings, images, weights=model.weights, theta=model.theta, learning=False
    )
    with Simulator(network.neurons, precision=model.settings.precision) as sim:
        probe = sim.probe(network.competition.s_out)
        sim.run(len(images) * STEPS)
        return probe.where()


def draw_digits(result: DigitsResult, images: Array, path: Path) -> Path:
    """Draw accuracy over images, confusions, a raster, and a histogram of weights.

    Parameters
    ----------
    result : DigitsResult
        What to show.
    images : (samples, pixels) numpy.ndarray of uint8
        A few test images for the raster, the first of the test.
    path : pathlib.Path
        PNG file to write.

    Returns
    -------
    pathlib.Path
        The same path.
    """
    with new_figure(10, 7) as figure:
        axes = figure.subplots(2, 2)
        _draw_curve(axes[0, 0], result)
        _draw_confusion(figure, axes[0, 1], result)
        _draw_raster(axes[1, 0], result, images)
        _draw_weights(axes[1, 1], result.model)
        return save_figure(figure, path)


def draw_answer(sight: Sight, answer: Answer, path: Path) -> Path:
    """Draw an image, what the network saw of it, and the votes.

    Parameters
    ----------
    sight : Sight
        The image.
    answer : Answer
        What the network says of it.
    path : pathlib.Path
        PNG file to write.

    Returns
    -------
    pathlib.Path
        The same path.
    """
    with new_figure(9, 3.2) as figure:
        picture, seen, votes = figure.subplots(1, 3)
        _draw_picture(picture, sight)
        seen.imshow(sight.tilted[0], cmap="gray", vmin=0, vmax=255)
        seen.set_title("what the network saw")
        for ax in (picture, seen):
            ax.axis("off")
        best = answer.likeliest[:1]
        colours = [COLOURS[1] if d in best else COLOURS[0] for d in range(DIGITS)]
        votes.bar(range(DIGITS), 100 * answer.shares, color=colours)
        votes.set_xticks(range(DIGITS))
        votes.set_ylim(0, 100)
        votes.set_xlabel("digit")
        votes.set_ylabel("votes (%)")
        doubt = ", unlike what it learned" if answer.doubtful else ""
        votes.set_title(f"{best[0] if best else 'no spikes'}{doubt}")
        return save_figure(figure, path)


def _draw_picture(ax: Any, sight: Sight) -> None:
    height, width, channels = sight.levels.shape
    shown = sight.levels if channels == 3 else sight.levels[..., 0]
    ax.imshow(shown, cmap="gray", vmin=0, vmax=1)
    top, bottom, left, right = sight.window
    x = (left, right, right, left, left)
    y = (top, top, bottom, bottom, top)
    ax.plot(np.array(x) - 0.5, np.array(y) - 0.5, color=COLOURS[1], clip_on=False)
    ax.set_title(f"the image, {width} by {height} pixels")


def _smooth(values: Array, width: int) -> Array:
    kernel = np.ones(width)
    weights = np.convolve(np.ones(len(values)), kernel, "same")
    means: Array = np.convolve(values, kernel, "same") / weights
    return means


def _draw_curve(ax: Any, result: DigitsResult) -> None:
    curve = np.array(result.progress.curve).reshape(-1, 2)
    if len(curve):
        ax.plot(curve[:, 0], 100 * curve[:, 1], ".", color=COLOURS[5], markersize=3)
        smooth = _smooth(curve[:, 1], min(_SMOOTH, len(curve)))
        ax.plot(curve[:, 0], 100 * smooth, color=COLOURS[0], label="running, training")
    ax.axhline(
        100 * result.accuracy, color=COLOURS[1], linestyle="--", label="test images"
    )
    ax.set_ylim(0, 100)
    ax.set_xlabel("images presented")
    ax.set_ylabel("accuracy (%)")
    ax.set_title(
        f"{result.model.settings.neurons} neurons: {result.accuracy:.1%} of "
        f"{len(result.test_labels):,} test images"
    )
    ax.legend(loc="lower right")


def _draw_confusion(figure: Any, ax: Any, result: DigitsResult) -> None:
    table = np.zeros((DIGITS, DIGITS))
    np.add.at(table, (result.test_labels, result.predicted), 1)
    share = 100 * table / np.maximum(table.sum(axis=1, keepdims=True), 1)
    image = ax.imshow(share, cmap="viridis", vmin=0, vmax=100)
    for digit in range(DIGITS):
        for said in range(DIGITS):
            if share[digit, said] >= 1:
                colour = "black" if share[digit, said] > 60 else "white"
                text = f"{share[digit, said]:.0f}"
                ax.text(
                    said, digit, text, ha="center", va="center", color=colour, size=7
                )
    ax.set_xticks(range(DIGITS))
    ax.set_yticks(range(DIGITS))
    ax.set_xlabel("recognised as")
    ax.set_ylabel("digit")
    ax.set_title("confusion matrix")
    figure.colorbar(image, ax=ax, label="share of the digit (%)")


def _draw_raster(ax: Any, result: DigitsResult, images: Array) -> None:
    steps, neurons = record_spikes(result.model, images)
    labels = result.model.labels
    order = np.argsort(labels, kind="stable")
    text = "time step (above: the digit that is shown)"
    draw_raster(ax, steps, neurons, order=order, xlabel=text)
    for n, digit in enumerate(result.test_labels[: len(images)]):
        ax.axvline(n * STEPS, color="0.8", linewidth=0.8)
        ax.annotate(
            str(digit),
            ((n + 0.5) * STEPS, 1.01),
            xycoords=("data", "axes fraction"),
            ha="center",
            fontsize=9,
        )
    edges = np.searchsorted(labels[order], np.arange(DIGITS + 1))
    ax.set_yticks((edges[:-1] + edges[1:]) / 2, [str(d) for d in range(DIGITS)])
    for edge in edges:
        ax.axhline(edge - 0.5, color="0.9", linewidth=0.6)
    ax.set_xlim(0, len(images) * STEPS)
    ax.set_ylabel("neurons, by the digit they answer")


def _draw_weights(ax: Any, model: Model) -> None:
    ax.hist(model.weights.reshape(-1), bins=60, color=COLOURS[2])
    ax.set_yscale("log")
    unit = " (8-bit units)" if model.settings.is_fixed else ""
    ax.set_xlabel(f"weight{unit}")
    ax.set_ylabel("synapses")
    ax.set_title("learned weights")


def draw_reward(result: RewardResult, path: Path) -> Path:
    """Draw how often the right action was taken, and the weights behind it.

    Parameters
    ----------
    result : RewardResult
        What to show.
    path : pathlib.Path
        PNG file to write.

    Returns
    -------
    pathlib.Path
        The same path.
    """
    trials = np.arange(len(result.right))
    half = result.weights.shape[2] // 2
    with new_figure(10, 3.4) as figure:
        left, right = figure.subplots(1, 2)
        left.plot(
            trials,
            100 * _smooth(result.right.astype(float), min(_SMOOTH, len(trials))),
            color=COLOURS[0],
        )
        left.axhline(50, color="0.7", linestyle=":", label="chance")
        left.set_ylim(0, 105)
        left.set_ylabel("right actions (%)")
        left.set_title(f"mean of {min(_SMOOTH, len(trials))} trials")
        for cue in (0, 1):
            for action in (0, 1):
                part = result.weights[:, action, cue * half : (cue + 1) * half]
                right.plot(
                    trials,
                    part.mean(axis=1),
                    color=COLOURS[cue],
                    linestyle=("-", "--")[action],
                    label=f"cue {'AB'[cue]} to action {action + 1}",
                )
        right.set_ylabel("mean weight")
        right.set_title("synapses")
        right.legend()
        for ax in (left, right):
            ax.axvline(result.reversal, color=COLOURS[3], linestyle="--")
            ax.set_xlabel("trial (line: the pairings are exchanged)")
        return save_figure(figure, path)
