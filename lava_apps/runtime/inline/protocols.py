"""Lava's two protocols, LoihiProtocol and AsyncProtocol, for a scheduler.

What LoihiPyRuntimeService and AsyncPyRuntimeService do by messages between OS
processes, decided by the same rules in the same order.
"""

from __future__ import annotations

import sys
from collections import deque
from typing import Any

from lava_apps.runtime.inline.scheduler import Domain, Scheduler, Task, Worker

from lava.magma.core.model.py.model import PyAsyncProcessModel, PyLoihiProcessModel
from lava.magma.runtime.mgmt_token_enums import MGMT_COMMAND, enum_equal, enum_to_np

Phase = PyLoihiProcessModel.Phase
FOREVER = sys.maxsize


class LoihiDomain(Domain):
    """Phases: SPK, then PRE_MGMT, LRN and POST_MGMT where asked for, at last HOST."""

    def __init__(self, scheduler: Scheduler) -> None:
        super().__init__(scheduler)
        self.phase = "HOST"
        self.step = 0
        self.target = 0
        self.wants: set[str] = set()  # phases that models asked for
        self._tasks: dict[str, list[tuple[Worker, Task]]] = {}
        self._finished: list[Worker] = []

    @property
    def serves_var_ports(self) -> bool:  # type: ignore[override]
        """Whether Lava's models listen to their VarPorts in this phase."""
        return self.phase in ("PRE_MGMT", "POST_MGMT", "HOST")

    def begin(self, steps: int) -> None:
        """Begin a run with the spiking phase of its first time step."""
        super().begin(steps)
        self.step, self.target = 0, steps
        self.wants.clear()
        self._tasks = self._tasks or {
            "SPK": [(w, self._spike(w)) for w in self.workers],
            "PRE_MGMT": [(w, self._pre(w)) for w in self.workers],
            "LRN": [(w, self._learn(w)) for w in self.workers],
            "POST_MGMT": [(w, self._post(w)) for w in self.workers],
            "HOST": [(w, self._host(w)) for w in self.workers],
        }
        self._next_phase()

    def advance(self) -> None:
        """Begin the next phase, or end the run."""
        if self.phase == "HOST":
            self.done = True
            return
        if self.waited and self.phase == "SPK":
            # Those that others waited for go first from now on.
            place = {worker: n for n, worker in enumerate(self._finished)}
            self._tasks["SPK"].sort(key=lambda pair: place[pair[0]])
        self._next_phase()

    def _next_phase(self) -> None:
        self.waited = False
        self._finished.clear()
        for phase in ("PRE_MGMT", "LRN", "POST_MGMT"):
            if phase in self.wants:
                self.wants.discard(phase)
                self._start(phase)
                return
        if self.step > 0:
            for call in self.on_step:
                call()
        if self.scheduler.control.ends or self.step == self.target:
            self._start("HOST")
            return
        self.step += 1
        self._start("SPK")

    def _start(self, phase: str) -> None:
        self.phase = phase
        for worker, task in self._tasks[phase]:
            worker.assign(task)

    def position(self, worker: Worker) -> str:
        """Say in which phase and time step a worker is."""
        return f"phase {self.phase}, time step {worker.model.time_step}"

    def _spike(self, worker: Worker) -> Task:
        model = worker.model
        state, run_spk = model.__dict__, model.run_spk
        pre, learn, post = (
            _overridden(model, f"{n}_guard") for n in ("pre", "lrn", "post")
        )
        finished, wants = self._finished, self.wants

        def spike() -> None:
            state["time_step"] += 1
            state["phase"] = Phase.SPK
            run_spk()
            finished.append(worker)
            if self._interrupts(state):
                return
            # Lava asks in this order, lrn_guard twice where pre_guard says no.
            if learn is not None and learn() and pre is not None and pre():
                wants.add("PRE_MGMT")
            elif learn is not None and learn():
                wants.add("LRN")
            elif post is not None and post():
                wants.add("POST_MGMT")

        return spike

    def _pre(self, worker: Worker) -> Task:
        model = worker.model

        def pre() -> None:
            model.phase = Phase.PRE_MGMT
            if model.pre_guard():
                model.run_pre_mgmt()
            if not self._interrupts(model.__dict__):
                self.wants.add("LRN")

        return pre

    def _learn(self, worker: Worker) -> Task:
        model = worker.model

        def learn() -> None:
            model.phase = Phase.LRN
            if model.lrn_guard():
                model.run_lrn()
            if not self._interrupts(model.__dict__) and model.post_guard():
                self.wants.add("POST_MGMT")

        return learn

    def _post(self, worker: Worker) -> Task:
        model = worker.model

        def post() -> None:
            model.phase = Phase.POST_MGMT
            if model.post_guard():
                model.run_post_mgmt()
            self._interrupts(model.__dict__)

        return post

    def _host(self, worker: Worker) -> Task:
        model = worker.model

        def host() -> None:
            model.phase = Phase.HOST

        return host

    def _interrupts(self, state: dict[str, Any]) -> bool:
        """Take note of a model that asked for a pause or a stop."""
        if state["_req_pause"]:
            state["_req_pause"] = False
            self.scheduler.control.end_requested = "pause"
            return True
        if state["_req_stop"]:
            state["_req_stop"] = False
            self.wants_stop = True
            self.scheduler.control.end_requested = "stop"
            return True
        return False


def _overridden(model: Any, name: str) -> Any:
    """Give a guard, or None where it is the one that always says no."""
    inherited = getattr(type(model), name) is getattr(PyLoihiProcessModel, name)
    return None if inherited and name not in model.__dict__ else getattr(model, name)


class AsyncDomain(Domain):
    """Models that run by themselves until they are done or told to stop."""

    is_free = True

    def begin(self, steps: int) -> None:
        """Begin a run: every model gets the number of time steps."""
        super().begin(steps)
        for worker in self.workers:
            commands: deque[Any] = worker.model.service_to_process.commands
            commands.clear()
            commands.append(enum_to_np(steps))
            worker.assign(worker.model._run_async)

    def position(self, worker: Worker) -> str:
        """Say that the worker has no phase."""
        return f"run_async of {worker.model.num_steps} time steps"


class Commands:
    """Stands where a model expects its runtime service: commands to the model."""

    def __init__(self, scheduler: Scheduler) -> None:
        self.scheduler = scheduler
        self.commands: deque[Any] = deque()

    def start(self) -> None:
        """Do nothing: there is no thread to start."""

    def join(self) -> None:
        """Do nothing: there is no thread to end."""

    def _look(self) -> None:
        """Let others go on, then pass on an end of the run that was asked for."""
        self.scheduler.pass_on()
        if self.scheduler.control.ends and not self.commands:
            pausing = self.scheduler.control.end_requested == "pause"
            self.commands.append(MGMT_COMMAND.PAUSE if pausing else MGMT_COMMAND.STOP)

    def probe(self) -> bool:
        """Tell whether there is a command."""
        self._look()
        return len(self.commands) > 0

    def peek(self) -> Any:
        """Look at the next command."""
        return self.commands[0]

    def recv(self) -> Any:
        """Take the next command."""
        return self.commands.popleft()


class Responses:
    """Stands where a model expects its runtime service: its answers."""

    def __init__(self, domain: Domain) -> None:
        self.domain = domain

    def start(self) -> None:
        """Do nothing: there is no thread to start."""

    def join(self) -> None:
        """Do nothing: there is no thread to end."""

    def send(self, answer: Any) -> None:
        """Take note of a model that asked for a pause or a stop."""
        if enum_equal(answer, PyAsyncProcessModel.Response.REQ_PAUSE):
            self.domain.scheduler.control.end_requested = "pause"
        elif enum_equal(answer, PyAsyncProcessModel.Response.REQ_STOP):
            self.domain.wants_stop = True
            self.domain.scheduler.control.end_requested = "stop"
