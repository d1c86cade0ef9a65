"""Compiled functions that bring messages from OutPorts to InPorts."""

from __future__ import annotations

from numba import njit


@njit(cache=True)
def combine_1(target, a):  # type: ignore[no-untyped-def]
    """Copy a message, in the type of the target."""
    for i in range(target.size):
        target.flat[i] = a.flat[i]


@njit(cache=True)
def combine_2(target, a, b):  # type: ignore[no-untyped-def]
    """Add up two messages."""
    for i in range(target.size):
        target.flat[i] = a.flat[i] + b.flat[i]


@njit(cache=True)
def combine_3(target, a, b, c):  # type: ignore[no-untyped-def]
    """Add up three messages, in their order."""
    for i in range(target.size):
        target.flat[i] = a.flat[i] + b.flat[i] + c.flat[i]


@njit(cache=True)
def accumulate(target, a):  # type: ignore[no-untyped-def]
    """Add a further message."""
    for i in range(target.size):
        target.flat[i] += a.flat[i]


@njit(cache=True)
def gather(target, message, places):  # type: ignore[no-untyped-def]
    """Put the entries of a message in another order."""
    for i in range(target.size):
        target.flat[i] = message.flat[places[i]]


@njit(cache=True)
def copy_listed(  # type: ignore[no-untyped-def]
    target, message, indices, count, before, before_count
):
    """Copy a message whose entries other than 0 are listed, in the target's type."""
    for k in range(before_count[0]):
        target.flat[before[k]] = 0
    for k in range(count[0]):
        target.flat[indices[k]] = message.flat[indices[k]]
        before[k] = indices[k]
    before_count[0] = count[0]


COMBINE = {1: combine_1, 2: combine_2, 3: combine_3}
