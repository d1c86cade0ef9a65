"""Decoders: spikes as values, sample by sample."""

from lava_apps.processes.decoders.process import (
    FilterDecoder,
    FirstSpikeDecoder,
    PopulationDecoder,
    RateDecoder,
)

__all__ = ["FilterDecoder", "FirstSpikeDecoder", "PopulationDecoder", "RateDecoder"]
