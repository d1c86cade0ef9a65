"""Graphs named on a command line: a function that makes one, or a file of lava-dl."""

from __future__ import annotations

import importlib
import inspect
import sys
from pathlib import Path

import typer

from lava_apps.apps.options import errors
from lava_apps.datasets import DataError
from lava_apps.netx import NetworkError, load_network

from lava.magma.core.process.process import AbstractProcess


def load_or_exit(target: str) -> AbstractProcess:
    """Make the graph that a command line names, or end the command.

    Parameters
    ----------
    target : str
        As for :func:`load_target`.

    Returns
    -------
    AbstractProcess
        A Process of the graph.

    Raises
    ------
    DataError, NetworkError, OSError
        As of :func:`load_target`; the command line says them in a line.
    typer.Exit
        With status 2, when the user's factory raised, whose traceback was shown.
    """
    try:
        return load_target(target)
    except (DataError, NetworkError, OSError):
        raise
    except Exception:
        errors.print_exception()
        raise typer.Exit(2) from None


def load_target(target: str) -> AbstractProcess:
    """Make the graph that a text names.

    Parameters
    ----------
    target : str
        ``package.module:factory``, where calling the factory without arguments gives
        a Process of the graph; modules are looked for in the working directory, too.
        Or a network of lava-dl, a file that ends in ``.net``.

    Returns
    -------
    AbstractProcess
        A Process of the graph.

    Raises
    ------
    DataError
        For a text that names no graph, saying what is wrong.
    NetworkError
        For a file that is no network.
    Exception
        What importing the module or the factory raised.
    """
    if target.endswith(".net"):
        return load_network(Path(target))
    module_name, colon, name = target.partition(":")
    if not (module_name and colon and name):
        raise DataError(f"{target!r}: must be package.module:factory or a .net file")
    here = str(Path.cwd())
    if here not in sys.path:
        sys.path.insert(0, here)
    try:
        module = importlib.import_module(module_name)
    except ModuleNotFoundError as error:
        # One that is missing inside of the module is the module's own error.
        if error.name is None or not f"{module_name}.".startswith(f"{error.name}."):
            raise
        raise DataError(f"{target!r}: there is no module {error.name!r}") from None
    factory = getattr(module, name, None)
    if not callable(factory):
        problem = "has no such function" if factory is None else "cannot be called"
        raise DataError(f"{target!r}: {name!r} of {module_name} {problem}")
    try:
        inspect.signature(factory).bind()
    except (TypeError, ValueError):
        problem = "must be a function without arguments"
        raise DataError(f"{target!r}: {name!r} {problem}") from None
    made = factory()
    if not isinstance(made, AbstractProcess):
        kind = type(made).__name__
        raise DataError(f"{target!r}: must return a Process, returned {kind}")
    return made
