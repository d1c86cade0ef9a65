"""Encoders: data sets as spikes, sample by sample."""

from lava_apps.processes.encoders.dynamics import (
    receptive_field_centres,
    reconstruct,
)
from lava_apps.processes.encoders.process import (
    DeltaEncoder,
    GradedEncoder,
    LatencyEncoder,
    PopulationEncoder,
    RateEncoder,
)

__all__ = [
    "DeltaEncoder",
    "GradedEncoder",
    "LatencyEncoder",
    "PopulationEncoder",
    "RateEncoder",
    "receptive_field_centres",
    "reconstruct",
]
