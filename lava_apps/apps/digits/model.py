"""A trained network: what it learned, what its neurons stand for, and its file."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from lava_apps.apps.digits.network import STEPS, DigitsNetwork, Settings
from lava_apps.parameters import Array, ParameterError
from lava_apps.runtime import Simulator, StateError
from lava_apps.runtime import state as files
from lava_apps.runtime.simulator import BackendName

DIGITS = 10
PROBE_BYTES = 2**31
"""More than the spikes of a chunk of images ever take."""

_KIND = "lava-apps digits model"
_CHUNK = 100


@dataclass(frozen=True)
class Model:
    """A trained network.

    Parameters
    ----------
    settings : Settings
        What it was made from.
    weights : (neurons, pixels) numpy.ndarray
        Learned weights.
    theta : (neurons,) numpy.ndarray
        Learned thresholds.
    tuning : (10, neurons) numpy.ndarray of float
        Mean spikes of each neuron for each digit, on training images.
    familiar : float
        Likeness that 99 in 100 training images exceed (:meth:`likeness`). Default 0:
        not known.
    """

    settings: Settings
    weights: Array
    theta: Array
    tuning: Array
    familiar: float = 0.0

    @property
    def labels(self) -> Array:
        """For each neuron the digit it answers most; -1 for those that never did."""
        return labels_of(self.tuning)

    def save(self, path: Path) -> None:
        """Write it to an ``.npz`` file, whole or not at all.

        Parameters
        ----------
        path : pathlib.Path
            The file; its folder is made if it is missing.
        """
        path.parent.mkdir(parents=True, exist_ok=True)
        arrays = {name: getattr(self, name) for name in ("weights", "theta", "tuning")}
        header: dict[str, Any] = {
            "kind": _KIND,
            "settings": self.settings.summary(),
            "familiar": self.familiar,
        }
        files.write(path, header, arrays, compress=True)

    @classmethod
    def load(cls, path: Path) -> Model:
        """Read it from such a file.

        Parameters
        ----------
        path : pathlib.Path
            What `save` wrote.

        Returns
        -------
        Model
            The model.

        Raises
        ------
        StateError
            For a file that is missing, damaged, or no model.
        """
        content = files.read(path)
        if content.get("kind") != _KIND:
            raise StateError(f"{path}: holds no trained network")
        with files.complete(path):
            settings = Settings(**content["settings"])
            pixels = np.shape(content["tree"]["weights"])[1]
            shapes = {
                "weights": (settings.neurons, pixels),
                "theta": (settings.neurons,),
                "tuning": (DIGITS, settings.neurons),
            }
            weights, theta, tuning = files.arrays_of(content["tree"], shapes)
            # Files that were written before it was thought of have none.
            familiar = float(content.get("familiar", 0))
            if not 0 <= familiar <= 1:
                raise ValueError(f"familiar must be from 0 to 1, not {familiar}")
            return cls(settings, weights, theta, tuning, familiar)

    def respond(
        self,
        images: Array,
        *,
        backend: BackendName = "auto",
        on_images: Callable[[int], None] = lambda _: None,
    ) -> Array:
        """Count the spikes of each neuron for each image, without learning.

        Parameters
        ----------
        images : (samples, pixels) numpy.ndarray of uint8
            What to present.
        backend : {"auto", "compiled", "inline", "lava"}
            Backend of the Simulator.
        on_images : callable
            Called with a number of images when they are done.

        Returns
        -------
        (samples, neurons) numpy.ndarray of int
            Wins of each neuron.
        """
        if images.shape[1:] != self.weights.shape[1:]:
            problem = f"must have {self.weights.shape[1]} pixels each"
            raise ParameterError("Model.respond", "images", problem, images.shape)
        network = DigitsNetwork(
            self.settings,
            images,
            weights=self.weights,
            theta=self.theta,
            learning=False,
        )
        options: dict[str, Any] = {
            "backend": backend,
            "precision": self.settings.precision,
        }
        counts = np.zeros((len(images), self.settings.neurons), dtype=np.int32)
        with Simulator(network.neurons, **options) as sim:
            wins = sim.probe(network.competition.s_out, max_bytes=PROBE_BYTES)
            for begin in range(0, len(images), _CHUNK):
                samples = min(_CHUNK, len(images) - begin)
                sim.run(samples * STEPS)
                count_wins(wins, counts[begin : begin + samples])
                on_images(samples)
        return counts

    def likeness(self, images: Array) -> Array:
        """Say how like each image is to the weights that are most like it.

        Parameters
        ----------
        images : (samples, pixels) numpy.ndarray of uint8
            Any.

        Returns
        -------
        (samples,) numpy.ndarray of float
            Cosine of the angle between the image and a neuron's weights, the largest
            of all neurons; from 0 to 1.
        """
        weights = _unit_rows(self.weights)
        chunks = [
            (_unit_rows(images[begin : begin + _CHUNK]) @ weights.T).max(axis=1)
            for begin in range(0, len(images), _CHUNK)
        ]
        return np.asarray(np.concatenate(chunks), dtype=float)

    def predict(self, responses: Array) -> Array:
        """Say which digits responses stand for.

        Each spike votes for the digits in proportion to what its neuron answers to
        them (the "proportion weighting" of Hazan et al. 2018, Front. Neuroinform.
        12:89).

        Parameters
        ----------
        responses : (samples, neurons) numpy.ndarray of int
            From :meth:`respond`.

        Returns
        -------
        (samples,) numpy.ndarray of int
            Digits; 0 where nothing spiked.
        """
        return np.asarray(votes(responses, self.tuning).argmax(axis=1))

    def predict_by_label(self, responses: Array) -> Array:
        """Say it as Diehl and Cook (2015) do: whose neurons spike most in the mean.

        Parameters
        ----------
        responses : (samples, neurons) numpy.ndarray of int
            From :meth:`respond`.

        Returns
        -------
        (samples,) numpy.ndarray of int
            Digits; 0 where nothing spiked.
        """
        result = np.zeros((len(responses), DIGITS))
        for digit in range(DIGITS):
            mine = self.labels == digit
            if mine.any():
                result[:, digit] = responses[:, mine].mean(axis=1)
        return np.asarray(result.argmax(axis=1))


def _unit_rows(array: Array) -> Array:
    rows = array.astype(np.float32)
    return np.asarray(rows / np.maximum(np.linalg.norm(rows, axis=1)[:, None], 1e-12))


def count_wins(probe: Any, counts: Array) -> None:
    """Add up the spikes of a probe, image by image, and forget them.

    Parameters
    ----------
    probe : Probe
        Of the winners, since the begin of an image.
    counts : (samples, neurons) numpy.ndarray
        Filled with spikes.
    """
    steps, neurons = probe.where()
    np.add.at(counts, (steps // STEPS, neurons), 1)
    probe.clear()


def tuning_of(responses: Array, labels: Array) -> Array:
    """Average the spikes of each neuron for each digit.

    Parameters
    ----------
    responses : (samples, neurons) numpy.ndarray of int
        Spikes for training images.
    labels : (samples,) numpy.ndarray of int
        Their digits.

    Returns
    -------
    (10, neurons) numpy.ndarray of float
        Mean spikes; 0 for digits without an image.
    """
    totals = np.zeros((DIGITS, responses.shape[1]))
    np.add.at(totals, labels, responses)
    images = np.bincount(labels, minlength=DIGITS)[:, None]
    return np.asarray(totals / np.maximum(images, 1))


def labels_of(tuning: Array) -> Array:
    """Say for each neuron which digit it spikes most for.

    Parameters
    ----------
    tuning : (10, neurons) numpy.ndarray of float
        From :func:`tuning_of`.

    Returns
    -------
    (neurons,) numpy.ndarray of int
        Digits; -1 for neurons without spikes.
    """
    return np.where(tuning.any(axis=0), tuning.argmax(axis=0), -1)


def votes(responses: Array, tuning: Array) -> Array:
    """Let each spike vote for the digits its neuron answers to, in proportion.

    Parameters
    ----------
    responses : (samples, neurons) numpy.ndarray of int
        Spikes.
    tuning : (10, neurons) numpy.ndarray of float
        From :func:`tuning_of`.

    Returns
    -------
    (samples, 10) numpy.ndarray of float
        Votes.
    """
    total = tuning.sum(axis=0)
    share = np.divide(tuning, total, out=np.zeros_like(tuning), where=total > 0)
    return np.asarray(responses @ share.T)
