"""Counter-based random streams that live in a Var.

A stream is two 64-bit words: a key and a counter. The n-th number of a stream
is a function of both and of nothing else, so a run draws the same numbers on
every backend, and continues with the same numbers after its Vars were restored.
The function is SplitMix64 (Steele, Lea and Flood, "Fast splittable
pseudorandom number generators", OOPSLA 2014).
"""

from __future__ import annotations

import itertools
import math
from contextvars import ContextVar
from typing import Any

import numpy as np
import numpy.typing as npt
from numba import njit

Stream = npt.NDArray[np.uint64]

_GAMMA = np.uint64(0x9E3779B97F4A7C15)
_MIX_1 = np.uint64(0xBF58476D1CE4E5B9)
_MIX_2 = np.uint64(0x94D049BB133111EB)
_SHIFT_1, _SHIFT_2, _SHIFT_3 = np.uint64(30), np.uint64(27), np.uint64(31)
_SHIFT_TO_53_BITS = np.uint64(11)
_ONE = np.uint64(1)
_UNIT = 2.0**-53


@njit(cache=True)
def splitmix64(key, counter):  # type: ignore[no-untyped-def]
    """Give the 64 random bits that stand at a place of a stream.

    Parameters
    ----------
    key : numpy.uint64
        Which stream.
    counter : numpy.uint64
        Place in the stream, from 1 on.

    Returns
    -------
    numpy.uint64
        Output number `counter` of a SplitMix64 generator seeded with `key`.
    """
    z = key + counter * _GAMMA
    z = (z ^ (z >> _SHIFT_1)) * _MIX_1
    z = (z ^ (z >> _SHIFT_2)) * _MIX_2
    return z ^ (z >> _SHIFT_3)


@njit(cache=True)
def uniform(stream):  # type: ignore[no-untyped-def]
    """Draw a number from [0, 1) and advance the stream by one.

    Parameters
    ----------
    stream : (2,) numpy.ndarray of uint64
        Key and counter; the counter is advanced in place.

    Returns
    -------
    float
        A multiple of 2**-53.
    """
    stream[1] += _ONE
    return np.float64(splitmix64(stream[0], stream[1]) >> _SHIFT_TO_53_BITS) * _UNIT


@njit(cache=True)
def normal(stream):  # type: ignore[no-untyped-def]
    """Draw a standard normal number and advance the stream by two.

    By the method of Box and Muller (1958, Ann. Math. Stat. 29:610).

    Parameters
    ----------
    stream : (2,) numpy.ndarray of uint64
        Key and counter; the counter is advanced in place.

    Returns
    -------
    float
        At most 8.58 in absolute value.
    """
    radius = math.sqrt(-2 * math.log(1 - uniform(stream)))
    return radius * math.cos(2 * math.pi * uniform(stream))


@njit(cache=True)
def shuffle(stream, items):  # type: ignore[no-untyped-def]
    """Put an array into random order, in place (Fisher and Yates).

    Parameters
    ----------
    stream : (2,) numpy.ndarray of uint64
        Key and counter; advanced by ``len(items) - 1``.
    items : (n,) numpy.ndarray
        What to put into random order.
    """
    for last in range(items.size - 1, 0, -1):
        chosen = int(uniform(stream) * (last + 1))
        items[last], items[chosen] = items[chosen], items[last]


@njit(cache=True)
def round_randomly(value, stream):  # type: ignore[no-untyped-def]
    """Round to a neighbouring integer so that the mean is exact.

    Parameters
    ----------
    value : float
        Any number.
    stream : (2,) numpy.ndarray of uint64
        Key and counter; advanced by one unless the value is an integer.

    Returns
    -------
    int
        Rounded up with the probability of the value's fraction, or else down.
    """
    whole = np.floor(value)
    if value == whole:
        return int(whole)
    return int(whole) + (1 if uniform(stream) < value - whole else 0)


def new_stream(seed: int) -> Stream:
    """Start the stream of a seed.

    Parameters
    ----------
    seed : int
        From 0 to 2**63 - 1. Streams of neighbouring seeds are unrelated, since
        the key is itself a SplitMix64 output.

    Returns
    -------
    (2,) numpy.ndarray of uint64
        Key and counter, the counter at 0.
    """
    key = splitmix64(np.uint64(seed), _ONE)
    return np.array([key, 0], dtype=np.uint64)


class Seeds:
    """Seeds that are unrelated, one after the other, all of one root.

    Parameters
    ----------
    root : int
        What they depend on, from 0 to 2**63 - 1.
    overrides : bool
        Whether they take the place of seeds that were given. Default False.
    """

    def __init__(self, root: int, *, overrides: bool = False) -> None:
        self._key = new_stream(root)[0]
        self._ranks = itertools.count(1)
        self.overrides = overrides

    def next(self) -> int:
        """Give the next one.

        Returns
        -------
        int
            From 0 to 2**63 - 1.
        """
        return int(splitmix64(self._key, np.uint64(next(self._ranks)))) >> 1


# Of what is made outside of a Simulator: no Simulator's seeds, which count from 0 on.
_UNSEEDED = Seeds(2**63 - 1)
CURRENT_SEEDS: ContextVar[Seeds] = ContextVar("CURRENT_SEEDS", default=_UNSEEDED)
"""Where a Process that is given no seed gets one from."""


def seed_parameters(seed: int | None) -> dict[str, Any]:
    """Choose the seed of a Process that draws random numbers.

    Two Processes that were given none must not draw the same numbers. So each gets one
    of its own when it is made, and another one when a Simulator builds its graph, by
    its place there: the same whenever that graph is built.

    Parameters
    ----------
    seed : int or None
        What the Process was given.

    Returns
    -------
    dict
        For its ``proc_params``: `seed`, which is always a number, and `seed_given`.
    """
    seeds = CURRENT_SEEDS.get()
    own = seeds.next() if seed is None or seeds.overrides else seed
    return {"seed": own, "seed_given": seed is not None}
