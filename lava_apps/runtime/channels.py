"""Channels within one OS process: queues that coroutines wait on.

A channel has the two ends that Lava's ports expect. Its capacity and the type
its messages are cast to are those of the channel Lava would build.
"""

from __future__ import annotations

import threading
from collections import deque
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt
from scipy.sparse import csr_matrix

from lava_apps.messages import label
from lava_apps.runtime.errors import ShapeError

from lava.magma.compiler.channels.pypychannel import CspRecvPort, CspSendPort
from lava.magma.core.process.process import AbstractProcess
from lava.utils.sparse import find

if TYPE_CHECKING:
    from lava_apps.runtime.scheduler import Scheduler, Worker

Array = npt.NDArray[Any]
End = tuple[AbstractProcess | None, str]


def end_name(end: End) -> str:
    """Name the Process and port at an end of a channel, for a message."""
    process, port = end
    return f"{'outside' if process is None else label(process)}.{port}"


class Channel:
    """A queue of arrays from one port to another.

    Parameters
    ----------
    scheduler : Scheduler
        Runs the coroutines of both ends.
    source, destination : tuple of AbstractProcess and str
        Process and name of the port at either end; no Process outside the graph.
    shape : tuple of int
        Shape of each array.
    dtype : type
        Type to which each array is cast.
    size : int
        Arrays that fit; who sends more waits.
    """

    def __init__(
        self,
        scheduler: Scheduler,
        source: End,
        destination: End,
        shape: tuple[int, ...],
        dtype: Any,
        size: int,
    ) -> None:
        self.scheduler = scheduler
        self.source, self.destination = source, destination
        self.shape, self.dtype, self.size = tuple(shape), np.dtype(dtype), size
        self.queue: deque[Array] = deque()
        self.receiver: Worker | None = None  # waits for a message
        self.sender: Worker | None = None  # waits for room
        self.src_port = SendEnd(self)
        self.dst_port = ReceiveEnd(self)

    def __str__(self) -> str:
        return f"{end_name(self.source)} -> {end_name(self.destination)}"

    def message(self, data: Any) -> Array:
        """Copy data as it will arrive; refuse another shape."""
        if data.shape != self.shape:
            raise ShapeError(
                f"{self}: sends shape {tuple(data.shape)}, the port has {self.shape}"
            )
        if isinstance(data, csr_matrix):
            copied = np.empty(self.shape, self.dtype)
            copied[:] = find(data, explicit_zeros=True)[2][:]
            return copied
        return np.array(data, dtype=self.dtype)

    def put(self, data: Any) -> None:
        """Append a copy of data; wait where there is no room."""
        message = self.message(data)
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


class VarPortChannel(Channel):
    """A channel whose receiver is served by the owner of a Var, not read by it."""

    def __init__(self, *arguments: Any) -> None:
        super().__init__(*arguments)
        self.owner: Worker | None = None
        self.port: Any = None

    def put(self, data: Any) -> None:
        """Append a copy of data and ask the owner to serve it."""
        super().put(data)
        if self.owner is not None:
            self.owner.request_service(self.port)


class ExternalChannel(Channel):
    """A channel one end of which is used by threads outside of the graph."""

    def __init__(self, *arguments: Any) -> None:
        super().__init__(*arguments)
        self.changed = threading.Condition()

    def put(self, data: Any) -> None:
        """Append a copy of data, from the graph or from outside."""
        if self.scheduler.is_inside():
            super().put(data)
            with self.changed:
                self.changed.notify_all()
            return
        message = self.message(data)
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


class _Queue:
    """The part of a queue's interface that Lava's io Processes look into."""

    def __init__(self, channel: Channel) -> None:
        self._channel = channel

    def qsize(self) -> int:
        return len(self._channel.queue)


class _End:
    """What both ends share.

    They derive from Lava's classes, since its builder asks which is which, but
    use nothing of them: neither shared memory nor threads.
    """

    def __init__(self, channel: Channel) -> None:
        self.channel = channel
        self.observer = None  # Lava's CspSelector sets it

    @property
    def shape(self) -> tuple[int, ...]:
        return self.channel.shape

    @property
    def d_type(self) -> Any:
        return self.channel.dtype

    @property
    def size(self) -> int:
        return self.channel.size

    def start(self) -> None:
        """Do nothing: there is no thread to start."""

    def join(self) -> None:
        """Do nothing: there is no thread to end."""


class SendEnd(_End, CspSendPort):
    """The end of a channel that an OutPort sends to."""

    @property
    def name(self) -> str:
        """Name of the port that sends."""
        return self.channel.source[1]

    def send(self, data: Any) -> None:
        """Send a copy of an array; wait while the channel is full."""
        self.channel.put(data)

    def probe(self) -> bool:
        """Tell whether `send` would not wait."""
        self.channel.scheduler.pass_on()
        return len(self.channel.queue) < self.channel.size

    def is_msg_size_static(self) -> bool:
        """Tell Lava's sparse ports that all messages have one shape."""
        return True


class ReceiveEnd(_End, CspRecvPort):
    """The end of a channel that an InPort receives from."""

    def __init__(self, channel: Channel) -> None:
        super().__init__(channel)
        self._queue = _Queue(channel)

    @property
    def name(self) -> str:
        """Name of the port that receives."""
        return self.channel.destination[1]

    def recv(self) -> Array:
        """Receive an array; wait while the channel is empty."""
        return self.channel.take()

    def peek(self) -> Array:
        """Look at the next array without taking it; wait for one."""
        return self.channel.take(keep=True)

    def probe(self) -> bool:
        """Tell whether `recv` would not wait; let others go on if it would."""
        if not self.channel.queue:
            self.channel.scheduler.pass_on()
        return len(self.channel.queue) > 0
