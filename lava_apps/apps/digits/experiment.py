"""Learn digits without labels, name the neurons, and test them."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import numpy as np

from lava_apps.apps.digits.model import Model, tuning_of
from lava_apps.apps.digits.network import STEPS, Settings
from lava_apps.apps.digits.training import Progress, load_progress, train
from lava_apps.datasets import load_mnist
from lava_apps.loihi2.run_configs import Precision
from lava_apps.parameters import (
    Array,
    ParameterError,
    PositiveInteger,
    Seed,
    validated,
)
from lava_apps.runtime.simulator import BackendName

NAMING = 30_000
"""Most training images that are presented once more to name the neurons."""

UNFAMILIAR = 0.01
"""Share of training images that count as unlike what was learned."""


@dataclass(frozen=True)
class DigitsResult:
    """What came of it.

    Parameters
    ----------
    model : Model
        The trained network.
    progress : Progress
        Of the training.
    test_labels, predicted, by_label : (images,) numpy.ndarray of int
        Digits of the test images, and what the network says: by proportion, and by
        the label of each neuron.
    spikes : float
        Spikes an image in the test.
    backend : str
        What it ran on.
    epochs : int
        Presentations of each training image.
    seconds : float
        Duration of all.
    """

    model: Model
    progress: Progress
    test_labels: Array
    predicted: Array
    by_label: Array
    spikes: float
    backend: str
    epochs: int
    seconds: float

    @property
    def accuracy(self) -> float:
        """Share of the test images that were recognised."""
        return float((self.predicted == self.test_labels).mean())

    @property
    def accuracy_by_label(self) -> float:
        """The same, where each neuron votes for its label only."""
        return float((self.by_label == self.test_labels).mean())

    def summary(self) -> dict[str, Any]:
        """Give what ``lava-apps stdp --json`` prints."""
        done = max(self.progress.done, 1)
        return {
            "neurons": self.model.settings.neurons,
            "epochs": self.epochs,
            "train_images": self.progress.images,
            "test_images": len(self.test_labels),
            "accuracy": self.accuracy,
            "ms_per_sample": 1e3 * self.progress.seconds / done,
            "steps_per_sample": STEPS,
            "spikes_per_sample": self.spikes,
            "precision": self.model.settings.precision,
            "backend": self.backend,
            "seed": self.model.settings.seed,
            "seconds": self.seconds,
        }


@dataclass
class Listener:
    """Who wants to know how it goes.

    Parameters
    ----------
    on_stage : callable
        Called with the name of a stage and its number of images when it begins.
    on_images : callable
        Called with images done, and the running accuracy if there is one.
    """

    on_stage: Callable[[str, int], None] = lambda *_: None
    on_images: Callable[[int, float | None], None] = lambda *_: None
    _done: int = field(default=0, init=False)

    def progress(self, progress: Progress) -> None:
        """Take notice of the progress of a training."""
        self.on_images(progress.done - self._done, progress.accuracy)
        self._done = progress.done

    def begin(self, stage: str, images: int, done: int = 0) -> None:
        """Take notice of a stage."""
        self.on_stage(stage, images)
        self._done = 0
        if done:
            self.on_images(done, None)
            self._done = done


@validated
def learn_digits(
    *,
    neurons: PositiveInteger = 100,
    epochs: PositiveInteger = 1,
    full: bool = False,
    train_images: PositiveInteger | None = None,
    test_images: PositiveInteger | None = None,
    precision: Precision = "floating_pt",
    seed: Seed = 0,
    backend: BackendName = "auto",
    checkpoint: Path | None = None,
    resume: bool = False,
    listener: Listener | None = None,
) -> DigitsResult:
    """Train a network without labels, name its neurons, and test it.

    Protocol: training images are presented in an order of the seed, `epochs` times.
    Then, without learning, up to 30,000 of them are presented once more; what each
    neuron answers to them names it. Then all test images are presented once. Labels
    of test images are used for counting what was right, and for nothing else.

    Parameters
    ----------
    neurons : int
        How many, from 2 to 10,000. Default 100.
    epochs : int
        Presentations of each training image. Default 1.
    full : bool
        All of MNIST instead of the part that ships with the package. Default False.
    train_images, test_images : int, optional
        Use only the first so many. Default: all.
    precision : {"floating_pt", "fixed_pt"}
        Of all ProcessModels. Default "floating_pt".
    seed : int
        Of everything random. Default 0.
    backend : {"auto", "compiled", "inline", "lava"}
        Backend of the Simulator.
    checkpoint : pathlib.Path, optional
        File for checkpoints.
    resume : bool
        Go on from the checkpoint instead of beginning anew. Default False.
    listener : Listener, optional
        Who wants to know how it goes.

    Returns
    -------
    DigitsResult
        The model and how well it does.

    Raises
    ------
    ParameterError
        For a value out of range, or settings other than the checkpoint's.
    StateError
        For a checkpoint that is missing or damaged.
    DataError
        When all of MNIST cannot be had.
    """
    begin, listener = time.perf_counter(), listener or Listener()
    images, labels = _some("train_images", train_images, "train", full=full)
    settings = Settings(neurons, precision, seed)
    progress, snapshot = Progress(settings, len(images), epochs * len(images)), None
    if resume:
        if checkpoint is None:
            problem = "needs the file of a checkpoint"
            raise ParameterError("learn_digits", "resume", problem, resume)
        wanted = progress
        progress, snapshot = load_progress(checkpoint)
        _check_same(progress, wanted)
        progress = replace(progress, total=wanted.total)
    listener.begin("learning", progress.total, progress.done)
    progress, model, ran_on = train(
        images,
        labels,
        progress,
        snapshot=snapshot,
        backend=backend,
        checkpoint=checkpoint,
        on_chunk=listener.progress,
    )

    def count(done: int) -> None:
        listener.on_images(done, None)

    named = min(NAMING, len(images))
    listener.begin("naming neurons", named)
    responses = model.respond(images[:named], backend=backend, on_images=count)
    familiar = float(np.quantile(model.likeness(images[:named]), UNFAMILIAR))
    tuning = tuning_of(responses, labels[:named])
    model = replace(model, tuning=tuning, familiar=familiar)
    test, test_labels = _some("test_images", test_images, "test", full=full)
    listener.begin("testing", len(test))
    responses = model.respond(test, backend=backend, on_images=count)
    return DigitsResult(
        model,
        progress,
        test_labels,
        model.predict(responses),
        model.predict_by_label(responses),
        float(responses.sum() / len(test)),
        ran_on,
        epochs,
        time.perf_counter() - begin,
    )


def _some(
    parameter: str, number: int | None, split: Any, *, full: bool
) -> tuple[Array, Array]:
    images, labels = load_mnist(split, full=full)
    if number is not None and number > len(images):
        problem = f"must not exceed the {len(images):,} that there are"
        raise ParameterError("learn_digits", parameter, problem, number)
    chosen = images[:number].reshape(len(images[:number]), -1)
    return np.ascontiguousarray(chosen), labels[:number].astype(np.int64)


def _check_same(found: Progress, wanted: Progress) -> None:
    """Refuse a checkpoint of another network or other images."""
    pairs = {
        "neurons": (found.settings.neurons, wanted.settings.neurons),
        "precision": (found.settings.precision, wanted.settings.precision),
        "seed": (found.settings.seed, wanted.settings.seed),
        "train_images": (found.images, wanted.images),
    }
    for name, (there, here) in pairs.items():
        if there != here:
            problem = f"must be {there!r}, as in the checkpoint"
            raise ParameterError("learn_digits", name, problem, here)
    if found.done > wanted.total:
        problem = f"are fewer than the {found.done:,} presentations in the checkpoint"
        raise ParameterError(
            "learn_digits", "epochs", problem, wanted.total // wanted.images
        )
