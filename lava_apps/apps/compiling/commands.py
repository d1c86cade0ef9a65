"""Command line of compiling kernels beforehand."""

from __future__ import annotations

import time
from typing import Annotated

import typer
from rich.console import Console

from lava_apps.apps.compiling.typical import Typical, typical_graphs
from lava_apps.apps.options import progress_bar
from lava_apps.runtime import Simulator
from lava_apps.runtime.compiled.folder import PREFIX, cache_folder, is_private


def compile_kernels(
    kinds: Annotated[
        list[str] | None,
        typer.Argument(help="Processes, such as LIF or Dense; all if none is named."),
    ] = None,
) -> None:
    """Compile kernels beforehand, so that no first run of a graph waits for them.

    Kernels that a graph needs besides are compiled when it is run. Ctrl-C keeps what
    was compiled so far; a second run goes on from there.
    """
    graphs = list(typical_graphs())
    known = sorted({graph.name for graph in graphs})
    for kind in kinds or []:
        if kind not in known:
            problem = f"{kind!r} is none of {', '.join(known)}"
            raise typer.BadParameter(problem)
    begin, before = time.perf_counter(), _count()
    with progress_bar() as progress:
        chosen = [graph for graph in graphs if not kinds or graph.name in kinds]
        for graph in progress.track(chosen, description="kernels"):
            prepare(graph)
    if is_private():
        problem = f"nothing can be kept: {cache_folder().parent} is not the user's own"
        raise OSError(problem)
    seconds = time.perf_counter() - begin
    made = _count() - before
    told = f"{made} compiled, {before} were there before; {seconds:.0f} s"
    Console().print(f"{cache_folder()}: {told}", soft_wrap=True)


def prepare(graph: Typical) -> None:
    """Compile what a graph needs, probes included.

    Parameters
    ----------
    graph : Typical
        Which.
    """
    process = graph.make()
    with Simulator(process, backend="compiled", precision=graph.precision) as sim:
        for port in process.out_ports:
            sim.probe(port)
        for var in process.vars:
            if var.name in ("u", "v", "weights"):
                sim.probe(var)
        sim.run(1)


def _count() -> int:
    return len(list(cache_folder().glob(f"{PREFIX}*.py")))
