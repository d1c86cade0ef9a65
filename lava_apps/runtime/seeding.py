"""One seed for all Processes of a graph that draw random numbers."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

import numpy as np

from lava_apps.streams import new_stream, splitmix64

from lava.magma.core.process.process import AbstractProcess
from lava.magma.core.process.variable import Var


@contextmanager
def seeded(graph: list[AbstractProcess], seed: int | None) -> Iterator[None]:
    """Give each Process that draws a stream of its own while models are built."""
    drawing = sorted(
        (
            p
            for p in graph
            if seed is not None and isinstance(getattr(p, "stream", None), Var)
        ),
        key=lambda process: process.id,
    )
    before = [process.stream.init for process in drawing]
    for rank, process in enumerate(drawing):
        key, _ = new_stream(seed or 0)
        own = splitmix64(key, np.uint64(rank + 1))
        process.stream.init = np.array([own, 0], dtype=np.uint64)
    try:
        yield
    finally:
        for process, stream in zip(drawing, before, strict=True):
            process.stream.init = stream
