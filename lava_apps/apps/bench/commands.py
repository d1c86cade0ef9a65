"""Command line of the benchmarks."""

from __future__ import annotations

import json
import platform
import time
from functools import partial
from pathlib import Path
from typing import Annotated

import numpy as np
import typer
from rich.console import Console
from rich.progress import Progress, TaskID
from rich.table import Table

from lava_apps.apps.bench.experiment import OURS, STEPS, Comparison, PeerError, compare
from lava_apps.apps.bench.figures import TITLES, draw_comparison, draw_scaling
from lava_apps.apps.bench.scaling import SIZES, scale
from lava_apps.apps.options import (
    Json,
    Out,
    SeedOption,
    progress_bar,
    refuse_options,
)
from lava_apps.plotting import check_folder

app = typer.Typer(help="Speed, side by side with Lava's own runtime and with peers.")


def _pythons(texts: list[str]) -> dict[str, str]:
    """Read NAME=INTERPRETER."""
    found = {}
    for text in texts:
        name, equals, python = text.partition("=")
        if not equals or name not in STEPS["balanced"]:
            problem = f"--python: must be SIMULATOR=INTERPRETER, given {text!r}"
            raise typer.BadParameter(problem)
        found[name] = python
    return found


@app.callback(invoke_without_command=True)
def bench(
    context: typer.Context,
    network: Annotated[
        list[str] | None,
        typer.Option(help="balanced, chain or digits; may be given several times."),
    ] = None,
    simulator: Annotated[
        list[str] | None,
        typer.Option(help="Only these besides ours; may be given several times."),
    ] = None,
    python: Annotated[
        list[str] | None,
        typer.Option(
            help="SIMULATOR=INTERPRETER: where a simulator is installed, if not here."
        ),
    ] = None,
    rounds: Annotated[int, typer.Option(help="Rounds; their median counts.")] = 5,
    seed: SeedOption = 0,
    out: Out = Path("results"),
    as_json: Json = False,
) -> None:
    """Run the same networks on the compiled backend, on Lava's runtime and on peers.

    Peers that are not installed are skipped by name (benchmarks/README.md).
    """
    if context.invoked_subcommand is not None:
        refuse_options(context)
        return
    check_folder(out)
    pythons, begin = _pythons(python or []), time.perf_counter()
    comparisons = []
    with progress_bar() as progress:
        for name, chosen in _chosen(network, simulator).items():
            total = (rounds + 1) * len(chosen)
            task = progress.add_task(name, total=total)
            try:
                comparisons.append(
                    compare(
                        name,
                        rounds=rounds,
                        seed=seed,
                        simulators=chosen,
                        pythons=pythons,
                        on_round=partial(_advance, progress, task),
                    )
                )
            except PeerError as error:
                raise typer.BadParameter(str(error)) from None
    if not comparisons:
        raise typer.BadParameter("--simulator: none of these runs that network")
    path = draw_comparison(comparisons, out / "bench.png")
    if as_json:
        summary = {one.network: one.summary() for one in comparisons}
        seconds = time.perf_counter() - begin
        about = {"rounds": rounds, "seed": seed, "seconds": seconds}
        machine = {"machine": platform.machine(), "python": platform.python_version()}
        print(json.dumps(summary | about | machine))
        return
    for one in comparisons:
        Console().print(_table(one))
    Console().print(f"medians of {rounds} rounds, one thread; figure: {path}")


def _chosen(
    networks: list[str] | None, simulators: list[str] | None
) -> dict[str, list[str]]:
    """Say which simulators run which network; refuse what there is not."""
    for option, known, asked in (
        ("network", list(STEPS), networks),
        ("simulator", list(STEPS["balanced"]), simulators),
    ):
        for name in asked or []:
            if name not in known:
                problem = f"--{option}: must be of {', '.join(known)}, given {name!r}"
                raise typer.BadParameter(problem)
    chosen = {
        network: [
            OURS,
            *(s for s in simulators or STEPS[network] if s in STEPS[network]),
        ]
        for network in networks or STEPS
    }
    return {n: names for n, names in chosen.items() if len(names) > 1}


def _advance(progress: Progress, task: TaskID, _: object) -> None:
    progress.advance(task)


def _table(one: Comparison) -> Table:
    table = Table(title=TITLES[one.network])
    for heading in ("simulator", "a step", "times", "spikes a step"):
        table.add_column(heading, justify="left" if heading == "simulator" else "right")
    for name, measured in one.measured.items():
        table.add_row(
            f"{name} {measured.version}",
            f"{measured.median * 1e6:,.1f} us",
            "1" if name == OURS else f"{one.ratio(name):,.1f}",
            f"{measured.spikes:.2f}",
        )
    for name, reason in one.skipped.items():
        table.add_row(name, "skipped", "", reason)
    return table


@app.command()
def scaling(
    largest: Annotated[
        int, typer.Option(help=f"Most synapses, at most {SIZES[-1][1]:,}.")
    ] = 50_000_000,
    out: Out = Path("results"),
    as_json: Json = False,
) -> None:
    """Measure how time and memory grow, from 1,000 neurons and 100,000 synapses on."""
    check_folder(out)
    if largest < SIZES[0][1]:
        raise typer.BadParameter(f"--largest: must be at least {SIZES[0][1]:,}")
    with progress_bar() as progress:
        count = int(np.sum([synapses <= largest for _, synapses in SIZES]))
        task = progress.add_task("sizes", total=count)
        try:
            sizes = scale(largest=largest, on_size=lambda _: progress.advance(task))
        except PeerError as error:
            raise typer.BadParameter(str(error)) from None
    path = draw_scaling(sizes, out / "bench-scaling.png")
    if as_json:
        print(json.dumps([size.summary() for size in sizes]))
        return
    table = Table(title="Compiled backend, fixed_pt, 8-bit weights")
    for heading in (
        "neurons",
        "synapses",
        "build",
        "a step",
        "spikes a step",
        "a synaptic event",
        "bytes a synapse",
        "peak memory",
        "threads",
    ):
        table.add_column(heading, justify="right")
    for size in sizes:
        table.add_row(
            f"{size.neurons:,}",
            f"{size.synapses:,}",
            f"{size.build_seconds:.1f} s",
            f"{size.us_per_step:,.1f} us",
            f"{size.spikes_per_step:.1f}",
            f"{size.ns_per_event:.2f} ns",
            f"{size.bytes_per_synapse:.2f}",
            f"{size.peak_bytes / 2**30:.2f} GiB",
            str(size.threads),
        )
    Console().print(table)
    Console().print(f"figure: {path}")
