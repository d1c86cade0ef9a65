"""Plastic synapses: learning from the timing of spikes."""

from lava_apps.processes.stdp.process import (
    PairSTDP,
    RewardSTDP,
    STDPDense,
    TraceSTDP,
    TripletSTDP,
)

__all__ = ["PairSTDP", "RewardSTDP", "STDPDense", "TraceSTDP", "TripletSTDP"]
