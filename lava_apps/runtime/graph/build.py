"""From Lava's executable to a built graph."""

from __future__ import annotations

from typing import Any

import numpy as np

from lava_apps.messages import label
from lava_apps.runtime import snapshots
from lava_apps.runtime.errors import BackendError, ShapeError
from lava_apps.runtime.graph.built import BuiltGraph, Node
from lava_apps.runtime.graph.edges import Edge, Transform
from lava_apps.runtime.housekeeping import thin_out_log_handlers

from lava.magma.compiler.builders.py_builder import PyProcessBuilder
from lava.magma.compiler.executable import Executable
from lava.magma.core.model.py.ports import (
    IdentityTransformer,
    PyInPort,
    VirtualPortTransformer,
)
from lava.magma.core.process.ports.ports import InPort, create_port_id
from lava.magma.core.process.process import AbstractProcess


class _NoPort:
    """Stands where Lava's Injector, which never sets it, joins a port at its end."""

    def join(self) -> None:
        """Do nothing: there is no thread to end."""


def build(executable: Executable) -> BuiltGraph:
    """Build nodes with their ProcessModels, and the edges between them.

    Parameters
    ----------
    executable : lava.magma.compiler.executable.Executable
        What Lava's compiler made of a graph.

    Returns
    -------
    BuiltGraph
        With the values that its Vars begin with.

    Raises
    ------
    BackendError
        For a ProcessModel that is not one for the CPU in Python.
    ShapeError
        For a Var or a connection whose shapes do not fit.
    """
    thin_out_log_handlers()
    builders = executable.proc_builders
    for process, builder in builders.items():
        if not isinstance(builder, PyProcessBuilder):
            name = builder.proc_model.__name__
            problem = f"{label(process)}: {name} is no ProcessModel in Python"
            raise BackendError(problem)
    # In the order in which Processes were made: Lava's compiler walks a set, and floats
    # that arrive at a port would be added in another order each time.
    domains = {
        process: number
        for number, domain in enumerate(executable.sync_domains)
        for process in domain.processes
    }
    nodes = [Node(p, domains[p]) for p in sorted(builders, key=lambda p: p.id)]
    by_process = {node.process: node for node in nodes}
    edges = _inner_edges(executable, by_process)
    for node in nodes:
        edges += _outer_edges(node, builders[node.process])
    graph = BuiltGraph(nodes, edges)
    for node in nodes:
        _build_model(node, builders[node.process], graph)
    models = executable.node_configs[0].var_models
    graph.var_shapes = {i: tuple(models[i].shape) for i in graph.holders if i in models}
    return graph


def _inner_edges(
    executable: Executable, by_process: dict[AbstractProcess, Node]
) -> list[Edge]:
    edges = []
    builders = executable.proc_builders
    links = sorted(
        executable.channel_builders or (),
        key=lambda link: (link.src_process.id, link.src_port_initializer.name),
    )
    for link in links:
        source, destination = link.src_process, link.dst_process
        out, into = link.src_port_initializer, link.dst_port_initializer
        edge = Edge(
            *(by_process[source], out.name, by_process[destination], into.name),
            *(out.shape, out.d_type, out.size),
            "var" if into.name in builders[destination].var_ports else "message",
        )
        edges.append(edge)
        builders[source].set_csp_ports([edge.sending])
        builders[destination].set_csp_ports([edge.receiving])
        port_id = create_port_id(source.id, out.name)
        builders[destination].add_csp_port_mapping(port_id, edge.receiving)
    return edges


def _outer_edges(node: Node, builder: Any) -> list[Edge]:
    """Build what Injector and Extractor exchange with the outside."""
    edges = []
    for name, initializer in builder.py_ports.items():
        port = getattr(node.process, name)
        if not port.external_pipe_flag:
            continue
        into_graph = isinstance(port, InPort)
        sender, receiver = (None, node) if into_graph else (node, None)
        size = port.external_pipe_buffer_size
        form = (initializer.shape, initializer.d_type, size)
        edge = Edge(sender, name, receiver, name, *form, "outside")
        edges.append(edge)
        # set_csp_ports files an end under its name, the port's.
        if into_graph:
            builder.set_csp_ports([edge.receiving])
            port.external_pipe_csp_send_port = edge.sending
        else:
            builder.set_csp_ports([edge.sending])
            port.external_pipe_csp_recv_port = edge.receiving
    return edges


def _build_model(node: Node, builder: Any, graph: BuiltGraph) -> None:
    _check_vars(node.process, builder)
    node.model = model = builder.build()
    model.__dict__.setdefault("_p_to_pm_dst_port", _NoPort())
    for name, port in node.ports(PyInPort):
        node.inputs[name] = [end.edge for end in port.csp_ports]
        for end in port.csp_ports:
            end.edge.transform = _transform(port, end)
            if end.edge.kind != "outside":
                end.edge.check_shape(port._shape)
    graph.holders |= {i: (model, n) for i, n in model.var_id_to_var_map.items()}
    graph.forms[node] = snapshots.form(model)


def _transform(port: Any, end: Any) -> Transform | None:
    """Find what virtual ports on the way to a port do to its messages."""
    transformer = port._transformer
    if isinstance(transformer, IdentityTransformer):
        return None
    if isinstance(transformer, VirtualPortTransformer):
        return transformer._get_transform(end)  # type: ignore[no-any-return]
    return lambda data: transformer.transform(data, end)


def _check_vars(process: AbstractProcess, builder: Any) -> None:
    """Find initial values that do not fit, by name, before numpy does."""
    for name, initializer in builder.vars.items():
        value, shape = initializer.value, tuple(initializer.shape)
        declared = builder._get_lava_type(name).cls
        if not issubclass(declared, np.ndarray):
            continue  # a number, of whatever shape, is taken as it is
        if isinstance(value, (np.ndarray, list, tuple)):
            given = np.shape(value)
            # What is assigned to an array may have more dimensions, of length 1.
            more = max(len(given) - len(shape), 0)
            fitting = given[more:] if set(given[:more]) <= {1} else given
            try:
                fits = np.broadcast_shapes(fitting, shape) == shape
            except ValueError:
                fits = False
            if not fits:
                raise ShapeError(
                    f"{label(process)}.{name}: initial value of shape "
                    f"{given}, the Var has {shape}"
                )
