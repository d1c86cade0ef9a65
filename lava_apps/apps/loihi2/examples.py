"""Graphs of this package to look at with ``lava-apps loihi2 check``."""

from __future__ import annotations

from lava_apps.apps.digits.network import DigitsNetwork, Settings
from lava_apps.apps.som.network import MapNetwork, MapSettings
from lava_apps.datasets import load_digits, load_mnist
from lava_apps.parameters import Array
from lava_apps.processes.hopfield import Hopfield, projection, quantise

from lava.magma.core.process.process import AbstractProcess

_PATTERNS, _SAMPLES = 10, 20


def hopfield() -> AbstractProcess:
    """Make a Hopfield network of 784 neurons that stores ten digits.

    Returns
    -------
    Hopfield
        With 8-bit weights.
    """
    images = _images(_PATTERNS)
    patterns = (images > 127).astype(int) * 2 - 1
    weights = quantise(projection(patterns)).weights
    return Hopfield(weights=weights, name="memory")


def digits() -> AbstractProcess:
    """Make the network of ``lava-apps stdp`` with 100 neurons.

    Returns
    -------
    LIF
        Its neurons.
    """
    settings = Settings(100, precision="fixed_pt")
    return DigitsNetwork(settings, _images(_SAMPLES)).neurons


def som() -> AbstractProcess:
    """Make the spiking map of ``lava-apps som --mode spiking``, of 10 by 10 neurons.

    Returns
    -------
    SpikingSOM
        The map.
    """
    data = load_digits()[0].reshape(-1, 64)[:_SAMPLES]
    return MapNetwork(MapSettings(mode="spiking"), data).som


def _images(number: int) -> Array:
    return load_mnist("train")[0][:number].reshape(number, -1)
