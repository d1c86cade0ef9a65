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

from lava_apps.runtime.errors import (
    BackendError,
    DeadlockError,
    add_context,
    as_runtime_error,
)
from lava_apps.runtime.graph.built import Node
from lava_apps.runtime.graph.control import Control
from lava_apps.runtime.inline.channels import Channel, ExternalChannel

Task = Callable[[], None]
_PATIENCE = 5.0  # seconds without anything from the outside


class Worker:
    """A ProcessModel and the coroutine that runs it.

    Parameters
    ----------
    scheduler : Scheduler
        Who runs it.
    node : Node
        Whose model it is.
    """

    def __init__(self, scheduler: Scheduler, node: Node) -> None:
        self.scheduler, self.node, self.model = scheduler, node, node.model
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
                self.scheduler.control.failure = error
                add_context(error, f"in {self.node.label}, {domain.position(self)}")
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
        self.on_step: list[Task] = []  # called when a time step is over

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
    """Run workers until all domains are done.

    Parameters
    ----------
    control : Control
        How runs end.
    """

    def __init__(self, control: Control) -> None:
        self.control = control
        self.no_domain = Domain(self)
        self.domains: list[Domain] = []
        self.workers: list[Worker] = []
        self.ready: deque[Worker] = deque()
        self.current: Worker | None = None
        self.hub: Any = None
        self.thread = 0
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
            self.control.failure = self.control.failure or error
            raise
        finally:
            self._kill_greenlets()
        if self.control.interrupted:
            raise KeyboardInterrupt

    def _run_ready(self) -> None:
        ready = self.ready
        while ready:
            worker = ready.popleft()
            self.current = worker
            worker.greenlet.switch()  # type: ignore[union-attr]
            if self.control.failure is not None:
                raise self.control.failure
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
        places = [f"{w.node.label}: {_wait(w)}" for w in waiting]
        control = self.control
        asked = control.end_requested and (outside or only_free or gone)
        if control.interrupted or asked:
            for domain in self.domains:
                if not (domain.done or domain.is_free):
                    control.failure = BackendError(
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
            places = "; ".join(f"{w.node.label}: {_wait(w)}" for w in outside)
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

    def is_inside(self) -> bool:
        """Tell whether the caller is a worker."""
        return self.current is not None and threading.get_ident() == self.thread

    def wait(self, channel: Channel) -> None:
        """Give way until a channel changes; for the current worker only."""
        worker = self.current
        if worker is None:
            raise DeadlockError(f"{channel.edge}: nothing was sent, and nothing runs")
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
        if self.control.failure is not None:
            raise self.control.failure
        if self.control.stopped:
            raise BackendError("the graph was stopped")


def _wait(worker: Worker) -> str:
    channel = worker.waits_for
    if channel is not None and channel.receiver is worker:
        edge = channel.edge
        return f"{edge.receiving_port} waits for a message from {edge.source}"
    return f"waits for room in {channel.edge if channel else 'nothing'}"
