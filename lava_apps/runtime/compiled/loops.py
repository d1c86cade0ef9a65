"""The loop over time steps, which is the same for every graph.

A graph is a table: for each call in a time step the address of a wrapper, and that of
the block with its arguments. So a graph that nobody has seen before compiles nothing,
unless one of its kernels has never been called with arguments of such types.
"""

from __future__ import annotations

from typing import Any, NamedTuple

import numba
import numpy as np
import numpy.typing as npt
from numba import njit

from lava_apps.runtime.compiled.loader import load
from lava_apps.runtime.compiled.wrappers import Block, address_of, call, words_of
from lava_apps.runtime.errors import KernelError


class Call(NamedTuple):
    """A call in the loop.

    Parameters
    ----------
    function : Dispatcher
        What is called.
    arguments : list
        With what, as :class:`~lava_apps.runtime.compiled.wrappers.Block` takes it.
    """

    function: Any
    arguments: list[Any]


@njit(cache=True, nogil=True)
def _run(first, steps, clock, wrappers, blocks):  # type: ignore[no-untyped-def]
    """Run time steps; the clock says where, and whether to end early."""
    for time_step in range(first, first + steps):
        clock[0] = time_step
        for place in range(wrappers.size):
            clock[1] = place
            call(wrappers[place], time_step, time_step - first, blocks[place])
        if clock[2] != 0:
            return


class Table:
    """What is called in a time step, bound to its arguments.

    The arrays among them are kept alive by the table. They must stay where they are:
    an array that is replaced by another is to be told to `replace`.

    Parameters
    ----------
    calls : list of Call
        In their order.
    known : dict, optional
        Wrappers of earlier tables, to which those of this one are added. A table that
        is written anew, since a Var was set, then need not look for them.
    """

    def __init__(
        self, calls: list[Call], known: dict[Any, tuple[int, Any]] | None = None
    ) -> None:
        self._blocks = [Block(c.function, c.arguments) for c in calls]
        self._kept = [list(c.arguments) for c in calls]
        self._known = {} if known is None else known
        keys = [block.key() for block in self._blocks]
        blocks = dict(zip(keys, self._blocks, strict=True))
        new = {key: b for key, b in blocks.items() if key not in self._known}
        wrappers = load([block.wrapper() for block in new.values()])
        for (key, block), wrapper in zip(new.items(), wrappers, strict=True):
            # The block keeps alive what is known by its identity.
            self._known[key] = address_of(wrapper), (wrapper, block)
        self._wrappers = np.array([self._known[key][0] for key in keys], np.intp)
        words = [word for block in self._blocks for word in block.words]
        self._words: npt.NDArray[np.int64] = np.array(words, np.int64)
        lengths = [len(block.words) for block in self._blocks]
        self._begins = np.cumsum([0, *lengths])[:-1].astype(np.intp)
        self._addresses = self._words.ctypes.data + self._begins * self._words.itemsize

    def replace(self, place: int, argument: int, value: Any) -> None:
        """Put another array, of the same type, in the place of one.

        Parameters
        ----------
        place : int
            Which call.
        argument : int
            Which of its arguments.
        value : numpy.ndarray
            The other one.

        Raises
        ------
        KernelError
            For one of another type.
        """
        kept = self._kept[place]
        before, now = numba.typeof(kept[argument]), numba.typeof(value)
        if before != now:
            problem = f"an argument of its kernel was {before}, and is {now} now"
            raise KernelError(problem)
        words = words_of(value)
        begin = self._begins[place] + self._blocks[place].places[argument]
        self._words[begin : begin + len(words)] = words
        kept[argument] = value

    def run(self, first: int, steps: int, clock: npt.NDArray[np.int64]) -> None:
        """Run some time steps.

        Parameters
        ----------
        first : int
            Number of the first one.
        steps : int
            How many.
        clock : (3,) numpy.ndarray of int64
            Filled with the time step and the call that the loop is at. The loop ends
            after a time step in which a call sets the last entry.
        """
        _run(first, steps, clock, self._wrappers, self._addresses)
