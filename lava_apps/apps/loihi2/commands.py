"""Command line of the readiness report."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console
from rich.markup import escape
from rich.table import Table

from lava_apps.apps.loihi2.page import write_page
from lava_apps.apps.options import Json, errors
from lava_apps.apps.target import load_or_exit
from lava_apps.datasets import DataError
from lava_apps.loihi2.readiness import RULES, Report, report
from lava_apps.netx import NetworkError
from lava_apps.parameters import ParameterError

app = typer.Typer(no_args_is_help=True)

_STATUS = {"ready": 0, "not_ready": 1, "unknown": 2}
_COLOURS = {"pass": "green", "fail": "red", "unknown": "yellow"}


@app.callback()
def loihi2() -> None:
    """Tell what a graph lacks to run on Loihi 2."""


@app.command()
def check(
    target: Annotated[
        str, typer.Argument(help="package.module:factory, or a .net file of lava-dl.")
    ],
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
    except Exception:  # of the user's graph; 1 would say that it is not ready
        errors.print_exception()
        raise typer.Exit(2) from None
    raise typer.Exit(_STATUS[found.verdict])


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
