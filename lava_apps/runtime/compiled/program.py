"""From a graph to the calls of a loop over time steps, and their arguments."""

from __future__ import annotations

import inspect
from typing import Any

import numba
import numpy as np
import numpy.typing as npt
from numba.core.dispatcher import Dispatcher

from lava_apps.kernel import KernelModel, find_active
from lava_apps.runtime.compiled import messages
from lava_apps.runtime.compiled.graph import Graph, Node
from lava_apps.runtime.compiled.loader import load
from lava_apps.runtime.compiled.loops import Call, bind
from lava_apps.runtime.compiled.recorders import Events, Recorder
from lava_apps.runtime.errors import BackendError

from lava.magma.core.model.py.ports import PyInPort, PyOutPort
from lava.magma.core.process.process import AbstractProcess

Array = npt.NDArray[Any]
_PHASES = ("step", "absorb", "learn", "finish")


class Program:
    """A graph as one compiled loop, bound to the arrays of its models.

    Parameters
    ----------
    graph : Graph
        The graph.
    recorders : list of Recorder
        The probes.
    threads : (1,) numpy.ndarray of int64
        How many threads to use.

    Attributes
    ----------
    calls : list of str
        For each call in the loop what it is part of, for messages.
    is_parallel : bool
        Whether any part of it can use several threads.
    clock : (3,) numpy.ndarray of int64
        Time step and call that the loop is at; whether it is to end early.
    """

    def __init__(self, graph: Graph, recorders: list[Recorder], threads: Array) -> None:
        self.graph = graph
        self.clock: Array = np.zeros(3, dtype=np.int64)
        self._threads = threads
        self.calls: list[Node | None] = []
        self.is_parallel = False
        self._written: list[Call] = []
        self._used: list[tuple[Node, list[Any]]] = []
        self._names: dict[Any, str] = {}
        self._values: list[Any] = []
        self._drawing: set[tuple[int, str]] = set()
        self._drawn: dict[tuple[int, str], int] = {}
        self._messages: dict[tuple[int, str], Array] = {}
        self._events: dict[tuple[int, str], tuple[Array, Array]] = {}
        self._received: dict[tuple[int, str], Array] = {}
        self._prepared = {id(n): dict(n.kernel.prepare(n.model)) for n in graph.nodes}
        self._phases = {id(n): n.phases() for n in graph.nodes}
        for node in graph.nodes:
            for name, held in graph.reads[id(node)].items():
                self._prepared[id(node)][name] = getattr(*held)
        self._draw(0)
        self._bind_messages()
        self._write(recorders)
        names = list(self._names.values())
        self._run = bind(self._written, names, self._values, load)

    def run(self, first: int, steps: int) -> int:
        """Run some time steps, or fewer where a probe has kept so much.

        Parameters
        ----------
        first : int
            Number of the first of them, from 1 on.
        steps : int
            How many at most.

        Returns
        -------
        int
            How many were run.
        """
        self._draw(steps)
        self.clock[2] = 0
        self._run(first, steps, self.clock)
        return int(self.clock[0]) - first + 1

    def bytes_of(self, process: AbstractProcess) -> int:
        """Add up the arrays that a Process has in the loop, each once."""
        arrays = {
            value.__array_interface__["data"]: value.nbytes
            for node, values in self._used
            if node.process is process
            for value in values
            if isinstance(value, np.ndarray)
        }
        return sum(arrays.values())

    def _draw(self, steps: int) -> None:
        for node in self.graph.nodes:
            if node.kernel.draw is None:
                continue
            for name, value in node.kernel.draw(node.model, steps).items():
                self._prepared[id(node)][name] = value
                self._drawing.add((id(node), name))
                if (id(node), name) in self._drawn:
                    self._values[self._drawn[id(node), name]] = value

    # The calls

    def _write(self, recorders: list[Recorder]) -> None:
        buffering = [n for n in self.graph.nodes if n.kernel.phases.keys() - {"step"}]
        for node in self.graph.order:
            self._receive(node, copied=False)
            self._call(node, "step")
        for node in buffering:
            if "step" not in node.kernel.phases:
                self._receive(node, copied=True)
        of_ports = [r for r in recorders if isinstance(r.what[0], Node)]
        for recorder in of_ports:
            self._record(recorder, self._port(*recorder.what))
        for phase in ("absorb", "learn", "finish"):
            for node in self.graph.nodes:
                if phase in node.kernel.phases:
                    self._call(node, phase)
        for recorder in recorders:
            if recorder not in of_ports and recorder.function is not None:
                self._record(recorder, getattr(*recorder.what))

    def _record(self, recorder: Recorder, value: Array) -> None:
        """Write what keeps a sample."""
        arguments = [recorder.state, *recorder.buffers]
        # Of the class: an instance would make a method of it.
        function = type(recorder).function
        if isinstance(recorder, Events):
            arguments += [self.clock, value]
            if self._wants_list(*recorder.what):
                function = type(recorder).listed
                arguments += self._listed(*recorder.what)
        else:
            arguments.append(value)
        self._emit(None, function, *arguments)

    def _emit(self, node: Node | None, function: Dispatcher, *values: Any) -> None:
        """Write a call; values that are strings are names in the loop."""
        names = [v if isinstance(v, str) else self._name(v) for v in values]
        self._written.append(Call(function, names))
        self.calls.append(node)

    def _name(self, value: Any) -> str:
        key: Any = len(self._values)
        if isinstance(value, np.ndarray):
            # Views of the same memory are one argument.
            place = value.__array_interface__["data"]
            key = (place, value.shape, value.strides, value.dtype.str)
            if not value.size:
                key = id(value)
        if key not in self._names:
            self._names[key] = f"a{len(self._values)}"
            self._values.append(value)
        return self._names[key]

    def _call(self, node: Node, phase: str) -> None:
        function = self._phases[id(node)][phase]
        arguments = inspect.signature(function.py_func).parameters
        values = [self._argument(node, name) for name in arguments]
        self._used.append((node, values))
        self._emit(node, function, *values)

    def _argument(self, node: Node, name: str) -> Any:
        """Find what an argument of a kernel stands for."""
        if name in ("time_step", "row"):
            return name
        if name == "threads":
            self.is_parallel = True
            return self._threads
        value = self._find(node, name)
        if isinstance(value, np.generic):
            value = value.item()
        try:
            numba.typeof(value)
        except (ValueError, NotImplementedError, numba.errors.NumbaError):
            kind = f"{type(value).__name__}"
            if isinstance(value, np.ndarray):
                kind = f"array of {value.dtype}"
            problem = f"{node.label}.{name} is of a type numba does not know: {kind}"
            raise BackendError(problem) from None
        if node.kernel.flat and isinstance(value, np.ndarray):
            value = value.reshape(-1)
        key = (id(node), name)
        if key in self._drawing and key not in self._drawn:
            self._drawn[key] = len(self._values)
            return self._name(value)
        return value

    def _find(self, node: Node, name: str) -> Any:
        model, prepared = node.model, self._prepared[id(node)]
        if (id(node), name) in self._received:
            return self._received[id(node), name]
        if (id(node), name) in self._messages:
            return self._messages[id(node), name]
        for ending, which in (("_indices", 0), ("_count", 1)):
            port = name.removesuffix(ending)
            if port != name and isinstance(getattr(model, port, None), _PORTS):
                return self._listed(node, port)[which]
        if name in prepared:
            return prepared[name]
        if hasattr(model, name):
            return self._attribute(node, name)
        value = model.proc_params.get(name, _NOTHING)
        if value is not _NOTHING:
            return value
        raise BackendError(
            f"{node.label}: {name}, an argument of its kernel, is neither a port or "
            f"attribute of {type(model).__name__} nor a parameter of the Process"
        )

    def _attribute(self, node: Node, name: str) -> Any:
        value = getattr(node.model, name)
        is_array = isinstance(value, np.ndarray)
        if is_array and node.kernel.flat and not value.flags.c_contiguous:
            value = np.ascontiguousarray(value)
            setattr(node.model, name, value)
        return value

    # Messages

    def _bind_messages(self) -> None:
        for node, name, port in self.graph.outputs():
            held = node.kernel.publishes.get(name)
            kind = np.dtype(port._d_type)
            if held is None:
                message = np.zeros(port._shape, kind)
            else:
                message = self._find(node, held)
                if message.dtype != kind:
                    problem = f"{node.label}.{held} is {message.dtype}, {name} {kind}"
                    raise BackendError(problem)
                message = message.reshape(port._shape)
            self._messages[id(node), name] = message

    def _port(self, node: Node, name: str) -> Array:
        """Give what a port sent or received in this time step."""
        key = (id(node), name)
        return self._messages.get(key, self._received.get(key))  # type: ignore[return-value]

    def _receive(self, node: Node, *, copied: bool) -> None:
        """Write what brings the messages to the InPorts of a node.

        Copied, where the sender will have overwritten what it published.
        """
        for name, port in node.ports(PyInPort):
            is_own = isinstance(node.model, KernelModel)
            kind = np.dtype(port._d_type) if is_own else node.input_type(name)
            sources = node.inputs[name]
            arriving = [self._arriving(node, source) for source in sources]
            target: Array = np.zeros(port._shape, kind)
            alone = len(sources) == 1 and arriving[0].dtype == kind
            lasting = not (
                copied and any(s.port in s.node.kernel.publishes for s in sources)
            )
            fits = alone and (arriving[0].flags.c_contiguous or not node.kernel.flat)
            if fits and lasting:
                target = arriving[0]
            elif sources:
                first, further = arriving[:3], arriving[3:]
                self._emit(node, messages.COMBINE[len(first)], target, *first)
                for message in further:
                    self._emit(node, messages.accumulate, target, message)
            self._received[id(node), name] = target
            self._list(node, name)

    def _arriving(self, node: Node, source: Any) -> Array:
        """Give a message as virtual ports hand it on: a view of it, or a copy."""
        message = self._messages[id(source.node), source.port]
        if source.transform is None:
            return message
        view = source.transform(message)
        if np.shares_memory(view, message) or not view.size:
            return view  # type: ignore[no-any-return]
        places = source.transform(np.arange(message.size).reshape(message.shape))
        target: Array = np.zeros(view.shape, message.dtype)
        self._emit(node, messages.gather, target, message, places.reshape(-1))
        return target

    def _wants_list(self, node: Node, name: str) -> bool:
        return any(
            f"{name}_indices" in inspect.signature(f.py_func).parameters
            for f in self._phases[id(node)].values()
        )

    def _list(self, node: Node, name: str) -> None:
        """Write what lists the active entries of an InPort, unless the sender does."""
        if not self._wants_list(node, name):
            return
        received, sources = self._received[id(node), name], node.inputs[name]
        if len(sources) == 1:
            (source,) = sources
            keeps_order = source.transform is None or source.transform(
                np.arange(received.size).reshape(self._message(source).shape)
            ).reshape(-1).tolist() == list(range(received.size))
            if keeps_order and self._wants_list(source.node, source.port):
                events = self._listed(source.node, source.port)
                self._events[id(node), name] = events
                return
        events = self._listed(node, name)
        self._emit(node, find_active, received, *events)

    def _message(self, source: Any) -> Array:
        return self._messages[id(source.node), source.port]

    def _listed(self, node: Node, port: str) -> tuple[Array, Array]:
        key = (id(node), port)
        if key not in self._events:
            size = int(np.prod(getattr(node.model, port)._shape))
            indices = np.zeros(size, dtype=np.uint32)
            self._events[key] = (indices, np.zeros(1, dtype=np.int64))
        return self._events[key]


_PORTS = (PyInPort, PyOutPort)
_NOTHING = object()
