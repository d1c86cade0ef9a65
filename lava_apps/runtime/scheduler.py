"""Coroutines for ProcessModels, and the protocols by which they advance.

Each ProcessModel runs in a greenlet of its own and gives way where it would
block. The scheduler runs in the greenlet that called it, the *hub*. A *domain*
is a set of workers that advance together, by Lava's LoihiProtocol (phases that
all workers finish before any begins the next) or AsyncProtocol.

Greenlets belong to the thread that made them, so they are made anew for each
run, which may be in a thread of its own. Between runs no worker is within a task.
"""

from __future__ import annotations

import math
import threading
import time
import warnings
from collections import deque
from collections.abc import Callable
from typing import Any

from greenlet import GreenletExit, getcurrent, greenlet

from lava_apps.messages import label
from lava_apps.runtime.channels import Channel, ExternalChannel, end_name
from lava_apps.runtime.errors import (
    BackendError,
    DeadlockError,
    add_context,
    as_runtime_error,
)

from lava.magma.core.process.process import AbstractProcess

Task = Callable[[], None]
_PATIENCE = 5.0  # seconds without anything from the outside


class Worker:
    """A ProcessModel and the coroutine that runs it.

    Parameters
    ----------
    scheduler : Scheduler
        Who runs it.
    process : AbstractProcess
        The Process whose model it is.
    model : lava.magma.core.model.py.model.AbstractPyProcessModel
        The model.
    """

    def __init__(self, scheduler: Scheduler, process: AbstractProcess, model: Any):
        self.scheduler, self.process, self.model = scheduler, process, model
        self.domain: Domain = scheduler.no_domain
        self.task: Task = _nothing
        self.waits_for: Channel | None = None
        self.idle = True
        self.services: deque[Any] = deque()
        self.greenlet: greenlet | None = None

    def assign(self, task: Task) -> None:
        """Let the worker do a task next."""
        self.task = task
        self.idle = False
        self.domain.remaining += 1
        self.scheduler.ready.append(self)

    def request_service(self, port: Any) -> None:
        """Let the worker serve a VarPort as soon as Lava would."""
        self.services.append(port)
        if self.idle and self.domain.serves_var_ports:
            self.assign(_nothing)

    def loop(self) -> None:
        """Do one task after the other: the body of the greenlet."""
        hub, domain = self.scheduler.hub, self.domain
        while True:
            try:
                self.task()
                while self.services and domain.serves_var_ports:
                    self.services.popleft().service()
            except GreenletExit:
                raise
            except BaseException as raised:
                error = as_runtime_error(raised)
                self.scheduler.failure = error
                add_context(error, f"in {label(self.process)}, {domain.position(self)}")
            self.idle = True
            domain.remaining -= 1
            hub.switch()


def _nothing() -> None:
    pass


class Domain:
    """Workers that advance together; base class of the two protocols."""

    serves_var_ports = False
    is_free = False  # has no time steps that an end of the run would leave halfway

    def __init__(self, scheduler: Scheduler) -> None:
        self.scheduler = scheduler
        self.workers: list[Worker] = []
        self.remaining = 0  # tasks not yet done
        self.done = True
        self.waited = False  # a worker had to wait since the last advance
        self.wants_stop = False  # a model asked for the end of the whole use

    def add(self, worker: Worker) -> None:
        """Make a worker a member."""
        worker.domain = self
        self.workers.append(worker)

    def begin(self, steps: int) -> None:  # noqa: ARG002
        """Begin a run."""
        self.done = False
        self.wants_stop = False

    def advance(self) -> None:
        """Go on when all tasks are done."""
        self.done = True

    def position(self, worker: Worker) -> str:  # noqa: ARG002
        """Say where a worker is, for a message."""
        return "before the first run"


class Scheduler:
    """Run workers until all domains are done."""

    def __init__(self) -> None:
        self.no_domain = Domain(self)
        self.domains: list[Domain] = []
        self.workers: list[Worker] = []
        self.ready: deque[Worker] = deque()
        self.current: Worker | None = None
        self.hub: Any = None
        self.thread = 0
        self.failure: BaseException | None = None
        self.end_requested = ""  # "pause" or "stop": finish the step, then end the run
        self.interrupted = False  # Ctrl-C: the same, then KeyboardInterrupt
        self.stopped = False
        self._outside = threading.Condition()
        self._waits_since = 0.0

    def run(self, steps: int, *, alone: bool) -> None:
        """Run all domains for some time steps.

        Parameters
        ----------
        steps : int
            Time steps of each domain.
        alone : bool
            Nobody outside can send or receive meanwhile, so that waiting for it
            is a deadlock.
        """
        self.hub, self.thread = getcurrent(), threading.get_ident()
        for worker in self.workers:
            worker.greenlet = greenlet(worker.loop, self.hub)
        try:
            for domain in self.domains:
                domain.begin(steps)
            while not all(domain.done for domain in self.domains):
                self._run_ready()
                if not all(domain.done for domain in self.domains):
                    self._wait_for_outside(alone)
            self._run_ready()
        except BaseException as error:
            self.failure = self.failure or error
            raise
        finally:
            self._kill_greenlets()
        if self.interrupted:
            raise KeyboardInterrupt

    def prepare(self) -> None:
        """Forget requests to end an earlier run; to be called before each run."""
        self.end_requested, self.interrupted = "", False

    def _run_ready(self) -> None:
        ready = self.ready
        while ready:
            worker = ready.popleft()
            self.current = worker
            worker.greenlet.switch()  # type: ignore[union-attr]
            if self.failure is not None:
                raise self.failure
            domain = worker.domain
            if domain.remaining == 0 and not domain.done:
                domain.advance()
        self.current = None

    def _wait_for_outside(self, alone: bool) -> None:
        """Wait until a thread outside sends or receives what a worker waits for."""
        waiting = [w for w in self.workers if w.waits_for is not None]
        outside = [w for w in waiting if isinstance(w.waits_for, ExternalChannel)]
        only_free = all(domain.done or domain.is_free for domain in self.domains)
        gone = any(domain.done and domain.is_free for domain in self.domains)
        places = [f"{label(w.process)}: {_wait(w)}" for w in waiting]
        if self.interrupted or (self.end_requested and (outside or only_free or gone)):
            for domain in self.domains:
                if not (domain.done or domain.is_free):
                    self.failure = BackendError(
                        "the run was ended in the middle of a time step; "
                        + "; ".join(places)
                    )
                domain.done = True
            return
        if not outside or alone:
            whole = "".join(f"\n  {place}" for place in places)
            raise DeadlockError(f"every Process waits for another:{whole}")
        self._mention(outside)
        with self._outside:
            self._outside.wait(timeout=0.1)
        for worker in outside:
            self.wake(worker)

    def _mention(self, outside: list[Worker]) -> None:
        """Say what is waited for when nothing comes for some seconds."""
        now = time.monotonic()
        if self._waits_since == 0:
            self._waits_since = now
        elif now - self._waits_since > _PATIENCE:
            self._waits_since = math.inf  # once is enough
            places = "; ".join(f"{label(w.process)}: {_wait(w)}" for w in outside)
            warnings.warn(f"nothing comes from the outside. {places}", stacklevel=2)

    def _kill_greenlets(self) -> None:
        self.current = None
        self.ready.clear()
        for worker in self.workers:
            if worker.greenlet is not None and not worker.greenlet.dead:
                worker.greenlet.throw(GreenletExit)
            worker.greenlet = None
            worker.waits_for = None
            worker.idle = True
        for domain in self.domains:
            domain.remaining = 0
        self.hub = None

    @property
    def ends(self) -> bool:
        """Whether the run is to end after this time step."""
        return bool(self.end_requested) or self.interrupted

    def is_inside(self) -> bool:
        """Tell whether the caller is a worker."""
        return self.current is not None and threading.get_ident() == self.thread

    def wait(self, channel: Channel) -> None:
        """Give way until a channel changes; for the current worker only."""
        worker = self.current
        if worker is None:
            raise DeadlockError(f"{channel}: nothing was sent, and nothing runs")
        worker.waits_for = channel
        worker.domain.waited = True
        self.hub.switch()

    def wake(self, worker: Worker) -> None:
        """Let a worker that waits go on."""
        worker.waits_for = None
        self.ready.append(worker)

    def pass_on(self) -> None:
        """Let all others go on first; does nothing outside of a worker."""
        if self.is_inside():
            self.ready.append(self.current)  # type: ignore[arg-type]
            self.hub.switch()

    def poke(self) -> None:
        """Say from outside that an external channel changed."""
        if self._waits_since != math.inf:
            self._waits_since = 0.0
        with self._outside:
            self._outside.notify_all()

    def check_alive(self) -> None:
        """Raise what ended the graph, for a thread outside that waits for it."""
        if self.failure is not None:
            raise self.failure
        if self.stopped:
            raise BackendError("the graph was stopped")


def _wait(worker: Worker) -> str:
    channel = worker.waits_for
    if channel is not None and channel.receiver is worker:
        port = channel.destination[1]
        return f"{port} waits for a message from {end_name(channel.source)}"
    return f"waits for room in {channel}"
