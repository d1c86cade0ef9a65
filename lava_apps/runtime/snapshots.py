"""The state of a whole graph on the inline runtime.

A snapshot knows which graph it is of, by the place of each Process in the graph
and not by its name, which Lava counts up from run to run.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from lava_apps.runtime import state
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
        return cls(content["graph"], content["tree"], int(content.get("time_step", 0)))


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
    models = {
        place: _attributes(runtime.workers[process].model)
        for process, place in places.items()
    }
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
    difference = _difference(_describe(runtime), snapshot.graph)
    if difference:
        raise StateError(f"the saved state is of another graph: {difference}")
    before = take(runtime)
    try:
        _put_tree(runtime, snapshot.tree)
    except Exception as error:
        _put_tree(runtime, before.tree)
        raise StateError(f"the saved state does not fit ({error})") from error


def _put_tree(runtime: InlineRuntime, tree: dict[str, Any]) -> None:
    for process, place in _places(runtime).items():
        attributes = runtime.workers[process].model.__dict__
        fixed = {n: v for n, v in attributes.items() if _is_fixed(n, v)}
        state.put_back_attributes(attributes, tree["models"][place])
        attributes.update(fixed)
    for (_, channel), messages in zip(
        _channels(runtime), tree["channels"], strict=True
    ):
        channel.queue.clear()
        channel.queue.extend(channel.message(message) for message in messages)


def _is_fixed(name: str, value: Any) -> bool:
    return name in _FIXED or isinstance(value, AbstractPyPort)


def _attributes(model: Any) -> dict[str, Any]:
    taken = {}
    seen: set[int] = set()
    for name, value in vars(model).items():
        if _is_fixed(name, value):
            continue
        try:
            taken[name] = state.capture(value, seen)
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
