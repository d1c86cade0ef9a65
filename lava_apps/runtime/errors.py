"""What can go wrong when a graph runs."""

from __future__ import annotations

import sys
from functools import cache
from typing import Any


class BackendError(RuntimeError):
    """A backend cannot do what was asked of it."""


class DeadlockError(RuntimeError):
    """Every Process waits for another; the message names them and their ports."""


class ShapeError(ValueError):
    """A message, or the value of a Var, does not have the shape it must have."""


class KernelError(BackendError):
    """A kernel cannot be compiled for a graph."""


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


def as_runtime_error(error: BaseException) -> BaseException:
    """Make an exception a RuntimeError as well, which Lava raises for any.

    Scripts for Lava catch RuntimeError around ``Process.run``; others want to know what
    a ProcessModel raised. This serves both.

    Parameters
    ----------
    error : BaseException
        Raised by a ProcessModel.

    Returns
    -------
    BaseException
        The same for a RuntimeError, and for what is no Exception, such as
        KeyboardInterrupt; otherwise one of a class derived from its own and from
        RuntimeError, with its arguments, attributes, notes, cause and traceback.
    """
    if isinstance(error, RuntimeError) or not isinstance(error, Exception):
        return error
    try:
        made = _rebuild(type(error), _arguments(type(error), error), vars(error))
    except Exception:  # of a class that cannot be made anew or derived from
        return error
    made.__cause__, made.__context__ = error.__cause__, error.__context__
    made.__suppress_context__ = error.__suppress_context__
    return made.with_traceback(error.__traceback__)


def _rebuild(kind: Any, arguments: Any, attributes: Any) -> BaseException:
    both = _both(kind)
    if kind.__init__ in (getattr(b, "__init__", None) for b in _of_python(kind)):
        made = both(*arguments)  # which sets what Python keeps out of sight
    else:
        made = both.__new__(both, *arguments)
        made.args = arguments
    vars(made).update(attributes)
    return made  # type: ignore[no-any-return]


def _arguments(kind: Any, error: Any) -> Any:
    """Give what an exception is made from; the args of an OSError lack its file."""
    reduced = kind.__reduce__(error)
    own = isinstance(reduced, tuple) and issubclass(type(error), reduced[0])
    return reduced[1] if own else error.args


def _of_python(kind: Any) -> list[Any]:
    return [base for base in kind.__mro__ if base.__module__ == "builtins"]


@cache
def _both(kind: Any) -> Any:
    def reduce(self: Any) -> Any:
        return _rebuild, (kind, _arguments(kind, self), dict(vars(self)))

    content = {"__module__": kind.__module__, "__reduce__": reduce}
    made = type(kind.__name__, (kind, RuntimeError), content)
    made.__qualname__, made.__doc__ = kind.__qualname__, kind.__doc__
    return made
