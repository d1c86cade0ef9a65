"""A runtime for any Lava graph within one OS process.

:class:`InlineRuntime` stands where Lava's ``Runtime`` stands. It takes the same
executable, runs the same unmodified ProcessModels, and gives the same numbers;
Vars are read and set where they are.
"""

from __future__ import annotations

import signal
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

import numpy as np
import numpy.typing as npt
from scipy.sparse import csr_matrix

from lava_apps.kernel import KernelModel
from lava_apps.runtime.build import GraphBuilder
from lava_apps.runtime.channels import Channel
from lava_apps.runtime.errors import BackendError
from lava_apps.runtime.protocols import FOREVER
from lava_apps.runtime.scheduler import Scheduler, Worker

from lava.magma.compiler.executable import Executable
from lava.magma.core.process.process import AbstractProcess
from lava.magma.core.run_conditions import RunContinuous, RunSteps
from lava.utils.sparse import find

Array = npt.NDArray[Any]


def _nothing(model: Any, name: str, changes: bool) -> None:
    """Take no notice of a Var that is read or set."""


class InlineRuntime:
    """Run an executable within this OS process.

    Parameters
    ----------
    executable : lava.magma.compiler.executable.Executable
        What Lava's compiler made of a graph.
    message_infrastructure_type : object, optional
        Taken and ignored, as Lava's ``Runtime`` is called with it.
    loglevel : int, optional
        Taken and ignored, for the same reason.
    """

    def __init__(
        self,
        executable: Executable,
        message_infrastructure_type: object = None,  # noqa: ARG002
        loglevel: int = 0,  # noqa: ARG002
    ) -> None:
        self._executable = executable
        self._is_initialized = self._is_started = self._is_running = False
        self._stopped = False
        self.num_steps = 0
        self.scheduler = Scheduler()
        self.channels: list[Channel] = []
        self.workers: dict[AbstractProcess, Worker] = {}
        self._idle = threading.Event()
        self._idle.set()
        self._thread: threading.Thread | None = None
        self._runner: threading.Thread | None = None
        self._thread_error: BaseException | None = None
        self._vars: dict[int, tuple[Any, str]] = {}
        self.forms: dict[AbstractProcess, dict[str, type]] = {}
        self.on_access: Callable[[Any, str, bool], None] = _nothing

    def initialize(self) -> None:
        """Build channels and ProcessModels.

        Raises
        ------
        BackendError
            For a graph with a ProcessModel that is not one for the CPU in Python.
        ShapeError
            For a Var or a connection whose shapes do not fit.
        """
        builder = GraphBuilder(self._executable, self.scheduler)
        builder.build()
        self.channels, self.workers = builder.channels, builder.workers
        self._vars = builder.vars
        self._is_initialized = True

    def open(self) -> None:
        """Let Vars be read and set before the first run, too."""
        self._is_started = True

    def start(self, run_condition: Any) -> None:
        """Run for some time steps, or until told to stop.

        Parameters
        ----------
        run_condition : lava.magma.core.run_conditions.AbstractRunCondition
            RunSteps, which returns when done unless it is not blocking, or
            RunContinuous, which returns at once.

        Raises
        ------
        BackendError
            After `stop`, after an error, and while it runs.
        """
        if not isinstance(run_condition, (RunSteps, RunContinuous)):
            raise ValueError(f"Wrong type of run_condition: {type(run_condition)}")
        self.check_usable()
        for model, name in self._vars.values():
            self.on_access(model, name, True)
        if self._thread is not None and self._idle.is_set():
            self._join_thread()
        if self._is_running:
            raise BackendError("this graph is running; wait() or pause() first")
        forever = isinstance(run_condition, RunContinuous)
        self.num_steps = FOREVER if forever else run_condition.num_steps
        self._is_started = self._is_running = True
        self._idle.clear()
        self.scheduler.prepare()
        if run_condition.blocking and not forever:
            alone = threading.active_count() == 1
            self._runner = threading.current_thread()
            try:
                with self.ctrl_c_ends_step():
                    self.scheduler.run(self.num_steps, alone=alone)
            finally:
                self._is_running = False
                self._idle.set()
            self._stop_if_asked()
        else:
            self._thread = threading.Thread(target=self._run_in_thread, daemon=True)
            self._runner = self._thread
            self._thread.start()

    def check_usable(self) -> None:
        """Make sure that the graph can be run.

        Raises
        ------
        BackendError
            After `stop`, and after an error.
        """
        if self._stopped or self.scheduler.failure is not None:
            why = "was stopped" if self._stopped else "ended with an error"
            if self.scheduler.failure is not None:
                why += f" ({self.scheduler.failure!r})"
            raise BackendError(f"this graph {why}; build it anew to run it again")

    def _run_in_thread(self) -> None:
        try:
            self.scheduler.run(self.num_steps, alone=False)
        except BaseException as error:
            self._thread_error = error
        finally:
            self._idle.set()

    @contextmanager
    def ctrl_c_ends_step(self) -> Iterator[None]:
        """Let Ctrl-C end the run after its time step; a second one ends it at once."""
        is_main = threading.current_thread() is threading.main_thread()
        if not is_main or signal.getsignal(signal.SIGINT) is signal.SIG_IGN:
            yield
            return

        def handle(number: int, frame: Any) -> None:
            if self.scheduler.interrupted:
                signal.default_int_handler(number, frame)
            self.scheduler.interrupted = True

        previous = signal.signal(signal.SIGINT, handle)
        try:
            yield
        finally:
            signal.signal(signal.SIGINT, previous)

    def _join_thread(self) -> None:
        if self._thread is not None and self._thread is not threading.current_thread():
            try:
                self._thread.join()
            except KeyboardInterrupt:  # end the run too, after its time step
                self.scheduler.end_requested = "pause"
                self._idle.wait()
                self._is_running = False
                raise
            self._thread, error, self._thread_error = None, self._thread_error, None
            self._is_running = False
            if error is not None:
                raise error

    def _stop_if_asked(self) -> None:
        if any(domain.wants_stop for domain in self.scheduler.domains):
            self.stop()

    def wait(self) -> None:
        """Wait until a run that was not blocking is over.

        Raises
        ------
        Exception
            What a ProcessModel raised meanwhile.
        """
        self._join_thread()
        self._stop_if_asked()

    def pause(self) -> None:
        """End a run after its time step; it can be run again."""
        self._end("pause")

    def _end(self, how: str) -> None:
        if not self._is_running:
            return
        self.scheduler.end_requested = how
        self.scheduler.poke()
        if threading.current_thread() is not self._runner:  # or it waits for itself
            self._idle.wait()
            self._join_thread()

    def stop(self) -> None:
        """End a run, and the use of this graph."""
        try:
            self._end("stop")
        finally:
            self._stopped = self.scheduler.stopped = True
            self._is_started = False

    def model_of(self, var_id: int) -> tuple[Any, str]:
        """Find the ProcessModel that holds a Var, and its name there.

        Parameters
        ----------
        var_id : int
            The Var's id.

        Returns
        -------
        model : lava.magma.core.model.py.model.AbstractPyProcessModel
            The model.
        name : str
            Name of its attribute.

        Raises
        ------
        AssertionError
            For a Var that no ProcessModel holds, as Lava does.
        """
        if var_id not in self._vars:
            raise AssertionError(
                f"The Var with id <{var_id}> is held by no ProcessModel of this "
                "graph: it is of another, or its Process was built from others "
                "and it is no alias of theirs."
            )
        return self._vars[var_id]

    def get_var(self, var_id: int, idx: Any = None) -> Array:
        """Read a Var in Lava's way: as float64, in the Var's shape.

        Parameters
        ----------
        var_id : int
            The Var's id.
        idx : optional
            Index into the array.

        Returns
        -------
        numpy.ndarray of float64
            The values; character codes for a string, the non-zero entries for a
            sparse matrix.
        """
        self._check_idle()
        model, name = self.model_of(var_id)
        self.on_access(model, name, False)
        value = getattr(model, name)
        if isinstance(value, str):
            array = np.frombuffer(value.encode("ascii"), np.uint8).astype(float)
        elif isinstance(value, csr_matrix):
            array = find(value, explicit_zeros=True)[2].astype(float)
        else:
            shape = self._executable.node_configs[0].var_models[var_id].shape
            array = np.array(value, dtype=float)
            # A number that was given as an array has as many values as that.
            if array.size == np.prod(shape):
                array = array.reshape(shape)
        return array if idx is None else np.asarray(array[idx])

    def set_var(self, var_id: int, value: Any, idx: Any = None) -> None:
        """Set a Var in place; numbers are cast to its type.

        Parameters
        ----------
        var_id : int
            The Var's id.
        value : numpy.ndarray
            The values, as `get_var` gives them.
        idx : optional
            Set only what this indexes, to the values at the same places.
        """
        self._check_idle()
        model, name = self.model_of(var_id)
        self.on_access(model, name, False)
        old, value = getattr(model, name), np.asarray(value)
        if isinstance(model, KernelModel) and isinstance(old, np.ndarray):
            wanted = old.astype(float)
            if idx is None:
                wanted[...] = value.reshape(old.shape)
            else:
                wanted[idx] = value[idx]
            model.check_value(type(model).implements_process.__name__, name, wanted)
        self.on_access(model, name, True)
        old = getattr(model, name)
        if isinstance(old, str):
            setattr(model, name, bytes(value.astype(int).tolist()).decode("ascii"))
        elif isinstance(old, csr_matrix):
            rows, columns, _ = find(old, explicit_zeros=True)
            entries = csr_matrix((value.astype(float), (rows, columns)), old.shape)
            setattr(model, name, entries)
        elif isinstance(old, np.ndarray):
            if idx is None:
                old[...] = value.reshape(old.shape).astype(old.dtype)
            else:
                old[idx] = value[idx]
        else:
            setattr(model, name, type(old)(value.item()))
        model.on_var_update()

    def _check_idle(self) -> None:
        if not self._is_started:
            raise RuntimeError("Runtime has not started")
        if self._thread is not None and self._idle.is_set():
            self._join_thread()
        if self._is_running:
            raise BackendError(
                "a Var can be read and set between runs only; pause() first"
            )
