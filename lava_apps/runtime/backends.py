"""What a Simulator runs on: the inline runtime, or Lava's own."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import AbstractContextManager
from typing import Any, Protocol

import numpy as np
import numpy.typing as npt
from scipy.sparse import csr_matrix

from lava_apps.graphs import find_processes
from lava_apps.kernel import KernelModel
from lava_apps.messages import label
from lava_apps.runtime import housekeeping, snapshots
from lava_apps.runtime.arrangement import Arrangement
from lava_apps.runtime.errors import BackendError
from lava_apps.runtime.inline import InlineRuntime
from lava_apps.runtime.probes import (
    Probe,
    leaf_port,
    leaf_var,
)
from lava_apps.runtime.protocols import LoihiDomain
from lava_apps.runtime.scheduler import Worker
from lava_apps.runtime.snapshots import Snapshot
from lava_apps.runtime.stock import compile_graph, kill_graph, receive, start_graph

from lava.magma.core.process.ports.ports import InPort, OutPort
from lava.magma.core.process.process import AbstractProcess
from lava.magma.core.process.variable import Var
from lava.magma.core.run_conditions import RunSteps
from lava.magma.core.run_configs import RunConfig
from lava.proc.io.extractor import Extractor

Array = npt.NDArray[Any]
OnStep = Callable[[], None]
OnSteps = Callable[[int], None]


class Backend(Protocol):
    """What a Simulator needs of a backend."""

    name: str

    def attach(self, probe: Probe) -> None:
        """Let a probe record from now on."""

    def run(self, steps: int, on_steps: OnSteps) -> None:
        """Run some time steps; say now and then how many were done."""

    def get(self, var: Var) -> Any:
        """Read a Var."""

    def set(self, var: Var, value: Any) -> None:
        """Set a Var."""

    def snapshot(self) -> Snapshot:
        """Take the state of the graph."""

    def restore(self, snapshot: Snapshot) -> None:
        """Give the graph a state."""

    def stop(self) -> None:
        """End the use of the graph."""

    def explain(self) -> str:
        """Say what runs."""


class InlineBackend:
    """The whole graph within this OS process."""

    name = "inline"

    def __init__(self, process: AbstractProcess, run_cfg: RunConfig) -> None:
        housekeeping.install()
        self.processes: list[AbstractProcess] = find_processes(process)
        self._arrangement = Arrangement(self.processes)
        self._full: Probe | None = None
        executable = compile_graph(process, run_cfg, self._arrangement)
        try:
            self.runtime = InlineRuntime(executable)
            self.runtime.initialize()
            self.runtime.open()
            workers = self.runtime.workers.items()
            self.runtime.forms = {p: snapshots.form(w.model) for p, w in workers}
        except BaseException:
            self._arrangement.restore()
            raise
        process.runtime = self.runtime
        executable.assign_runtime_to_all_processes(self.runtime)

    def attach(self, probe: Probe) -> None:
        """Let a probe record from now on."""
        worker, inner = self.find(probe)
        domain = worker.domain
        if not isinstance(domain, LoihiDomain):
            raise BackendError(f"{probe.name} has no time steps (AsyncProtocol)")
        sample, forget = self._sampler(worker.model, inner)
        count = 0

        def on_step() -> None:
            nonlocal count
            count += 1
            if count % probe.every == 0:
                probe.add(sample())
                if probe.samples_left == 0:
                    self._full = self._full or probe
                    self.runtime.scheduler.end_requested = "pause"
            if forget is not None:
                forget()

        value = sample()
        probe.dtype = value.dtype
        domain.on_step.append(on_step)

    def find(self, probe: Probe) -> tuple[Worker, Any]:
        """Find the worker and the port or Var of its Process that a probe is of."""
        target = probe.target
        inner = leaf_var(target) if isinstance(target, Var) else leaf_port(target)
        worker = self.runtime.workers.get(inner.process)
        if worker is None:
            raise BackendError(f"{probe.name} is not part of this graph")
        return worker, inner

    def _sampler(
        self, model: Any, target: Any
    ) -> tuple[Callable[[], Array], OnStep | None]:
        """Give a function that samples, and one that ends a port's time step."""
        if isinstance(target, Var):
            held, name = self.runtime.model_of(target.id)
            return lambda: as_dense(getattr(held, name)), None
        port = getattr(model, target.name)
        nothing: Array = np.zeros(port._shape, port._d_type)
        last = nothing
        if isinstance(target, OutPort):
            send = port.send

            def tapped_send(data: Any, *rest: Any) -> None:
                nonlocal last
                last = np.array(data, dtype=port._d_type)
                send(data, *rest)

            port.send = tapped_send
        else:
            recv = port.recv

            def tapped_recv() -> Any:
                nonlocal last
                received = recv()
                last = np.array(received)
                return received

            port.recv = tapped_recv

        def forget() -> None:
            nonlocal last
            last = nothing

        return lambda: last, forget

    def run(self, steps: int, on_steps: OnSteps) -> None:
        """Run some time steps; say after each that it was done."""
        domains = [
            d for d in self.runtime.scheduler.domains if isinstance(d, LoihiDomain)
        ]
        hooks = domains[0].on_step if domains else []
        done = 0

        def one() -> None:
            nonlocal done
            done += 1
            on_steps(1)

        hooks.insert(0, one)
        try:
            self.runtime.start(RunSteps(num_steps=steps))
        finally:
            hooks.remove(one)
            full, self._full = self._full, None
        if full is not None and done < steps:
            raise full.full()

    def _holder(self, var: Var) -> tuple[Any, str]:
        """Find the ProcessModel that holds a Var, and its name there."""
        try:
            return self.runtime.model_of(leaf_var(var).id)
        except AssertionError:
            where = f"{label(var.process)}.{var.name}"
            problem = "is of another graph, or its Process was built from others"
            raise BackendError(f"{where} {problem} that have no such Var") from None

    def get(self, var: Var) -> Any:
        """Read a Var, as a copy in its own type."""
        model, name = self._holder(var)
        self.runtime.on_access(model, name, False)
        value = getattr(model, name)
        return value.copy() if hasattr(value, "copy") else value

    def set(self, var: Var, value: Any) -> None:
        """Set a Var in place."""
        model, name = self._holder(var)
        if isinstance(model, KernelModel):
            model.check_value(type(var.process).__name__, name, value)
        self.runtime.on_access(model, name, True)
        old = getattr(model, name)
        if isinstance(old, np.ndarray):
            old[...] = value
        elif isinstance(old, csr_matrix):
            setattr(model, name, csr_matrix(value, shape=old.shape, dtype=old.dtype))
        else:
            setattr(model, name, type(old)(np.asarray(value).reshape(-1)[0]))
        model.on_var_update()

    def snapshot(self) -> Snapshot:
        """Take the state of the graph."""
        return snapshots.take(self.runtime)

    def restore(self, snapshot: Snapshot) -> None:
        """Give the graph a state."""
        snapshots.put(self.runtime, snapshot)

    def stop(self) -> None:
        """End the use of the graph; it can be built anew."""
        self.runtime.stop()
        self._arrangement.restore()

    def explain(self) -> str:
        """Say what runs."""
        return (
            f"all {len(self.runtime.workers)} ProcessModels are Python models for the "
            "CPU; "
            "they run as coroutines of this OS process"
        )


def as_dense(value: Any) -> Array:
    """Give the value of a Var as an array."""
    return np.asarray(value.toarray() if hasattr(value, "toarray") else value)


class LavaBackend:
    """Lava's own runtime: an OS process for each Process."""

    name = "lava"

    def __init__(
        self,
        process: AbstractProcess,
        run_cfg: RunConfig,
        seeding: Callable[[], AbstractContextManager[None]],
    ) -> None:
        self._process, self._run_cfg, self._seeding = process, run_cfg, seeding
        self._extractors: dict[Probe, Extractor] = {}
        self._polled: list[Probe] = []
        self._arrangement: Arrangement | None = None
        self._age: dict[Probe, int] = {}  # time steps since it was attached

    def attach(self, probe: Probe) -> None:
        """Let a probe record; a port only before the first run."""
        if probe.target.process not in find_processes(self._process):
            raise BackendError(f"{probe.name} is not part of this graph")
        if isinstance(probe.target, Var):
            self._polled.append(probe)
            self._age[probe] = 0
            return
        if isinstance(probe.target, InPort):
            raise BackendError(f"{probe.name}: backend lava cannot probe an InPort")
        if self._is_started:
            problem = "backend lava can probe a port only before the first run"
            raise BackendError(f"{probe.name}: {problem}")
        extractor = Extractor(shape=probe.target.shape)
        probe.target.connect(extractor.in_port)
        probe.dtype = np.dtype(float)
        self._extractors[probe] = extractor
        self._age[probe] = 0

    def run(self, steps: int, on_steps: OnSteps) -> None:
        """Run some time steps; say after each that it was done."""
        if not self._is_started:
            with self._seeding():
                self._arrangement = start_graph(self._process, self._run_cfg)
        while steps > 0:
            due = [p.every - self._age[p] % p.every for p in self._polled]
            # To the next sample of a Var, or as far as those of ports fit.
            for probe in self._extractors:
                until_next = probe.every - self._age[probe] % probe.every
                due.append(until_next + (probe.samples_left - 1) * probe.every)
            piece = min([steps, *due])
            self._run_piece(piece, on_steps)
            steps -= piece
            full = [p for p in self._extractors if p.samples_left == 0]
            if full and steps > 0:
                raise full[0].full()

    def _run_piece(self, steps: int, on_steps: OnSteps) -> None:
        process = self._process
        process.run(RunSteps(num_steps=steps, blocking=not self._extractors))
        for _ in range(steps):
            for probe in self._age:
                self._age[probe] += 1
            for probe, extractor in self._extractors.items():
                sample = receive(process.runtime, extractor)
                if self._age[probe] % probe.every == 0:
                    probe.add(sample)
            on_steps(1)
        if self._extractors:
            process.wait()
        for probe in self._polled:
            if self._age[probe] % probe.every == 0:
                probe.add(np.asarray(probe.target.get()))

    def get(self, var: Var) -> Any:
        """Read a Var, as float64, element by element; before a run as it begins."""
        return var.get() if self._is_started else var.init

    def set(self, var: Var, value: Any) -> None:
        """Set a Var, element by element; not before the first run."""
        if not self._is_started:
            raise BackendError("backend lava can set a Var only after the first run")
        is_sparse = isinstance(var.init, csr_matrix)
        var.set(csr_matrix(value) if is_sparse else np.asarray(value, dtype=float))

    def snapshot(self) -> Snapshot:
        """Refuse: what other OS processes hold cannot be reached."""
        raise BackendError("backend lava can neither take nor restore a state")

    def restore(self, snapshot: Snapshot) -> None:  # noqa: ARG002
        """Refuse, as `snapshot` does."""
        self.snapshot()

    def stop(self) -> None:
        """End all OS processes; the graph can be built anew."""
        if self._arrangement is not None:
            self._process.stop()
        self._put_back()

    def kill(self) -> None:
        """End all OS processes, whatever they are doing."""
        kill_graph(self._process)
        self._put_back()

    def _put_back(self) -> None:
        if self._arrangement is not None:
            self._arrangement.restore()
        for probe, extractor in self._extractors.items():
            probe.target.out_connections.remove(extractor.in_port)

    @property
    def _is_started(self) -> bool:
        return self._arrangement is not None

    def explain(self) -> str:
        """Say what runs."""
        return "Lava's own runtime starts an OS process for each Process"
