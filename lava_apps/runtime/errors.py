"""What can go wrong when a graph runs."""

from __future__ import annotations

import sys
import warnings

from lava.magma.core.process.process import AbstractProcess


class BackendError(RuntimeError):
    """A backend cannot do what was asked of it."""


class DeadlockError(RuntimeError):
    """Every Process waits for another; the message names them and their ports."""


class ShapeError(ValueError):
    """A message, or the value of a Var, does not have the shape it must have."""


class BackendWarning(UserWarning):
    """A graph runs slower than it could; the message says why and what helps."""


def warn_caller(message: str, category: type[Warning]) -> None:
    """Warn, as of the line outside of this package that called it.

    Parameters
    ----------
    message : str
        What to say.
    category : type
        Kind of warning.
    """
    frame, level = sys._getframe(1), 2
    # pydantic calls constructors and methods of this package for their callers.
    inside = ("lava_apps.", "pydantic.")
    while frame.f_back and frame.f_globals.get("__name__", "").startswith(inside):
        frame, level = frame.f_back, level + 1
    warnings.warn(message, category, stacklevel=level)


def label(process: AbstractProcess) -> str:
    """Name a Process for a message.

    Parameters
    ----------
    process : AbstractProcess
        Any Process.

    Returns
    -------
    str
        Class and name, such as ``LIF 'Process_3'``.
    """
    return f"{type(process).__name__} {process.name!r}"


def add_context(error: BaseException, context: str) -> None:
    """Add to an exception where it was raised, without changing what it is.

    Parameters
    ----------
    error : BaseException
        Raised by a ProcessModel; later shown with `context`.
    context : str
        Process, phase and time step.
    """
    if sys.version_info >= (3, 11):
        error.add_note(context)
    elif error.args and isinstance(error.args[0], str):  # notes came with 3.11
        error.args = (f"{error.args[0]}\n{context}", *error.args[1:])
    else:
        error.args = (*error.args, context)
