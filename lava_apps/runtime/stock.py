"""Record what leaves OutPorts, on Lava's own runtime.

Lava's runtime hangs when a ProcessModel raises, leaves its OS processes behind
on Ctrl-C, and reads a Var element by element. What is here raises the model's
exception, ends every OS process, and receives whole arrays.
"""

from __future__ import annotations

import signal
import threading
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, suppress
from queue import Empty
from typing import Annotated, Any

import numpy as np
import numpy.typing as npt
from lava.magma.core.process.ports.ports import OutPort
from lava.magma.core.process.process import AbstractProcess
from lava.magma.core.run_conditions import RunSteps
from lava.magma.core.run_configs import RunConfig
from lava.proc.io.extractor import Extractor
from pydantic import Field

from lava_apps.parameters import ParameterError, PositiveInteger, validated
from lava_apps.runtime.errors import label

FloatArray = npt.NDArray[np.float64]
_PATIENCE = 0.2  # seconds without a message before looking for a model that raised


class ModelError(RuntimeError):
    """A ProcessModel raised in its OS process; the message holds its traceback."""


@validated
def record(
    ports: Annotated[Sequence[OutPort], Field(min_length=1)],
    steps: PositiveInteger,
    run_cfg: RunConfig,
    *,
    on_step: Callable[[], None] | None = None,
) -> list[FloatArray]:
    """Run the graph that some OutPorts belong to and keep all they send.

    The graph is compiled, run and stopped; it cannot be run again, since Lava
    compiles a Process once. Ctrl-C ends all its OS processes.

    Parameters
    ----------
    ports : sequence of OutPort
        Ports of Processes of one graph.
    steps : int
        Number of time steps to run, at least 1.
    run_cfg : lava.magma.core.run_configs.RunConfig
        How Lava selects ProcessModels.
    on_step : callable, optional
        Called after each step, to show progress.

    Returns
    -------
    list of (steps, *shape) numpy.ndarray of float64
        What each port sent in each step.

    Raises
    ------
    ModelError
        When a ProcessModel raised.
    ParameterError
        For no ports at all, or Processes that were run before.
    """
    if any(port.process.is_compiled for port in ports):
        problem = "must be of Processes that were not run before; make them anew"
        raise ParameterError("record", "ports", problem, ports)
    extractors = [Extractor(shape=port.shape) for port in ports]
    for port, extractor in zip(ports, extractors, strict=True):
        port.connect(extractor.in_port)
    process = ports[0].process
    recorded = [np.empty((steps, *port.shape)) for port in ports]
    with _started(process, run_cfg):
        process.run(RunSteps(num_steps=steps, blocking=False))
        for step in range(steps):
            for extractor, array in zip(extractors, recorded, strict=True):
                array[step] = _receive(process.runtime, extractor)
            if on_step is not None:
                on_step()
        process.wait()
    return recorded


@contextmanager
def _started(process: AbstractProcess, run_cfg: RunConfig) -> Iterator[None]:
    """Compile and start a graph; end its OS processes whatever happens."""
    try:
        with _children_ignore_ctrl_c():
            process.create_runtime(run_cfg=run_cfg)
        yield
        process.stop()
    except BaseException:
        if process.runtime is not None:
            _kill(process.runtime)
        raise


@contextmanager
def _children_ignore_ctrl_c() -> Iterator[None]:
    """Let OS processes forked meanwhile leave Ctrl-C to this one."""
    if threading.current_thread() is not threading.main_thread():
        yield  # only the main thread may set handlers, and only it gets Ctrl-C
        return
    handler = signal.signal(signal.SIGINT, signal.SIG_IGN)
    try:
        yield
    finally:
        signal.signal(signal.SIGINT, handler)


def _receive(runtime: Any, extractor: Extractor) -> FloatArray:
    queue = extractor.out_port.external_pipe_csp_recv_port._queue
    while True:
        try:
            queue.get(peek=True, timeout=_PATIENCE)
        except Empty:
            _raise_what_a_model_raised(runtime)
        else:
            return np.asarray(extractor.receive())


def _raise_what_a_model_raised(runtime: Any) -> None:
    # Lava starts an actor for each Process, in this order, then its services.
    owners = [label(process) for process in runtime._executable.proc_builders]
    for n, actor in enumerate(runtime._messaging_infrastructure.actors):
        if actor.exception is not None:
            error, traceback = actor.exception
            owner = owners[n] if n < len(owners) else "Lava's runtime service"
            raise ModelError(f"{owner} raised {error!r}\n\n{traceback}") from error


def _kill(runtime: Any) -> None:
    runtime._is_started = False  # or Lava's destructor would wait for the dead
    infrastructure = runtime._messaging_infrastructure
    if infrastructure is None:
        return
    for actor in infrastructure.actors:
        actor.kill()
    for actor in infrastructure.actors:
        actor.join()
    with suppress(OSError, EOFError):
        infrastructure.smm.shutdown()
