"""Train or convert a network, write its file, and run it as a graph."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Literal

import numpy as np

from lava_apps.apps.slayer import conversion
from lava_apps.apps.slayer.deployment import Deployed, about, run
from lava_apps.apps.slayer.networks import Settings, export, make_bootstrapped
from lava_apps.apps.slayer.tasks import Task, load_task
from lava_apps.apps.slayer.training import History, predict, train
from lava_apps.netx import NetworkError
from lava_apps.parameters import Array, ParameterError
from lava_apps.runtime.simulator import BackendName

OnBatch = Callable[[int, int], None]
Method = Literal["rates", "bootstrap"]


@dataclass(frozen=True)
class Result:
    """What a network reached, before and after it was deployed.

    Parameters
    ----------
    task, network : str
        For what, and of which kind.
    steps : int
        Time steps of a sample.
    test_images : int
        Test samples.
    accuracy_trained : float
        Of the network in torch, on all test samples.
    accuracy_deployed : float
        Of the graph.
    precision, backend : str
        Of the graph.
    ms_per_sample : float
        Of the graph, once it was built.
    seed : int
        Of the training.
    seconds : float
        In all.
    equal_steps : float, optional
        Fraction of the time steps in which the whole output layer sent the same as in
        torch; None where the network in torch has no time steps, or none was at hand.
    history : History, optional
        Of the training.
    by_steps : dict of int to float
        Of a converted network: accuracy when fewer time steps are looked at.
    """

    task: str
    network: str
    steps: int
    test_images: int
    accuracy_trained: float
    accuracy_deployed: float
    precision: str
    backend: str
    ms_per_sample: float
    seed: int
    seconds: float
    equal_steps: float | None = None
    history: History | None = field(default=None, repr=False)
    by_steps: dict[int, float] = field(default_factory=dict)

    def summary(self) -> dict[str, Any]:
        """Give the result as JSON has it."""
        left_out = ("history", "by_steps")
        kept = {n: v for n, v in vars(self).items() if n not in left_out}
        if self.by_steps:
            kept["accuracy_by_steps"] = self.by_steps
        return kept


def train_and_deploy(
    settings: Settings,
    path: Path,
    *,
    full: bool = False,
    test_images: int | None = None,
    backend: BackendName = "auto",
    checkpoint: Path | None = None,
    resume: bool = False,
    on_batch: OnBatch | None = None,
    on_samples: Callable[[int], None] | None = None,
) -> Result:
    """Train with SLAYER, write the network, and run it on the test samples.

    Parameters
    ----------
    settings : Settings
        Network and training.
    path : pathlib.Path
        File of the network, to be written.
    full : bool
        All of MNIST. Default False.
    test_images : int, optional
        Test samples that the graph is run on. Default: all.
    backend : {"auto", "compiled", "inline", "lava"}
        What runs the graph. Default "auto".
    checkpoint : pathlib.Path, optional
        File to be written after each epoch.
    resume : bool
        Go on from it. Default False.
    on_batch, on_samples : callable, optional
        Called with the epoch and its samples done; with the test samples done.

    Returns
    -------
    Result
        Accuracies and times.
    """
    begin = time.perf_counter()
    task = load_task(settings.task, full=full)
    count = _count(task, test_images)
    network, history = train(
        settings, task, checkpoint=checkpoint, resume=resume, on_batch=on_batch
    )
    labels = task.labels["test"]
    classes, output = predict(network, task, "test", len(labels))
    trained = float((classes == labels).mean())
    known = _about(settings, task, trained)
    export(network, path, known)
    deployed = run(
        path,
        task,
        kind=settings.kind,
        count=count,
        backend=backend,
        on_samples=on_samples,
    )
    equal = None
    if settings.kind != "sigma-delta":
        equal = float((deployed.output == output[:count]).all(axis=1).mean())
    return _result(known, task, deployed, begin, equal_steps=equal, history=history)


def convert_and_deploy(
    settings: Settings,
    path: Path,
    *,
    method: Method = "rates",
    steps: int | None = None,
    full: bool = False,
    test_images: int | None = None,
    backend: BackendName = "auto",
    on_batch: OnBatch | None = None,
    on_samples: Callable[[int], None] | None = None,
) -> Result:
    """Train an artificial network, make it a spiking one, and run it.

    Parameters
    ----------
    settings : Settings
        Network and training; its kind must be "dense".
    path : pathlib.Path
        File of the network, to be written.
    method : {"rates", "bootstrap"}
        Conversion of rectified linear units by their rates, or lava-dl's bootstrap,
        whose units learn the activation of spiking neurons. Default "rates".
    steps : int, optional
        Time steps of a sample. Default: 64 for rates, those of the task for bootstrap.
    full, test_images, backend, on_batch, on_samples
        As in :func:`train_and_deploy`.

    Returns
    -------
    Result
        Accuracies and times; `by_steps` for fewer time steps.
    """
    begin = time.perf_counter()
    task = load_task(settings.task, full=full)
    if task.is_series or settings.kind != "dense":
        problem = "must be of images, and dense, to be converted"
        raise ParameterError("convert", "task", problem, settings.task)
    count = _count(task, test_images)
    by_rates = method == "rates"
    task = conversion.at_steps(
        task, steps or (conversion.STEPS if by_rates else task.steps)
    )
    make = conversion.make_ann if by_rates else make_bootstrapped
    network, history = train(settings, task, on_batch=on_batch, make=make)
    labels = task.labels["test"]
    classes, output = predict(network, task, "test", len(labels))
    known = _about(settings, task, float((classes == labels).mean()))
    known["converted"] = method
    equal = None
    if by_rates:
        conversion.write(conversion.convert(network, task), path, known)
    else:
        export(network, path, known)
    deployed = run(
        path, task, kind="dense", count=count, backend=backend, on_samples=on_samples
    )
    if not by_rates:
        equal = float((deployed.output == output[:count]).all(axis=1).mean())
    found = conversion.accuracy_by_steps(deployed.output, labels[:count])
    more: dict[str, Any] = {"history": history, "by_steps": found}
    return _result(known, task, deployed, begin, equal_steps=equal, **more)


def run_file(
    path: Path,
    *,
    full: bool = False,
    test_images: int | None = None,
    backend: BackendName = "auto",
    on_samples: Callable[[int], None] | None = None,
) -> tuple[Result, Deployed, Array]:
    """Run a network from its file; torch is not needed.

    Parameters
    ----------
    path : pathlib.Path
        What one of the functions above wrote.
    full, test_images, backend, on_samples
        As in :func:`train_and_deploy`.

    Returns
    -------
    result : Result
        Accuracies and times; that of torch as the file has it.
    deployed : Deployed
        Classes and messages of the output.
    labels : (samples,) numpy.ndarray of int
        True classes.
    """
    begin = time.perf_counter()
    known = about(path)
    try:
        task = load_task(known["task"], full=full)
        if task.steps != known["steps"]:
            task = conversion.at_steps(task, int(known["steps"]))
    except ParameterError as error:
        raise NetworkError(f"{path}: {error.complaint}") from None
    count = _count(task, test_images)
    deployed = run(
        path,
        task,
        kind=known["kind"],
        count=count,
        backend=backend,
        on_samples=on_samples,
    )
    result = _result(known, task, deployed, begin)
    return result, deployed, task.labels["test"][:count]


def _count(task: Task, asked: int | None) -> int:
    there = len(task.labels["test"])
    if asked is not None and not 1 <= asked <= there:
        problem = f"must be from 1 to {there}"
        raise ParameterError("run", "test_images", problem, asked)
    return asked or there


def _about(settings: Settings, task: Task, accuracy: float) -> dict[str, Any]:
    shape = None if task.is_series else list(task.image_shape)
    return {
        **settings.summary(),
        "steps": task.steps,
        "image_shape": shape,
        "accuracy_trained": accuracy,
    }


def _result(
    known: dict[str, Any], task: Task, deployed: Deployed, begin: float, **more: Any
) -> Result:
    count = len(deployed.classes)
    right = np.mean(deployed.classes == task.labels["test"][:count])
    how = known.get("converted")
    kind = known["kind"] + (f" ({how})" if how else "")
    return Result(
        task=known["task"],
        network=kind,
        steps=task.steps,
        test_images=count,
        accuracy_trained=known["accuracy_trained"],
        accuracy_deployed=float(right),
        precision="fixed_pt",
        backend=deployed.backend,
        ms_per_sample=1000 * deployed.seconds / count,
        seed=known["seed"],
        seconds=time.perf_counter() - begin,
        **more,
    )
