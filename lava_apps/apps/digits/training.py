"""Training with checkpoints: it can be stopped, killed and resumed at any time."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import numpy as np

from lava_apps.apps.checkpoints import Checkpoints, load_checkpoint
from lava_apps.apps.digits.model import (
    DIGITS,
    PROBE_BYTES,
    Model,
    count_wins,
    tuning_of,
    votes,
)
from lava_apps.apps.digits.network import STEPS, DigitsNetwork, Settings
from lava_apps.parameters import Array
from lava_apps.runtime import Simulator, Snapshot
from lava_apps.runtime import state as files
from lava_apps.runtime.simulator import BackendName

CHUNK = 100
"""Images from one look at the network to the next."""

_KIND = "training of digits"
_WINDOW = 2_000  # images that labels of neurons for the running accuracy are from


@dataclass
class Progress:
    """How far a training is.

    Parameters
    ----------
    settings : Settings
        Of the network.
    images : int
        Training images.
    total : int
        Presentations in all.
    done : int
        Presentations so far.
    spikes : int
        Spikes so far.
    seconds : float
        Time spent on them, of all OS processes that had a part in it.
    curve : list of (int, float)
        Presentations, and the running accuracy then: of the last images before they
        were learnt, with labels from the images before them. On training images only.
    recent : (n, neurons) numpy.ndarray of int
        Responses to the last images.
    """

    settings: Settings
    images: int
    total: int
    done: int = 0
    spikes: int = 0
    seconds: float = 0.0
    curve: list[tuple[int, float]] = field(default_factory=list)
    recent: Array = field(default_factory=lambda: np.zeros((0, 0), np.int32))

    @property
    def accuracy(self) -> float | None:
        """The running accuracy, if there is one yet."""
        return self.curve[-1][1] if self.curve else None

    def header(self) -> dict[str, Any]:
        """Give what a checkpoint says besides the state of the graph."""
        return {
            "settings": self.settings.summary(),
            "progress": {
                name: getattr(self, name)
                for name in ("images", "total", "done", "spikes", "seconds", "curve")
            },
            "recent": self.recent.tolist(),
        }


def order_of(settings: Settings, images: int) -> Array:
    """Give the order in which images are presented, the same in each epoch.

    Parameters
    ----------
    settings : Settings
        Whose seed decides.
    images : int
        How many.

    Returns
    -------
    (images,) numpy.ndarray of int
        Indices.
    """
    return np.random.default_rng([settings.seed, 1]).permutation(images)


def load_progress(path: Path) -> tuple[Progress, Snapshot]:
    """Read a checkpoint.

    Parameters
    ----------
    path : pathlib.Path
        What a training wrote.

    Returns
    -------
    progress : Progress
        How far it was.
    snapshot : Snapshot
        State of the graph.

    Raises
    ------
    StateError
        For a file that is missing, damaged, or no checkpoint of a training.
    """
    content, snapshot = load_checkpoint(path, _KIND)
    with files.complete(path):
        settings = Settings(**content["settings"])
        recent = np.array(content["recent"], np.int32).reshape(-1, settings.neurons)
        told = dict(content["progress"])
        told["curve"] = [(int(n), float(a)) for n, a in told["curve"]]
        return Progress(settings, **told, recent=recent), snapshot


def train(
    images: Array,
    labels: Array,
    progress: Progress,
    *,
    snapshot: Snapshot | None = None,
    backend: BackendName = "auto",
    checkpoint: Path | None = None,
    checkpoint_seconds: float = 60.0,
    on_chunk: Callable[[Progress], None] = lambda _: None,
) -> tuple[Progress, Model, str]:
    """Present training images until all is done.

    Ctrl-C (KeyboardInterrupt) and any error write a checkpoint of the last whole chunk
    first.

    Parameters
    ----------
    images : (samples, pixels) numpy.ndarray of uint8
        Training images.
    labels : (samples,) numpy.ndarray of int
        Their digits, used for the running accuracy only.
    progress : Progress
        How far it is: new, or from a checkpoint.
    snapshot : Snapshot, optional
        State of the graph from a checkpoint.
    backend : {"auto", "compiled", "inline", "lava"}
        Backend of the Simulator. Checkpoints need "compiled" or "inline".
    checkpoint : pathlib.Path, optional
        Where to write checkpoints. Default: none are written.
    checkpoint_seconds : float
        Time from one to the next. Default 60.
    on_chunk : callable
        Called with the progress when images are done.

    Returns
    -------
    progress : Progress
        How it ended.
    model : Model
        The network, not knowing yet what its neurons stand for.
    backend : str
        What it ran on.
    """
    settings = progress.settings
    order = order_of(settings, len(images))
    network = DigitsNetwork(settings, images[order])
    with Simulator(
        network.neurons, backend=backend, precision=settings.precision
    ) as sim:
        wins = sim.probe(network.competition.s_out, max_bytes=PROBE_BYTES)
        if snapshot is not None:
            sim.restore(snapshot)
        with Checkpoints(checkpoint, _KIND, checkpoint_seconds) as checkpoints:
            checkpoints.keep(progress.header, sim.snapshot)
            while progress.done < progress.total:
                begin = time.perf_counter()
                end = min(progress.done + CHUNK, progress.total)
                sim.run((end - progress.done) * STEPS)
                _forget_theta(sim, network, settings, end - progress.done)
                places = _places(order, progress.done, end)
                progress = _note(progress, wins, labels, places, order)
                seconds = time.perf_counter() - begin
                progress = replace(progress, seconds=progress.seconds + seconds)
                checkpoints.keep(progress.header, sim.snapshot)
                on_chunk(progress)
        weights = np.ascontiguousarray(sim.get(network.synapses.weights))
        theta = sim.get(network.neurons.theta)
        unknown = np.zeros((DIGITS, settings.neurons))
        model = Model(settings, weights, theta, unknown)
        return progress, model, sim.backend


def _places(order: Array, begin: int, end: int) -> Array:
    """Say which images are presented from one presentation to another."""
    return np.asarray(order[np.arange(begin, end) % len(order)])


def _forget_theta(
    sim: Simulator, network: DigitsNetwork, settings: Settings, images: int
) -> None:
    """Let theta decay in fixed_pt, where it is too slow for 12 bits a time step."""
    if settings.is_fixed:
        kept = (1 - settings.theta_lost) ** (images * STEPS)
        theta = np.rint(sim.get(network.neurons.theta) * kept)
        sim.set(network.neurons.theta, theta.astype(np.int64))


def _note(
    progress: Progress, wins: Any, labels: Array, places: Array, order: Array
) -> Progress:
    """Count spikes, and bring the running accuracy up to date."""
    counts = np.zeros((len(places), progress.settings.neurons), np.int32)
    count_wins(wins, counts)
    recent, curve = progress.recent, list(progress.curve)
    if len(recent) >= _WINDOW // 2:
        known = _places(order, progress.done - len(recent), progress.done)
        tuning = tuning_of(recent, labels[known])
        right = float((votes(counts, tuning).argmax(axis=1) == labels[places]).mean())
        curve.append((progress.done + len(places), right))
    held = np.concatenate([recent.reshape(-1, counts.shape[1]), counts])[-_WINDOW:]
    return replace(
        progress,
        done=progress.done + len(places),
        spikes=progress.spikes + int(counts.sum()),
        curve=curve,
        recent=held,
    )
