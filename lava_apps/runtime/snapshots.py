"""The state of a whole built graph.

A snapshot knows which graph it is of, by the place of each Process in the graph
and not by its name, which Lava counts up from run to run.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from scipy.sparse import csr_matrix

from lava_apps.kernel import KernelModel
from lava_apps.runtime import state
from lava_apps.runtime.compiled.registry import kernel_of
from lava_apps.runtime.errors import BackendError
from lava_apps.runtime.graph.built import BuiltGraph, Node
from lava_apps.runtime.graph.edges import Edge
from lava_apps.runtime.state import NoState, StateError

from lava.magma.core.model.py.ports import AbstractPyPort
from lava.magma.core.process.process import AbstractProcess

# What a model is given when it is built, or is a constant: no state.
_FIXED = {
    *("log", "proc_params", "model_id", "phase", "py_ports", "var_ports"),
    *("service_to_process", "process_to_service", "var_id_to_var_map"),
    *("_action", "_selector", "_stopped", "_cmd_handlers", "_channel_actions"),
    *("_p_to_pm_dst_port", "_buffers"),
}


@dataclass(frozen=True)
class Snapshot:
    """State of a graph between two time steps.

    Parameters
    ----------
    graph : dict
        Which graph it is of: Processes, models, Vars and connections.
    tree : dict
        Attributes of models and messages in flight.
    time_step : int
        Time steps that the Simulator had run.
    """

    graph: dict[str, Any]
    tree: dict[str, Any]
    time_step: int = 0

    def save(self, path: Path) -> None:
        """Write it to an ``.npz`` file, whole or not at all."""
        header = {"graph": self.graph, "time_step": self.time_step}
        state.write(path, header, self.tree)

    @classmethod
    def load(cls, path: Path) -> Snapshot:
        """Read it from such a file; raise StateError if it is none."""
        content = state.read(path)
        if not isinstance(content.get("graph"), dict):
            raise StateError(f"{path}: holds no state of a graph")
        with state.complete(path):
            steps = int(content.get("time_step", 0))
            return cls(content["graph"], content["tree"], steps)


def take(graph: BuiltGraph) -> Snapshot:
    """Take the state of all models and channels.

    Parameters
    ----------
    graph : BuiltGraph
        Not running.

    Returns
    -------
    Snapshot
        A copy: it does not change when the graph runs on.
    """
    if graph.control.failure is not None:
        raise BackendError("a graph that ended with an error has no state to keep")
    seen = state.Seen()
    models = {
        place: _attributes(node.model, seen) for node, place in _places(graph).items()
    }
    seen.finish()
    channels = [
        [np.array(message) for message in edge.queue] for _, edge in _edges(graph)
    ]
    return Snapshot(_describe(graph), {"models": models, "channels": channels})


def put(graph: BuiltGraph, snapshot: Snapshot) -> None:
    """Give all models and channels the state of a snapshot.

    Parameters
    ----------
    graph : BuiltGraph
        Of the same graph, not running.
    snapshot : Snapshot
        From here, from another OS process, or from a file.

    Raises
    ------
    StateError
        For a snapshot of another graph, naming the first difference; nothing
        was changed then.
    """
    try:
        difference = _difference(_describe(graph), snapshot.graph)
    except (AttributeError, KeyError, TypeError) as error:
        problem = f"the description of its graph is damaged ({error!r})"
        raise StateError(f"the saved state does not fit: {problem}") from error
    if difference:
        raise StateError(f"the saved state is of another graph: {difference}")
    before = take(graph)
    try:
        _check_tree(graph, snapshot.tree)
        _put_tree(graph, snapshot.tree)
    except Exception as error:
        _put_tree(graph, before.tree)
        raise StateError(f"the saved state does not fit ({error})") from error


def form(model: Any) -> dict[str, type]:
    """Say what a model keeps between time steps: names and types of its attributes.

    Parameters
    ----------
    model : AbstractPyProcessModel
        Just built. What it makes in its first time step is not in every state.

    Returns
    -------
    dict of str to type
        Of numbers, strings, arrays and collections.
    """
    attributes = vars(model).items()
    return {
        name: type(value)
        for name, value in attributes
        if not _is_fixed(name, value) and state.is_kept(value)
    }


def _check_tree(graph: BuiltGraph, tree: dict[str, Any]) -> None:
    """Refuse values that a model could not have: others may index beyond arrays."""
    for node, place in _places(graph).items():
        process, model, held = node.process, node.model, tree["models"][place]
        known = graph.forms[node]
        later = {
            name: type(value)
            for name, value in vars(model).items()
            if name in held and not _is_fixed(name, value) and state.is_kept(value)
        }
        for name, first in (later | known).items():
            where = f"{node.label}.{name}"
            if name not in held:
                raise StateError(f"{where}: is missing there")
            now = getattr(model, name, None)
            if isinstance(now, np.ndarray):
                _check_array(where, process, model, name, held[name])
            elif not any(_is_like(held[name], kind) for kind in (first, type(now))):
                problem = f"is a {type(held[name]).__name__} there, no {first.__name__}"
                raise StateError(f"{where}: {problem}")
    named = _edges(graph)
    for (_, edge), messages in zip(named, tree["channels"], strict=True):
        for message in messages:
            if np.shape(message) != edge.shape:
                raise StateError(f"{edge}: a message has the shape {message.shape}")


def _is_like(value: Any, kind: type) -> bool:
    """Tell whether a tree can be the state of a value of a type."""
    if issubclass(kind, (bool, np.bool_)):
        return isinstance(value, (bool, np.bool_))
    if issubclass(kind, (int, float, complex, np.number)):
        is_number = isinstance(value, (int, float, complex, np.number))
        return is_number and not isinstance(value, bool)
    if issubclass(kind, (str, type(None))):
        return isinstance(value, kind)
    if issubclass(kind, np.ndarray):
        return isinstance(value, np.ndarray)
    if issubclass(kind, csr_matrix):
        return isinstance(value, dict) and "csr" in value
    return isinstance(value, dict) and "csr" not in value


def _check_array(
    where: str, process: AbstractProcess, model: Any, name: str, value: Any
) -> None:
    now = getattr(model, name)
    is_var = name in model.var_id_to_var_map.values()
    if not isinstance(value, np.ndarray):
        if is_var or not isinstance(kernel_of(model), str):
            raise StateError(f"{where}: is no array there")
        return
    if is_var or not isinstance(kernel_of(model), str):
        if value.shape != now.shape:
            problem = f"has the shape {value.shape} there, {now.shape} here"
            raise StateError(f"{where}: {problem}")
        same = value.dtype == now.dtype or not isinstance(model, KernelModel)
        if not same or value.dtype.kind not in _KINDS[now.dtype.kind]:
            problem = f"is of type {value.dtype} there, {now.dtype} here"
            raise StateError(f"{where}: {problem}")
    if is_var and isinstance(model, KernelModel):
        model.check_state(type(process).__name__, name, value)


# An array may change its type within a run, such as sums of booleans, not its nature.
_KINDS = {"b": "biuf", "i": "biuf", "u": "biuf", "f": "biuf", "c": "biufc"}


def _put_tree(graph: BuiltGraph, tree: dict[str, Any]) -> None:
    named: dict[Any, Any] = {}
    for node, place in _places(graph).items():
        attributes = node.model.__dict__
        fixed = {n: v for n, v in attributes.items() if _is_fixed(n, v)}
        state.put_back_attributes(attributes, tree["models"][place], named)
        attributes.update(fixed)
    for (_, edge), messages in zip(_edges(graph), tree["channels"], strict=True):
        edge.queue.clear()
        edge.queue.extend(edge.message(message) for message in messages)


def _is_fixed(name: str, value: Any) -> bool:
    return name in _FIXED or isinstance(value, AbstractPyPort)


def _attributes(model: Any, seen: state.Seen) -> dict[str, Any]:
    taken = {}
    for name, value in vars(model).items():
        if _is_fixed(name, value):
            continue
        try:
            taken[name] = state.capture_part(value, seen)
        except NoState:
            continue
        except StateError as error:
            raise StateError(f"{type(model).__name__}.{name}: {error}") from None
    return taken


def _places(graph: BuiltGraph) -> dict[Node, str]:
    """Name each node by its place: rank of the outermost Process, then attributes."""
    roots = {_root(node.process) for node in graph.nodes}
    ranks = {root: n for n, root in enumerate(sorted(roots, key=lambda p: p.id))}
    names: dict[AbstractProcess, dict[AbstractProcess, str]] = {}

    def place(process: AbstractProcess) -> str:
        parent = process.parent_proc
        if parent is None:
            return str(ranks[process])
        if parent not in names:
            members = parent.procs.member_names
            names[parent] = {getattr(parent.procs, name): name for name in members}
        return f"{place(parent)}.{names[parent][process]}"

    places = {node: place(node.process) for node in graph.nodes}
    return dict(sorted(places.items(), key=lambda item: item[1]))


def _root(process: AbstractProcess) -> AbstractProcess:
    return process if process.parent_proc is None else _root(process.parent_proc)


def _edges(graph: BuiltGraph) -> list[tuple[list[str], Edge]]:
    """Name each edge by the places and ports it connects, in a fixed order."""
    places = _places(graph)

    def key(edge: Edge) -> list[str]:
        sender = places[edge.sender] if edge.sender else ""
        receiver = places[edge.receiver] if edge.receiver else ""
        return [sender, edge.sending_port, receiver, edge.receiving_port]

    named = [(key(edge), edge) for edge in graph.edges]
    return sorted(named, key=lambda pair: pair[0])


def _describe(graph: BuiltGraph) -> dict[str, Any]:
    processes = {}
    for node, place in _places(graph).items():
        process, model = node.process, node.model
        variables = {}
        for name in model.var_id_to_var_map.values():
            # The declared type: Lava's models let some arrays change theirs.
            declared = getattr(type(model), name).d_type
            shape = list(np.shape(getattr(model, name)))
            variables[name] = [shape, np.dtype(declared).name]
        processes[place] = {
            "process": f"{type(process).__module__}.{type(process).__qualname__}",
            "model": type(model).__qualname__,
            "vars": dict(sorted(variables.items())),
        }
    channels = [
        [*key, list(edge.shape), str(edge.dtype)] for key, edge in _edges(graph)
    ]
    return {"processes": processes, "channels": channels}


def _difference(mine: dict[str, Any], other: dict[str, Any]) -> str:
    """Name the first thing that differs between two descriptions."""
    ours, theirs = mine["processes"], other.get("processes", {})
    if len(ours) != len(theirs):
        return f"{len(ours)} Processes here, {len(theirs)} there"
    for place, here in ours.items():
        there = theirs.get(place)
        if there is None:
            return f"Process {place} ({here['process']}) is not there"
        for key in ("process", "model"):
            if here[key] != there[key]:
                return f"Process {place} is {here[key]} here, {there[key]} there"
        for name, form in here["vars"].items():
            if there["vars"].get(name) != form:
                found = there["vars"].get(name, "nothing")
                return f"{here['process']}.{name} has {form} here, {found} there"
    if mine["channels"] != other.get("channels"):
        return "its connections differ"
    return ""
