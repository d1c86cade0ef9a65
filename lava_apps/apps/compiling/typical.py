"""Small graphs that together need the kernels of this package, as they are mostly used.

A kernel is compiled for the types of its arguments, not for sizes and values. So a few
neurons of each kind serve for all networks of that kind.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any, NamedTuple

import numpy as np
from scipy.sparse import csr_matrix

from lava_apps.loihi2.run_configs import Precision
from lava_apps.processes.connections import (
    ConvReset,
    DelayConv,
    DelayDenseReset,
    DelaySparseReset,
    DenseReset,
    SparseReset,
)
from lava_apps.processes.decoders import (
    FilterDecoder,
    FirstSpikeDecoder,
    PopulationDecoder,
    RateDecoder,
)
from lava_apps.processes.encoders import (
    DeltaEncoder,
    GradedEncoder,
    LatencyEncoder,
    PopulationEncoder,
    RateEncoder,
)
from lava_apps.processes.hopfield import Hopfield
from lava_apps.processes.lif import LIF
from lava_apps.processes.som import SOM
from lava_apps.processes.stdp import (
    PairSTDP,
    RewardSTDP,
    STDPDense,
    TraceSTDP,
    TripletSTDP,
)
from lava_apps.processes.wta import SpikingWinnerTakeAll, WinnerTakeAll

from lava.magma.core.process.process import AbstractProcess
from lava.proc.atrlif.process import ATRLIF
from lava.proc.conv.process import Conv
from lava.proc.dense.process import DelayDense, Dense
from lava.proc.io.sink import RingBuffer as Sink
from lava.proc.io.source import RingBuffer
from lava.proc.lif.process import LIF as LavaLIF  # noqa: N811
from lava.proc.lif.process import LIFRefractory, LIFReset, TernaryLIF
from lava.proc.monitor.process import Monitor
from lava.proc.receiver.process import Receiver
from lava.proc.sdn.process import Delta, Sigma, SigmaDelta
from lava.proc.sparse.process import DelaySparse, Sparse
from lava.proc.spiker.process import Spiker

N = 4
PRECISIONS: tuple[Precision, ...] = ("floating_pt", "fixed_pt")
_ONES = np.ones((N, N), int)
_SAMPLES = np.full((2, N), 0.5)


class Typical(NamedTuple):
    """A graph to be compiled.

    Parameters
    ----------
    name : str
        Of the Process that it is for.
    precision : {"floating_pt", "fixed_pt"}
        Of its ProcessModels.
    make : callable
        Makes the graph; gives that Process.
    """

    name: str
    precision: Precision
    make: Callable[[], AbstractProcess]


def typical_graphs() -> Iterator[Typical]:
    """Give the graphs.

    Yields
    ------
    Typical
        One for each kind of Process and precision.
    """
    for precision in PRECISIONS:
        fixed = precision == "fixed_pt"
        for kind, options in (*_neurons(fixed), *_others(fixed)):
            yield Typical(kind.__name__, precision, _alone(kind, options))
        for kind, options in _connections():
            for bits in (0, 8):
                more = options | {"num_message_bits": bits}
                yield Typical(kind.__name__, precision, _connected(kind, more))


def _neurons(fixed: bool) -> Iterator[tuple[type[AbstractProcess], dict[str, Any]]]:
    shape = {"shape": (N,)}
    for kind in (LavaLIF, LIF, ATRLIF, WinnerTakeAll, SpikingWinnerTakeAll):
        yield kind, shape
    yield LIFReset, shape | {"reset_interval": 2}
    yield TernaryLIF, shape | {"vth_lo": -1, "vth_hi": 1}
    for delta in (Sigma, Delta, SigmaDelta):
        yield delta, shape | ({} if delta is Sigma else {"vth": 1})
    if not fixed:
        yield LIFRefractory, shape | {"refractory_period": 2}
        yield LIF, shape | {"noise": 0.5}


def _others(fixed: bool) -> Iterator[tuple[type[AbstractProcess], dict[str, Any]]]:
    shape = {"shape": (N,)}
    samples = {"data": _SAMPLES, "steps": 3}
    images = {"data": np.ones((2, N), np.uint8), "steps": 3}
    for encoder in (RateEncoder, LatencyEncoder, GradedEncoder):
        yield encoder, images
        if not (fixed and encoder is GradedEncoder):  # floats are its messages
            yield encoder, samples
    yield PopulationEncoder, samples | {"low": 0, "high": 1}
    yield DeltaEncoder, {"data": np.ones((2, 3, N)), "threshold": 0.5}
    yield RateDecoder, shape | {"window": 3}
    yield FirstSpikeDecoder, shape
    yield PopulationDecoder, {"features": 1, "centres": np.arange(N)}
    yield FilterDecoder, shape | {"tau": 3}
    for update in ("synchronous", "asynchronous"):
        yield Hopfield, {"weights": _ONES - np.eye(N, dtype=int), "update": update}
    yield SOM, {"weights": np.arange(4 * N).reshape(2, 2, N), "samples": 3}
    yield Spiker, shape | {"period": 2, "payload": 1}
    taus = dict.fromkeys(("tau_plus", "tau_minus", "tau_x", "tau_y"), 9)
    for rule in (
        PairSTDP(a_plus=4, a_minus=2),
        TraceSTDP(rate=6, target=0.4),
        TripletSTDP(a_plus=2, a_minus=3, a_plus_3=1, a_minus_3=0.5, **taus),
        RewardSTDP(a_plus=5, a_minus=3),
    ):
        limit = {"w_max": 127 if fixed else 1.0}
        yield STDPDense, {"weights": _ONES, "rule": rule} | limit


def _connections() -> Iterator[tuple[type[AbstractProcess], dict[str, Any]]]:
    sparse, waits = {"weights": csr_matrix(_ONES)}, {"delays": _ONES}
    sparse_waits = {"delays": csr_matrix(_ONES)}
    conv = {"weight": np.ones((1, 2, 2, 1), int), "input_shape": (2, 2, 1)}
    samples = {"reset_interval": 3}
    for ours, lavas, options in (
        (DenseReset, Dense, {"weights": _ONES}),
        (SparseReset, Sparse, sparse),
        (DelayDenseReset, DelayDense, {"weights": _ONES} | waits),
        (DelaySparseReset, DelaySparse, sparse | sparse_waits),
        (ConvReset, Conv, conv),
    ):
        yield lavas, options
        yield ours, options | samples
    yield DelayConv, conv | samples | {"delays": np.ones((1, 1, 1), int)}


def _alone(
    kind: type[AbstractProcess], options: dict[str, Any]
) -> Callable[[], AbstractProcess]:
    """Say how to make a Process between sources and sinks."""

    def make() -> AbstractProcess:
        process = kind(**options)
        for port in process.in_ports:
            source = RingBuffer(data=np.ones((*port.shape, 2), int))
            source.s_out.connect(port)
        for port in process.out_ports:
            _keep(port)
        return process

    return make


def _connected(
    kind: type[AbstractProcess], options: dict[str, Any]
) -> Callable[[], AbstractProcess]:
    """Say how to make a connection between two populations."""

    def make() -> AbstractProcess:
        connection = kind(**options)
        first = LavaLIF(shape=connection.s_in.shape)
        second = LavaLIF(shape=connection.a_out.shape)
        first.s_out.connect(connection.s_in)
        connection.a_out.connect(second.a_in)
        monitor = Monitor()
        monitor.probe(second.v, 2)
        return connection

    return make


def _keep(port: Any) -> None:
    """Connect what takes what a port sends."""
    sink, receiver = Sink(shape=port.shape, buffer=2), Receiver(shape=port.shape)
    port.connect(sink.a_in)
    port.connect(receiver.a_in)
