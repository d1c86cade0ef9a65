"""What can go wrong when a graph runs."""

from __future__ import annotations

import sys


class BackendError(RuntimeError):
    """A backend cannot do what was asked of it."""


class DeadlockError(RuntimeError):
    """Every Process waits for another; the message names them and their ports."""


class ShapeError(ValueError):
    """A message, or the value of a Var, does not have the shape it must have."""


class BackendWarning(UserWarning):
    """A graph runs slower than it could; the message says why and what helps."""


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
