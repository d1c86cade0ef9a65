"""A built graph whose models have kernels, and the order of its parts."""

from __future__ import annotations

import inspect
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any, NamedTuple

import numpy as np
from numba.core.dispatcher import Dispatcher

from lava_apps.kernel import KernelModel
from lava_apps.messages import label
from lava_apps.runtime.compiled.registry import Kernel, kernel_of
from lava_apps.runtime.compiled.threads import MOST_THREADS
from lava_apps.runtime.errors import BackendError
from lava_apps.runtime.graph.built import BuiltGraph, Node
from lava_apps.runtime.graph.edges import Edge
from lava_apps.runtime.graph.order import in_order
from lava_apps.runtime.graph.vars import holder
from lava_apps.runtime.probes import leaf_var

from lava.magma.core.model.py.ports import PyInPort, PyOutPort


class Source(NamedTuple):
    """What an InPort receives from: a part, and the edge from it."""

    part: Part
    edge: Edge

    @property
    def port(self) -> str:
        """Name of the OutPort."""
        return self.edge.sending_port


@dataclass(eq=False)
class Part:
    """A node with its kernel.

    Parameters
    ----------
    node : Node
        Process and ProcessModel.
    kernel : Kernel
        The model's kernel.
    inputs : dict of str to list of Source
        What each InPort receives from, in the order in which Lava adds it up.
    """

    node: Node
    kernel: Kernel
    inputs: dict[str, list[Source]] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self.process, self.model = self.node.process, self.node.model
        self.label = self.node.label

    def phases(self) -> Mapping[str, Dispatcher]:
        """Give the compiled function of each phase, as the model is now."""
        specialise = self.kernel.specialise
        if specialise:
            return specialise(self.model)
        may_pay = self.kernel.parallel and MOST_THREADS > 1
        if may_pay and self.kernel.is_large(self.model):
            return {**self.kernel.phases, **self.kernel.parallel}
        return self.kernel.phases


class KernelGraph:
    """The parts of a graph in the order in which they receive and send.

    Parameters
    ----------
    graph : BuiltGraph
        The graph.

    Raises
    ------
    BackendError
        For a graph that no compiled loop can run, saying why.
    DeadlockError
        For Processes that wait for each other in a circle.
    """

    def __init__(self, graph: BuiltGraph) -> None:
        of_one_domain = len({node.domain for node in graph.nodes}) == 1
        if not of_one_domain or not all(node.has_time_steps for node in graph.nodes):
            raise BackendError("its Processes do not advance by one LoihiProtocol")
        self.graph = graph
        self.parts = [_part(node) for node in graph.nodes]
        for edge in graph.edges:
            if edge.kind == "outside":
                raise BackendError(
                    f"{edge}: comes from outside of the graph or goes there"
                )
        self.by_model = {id(part.model): part for part in self.parts}
        by_node = {part.node: part for part in self.parts}
        for part in self.parts:
            for name, edges in part.node.inputs.items():
                part.inputs[name] = [
                    Source(by_node[edge.sender], edge)
                    for edge in edges
                    if edge.sender is not None
                ]
            _check_types(part)
            _check_ports(part)
        self.order = in_order(
            [part for part in self.parts if "step" in part.kernel.phases],
            [
                (source.part, part, source.edge)
                for part in self.parts
                if "step" in part.kernel.phases
                for sources in part.inputs.values()
                for source in sources
                # What is published was there before the time step began.
                if source.port not in source.part.kernel.publishes
            ],
        )
        self.reads = {id(part): self._reads(part) for part in self.parts}

    def _reads(self, part: Part) -> dict[str, tuple[Any, str]]:
        """Find the models and attributes of the Vars that a kernel reads."""
        found = {}
        for argument, var in part.kernel.reads(part.process).items():
            model, name = holder(self.graph, leaf_var(var).id)
            if name in self.by_model[id(model)].kernel.holds:
                problem = f"the compiled loop keeps {label(var.process)}.{name} packed"
                raise BackendError(
                    f"{part.label} reads a Var that is not there: {problem}"
                )
            found[argument] = (model, name)
        return found

    def outputs(self) -> Iterator[tuple[Part, str, Any]]:
        """Give each OutPort, with its part and name."""
        for part in self.parts:
            for name, port in part.node.ports(PyOutPort):
                yield part, name, port


def _part(node: Node) -> Part:
    kernel = kernel_of(node.model)
    if isinstance(kernel, str):
        raise BackendError(f"{node.label}: {kernel}")
    return Part(node, kernel)


def _check_types(part: Part) -> None:
    """Leave to the inline runtime what is an error there."""
    for name, sources in part.inputs.items():
        kind = part.node.received_type(name)
        declared = np.dtype(getattr(part.model, name)._d_type)
        is_own = isinstance(part.model, KernelModel)
        fits = not is_own or np.can_cast(kind, declared, casting="same_kind")
        if not fits or (part.kernel.whole and kind.kind == "f" and sources):
            where = f"{part.label}.{name}"
            raise BackendError(f"{where}: {kind} arrives at an integer port")


def _check_ports(part: Part) -> None:
    """Refuse a kernel that leaves a port out, or names one that there is not."""
    specialise = part.kernel.specialise
    phases = specialise(part.model) if specialise else part.kernel.phases
    arguments = {
        phase: inspect.signature(function.py_func).parameters
        for phase, function in phases.items()
    }
    used = {name for names in arguments.values() for name in names}
    sent, publishes = dict(part.node.ports(PyOutPort)), part.kernel.publishes
    whose = f"{part.label}: the kernel of {type(part.model).__name__}"
    for name in publishes:
        if name not in sent:
            raise BackendError(f"{whose} publishes {name}, which is no OutPort")
    for name in sent:
        if name not in publishes and name not in arguments.get("step", ()):
            problem = "neither publishes it nor has it as an argument of step"
            raise BackendError(f"{whose} sends nothing by {name}: {problem}")
    for name, _ in part.node.ports(PyInPort):
        known = {name, f"{name}_indices", f"{name}_count"} & used
        if part.inputs[name] and not known and name not in part.kernel.ignores:
            raise BackendError(f"{whose} does not receive {name}")
