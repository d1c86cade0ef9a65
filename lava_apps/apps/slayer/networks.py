"""Networks of lava-dl's SLAYER, as modules of torch."""

from __future__ import annotations

import contextlib
import io
import json
import warnings
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Annotated, Any, Literal

from pydantic import Field

from lava_apps.apps.slayer.tasks import Name, Task
from lava_apps.files import replacing
from lava_apps.netx import NetworkError
from lava_apps.parameters import (
    Fraction,
    Integer,
    ParameterError,
    PositiveInteger,
    PositiveNumber,
    Seed,
    validated,
)

Kind = Literal["dense", "conv", "sigma-delta"]
_THRESHOLD = 5.0
"""Large beside a step of the weights, 2 / 64, so that 8 bits are fine enough."""

_WEIGHT_SCALE = 4.0
_CURRENT_DECAY, _VOLTAGE_DECAY, _SERIES_DECAY = 0.25, 0.03, 0.1
_DELTA_THRESHOLD = 0.05
_LARGE = 16  # pixels a side
_SAMPLED_BATCHES, _SAMPLE_PERIOD = 10, 5


@dataclass(frozen=True)
class Settings:
    """What a network is made from, and how it is trained.

    Parameters
    ----------
    task : {"mnist", "digits", "vowels"}
        What for.
    kind : {"dense", "conv", "sigma-delta"}
        CUBA neurons in dense layers, with convolutions before them (images), or
        sigma-delta neurons in dense layers (images). Default "dense".
    hidden : int
        Neurons of a hidden layer, of which there is one, for series two. Default 512.
    epochs : int
        Presentations of each sample. Default 10.
    batch : int
        Samples of a step of training. Default 128.
    rate : float
        Learning rate of Adam at the begin; it falls to 0 as a cosine. Default 0.003.
    shift : int
        Pixels by which images are shifted at random. Default 0.
    dropout : float
        Of hidden neurons, from 0 to 1. Default 0.
    seed : int
        Of everything random. Default 0.
    """

    task: Name
    kind: Kind = "dense"
    hidden: int = 512
    epochs: int = 10
    batch: int = 128
    rate: float = 0.003
    shift: int = 0
    dropout: float = 0.0
    seed: int = 0

    @validated
    def __init__(
        self,
        task: Name,
        kind: Kind = "dense",
        hidden: Annotated[Integer, Field(ge=1, le=4096)] = 512,
        epochs: PositiveInteger = 10,
        batch: PositiveInteger = 128,
        rate: PositiveNumber = 0.003,
        shift: Annotated[Integer, Field(ge=0, le=4)] = 0,
        dropout: Fraction = 0.0,
        seed: Seed = 0,
    ) -> None:
        if task == "vowels" and kind != "dense":
            problem = "must be dense for series"
            raise ParameterError(type(self).__name__, "kind", problem, kind)
        given = (task, kind, hidden, epochs, batch, rate, shift, dropout, seed)
        for name, value in zip(self.__dataclass_fields__, given, strict=True):
            object.__setattr__(self, name, value)

    def summary(self) -> dict[str, Any]:
        """Give the settings as JSON has them."""
        return asdict(self)


def import_torch() -> Any:
    """Import torch.

    Returns
    -------
    module
        ``torch``.

    Raises
    ------
    NetworkError
        Where it is not installed.
    """
    try:
        import torch
    except ImportError as error:
        problem = "deep networks need torch"
        raise NetworkError(f"{problem} ({error}); README says how to get it") from None
    return torch


def import_slayer() -> Any:
    """Import SLAYER, without what it prints.

    Returns
    -------
    module
        ``lava.lib.dl.slayer``.

    Raises
    ------
    NetworkError
        Where lava-dl or torch is not installed.
    """
    try:
        with warnings.catch_warnings(), contextlib.redirect_stdout(io.StringIO()):
            warnings.simplefilter("ignore")
            from lava.lib.dl import slayer
    except ImportError as error:
        problem = "training needs lava-dl and torch"
        raise NetworkError(
            f"{problem} ({error}); README says how to get them"
        ) from None
    return slayer


def make_network(settings: Settings, task: Task) -> Any:
    """Make a network to be trained.

    Parameters
    ----------
    settings : Settings
        What to make.
    task : Task
        What for.

    Returns
    -------
    torch.nn.Module
        It takes messages (n, inputs, steps), and gives those of its output; `blocks`
        are its layers, `scores` makes one number a class of its output.
    """
    slayer = import_slayer()
    import torch

    class Network(torch.nn.Module):
        """Layers one after the other."""

        def __init__(self) -> None:
            super().__init__()
            make = _sigma_delta if settings.kind == "sigma-delta" else _cuba
            self.blocks = torch.nn.ModuleList(make(slayer, settings, task))

        def forward(self, messages: Any) -> Any:
            if settings.kind == "conv":
                height, width = task.image_shape
                shape = (len(messages), 1, height, width, messages.shape[-1])
                messages = messages.reshape(shape)
            elif settings.kind == "sigma-delta":
                # The rate from the begin on, whose changes are sent.
                rate = messages.mean(dim=-1, keepdim=True)
                messages = torch.zeros_like(messages)
                messages[..., :1] = rate
            for block in self.blocks:
                messages = block(messages)
            return messages

        @staticmethod
        def scores(output: Any) -> Any:
            """Give one score a class."""
            if settings.kind == "sigma-delta":
                return output[..., -1]
            return output.sum(dim=-1)

    return Network()


def make_bootstrapped(settings: Settings, task: Task) -> Any:
    """Make a network that learns as an artificial one, by lava-dl's bootstrap.

    Its units have the activation that spiking neurons are found to have: at the begin
    of every fifth epoch some batches are run with spikes, and their rates are fitted
    piece by piece. Out of training it spikes.

    Parameters
    ----------
    settings : Settings
        What to make; its kind must be "dense".
    task : Task
        What for.

    Returns
    -------
    torch.nn.Module
        As from :func:`make_network`.

    Raises
    ------
    ParameterError
        For an epoch of fewer than three batches: two are not run with spikes.
    """
    slayer = import_slayer()
    import torch

    from lava.lib.dl import bootstrap

    batches = -(-len(task.labels["train"]) // settings.batch)
    if batches < 3:
        problem = "must be so small that an epoch has three batches, to bootstrap"
        raise ParameterError("Settings", "batch", problem, settings.batch)
    scheduler = bootstrap.routine.Scheduler(
        num_sample_iter=min(_SAMPLED_BATCHES, batches - 2), sample_period=_SAMPLE_PERIOD
    )
    mode = bootstrap.routine.Mode

    class Bootstrapped(torch.nn.Module):
        """Layers one after the other, in the mode that is due."""

        def __init__(self) -> None:
            super().__init__()
            self.blocks = torch.nn.ModuleList(
                _cuba(slayer, settings, task, bootstrap.block.cuba)
            )
            self.done = 0

        def forward(self, messages: Any) -> Any:
            due = bootstrap.routine.LayerMode(0, mode.SNN)
            if self.training:
                due = scheduler.mode(*divmod(self.done, batches), True)
                self.done += 1
            if due.base_mode in (mode.ANN, mode.FIT):
                messages = messages.mean(dim=-1, keepdim=True)
            for block, now in zip(self.blocks, due, strict=False):
                messages = block(messages, mode=now)
            return messages

        @staticmethod
        def scores(output: Any) -> Any:
            """Give one score a class."""
            return output.mean(dim=-1) * task.steps

    return Bootstrapped()


def _cuba(slayer: Any, settings: Settings, task: Task, block: Any = None) -> list[Any]:
    neuron = {
        "threshold": _THRESHOLD,
        "current_decay": _CURRENT_DECAY,
        "voltage_decay": _SERIES_DECAY if task.is_series else _VOLTAGE_DECAY,
        "tau_grad": 0.1,
        "scale_grad": 1.0,
    }
    dropped = dict(neuron)
    if settings.dropout:
        dropped["dropout"] = slayer.neuron.Dropout(p=settings.dropout)
    block = block or slayer.block.cuba
    more = {"weight_scale": _WEIGHT_SCALE, "delay_shift": False}
    layers: list[Any] = []
    inputs = task.inputs
    if settings.kind == "conv":
        height, width = task.image_shape
        # Of 28 by 28 pixels 5 by 5 are left in the end, of 8 by 8 are 2 by 2.
        first = (5, 2) if min(height, width) >= _LARGE else (3, 1)
        for channels, features, (kernel, stride) in (
            (1, 8, first),
            (8, 16, (3, 2)),
        ):
            layers.append(
                block.Conv(neuron, channels, features, kernel, stride=stride, **more)
            )
            height, width = ((n - kernel) // stride + 1 for n in (height, width))
        layers.append(block.Flatten())
        inputs = 16 * height * width
    hidden = 2 if task.is_series else 1
    for _ in range(hidden):
        layers.append(block.Dense(dropped, inputs, settings.hidden, **more))
        inputs = settings.hidden
    layers.append(block.Dense(neuron, inputs, task.classes, **more))
    return layers


def _sigma_delta(slayer: Any, settings: Settings, task: Task) -> list[Any]:
    import torch

    neuron = {
        "threshold": _DELTA_THRESHOLD,
        "tau_grad": 0.1,
        "scale_grad": 1.0,
        "activation": torch.nn.functional.relu,
    }
    block = slayer.block.sigma_delta
    return [
        block.Dense(neuron, task.inputs, settings.hidden),
        block.Dense(neuron, settings.hidden, settings.hidden // 4),
        block.Output(neuron, settings.hidden // 4, task.classes),
    ]


def export(network: Any, path: Path, about: dict[str, Any]) -> Path:
    """Write a network as lava-dl's netx reads it, whole or not at all.

    Parameters
    ----------
    network : torch.nn.Module
        What `make_network` made, trained.
    path : pathlib.Path
        Where to; its folder is made if it is missing.
    about : dict
        What else is to be known about it; kept as an attribute of the file.

    Returns
    -------
    pathlib.Path
        The same path.
    """
    blocks = list(network.blocks)
    if about["kind"] == "conv":
        blocks.insert(0, _ImageShape(about["image_shape"]))
    return write_blocks(blocks, path, about)


def write_blocks(blocks: Sequence[Any], path: Path, about: dict[str, Any]) -> Path:
    """Write the layers of a network as netx reads them, whole or not at all.

    Parameters
    ----------
    blocks : sequence
        Layers, each with a method ``export_hdf5(group)``.
    path : pathlib.Path
        Where to; its folder is made if it is missing.
    about : dict
        What else is to be known about it; kept as an attribute of the file.

    Returns
    -------
    pathlib.Path
        The same path.
    """
    import h5py

    path.parent.mkdir(parents=True, exist_ok=True)
    with replacing(path) as part, h5py.File(part, "w") as file:
        layers = file.create_group("layer")
        for n, block in enumerate(blocks):
            block.export_hdf5(layers.create_group(f"{n}"))
        file.attrs["lava_apps"] = json.dumps(about)
    return path


class _ImageShape:
    """What netx needs to know before convolutions: the shape of an image."""

    def __init__(self, shape: Sequence[int]) -> None:
        self._shape = [1, *shape]

    def export_hdf5(self, handle: Any) -> None:
        handle.create_dataset("type", (1,), "S10", [b"input"])
        handle.create_dataset("shape", data=self._shape)
