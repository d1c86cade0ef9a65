"""Walks along the connections of a graph, however long it is.

Lava's own call themselves for each Process, virtual port or level of sub-Processes:
after some hundreds Python refuses, and where ways fork and meet again their number
grows exponentially. These visit each port once. :func:`install` lets Lava use them.
"""

from __future__ import annotations

import functools
from collections import OrderedDict
from collections.abc import Callable, Iterable, Iterator
from typing import Any

from lava.magma.compiler import compiler_graphs
from lava.magma.compiler.channel_map import ChannelMap, PortPair
from lava.magma.compiler.compiler_graphs import ProcDiGraph, ProcGroupDiGraphs
from lava.magma.core.model.py.ports import VirtualPortTransformer
from lava.magma.core.model.sub.model import AbstractSubProcessModel
from lava.magma.core.process.ports.ports import (
    AbstractPort,
    AbstractVirtualPort,
    ConcatPort,
    create_port_id,
)
from lava.magma.core.process.process import AbstractProcess
from lava.magma.core.process.variable import Var

_BACKWARD, _FORWARD = "in_connections", "out_connections"


def find_processes(
    proc: AbstractProcess, seen_procs: Iterable[AbstractProcess] | None = None
) -> list[Any]:
    """Find all Processes that a Process is connected with, over any number of others.

    Parameters
    ----------
    proc : AbstractProcess
        Where to begin.
    seen_procs : iterable of AbstractProcess, optional
        Known already: they are in the result, and nothing is looked for beyond them.

    Returns
    -------
    list of AbstractProcess
        All of them, `proc` included, in the order in which they were made.

    Raises
    ------
    RecursionError
        For ports that are connected in a circle.
    """
    found, waiting = {proc, *(seen_procs or ())}, [proc]
    while waiting:
        for port in _ports(waiting.pop()):
            ends = far_ends(port, _BACKWARD) + far_ends(port, _FORWARD)
            new = {end.process for end in ends} - found
            found |= new
            waiting += new
    return sorted(found, key=lambda p: p.id)


def _ports(process: AbstractProcess) -> Iterator[Any]:
    for kind in ("in_ports", "var_ports", "out_ports", "ref_ports"):
        yield from getattr(process, kind).members


def _on_the_way(start: Any, side: str) -> Iterator[Any]:
    """Give each port that connections lead to once, those beyond it before it."""
    ways, path, done = [(start, iter(getattr(start, side)))], {start}, set()
    while ways:
        here, further = ways[-1]
        port = next(further, None)
        if port is None:
            ways.pop()
            path.remove(here)
            done.add(here)
            yield here
        elif port in path:
            raise _circle("ports", [port for port, _ in ways])
        elif port not in done:
            ways.append((port, iter(getattr(port, side))))
            path.add(port)


def _circle(kind: str, members: Iterable[Any]) -> RecursionError:
    # What Lava's own walks end in, too, though with other words.
    names = ", ".join(list(dict.fromkeys(str(m.name) for m in members))[-3:])
    problem = f"These {kind} are connected in a circle: {names}."
    return RecursionError(f"{problem} Remove one of the connections.")


def far_ends(port: Any, side: str) -> list[Any]:
    """Follow the connections of a port to where they end.

    Parameters
    ----------
    port : AbstractPort
        Where to begin.
    side : {"in_connections", "out_connections"}
        Backward, to where messages come from, or forward.

    Returns
    -------
    list of AbstractPort
        Each once, in the order in which Lava's own walk meets them first; ports on
        the way, virtual ones and those of Processes made of others, are left out.

    Raises
    ------
    RecursionError
        For ports that are connected in a circle.
    """
    return [
        p for p in _on_the_way(port, side) if p is not port and not getattr(p, side)
    ]


def source_var(var: Var) -> Var:
    """Find the Var that a Var stands for.

    Parameters
    ----------
    var : Var
        Any Var; an alias is followed, over any number of others.

    Returns
    -------
    Var
        One that is no alias.

    Raises
    ------
    RecursionError
        For aliases of one another.
    """
    passed = {var}
    while var.aliased_var is not None:
        var = var.aliased_var
        if var in passed:
            raise _circle("aliases", passed)
        passed.add(var)
    return var


def _get_ports(side: str) -> Callable[..., list[Any]]:
    def get_ports(self: Any, _include_self: bool = False) -> list[Any]:
        if getattr(self, side):
            return far_ends(self, side)
        return [self] if _include_self else []

    return get_ports


def _get_virtual_ports(side: str) -> Callable[[Any], tuple[Any, list[Any]]]:
    """Make what collects the virtual ports on the way to a port, and names its end."""

    def get_virtual_ports(self: Any) -> tuple[Any, list[Any]]:
        # Ways are tuples of ways and of a virtual port: they share what they share.
        known: dict[Any, tuple[Any, Any]] = {}
        for port in _on_the_way(self, side):
            known[port] = _passing(port, [known[p] for p in getattr(port, side)])
        end, way = known[self]
        return end, _flatten(way, tuple)

    return get_virtual_ports


def _passing(port: Any, ways: list[tuple[Any, Any]]) -> tuple[Any, Any]:
    """Add a port to the ways that lead to it."""
    if not ways:
        return create_port_id(port.process.id, port.name), ()
    if isinstance(port, ConcatPort):
        raise NotImplementedError("ConcatPorts are not yet supported.")
    passed = tuple(way for _, way in ways if way)
    if isinstance(port, AbstractVirtualPort):
        passed = (*passed, port)
    elif len(passed) == 1:
        passed = passed[0]
    return ways[-1][0], passed


def _terminal_processes(port_list: Iterable[Any], trace_dir: str) -> list[Any]:
    """Find the Processes of leaves that ports lead to; stands for Lava's walk."""
    if trace_dir not in ("inward", "outward"):
        raise ValueError("Invalid traversal direction. Must be 'inward' or 'outward'.")
    side, found = f"{trace_dir[:-4]}_connections", []
    for port in port_list:
        for before, end in _last_connections(port, side):
            # Such an end is the hull of a Process made of others: nothing is there.
            turn = ProcDiGraph._get_port_direction
            if not turn(before) == turn(end) == trace_dir:
                found.append(end.process)
    return found


def _last_connections(port: Any, side: str) -> list[tuple[Any, Any]]:
    """Find the connections with which ways end, each once, as they are met."""
    last, seen = [], {port}
    waiting = [(port, end) for end in reversed(getattr(port, side))]
    while waiting:
        before, here = waiting.pop()
        further = getattr(here, side)
        if not further:
            last.append((before, here))
        elif here not in seen:
            seen.add(here)
            waiting += [(here, end) for end in reversed(further)]
    return last


def _is_sub_proc_of(self: AbstractProcess, proc: AbstractProcess) -> bool:
    parent = self.parent_proc
    while parent is not None and parent != proc:
        parent = parent.parent_proc
    return parent is not None


def _propagate_folded_views(self: AbstractProcess) -> None:
    waiting = [self]
    while waiting:
        owner = waiting.pop()
        for part in owner.procs:
            part._folded_view = owner._folded_view
            part._folded_view_inst_id = owner._folded_view_inst_id
            waiting.append(part)


def _map_models(
    processes: list[Any], run_cfg: Any, built: list[Any]
) -> OrderedDict[Any, Any]:
    """Select models, and build those made of Processes; stands for Lava's own."""
    selected: OrderedDict[Any, Any] = OrderedDict()
    levels: list[tuple[Iterator[Any], Any, Any]] = [(iter(processes), None, None)]
    while levels:
        members, owner, owner_model = levels[-1]
        process = next(members, None)
        if process is None:
            levels.pop()
            if owner is not None:
                owner._model_class = owner_model
                built.append(owner)
            continue
        model = _select(process, run_cfg)
        if model and issubclass(model, AbstractSubProcessModel):
            levels.append((iter(_build(model, process)), process, model))
            continue
        if model:
            selected[process] = model
        built.append(process)
    return selected


def _select(process: AbstractProcess, run_cfg: Any) -> Any:
    exceptions = getattr(run_cfg, "exception_proc_model_map", {})
    if process in exceptions:
        return exceptions[process]
    models = ProcGroupDiGraphs._find_proc_models(proc=process)
    return ProcGroupDiGraphs._select_proc_models(process, models, run_cfg)


def _build(model: Any, process: AbstractProcess) -> list[Any]:
    """Build the Processes that another one is made of."""
    made = model(process)
    ProcGroupDiGraphs._propagate_var_ports(process)
    parts = made.find_sub_procs()
    process.register_sub_procs(parts)
    process.validate_var_aliases()
    return list(parts.values())


def _flatten(ll: Any, kind: Any = list) -> list[Any]:
    flat: list[Any] = []
    waiting: list[Any] = [*reversed(ll)]
    while waiting:
        item = waiting.pop()
        if isinstance(item, kind):
            waiting += reversed(item)
        else:
            flat.append(item)
    return flat


def _port_pairs(groups: Iterable[Iterable[Any]]) -> list[PortPair]:
    """Pair the ports of leaves; Lava's looks each Process up in a list."""
    leaves = [process for group in groups for process in group]
    known = set(leaves)
    return [
        PortPair(src=port, dst=end)
        for process in leaves
        for port in process.out_ports.members + process.ref_ports.members
        for end in port.get_dst_ports()
        if end.process in known
    ]


def _get_transform(self: Any, csp_port: Any) -> Callable[[Any], Any]:
    """Give what applies the transformations of virtual ports one after the other."""
    if csp_port not in self._csp_port_to_fp:
        problem = "is not registered with a transformation function."
        raise AssertionError(f"The CSP port '{csp_port.name}' {problem}")
    functions = self._csp_port_to_fp[csp_port]

    def transform(data: Any) -> Any:
        for function in functions:
            data = function(data)
        return data

    return transform


def _of_source(method: Callable[..., Any]) -> Callable[..., Any]:
    """Let a method of an alias be that of the Var that it stands for."""

    @functools.wraps(method)
    def of_source(self: Var, *arguments: Any, **named: Any) -> Any:
        source = source_var(self)
        if source is self:
            return method(self, *arguments, **named)
        return getattr(source, method.__name__)(*arguments, **named)

    return of_source


_REPLACED = {
    (compiler_graphs, "find_processes"): find_processes,
    (compiler_graphs, "flatten_list_recursive"): _flatten,
    (AbstractPort, "get_src_ports"): _get_ports(_BACKWARD),
    (AbstractPort, "get_dst_ports"): _get_ports(_FORWARD),
    (AbstractPort, "get_incoming_virtual_ports"): _get_virtual_ports(_BACKWARD),
    (AbstractPort, "get_outgoing_virtual_ports"): _get_virtual_ports(_FORWARD),
    (AbstractProcess, "is_sub_proc_of"): _is_sub_proc_of,
    (AbstractProcess, "propagate_folded_views"): _propagate_folded_views,
    (ProcDiGraph, "_find_terminal_procs_recursively"): staticmethod(
        _terminal_processes
    ),
    (ProcGroupDiGraphs, "_map_proc_to_model"): staticmethod(_map_models),
    (ChannelMap, "_get_port_pairs_from_proc_groups"): staticmethod(_port_pairs),
    (VirtualPortTransformer, "_get_transform"): _get_transform,
    (Var, "get"): _of_source(Var.get),
    (Var, "set"): _of_source(Var.set),
}
ORIGINALS: dict[tuple[Any, str], Any] = {}
"""Lava's own, as (where, name), of what :func:`install` replaced."""


def install() -> None:
    """Let Lava use these walks; a second call changes nothing."""
    if ORIGINALS:
        return
    for (owner, name), replacement in _REPLACED.items():
        ORIGINALS[owner, name] = vars(owner)[name]
        setattr(owner, name, replacement)
