"""A whole graph from floating_pt to fixed_pt, scaled by what a run shows.

LIF neurons of Loihi 2 hold u and v in units that are nobody's: a population may have
a scale S of its own, if every weight into it, its bias, its threshold and its initial
state are scaled alike. S is as large as the ranges allow, for all rounding is relative
to it.
"""

from __future__ import annotations

import copy
import math
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any, Literal

import networkx
import numpy as np

from lava_apps.graphs import find_processes
from lava_apps.loihi2.catalogue import is_connection
from lava_apps.loihi2.convertible import is_lif, refuse_what_cannot_be, targets
from lava_apps.loihi2.formats import INPUT_SHIFT
from lava_apps.loihi2.run_configs import Precision
from lava_apps.loihi2.scaling import (
    Incoming,
    Observed,
    Population,
    Rounding,
    best_scale,
)
from lava_apps.messages import label
from lava_apps.parameters import TimeSteps, validated
from lava_apps.runtime import Simulator
from lava_apps.runtime.probes import Probe

from lava.magma.core.process.interfaces import AbstractProcessMember
from lava.magma.core.process.process import AbstractProcess, Collection

Backend = Literal["inline", "compiled"]
_CHUNK = 50  # time steps between two looks at u and v
_SAMPLED_NEURONS, _SAMPLED_INPUTS = 256, 4_000_000


@dataclass(frozen=True)
class Comparison:
    """A population in floating point and in integers, over the same time steps.

    Parameters
    ----------
    process : str
        The population.
    steps : int
        Time steps.
    rate_float, rate_fixed : float
        Spikes a neuron and time step.
    relative_difference : float
        Of the rates, by that in floating point; NaN where that is 0.
    shared_spikes : float
        Fraction of the spikes in floating point that the same neuron sent in the same
        time step in integers; NaN where there were none.
    """

    process: str
    steps: int
    rate_float: float
    rate_fixed: float
    relative_difference: float
    shared_spikes: float


@dataclass(frozen=True)
class FixedGraph:
    """A graph of integers, and what making it cost.

    Parameters
    ----------
    process : AbstractProcess
        The counterpart of the Process that was given.
    counterparts : mapping of AbstractProcess to AbstractProcess
        For each Process of the graph in floating point that of integers.
    scales : mapping of AbstractProcess to float
        For each population in floating point the integer units of a potential of 1.
    roundings : tuple of Rounding
        Of every parameter that was converted.
    comparison : tuple of Comparison
        Of every population, in the run.
    """

    process: AbstractProcess
    counterparts: Mapping[AbstractProcess, AbstractProcess] = field(repr=False)
    scales: Mapping[AbstractProcess, float]
    roundings: tuple[Rounding, ...]
    comparison: tuple[Comparison, ...]


@validated
def to_fixed(
    process: AbstractProcess,
    *,
    run_steps: TimeSteps = 1000,
    backend: Backend = "inline",
) -> FixedGraph:
    """Convert a graph from floating_pt to fixed_pt, scaled by what a run shows.

    Converted are LIF neurons (Lava's LIF and LIFReset, this package's LIF), Dense,
    Sparse, Conv and their delayed kinds, and RingBuffers that feed neurons. Other
    Processes are taken over as they are, and must be integers already.

    A population gets the largest scale at which thresholds, biases, weights, and twice
    the observed u and v fit, or one down to half of that with less rounding. Decays are
    rounded to 12 bits; where that changes what a steady input settles to, weights and
    biases make up for it. Rounded neurons settle to the same, but not as fast: a gain
    of input and bias, from 0.9 to 1.1, then keeps their rates, and moves what they
    settle to.

    Parameters
    ----------
    process : AbstractProcess
        Any Process of the graph, with parameters for floating_pt. It stays as it is.
    run_steps : int
        Time steps to observe, and then to compare. Default 1000.
    backend : {"inline", "compiled"}
        What runs both graphs. Default "inline".

    Returns
    -------
    FixedGraph
        The new graph, its scales, roundings, and a comparison of rates and spikes.

    Raises
    ------
    ParameterError
        Naming a Process and parameter that cannot be had in integers: a decay, a
        threshold or all weights that would vanish, a plastic connection, a message
        that is neither spikes nor scaled by a connection.
    NoModelError
        For a Process without a fixed_pt model.

    Examples
    --------
    >>> from lava.proc.lif.process import LIF
    >>> neurons = LIF(shape=(2,), du=0.5, dv=0.1, vth=1, bias_mant=0.15)
    >>> fixed = to_fixed(neurons, run_steps=200)
    >>> bool(abs(fixed.comparison[0].relative_difference) < 0.05)
    True
    """
    graph: list[AbstractProcess] = sorted(find_processes(process), key=lambda p: p.id)
    populations = [p for p in graph if is_lif(p)]
    synapses = [p for p in graph if is_connection(p)]
    refuse_what_cannot_be(graph)
    observed = _observe(process, populations, run_steps, backend, "floating_pt")
    counterparts = _copy(graph)
    roundings: list[Rounding] = []
    scales: dict[AbstractProcess, float] = {}
    for group in _groups(populations):
        members = [Population(p, observed[p], _into(p, graph)) for p in group]
        input_scale = best_scale(members)
        for member in members:
            scale = input_scale / member.input_gain
            scales[member.process] = scale * 2**INPUT_SHIFT
            roundings += member.convert(scale, counterparts)
    for connection in synapses:
        if not [t for t in targets(connection) if is_lif(t)]:
            incoming = Incoming(connection)
            scale = incoming.finest()
            scale = scale if math.isfinite(scale) else 1.0
            roundings += incoming.convert(scale, counterparts[connection])
    fixed = counterparts[process]
    others = [counterparts[p] for p in populations]
    after = _observe(fixed, others, run_steps, backend, "fixed_pt")
    comparison = tuple(
        _compare(p, run_steps, observed[p].spikes, after[counterparts[p]].spikes)
        for p in populations
    )
    return FixedGraph(fixed, counterparts, scales, tuple(roundings), comparison)


def _copy(graph: list[AbstractProcess]) -> dict[AbstractProcess, AbstractProcess]:
    """Copy a graph, with all its connections."""
    nodes = _nodes(graph)
    # Copied one by one, where each finds all others in the memo: along connections
    # copy would call itself as often as there are Processes. And a Collection of
    # Lava's answers a question for any attribute with an AssertionError, so that
    # copy cannot ask whether it knows how to copy itself.
    memo: dict[int, Any] = {id(node): object.__new__(type(node)) for node in nodes}
    for node in nodes:
        if isinstance(node, AbstractProcess):
            memo[id(node)]._runtime = None  # which Lava asks for when it is given up
    for node in nodes:
        vars(memo[id(node)]).update(copy.deepcopy(vars(node), memo))
    return {p: memo[id(p)] for p in nodes if isinstance(p, AbstractProcess)}


def _nodes(graph: list[AbstractProcess]) -> list[Any]:
    """Find what refers to one another: Processes, their ports, Vars and Collections."""
    kinds = (AbstractProcess, AbstractProcessMember, Collection)
    nodes: dict[int, Any] = {id(process): process for process in graph}
    waiting = list(graph)
    while waiting:
        held = list(vars(waiting.pop()).values())
        while held:
            value = held.pop()
            if isinstance(value, kinds):
                if id(value) not in nodes:
                    nodes[id(value)] = value
                    waiting.append(value)
            elif isinstance(value, dict):
                held += [*value.keys(), *value.values()]
            elif isinstance(value, list | tuple | set):
                held += value
    return list(nodes.values())


def _into(population: AbstractProcess, graph: Iterable[AbstractProcess]) -> list[Any]:
    """Find what feeds the neurons: connections, and RingBuffers."""
    sources = {port.process for port in population.a_in.get_src_ports()}
    return [Incoming(p) for p in graph if p in sources]


def _groups(
    populations: list[AbstractProcess],
) -> list[list[AbstractProcess]]:
    """Group populations that one connection feeds, and so share a scale."""
    sharing = networkx.Graph()
    sharing.add_nodes_from(populations)
    for feeder in {q.process for p in populations for q in p.a_in.get_src_ports()}:
        fed = [t for t in targets(feeder) if t in sharing]
        sharing.add_edges_from((fed[0], other) for other in fed[1:])
    groups = [
        sorted(group, key=lambda p: p.id)
        for group in networkx.connected_components(sharing)
    ]
    return sorted(groups, key=lambda group: group[0].id)


def _observe(
    process: AbstractProcess,
    populations: list[AbstractProcess],
    steps: int,
    backend: Backend,
    precision: Precision,
) -> dict[AbstractProcess, Observed]:
    """Run a graph, and note what its populations do."""
    observed = {}
    with Simulator(process, precision=precision, backend=backend) as sim:
        probes = {}
        for p in populations:
            size = int(np.prod(p.s_out.shape))
            chosen = min(size, max(_SAMPLED_INPUTS // steps, 1), _SAMPLED_NEURONS)
            sample = np.linspace(0, size - 1, chosen).astype(int)
            observed[p] = Observed(sim.probe(p.s_out), sample)
            probes[p] = [sim.probe(x) for x in (p.u, p.v, p.a_in)]
        for begin in range(0, steps, _CHUNK):
            sim.run(min(_CHUNK, steps - begin))
            for p, seen in observed.items():
                u, v, a_in = (probe.array() for probe in probes[p])
                seen.u = max(seen.u, float(np.abs(u).max()))
                seen.v = max(seen.v, float(np.abs(v).max()))
                seen.inputs.append(a_in.reshape(len(a_in), -1)[:, seen.sample])
                for probe in probes[p]:
                    probe.clear()
    return observed


def _compare(
    process: AbstractProcess, steps: int, floats: Probe, integers: Probe
) -> Comparison:
    size = int(np.prod(process.s_out.shape))
    before, after = (probe.events / (steps * size) for probe in (floats, integers))
    places = []
    for probe in (floats, integers):
        samples, neurons = probe.where()
        places.append(samples * size + neurons)
    shared = np.intersect1d(places[0], places[1]).size
    return Comparison(
        label(process),
        steps,
        before,
        after,
        (after - before) / before if before else math.nan,
        shared / floats.events if floats.events else math.nan,
    )
