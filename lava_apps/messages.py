"""How messages name Processes, and whom warnings are for."""

from __future__ import annotations

import sys
import warnings

from lava.magma.core.process.process import AbstractProcess


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
