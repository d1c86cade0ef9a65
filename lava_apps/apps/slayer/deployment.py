"""A network from its file, as a graph of Lava Processes; torch is not needed."""

from __future__ import annotations

import json
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from lava_apps.apps.slayer.tasks import Task
from lava_apps.netx import NetworkError, load_network, open_network
from lava_apps.parameters import Array
from lava_apps.processes.encoders import GradedEncoder
from lava_apps.runtime import Simulator
from lava_apps.runtime.simulator import BackendName

_DELTA_BITS, _DELTA_UNITS = 16, 4096
_WARM_UP = 1  # time steps; what is compiled is compiled then
_PIECE = 500  # samples from one look at progress to the next


@dataclass(frozen=True)
class Deployed:
    """What a graph told of samples.

    Parameters
    ----------
    classes : (samples,) numpy.ndarray of int
        The class of the highest score; the first one of equal ones.
    output : (samples, classes, steps) numpy.ndarray
        Messages of the output layer.
    seconds : float
        For all time steps, once the graph was built and had run one.
    backend : str
        What ran it.
    """

    classes: Array
    output: Array
    seconds: float
    backend: str


def about(path: Path) -> dict[str, Any]:
    """Read what the file of a network says about itself.

    Parameters
    ----------
    path : pathlib.Path
        What ``lava-apps slayer train`` or ``convert`` wrote.

    Returns
    -------
    dict
        With task, kind, steps, seed, accuracy_trained and image_shape.

    Raises
    ------
    NetworkError
        For a file that is none, or of another origin.
    """
    keys = ("task", "kind", "steps", "seed", "accuracy_trained")
    with open_network(path, "damaged, or not written by lava-apps slayer") as file:
        known: dict[str, Any] = json.loads(file.attrs["lava_apps"])
        return {name: known[name] for name in keys} | known


def build(path: Path, task: Task, split: str, count: int, kind: str) -> tuple[Any, Any]:
    """Build the graph: an encoder, and the network.

    Parameters
    ----------
    path : pathlib.Path
        File of the network.
    task : Task
        Data.
    split : {"train", "test"}
        Of which samples.
    count : int
        How many are presented.
    kind : {"dense", "conv", "sigma-delta"}
        Of the network.

    Returns
    -------
    network : lava.lib.dl.netx.hdf5.Network
        The network.
    encoder : Process
        What feeds it.
    """
    bits = _DELTA_BITS if kind == "sigma-delta" else task.bits
    reset = None if kind == "sigma-delta" else task.steps
    network: Any = load_network(path, reset_interval=reset, input_bits=bits)
    if kind == "sigma-delta":
        encoder: Any = _changes(task, split, count)
    else:
        encoder = task.encoder(split, count, image=kind == "conv")
    if encoder.s_out.shape != network.inp.shape:
        found, wanted = encoder.s_out.shape, network.inp.shape
        problem = f"takes messages of shape {wanted}, {task.name} has {found}"
        raise NetworkError(f"{path}: {problem}")
    encoder.s_out.connect(network.inp)
    return network, encoder


def _changes(task: Task, split: str, count: int) -> GradedEncoder:
    """Send what changes from image to image, in 4096ths of a spike a time step."""
    rates = task.messages(split, np.arange(count)).mean(axis=2)
    units = np.rint(rates * _DELTA_UNITS).astype(np.int32)
    return GradedEncoder(data=np.diff(units, axis=0, prepend=0), steps=task.steps)


def run(
    path: Path,
    task: Task,
    *,
    kind: str,
    count: int,
    split: str = "test",
    backend: BackendName = "auto",
    on_samples: Callable[[int], None] | None = None,
) -> Deployed:
    """Run a network on the first samples.

    Each layer takes a time step, so the output of a sample comes as many time steps
    later than in SLAYER.

    Parameters
    ----------
    path : pathlib.Path
        File of the network.
    task : Task
        Data.
    kind : {"dense", "conv", "sigma-delta"}
        Of the network.
    count : int
        Samples.
    split : {"train", "test"}
        Of which they are. Default "test".
    backend : {"auto", "compiled", "inline", "lava"}
        What runs the graph. Default "auto".
    on_samples : callable, optional
        Called now and then with the samples that were done.

    Returns
    -------
    Deployed
        Classes and messages of the output, and the time it took.
    """
    network, encoder = build(path, task, split, count, kind)
    late = sum(hasattr(layer, "synapse") for layer in network.layers)
    total = count * task.steps + late
    source = network.out_layer.neuron.s_out
    with Simulator(encoder, precision="fixed_pt", backend=backend) as sim:
        probe = sim.probe(source)
        sim.run(_WARM_UP)
        begin, done = time.perf_counter(), _WARM_UP
        while done < total:
            steps = min(_PIECE * task.steps, total - done)
            sim.run(steps)
            done += steps
            if on_samples is not None:
                on_samples(min(done // task.steps, count))
        seconds = time.perf_counter() - begin
        chosen = sim.backend
    rows = probe.array().reshape(total, -1)[late:]
    output = rows.reshape(count, task.steps, -1).transpose(0, 2, 1)
    scores = output[..., -1] if kind == "sigma-delta" else output.sum(axis=2)
    return Deployed(scores.argmax(axis=1), output, seconds, chosen)
