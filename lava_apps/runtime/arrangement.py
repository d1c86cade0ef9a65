"""How a graph is put together, so that what compiling it adds can be taken away.

Lava builds the Processes that another one is made of when it compiles a graph: it
connects them to the ports of that one, and lets its Vars stand for theirs. It cannot
do that a second time. With what was added taken away it can.
"""

from __future__ import annotations

from typing import Any

from lava.magma.core.process.process import AbstractProcess

_PORTS = ("in_ports", "out_ports", "ref_ports", "var_ports")
_ENDS = ("in_connections", "out_connections")


class Arrangement:
    """The Processes of a graph and their connections, as they are now.

    Parameters
    ----------
    processes : list of AbstractProcess
        All of them.
    """

    def __init__(self, processes: list[AbstractProcess]) -> None:
        self.processes = processes
        self._connected = {id(p): _connections(p) for p in self._ports()}
        self._parts = {id(p): set(p.procs.member_names) for p in processes}
        self._added: list[tuple[Any, str, list[Any]]] = []

    def note_additions(self) -> None:
        """Note what was connected since; later changes are the user's."""
        for port in self._ports():
            before = self._connected.get(id(port), {end: [] for end in _ENDS})
            for end, now in _connections(port).items():
                known = {id(other) for other in before[end]}
                added = [other for other in now if id(other) not in known]
                self._added.append((port, end, added))

    def restore(self) -> None:
        """Take away what was added, and let Lava compile the graph again."""
        for port, end, added in self._added:
            gone = {id(other) for other in added}
            left = [other for other in getattr(port, end) if id(other) not in gone]
            getattr(port, end)[:] = left
        self._added = []
        for process in self.processes:
            # A Process may have had parts before: attributes that are Processes.
            for name in set(process.procs.member_names) - self._parts[id(process)]:
                delattr(process.procs, name)
                del process.procs._members[name]
            for var in process.vars.members:
                var.aliased_var = None
            process._is_compiled = False
            process._runtime = None

    def _ports(self) -> list[Any]:
        return [
            port
            for process in self.processes
            for kind in _PORTS
            for port in getattr(process, kind).members
        ]


def _connections(port: Any) -> dict[str, list[Any]]:
    return {end: list(getattr(port, end)) for end in _ENDS}
