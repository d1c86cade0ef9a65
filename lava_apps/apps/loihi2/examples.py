"""Graphs of this package to look at with ``lava-apps loihi2``."""

from __future__ import annotations

import numpy as np

from lava_apps.apps.digits.network import DigitsNetwork, Settings
from lava_apps.apps.som.network import MapNetwork, MapSettings
from lava_apps.datasets import load_digits, load_mnist
from lava_apps.parameters import Array
from lava_apps.processes.hopfield import Hopfield, projection, quantise

from lava.magma.core.process.process import AbstractProcess
from lava.proc.dense.process import Dense
from lava.proc.lif.process import LIF

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


def chain() -> AbstractProcess:
    """Make two populations in floating point, for ``lava-apps loihi2 fix``.

    Returns
    -------
    LIF
        The first of them, of 30 neurons.
    """
    rng = np.random.default_rng(0)
    bias = rng.uniform(0.05, 0.2, 30)
    first = LIF(shape=(30,), du=0.2, dv=0.07, vth=1.0, bias_mant=bias, name="first")
    connection = Dense(weights=rng.normal(0.02, 0.02, (20, 30)), name="connection")
    second = LIF(shape=(20,), du=0.2, dv=0.07, vth=1.0, name="second")
    first.s_out.connect(connection.s_in)
    connection.a_out.connect(second.a_in)
    return first


def _images(number: int) -> Array:
    return load_mnist("train")[0][:number].reshape(number, -1)
