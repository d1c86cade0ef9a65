"""Lava's connections for samples that follow each other."""

from lava_apps.processes.connections.process import (
    ConvReset,
    DelayConv,
    DelayDenseReset,
    DelaySparseReset,
    DenseReset,
    SparseReset,
)

__all__ = [
    "ConvReset",
    "DelayConv",
    "DelayDenseReset",
    "DelaySparseReset",
    "DenseReset",
    "SparseReset",
]
