"""How many threads the compiled loop uses: as many as turn out to be fastest.

Whether a second core pays depends on the graph, on its activity and on what else the
machine does. So the loop is tried with one thread and with all, block by block, now
and then again. The results are the same in any case: each sum is one thread's, in the
same order.
"""

from __future__ import annotations

import numba
import numpy as np
import numpy.typing as npt
from numba import njit

MOST_THREADS: int = numba.config.NUMBA_NUM_THREADS
_TRIALS = 3  # a change needs so many in a row
_PAUSE, _LONGEST_PAUSE = 50, 800  # blocks from one series of trials to the next
_GAIN = 0.97  # what a change must bring
_SHARE = 8  # of a block is tried: two threads on one free core can be slow indeed


@njit(cache=True)
def part_of(size, part, parts):  # type: ignore[no-untyped-def]
    """Give begin and end of one of several parts of about the same size."""
    return part * size // parts, (part + 1) * size // parts


class Threads:
    """Find out how many threads are fastest.

    A trial is three blocks of time steps: as now, the other way, as now.

    Attributes
    ----------
    count : (1,) numpy.ndarray of int64
        How many threads to use; read by the compiled loop.
    best : int
        How many turned out to be fastest up to now.
    """

    def __init__(self) -> None:
        self.count: npt.NDArray[np.int64] = np.ones(1, dtype=np.int64)
        self.best = 1
        self._trial: list[float] = []
        self._won = 0
        self._wait, self._pause = 0, _PAUSE

    def limit(self, block: int) -> int:
        """Limit the time steps of the next block, if it is one to try.

        Parameters
        ----------
        block : int
            Time steps it would have.

        Returns
        -------
        int
            Time steps, at least 1.
        """
        return max(1, block // _SHARE) if len(self._trial) == 1 else block

    def note(self, seconds_a_step: float) -> None:
        """Take notice of what a block took; choose for the next one.

        Parameters
        ----------
        seconds_a_step : float
            Time of a step in the block that is over.
        """
        if MOST_THREADS == 1:
            return
        if self._wait > 0:
            self._wait -= 1
            return
        self._trial.append(seconds_a_step)
        if len(self._trial) == 3:
            self._judge()
        is_middle = len(self._trial) == 1
        self.count[0] = self._other if is_middle else self.best

    @property
    def _other(self) -> int:
        return MOST_THREADS if self.best == 1 else 1

    def _judge(self) -> None:
        before, between, after = self._trial
        self._trial = []
        if between >= _GAIN * min(before, after):
            self._won, self._wait = 0, self._pause
            self._pause = min(4 * self._pause, _LONGEST_PAUSE)
            return
        self._won += 1
        if self._won == _TRIALS:
            self.best = self._other
            self._won, self._wait, self._pause = 0, _PAUSE, _PAUSE
