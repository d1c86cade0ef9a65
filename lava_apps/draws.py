"""Random numbers as a function of key, time step and index, and of nothing else.

Whoever draws, in which order, on how many threads, in one piece or after a restored
state, gets the same numbers: there is no generator whose state goes on from draw to
draw. The function is Philox4x64-10 (Salmon, Moraes, Dror and Shaw, "Parallel random
numbers: as easy as 1, 2, 3", SC 2011), and the numbers are those of numpy's Philox:
for index ``4 b + n`` number n of ``numpy.random.Philox(key=key, counter=[b, time_step,
use, 0]).random_raw(4)``.
"""

from __future__ import annotations

import itertools
import math
from contextvars import ContextVar
from typing import Any

import numpy as np
import numpy.typing as npt
from llvmlite import ir
from numba import njit, types
from numba.extending import intrinsic

Key = npt.NDArray[np.uint64]

_ROUNDS = 10
_MULTIPLIERS = (np.uint64(0xD2E7470EE14C6C93), np.uint64(0xCA5A826395121157))
_WEYL = (np.uint64(0x9E3779B97F4A7C15), np.uint64(0xBB67AE8584CAA73B))
_ZERO, _ONE, _TWO, _THREE = (np.uint64(n) for n in range(4))
_SHIFT_TO_53_BITS = np.uint64(11)
_UNIT = 2.0**-53
_HALF = np.uint64(32)
_LOW_HALF = np.uint64(2**32 - 1)
_HALF_UNIT = 2.0**-32
# Signed: Python, which may hold a block between two calls, makes integers of any sign
# of unsigned ones, and numba types of both.
_NONE = np.int64(0)
NO_BLOCK = (np.int64(-1), _NONE, _NONE, _NONE, _NONE)
"""For the first call of what holds a block."""


@intrinsic
def _high_word(typing_context, a, b):  # type: ignore[no-untyped-def]  # noqa: ARG001
    """Give the upper 64 bits of the product of two 64-bit integers."""

    def generate(context, builder, signature, values):  # type: ignore[no-untyped-def]  # noqa: ARG001
        wide = ir.IntType(128)
        factors = [builder.zext(value, wide) for value in values]
        product = builder.mul(*factors)
        high = builder.lshr(product, ir.Constant(wide, 64))
        return builder.trunc(high, ir.IntType(64))

    return types.uint64(types.uint64, types.uint64), generate


@njit(cache=True, forceinline=True)
def philox(key, block, time_step, use):  # type: ignore[no-untyped-def]
    """Give the four 64-bit words of a block.

    Parameters
    ----------
    key : (2,) numpy.ndarray of uint64
        Of whom the numbers are.
    block : int
        Number of the block.
    time_step : int
        The time step.
    use : int
        What the numbers are for, where several are drawn for one index.

    Returns
    -------
    tuple of numpy.uint64
        Four words.
    """
    # numpy's counts on before it draws.
    a, b = np.uint64(block) + _ONE, np.uint64(time_step)
    c, d = np.uint64(use), _ZERO
    first, second = key[0], key[1]
    for _ in range(_ROUNDS):
        high_a, low_a = _high_word(_MULTIPLIERS[0], a), _MULTIPLIERS[0] * a
        high_c, low_c = _high_word(_MULTIPLIERS[1], c), _MULTIPLIERS[1] * c
        a, b, c, d = high_c ^ b ^ first, low_c, high_a ^ d ^ second, low_a
        first += _WEYL[0]
        second += _WEYL[1]
    return a, b, c, d


@njit(cache=True, forceinline=True)
def bits(key, time_step, index, use=0):  # type: ignore[no-untyped-def]
    """Give 64 random bits.

    Parameters
    ----------
    key : (2,) numpy.ndarray of uint64
        From :func:`new_key`.
    time_step : int
        The time step.
    index : int
        Of the neuron, synapse or channel that they are for, from 0 on.
    use : int
        What they are for, where one index needs several. Default 0.

    Returns
    -------
    numpy.uint64
        The bits.
    """
    place = np.uint64(index)
    a, b, c, d = philox(key, place >> _TWO, time_step, use)
    return _lane(a, b, c, d, place)


@njit(cache=True, forceinline=True)
def uniform(key, time_step, index, use=0):  # type: ignore[no-untyped-def]
    """Draw a number from [0, 1).

    Parameters
    ----------
    key : (2,) numpy.ndarray of uint64
        From :func:`new_key`.
    time_step, index, use : int
        As :func:`bits` takes them.

    Returns
    -------
    float
        A multiple of 2**-53.
    """
    return _unit(bits(key, time_step, index, use))


@njit(cache=True, forceinline=True)
def _unit(word):  # type: ignore[no-untyped-def]
    return np.float64(word >> _SHIFT_TO_53_BITS) * _UNIT


@njit(cache=True, forceinline=True)
def draw_block(block, key, time_step, index, use=0):  # type: ignore[no-untyped-def]
    """Draw the block of an index, unless it is the one that is held already.

    For numbers of one index after the other: four of them are one block. Where indices
    are left out, nothing is drawn for them.

    Parameters
    ----------
    block : tuple
        From the last call; at first `NO_BLOCK`. Of the same key, time step and use.
    key : (2,) numpy.ndarray of uint64
        From :func:`new_key`.
    time_step, index, use : int
        As :func:`bits` takes them.

    Returns
    -------
    tuple
        For :func:`uniform_of`.
    """
    number = np.int64(index) >> 2
    if block[0] == number:
        return block
    a, b, c, d = philox(key, number, time_step, use)
    return number, np.int64(a), np.int64(b), np.int64(c), np.int64(d)


@njit(cache=True, forceinline=True)
def uniform_of(block, index):  # type: ignore[no-untyped-def]
    """Give what :func:`uniform` gives for an index of a block.

    Parameters
    ----------
    block : tuple
        From :func:`draw_block`.
    index : int
        Which.

    Returns
    -------
    float
        From [0, 1).
    """
    return _unit(_word_of(block, np.uint64(index)))


@njit(cache=True, forceinline=True)
def _word_of(block, place):  # type: ignore[no-untyped-def]
    _, a, b, c, d = block
    return np.uint64(_lane(a, b, c, d, place))


@njit(cache=True, forceinline=True)
def _lane(a, b, c, d, place):  # type: ignore[no-untyped-def]
    low, high = (a, c) if place & _ONE == _ZERO else (b, d)
    return low if place & _THREE < _TWO else high


@njit(cache=True, forceinline=True)
def normal(key, time_step, index, use=0):  # type: ignore[no-untyped-def]
    """Draw a standard normal number.

    By the method of Box and Muller (1958, Ann. Math. Stat. 29:610), from two words of
    block ``index // 2``.

    Parameters
    ----------
    key : (2,) numpy.ndarray of uint64
        From :func:`new_key`.
    time_step, index, use : int
        As :func:`bits` takes them.

    Returns
    -------
    float
        At most 8.58 in absolute value.
    """
    place = np.uint64(index)
    a, b, c, d = philox(key, place >> _ONE, time_step, use)
    first, second = (a, b) if place & _ONE == _ZERO else (c, d)
    radius = math.sqrt(-2 * math.log(1 - _unit(first)))
    return radius * math.cos(2 * math.pi * _unit(second))


@njit(cache=True, forceinline=True)
def shuffle(items, key, time_step, use=0):  # type: ignore[no-untyped-def]
    """Put an array into random order, in place (Fisher and Yates).

    Parameters
    ----------
    items : (n,) numpy.ndarray
        What to put into random order.
    key : (2,) numpy.ndarray of uint64
        From :func:`new_key`.
    time_step, use : int
        As :func:`bits` takes them.
    """
    for last in range(items.size - 1, 0, -1):
        chosen = int(uniform(key, time_step, last, use) * (last + 1))
        items[last], items[chosen] = items[chosen], items[last]


@njit(cache=True, forceinline=True)
def round_randomly(block, value, key, time_step, index, use=0):  # type: ignore[no-untyped-def]
    """Round to a neighbouring integer so that the mean is exact, to 2**-32.

    Eight indices that follow one another share a block, which is drawn where it is
    needed: a value that is an integer needs none.

    Parameters
    ----------
    block : tuple
        From the last call; at first `NO_BLOCK`. Of the same key, time step and use.
    value : float
        Any number.
    key : (2,) numpy.ndarray of uint64
        From :func:`new_key`.
    time_step, index, use : int
        As :func:`bits` takes them.

    Returns
    -------
    block : tuple
        For the next call.
    rounded : int
        Rounded up with the probability of the value's fraction, or else down.
    """
    whole = np.floor(value)
    if value == whole:
        return block, int(whole)
    place = np.uint64(index)
    block = draw_block(block, key, time_step, place >> _ONE, use)
    word = _word_of(block, place >> _ONE)
    half = (word >> _HALF * (place & _ONE)) & _LOW_HALF
    up = np.float64(half) * _HALF_UNIT < value - whole
    return block, int(whole) + int(up)


def new_key(seed: int) -> Key:
    """Give the key of a seed.

    Parameters
    ----------
    seed : int
        From 0 to 2**63 - 1.

    Returns
    -------
    (2,) numpy.ndarray of uint64
        The seed, and 0.
    """
    return np.array([seed, 0], dtype=np.uint64)


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
        # Not the key of any Process, whose second word is 0.
        self._key = np.array([root, 1], dtype=np.uint64)
        self._ranks = itertools.count(1)
        self.overrides = overrides

    def next(self) -> int:
        """Give the next one.

        Returns
        -------
        int
            From 0 to 2**63 - 1.
        """
        return int(bits(self._key, 0, next(self._ranks))) >> 1


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
