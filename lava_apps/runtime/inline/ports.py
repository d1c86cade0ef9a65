"""Faster ``recv`` for Lava's dense InPorts, with the same numbers.

Lava's own adds up the messages with reduce, lambdas and a new array of zeros for
each call. The zeros stay: they decide the type of the result, and -0.0 + 0 is 0.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import numpy.typing as npt

from lava.magma.core.model.py.ports import PyInPortVectorDense

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
    receivers = [_receiver(end) for end in port.csp_ports]

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


def _receiver(end: Any) -> Callable[[], Array]:
    take, transform = end.channel.take, end.edge.transform
    if transform is None:
        return take  # type: ignore[no-any-return]
    return lambda: transform(take())
