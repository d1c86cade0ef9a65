"""Command line of installing Lava."""

from __future__ import annotations

import shlex
import sys
from typing import Annotated

import typer

from lava_apps.apps.setup.installing import InstallError, command, install, steps


def setup(
    extra: Annotated[
        list[str] | None,
        typer.Option(help="An extra too: dl (deep networks), tables, testing."),
    ] = None,
    dry_run: Annotated[
        bool, typer.Option("--dry-run", help="Show the commands, and run none.")
    ] = False,
) -> None:
    """Install Lava into this Python, with its own pip or uv; nothing else changes."""
    try:
        todo = [step for step in steps(extra or []) if step.missing]
        for step in todo:
            if dry_run:
                _show(command(step))
            else:
                install(step, _show)
    except InstallError as error:
        print(f"lava-apps: {error}", file=sys.stderr)
        raise typer.Exit(1) from None
    if not todo:
        print("all is installed")
    elif not dry_run:
        print("installed; `lava-apps demo` tries it")


def _show(words: list[str]) -> None:
    print(f"$ {shlex.join(words)}", flush=True)
