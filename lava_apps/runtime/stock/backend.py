"""The backend that is Lava's own runtime."""

from __future__ import annotations

from typing import Any

import numpy as np
from scipy.sparse import csr_matrix

from lava_apps.graphs import find_processes
from lava_apps.runtime.arrangement import Arrangement
from lava_apps.runtime.backends import OnSteps, Request, register_backend
from lava_apps.runtime.errors import BackendError
from lava_apps.runtime.probes import Probe
from lava_apps.runtime.snapshots import Snapshot
from lava_apps.runtime.stock.processes import kill_graph, receive, start_graph

from lava.magma.core.process.ports.ports import InPort
from lava.magma.core.process.variable import Var
from lava.magma.core.run_conditions import RunSteps
from lava.proc.io.extractor import Extractor


class LavaBackend:
    """Lava's own runtime: an OS process for each Process."""

    name = "lava"
    runs = "on Lava's own runtime"

    def __init__(self, request: Request) -> None:
        self._process, self._run_cfg = request.process, request.run_cfg
        self._seeding = request.seeding
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

    def held(self, var: Var) -> Any:
        """Give floats in the shape of a Var: Lava reads it element by element."""
        return np.zeros(var.shape)

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

    def abandon(self) -> bool:
        """End all OS processes, whatever they are doing."""
        kill_graph(self._process)
        self._put_back()
        return False

    def release(self) -> None:
        """Do nothing: no other backend goes on with what runs here."""

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


register_backend("lava", LavaBackend, rank=3)
