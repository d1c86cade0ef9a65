"""Graphs named on a command line: a function that makes one, or a file of lava-dl."""

from __future__ import annotations

import importlib
import importlib.util
import inspect
import re
import sys
import traceback
from pathlib import Path
from types import ModuleType
from typing import Any

import typer

import lava_apps
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
    except Exception as error:
        show_error(target, error)
        raise typer.Exit(2) from None


def show_error(target: str, error: BaseException) -> None:
    """Show on stderr what a user's code raised: where in it, and what.

    Parameters
    ----------
    target : str
        What the command line names.
    error : BaseException
        What was raised. Frames of this package and of Python's import are left out.
    """
    shown = traceback.TracebackException.from_exception(error)
    part: traceback.TracebackException | None = shown
    while part is not None:
        own = [frame for frame in part.stack if not _is_machinery(frame.filename)]
        part.stack = traceback.StackSummary.from_list(own)
        part = part.__cause__ or part.__context__
    print(f"lava-apps: {target}: its code raised an error", file=sys.stderr)
    print("".join(shown.format()), end="", file=sys.stderr)


def _is_machinery(file: str) -> bool:
    inside = str(Path(lava_apps.__file__).parent)
    return file.startswith((inside, "<frozen importlib", importlib.__path__[0]))


def load_target(target: str) -> AbstractProcess:
    """Make the graph that a text names.

    Parameters
    ----------
    target : str
        ``package.module:factory`` or ``path/to/file.py:factory``, where calling the
        factory without arguments gives a Process of the graph. Modules are looked for
        in the working directory, too, and what a file imports beside it. Or a network
        of lava-dl, a file that ends in ``.net``.

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
        return load_network(Path(target).expanduser())
    # The last one: a path of Windows has a colon, too.
    place, colon, name = target.rpartition(":")
    if target.endswith(".py"):
        problem = f"say which function of it makes the graph, as in {target}:factory"
        raise DataError(f"{target!r}: {problem}")
    if not (place and colon and name):
        forms = "package.module:factory, path/to/file.py:factory or a .net file"
        raise DataError(f"{target!r}: must be {forms}")
    try:
        module = _import(target, place)
        made = _factory(target, place, getattr(module, name, None), name)()
    except SystemExit:
        problem = "its code ends Python (sys.exit); it must return a Process"
        raise DataError(f"{target!r}: {problem}") from None
    if not isinstance(made, AbstractProcess):
        kind = "nothing" if made is None else type(made).__name__
        raise DataError(f"{target!r}: must return a Process, returned {kind}")
    return made


def _factory(target: str, place: str, factory: Any, name: str) -> Any:
    if not callable(factory):
        problem = "has no such function" if factory is None else "cannot be called"
        if isinstance(factory, AbstractProcess):
            problem += ": it is a Process; name a function that returns it"
        raise DataError(f"{target!r}: {name!r} of {place} {problem}")
    try:
        inspect.signature(factory).bind()
    except (TypeError, ValueError):
        problem = "must be a function without arguments"
        raise DataError(f"{target!r}: {name!r} {problem}") from None
    return factory


def _import(target: str, place: str) -> ModuleType:
    if place.endswith(".py") or "/" in place or "\\" in place:
        return _import_file(target, Path(place).expanduser())
    _look_in(Path.cwd())
    try:
        return importlib.import_module(place)
    except ModuleNotFoundError as error:
        # One that is missing inside of the module is the module's own error.
        if error.name is None or not f"{place}.".startswith(f"{error.name}."):
            raise
        raise DataError(f"{target!r}: there is no module {error.name!r}") from None
    except TypeError:
        if not place.startswith("."):
            raise
        problem = "a module is named from its package on, without a dot before it"
        raise DataError(f"{target!r}: {problem}") from None


def _import_file(target: str, path: Path) -> ModuleType:
    if path.suffix != ".py":
        raise DataError(f"{target!r}: {path} must be a Python file, ending in .py")
    if not path.is_file():
        what = "is a folder" if path.is_dir() else "there is no such file"
        raise DataError(f"{target!r}: {path}: {what}")
    path = path.resolve()
    _look_in(path.parent)
    name = re.sub(r"\W", "_", path.stem)
    known = sys.modules.get(name)
    if known is not None and getattr(known, "__file__", None) == str(path):
        return known
    if known is not None or name in sys.stdlib_module_names:
        name = f"lava_apps_target_{name}"
    spec = importlib.util.spec_from_file_location(name, path)
    if spec is None or spec.loader is None:
        raise DataError(f"{target!r}: {path}: cannot be imported")
    module = importlib.util.module_from_spec(spec)
    sys.modules[name] = module  # where Lava looks for the ProcessModels of Processes
    try:
        spec.loader.exec_module(module)
    except BaseException:
        del sys.modules[name]
        raise
    return module


def _look_in(folder: Path) -> None:
    if str(folder) not in sys.path:
        sys.path.insert(0, str(folder))
