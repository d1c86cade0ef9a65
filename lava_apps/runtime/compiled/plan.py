"""From a graph to the calls of a loop over time steps, and their arguments."""

from __future__ import annotations

import inspect
from collections.abc import Iterator
from typing import Any

import numba
import numpy as np
import numpy.typing as npt
from numba.core.dispatcher import Dispatcher

from lava_apps.kernel import KernelModel, find_active
from lava_apps.runtime.compiled import messages
from lava_apps.runtime.compiled.graph import KernelGraph, Part, Source
from lava_apps.runtime.compiled.loops import Call
from lava_apps.runtime.compiled.recorders import Events, Recorder
from lava_apps.runtime.compiled.wrappers import OfTheLoop
from lava_apps.runtime.errors import BackendError

from lava.magma.core.model.py.ports import PyInPort, PyOutPort
from lava.magma.core.process.process import AbstractProcess

Array = npt.NDArray[Any]
_OF_THE_LOOP = {which.value for which in OfTheLoop}


class Plan:
    """What is called in a time step of a graph, and with what.

    A backend that runs kernels needs nothing else: it calls all `calls` in their order,
    time step after time step.

    Parameters
    ----------
    graph : KernelGraph
        The graph.
    recorders : list of Recorder
        The probes.
    threads : (1,) numpy.ndarray of int64
        How many threads parallel kernels use.

    Attributes
    ----------
    calls : list of Call
        In their order.
    owners : list of Part or None
        For each call whose kernel it is; None for messages and probes.
    is_parallel : bool
        Whether any kernel can use several threads.
    clock : (3,) numpy.ndarray of int64
        Time step and call that the loop is at; whether it is to end early.
    """

    def __init__(
        self, graph: KernelGraph, recorders: list[Recorder], threads: Array
    ) -> None:
        self.graph = graph
        self.clock: Array = np.zeros(3, dtype=np.int64)
        self._threads = threads
        self.calls: list[Call] = []
        self.owners: list[Part | None] = []
        self.is_parallel = False
        self._used: list[tuple[Part, list[Any]]] = []
        self._drawn: dict[tuple[int, str], list[tuple[int, int]]] = {}
        self._messages: dict[tuple[int, str], Array] = {}
        self._events: dict[tuple[int, str], tuple[Array, Array]] = {}
        self._received: dict[tuple[int, str], Array] = {}
        self._prepared = {id(p): dict(p.kernel.prepare(p.model)) for p in graph.parts}
        self._phases = {id(p): p.phases() for p in graph.parts}
        for part in graph.parts:
            for name, held in graph.reads[id(part)].items():
                self._prepared[id(part)][name] = getattr(*held)
            if part.kernel.draw is not None:
                drawn = part.kernel.draw(part.model, 0)
                self._prepared[id(part)] |= drawn
                self._drawn |= {(id(part), name): [] for name in drawn}
        self._bind_messages()
        self._write(recorders)

    def draw(self, steps: int) -> Iterator[tuple[int, int, Any]]:
        """Draw what kernels need for some time steps.

        Parameters
        ----------
        steps : int
            How many.

        Yields
        ------
        call, argument : int
            Places of an argument.
        value : object
            What it is from now on.
        """
        for part in self.graph.parts:
            if part.kernel.draw is None:
                continue
            for name, value in part.kernel.draw(part.model, steps).items():
                for call, argument in self._drawn[id(part), name]:
                    yield call, argument, self._laid_out(part, value)

    def bytes_of(self, process: AbstractProcess) -> int:
        """Add up the arrays that a Process has in the loop, each once."""
        arrays = {
            value.__array_interface__["data"]: value.nbytes
            for part, values in self._used
            if part.process is process
            for value in values
            if isinstance(value, np.ndarray)
        }
        return sum(arrays.values())

    # The calls

    def _write(self, recorders: list[Recorder]) -> None:
        buffering = [p for p in self.graph.parts if p.kernel.phases.keys() - {"step"}]
        for part in self.graph.order:
            self._receive(part, copied=False)
            self._call(part, "step")
        for part in buffering:
            if "step" not in part.kernel.phases:
                self._receive(part, copied=True)
        of_ports = [r for r in recorders if isinstance(r.what[0], Part)]
        for recorder in of_ports:
            self._record(recorder, self._port(*recorder.what))
        for phase in ("absorb", "learn", "finish"):
            for part in self.graph.parts:
                if phase in part.kernel.phases:
                    self._call(part, phase)
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

    def _emit(self, part: Part | None, function: Dispatcher, *values: Any) -> None:
        """Write a call."""
        self.calls.append(Call(function, list(values)))
        self.owners.append(part)

    def _call(self, part: Part, phase: str) -> None:
        function = self._phases[id(part)][phase]
        arguments = inspect.signature(function.py_func).parameters
        values = [self._argument(part, name) for name in arguments]
        for number, name in enumerate(arguments):
            if (id(part), name) in self._drawn:
                self._drawn[id(part), name].append((len(self.calls), number))
        self._used.append((part, values))
        self._emit(part, function, *values)

    def _argument(self, part: Part, name: str) -> Any:
        """Find what an argument of a kernel stands for."""
        if name in _OF_THE_LOOP:
            return OfTheLoop(name)
        if name == "threads":
            self.is_parallel = True
            return self._threads
        value = self._find(part, name)
        if isinstance(value, np.generic):
            value = value.item()
        try:
            numba.typeof(value)
        except (ValueError, NotImplementedError, numba.errors.NumbaError):
            kind = f"{type(value).__name__}"
            if isinstance(value, np.ndarray):
                kind = f"array of {value.dtype}"
            problem = f"{part.label}.{name} is of a type numba does not know: {kind}"
            raise BackendError(problem) from None
        return self._laid_out(part, value)

    @staticmethod
    def _laid_out(part: Part, value: Any) -> Any:
        flat = part.kernel.flat and isinstance(value, np.ndarray)
        return value.reshape(-1) if flat else value

    def _find(self, part: Part, name: str) -> Any:
        model, prepared = part.model, self._prepared[id(part)]
        if (id(part), name) in self._received:
            return self._received[id(part), name]
        if (id(part), name) in self._messages:
            return self._messages[id(part), name]
        for ending, which in (("_indices", 0), ("_count", 1)):
            port = name.removesuffix(ending)
            if port != name and isinstance(getattr(model, port, None), _PORTS):
                return self._listed(part, port)[which]
        if name in prepared:
            return prepared[name]
        if hasattr(model, name):
            return self._attribute(part, name)
        value = model.proc_params.get(name, _NOTHING)
        if value is not _NOTHING:
            return value
        raise BackendError(
            f"{part.label}: {name}, an argument of its kernel, is neither a port or "
            f"attribute of {type(model).__name__} nor a parameter of the Process"
        )

    def _attribute(self, part: Part, name: str) -> Any:
        value = getattr(part.model, name)
        is_array = isinstance(value, np.ndarray)
        if is_array and part.kernel.flat and not value.flags.c_contiguous:
            value = np.ascontiguousarray(value)
            setattr(part.model, name, value)
        return value

    # Messages

    def _bind_messages(self) -> None:
        for part, name, port in self.graph.outputs():
            held = part.kernel.publishes.get(name)
            kind = np.dtype(port._d_type)
            if held is None:
                message = np.zeros(port._shape, kind)
            else:
                message = self._find(part, held)
                if message.dtype != kind:
                    problem = f"{part.label}.{held} is {message.dtype}, {name} {kind}"
                    raise BackendError(problem)
                message = message.reshape(port._shape)
            self._messages[id(part), name] = message

    def _port(self, part: Part, name: str) -> Array:
        """Give what a port sent or received in this time step."""
        key = (id(part), name)
        return self._messages.get(key, self._received.get(key))  # type: ignore[return-value]

    def _receive(self, part: Part, *, copied: bool) -> None:
        """Write what brings the messages to the InPorts of a part.

        Copied, where the sender will have overwritten what it published.
        """
        for name, port in part.node.ports(PyInPort):
            is_own = isinstance(part.model, KernelModel)
            kind = np.dtype(port._d_type) if is_own else part.node.received_type(name)
            sources = part.inputs[name]
            arriving = [self._arriving(part, source) for source in sources]
            target: Array = np.zeros(port._shape, kind)
            alone = len(sources) == 1 and arriving[0].dtype == kind
            lasting = not (
                copied and any(s.port in s.part.kernel.publishes for s in sources)
            )
            fits = alone and (arriving[0].flags.c_contiguous or not part.kernel.flat)
            listed = self._listed_by_sender(part, name)
            if fits and lasting:
                target = arriving[0]
            elif listed is not None and lasting:
                before = np.zeros(target.size, np.uint32), np.zeros(1, np.int64)
                lists = (*listed, *before)
                self._emit(part, messages.copy_listed, target, arriving[0], *lists)
            elif sources:
                first, further = arriving[:3], arriving[3:]
                self._emit(part, messages.COMBINE[len(first)], target, *first)
                for message in further:
                    self._emit(part, messages.accumulate, target, message)
            self._received[id(part), name] = target
            self._list(part, name)

    def _arriving(self, part: Part, source: Source) -> Array:
        """Give a message as virtual ports hand it on: a view of it, or a copy."""
        message = self._messages[id(source.part), source.port]
        if source.edge.transform is None:
            return message
        view = source.edge.transform(message)
        if np.shares_memory(view, message) or not view.size:
            return view
        places = source.edge.transform(np.arange(message.size).reshape(message.shape))
        target: Array = np.zeros(view.shape, message.dtype)
        self._emit(part, messages.gather, target, message, places.reshape(-1))
        return target

    def _wants_list(self, part: Part, name: str) -> bool:
        return any(
            f"{name}_indices" in inspect.signature(f.py_func).parameters
            for f in self._phases[id(part)].values()
        )

    def _list(self, part: Part, name: str) -> None:
        """Write what lists the active entries of an InPort, unless the sender does."""
        if not self._wants_list(part, name):
            return
        events = self._listed_by_sender(part, name)
        if events is not None:
            self._events[id(part), name] = events
            return
        events = self._listed(part, name)
        self._emit(part, find_active, self._received[id(part), name], *events)

    def _listed_by_sender(self, part: Part, name: str) -> tuple[Array, Array] | None:
        """Give the sender's list of what arrives, if it has one in the same order."""
        if len(part.inputs[name]) != 1:
            return None
        (source,) = part.inputs[name]
        if not self._wants_list(source.part, source.port):
            return None
        if source.edge.transform is not None:
            message = self._message(source)
            places = np.arange(message.size)
            arriving = source.edge.transform(places.reshape(message.shape))
            if not np.array_equal(arriving.reshape(-1), places):
                return None
        return self._listed(source.part, source.port)

    def _message(self, source: Source) -> Array:
        return self._messages[id(source.part), source.port]

    def _listed(self, part: Part, port: str) -> tuple[Array, Array]:
        key = (id(part), port)
        if key not in self._events:
            size = int(np.prod(getattr(part.model, port)._shape))
            indices = np.zeros(size, dtype=np.uint32)
            self._events[key] = (indices, np.zeros(1, dtype=np.int64))
        return self._events[key]


_PORTS = (PyInPort, PyOutPort)
_NOTHING = object()
