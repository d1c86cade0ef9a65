"""Leaky integrate-and-fire neurons."""

from lava_apps.membrane import Membrane
from lava_apps.processes.lif.dynamics import QuantisedLIF, quantise
from lava_apps.processes.lif.process import LIF

__all__ = ["LIF", "Membrane", "QuantisedLIF", "quantise"]
