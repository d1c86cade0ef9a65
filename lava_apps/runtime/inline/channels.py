"""What carries messages along the edges of a graph: queues that coroutines wait on.

Its capacity, and the type that messages are cast to, are those of the channel that Lava
would build.
"""

from __future__ import annotations

import threading
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt

from lava_apps.runtime.graph.edges import Edge

if TYPE_CHECKING:
    from lava_apps.runtime.inline.scheduler import Scheduler, Worker

Array = npt.NDArray[Any]


class Channel:
    """The messages of an edge, and who waits for them.

    Parameters
    ----------
    scheduler : Scheduler
        Runs the coroutines of both ends.
    edge : Edge
        The edge.
    """

    def __init__(self, scheduler: Scheduler, edge: Edge) -> None:
        self.scheduler, self.edge = scheduler, edge
        self.queue, self.size = edge.queue, edge.size
        self.receiver: Worker | None = None  # waits for a message
        self.sender: Worker | None = None  # waits for room
        edge.sending.channel = edge.receiving.channel = self

    def put(self, data: Any) -> None:
        """Append a copy of data; wait where there is no room."""
        message = self.edge.message(data)
        while len(self.queue) >= self.size:
            self.sender = self.scheduler.current
            self.scheduler.wait(self)
        self.queue.append(message)
        if self.receiver is not None:
            self.scheduler.wake(self.receiver)
            self.receiver = None

    def take(self, *, keep: bool = False) -> Array:
        """Give the oldest array, and forget it unless told to keep it."""
        queue = self.queue
        while not queue:
            self.receiver = self.scheduler.current
            self.scheduler.wait(self)
        if keep:
            return np.asarray(queue[0].copy())
        if self.sender is not None:
            self.scheduler.wake(self.sender)
            self.sender = None
        return queue.popleft()

    def has_room(self) -> bool:
        """Tell whether `put` would not wait; let others go on first."""
        self.scheduler.pass_on()
        return len(self.queue) < self.size

    def has_message(self) -> bool:
        """Tell whether `take` would not wait; let others go on if it would."""
        if not self.queue:
            self.scheduler.pass_on()
        return len(self.queue) > 0


class VarPortChannel(Channel):
    """A channel whose receiver is served by the owner of a Var, not read by it."""

    def __init__(self, scheduler: Scheduler, edge: Edge) -> None:
        super().__init__(scheduler, edge)
        self.owner: Worker | None = None
        self.port: Any = None

    def put(self, data: Any) -> None:
        """Append a copy of data and ask the owner to serve it."""
        super().put(data)
        if self.owner is not None:
            self.owner.request_service(self.port)


class ExternalChannel(Channel):
    """A channel one end of which is used by threads outside of the graph."""

    def __init__(self, scheduler: Scheduler, edge: Edge) -> None:
        super().__init__(scheduler, edge)
        self.changed = threading.Condition()

    def put(self, data: Any) -> None:
        """Append a copy of data, from the graph or from outside."""
        if self.scheduler.is_inside():
            super().put(data)
            with self.changed:
                self.changed.notify_all()
            return
        message = self.edge.message(data)
        with self.changed:
            self._wait_outside(lambda: len(self.queue) < self.size)
            self.queue.append(message)
        self.scheduler.poke()

    def take(self, *, keep: bool = False) -> Array:
        """Give the oldest array, to the graph or to the outside."""
        if self.scheduler.is_inside():
            message = super().take(keep=keep)
            with self.changed:
                self.changed.notify_all()
            return message
        with self.changed:
            self._wait_outside(lambda: len(self.queue) > 0)
            message = self.queue[0].copy() if keep else self.queue.popleft()
        self.scheduler.poke()
        return message

    def _wait_outside(self, ready: Callable[[], bool]) -> None:
        while not self.changed.wait_for(ready, timeout=0.1):
            self.scheduler.check_alive()


CHANNELS = {"message": Channel, "var": VarPortChannel, "outside": ExternalChannel}
