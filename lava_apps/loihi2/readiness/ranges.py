"""How far u and v can go, by the formats of the neurons and their synapses."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from lava_apps.loihi2.arithmetic import DECAY_UNITY
from lava_apps.loihi2.formats import INPUT_SHIFT, MESSAGE_MAX
from lava_apps.loihi2.readiness.graph import Graph, Leaf, Synapses
from lava_apps.parameters import Array

from lava.magma.core.model.py.type import LavaPyType

Bounds = tuple[float, float]
"""Lowest and highest value, infinite where there is no bound."""


@dataclass(frozen=True)
class WorstCase:
    """Bounds for a population of LIF neurons, over all neurons and time steps.

    Parameters
    ----------
    u, v : (2,) tuple of float
        Lowest and highest value, before they wrap or are limited.
    """

    u: Bounds
    v: Bounds


def worst_case(
    graph: Graph, leaf: Leaf, synapses: Mapping[Leaf, Synapses]
) -> WorstCase:
    """Bound u and v of LIF neurons, whatever spikes arrive.

    With the input A in every step, u stays within ``2**6 A 4096 / (du + 1)``. A v that
    did not spike is at most ``2**6 vth`` and then gains u and the bias once; below, it
    stays within what u and the bias sum up to over ``4096 / dv`` steps.

    Parameters
    ----------
    graph : Graph
        The graph.
    leaf : Leaf
        LIF neurons.
    synapses : mapping of Leaf to Synapses
        Of all connections.

    Returns
    -------
    WorstCase
        Bounds; infinite where an input has none.
    """
    lowest, highest = _input_bounds(graph, leaf, synapses)
    decay_u = float(leaf.initial("du").flat[0])
    decay_v = float(leaf.initial("dv").flat[0])
    steps = leaf.process.proc_params.get("reset_interval") or np.inf
    grown_u = _geometric(1 - (decay_u + 1) / DECAY_UNITY, steps)
    u_low = lowest * 2**INPUT_SHIFT * grown_u + leaf.initial("u").min(initial=0)
    u_high = highest * 2**INPUT_SHIFT * grown_u + leaf.initial("u").max(initial=0)
    bias = leaf.initial("bias_mant") * 2.0 ** leaf.initial("bias_exp")
    grown_v = _geometric(1 - decay_v / DECAY_UNITY, steps)
    v_start = leaf.initial("v")
    threshold = float(leaf.initial("vth").max()) * 2**INPUT_SHIFT
    down, up = min(u_low + bias.min(), 0.0), u_high + bias.max()
    v_low = (down * grown_v if down else 0.0) + v_start.min(initial=0)
    held = max(threshold, 0.0, float(v_start.max(initial=0)))
    v_high = max(up * grown_v if up > 0 else 0.0, 0.0) + v_start.max(initial=0)
    return WorstCase((u_low, u_high), (v_low, min(v_high, held + max(up, 0.0))))


def _geometric(kept: float, steps: float) -> float:
    """Sum the powers of a fraction over so many steps."""
    if kept >= 1:
        return steps
    return float((1 - kept**steps) / (1 - kept))


def _input_bounds(
    graph: Graph, leaf: Leaf, synapses: Mapping[Leaf, Synapses]
) -> Bounds:
    """Bound the input of a neuron in one time step, in integer units."""
    port = leaf.process.a_in
    low: Array = np.zeros(leaf.neurons)
    high: Array = np.zeros(leaf.neurons)
    for source, out_port in graph.sources(port):
        if source in synapses:
            held, message = synapses[source], _payload(graph, source)
            parts = [_product(held.negative, held.positive, message)]
        else:
            bounds = message_bounds(source, out_port)
            parts = [(np.array(bounds[0]), np.array(bounds[1]))]
        for lowest, highest in parts:
            if port not in out_port.out_connections:  # through a virtual port
                lowest, highest = lowest.min(), highest.max()
            low, high = low + lowest, high + highest
    return float(low.min()), float(high.max())


def _product(negative: Array, positive: Array, message: Bounds) -> tuple[Array, Array]:
    """Bound a sum of weights of both signs times messages."""
    low, high = message

    def times(sums: Array, factor: float) -> Array:
        # Without a synapse of this sign even an unbounded message adds nothing.
        return np.where(sums == 0, 0.0, sums * factor if factor else 0.0)

    lowest = times(negative, max(high, 0)) + times(positive, min(low, 0))
    highest = times(positive, max(high, 0)) + times(negative, min(low, 0))
    return lowest, highest


def _payload(graph: Graph, connection: Leaf) -> Bounds:
    """Bound what a connection multiplies its weights with."""
    bits = int(connection.initial("num_message_bits").flat[0])
    if bits == 0:
        return 0.0, 1.0  # Lava's connections make 1 of whatever comes
    sources = graph.sources(connection.process.s_in)
    bounds = [message_bounds(source, port) for source, port in sources]
    lows, highs = zip(*bounds, strict=True) if bounds else ((0.0,), (0.0,))
    most = 2.0 ** (bits - 1) - 1
    return max(sum(lows), -most), min(sum(highs), most)


def message_bounds(leaf: Leaf, port: object) -> Bounds:
    """Bound what an OutPort sends.

    Parameters
    ----------
    leaf : Leaf
        Who sends.
    port : OutPort
        Through which port.

    Returns
    -------
    (2,) tuple of float
        0 and 1 for spikes, the data of a RingBuffer, otherwise 24 bits.
    """
    declared = getattr(type(leaf.model), port.name, None)  # type: ignore[attr-defined]
    if leaf.is_lif or (isinstance(declared, LavaPyType) and declared.precision == 1):
        return 0.0, 1.0
    data = getattr(leaf.process, "data", None)
    if leaf.kind == "host" and data is not None and np.size(data.init):
        values = np.asarray(data.init, float)
        return min(float(values.min()), 0.0), max(float(values.max()), 0.0)
    return -float(MESSAGE_MAX), float(MESSAGE_MAX)
