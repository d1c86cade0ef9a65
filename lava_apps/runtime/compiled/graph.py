"""What a graph is to the compiled loop: nodes, what they receive, and their order."""

from __future__ import annotations

import inspect
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

import networkx as nx
import numpy as np
from numba.core.dispatcher import Dispatcher

from lava_apps.kernel import KernelModel
from lava_apps.messages import label
from lava_apps.runtime.compiled.registry import Kernel, kernel_of
from lava_apps.runtime.compiled.threads import MOST_THREADS
from lava_apps.runtime.errors import BackendError, DeadlockError
from lava_apps.runtime.inline import InlineRuntime
from lava_apps.runtime.ports import transformation
from lava_apps.runtime.probes import leaf_var
from lava_apps.runtime.protocols import LoihiDomain

from lava.magma.core.model.py.ports import PyInPort, PyOutPort
from lava.magma.core.process.process import AbstractProcess


@dataclass
class Source:
    """An OutPort that an InPort receives from.

    Parameters
    ----------
    node : Node
        Who sends.
    port : str
        Its OutPort.
    transform : callable or None
        What virtual ports on the way do to a message.
    """

    node: Node
    port: str
    transform: Any


@dataclass(eq=False)
class Node:
    """A ProcessModel with its kernel.

    Parameters
    ----------
    process : AbstractProcess
        The Process.
    model : PyLoihiProcessModel
        Its model.
    kernel : Kernel
        The model's kernel.
    inputs : dict of str to list of Source
        What each InPort receives from, in the order in which Lava adds it up.
    """

    process: AbstractProcess
    model: Any
    kernel: Kernel
    inputs: dict[str, list[Source]] = field(default_factory=dict)

    def phases(self) -> Mapping[str, Dispatcher]:
        """Give the compiled function of each phase, as the model is now."""
        specialise = self.kernel.specialise
        if specialise:
            return specialise(self.model)
        may_pay = self.kernel.parallel and MOST_THREADS > 1
        if may_pay and self.kernel.is_large(self.model):
            return {**self.kernel.phases, **self.kernel.parallel}
        return self.kernel.phases

    @property
    def label(self) -> str:
        """Class and name."""
        return label(self.process)

    def ports(self, kind: type) -> Iterator[tuple[str, Any]]:
        """Give the name of each port of a kind, and the port."""
        for name, port in vars(self.model).items():
            if isinstance(port, kind):
                yield name, port

    def input_type(self, name: str) -> Any:
        """Give the type of what Lava's ``recv`` gives: a sum that begins with 0."""
        declared = np.dtype(getattr(self.model, name)._d_type)
        arriving = [
            np.dtype(getattr(s.node.model, s.port)._d_type) for s in self.inputs[name]
        ]
        return np.result_type(declared, *arriving)


class Graph:
    """The nodes of a graph in the order in which they receive and send.

    Parameters
    ----------
    runtime : InlineRuntime
        With models and channels built.

    Raises
    ------
    BackendError
        For a graph that no compiled loop can run, saying why.
    DeadlockError
        For Processes that wait for each other in a circle.
    """

    def __init__(self, runtime: InlineRuntime) -> None:
        domains = runtime.scheduler.domains
        if len(domains) != 1 or not isinstance(domains[0], LoihiDomain):
            raise BackendError("its Processes do not advance by one LoihiProtocol")
        # Lava's compiler walks a set; in the order in which Processes were made, the
        # same script gives the same loop, and finds it compiled.
        workers = sorted(runtime.scheduler.workers, key=lambda w: w.process.id)
        self.nodes = [self._node(w.process, w.model) for w in workers]
        self._places = {id(node): n for n, node in enumerate(self.nodes)}
        by_model = {id(node.model): node for node in self.nodes}
        by_process = {node.process: node for node in self.nodes}
        for node in self.nodes:
            for name, port in node.ports(PyInPort):
                node.inputs[name] = [
                    Source(
                        by_process[end.channel.source[0]],
                        end.channel.source[1],
                        transformation(port, end),
                    )
                    for end in port.csp_ports
                ]
            self._check_types(node)
            self._check_ports(node)
        self.by_model = by_model
        self.order = self._sort()
        self.reads = {id(n): self._reads(n, runtime) for n in self.nodes}

    @staticmethod
    def _node(process: AbstractProcess, model: Any) -> Node:
        kernel = kernel_of(model)
        if isinstance(kernel, str):
            raise BackendError(f"{label(process)}: {kernel}")
        return Node(process, model, kernel)

    def _reads(self, node: Node, runtime: InlineRuntime) -> dict[str, tuple[Any, str]]:
        """Find the models and attributes of the Vars that a kernel reads."""
        found = {}
        for argument, var in node.kernel.reads(node.process).items():
            model, name = runtime.model_of(leaf_var(var).id)
            if name in self.by_model[id(model)].kernel.holds:
                problem = f"the compiled loop keeps {label(var.process)}.{name} packed"
                raise BackendError(
                    f"{node.label} reads a Var that is not there: {problem}"
                )
            found[argument] = (model, name)
        return found

    @staticmethod
    def _check_types(node: Node) -> None:
        """Leave to the inline runtime what is an error there."""
        for name, sources in node.inputs.items():
            kind = node.input_type(name)
            declared = np.dtype(getattr(node.model, name)._d_type)
            is_own = isinstance(node.model, KernelModel)
            fits = not is_own or np.can_cast(kind, declared, casting="same_kind")
            if not fits or (node.kernel.whole and kind.kind == "f" and sources):
                where = f"{node.label}.{name}"
                raise BackendError(f"{where}: {kind} arrives at an integer port")

    @staticmethod
    def _check_ports(node: Node) -> None:
        """Refuse a kernel that leaves a port out, or names one that there is not."""
        specialise = node.kernel.specialise
        phases = specialise(node.model) if specialise else node.kernel.phases
        arguments = {
            phase: inspect.signature(function.py_func).parameters
            for phase, function in phases.items()
        }
        used = {name for names in arguments.values() for name in names}
        sent, publishes = dict(node.ports(PyOutPort)), node.kernel.publishes
        whose = f"{node.label}: the kernel of {type(node.model).__name__}"
        for name in publishes:
            if name not in sent:
                raise BackendError(f"{whose} publishes {name}, which is no OutPort")
        for name in sent:
            if name not in publishes and name not in arguments.get("step", ()):
                problem = "neither publishes it nor has it as an argument of step"
                raise BackendError(f"{whose} sends nothing by {name}: {problem}")
        for name, sources in node.inputs.items():
            known = {name, f"{name}_indices", f"{name}_count"} & used
            if sources and not known and name not in node.kernel.ignores:
                raise BackendError(f"{whose} does not receive {name}")

    def _sort(self) -> list[Node]:
        """Put who sends before who receives, where it is in the same time step."""
        links = nx.DiGraph()
        links.add_nodes_from(n for n in self.nodes if "step" in n.kernel.phases)
        for node in links.nodes:
            for name, sources in node.inputs.items():
                for source in sources:
                    sender = source.node.kernel
                    if source.port not in sender.publishes:
                        links.add_edge(source.node, node, port=name, source=source)
        try:
            return list(nx.lexicographical_topological_sort(links, key=self._place))
        except nx.NetworkXUnfeasible:
            circle = [link[:2] for link in nx.find_cycle(links)]
        places = "\n".join(
            f"  {node.label}: {links.edges[before, node]['port']} waits for "
            f"{before.label}.{links.edges[before, node]['source'].port}"
            for before, node in circle
        )
        raise DeadlockError(f"Processes wait for each other:\n{places}")

    def _place(self, node: Node) -> int:
        return self._places[id(node)]

    def outputs(self) -> Iterator[tuple[Node, str, Any]]:
        """Give each OutPort."""
        for node in self.nodes:
            for name, port in node.ports(PyOutPort):
                yield node, name, port
