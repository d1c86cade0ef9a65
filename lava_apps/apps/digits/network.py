"""The network that learns digits, as a graph of Lava Processes.

    images -> RateEncoder -> STDPDense -> LIF -> WinnerTakeAll -> inhibitory Dense
                                  ^        ^           |                 |
                                  |        +-----------|-----------------+
                                  +--------------------+

After Diehl and Cook (2015, Front. Comput. Neurosci. 9:99), with direct inhibition in
the place of their inhibitory neurons, and currents in the place of conductances. Each
image begins with all potentials at 0 and nothing under way.
"""

from __future__ import annotations

import math
from dataclasses import asdict, dataclass
from typing import Annotated, Any

import numpy as np
import numpy.typing as npt
from pydantic import Field

from lava_apps.loihi2.formats import DECAY_MAX, INPUT_SHIFT
from lava_apps.loihi2.run_configs import Precision
from lava_apps.parameters import Array, Integer, Seed, validated
from lava_apps.processes.connections import DenseReset
from lava_apps.processes.encoders import RateEncoder
from lava_apps.processes.lif import LIF
from lava_apps.processes.stdp import STDPDense, TraceSTDP
from lava_apps.processes.wta import WinnerTakeAll

STEPS = 250
"""Time steps of an image."""

WEIGHT_UNITS = 204
"""Integer units of a weight of 1 in fixed_pt: as many as leave the inhibition in reach
of 8 bits and an exponent of 7."""

_RATE, _TARGET, _TAU = 0.01, 0.1, 10.0
_NORM, _INK, _FULL_RATE = 78.4, 26_000.0, 0.1
_FULL_SCALE = 255 / _FULL_RATE  # grey level that spikes in each time step
_DV, _VTH, _THETA_PLUS, _REST, _INHIBITION = 0.005, 5.0, 0.2, 3, 160.0
_THETA_LOST = 4e-5  # of theta a time step, divided by the number of neurons


@dataclass(frozen=True)
class Settings:
    """What a network is made from.

    Parameters
    ----------
    neurons : int
        How many, at least 2.
    precision : {"floating_pt", "fixed_pt"}
        Of all ProcessModels; fixed_pt has 8-bit weights. Default "floating_pt".
    seed : int
        Of initial weights, spikes, rounding and the order of images. Default 0.
    """

    neurons: int
    precision: Precision = "floating_pt"
    seed: int = 0

    @validated
    def __init__(
        self,
        neurons: Annotated[Integer, Field(ge=2, le=10_000)],
        precision: Precision = "floating_pt",
        seed: Seed = 0,
    ) -> None:
        for name, value in (
            ("neurons", neurons),
            ("precision", precision),
            ("seed", seed),
        ):
            object.__setattr__(self, name, value)

    @property
    def is_fixed(self) -> bool:
        """Whether weights and potentials are integers."""
        return self.precision == "fixed_pt"

    @property
    def learning_rate(self) -> float:
        """Learning rate of a weight from 0 to 1.

        The more neurons, the fewer images each of them learns from.
        """
        return float(_RATE * math.sqrt(self.neurons / 100))

    @property
    def theta_lost(self) -> float:
        """Fraction of theta that is lost in a time step."""
        return _THETA_LOST / self.neurons

    def summary(self) -> dict[str, Any]:
        """Give the settings as JSON has them."""
        return asdict(self)


class DigitsNetwork:
    """Encoder, plastic synapses, adaptive neurons, competition and inhibition.

    Parameters
    ----------
    settings : Settings
        What to make.
    images : (samples, pixels) array_like of uint8
        What is presented, one after the other.
    weights : (neurons, pixels) array_like, optional
        Learned weights. Default: random ones.
    theta : (neurons,) array_like, optional
        Learned adaptive thresholds. Default 0.
    learning : bool
        Whether synapses and thresholds change. Default True.
    """

    def __init__(
        self,
        settings: Settings,
        images: npt.ArrayLike,
        *,
        weights: npt.ArrayLike | None = None,
        theta: npt.ArrayLike | None = None,
        learning: bool = True,
    ) -> None:
        images = np.asarray(images)
        shape = (settings.neurons,)
        if weights is None:
            weights = initial_weights(settings, images.shape[1])
        unit = WEIGHT_UNITS if settings.is_fixed else 1
        self.encoder = RateEncoder(
            data=equal_ink(images),
            steps=STEPS,
            max_rate=1.0,
            full_scale=_FULL_SCALE,
            seed=settings.seed,
        )
        self.synapses = STDPDense(
            weights=np.asarray(weights),
            rule=TraceSTDP(
                rate=settings.learning_rate * unit, target=_TARGET, tau=_TAU, mu=1
            ),
            w_max=unit,
            norm=_NORM * unit,
            learning=float(learning),
            reset_interval=STEPS,
            seed=settings.seed,
        )
        self.neurons = LIF(
            shape=shape,
            theta=0 if theta is None else np.asarray(theta),
            refractory_period=_REST,
            reset_interval=STEPS,
            **_neuron_parameters(settings, learning=learning),
        )
        self.competition = WinnerTakeAll(shape=shape)
        self.inhibition = DenseReset(**_inhibition(settings), reset_interval=STEPS)
        self.encoder.s_out.connect(self.synapses.s_in)
        self.encoder.start_out.connect(self.synapses.start_in)
        self.synapses.a_out.connect(self.neurons.a_in)
        self.neurons.s_out.connect(self.competition.a_in)
        self.competition.s_out.connect(self.synapses.s_in_bap)
        self.competition.s_out.connect(self.inhibition.s_in)
        self.inhibition.a_out.connect(self.neurons.a_in)


def equal_ink(images: Array) -> Array:
    """Scale images to one sum of grey levels, that of MNIST's in the mean.

    Otherwise a digit of much ink drives all neurons more than one of little ink.

    Parameters
    ----------
    images : (samples, pixels) numpy.ndarray of uint8
        Grey levels.

    Returns
    -------
    (samples, pixels) numpy.ndarray of float32
        Scaled; up to ten times 255. An image without ink stays as it is.
    """
    total = np.maximum(images.sum(axis=1, dtype=np.float32), 1)
    scaled = images * np.float32(_INK) / total[:, None]
    return np.asarray(np.minimum(scaled, np.float32(_FULL_SCALE)))


def initial_weights(settings: Settings, pixels: int) -> Array:
    """Draw random weights from 0 to 0.3 of the largest.

    Parameters
    ----------
    settings : Settings
        Of the network.
    pixels : int
        Inputs of a neuron.

    Returns
    -------
    (neurons, pixels) numpy.ndarray
        Integers in fixed_pt.
    """
    rng = np.random.default_rng(settings.seed)
    drawn = 0.3 * rng.random((settings.neurons, pixels))
    return np.rint(drawn * WEIGHT_UNITS).astype(int) if settings.is_fixed else drawn


def _neuron_parameters(settings: Settings, *, learning: bool) -> dict[str, Any]:
    """Give the neurons' parameters in the units of the precision."""
    if not settings.is_fixed:
        return {
            "du": 1,
            "dv": _DV,
            "vth": _VTH,
            "theta_plus": _THETA_PLUS if learning else 0,
            "dtheta": settings.theta_lost if learning else 0,
        }
    # theta's decay is far below the 1/4096 that 12 bits hold (see training).
    return {
        "du": DECAY_MAX,
        "dv": round(_DV * (DECAY_MAX + 1)),
        "vth": round(_VTH * WEIGHT_UNITS),
        "theta_plus": round(_THETA_PLUS * (WEIGHT_UNITS << INPUT_SHIFT))
        if learning
        else 0,
    }


def _inhibition(settings: Settings) -> dict[str, Any]:
    """Give weights from each winner to all others."""
    others = 1 - np.eye(settings.neurons)
    if not settings.is_fixed:
        return {"weights": -_INHIBITION * others}
    units = round(_INHIBITION * WEIGHT_UNITS)
    exponent = 7
    return {
        "weights": -(units >> exponent) * others.astype(int),
        "weight_exp": exponent,
    }
