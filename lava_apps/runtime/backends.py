"""What a Simulator runs on: backends, by name."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import AbstractContextManager
from typing import Any, NamedTuple, Protocol

import numpy as np
import numpy.typing as npt

from lava_apps.parameters import ParameterError
from lava_apps.runtime.graph import vars as graph_vars
from lava_apps.runtime.opening import OpenGraph
from lava_apps.runtime.probes import Probe
from lava_apps.runtime.snapshots import Snapshot, put, take

from lava.magma.core.process.process import AbstractProcess
from lava.magma.core.process.variable import Var
from lava.magma.core.run_configs import RunConfig

Array = npt.NDArray[Any]
OnSteps = Callable[[int], None]


class Backend(Protocol):
    """What a Simulator needs of a backend.

    Attributes
    ----------
    name : str
        By which it is asked for.
    runs : str
        How a graph runs with it, to end a sentence.
    """

    name: str
    runs: str

    def attach(self, probe: Probe) -> None:
        """Let a probe record from now on."""

    def run(self, steps: int, on_steps: OnSteps) -> None:
        """Run some time steps; say now and then how many were done."""

    def get(self, var: Var) -> Any:
        """Read a Var, as a copy."""

    def held(self, var: Var) -> Any:
        """Give an array of the shape and type of a Var, to compare with."""

    def set(self, var: Var, value: Any) -> None:
        """Set a Var."""

    def snapshot(self) -> Snapshot:
        """Take the state of the graph."""

    def restore(self, snapshot: Snapshot) -> None:
        """Give the graph a state."""

    def stop(self) -> None:
        """End the use of the graph; it can be built anew where Lava allows it."""

    def abandon(self) -> bool:
        """Put in order what an error in a run left; say whether the graph is usable."""

    def release(self) -> None:
        """Leave the graph to another backend, which goes on with its state."""

    def explain(self) -> str:
        """Say what runs."""


class Request:
    """A graph that is to be run.

    Parameters
    ----------
    process : AbstractProcess
        Any Process of it.
    run_cfg : lava.magma.core.run_configs.RunConfig
        How Lava selects ProcessModels.
    seeding : callable
        Gives a context in which ProcessModels get their seeds.
    """

    def __init__(
        self,
        process: AbstractProcess,
        run_cfg: RunConfig,
        seeding: Callable[[], AbstractContextManager[None]],
    ) -> None:
        self.process, self.run_cfg, self.seeding = process, run_cfg, seeding
        self._opened: OpenGraph | None = None

    def opened(self) -> OpenGraph:
        """Build the graph within this OS process, once for all who ask.

        Returns
        -------
        OpenGraph
            The graph.

        Raises
        ------
        BackendError
            For a graph that cannot be built so.
        """
        if self._opened is None:
            with self.seeding():
                self._opened = OpenGraph(self.process, self.run_cfg)
        return self._opened

    def withdraw(self) -> None:
        """Let the graph be as it was: nobody runs it."""
        if self._opened is not None:
            self._opened.close()


class GraphBackend:
    """What backends have in common that run a graph within this OS process.

    One derived from it has a name, and adds `attach`, `run` and `explain`.

    Parameters
    ----------
    opened : OpenGraph
        The graph, built.

    Attributes
    ----------
    graph : BuiltGraph
        Its nodes, edges and arrays.
    """

    name = ""
    runs = ""

    def __init__(self, opened: OpenGraph) -> None:
        self.opened, self.graph = opened, opened.graph

    def get(self, var: Var) -> Any:
        """Read a Var, as a copy in its own type."""
        return graph_vars.get(self.graph, var)

    def held(self, var: Var) -> Any:
        """Give an array of the shape and type of a Var."""
        return self.get(var)

    def set(self, var: Var, value: Any) -> None:
        """Set a Var in place."""
        graph_vars.put(self.graph, var, value)

    def snapshot(self) -> Snapshot:
        """Take the state of the graph."""
        return take(self.graph)

    def restore(self, snapshot: Snapshot) -> None:
        """Give the graph a state."""
        put(self.graph, snapshot)

    def stop(self) -> None:
        """End the use of the graph; it can be built anew."""
        self.opened.close()

    def abandon(self) -> bool:
        """Do nothing: after an error the graph can still be read."""
        return True

    def release(self) -> None:
        """Do nothing: the graph is as another backend needs it."""


def as_dense(value: Any) -> Array:
    """Give the value of a Var as an array."""
    return np.asarray(value.toarray() if hasattr(value, "toarray") else value)


class _Registered(NamedTuple):
    make: Callable[[Request], Backend]
    rank: float | None


_BACKENDS: dict[str, _Registered] = {}


def register_backend(
    name: str, make: Callable[[Request], Backend], *, rank: float | None = None
) -> None:
    """Make a backend known by a name, as ``Simulator(backend=...)`` takes it.

    Parameters
    ----------
    name : str
        Its name; of two of one name the later counts.
    make : callable
        Gets a `Request` and gives the `Backend`, or raises BackendError with the reason
        why it cannot run this graph. A class derived from `GraphBackend` gets
        ``request.opened()``.
    rank : float, optional
        When backend "auto" tries it: the lower, the earlier; compiled has 1, inline 2,
        lava 3. Default: never.
    """
    if not callable(make):
        problem = "must be callable"
        raise ParameterError("register_backend", "make", problem, make)
    _BACKENDS[name] = _Registered(make, rank)


def backend_names() -> list[str]:
    """List the names of all backends, those that "auto" tries in their order."""
    automatic = [n for n, found in _BACKENDS.items() if found.rank is not None]
    automatic.sort(key=lambda name: _BACKENDS[name].rank or 0)
    return [*automatic, *(name for name in _BACKENDS if name not in automatic)]


def automatic_backends() -> list[str]:
    """List the names of the backends that "auto" tries, in their order."""
    return [name for name in backend_names() if _BACKENDS[name].rank is not None]


def make_backend(name: str, request: Request) -> Backend:
    """Make the backend of a name for a graph.

    Parameters
    ----------
    name : str
        One of `backend_names`.
    request : Request
        The graph.

    Returns
    -------
    Backend
        Ready to run.

    Raises
    ------
    BackendError
        Where it cannot run the graph.
    """
    return _BACKENDS[name].make(request)
