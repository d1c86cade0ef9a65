"""Hopfield network: an associative memory."""

from lava_apps.processes.hopfield.dynamics import (
    energy,
    hebbian,
    projection,
    quantise,
    storkey,
)
from lava_apps.processes.hopfield.process import Hopfield

__all__ = [
    "Hopfield",
    "energy",
    "hebbian",
    "projection",
    "quantise",
    "storkey",
]
