"""One neuron under constant current: spike times and f-I curve."""

from lava_apps.apps.lif.experiment import LIFResult, run_neuron

__all__ = ["LIFResult", "run_neuron"]
