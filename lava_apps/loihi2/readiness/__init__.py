"""What a graph lacks to run on Loihi 2, as far as open sources tell."""

from __future__ import annotations

from typing import Annotated

from pydantic import Field

from lava_apps.loihi2.catalogue import class_path
from lava_apps.loihi2.convertible import why_not
from lava_apps.loihi2.formats import FORMATS
from lava_apps.loihi2.readiness.activity import TRACES, Observed, Observer
from lava_apps.loihi2.readiness.graph import Graph, Leaf, synapses_of
from lava_apps.loihi2.readiness.ranges import WorstCase, worst_case
from lava_apps.loihi2.readiness.result import (
    RULES,
    Activity,
    Connection,
    Finding,
    Member,
    Population,
    Range,
    Report,
)
from lava_apps.loihi2.readiness.rules import (
    CHECKS,
    Known,
    estimate_populations,
    is_integer_lif,
    reason_for,
)
from lava_apps.messages import label
from lava_apps.parameters import Integer, PositiveInteger, validated

from lava.magma.core.process.process import AbstractProcess

__all__ = [
    "RULES",
    "Activity",
    "Connection",
    "Finding",
    "Member",
    "Population",
    "Range",
    "Report",
    "report",
]


@validated
def report(
    process: AbstractProcess,
    *,
    run_steps: Annotated[Integer, Field(ge=0)] = 100,
    chips: PositiveInteger = 1,
    target: str | None = None,
    progress: bool = False,
) -> Report:
    """Report what a graph lacks to run on Loihi 2, as far as open sources tell.

    The graph is built for the CPU with fixed_pt models, Processes decomposed where
    they can be, run if it is made of integers, and left as it was.

    Parameters
    ----------
    process : AbstractProcess
        Any Process of the graph, of this package or not.
    run_steps : int
        Time steps to observe; 0 for none. Default 100.
    chips : int
        Chips of the board, of 120 cores each. Default 1.
    target : str, optional
        Name of the graph in the report. Default: that of `process`.
    progress : bool
        Show a progress bar on stderr. Default False.

    Returns
    -------
    Report
        Rules, Processes, ranges, cores, and the activity of the run.

    Raises
    ------
    ParameterError
        For a wrong argument.
    BackendError
        For a graph that the inline runtime cannot build.
    Exception
        What a ProcessModel raised in the run.

    Examples
    --------
    >>> from lava.proc.lif.process import LIF
    >>> report(LIF(shape=(3,), du=4095, dv=100, vth=5, bias_mant=60)).verdict
    'ready'
    """
    refusal = why_not(process)  # of the graph as the user made it
    graph = Graph(process)
    try:
        synapses = {x: synapses_of(x) for x in graph.leaves if x.is_connection}
        worst = {
            leaf: worst_case(graph, leaf, synapses)
            for leaf in graph.leaves
            if is_integer_lif(leaf)
        }
        observed: Observed = {}
        activity, run = None, "not run: no time steps were asked for"
        if graph.config.unfit:
            reasons = "; ".join(sorted(set(graph.config.unfit.values())))
            run = f"not run: {reasons}"
        elif run_steps:
            observer = Observer(graph, synapses)
            activity = observer.run(run_steps, progress=progress)
            observed = observer.observed
            run = f"run for {run_steps:,} time steps"
        cores = estimate_populations(graph, synapses)
        known = Known(graph, synapses, worst, observed, chips, cores, refusal)
        return Report(
            target or label(process),
            tuple(finding for check in CHECKS for finding in check(known)),
            tuple(_members(graph, worst, observed)),
            tuple(graph.connections()),
            tuple(cores),
            chips,
            activity,
            run,
        )
    finally:
        graph.close()


def _members(
    graph: Graph, worst: dict[Leaf, WorstCase], observed: Observed
) -> list[Member]:
    """List all Processes: those that are built from others, and the leaves."""

    def parent(process: AbstractProcess) -> str:
        found = graph.parent_of(process)
        return "" if found is None else graph.name_of(found)

    members = [
        Member(
            *(graph.name_of(p), class_path(p), parent(p), "decomposable"),
            "is built from other Processes",
            0,
            (),
        )
        for p in graph.composed
    ]
    for leaf in graph.leaves:
        members.append(
            Member(
                leaf.name,
                class_path(leaf.process),
                parent(leaf.process),
                leaf.kind,
                reason_for(graph, leaf),
                leaf.neurons,
                tuple(_ranges(leaf, worst.get(leaf), observed)),
            )
        )
    return members


def _ranges(leaf: Leaf, worst: WorstCase | None, observed: Observed) -> list[Range]:
    """Give the ranges of the variables of a leaf."""
    if leaf.is_lif:
        limit = FORMATS["v"]
        return [
            Range(
                *(name, limit.low, limit.high),
                getattr(worst, name) if worst is not None else None,
                observed.get((leaf, name)),
            )
            for name in ("u", "v")
        ]
    if not leaf.is_plastic:
        return []
    formats = {"weights": "learned_weight"} | dict.fromkeys(TRACES, "trace")
    ranges = []
    for name, entry in formats.items():
        low, high = FORMATS[entry].low, FORMATS[entry].high
        ranges.append(Range(name, low, high, (low, high), observed.get((leaf, name))))
    return ranges
