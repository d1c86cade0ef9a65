"""Training of a map, with checkpoints."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from lava_apps.apps.checkpoints import Checkpoints, load_checkpoint
from lava_apps.apps.divergence import check_map
from lava_apps.apps.som.network import MapNetwork, MapSettings
from lava_apps.parameters import Array
from lava_apps.runtime import Simulator, Snapshot
from lava_apps.runtime import state as files
from lava_apps.runtime.simulator import BackendName

_KIND = "self-organising map's training"
_CHUNK = 2_000  # time steps from one look to the next


@dataclass(frozen=True)
class Progress:
    """How far a training is.

    Parameters
    ----------
    settings : MapSettings
        Of the map.
    samples : int
        How many there are.
    done : int
        Presentations so far.
    timed : int
        How many of them were timed: not the first one of an OS process, which waits
        for the graph to be compiled.
    seconds : float
        Time spent on these.
    data : str
        What the samples are, for a checkpoint.
    """

    settings: MapSettings
    samples: int
    done: int = 0
    timed: int = 0
    seconds: float = 0.0
    data: str = ""

    @property
    def total(self) -> int:
        """Presentations in all."""
        return self.settings.epochs * self.samples

    def header(self) -> dict[str, Any]:
        """Give what a checkpoint says besides the state of the graph."""
        names = ("samples", "done", "timed", "seconds", "data")
        return {
            "settings": self.settings.summary(),
            "progress": {name: getattr(self, name) for name in names},
        }


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
        For a file that is missing, damaged, or no checkpoint of a map.
    """
    content, snapshot = load_checkpoint(path, _KIND)
    with files.complete(path):
        settings = MapSettings(**content["settings"])
        return Progress(settings, **content["progress"]), snapshot


def train(
    data: Array,
    progress: Progress,
    *,
    snapshot: Snapshot | None = None,
    backend: BackendName = "auto",
    checkpoint: Path | None = None,
    checkpoint_seconds: float = 60.0,
    on_chunk: Callable[[int], None] = lambda _: None,
) -> tuple[Progress, Array, str]:
    """Present samples until all is done, each epoch in an order of its own.

    Ctrl-C (KeyboardInterrupt) and any error write a checkpoint of the last whole chunk
    first.

    Parameters
    ----------
    data : (samples, features) numpy.ndarray
        Samples, scaled.
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
        Called with the number of presentations that were done.

    Returns
    -------
    progress : Progress
        How it ended.
    weights : (neurons, features) numpy.ndarray of float
        In units of the data.
    backend : str
        What it ran on.

    Raises
    ------
    DivergenceError
        For weights that leave the data far behind. The checkpoint is from before.
    """
    settings, samples = progress.settings, progress.samples
    network = MapNetwork(settings, data)
    chunk, warm = max(1, _CHUNK // settings.steps), False
    with Simulator(network.som, backend=backend, precision=settings.precision) as sim:
        if snapshot is not None:
            sim.restore(snapshot)
        with Checkpoints(checkpoint, _KIND, checkpoint_seconds) as checkpoints:
            checkpoints.keep(progress.header, sim.snapshot)
            while progress.done < progress.total:
                begin = time.perf_counter()
                epoch, place = divmod(progress.done, samples)
                if place == 0:
                    network.begin_epoch(sim, epoch)
                presented = min(chunk if warm else 1, samples - place)
                sim.run(presented * settings.steps)
                if settings.precision == "floating_pt":  # 8 bits cannot diverge
                    when = f"after {progress.done + presented:,} presentations"
                    check_map(network.weights(sim), data, when, _advice(settings))
                progress = replace(progress, done=progress.done + presented)
                if warm:
                    progress = replace(
                        progress,
                        timed=progress.timed + presented,
                        seconds=progress.seconds + time.perf_counter() - begin,
                    )
                warm = True
                checkpoints.keep(progress.header, sim.snapshot)
                on_chunk(presented)
        return progress, network.weights(sim), sim.backend


def _advice(settings: MapSettings) -> str:
    """Say what makes weights leave the data, and what to change."""
    if settings.neighbourhood == "mexican_hat":
        return (
            'neighbourhood="mexican_hat" pushes distant neurons away from each sample; '
            "lower rate and radius, or take another neighbourhood"
        )
    return "lower rate"
