"""Command lines of the readiness report, and of the conversion to integers."""

from __future__ import annotations

import json
import math
from dataclasses import asdict
from pathlib import Path
from typing import Annotated, Any

import typer
from rich.console import Console
from rich.markup import escape
from rich.table import Table

from lava_apps.apps.loihi2.integers import save_integers
from lava_apps.apps.loihi2.page import write_page
from lava_apps.apps.options import Json, errors
from lava_apps.apps.target import load_or_exit, show_error
from lava_apps.datasets import DataError
from lava_apps.loihi2.fixed import FixedGraph, to_fixed
from lava_apps.loihi2.readiness import RULES, Report, report
from lava_apps.loihi2.run_configs import NoModelError
from lava_apps.messages import label
from lava_apps.netx import NetworkError
from lava_apps.parameters import ParameterError

app = typer.Typer(no_args_is_help=True)

Target = Annotated[
    str,
    typer.Argument(
        help="package.module:factory, file.py:factory, or a .net file of lava-dl."
    ),
]
_STATUS = {"ready": 0, "not_ready": 1, "unknown": 2}
_COLOURS = {"pass": "green", "fail": "red", "unknown": "yellow"}


@app.callback()
def loihi2() -> None:
    """Tell what a graph lacks to run on Loihi 2, and give it integers."""


@app.command()
def check(
    target: Target,
    steps: Annotated[int, typer.Option(help="Time steps to observe.", min=0)] = 100,
    chips: Annotated[int, typer.Option(help="Chips of the board.", min=1)] = 1,
    html: Annotated[
        Path | None,
        typer.Option(help="Write the report as an HTML page, too.", dir_okay=False),
    ] = None,
    as_json: Json = False,
) -> None:
    """Report what a graph lacks to run on Loihi 2.

    The status is 0 for a graph that is ready, 1 for one that is not, and 2 where it
    cannot be told.
    """
    graph = load_or_exit(target)
    try:
        found = report(
            graph,
            run_steps=steps,
            chips=chips,
            target=target,
            progress=errors.is_terminal,
        )
        if html is not None:
            write_page(found, html)
        if as_json:
            print(json.dumps(found.to_dict(), allow_nan=False))
        else:
            _print(found, html)
    except (DataError, NetworkError, ParameterError, OSError):
        raise
    except Exception as error:  # of the user's graph; 1 would say it is not ready
        show_error(target, error)
        raise typer.Exit(2) from None
    raise typer.Exit(_STATUS[found.verdict])


@app.command()
def fix(
    target: Target,
    steps: Annotated[
        int, typer.Option(help="Time steps to observe, and to compare.", min=1)
    ] = 1000,
    output: Annotated[
        Path | None,
        typer.Option(help="Write all integers to this .npz file.", dir_okay=False),
    ] = None,
    as_json: Json = False,
) -> None:
    """Convert a graph from floating_pt to fixed_pt, and compare both in a run."""
    graph = load_or_exit(target)
    try:
        fixed = to_fixed(graph, run_steps=steps)
    except (ParameterError, NoModelError) as error:
        reason = str(error).removeprefix("to_fixed.")
        raise DataError(f"{target}: {reason}") from None
    except (DataError, NetworkError, OSError):
        raise
    except Exception as error:
        show_error(target, error)
        raise typer.Exit(2) from None
    if output is not None:
        save_integers(fixed, output)
    if as_json:
        print(json.dumps(_described(target, fixed), allow_nan=False))
    else:
        _print_fixed(target, fixed, output)


def _described(target: str, fixed: FixedGraph) -> dict[str, Any]:
    scales = {label(p): scale for p, scale in fixed.scales.items()}
    comparison = [asdict(c) for c in fixed.comparison]
    for entry in comparison:  # JSON has no NaN
        for name in ("relative_difference", "shared_spikes"):
            entry[name] = None if math.isnan(entry[name]) else entry[name]
    roundings = [asdict(r) for r in fixed.roundings]
    parts = {"scales": scales, "roundings": roundings, "comparison": comparison}
    return {"target": target, **parts}


def _print_fixed(target: str, fixed: FixedGraph, output: Path | None) -> None:
    console = Console(emoji=False)
    rounded = Table("Process", "parameter", "scale", "relative error", box=None)
    for r in fixed.roundings:
        row = (r.parameter, f"{r.scale:,.4g}", f"{r.relative_error:.2%}")
        rounded.add_row(escape(r.process), *row)
    console.print(rounded)
    rates = Table("population", "rate before", "after", "same spikes", box=None)
    for c in fixed.comparison:
        shared = "" if math.isnan(c.shared_spikes) else f"{c.shared_spikes:.1%}"
        row = (f"{c.rate_float:.4g}", f"{c.rate_fixed:.4g}", shared)
        rates.add_row(escape(c.process), *row)
    console.print(rates)
    if output is not None:
        console.print(escape(f"integers: {output}"))
    console.print(escape(f"{target}: converted to fixed_pt"), style="bold")


def _print(found: Report, html: Path | None) -> None:
    console = Console(emoji=False)
    rules = Table("rule", "verdict", "what", box=None)
    for rule, title in RULES.items():
        verdict = found.of(rule)
        rules.add_row(rule, f"[{_COLOURS[verdict]}]{verdict}", title)
        for finding in found.findings:
            if finding.rule == rule and finding.verdict != "pass":
                where = f"{finding.process}, {finding.parameter}: {finding.value}"
                limit = f"; may be {finding.limit} ({finding.evidence.value})"
                note = f"; {finding.note}" if finding.note else ""
                rules.add_row("", "", escape(f"  {where}{limit}{note}"))
    console.print(rules)
    kinds = Table("Process", "kind", "why", box=None)
    for member in found.processes:
        kind = member.kind.replace("_", " ")
        kinds.add_row(escape(member.name), kind, escape(member.reason))
    console.print(kinds)
    if found.cores:
        cores = Table("population", "neurons", "cores", "fullest core", box=None)
        for population in found.cores:
            cores.add_row(
                escape(population.population),
                f"{population.neurons:,}",
                f"{population.count:,}",
                f"{population.utilisation:.1%}",
            )
        console.print(cores)
    console.print(escape(f"{found.run}."))
    if found.activity is not None:
        energy = found.activity.energy()
        console.print(f"{energy['per_step_nj']:,.3g} nJ a time step ({energy['name']})")
    if html is not None:
        console.print(f"page: {html}")
    readiness = found.verdict.replace("_", " ")
    console.print(escape(f"{found.target}: {readiness}"), style="bold")
