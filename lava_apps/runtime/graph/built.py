"""The plain structure that Lava's executable becomes, once."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from lava_apps.messages import label
from lava_apps.runtime.graph.control import Control
from lava_apps.runtime.graph.edges import Edge

from lava.magma.core.model.py.model import PyLoihiProcessModel
from lava.magma.core.model.py.ports import PyOutPort
from lava.magma.core.process.process import AbstractProcess

OnAccess = Callable[[Any, str, bool], None]


@dataclass(eq=False)
class Node:
    """A leaf Process and the ProcessModel that was chosen for it.

    Parameters
    ----------
    process : AbstractProcess
        The Process.
    domain : int
        Number of Lava's synchronisation domain: those of one advance together.
    model : AbstractPyProcessModel
        Its model, which holds the arrays of its Vars.
    inputs : dict of str to list of Edge
        For each InPort what arrives there, in the order in which Lava adds it up.
    """

    process: AbstractProcess
    domain: int
    model: Any = None
    inputs: dict[str, list[Edge]] = field(default_factory=dict)

    @property
    def label(self) -> str:
        """Class and name of the Process."""
        return label(self.process)

    @property
    def has_time_steps(self) -> bool:
        """Whether it advances by Lava's LoihiProtocol, step by step."""
        return isinstance(self.model, PyLoihiProcessModel)

    def ports(self, kind: type) -> Iterator[tuple[str, Any]]:
        """Give the name of each port of a kind of Lava's, and the port."""
        for name, port in vars(self.model).items():
            if isinstance(port, kind):
                yield name, port

    def sent_type(self, name: str) -> Any:
        """Give the type of what an OutPort sends."""
        return np.dtype(getattr(self.model, name)._d_type)

    def received_type(self, name: str) -> Any:
        """Give the type of what Lava's ``recv`` gives: a sum that begins with 0."""
        declared = np.dtype(getattr(self.model, name)._d_type)
        arriving = [
            edge.sender.sent_type(edge.sending_port)
            for edge in self.inputs[name]
            if edge.sender is not None
        ]
        return np.result_type(declared, *arriving)


def _nothing(model: Any, name: str, changes: bool) -> None:
    """Take no notice of a Var that is read or set."""


class BuiltGraph:
    """All that a backend needs of a graph.

    Parameters
    ----------
    nodes : list of Node
        In the order in which their Processes were made.
    edges : list of Edge
        In the order of those who send.

    Attributes
    ----------
    holders : dict of int to tuple
        For the id of each Var the model that holds it, and its name there.
    var_shapes : dict of int to tuple of int
        For the id of each Var its shape.
    forms : dict of Node to dict
        What each model kept between time steps when it was built: names and types.
    control : Control
        How its runs end.
    on_access : callable
        Called with model, name and whether it changes before a Var is read or set. For
        a backend that keeps Vars in another form.
    """

    def __init__(self, nodes: list[Node], edges: list[Edge]) -> None:
        self.nodes, self.edges = nodes, edges
        self.holders: dict[int, tuple[Any, str]] = {}
        self.var_shapes: dict[int, tuple[int, ...]] = {}
        self.forms: dict[Node, dict[str, type]] = {}
        self.control = Control()
        self.on_access: OnAccess = _nothing
        self._by_process = {node.process: node for node in nodes}

    def node_of(self, process: AbstractProcess) -> Node | None:
        """Find the node of a leaf Process; None where it is not of this graph."""
        return self._by_process.get(process)

    def outputs(self) -> Iterator[tuple[Node, str, Any]]:
        """Give each OutPort of Lava's models, with its node and name."""
        for node in self.nodes:
            for name, port in node.ports(PyOutPort):
                yield node, name, port
