"""Faster ``recv`` for Lava's dense InPorts, with the same numbers.

Lava's own adds up the messages with reduce, lambdas and a new array of zeros for
each call. The zeros stay: they decide the type of the result, and -0.0 + 0 is 0.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import numpy.typing as npt

from lava_apps.runtime.errors import ShapeError

from lava.magma.core.model.py.ports import (
    IdentityTransformer,
    PyInPortVectorDense,
    VirtualPortTransformer,
)

Array = npt.NDArray[Any]


def speed_up(port: Any) -> None:
    """Give an InPort of Lava's dense type a faster ``recv``; leave others alone.

    Parameters
    ----------
    port : lava.magma.core.model.py.ports.AbstractPyPort
        A port with its channels.
    """
    if type(port) is not PyInPortVectorDense:
        return
    zeros: Array = np.zeros(port._shape, port._d_type)
    receivers = [_receiver(port, end) for end in port.csp_ports]

    def recv_none() -> Array:
        return np.array(zeros)

    def recv_one() -> Array:
        return zeros + first()

    def recv_all() -> Array:
        total = zeros
        for receive in receivers:
            total = total + receive()
        return total

    if len(receivers) == 1:
        first = receivers[0]
        port.recv = recv_one
    else:
        port.recv = recv_all if receivers else recv_none


def _receiver(port: Any, end: Any) -> Callable[[], Array]:
    take = end.channel.take
    transform = transformation(port, end)
    if transform is None:
        return take  # type: ignore[no-any-return]
    return lambda: transform(take())


def transformation(port: Any, end: Any) -> Callable[[Array], Array] | None:
    """Find what virtual ports on the way to a port do to its messages.

    Parameters
    ----------
    port : lava.magma.core.model.py.ports.AbstractPyPort
        The port that receives.
    end : ReceiveEnd
        The end of the channel.

    Returns
    -------
    callable or None
        None where they do nothing.
    """
    transformer = port._transformer
    if isinstance(transformer, IdentityTransformer):
        return None
    if isinstance(transformer, VirtualPortTransformer):
        return transformer._get_transform(end)  # type: ignore[no-any-return]
    return lambda data: transformer.transform(data, end)


def check_shape(port: Any, end: Any) -> None:
    """Make sure that messages have the shape of the port they go to.

    Parameters
    ----------
    port : lava.magma.core.model.py.ports.AbstractPyIOPort
        The InPort that receives.
    end : ReceiveEnd
        The end of one of its channels.

    Raises
    ------
    ShapeError
        Naming both ports and their shapes.
    """
    channel, transform = end.channel, transformation(port, end)
    arriving = np.zeros(channel.shape, channel.dtype)
    try:
        arriving = arriving if transform is None else transform(arriving)
    except ValueError as error:
        raise ShapeError(f"{channel}: {error}") from error
    if arriving.shape != tuple(port._shape):
        raise ShapeError(
            f"{channel}: shape {arriving.shape} arrives, the port has {port._shape}"
        )
