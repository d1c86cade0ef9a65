"""Training with surrogate gradients; it can be stopped, killed and resumed."""

from __future__ import annotations

import json
import time
from collections.abc import Callable
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

import numpy as np

from lava_apps.apps.divergence import diverged
from lava_apps.apps.slayer.networks import Settings, import_torch, make_network
from lava_apps.apps.slayer.tasks import Task
from lava_apps.parameters import Array, ParameterError
from lava_apps.runtime import StateError
from lava_apps.runtime import state as files

_KIND = "training of a deep network"
_EVALUATED = 500  # samples at a time

OnBatch = Callable[[int, int], None]


@dataclass
class History:
    """How a training went.

    Parameters
    ----------
    epochs : int
        Done.
    seconds : float
        Time spent on them, of all OS processes that had a part in it.
    loss, accuracy : list of float
        Of the training samples, while an epoch went on: mean cross-entropy, and
        fraction right.
    """

    epochs: int = 0
    seconds: float = 0.0
    loss: list[float] = field(default_factory=list)
    accuracy: list[float] = field(default_factory=list)


def train(
    settings: Settings,
    task: Task,
    *,
    checkpoint: Path | None = None,
    resume: bool = False,
    on_batch: OnBatch | None = None,
    make: Callable[[Settings, Task], Any] = make_network,
) -> tuple[Any, History]:
    """Train a network.

    All that is random in an epoch is drawn from the seed and its number, so that an
    epoch begun again after an interruption is the same.

    Parameters
    ----------
    settings : Settings
        Network and training.
    task : Task
        Data.
    checkpoint : pathlib.Path, optional
        File to be written after each epoch. Default: none.
    resume : bool
        Go on from that file. Default False.
    on_batch : callable, optional
        Called with the epoch and the samples of it that were done.
    make : callable
        Makes the network. Default :func:`make_network`.

    Returns
    -------
    network : torch.nn.Module
        Trained.
    history : History
        How it went.

    Raises
    ------
    ParameterError
        To go on without a checkpoint.
    NetworkError
        Where torch, or what else the network needs, is not installed.
    StateError
        For a checkpoint that is missing, damaged, or of another training.
    DivergenceError
        When the loss is no number any more. The checkpoint is from before.
    """
    if resume and checkpoint is None:
        problem = "must name the checkpoint to go on from"
        raise ParameterError("train", "checkpoint", problem, checkpoint)
    torch = import_torch()

    torch.manual_seed(settings.seed)
    network = make(settings, task)
    # Shapes of neurons, and some of their parameters, come with the first messages.
    network.eval()
    network(torch.from_numpy(task.messages("train", [0, 1])))
    optimiser = torch.optim.Adam(network.parameters(), lr=settings.rate)
    history = History()
    if resume and checkpoint is not None:
        history = _load(checkpoint, settings, network, optimiser)
    labels = torch.from_numpy(task.labels["train"])
    while history.epochs < settings.epochs:
        begin = time.perf_counter()
        progress = history.epochs / settings.epochs
        for group in optimiser.param_groups:
            group["lr"] = settings.rate * (1 + np.cos(np.pi * progress)) / 2
        loss, right = _epoch(
            settings, task, network, optimiser, labels, history, on_batch
        )
        history.loss.append(loss)
        history.accuracy.append(right)
        history.epochs += 1
        history.seconds += time.perf_counter() - begin
        if checkpoint is not None:
            _save(checkpoint, settings, network, optimiser, history)
    return network, history


def _epoch(
    settings: Settings,
    task: Task,
    network: Any,
    optimiser: Any,
    labels: Any,
    history: History,
    on_batch: OnBatch | None,
) -> tuple[float, float]:
    """Present all training samples once; give the mean loss and the fraction right."""
    import torch

    rng = np.random.default_rng([settings.seed, history.epochs])
    torch.manual_seed(int(rng.integers(2**31)))
    order = rng.permutation(len(labels))
    network.train()
    loss_sum, right = 0.0, 0
    for begin in range(0, len(order), settings.batch):
        chosen = order[begin : begin + settings.batch]
        messages = torch.from_numpy(_shifted(task, chosen, settings.shift, rng))
        scores = network.scores(network(messages))
        loss = torch.nn.functional.cross_entropy(scores, labels[chosen])
        if not torch.isfinite(loss):
            when = f"in epoch {history.epochs + 1}, after {begin:,} samples"
            change = f"lower rate, which is {settings.rate:g}"
            diverged(f"the loss is {float(loss.detach())}", when, change)
        optimiser.zero_grad()
        loss.backward()
        optimiser.step()
        loss_sum += float(loss.detach()) * len(chosen)
        right += int((scores.argmax(dim=1) == labels[chosen]).sum())
        if on_batch is not None:
            on_batch(history.epochs, begin + len(chosen))
    return loss_sum / len(order), right / len(order)


def _shifted(task: Task, chosen: Array, most: int, rng: np.random.Generator) -> Any:
    """Give messages of images that are shifted by some pixels; series stay."""
    messages = task.messages("train", chosen)
    if not most or task.is_series:
        return messages
    height, width = task.image_shape
    images = messages.reshape(len(chosen), height, width, -1)
    padded = np.pad(images, ((0, 0), (most, most), (most, most), (0, 0)))
    places = rng.integers(0, 2 * most + 1, (len(chosen), 2))
    cut = [
        p[y : y + height, x : x + width]
        for p, (y, x) in zip(padded, places, strict=True)
    ]
    return np.stack(cut).reshape(messages.shape)


def predict(network: Any, task: Task, split: str, count: int) -> tuple[Array, Array]:
    """Let a network tell the classes of the first samples.

    Parameters
    ----------
    network : torch.nn.Module
        Trained.
    task : Task
        Data.
    split : {"train", "test"}
        Of which samples.
    count : int
        How many.

    Returns
    -------
    classes : (count,) numpy.ndarray of int
        The class of the highest score; the first one of equal ones.
    output : (count, classes, steps) numpy.ndarray of float32
        Messages of the output.
    """
    import torch

    network.eval()
    classes, outputs = [], []
    with torch.no_grad():
        for begin in range(0, count, _EVALUATED):
            chosen = np.arange(begin, min(begin + _EVALUATED, count))
            output = network(torch.from_numpy(task.messages(split, chosen)))
            classes.append(network.scores(output).numpy().argmax(axis=1))
            outputs.append(output.numpy())
    return np.concatenate(classes), np.concatenate(outputs)


def _save(
    path: Path, settings: Settings, network: Any, optimiser: Any, history: History
) -> None:
    """Write a checkpoint: parameters, and Adam's moments."""
    tree = {
        "parameters": _arrays(network.state_dict()),
        "moments": {
            str(n): _arrays(moments)
            for n, moments in optimiser.state_dict()["state"].items()
        },
    }
    header = {
        "kind": _KIND,
        "settings": settings.summary(),
        "history": json.loads(json.dumps(asdict(history))),
    }
    path.parent.mkdir(parents=True, exist_ok=True)
    files.write(path, header, tree)


def _arrays(tensors: Any) -> dict[str, Array]:
    return {name: tensor.detach().numpy().copy() for name, tensor in tensors.items()}


def _load(path: Path, settings: Settings, network: Any, optimiser: Any) -> History:
    """Read a checkpoint into a network and its optimiser."""
    import torch

    content = files.read(path)
    if content.get("kind") != _KIND:
        raise StateError(f"{path}: holds no checkpoint of a {_KIND}")
    if content.get("settings") != settings.summary():
        known = content.get("settings")
        raise StateError(f"{path}: is of another training, {known}")

    def tensors(arrays: dict[str, Array]) -> dict[str, Any]:
        return {name: torch.from_numpy(np.array(a)) for name, a in arrays.items()}

    try:
        network.load_state_dict(tensors(content["tree"]["parameters"]))
        state = optimiser.state_dict()
        moments = content["tree"]["moments"]
        state["state"] = {int(n): tensors(arrays) for n, arrays in moments.items()}
        optimiser.load_state_dict(state)
        return History(**content["history"])
    except (KeyError, TypeError, ValueError, RuntimeError) as error:
        raise StateError(f"{path}: damaged ({error})") from error
