"""Lava's connections for samples that follow each other."""

from lava_apps.processes.connections.process import (
    ConvReset,
    DelayDenseReset,
    DelaySparseReset,
    DenseReset,
    SparseReset,
)

__all__ = [
    "ConvReset",
    "DelayDenseReset",
    "DelaySparseReset",
    "DenseReset",
    "SparseReset",
]
