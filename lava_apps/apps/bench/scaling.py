"""How time and memory of the compiled backend grow with a network.

Each size runs in an OS process of its own (``python -m lava_apps.apps.bench.scaling
NEURONS SYNAPSES``), whose memory is then all that the network took.
"""

from __future__ import annotations

import json
import os
import resource
import subprocess
import sys
import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
from scipy.sparse import csr_matrix

from lava_apps.apps.bench.experiment import PeerError
from lava_apps.parameters import PositiveInteger, validated
from lava_apps.runtime import Simulator
from lava_apps.runtime.compiled.backend import CompiledBackend

from lava.proc.lif.process import LIF
from lava.proc.sparse.process import Sparse

SIZES: tuple[tuple[int, int], ...] = (
    (1_000, 100_000),
    (3_000, 500_000),
    (10_000, 2_000_000),
    (30_000, 10_000_000),
    (100_000, 50_000_000),
    (300_000, 150_000_000),
    (1_000_000, 500_000_000),
)
"""Neurons and synapses."""

_BAND = 100_000  # rows that are drawn at once


@dataclass(frozen=True)
class Size:
    """One network on the compiled backend, in fixed_pt with 8-bit weights.

    Parameters
    ----------
    neurons, synapses : int
        Its size.
    build_seconds : float
        From Processes to the first time step, compiled before or not.
    us_per_step : float
        Median time of a step.
    spikes_per_step : float
        Mean over the same steps.
    peak_bytes : int
        Largest memory of the OS process, drawing the network included.
    bytes_per_synapse : float
        Of the arrays that the loop runs on.
    threads : int
        Threads that turned out to be fastest.
    """

    neurons: int
    synapses: int
    build_seconds: float
    us_per_step: float
    spikes_per_step: float
    peak_bytes: int
    bytes_per_synapse: float
    threads: int

    @property
    def ns_per_event(self) -> float:
        """Time of a step per synaptic event, in nanoseconds."""
        events = self.spikes_per_step * self.synapses / self.neurons
        return 1e3 * self.us_per_step / events if events else float("nan")

    def summary(self) -> dict[str, Any]:
        """Give what ``lava-apps bench scaling --json`` prints of this size."""
        return vars(self) | {"ns_per_event": self.ns_per_event}


def draw(neurons: int, synapses: int, seed: int = 0) -> csr_matrix:
    """Draw a network of 80 % excitatory neurons, as many synapses to each.

    Parameters
    ----------
    neurons, synapses : int
        Size; the synapses of a neuron come from all the others evenly.
    seed : int
        Of all that is drawn. Default 0.

    Returns
    -------
    (neurons, neurons) scipy.sparse.csr_matrix of int8
        Weights 2 and -10.
    """
    each = synapses // neurons
    edges = np.linspace(0, neurons, each + 1).astype(np.int64)
    width = np.diff(edges)
    rng = np.random.default_rng(seed)
    columns = np.empty((neurons, each), np.int32)
    for begin in range(0, neurons, _BAND):
        rows = columns[begin : begin + _BAND]
        rows[...] = edges[:-1] + rng.random(rows.shape, dtype=np.float32) * width
    flat = columns.reshape(-1)
    weights = np.where(flat < 0.8 * neurons, np.int8(2), np.int8(-10))
    starts = np.arange(neurons + 1, dtype=np.int32) * each
    return csr_matrix((weights, flat, starts), shape=(neurons, neurons))


def measure(neurons: int, synapses: int, *, blocks: int = 7) -> Size:
    """Build and run a network of a size in this OS process.

    Parameters
    ----------
    neurons, synapses : int
        Its size.
    blocks : int
        Runs whose median counts. Default 7.

    Returns
    -------
    Size
        What was measured.
    """
    weights = draw(neurons, synapses)
    begin = time.perf_counter()
    start = np.random.default_rng(1).integers(0, 2000 * 64, neurons)
    cells = LIF(shape=(neurons,), du=400, dv=30, vth=2000, bias_mant=1100, v=start)
    connection = Sparse(weights=weights)
    cells.s_out.connect(connection.s_in)
    connection.a_out.connect(cells.a_in)
    with Simulator(cells, backend="compiled", precision="fixed_pt") as sim:
        spikes = sim.probe(cells.s_out, max_bytes=2**34)
        sim.run(1)
        build_seconds = time.perf_counter() - begin
        sim.run(200)
        steps = int(np.clip(2e8 / (neurons + synapses / 300), 50, 20_000))
        seconds = []
        for _ in range(blocks):
            begin = time.perf_counter()
            sim.run(steps)
            seconds.append((time.perf_counter() - begin) / steps)
        backend = sim._backend
        assert isinstance(backend, CompiledBackend)
        held, threads = backend.bytes_of(connection), backend.threads
    return Size(
        neurons,
        weights.nnz,
        build_seconds,
        float(np.median(seconds)) * 1e6,
        spikes.events / sim.time_step,
        resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024,
        held / weights.nnz,
        threads,
    )


@validated
def scale(
    *,
    largest: PositiveInteger = 50_000_000,
    on_size: Callable[[Any], None] = lambda _: None,
) -> list[Size]:
    """Measure networks from 1,000 neurons and 100,000 synapses upwards.

    Parameters
    ----------
    largest : int
        Most synapses, up to 500 million, which take some 13 GiB. Default 50 million.
    on_size : callable
        Called with each result.

    Returns
    -------
    list of Size
        By size.

    Raises
    ------
    PeerError
        When an OS process ended without a result, such as for want of memory.
    """
    results = []
    command = [sys.executable, "-W", "ignore", "-m", __spec__.name]
    for neurons, synapses in SIZES:
        if synapses > largest:
            break
        done = subprocess.run(  # noqa: S603 - our own module
            [*command, str(neurons), str(synapses)],
            capture_output=True,
            text=True,
            check=False,
            env=os.environ,
        )
        if done.returncode != 0:
            last = done.stderr.strip().splitlines()[-3:]
            raise PeerError(f"{synapses:,} synapses: " + "\n".join(last))
        results.append(Size(**json.loads(done.stdout)))
        on_size(results[-1])
    return results


if __name__ == "__main__":
    print(json.dumps(vars(measure(int(sys.argv[1]), int(sys.argv[2])))))
