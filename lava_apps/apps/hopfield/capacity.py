"""How many random patterns a Hopfield network holds."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Annotated, Any

import numpy as np
import numpy.typing as npt
from pydantic import Field

from lava_apps.apps.hopfield.experiment import Rule, make_weights
from lava_apps.apps.hopfield.network import Update, recall
from lava_apps.apps.hopfield.patterns import flip_pixels
from lava_apps.loihi2.run_configs import Precision
from lava_apps.parameters import (
    Fraction,
    PositiveInteger,
    PositiveNumber,
    Seed,
    validated,
)
from lava_apps.processes.hopfield.dynamics import overlap
from lava_apps.runtime.simulator import BackendName

CRITICAL_LOAD = 0.138
"""P/N beyond which Hebbian memories of random patterns are lost.

Amit, Gutfreund and Sompolinsky 1985, Phys. Rev. Lett. 55:1530.
"""

DEFAULT_LOADS = (0.04, 0.07, 0.1, 0.12, 0.138, 0.15, 0.17, 0.2, 0.25)


@dataclass(frozen=True)
class CapacityResult:
    """Overlap with the stored pattern, for one load after the other.

    Parameters
    ----------
    settings : dict
        The arguments of :func:`measure_capacity`.
    loads : (L,) numpy.ndarray
        Patterns a neuron, P/N, as they came out with whole patterns.
    overlaps : (L, trials) numpy.ndarray
        Overlap of the last state with the stored pattern.
    backend : str
        What the networks ran on.
    seconds : float
        Time that all of it took.
    """

    settings: dict[str, Any]
    loads: npt.NDArray[np.float64]
    overlaps: npt.NDArray[np.float64]
    backend: str
    seconds: float

    def summary(self) -> dict[str, Any]:
        """Give the figures that ``lava-apps hopfield capacity --json`` prints.

        Returns
        -------
        dict
            JSON-compatible.
        """
        asked = self.settings
        return {
            "neurons": asked["neurons"],
            "rule": asked["rule"],
            "update": asked["update"],
            "precision": asked["precision"],
            "flip": asked["flip"],
            "trials": asked["trials"],
            "loads": self.loads.round(4).tolist(),
            "overlap_mean": self.overlaps.mean(axis=1).tolist(),
            "critical_load": CRITICAL_LOAD,
            "backend": self.backend,
            "seed": asked["seed"],
            "seconds": round(self.seconds, 3),
        }


@validated
def measure_capacity(
    *,
    neurons: PositiveInteger = 512,
    loads: Annotated[Sequence[PositiveNumber], Field(min_length=1)] = DEFAULT_LOADS,
    flip: Fraction = 0.1,
    rule: Rule = "hebbian",
    update: Update = "synchronous",
    precision: Precision = "floating_pt",
    trials: PositiveInteger = 20,
    steps: PositiveInteger = 50,
    seed: Seed = 0,
    backend: BackendName = "auto",
    on_load: Callable[[float], None] | None = None,
) -> CapacityResult:
    """Measure how well random patterns are recalled as more of them are stored.

    Parameters
    ----------
    neurons : int
        Neurons N.
    loads : sequence of float
        Patterns a neuron, P/N; rounded to whole patterns, at least one.
    flip : float
        Fraction of neurons inverted in the cue.
    rule : {"hebbian", "projection", "storkey"}
        Storage rule.
    update, precision
        See :func:`~lava_apps.apps.hopfield.network.recall`.
    trials : int
        Cues for each load.
    steps : int
        Time steps for each cue.
    seed : int
        Seed of patterns, cues and update order.
    backend : {"auto", "compiled", "inline", "lava"}
        See :class:`~lava_apps.runtime.Simulator`.
    on_load : callable, optional
        Called with each load when it is done.

    Returns
    -------
    CapacityResult
        Overlaps by load.

    Raises
    ------
    ParameterError
        For an argument that is out of range.
    """
    settings = {name: value for name, value in locals().items() if name != "on_load"}
    start = time.perf_counter()
    real_loads, overlaps = [], []
    for index, load in enumerate(loads):
        rng = np.random.default_rng([seed, index])
        count = max(1, round(load * neurons))
        stored = rng.choice(np.array([-1, 1], dtype=np.int8), (count, neurons))
        weights, _ = make_weights(stored, rule, precision)
        turns = np.arange(trials) % count
        cues = flip_pixels(stored[turns], flip, rng)
        recalled = recall(
            weights,
            cues,
            steps=steps,
            update=update,
            precision=precision,
            seed=seed,
            backend=backend,
        )
        real_loads.append(count / neurons)
        overlaps.append(overlap(recalled.states[:, -1], stored[turns]))
        if on_load is not None:
            on_load(load)
    seconds = time.perf_counter() - start
    return CapacityResult(
        settings, np.array(real_loads), np.array(overlaps), recalled.backend, seconds
    )
