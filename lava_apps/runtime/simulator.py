"""A front end for running graphs of Lava Processes."""

from __future__ import annotations

import os
from collections.abc import Iterator, Mapping
from dataclasses import replace
from functools import partial
from pathlib import Path
from types import TracebackType
from typing import Annotated, Any

import numpy as np
import numpy.typing as npt
from pydantic import BeforeValidator
from scipy.sparse import csr_matrix

from lava_apps.graphs import find_processes
from lava_apps.loihi2.run_configs import Precision, RunConfig
from lava_apps.messages import label, warn_caller
from lava_apps.parameters import (
    ParameterError,
    PositiveInteger,
    Seed,
    invalid,
    validated,
)
from lava_apps.runtime.backends import (
    Backend,
    OnSteps,
    Request,
    automatic_backends,
    backend_names,
    make_backend,
)
from lava_apps.runtime.errors import BackendError, BackendWarning, KernelError
from lava_apps.runtime.probes import DEFAULT_MAX_BYTES, LARGE, Probe, ProbeMemoryError
from lava_apps.runtime.progress import progress_bar
from lava_apps.runtime.seeding import seeded
from lava_apps.runtime.snapshots import Snapshot

from lava.magma.core.process.ports.ports import InPort, OutPort
from lava.magma.core.process.process import AbstractProcess
from lava.magma.core.process.variable import Var
from lava.magma.core.run_configs import AbstractLoihiHWRunCfg
from lava.magma.core.run_configs import RunConfig as LavaRunConfig

Array = npt.NDArray[Any]


def _port_or_var(value: object) -> object:
    if not isinstance(value, (OutPort, InPort, Var)):
        raise invalid("must be an OutPort, InPort or Var of a Process")
    return value


Target = Annotated[Any, BeforeValidator(_port_or_var)]


def _backend_name(value: object) -> object:
    allowed = ["auto", *backend_names()]
    if value not in allowed:
        *others, last = map(repr, allowed)
        raise invalid(f"must be {', '.join(others)} or {last}")
    return value


BackendName = Annotated[str, BeforeValidator(_backend_name)]


class Simulator:
    """Run a graph of Lava Processes.

    Parameters
    ----------
    process : AbstractProcess
        Any Process of the graph.
    backend : {"auto", "compiled", "inline", "lava"} or str
        "compiled" runs the graph as one compiled loop, "inline" its ProcessModels
        within this OS process, "lava" on Lava's own runtime; "auto", the default,
        takes the first of them that can run the graph, and warns if that is not
        "compiled" (BackendWarning), saying which ProcessModel has no kernel. Besides
        these, whatever `lava_apps.runtime.register_backend` made known.
    precision : {"floating_pt", "fixed_pt"}
        Which ProcessModels to use. Default "floating_pt". Without effect where
        `run_cfg` is given.
    run_cfg : lava.magma.core.run_configs.RunConfig, optional
        A run configuration of your own instead.
    seed : int, optional
        Seed for all Processes of this package that draw random numbers, and for
        Lava's learning rules: each gets one of its own, whatever it was made with.
        Default: the seeds they were made with; those that were given none draw
        independently, and the same each time that this graph is run.

    Raises
    ------
    ParameterError
        For an argument that is none of these, or a graph that is in use or
        cannot be built a second time.
    BackendError
        When the backend cannot run the graph.

    Examples
    --------
    >>> from lava.proc.lif.process import LIF
    >>> neurons = LIF(shape=(2,), bias_mant=4, vth=10)
    >>> with Simulator(neurons) as sim:
    ...     spikes = sim.probe(neurons.s_out)
    ...     sim.run(6)
    >>> sim.data[spikes].sum(axis=0)
    array([2., 2.])
    """

    @validated
    def __init__(
        self,
        process: AbstractProcess,
        *,
        backend: BackendName = "auto",
        precision: Precision = "floating_pt",
        run_cfg: LavaRunConfig | None = None,
        seed: Seed | None = None,
    ) -> None:
        graph = find_processes(process)
        if any(member.is_compiled for member in graph):
            problem = "is in use by another Simulator"
            raise ParameterError("Simulator", "process", problem, label(process))
        if isinstance(run_cfg, AbstractLoihiHWRunCfg):
            problem = "must be for the CPU, as a Simulator is; on hardware use "
            problem += "Process.run (docs/loihi2.md)"
            raise ParameterError("Simulator", "run_cfg", problem, run_cfg)
        self.time_step = 0
        self.data: Mapping[Probe, Array] = _Data()
        is_auto = backend == "auto"
        self._untried = automatic_backends() if is_auto else [backend]
        self._reason = "it is the fastest" if is_auto else "it was asked for"
        self._probes: list[Probe] = []
        self._stopped = False
        config = RunConfig(precision) if run_cfg is None else run_cfg
        self._request = Request(process, config, partial(seeded, graph, seed))
        self._backend = self._choose()

    def _choose(self, refusal: str = "") -> Backend:
        """Make the first backend that can run the graph, and warn if others cannot."""
        try:
            while True:
                name = self._untried.pop(0)
                try:
                    backend = make_backend(name, self._request)
                    break
                except BackendError as error:
                    if not self._untried:
                        problem = f"{name} cannot run this graph: {error}"
                        raise BackendError(problem) from error.__cause__
                    refusal = f"{name} cannot: {error}"
            if refusal:
                self._reason = refusal
                message = f"this graph runs {backend.runs}, for {refusal}"
                warn_caller(message, BackendWarning)
        except BaseException:
            # A deadlock, Ctrl-C, a warning that is an error: the graph is free again.
            self._request.withdraw()
            raise
        return backend

    def __enter__(self) -> Simulator:
        self._check_open()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self.stop()

    @property
    def backend(self) -> str:
        """Name of the backend that runs the graph."""
        return self._backend.name

    def explain(self) -> str:
        """Say which backend runs and why.

        Returns
        -------
        str
            One sentence.
        """
        return f"backend {self.backend} ({self._reason}): {self._backend.explain()}"

    @validated
    def probe(
        self,
        target: Target,
        *,
        every: PositiveInteger = 1,
        max_bytes: PositiveInteger = DEFAULT_MAX_BYTES,
    ) -> Probe:
        """Record a port or Var from now on.

        Parameters
        ----------
        target : OutPort, InPort or Var
            Of any Process of the graph. A port is recorded as its last message of
            a time step, a Var as its value at the end of it.
        every : int
            Time steps from one sample to the next; the first is taken at the end
            of that many. Default 1.
        max_bytes : int
            Memory that the samples may take. Default 1 GiB, with a warning where it
            may be more than 100 MiB.

        Returns
        -------
        Probe
            The key to the samples: ``sim.data[probe]``.

        Raises
        ------
        BackendError
            For a target outside of the graph, or one the backend cannot record.
        """
        self._check_open()
        probe = Probe(target, every, max_bytes)
        self._backend.attach(probe)
        self._probes.append(probe)
        return probe

    @validated
    def run(self, steps: PositiveInteger, *, progress: bool = False) -> None:
        """Run some time steps.

        Ctrl-C ends the run after a time step; it can be continued.

        Parameters
        ----------
        steps : int
            How many, at least 1.
        progress : bool
            Show a progress bar on stderr. Default False.

        Raises
        ------
        Exception
            What a ProcessModel raised, with its Process, phase and time step.
        DeadlockError
            When every Process waits for another.
        ProbeMemoryError
            When a probe of a Var would need more memory than it may have, before
            the run. When another sample of a port may not fit, after a time step: state
            and samples are whole, and after ``probe.clear()`` the run can go on.
        """
        self._check_open()
        self._check_memory(steps)
        with progress_bar(steps, shown=progress) as advance:
            try:
                self._run(steps, self._count(advance))
            except ProbeMemoryError:
                raise  # after a whole time step: all can go on
            except BaseException:
                self._stopped = not self._backend.abandon()
                raise

    def _run(self, steps: int, on_steps: OnSteps) -> None:
        begin = self.time_step
        try:
            self._backend.run(steps, on_steps)
        except KernelError as error:
            if not self._untried:
                raise
            self._backend.release()
            self._backend = self._choose(f"{self.backend} cannot: {error}")
            for probe in self._probes:
                self._backend.attach(probe)
            self._backend.run(steps - (self.time_step - begin), on_steps)

    def _count(self, advance: OnSteps | None) -> OnSteps:
        def on_steps(steps: int) -> None:
            self.time_step += steps
            if advance is not None:
                advance(steps)

        return on_steps

    def step(self) -> None:
        """Run one time step."""
        self.run(1)

    def get(self, var: Var) -> Any:
        """Read a Var.

        Parameters
        ----------
        var : Var
            Of any Process of the graph.

        Returns
        -------
        object
            A copy of its value, in its own type (float64 on backend lava).
        """
        self._check_open()
        self._check_var("Simulator.get", var)
        return self._backend.get(var)

    def set(self, var: Var, value: npt.ArrayLike) -> None:
        """Set a Var.

        Parameters
        ----------
        var : Var
            Of any Process of the graph.
        value : array_like
            A number, or numbers in the shape of the Var.

        Raises
        ------
        ParameterError
            For a value of another shape, or (not on backend lava) fractions or
            numbers too large where it holds integers.
        """
        self._check_open()
        self._check_var("Simulator.set", var)
        self._backend.set(var, _fitting(value, var, self._backend.held(var)))

    @staticmethod
    def _check_var(where: str, var: object) -> None:
        if not isinstance(var, Var):
            raise ParameterError(where, "var", "must be a Var of a Process", var)

    def snapshot(self) -> Snapshot:
        """Take the state of the graph: Vars, and messages in flight.

        Returns
        -------
        Snapshot
            To be given to `restore`, here or for the same graph elsewhere.

        Raises
        ------
        BackendError
            On backend lava, which cannot.
        """
        self._check_open()
        return replace(self._backend.snapshot(), time_step=self.time_step)

    def restore(self, snapshot: Snapshot) -> None:
        """Go back (or on) to a state, weights included; what was recorded stays.

        Parameters
        ----------
        snapshot : Snapshot
            From `snapshot`, of the same graph.

        Raises
        ------
        StateError
            For a snapshot of another graph; nothing was changed then.
        """
        self._check_open()
        if not isinstance(snapshot, Snapshot):
            problem = "must be what snapshot() gave"
            raise ParameterError("Simulator.restore", "snapshot", problem, snapshot)
        self._backend.restore(snapshot)
        self.time_step = snapshot.time_step

    def save(self, path: str | os.PathLike[str]) -> None:
        """Save the state to a file, whole or not at all.

        Parameters
        ----------
        path : path_like
            An ``.npz`` file.
        """
        self.snapshot().save(Path(path))

    def load(self, path: str | os.PathLike[str]) -> None:
        """Restore the state from a file.

        Parameters
        ----------
        path : path_like
            What `save` wrote, for the same graph.

        Raises
        ------
        StateError
            For a file that is missing, damaged, of another schema or of another
            graph; nothing was changed then.
        """
        self.restore(Snapshot.load(Path(path)))

    def stop(self) -> None:
        """End the use of the graph; ``data`` stays. A second call does nothing."""
        if not self._stopped:
            self._stopped = True
            self._backend.stop()

    def _check_open(self) -> None:
        if self._stopped:
            raise BackendError("this Simulator was stopped; make a new one")

    def _check_memory(self, steps: int) -> None:
        for probe in self._probes:
            needed = probe.bytes + probe.expect(steps)
            if isinstance(probe.target, Var) and needed > probe.max_bytes:
                raise ProbeMemoryError(
                    f"probe of {probe.name} would need up to {needed:,} bytes after "
                    f"{steps} time steps, max_bytes is {probe.max_bytes:,}; sample "
                    "less often (every=...) or allow more (max_bytes=...)"
                )
            if probe.samples_left == 0:
                raise probe.full()
            if needed > LARGE and probe.max_bytes == DEFAULT_MAX_BYTES:
                problem = f"probe of {probe.name} may take {needed / 2**20:,.0f} MiB"
                warn_caller(problem, UserWarning)


class _Data(Mapping[Probe, Array]):
    """The samples of each probe."""

    def __getitem__(self, probe: Probe) -> Array:
        if not isinstance(probe, Probe):
            problem = "must be a Probe, as sim.probe(...) gives it"
            raise ParameterError("Simulator.data", "probe", problem, probe)
        return probe.array()

    def __iter__(self) -> Iterator[Probe]:
        raise TypeError("ask for the samples of a probe: sim.data[probe]")

    def __len__(self) -> int:
        raise TypeError("ask for the samples of a probe: sim.data[probe]")


def _fitting(value: npt.ArrayLike, var: Var, held: Any) -> Any:
    """Make sure that a value fits a Var: its shape, and integers for integers."""
    array = np.asarray(value.toarray() if isinstance(value, csr_matrix) else value)
    shape = np.shape(held) if np.ndim(held) else tuple(var.shape)
    try:
        array = np.broadcast_to(array, shape)
    except ValueError:
        problem = f"must have the shape {shape} of {var.name}"
        raise ParameterError("Simulator.set", "value", problem, array) from None
    if array.dtype.kind not in "biuf":
        problem = f"must be numbers, as {var.name} holds"
        raise ParameterError("Simulator.set", "value", problem, value)
    if not np.isfinite(array).all():
        raise ParameterError("Simulator.set", "value", "must be finite", value)
    whole = (
        isinstance(held, int) or getattr(held, "dtype", np.dtype(float)).kind in "iu"
    )
    if whole and (array != np.rint(array)).any():
        problem = f"must be integers, as {var.name} holds"
        raise ParameterError("Simulator.set", "value", problem, value)
    kind = getattr(held, "dtype", None)
    if whole and kind is not None and array.size:
        lowest, highest = np.iinfo(kind).min, np.iinfo(kind).max
        if array.min() < lowest or array.max() > highest:
            problem = f"must be from {lowest} to {highest}, as {var.name} holds"
            raise ParameterError("Simulator.set", "value", problem, value)
    return array
