"""The backend that runs a whole graph as one compiled loop."""

from __future__ import annotations

import time
from functools import partial
from typing import Any

import numpy as np
import numpy.typing as npt
from numba.core.errors import NumbaError

import lava_apps.runtime.kernels  # noqa: F401 - registers the kernels of Lava's library
from lava_apps.runtime.backends import (
    GraphBackend,
    OnSteps,
    as_dense,
    register_backend,
)
from lava_apps.runtime.compiled import recorders
from lava_apps.runtime.compiled.graph import KernelGraph
from lava_apps.runtime.compiled.loader import why_not_kept
from lava_apps.runtime.compiled.plan import Plan
from lava_apps.runtime.compiled.program import Program
from lava_apps.runtime.compiled.recorders import Recorder
from lava_apps.runtime.compiled.threads import Threads
from lava_apps.runtime.errors import KernelError, add_context, as_runtime_error
from lava_apps.runtime.graph.vars import holder
from lava_apps.runtime.opening import OpenGraph
from lava_apps.runtime.probes import Probe
from lava_apps.runtime.snapshots import Snapshot

from lava.magma.core.process.process import AbstractProcess
from lava.magma.core.process.variable import Var

Array = npt.NDArray[Any]
_BLOCK_SECONDS = 0.03  # between two looks whether Ctrl-C was pressed


class CompiledBackend(GraphBackend):
    """A graph as one loop over its kernels, in machine code.

    The arrays are those of the ProcessModels, so that Vars, snapshots and the state
    after a run are the same as on any other backend.

    Parameters
    ----------
    opened : OpenGraph
        The graph, built.

    Raises
    ------
    BackendError
        For a graph with a ProcessModel that has no kernel, naming it.
    DeadlockError
        For Processes that wait for each other in a circle.
    """

    name = "compiled"
    runs = "compiled"

    def __init__(self, opened: OpenGraph) -> None:
        super().__init__(opened)
        self._kernels = KernelGraph(self.graph)
        self.graph.on_access = self._on_access
        self._recorders: list[Recorder] = []
        self._program: Program | None = None
        self._wrappers: dict[Any, tuple[int, Any]] = {}
        self._block = 1
        self._threads = Threads()
        self._full: Probe | None = None

    def attach(self, probe: Probe) -> None:
        """Let a probe record from now on."""
        node, target = self.opened.find(probe)
        kind: type[Recorder] = recorders.Between
        if isinstance(target, Var):
            what = holder(self.graph, target.id)
            probe.dtype = self._value(*what).dtype
            held = self._kernels.by_model[id(what[0])].kernel.holds
            if isinstance(getattr(*what), np.ndarray) and what[1] not in held:
                kind = recorders.Dense
        else:
            part, name = self._kernels.by_model[id(node.model)], target.name
            what = (part, name)
            is_input = name in part.inputs
            type_of = node.received_type if is_input else node.sent_type
            probe.dtype = type_of(name)
            # Where random numbers are drawn in advance a loop cannot end early.
            draws = any(p.kernel.draw is not None for p in self._kernels.parts)
            buffered = is_input or name in part.kernel.publishes
            kind = recorders.Dense if draws or buffered else recorders.Events
        self._recorders.append(kind(probe, what, partial(self._value, *what)))
        self._program = None

    def _value(self, model: Any, name: str) -> Array:
        """Give the present value of a Var."""
        self._on_access(model, name, changes=False)
        return as_dense(getattr(model, name))

    def run(self, steps: int, on_steps: OnSteps) -> None:
        """Run some time steps; say now and then how many were done."""
        control = self.graph.control
        control.check_usable()
        control.prepare()
        with control.ctrl_c_ends_step():
            try:
                while steps > 0 and not (control.ends or self._full):
                    steps -= self._run_block(steps, on_steps)
            except KernelError:
                raise  # before a time step: the graph is as it was
            except Exception as error:
                control.failure = error
                raise
            finally:
                full, self._full = self._full, None
        if control.interrupted:
            raise KeyboardInterrupt
        if full is not None and steps > 0:
            raise full.full()

    def _run_block(self, steps: int, on_steps: OnSteps) -> int:
        """Run as many time steps as pass without a look at Ctrl-C and probes."""
        program = self._bound()
        first = self.graph.nodes[0].model.time_step + 1
        limits = [r.steps_left() for r in self._recorders]
        ports = [r for r in self._recorders if not isinstance(r.probe.target, Var)]
        limits += [r.steps_that_fit() for r in ports]
        block = min([steps, self._block, *limits])
        if program.plan.is_parallel:
            block = self._threads.limit(block)
        begin = time.perf_counter()
        try:
            done = program.run(first, block)
        except Exception as raised:
            error = as_runtime_error(raised)
            self._tell_where(error, program.plan)
            if error is raised:
                raise
            raise error from raised.__cause__
        seconds = time.perf_counter() - begin
        if program.plan.is_parallel:
            self._threads.note(seconds / done)
        if done == self._block:
            wanted = int(done * _BLOCK_SECONDS / max(seconds, 1e-9))
            self._block = int(np.clip(wanted, 1, 4 * self._block))
        for node in self.graph.nodes:
            node.model.time_step = first + done - 1
        on_steps(done)
        for recorder in self._recorders:
            recorder.take(done)
            if isinstance(recorder.probe.target, Var):
                continue  # whether it fits was found before the run
            if recorder.probe.samples_left == 0:
                self._full = self._full or recorder.probe
        return done

    def _bound(self) -> Program:
        """Bind the loop to the arrays of the models, if that is to be done anew."""
        if self._program is None:
            try:
                self._program = Program(
                    *(self._kernels, self._recorders, self._threads.count),
                    self._wrappers,
                )
            except NumbaError as error:
                raise KernelError(self._what_failed(str(error))) from None
        return self._program

    def _what_failed(self, report: str) -> str:
        """Name the kernels that a report of numba names, without its pages."""
        found = [
            f"{type(part.model).__name__} of {part.label}"
            for part in self._kernels.parts
            for function in part.kernel.phases.values()
            if f"{function.py_func.__name__} at" in report
            or f"'{function.py_func.__name__}'" in report
            or f"{function.py_func.__name__})" in report
        ]
        whose = f" of {', '.join(dict.fromkeys(found))}" if found else ""
        return f"numba cannot compile the kernel{whose} for the values that it has here"

    def release(self) -> None:
        """Leave the graph to another backend, each Var in its own form."""
        self._release_all(changes=True)
        self.graph.on_access = lambda *_: None

    def _tell_where(self, error: BaseException, plan: Plan) -> None:
        step, call = int(plan.clock[0]), int(plan.clock[1])
        for node in self.graph.nodes:
            node.model.time_step = step
        caller = plan.owners[call] if call < len(plan.owners) else None
        if caller is not None:
            add_context(error, f"in {caller.label}, time step {step}")

    def _on_access(self, model: Any, name: str, changes: bool) -> None:
        """Give a Var its own form back before it is read or set."""
        kernel = self._kernels.by_model[id(model)].kernel
        if name in kernel.holds and kernel.release is not None:
            kernel.release(model)
            self._program = None
        if changes:
            self._program = None

    def _release_all(self, *, changes: bool) -> None:
        for part in self._kernels.parts:
            for name in part.kernel.holds:
                self._on_access(part.model, name, changes)
        if changes:
            self._program = None

    def snapshot(self) -> Snapshot:
        """Take the state of the graph."""
        self._release_all(changes=False)
        return super().snapshot()

    def restore(self, snapshot: Snapshot) -> None:
        """Give the graph a state."""
        self._release_all(changes=True)
        super().restore(snapshot)

    def stop(self) -> None:
        """End the use of the graph; it can be built anew where Lava allows it."""
        self._release_all(changes=True)
        super().stop()

    def explain(self) -> str:
        """Say what runs."""
        said = (
            f"all {len(self.graph.nodes)} ProcessModels have a kernel; they run as "
            "one compiled loop over their arrays"
        )
        reason = why_not_kept(
            f for part in self._kernels.parts for f in part.kernel.phases.values()
        )
        if reason:
            said += f", compiled anew in each OS process: {reason}"
        return f"{said}, on {self.threads} threads" if self.threads > 1 else said

    @property
    def threads(self) -> int:
        """Threads that turned out to be fastest up to now."""
        return self._threads.best

    def bytes_of(self, process: AbstractProcess) -> int:
        """Add up the arrays that a Process has in the loop, each once.

        Parameters
        ----------
        process : AbstractProcess
            Of the graph.

        Returns
        -------
        int
            Bytes.
        """
        return self._bound().plan.bytes_of(process)


register_backend("compiled", lambda request: CompiledBackend(request.opened()), rank=1)
