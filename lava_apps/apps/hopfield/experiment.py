"""The experiment: store images, damage them, let the network restore them."""

from __future__ import annotations

import time
from dataclasses import dataclass
from typing import Any, Literal

import numpy as np
import numpy.typing as npt

from lava_apps.apps.hopfield.network import Signs, Update, recall
from lava_apps.apps.hopfield.patterns import (
    Damage,
    Greys,
    Images,
    add_noise,
    binarise,
    choose_images,
    flip_pixels,
    occlude,
)
from lava_apps.loihi2.run_configs import Precision
from lava_apps.parameters import (
    Array,
    Fraction,
    NonNegativeNumber,
    PositiveInteger,
    Seed,
    validated,
)
from lava_apps.processes.hopfield import energy, hebbian, projection, quantise, storkey
from lava_apps.processes.hopfield.dynamics import overlap
from lava_apps.runtime.simulator import BackendName

FloatArray = npt.NDArray[np.float64]
Rule = Literal["hebbian", "projection", "storkey"]
STORE = {"hebbian": hebbian, "projection": projection, "storkey": storkey}


@dataclass(frozen=True)
class RecallResult:
    """What came of K trials with P stored images of N pixels.

    Parameters
    ----------
    settings : dict
        The arguments of :func:`restore_images`.
    image_shape : tuple of int
        Height and width of an image.
    stored : (K, N) numpy.ndarray
        The undamaged image of each trial.
    states : (K, steps + 1, N) numpy.ndarray
        States of the network, the damaged image first.
    energies : (K, steps + 1) numpy.ndarray
        Energy of each state.
    quantisation_error : float
        Relative error of the 8-bit weights; 0 for floating_pt.
    backend : str
        What the network ran on.
    seconds : float
        Time that the recall took, graph built and stopped.
    """

    settings: dict[str, Any]
    image_shape: tuple[int, ...]
    stored: Signs
    states: Signs
    energies: FloatArray
    quantisation_error: float
    backend: str
    seconds: float

    @property
    def overlaps(self) -> FloatArray:
        """Overlap of each trial's last state with the stored image, (K,)."""
        return overlap(self.states[:, -1], self.stored)

    @property
    def exact(self) -> npt.NDArray[np.bool_]:
        """Whether each trial's last state is the stored image, (K,)."""
        return np.asarray((self.states[:, -1] == self.stored).all(axis=1))

    @property
    def steps_to_fixed_point(self) -> npt.NDArray[np.int_]:
        """Steps after which each trial's state no longer changes, (K,).

        The number of steps that were run where it changed to the last.
        """
        changes = np.any(self.states[:, 1:] != self.states[:, :-1], axis=2)
        last_change = changes.shape[1] - np.argmax(changes[:, ::-1], axis=1)
        return np.where(changes.any(axis=1), last_change, 0)

    @property
    def settled(self) -> npt.NDArray[np.bool_]:
        """Whether each trial ended in a fixed point, (K,)."""
        return np.asarray((self.states[:, -1] == self.states[:, -2]).all(axis=1))

    @property
    def energy_monotone(self) -> bool:
        """Whether no trial's energy ever rose, up to rounding."""
        tolerance = 1e-9 * float(np.abs(self.energies).max())
        return bool((np.diff(self.energies, axis=1) <= tolerance).all())

    @property
    def damage(self) -> float:
        """Fraction of pixels that differ between damaged and stored images."""
        return float((self.states[:, 0] != self.stored).mean())

    def summary(self) -> dict[str, Any]:
        """Give the figures that ``lava-apps hopfield --json`` prints.

        Returns
        -------
        dict
            JSON-compatible.
        """
        asked = self.settings
        return {
            "neurons": self.stored.shape[1],
            "patterns": asked["patterns"],
            "trials": asked["trials"],
            "rule": asked["rule"],
            "update": asked["update"],
            "precision": asked["precision"],
            "decomposed": asked["decomposed"],
            # The fraction asked for; with other damage the fraction measured.
            "flip": asked["flip"] if asked["damage"] == "flip" else self.damage,
            "exact": float(self.exact.mean()),
            "overlap_mean": float(self.overlaps.mean()),
            "steps_mean": float(self.steps_to_fixed_point.mean()),
            "energy_monotone": self.energy_monotone,
            "backend": self.backend,
            "seconds": round(self.seconds, 3),
        }


@validated
def restore_images(
    *,
    images: Images = "mnist",
    full: bool = False,
    patterns: PositiveInteger = 10,
    damage: Damage = "flip",
    flip: Fraction = 0.2,
    noise: NonNegativeNumber = 0.5,
    rule: Rule = "projection",
    update: Update = "synchronous",
    precision: Precision = "floating_pt",
    decomposed: bool = False,
    trials: PositiveInteger = 50,
    steps: PositiveInteger = 20,
    seed: Seed = 0,
    backend: BackendName = "auto",
    progress: bool = False,
) -> RecallResult:
    """Store images of handwritten digits and restore damaged ones.

    Parameters
    ----------
    images : {"mnist", "digits"}
        MNIST (28 by 28 pixels) or scikit-learn's digits (8 by 8).
    full : bool
        Choose from all of MNIST's training images, not from the subset that
        ships with the package (see :func:`lava_apps.datasets.load_mnist`).
    patterns : int
        Images to store, all different.
    damage : {"flip", "occlude", "noise"}
        Invert pixels, cover the lower half, or add noise to the grey levels.
    flip : float
        Fraction of pixels to invert, from 0 to 1.
    noise : float
        Standard deviation of the noise, white to black being 1.
    rule : {"projection", "hebbian", "storkey"}
        How the images are stored.
    update, precision, decomposed
        See :func:`~lava_apps.apps.hopfield.network.recall`.
    trials : int
        Damaged images, the stored ones in turn; with "occlude" at most one each.
    steps : int
        Time steps for each.
    seed : int
        Seed of choice, damage and update order.
    backend : {"auto", "compiled", "inline", "lava"}
        See :class:`~lava_apps.runtime.Simulator`.
    progress : bool
        Show a progress bar on stderr.

    Returns
    -------
    RecallResult
        States, energies and what they amount to.

    Raises
    ------
    ParameterError
        For an argument that is out of range or has no model.
    """
    if damage == "occlude":  # each image has one lower half: repeating shows nothing
        trials = min(trials, patterns)
    settings = {name: value for name, value in locals().items() if name != "progress"}
    rng = np.random.default_rng(seed)
    greys = choose_images(images, patterns, rng, full=full)
    flat = greys.reshape(patterns, -1)
    stored = binarise(flat)
    weights, error = make_weights(stored, rule, precision)
    turns = np.arange(trials) % patterns
    cues = _damage(stored[turns], flat[turns], damage, flip, noise, rng)

    start = time.perf_counter()
    recalled = recall(
        weights,
        cues,
        steps=steps,
        update=update,
        precision=precision,
        decomposed=decomposed,
        seed=seed,
        backend=backend,
        progress=progress,
    )
    seconds = time.perf_counter() - start
    return RecallResult(
        settings=settings,
        image_shape=greys.shape[1:],
        stored=stored[turns],
        states=recalled.states,
        energies=energy(recalled.states, weights),
        quantisation_error=error,
        backend=recalled.backend,
        seconds=seconds,
    )


def make_weights(
    patterns: Signs, rule: Rule, precision: Precision
) -> tuple[Array, float]:
    """Store patterns in weights of the precision asked for.

    Parameters
    ----------
    patterns : (P, N) numpy.ndarray
        Patterns, each -1 or +1.
    rule : {"hebbian", "projection", "storkey"}
        Storage rule.
    precision : {"floating_pt", "fixed_pt"}
        fixed_pt rounds the weights to 8 bits.

    Returns
    -------
    weights : (N, N) numpy.ndarray
        float64 or int8.
    error : float
        Relative error of the rounding; 0 for floating_pt.
    """
    weights = STORE[rule](patterns)
    if precision == "floating_pt":
        return weights, 0.0
    quantised = quantise(weights)
    return quantised.weights, quantised.relative_error


def _damage(
    stored: Signs,
    greys: Greys,
    damage: Damage,
    flip: float,
    noise: float,
    rng: np.random.Generator,
) -> Signs:
    if damage == "flip":
        return flip_pixels(stored, flip, rng)
    if damage == "occlude":
        return occlude(stored)
    return add_noise(greys, noise, rng)
