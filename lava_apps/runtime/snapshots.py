"""The state of a whole graph on the inline runtime.

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
from lava_apps.messages import label
from lava_apps.runtime import state
from lava_apps.runtime.compiled.registry import kernel_of
from lava_apps.runtime.errors import BackendError
from lava_apps.runtime.inline import InlineRuntime
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


def take(runtime: InlineRuntime) -> Snapshot:
    """Take the state of all models and channels.

    Parameters
    ----------
    runtime : InlineRuntime
        Not running.

    Returns
    -------
    Snapshot
        A copy: it does not change when the graph runs on.
    """
    if runtime.scheduler.failure is not None:
        raise BackendError("a graph that ended with an error has no state to keep")
    places = _places(runtime)
    seen = state.Seen()
    models = {
        place: _attributes(runtime.workers[process].model, seen)
        for process, place in places.items()
    }
    seen.finish()
    channels = [
        [np.array(message) for message in channel.queue]
        for _, channel in _channels(runtime)
    ]
    return Snapshot(_describe(runtime), {"models": models, "channels": channels})


def put(runtime: InlineRuntime, snapshot: Snapshot) -> None:
    """Give all models and channels the state of a snapshot.

    Parameters
    ----------
    runtime : InlineRuntime
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
        difference = _difference(_describe(runtime), snapshot.graph)
    except (AttributeError, KeyError, TypeError) as error:
        problem = f"the description of its graph is damaged ({error!r})"
        raise StateError(f"the saved state does not fit: {problem}") from error
    if difference:
        raise StateError(f"the saved state is of another graph: {difference}")
    before = take(runtime)
    try:
        _check_tree(runtime, snapshot.tree)
        _put_tree(runtime, snapshot.tree)
    except Exception as error:
        _put_tree(runtime, before.tree)
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


def _check_tree(runtime: InlineRuntime, tree: dict[str, Any]) -> None:
    """Refuse values that a model could not have: others may index beyond arrays."""
    for process, place in _places(runtime).items():
        model, held = runtime.workers[process].model, tree["models"][place]
        known = runtime.forms[process]
        later = {
            name: type(value)
            for name, value in vars(model).items()
            if name in held and not _is_fixed(name, value) and state.is_kept(value)
        }
        for name, first in (later | known).items():
            where = f"{label(process)}.{name}"
            if name not in held:
                raise StateError(f"{where}: is missing there")
            now = getattr(model, name, None)
            if isinstance(now, np.ndarray):
                _check_array(where, process, model, name, held[name])
            elif not any(_is_like(held[name], kind) for kind in (first, type(now))):
                problem = f"is a {type(held[name]).__name__} there, no {first.__name__}"
                raise StateError(f"{where}: {problem}")
    named = _channels(runtime)
    for (_, channel), messages in zip(named, tree["channels"], strict=True):
        for message in messages:
            if np.shape(message) != tuple(channel.shape):
                raise StateError(f"{channel}: a message has the shape {message.shape}")


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


def _put_tree(runtime: InlineRuntime, tree: dict[str, Any]) -> None:
    named: dict[Any, Any] = {}
    for process, place in _places(runtime).items():
        attributes = runtime.workers[process].model.__dict__
        fixed = {n: v for n, v in attributes.items() if _is_fixed(n, v)}
        state.put_back_attributes(attributes, tree["models"][place], named)
        attributes.update(fixed)
    for (_, channel), messages in zip(
        _channels(runtime), tree["channels"], strict=True
    ):
        channel.queue.clear()
        channel.queue.extend(channel.message(message) for message in messages)


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


def _places(runtime: InlineRuntime) -> dict[AbstractProcess, str]:
    """Name each Process by its place: rank of its outermost one, then attributes."""
    roots = {_root(process) for process in runtime.workers}
    ranks = {root: n for n, root in enumerate(sorted(roots, key=lambda p: p.id))}

    def place(process: AbstractProcess) -> str:
        parent = process.parent_proc
        if parent is None:
            return str(ranks[process])
        names = parent.procs.member_names
        name = next(n for n in names if getattr(parent.procs, n) is process)
        return f"{place(parent)}.{name}"

    places = {process: place(process) for process in runtime.workers}
    return dict(sorted(places.items(), key=lambda item: item[1]))


def _root(process: AbstractProcess) -> AbstractProcess:
    return process if process.parent_proc is None else _root(process.parent_proc)


def _channels(runtime: InlineRuntime) -> list[tuple[list[str], Any]]:
    """Name each channel by the places and ports it connects, in a fixed order."""
    places = _places(runtime)

    def key(channel: Any) -> list[str]:
        ends = (channel.source, channel.destination)
        return [part for who, port in ends for part in (places.get(who, ""), port)]

    named = [(key(channel), channel) for channel in runtime.channels]
    return sorted(named, key=lambda pair: pair[0])


def _describe(runtime: InlineRuntime) -> dict[str, Any]:
    processes = {}
    for process, place in _places(runtime).items():
        model = runtime.workers[process].model
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
        [*key, list(channel.shape), str(channel.dtype)]
        for key, channel in _channels(runtime)
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
