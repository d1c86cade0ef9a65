"""An artificial network becomes a spiking one, by the rates of its neurons.

A network of rectified linear units without biases is trained in plain torch. Neurons
that integrate without a leak and fire at a threshold then send at rates proportional to
the activations, if each layer is scaled by its largest one (Diehl et al. 2015, IJCNN;
the 99.9th percentile of Rueckauer et al. 2017, Front. Neurosci. 11:682).

Lava's LIF is set to 0 by a spike, and what was above the threshold is lost. Hence rates
are kept below one spike in `HEADROOM` time steps, where less is.
"""

from __future__ import annotations

import itertools
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np

from lava_apps.apps.slayer.networks import Settings, import_torch, write_blocks
from lava_apps.apps.slayer.tasks import Task
from lava_apps.loihi2.formats import FORMATS
from lava_apps.parameters import Array

HEADROOM = 2
"""Most neurons send at most one spike in so many time steps."""

STEPS = 64
"""Time steps of an image; of its output fewer can be looked at."""

_PERCENTILE = 99.9
_CALIBRATION = 2_000  # training samples that activations are from
_MANTISSA = FORMATS["mixed_weight"].high


def make_ann(settings: Settings, task: Task) -> Any:
    """Make a network of rectified linear units, in the form that `train` wants.

    Parameters
    ----------
    settings : Settings
        Its task, hidden neurons and dropout.
    task : Task
        Data.

    Returns
    -------
    torch.nn.Module
        It takes messages, and sees their rates alone; `layers` are its linear layers.
    """
    import_torch()  # or say what is missing
    import torch

    class Ann(torch.nn.Module):
        """Linear layers without biases, rectified."""

        def __init__(self) -> None:
            super().__init__()
            sizes = (task.inputs, settings.hidden, task.classes)
            self.layers = torch.nn.ModuleList(
                torch.nn.Linear(m, n, bias=False) for m, n in itertools.pairwise(sizes)
            )
            self.dropout = torch.nn.Dropout(settings.dropout)

        def activations(self, messages: Any) -> list[Any]:
            """Give the activations of all layers, the input included."""
            found = [messages.mean(dim=-1)]
            for layer in self.layers:
                found.append(torch.relu(layer(self.dropout(found[-1]))))
            return found

        def forward(self, messages: Any) -> Any:
            # The last layer is not rectified while it learns, or it could die.
            *_, before, _ = self.activations(messages)
            return self.layers[-1](self.dropout(before))[..., None]

        @staticmethod
        def scores(output: Any) -> Any:
            """Give one score a class."""
            return output[..., 0]

    return Ann()


@dataclass(frozen=True)
class Converted:
    """Layers of integrate-and-fire neurons.

    Parameters
    ----------
    weights : list of (n, m) numpy.ndarray of int
        8 bits, even.
    thresholds : list of int
        In the same units.
    """

    weights: list[Array]
    thresholds: list[int]


def convert(network: Any, task: Task) -> Converted:
    """Scale layers by their activations, and round them to 8 bits.

    Parameters
    ----------
    network : torch.nn.Module
        From `make_ann`, trained.
    task : Task
        Whose training samples activations are from.

    Returns
    -------
    Converted
        Weights and thresholds.
    """
    import torch

    network.eval()
    count = min(_CALIBRATION, len(task.labels["train"]))
    with torch.no_grad():
        messages = torch.from_numpy(task.messages("train", np.arange(count)))
        found = network.activations(messages)
    # The input is at its rate already; each layer gets HEADROOM below 1.
    largest = [1.0]
    for activations in found[1:]:
        most = np.percentile(activations.numpy().max(axis=1), _PERCENTILE)
        largest.append(float(most) * HEADROOM)
    weights, thresholds = [], []
    for n, layer in enumerate(network.layers):
        scaled = layer.weight.detach().numpy() * largest[n] / largest[n + 1]
        unit = _MANTISSA / np.abs(scaled).max()
        weights.append((2 * np.rint(scaled * unit / 2)).astype(np.int64))
        thresholds.append(int(np.clip(np.rint(unit), 1, FORMATS["vth"].high)))
    return Converted(weights, thresholds)


def write(converted: Converted, path: Path, about: dict[str, Any]) -> Path:
    """Write a converted network as lava-dl's netx reads it, whole or not at all.

    Parameters
    ----------
    converted : Converted
        What to write.
    path : pathlib.Path
        Where to; its folder is made if it is missing.
    about : dict
        What else is to be known about it; kept as an attribute of the file.

    Returns
    -------
    pathlib.Path
        The same path.
    """
    layers = zip(converted.weights, converted.thresholds, strict=True)
    return write_blocks([_Integrating(*layer) for layer in layers], path, about)


@dataclass(frozen=True)
class _Integrating:
    """A dense layer of integrate-and-fire neurons, as netx reads it."""

    weights: Array
    threshold: int

    def export_hdf5(self, handle: Any) -> None:
        outputs, inputs = self.weights.shape
        handle.create_dataset("type", (1,), "S10", [b"dense"])
        neuron = {
            "type": "CUBA",
            "iDecay": 4096,
            "vDecay": 0,
            "vThMant": self.threshold,
            "refDelay": 1,
            "gradedSpike": False,
        }
        values: dict[str, Any] = {f"neuron/{n}": value for n, value in neuron.items()}
        values |= {"shape": [outputs], "weight": self.weights}
        values |= {"inFeatures": inputs, "outFeatures": outputs}
        for name, value in values.items():
            handle.create_dataset(name, data=value)


def accuracy_by_steps(output: Array, labels: Array) -> dict[int, float]:
    """Give the accuracy when only the first time steps of an output are looked at.

    Parameters
    ----------
    output : (samples, classes, steps) numpy.ndarray
        Spikes.
    labels : (samples,) numpy.ndarray of int
        True classes.

    Returns
    -------
    dict of int to float
        Fraction right, by numbers of time steps: powers of two, and all.
    """
    most = output.shape[-1]
    chosen = sorted({2**n for n in range(2, 32) if 2**n < most} | {most})
    counts = np.cumsum(output, axis=-1)
    return {
        n: float((counts[..., n - 1].argmax(axis=1) == labels).mean()) for n in chosen
    }


def at_steps(task: Task, steps: int) -> Task:
    """Present the samples of a task for another number of time steps.

    Parameters
    ----------
    task : Task
        Of images.
    steps : int
        Time steps.

    Returns
    -------
    Task
        The same data.
    """
    return replace(task, steps=steps)
