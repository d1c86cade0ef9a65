"""What goes from one port to another."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable
from typing import TYPE_CHECKING, Any, Literal, NoReturn

import numpy as np
import numpy.typing as npt
from scipy.sparse import csr_matrix

from lava_apps.runtime.errors import BackendError, ShapeError

from lava.magma.compiler.channels.pypychannel import CspRecvPort, CspSendPort
from lava.utils.sparse import find

if TYPE_CHECKING:
    from lava_apps.runtime.graph.built import Node

Array = npt.NDArray[Any]
Transform = Callable[[Array], Array]
Kind = Literal["message", "var", "outside"]


class Edge:
    """A connection between two ports of leaf Processes.

    Parameters
    ----------
    sender : Node or None
        Who sends; None outside of the graph.
    sending_port : str
        Name of its OutPort.
    receiver : Node or None
        Who receives; None outside of the graph.
    receiving_port : str
        Name of its InPort.
    shape : tuple of int
        Shape of each message as it is sent.
    dtype : type
        Type to which each message is cast.
    size : int
        Messages that fit; who sends more has to wait.
    kind : {"message", "var", "outside"}
        Messages from an OutPort to an InPort; requests of a RefPort to a VarPort, and
        its answers; messages from or to threads outside of the graph.

    Attributes
    ----------
    transform : callable or None
        What virtual ports on the way do to a message.
    queue : deque of numpy.ndarray
        Messages in flight. Between two time steps there are seldom any.
    sending, receiving : SendEnd, ReceiveEnd
        What the ports of Lava's models hold.
    """

    def __init__(
        self,
        sender: Node | None,
        sending_port: str,
        receiver: Node | None,
        receiving_port: str,
        shape: tuple[int, ...],
        dtype: Any,
        size: int,
        kind: Kind = "message",
    ) -> None:
        self.sender, self.sending_port = sender, sending_port
        self.receiver, self.receiving_port = receiver, receiving_port
        self.shape, self.dtype, self.size = tuple(shape), np.dtype(dtype), size
        self.kind = kind
        self.transform: Transform | None = None
        self.queue: deque[Array] = deque()
        self.sending, self.receiving = SendEnd(self), ReceiveEnd(self)

    @property
    def source(self) -> str:
        """Process and port at the beginning, for a message."""
        return _end_name(self.sender, self.sending_port)

    @property
    def target(self) -> str:
        """Process and port at the end, for a message."""
        return _end_name(self.receiver, self.receiving_port)

    def __str__(self) -> str:
        return f"{self.source} -> {self.target}"

    def message(self, data: Any) -> Array:
        """Copy data as it will arrive.

        Parameters
        ----------
        data : numpy.ndarray or scipy.sparse.csr_matrix
            What is sent.

        Returns
        -------
        numpy.ndarray
            In the type of the edge.

        Raises
        ------
        ShapeError
            For another shape.
        """
        if data.shape != self.shape:
            raise ShapeError(
                f"{self}: sends shape {tuple(data.shape)}, the port has {self.shape}"
            )
        if isinstance(data, csr_matrix):
            copied = np.empty(self.shape, self.dtype)
            copied[:] = find(data, explicit_zeros=True)[2][:]
            return copied
        return np.array(data, dtype=self.dtype)

    def check_shape(self, shape: tuple[int, ...]) -> None:
        """Make sure that messages have the shape of the port they go to.

        Parameters
        ----------
        shape : tuple of int
            Of the InPort.

        Raises
        ------
        ShapeError
            Naming both ports and their shapes.
        """
        arriving = np.zeros(self.shape, self.dtype)
        try:
            arriving = arriving if self.transform is None else self.transform(arriving)
        except ValueError as error:
            raise ShapeError(f"{self}: {error}") from error
        if arriving.shape != tuple(shape):
            raise ShapeError(
                f"{self}: shape {arriving.shape} arrives, the port has {shape}"
            )


def _end_name(node: Node | None, port: str) -> str:
    return f"{'outside' if node is None else node.label}.{port}"


class _NoChannel:
    """Stands in an end while no backend carries messages one by one."""

    def __getattr__(self, name: str) -> NoReturn:
        raise BackendError("no ProcessModel of this graph runs in Python")


class _Queue:
    """The part of a queue's interface that Lava's io Processes look into."""

    def __init__(self, edge: Edge) -> None:
        self._edge = edge

    def qsize(self) -> int:
        return len(self._edge.queue)


class _End:
    """What both ends share.

    They derive from Lava's classes, since its builder asks which is which, but
    use nothing of them: neither shared memory nor threads.

    Attributes
    ----------
    channel : object
        What a backend sends and receives with, if it runs ProcessModels in Python.
    """

    def __init__(self, edge: Edge) -> None:
        self.edge = edge
        self.channel: Any = _NoChannel()
        self.observer = None  # Lava's CspSelector sets it

    @property
    def shape(self) -> tuple[int, ...]:
        return self.edge.shape

    @property
    def d_type(self) -> Any:
        return self.edge.dtype

    @property
    def size(self) -> int:
        return self.edge.size

    def start(self) -> None:
        """Do nothing: there is no thread to start."""

    def join(self) -> None:
        """Do nothing: there is no thread to end."""


class SendEnd(_End, CspSendPort):
    """The end of an edge that an OutPort sends to."""

    @property
    def name(self) -> str:
        """Name of the port that sends."""
        return self.edge.sending_port

    def send(self, data: Any) -> None:
        """Send a copy of an array; wait while there is no room."""
        self.channel.put(data)

    def probe(self) -> bool:
        """Tell whether `send` would not wait; let others go on first."""
        return bool(self.channel.has_room())

    def is_msg_size_static(self) -> bool:
        """Tell Lava's sparse ports that all messages have one shape."""
        return True


class ReceiveEnd(_End, CspRecvPort):
    """The end of an edge that an InPort receives from."""

    def __init__(self, edge: Edge) -> None:
        super().__init__(edge)
        self._queue = _Queue(edge)

    @property
    def name(self) -> str:
        """Name of the port that receives."""
        return self.edge.receiving_port

    def recv(self) -> Any:
        """Receive an array; wait while there is none."""
        return self.channel.take()

    def peek(self) -> Any:
        """Look at the next array without taking it; wait for one."""
        return self.channel.take(keep=True)

    def probe(self) -> bool:
        """Tell whether `recv` would not wait; let others go on if it would."""
        return bool(self.channel.has_message())
