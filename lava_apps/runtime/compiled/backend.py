"""The backend that runs a whole graph as one compiled loop."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from typing import Any

import numpy as np
import numpy.typing as npt

import lava_apps.runtime.kernels  # noqa: F401 - registers the kernels of Lava's library
from lava_apps.runtime.backends import InlineBackend, OnSteps, as_dense
from lava_apps.runtime.compiled.graph import Graph
from lava_apps.runtime.compiled.program import Program
from lava_apps.runtime.errors import add_context
from lava_apps.runtime.probes import Probe
from lava_apps.runtime.snapshots import Snapshot

from lava.magma.core.process.variable import Var

Array = npt.NDArray[Any]
_BLOCK_SECONDS = 0.03  # between two looks whether Ctrl-C was pressed
_BUFFER_BYTES = 2**24


@dataclass
class _Recorder:
    """A probe, and where the loop keeps its samples until Python takes them.

    Parameters
    ----------
    probe : Probe
        The probe.
    what : tuple
        Node and port, or ProcessModel and the name of its attribute.
    samples : (rows, size) numpy.ndarray or None
        None where Python samples between blocks.
    state : (3,) numpy.ndarray of int64
        Time steps from one sample to the next, time steps so far, samples kept.
    sample : callable
        Gives the value of a Var that the loop does not sample.
    """

    probe: Probe
    what: tuple[Any, str]
    samples: Array | None
    state: Array
    sample: Callable[[], Array]

    def steps_left(self) -> int:
        """Say how many time steps can be run before Python must look."""
        every, so_far, _ = self.state
        until_next = every - so_far % every
        if self.samples is None:
            return int(until_next)
        return int(until_next + (len(self.samples) - 1) * every)

    def take(self, steps: int) -> None:
        """Hand on the samples of the last so many time steps."""
        if self.samples is None:
            self.state[1] += steps
            if self.state[1] % self.state[0] == 0:
                self.probe.add(self.sample())
            return
        kept, self.state[2] = self.state[2], 0
        self.probe.add_all(self.samples[:kept])


class CompiledBackend:
    """A graph as one loop over arrays, compiled for it.

    The arrays are those of the ProcessModels that the inline runtime has built, so
    that Vars, snapshots and the state after a run are the same.

    Parameters
    ----------
    inline : InlineBackend
        The graph, built.

    Raises
    ------
    BackendError
        For a graph with a ProcessModel that has no kernel, naming it.
    DeadlockError
        For Processes that wait for each other in a circle.
    """

    name = "compiled"

    def __init__(self, inline: InlineBackend) -> None:
        self._inline = inline
        self._runtime = inline.runtime
        self._graph = Graph(inline.runtime)
        self._runtime.on_access = self._on_access
        self._recorders: list[_Recorder] = []
        self._program: Program | None = None
        self._block = 1

    def attach(self, probe: Probe) -> None:
        """Let a probe record from now on."""
        worker, target = self._inline.find(probe)
        state = np.array([probe.every, 0, 0], dtype=np.int64)
        if isinstance(target, Var):
            what = self._runtime.model_of(target.id)
            value = self._value(*what)
            is_array = isinstance(getattr(*what), np.ndarray)
            held = self._graph.by_model[id(what[0])].kernel.holds
            in_loop, probe.dtype = is_array and what[1] not in held, value.dtype
        else:
            what = (self._graph.by_model[id(worker.model)], target.name)
            value = np.zeros(1, np.dtype(getattr(worker.model, target.name)._d_type))
            if target.name in what[0].inputs:
                value = value.astype(what[0].input_type(target.name))
            in_loop, probe.dtype = True, value.dtype
        size = int(np.prod(probe.shape))
        rows = max(1, _BUFFER_BYTES // max(1, size * np.dtype(probe.dtype).itemsize))
        samples = np.zeros((min(rows, 2**14), size), probe.dtype) if in_loop else None
        sample = partial(self._value, *what)
        self._recorders.append(_Recorder(probe, what, samples, state, sample))
        self._program = None

    def _value(self, model: Any, name: str) -> Array:
        """Give the present value of a Var."""
        self._on_access(model, name, changes=False)
        return as_dense(getattr(model, name))

    def run(self, steps: int, on_steps: OnSteps) -> None:
        """Run some time steps; say now and then how many were done."""
        runtime = self._runtime
        runtime.check_usable()
        runtime.scheduler.prepare()
        with runtime.ctrl_c_ends_step():
            try:
                while steps > 0 and not runtime.scheduler.ends:
                    steps -= self._run_block(steps, on_steps)
            except Exception as error:
                runtime.scheduler.failure = error
                raise
        if runtime.scheduler.interrupted:
            raise KeyboardInterrupt

    def _run_block(self, steps: int, on_steps: OnSteps) -> int:
        """Run as many time steps as pass without a look at Ctrl-C and probes."""
        program = self._bound()
        first = self._graph.nodes[0].model.time_step + 1
        block = min(steps, self._block, *(r.steps_left() for r in self._recorders))
        begin = time.perf_counter()
        try:
            program.run(first, block)
        except Exception as error:
            self._tell_where(error, program)
            raise
        seconds = time.perf_counter() - begin
        if block == self._block:
            wanted = int(block * _BLOCK_SECONDS / max(seconds, 1e-9))
            self._block = int(np.clip(wanted, 1, 4 * self._block))
        for node in self._graph.nodes:
            node.model.time_step = first + block - 1
        on_steps(block)
        for recorder in self._recorders:
            recorder.take(block)
        return block

    def _bound(self) -> Program:
        """Bind the loop to the arrays of the models, if that is to be done anew."""
        if self._program is None:
            recorders = [
                (r.what, r.samples, r.state)
                for r in self._recorders
                if r.samples is not None
            ]
            self._program = Program(self._graph, recorders)
        return self._program

    def _tell_where(self, error: Exception, program: Program) -> None:
        step, call = (int(n) for n in program.clock)
        for node in self._graph.nodes:
            node.model.time_step = step
        caller = program.calls[call] if call < len(program.calls) else None
        if caller is not None:
            add_context(error, f"in {caller.label}, time step {step}")

    def _on_access(self, model: Any, name: str, changes: bool) -> None:
        """Give a Var its own form back before it is read or set."""
        kernel = self._graph.by_model[id(model)].kernel
        if name in kernel.holds and kernel.release is not None:
            kernel.release(model)
            self._program = None
        if changes:
            self._program = None

    def _release_all(self, *, changes: bool) -> None:
        for node in self._graph.nodes:
            for name in node.kernel.holds:
                self._on_access(node.model, name, changes)
        if changes:
            self._program = None

    def get(self, var: Var) -> Any:
        """Read a Var, as a copy in its own type."""
        return self._inline.get(var)

    def set(self, var: Var, value: Any) -> None:
        """Set a Var in place."""
        self._inline.set(var, value)

    def snapshot(self) -> Snapshot:
        """Take the state of the graph."""
        self._release_all(changes=False)
        return self._inline.snapshot()

    def restore(self, snapshot: Snapshot) -> None:
        """Give the graph a state."""
        self._release_all(changes=True)
        self._inline.restore(snapshot)

    def stop(self) -> None:
        """End the use of the graph; it can be built anew where Lava allows it."""
        self._release_all(changes=True)
        self._inline.stop()

    def explain(self) -> str:
        """Say what runs."""
        return (
            f"all {len(self._graph.nodes)} ProcessModels have a kernel; they run as "
            "one compiled loop over their arrays"
        )
