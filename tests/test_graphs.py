"""Lava's own walks and those that stand for them, on random graphs."""

import sys

import numpy as np
import pytest

from lava_apps import graphs
from lava_apps.graphs import ORIGINALS, find_processes
from lava_apps.runtime import Simulator
from lava_apps.runtime.housekeeping import declare_models

from lava.magma.compiler import compiler_graphs
from lava.magma.compiler.channel_map import ChannelMap
from lava.magma.compiler.compiler_graphs import ProcDiGraph, ProcGroupDiGraphs
from lava.magma.core.decorator import implements
from lava.magma.core.model.py.ports import VirtualPortTransformer
from lava.magma.core.model.sub.model import AbstractSubProcessModel
from lava.magma.core.process.ports.ports import InPort, OutPort, RefPort, VarPort
from lava.magma.core.process.process import AbstractProcess
from lava.magma.core.process.variable import Var
from lava.magma.core.run_configs import Loihi2SimCfg
from lava.proc.dense.process import Dense
from lava.proc.lif.process import LIF

SHAPE = (2, 3)


class Node(AbstractProcess):
    """Something with two ports of each kind."""

    def __init__(self):
        super().__init__()
        self.in_a, self.in_b = InPort(SHAPE), InPort(SHAPE)
        self.out_a, self.out_b = OutPort(SHAPE), OutPort(SHAPE)
        self.ref = RefPort(SHAPE)
        self.state = Var(SHAPE, 1)
        self.var_port = VarPort(self.state)


class Hull(AbstractProcess):
    """A Process made of others, `depth` levels of them."""

    def __init__(self, depth):
        super().__init__(depth=depth)
        self.a_in, self.s_out = InPort((2,)), OutPort((2,))
        self.unused = OutPort((2,))
        self.v = Var((2,), 0)


@implements(Hull)
class HullModel(AbstractSubProcessModel):
    """Another hull, or neurons."""

    def __init__(self, proc):
        depth = proc.proc_params["depth"]
        self.dense = Dense(weights=np.eye(2))
        self.inner = Hull(depth - 1) if depth > 1 else LIF(shape=(2,), vth=1)
        proc.a_in.connect(self.dense.s_in)
        self.dense.a_out.connect(self.inner.a_in)
        self.inner.s_out.connect(proc.s_out)
        proc.vars.v.alias(self.inner.vars.v)


@pytest.fixture
def lavas_own(monkeypatch):
    """Give what calls something with all of Lava's own functions in place."""

    def call(function, *arguments):
        with monkeypatch.context() as patch:
            for (owner, name), original in ORIGINALS.items():
                patch.setattr(owner, name, original)
            return outcome(function, *arguments)

    return call


def outcome(function, *arguments):
    """Give a result, or the type and words of what is raised."""
    try:
        return function(*arguments)
    except Exception as error:
        return type(error), str(error)


def turned(port, random):
    """Put some virtual ports behind a port; they come back to its shape."""
    for _ in range(random.integers(0, 4)):
        match random.integers(0, 3):
            case 0:
                port = port.flatten().reshape(SHAPE)
            case 1:
                port = port.transpose().transpose((1, 0))
            case _:
                port = port.reshape((3, 2)).reshape(SHAPE)
    return port


def random_graph(seed, *, concat=False):
    """Connect nodes at random, with forks, joins and circles of Processes."""
    random = np.random.default_rng(seed)
    nodes = [Node() for _ in range(random.integers(2, 9))]
    ends = [port for n in nodes for port in (n.in_a, n.in_b)]
    starts = [port for n in nodes for port in (n.out_a, n.out_b)]
    joined = set()
    for _ in range(random.integers(1, 4 * len(nodes))):
        a, b = random.integers(len(starts)), random.integers(len(ends))
        if (a, b) not in joined:
            joined.add((a, b))
            turned(starts[a], random).connect(ends[b])
    for node in nodes:
        other = nodes[random.integers(len(nodes))]
        if other is not node and random.random() < 0.5:
            kind = random.integers(0, 3)
            if kind == 0:
                node.ref.connect_var(other.state)
            elif kind == 1:
                node.ref.connect(other.var_port)
            else:
                node.ref.transpose().reshape(SHAPE).connect(other.var_port)
    if concat:
        port = nodes[0].out_a.concat_with(nodes[1].out_a, axis=0)
        port.reshape((3, 4)).reshape((12,)).connect(LIF(shape=(12,)).a_in)
    return nodes


def all_ports(nodes):
    """List all ports, virtual ones too."""
    ports = [p for n in nodes for p in graphs._ports(n)]
    for port in ports:  # grows
        ports += [p for p in port.out_connections if p not in ports]
    return ports


def walks(port):
    """Ask everything of a port."""
    methods = (
        *("get_src_ports", "get_dst_ports"),
        *("get_incoming_virtual_ports", "get_outgoing_virtual_ports"),
    )
    given = [outcome(getattr(port, name)) for name in methods]
    functions = [
        {end: [(f.func.__qualname__, f.args) for f in fs] for end, fs in found.items()}
        if isinstance(found := outcome(getattr(port, name)), dict)
        else found
        for name in ("get_incoming_transform_funcs", "get_outgoing_transform_funcs")
    ]
    return [*given, *functions]


@pytest.mark.parametrize("seed", range(40))
def test_ports_and_processes_are_found_as_lava_finds_them(seed, lavas_own):
    nodes = random_graph(seed, concat=seed % 4 == 0)
    for port in all_ports(nodes):
        assert walks(port) == lavas_own(walks, port)
    for node in nodes:
        found = find_processes(node)
        theirs = lavas_own(lambda: compiler_graphs.find_processes(node))  # noqa: B023
        assert set(found) == set(theirs)
        assert found == sorted(found, key=lambda p: p.id)
        traverse = ProcDiGraph._traverse_ports_of_proc
        assert traverse(node) == lavas_own(traverse, node)

    def pairs():
        return ChannelMap._get_port_pairs_from_proc_groups([nodes])

    assert pairs() == lavas_own(pairs)


def test_what_one_port_leads_to_by_two_ways_is_given_once(lavas_own):
    first, second = Node(), Node()
    first.out_a.flatten().reshape(SHAPE).connect(second.in_a)
    first.out_a.transpose().transpose().connect(second.in_a)
    twice = lavas_own(lambda: second.in_a.get_src_ports())
    assert twice == [first.out_a] * 2
    assert second.in_a.get_src_ports() == [first.out_a]


def compiled(depth):
    """Expand a hierarchy, and describe the outcome without its objects."""
    source, hull = LIF(shape=(2,)), Hull(depth)
    source.s_out.connect(hull.a_in)
    graph = ProcGroupDiGraphs(source, Loihi2SimCfg())
    first = source.id

    def number(process):
        return process.id - first

    edges = sorted((number(a), number(b)) for a, b in graph.resolved_proc_digraph.edges)
    order = [[number(p) for p in group] for group in graph.get_proc_groups()]
    inner = next(p for p in hull.procs if isinstance(p, (Hull, LIF)))
    parents = (inner.is_sub_proc_of(hull), hull.is_sub_proc_of(inner))
    ends = [
        (number(p.process), p.name)
        for p in (*source.s_out.get_dst_ports(), *hull.s_out.get_src_ports())
    ]
    counts = graph.num_procs_pre_pm_discovery, graph.num_procs_post_subproc_expansion
    return edges, sorted(map(sorted, order)), parents, ends, counts, hull.v.get()


@pytest.mark.parametrize("depth", [1, 2, 5])
def test_processes_in_processes_are_built_as_lava_builds_them(depth, lavas_own):
    assert compiled(depth) == lavas_own(compiled, depth)


class Astray(Hull):
    """A hull whose Var stands for one of another Process."""


@implements(Astray)
class AstrayModel(AbstractSubProcessModel):
    """Neurons that are not where the Var points to."""

    def __init__(self, proc):
        self.inner = LIF(shape=(2,))
        self.inner.s_out.connect(proc.s_out)
        proc.vars.v.alias(LIF(shape=(2,)).vars.v)


declare_models(Hull, [HullModel])
declare_models(Astray, [AstrayModel])


def test_errors_are_those_of_lava(lavas_own):
    def expand():
        ProcGroupDiGraphs(Astray(1), Loihi2SimCfg())

    kind, words = outcome(expand)
    assert kind is AssertionError
    assert lavas_own(expand)[0] is kind
    assert "strict sub" in words
    port = Node().in_a

    def walk():
        return ProcDiGraph._find_terminal_procs_recursively([port], "up")

    assert outcome(walk)[0] is ValueError
    assert outcome(walk) == lavas_own(walk)
    nested = [[1, [2, [3]], []], [], 4]
    flatten = compiler_graphs.flatten_list_recursive
    assert flatten(nested) == [1, 2, 3, 4]
    assert flatten([]) == []


def test_circles_of_ports_and_aliases_are_refused():
    first, second = Node(), Node()
    first.out_a.connect(second.out_a)
    second.out_a.connect(first.out_a)
    for walk in (first.out_a.get_dst_ports, first.out_a.get_incoming_virtual_ports):
        with pytest.raises(RecursionError, match="in a circle: out_a"):
            walk()
    first.state.alias(second.state)
    second.state.alias(first.state)
    with pytest.raises(RecursionError, match="aliases are connected in a circle"):
        first.state.get()


def test_an_alias_asks_the_var_that_it_stands_for():
    class Doubled(Var):
        def get(self, idx=None):
            return 2 * super().get(idx)

    far, near = Doubled((1,), 3), Var((1,), 0)
    near.alias(far)
    assert near.get() == 6
    alias, node = Var(SHAPE, 0), Node()
    alias.alias(node.state)
    with pytest.raises(ValueError, match="No Runtime available yet"):
        alias.set(np.ones(SHAPE))


def test_any_number_of_ports_one_after_another():
    length = 3 * sys.getrecursionlimit()
    first, second = Node(), Node()
    port = first.out_a
    for _ in range(length):
        port = port.transpose()
    port.flatten().reshape(SHAPE).connect(second.in_a)
    assert second.in_a.get_src_ports() == [first.out_a]
    ((_, functions),) = second.in_a.get_incoming_transform_funcs().items()
    assert len(functions) == length + 2
    assert find_processes(second) == [first, second]

    class Csp:
        name = "csp"

    csp = Csp()
    transformer = VirtualPortTransformer({"a": csp}, {"a": functions})
    data = np.arange(6).reshape(SHAPE)
    np.testing.assert_array_equal(transformer.transform(data, csp), data)


def test_ways_that_fork_and_meet_again_are_walked_once():
    port = Node().out_a
    first = port
    for _ in range(60):  # 2**60 ways
        joined = OutPort(SHAPE)
        for branch in (OutPort(SHAPE), OutPort(SHAPE)):
            port.connect(branch)
            branch.connect(joined)
        port = joined
    assert first.get_dst_ports() == [port]
    assert port.get_src_ports() == [first]
    assert port.get_incoming_virtual_ports() == (f"{first.process.id}_out_a", [])


def chain(length, *, across=1):
    """Connect populations one after another, each two by so many connections."""
    first = LIF(shape=(2,), du=0.5, dv=0.1, vth=1.0, bias_mant=0.3)
    members = [first]
    for _ in range(length - 1):
        members.append(LIF(shape=(2,), du=0.5, dv=0.1, vth=1.0))
        for _ in range(across):
            dense = Dense(weights=np.eye(2) * 0.7)
            members[-2].s_out.connect(dense.s_in)
            dense.a_out.connect(members[-1].a_in)
    return members


def ring(length, **options):
    """Close such a chain."""
    members = chain(length, **options)
    back = Dense(weights=np.eye(2) * 0.1)
    members[-1].s_out.connect(back.s_in)
    back.a_out.connect(members[0].a_in)
    return members


def spikes(members, backend, steps=30):
    """Run a graph, and give the spikes of some populations."""
    with Simulator(members[0], backend=backend) as sim:
        probes = [sim.probe(p.s_out) for p in (*members[:12], members[-1])]
        sim.run(steps)
        return [sim.data[probe] for probe in probes]


@pytest.mark.parametrize("make", [chain, ring])
def test_a_long_chain_runs_as_its_beginning_does(make):
    long, short = make(1100), make(40)
    found = spikes(long, "inline")
    for ours, theirs in zip(found[:12], spikes(short, "inline")[:12], strict=True):
        np.testing.assert_array_equal(ours, theirs)
    assert found[0].any()
    assert found[5].any()
    assert len(find_processes(long[500])) == len(find_processes(long[0])) >= 2199


def test_diamonds_one_after_another():
    one = chain(300, across=2)
    assert len(find_processes(one[-1])) == 300 + 2 * 299
    assert spikes(one, "inline")[11].any()


def test_hulls_in_hulls_at_any_depth():
    depth = sys.getrecursionlimit() // 2 + 100
    source = LIF(shape=(2,), bias_mant=0.6, du=1.0, dv=0.0, vth=1.0)
    hull = Hull(depth)
    source.s_out.connect(hull.a_in)
    with Simulator(source, backend="inline") as sim:
        probe = sim.probe(hull.s_out)
        sim.run(5)
        assert sim.data[probe].shape == (5, 2)
        assert sim.get(hull.v).shape == (2,)
