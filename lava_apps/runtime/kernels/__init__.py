"""Kernels of Lava's own ProcessModels, registered when this is imported."""

from lava_apps.runtime.kernels import (  # noqa: F401
    connections,
    convolution,
    delays,
    io,
    learning,
    neurons,
    sigma_delta,
)
