"""What Lava's own runtime needs to be safe to use.

It hangs when a ProcessModel raises, and leaves its OS processes behind on Ctrl-C.
Here the model's exception is raised, and every OS process is ended.
"""

from __future__ import annotations

import multiprocessing
import signal
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from queue import Empty
from typing import Any

import numpy as np
import numpy.typing as npt

from lava_apps.graphs import find_processes
from lava_apps.messages import label
from lava_apps.runtime.arrangement import Arrangement
from lava_apps.runtime.errors import BackendError
from lava_apps.runtime.opening import compile_graph

from lava.magma.core.process.message_interface_enum import ActorType
from lava.magma.core.process.process import AbstractProcess
from lava.magma.core.run_configs import RunConfig
from lava.magma.runtime.runtime import Runtime
from lava.proc.io.extractor import Extractor

FloatArray = npt.NDArray[np.float64]
_PATIENCE = 0.2  # seconds without a message before looking for a model that raised


class ModelError(RuntimeError):
    """A ProcessModel raised in its OS process; the message holds its traceback."""


def start_graph(process: AbstractProcess, run_cfg: RunConfig) -> Arrangement:
    """Compile a graph and start its OS processes, which leave Ctrl-C to this one.

    Parameters
    ----------
    process : AbstractProcess
        Any Process of the graph.
    run_cfg : lava.magma.core.run_configs.RunConfig
        How Lava selects ProcessModels.

    Returns
    -------
    Arrangement
        How the graph was put together, to be restored when it has ended.

    Raises
    ------
    BackendError
        Where multiprocessing was told not to fork.
    """
    method = multiprocessing.get_start_method()
    if method != "fork":
        raise BackendError(
            "backend lava starts OS processes by fork, and multiprocessing was told to "
            f"start them by {method}"
        )
    arrangement = Arrangement(find_processes(process))
    executable = compile_graph(process, run_cfg, arrangement)
    # As create_runtime does, which may be set to use another runtime.
    process.runtime = Runtime(executable, ActorType.MultiProcessing)
    try:
        with _children_ignore_ctrl_c():
            executable.assign_runtime_to_all_processes(process.runtime)
            process.runtime.initialize()
    except BaseException:
        kill_graph(process)
        arrangement.restore()
        raise
    return arrangement


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


def receive(runtime: Any, extractor: Extractor) -> FloatArray:
    """Receive from an Extractor, or raise what a ProcessModel raised meanwhile.

    Parameters
    ----------
    runtime : lava.magma.runtime.runtime.Runtime
        The runtime of the graph.
    extractor : lava.proc.io.extractor.Extractor
        A Process of the graph.

    Returns
    -------
    numpy.ndarray of float64
        The next message.

    Raises
    ------
    ModelError
        With the Process' name and the model's traceback.
    """
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


def kill_graph(process: AbstractProcess) -> None:
    """End all OS processes of a graph, whatever they are doing.

    Parameters
    ----------
    process : AbstractProcess
        Any Process of the graph; nothing is done where it was not started.
    """
    runtime = process.runtime
    if runtime is None:  # what was raised came before, while the graph was built
        return
    runtime._is_started = False  # or Lava's destructor would wait for the dead
    infrastructure = runtime._messaging_infrastructure
    if infrastructure is None:
        return
    for actor in infrastructure.actors:
        if not actor._is_done:
            actor.kill()
    for actor in infrastructure.actors:
        actor.join()
    with suppress(OSError, EOFError):
        infrastructure.smm.shutdown()
