"""A runtime for any Lava graph within one OS process.

:class:`InlineRuntime` stands where Lava's ``Runtime`` stands. It takes the same
executable, runs the same unmodified ProcessModels, and gives the same numbers;
Vars are read and set where they are.
"""

from __future__ import annotations

import threading
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt

from lava_apps.runtime.errors import BackendError
from lava_apps.runtime.graph import vars as graph_vars
from lava_apps.runtime.graph.build import build
from lava_apps.runtime.graph.built import BuiltGraph

from lava.magma.compiler.executable import Executable
from lava.magma.core.run_conditions import RunContinuous, RunSteps

if TYPE_CHECKING:
    from lava_apps.runtime.inline.engine import Engine

Array = npt.NDArray[Any]


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

    Attributes
    ----------
    graph : BuiltGraph
        The graph, once it is built.
    """

    def __init__(
        self,
        executable: Executable,
        message_infrastructure_type: object = None,  # noqa: ARG002
        loglevel: int = 0,  # noqa: ARG002
    ) -> None:
        self._executable = executable
        self._is_initialized = self._is_started = self._is_running = False
        self.num_steps = 0
        self.graph = BuiltGraph([], [])
        self._made: Engine | None = None
        self._idle = threading.Event()
        self._idle.set()
        self._thread: threading.Thread | None = None
        self._runner: threading.Thread | None = None
        self._thread_error: BaseException | None = None

    def build(self) -> BuiltGraph:
        """Build the graph; its Vars can be read and set from now on.

        Returns
        -------
        BuiltGraph
            The graph.

        Raises
        ------
        BackendError
            For a graph with a ProcessModel that is not one for the CPU in Python.
        ShapeError
            For a Var or a connection whose shapes do not fit.
        """
        self.graph = build(self._executable)
        self._is_initialized = self._is_started = True
        return self.graph

    def initialize(self) -> None:
        """Do what Lava's runtime does before the first run: build, and make ready.

        Raises
        ------
        BackendError
            For a graph with a ProcessModel that is not one for the CPU in Python.
        ShapeError
            For a Var or a connection whose shapes do not fit.
        """
        self.build()
        self._is_started = False
        _ = self.engine

    @property
    def engine(self) -> Engine:
        """What runs the ProcessModels; made when it is first asked for."""
        if self._made is None:
            # Only here: a graph that runs compiled has no need of coroutines.
            from lava_apps.runtime.inline.engine import Engine

            self._made = Engine(self.graph)
        return self._made

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
        from lava_apps.runtime.inline.protocols import FOREVER

        control, scheduler = self.graph.control, self.engine.scheduler
        control.check_usable()
        for model, name in self.graph.holders.values():
            self.graph.on_access(model, name, True)
        if self._thread is not None and self._idle.is_set():
            self._join_thread()
        if self._is_running:
            raise BackendError("this graph is running; wait() or pause() first")
        forever = isinstance(run_condition, RunContinuous)
        self.num_steps = FOREVER if forever else run_condition.num_steps
        self._is_started = self._is_running = True
        self._idle.clear()
        control.prepare()
        if run_condition.blocking and not forever:
            alone = threading.active_count() == 1
            self._runner = threading.current_thread()
            try:
                with control.ctrl_c_ends_step():
                    scheduler.run(self.num_steps, alone=alone)
            finally:
                self._is_running = False
                self._idle.set()
            self._stop_if_asked()
        else:
            self._thread = threading.Thread(target=self._run_in_thread, daemon=True)
            self._runner = self._thread
            self._thread.start()

    def _run_in_thread(self) -> None:
        try:
            self.engine.scheduler.run(self.num_steps, alone=False)
        except BaseException as error:
            self._thread_error = error
        finally:
            self._idle.set()

    def _join_thread(self) -> None:
        if self._thread is not None and self._thread is not threading.current_thread():
            try:
                self._thread.join()
            except KeyboardInterrupt:  # end the run too, after its time step
                self.graph.control.end_requested = "pause"
                self._idle.wait()
                self._is_running = False
                raise
            self._thread, error, self._thread_error = None, self._thread_error, None
            self._is_running = False
            if error is not None:
                raise error

    def _stop_if_asked(self) -> None:
        if any(domain.wants_stop for domain in self.engine.scheduler.domains):
            self.stop()

    def wait(self) -> None:
        """Wait until a run that was not blocking is over.

        Raises
        ------
        Exception
            What a ProcessModel raised meanwhile.
        """
        self._join_thread()
        if self._made is not None:
            self._stop_if_asked()

    def pause(self) -> None:
        """End a run after its time step; it can be run again."""
        self._end("pause")

    def _end(self, how: str) -> None:
        if not self._is_running:
            return
        self.graph.control.end_requested = how
        self.engine.scheduler.poke()
        if threading.current_thread() is not self._runner:  # or it waits for itself
            self._idle.wait()
            self._join_thread()

    def stop(self) -> None:
        """End a run, and the use of this graph."""
        try:
            self._end("stop")
        finally:
            self.graph.control.stopped = True
            self._is_started = False

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
        return graph_vars.get_as_lava(self.graph, var_id, idx)

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
        graph_vars.put_as_lava(self.graph, var_id, np.asarray(value), idx)

    def _check_idle(self) -> None:
        if not self._is_started:
            raise RuntimeError("Runtime has not started")
        if self._thread is not None and self._idle.is_set():
            self._join_thread()
        if self._is_running:
            raise BackendError(
                "a Var can be read and set between runs only; pause() first"
            )
