"""What the command lines of the applications share."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Literal

import typer
from rich.console import Console
from rich.progress import (
    BarColumn,
    Progress,
    TaskProgressColumn,
    TextColumn,
    TimeRemainingColumn,
)

from lava_apps.loihi2.run_configs import Precision

errors = Console(stderr=True)

Json = Annotated[
    bool, typer.Option("--json", help="Print one JSON object, nothing else.")
]
Out = Annotated[Path, typer.Option(help="Folder for the figure.")]
SeedOption = Annotated[int, typer.Option(help="Seed of everything random.")]
BackendOption = Annotated[
    Literal["auto", "compiled", "inline", "lava"],
    typer.Option(help="compiled or inline: this OS process; lava: Lava's runtime."),
]
PrecisionOption = Annotated[
    Precision, typer.Option(help="Precision of the ProcessModels.")
]


def progress_bar() -> Progress:
    """Make a progress bar that leaves stdout alone.

    Returns
    -------
    rich.progress.Progress
        It shows only on a terminal, and vanishes when done.
    """
    columns = (TextColumn("{task.description}"), BarColumn(), TaskProgressColumn())
    return Progress(
        *columns,
        TimeRemainingColumn(),
        console=errors,
        transient=True,
        disable=not errors.is_terminal,
    )


def refuse_options(context: typer.Context) -> None:
    """Refuse options that stand before a subcommand, which would be lost.

    Parameters
    ----------
    context : typer.Context
        Of the command that has subcommands.

    Raises
    ------
    typer.BadParameter
        Naming the first such option.
    """
    for name in context.params:
        source = context.get_parameter_source(name)
        if source is not None and source.name == "COMMANDLINE":
            option = name.removeprefix("as_").replace("_", "-")
            problem = f"--{option} must stand after {context.invoked_subcommand!r}"
            raise typer.BadParameter(problem)
