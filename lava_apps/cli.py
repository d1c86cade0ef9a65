"""Command line: ``lava-apps APPLICATION [OPTIONS]``."""

from __future__ import annotations

import sys
import time
from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console

from lava_apps import __version__
from lava_apps.apps.bench import commands as bench
from lava_apps.apps.compiling.commands import compile_kernels
from lava_apps.apps.digits import commands as digits
from lava_apps.apps.divergence import DivergenceError
from lava_apps.apps.graph.commands import graph
from lava_apps.apps.hopfield import commands as hopfield
from lava_apps.apps.lif.commands import lif
from lava_apps.apps.loihi2 import commands as loihi2
from lava_apps.apps.setup.commands import setup
from lava_apps.apps.slayer import commands as slayer
from lava_apps.apps.som import commands as som
from lava_apps.datasets import DataError
from lava_apps.netx import NetworkError
from lava_apps.parameters import ParameterError
from lava_apps.runtime import StateError

app = typer.Typer(
    help="Neuromorphic applications for Lava.",
    no_args_is_help=True,
    pretty_exceptions_show_locals=False,
)
app.add_typer(hopfield.app, name="hopfield")
app.command()(lif)
app.add_typer(digits.app, name="stdp")
app.add_typer(som.app, name="som")
app.add_typer(bench.app, name="bench")
app.add_typer(slayer.app, name="slayer")
app.add_typer(loihi2.app, name="loihi2")
app.command()(graph)
app.command()(setup)
app.command("compile")(compile_kernels)


def _print_version(wanted: bool) -> None:
    if wanted:
        print(__version__)
        raise typer.Exit


@app.callback()
def root(
    version: Annotated[
        bool,
        typer.Option(
            "--version", callback=_print_version, is_eager=True, help="Show it."
        ),
    ] = False,
) -> None:
    """Neuromorphic applications for Lava."""


@app.command()
def demo(
    out: Annotated[Path, typer.Option(help="Folder for the figure.")] = Path("results"),
) -> None:
    """Restore damaged MNIST digits with a Hopfield network, in a few seconds."""
    start = time.perf_counter()
    hopfield.run_recall(out, as_json=False)
    Console().print(f"demo: {time.perf_counter() - start:.1f} s")


_REFUSALS = (
    *(DataError, DivergenceError, NetworkError, StateError),
    *(OSError, MemoryError),
)


def main() -> None:
    """Run the command line; bad arguments and missing data end it with status 2."""
    try:
        app()
    except ParameterError as error:
        option = error.parameter.replace("_", "-")
        print(f"lava-apps: --{option}: {error.complaint}", file=sys.stderr)
        sys.exit(2)
    except _REFUSALS as error:
        print(f"lava-apps: {error}", file=sys.stderr)
        sys.exit(2)


if __name__ == "__main__":
    main()
