"""A graph as a compiled loop, bound to the arrays of its models."""

from __future__ import annotations

from typing import Any

import numpy.typing as npt

from lava_apps.runtime.compiled.graph import KernelGraph
from lava_apps.runtime.compiled.loops import Table
from lava_apps.runtime.compiled.plan import Plan
from lava_apps.runtime.compiled.recorders import Recorder


class Program:
    """A plan, and the table by which the loop calls it.

    Parameters
    ----------
    graph : KernelGraph
        The graph.
    recorders : list of Recorder
        The probes.
    threads : (1,) numpy.ndarray of int64
        How many threads to use.
    known : dict
        Wrappers of earlier programs, as :class:`Table` takes it.

    Attributes
    ----------
    plan : Plan
        What is called.
    """

    def __init__(
        self,
        graph: KernelGraph,
        recorders: list[Recorder],
        threads: npt.NDArray[Any],
        known: dict[Any, tuple[int, Any]],
    ) -> None:
        self.plan = Plan(graph, recorders, threads)
        self._table = Table(self.plan.calls, known)

    def run(self, first: int, steps: int) -> int:
        """Run some time steps, or fewer where a probe has kept so much.

        Parameters
        ----------
        first : int
            Number of the first of them, from 1 on.
        steps : int
            How many at most.

        Returns
        -------
        int
            How many were run.
        """
        for call, argument, value in self.plan.draw(steps):
            self._table.replace(call, argument, value)
        clock = self.plan.clock
        clock[2] = 0
        self._table.run(first, steps, clock)
        return int(clock[0]) - first + 1
