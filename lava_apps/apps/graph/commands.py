"""Command line of the drawing of a process graph."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console

from lava_apps.apps.target import load_or_exit
from lava_apps.plotting import check_figure, draw_graph, save_figure


def graph(
    target: Annotated[
        str, typer.Argument(help="package.module:factory, or a .net file of lava-dl.")
    ],
    out: Annotated[
        Path, typer.Option(help="File to write, .png or .svg.", dir_okay=False)
    ] = Path("results/graph.png"),
    title: Annotated[str, typer.Option(help="Above the drawing.")] = "",
) -> None:
    """Draw a process graph: Processes, their ports, and the shapes of messages."""
    check_figure(out)
    drawing = draw_graph(load_or_exit(target), title=title)
    Console().print(f"figure: {save_figure(drawing, out)}")
