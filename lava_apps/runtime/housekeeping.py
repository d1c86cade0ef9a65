"""Habits of Lava's that cost time and memory, mended.

Lava keeps every Process and Var that was ever made, adds a handler to the root
logger for each Process (so that a message is printed as often as there were
Processes), and executes the files of a Process' folder at each compilation. Here
it keeps them while somebody else does, logs once, and remembers which
ProcessModels it found. How it walks along connections is in
:mod:`lava_apps.graphs`.
"""

from __future__ import annotations

import functools
import logging
import sys
import weakref
from collections.abc import Callable
from typing import Any

from lava_apps import graphs

from lava.magma.compiler.compiler import Compiler
from lava.magma.compiler.compiler_graphs import ProcGroupDiGraphs
from lava.magma.core.process.process import AbstractProcess, ProcessServer
from lava.magma.core.process.variable import VarServer

Finder = Callable[[AbstractProcess], list[type]]


_DECLARED: dict[type, list[type]] = {}


class _Living(weakref.WeakSet[Any]):
    """Stands for the list in which Lava's servers keep what was made."""

    append = weakref.WeakSet.add


_LAVAS_HANDLERS: weakref.WeakSet[Any] = weakref.WeakSet()
_LOGGERS: dict[Any, logging.Logger] = {
    AbstractProcess: logging.getLogger(),
    Compiler: logging.getLogger(Compiler.__module__),
}


def install() -> None:
    """Mend them; a second call changes nothing."""
    graphs.install()
    for server, name in ((ProcessServer(), "processes"), (VarServer(), "vars")):
        if not isinstance(getattr(server, name), _Living):
            setattr(server, name, _Living(getattr(server, name)))
    if not hasattr(ProcGroupDiGraphs._find_proc_models, "__wrapped__"):
        find = remembering(ProcGroupDiGraphs._find_proc_models)
        ProcGroupDiGraphs._find_proc_models = staticmethod(find)


def declare_models(process: type, models: list[type]) -> None:
    """Say which ProcessModels a Process has, so that Lava does not look for them.

    It would execute the files of the Process' folder, whatever they import.

    Parameters
    ----------
    process : type
        A Process class.
    models : list of type
        All of its ProcessModels.
    """
    install()
    _DECLARED[process] = list(models)


def thin_out_log_handlers() -> None:
    """Keep one of those handlers that Lava added to a logger again and again.

    Handlers that somebody else added stay, whatever they look like.
    """
    for logger in _LOGGERS.values():
        kept = set()
        lavas: list[Any] = [h for h in logger.handlers if h in _LAVAS_HANDLERS]
        for handler in lavas:
            form = handler.formatter._fmt if handler.formatter else None
            kind = (id(handler.stream), handler.level, form)
            if kind in kept:
                logger.removeHandler(handler)
            kept.add(kind)


def note_log_handlers() -> None:
    """Let it be known which handlers Lava adds; a second call changes nothing."""
    for cls, logger in _LOGGERS.items():
        if not hasattr(cls.__init__, "notes_handlers"):
            cls.__init__ = _noting(cls.__init__, logger)


def _noting(init: Callable[..., None], logger: logging.Logger) -> Callable[..., None]:
    @functools.wraps(init)
    def noted(self: Any, *arguments: Any, **named: Any) -> None:
        before = len(logger.handlers)
        init(self, *arguments, **named)
        added = logger.handlers[before:]
        _LAVAS_HANDLERS.update(h for h in added if type(h) is logging.StreamHandler)

    noted.notes_handlers = True  # type: ignore[attr-defined]
    return noted


def remembering(find: Finder) -> Finder:
    """Remember what was found for Process classes of modules that are files.

    Parameters
    ----------
    find : callable
        Gives the ProcessModels of a Process.

    Returns
    -------
    callable
        The same, asked once a class. Classes of the main script or a notebook
        are asked for each time: models may be added there.
    """
    known: weakref.WeakKeyDictionary[type, list[type]] = weakref.WeakKeyDictionary()

    @functools.wraps(find)
    def find_once(proc: AbstractProcess) -> list[type]:
        cls = type(proc)
        if cls in _DECLARED:
            return list(_DECLARED[cls])
        module = sys.modules.get(cls.__module__)
        if cls.__module__ == "__main__" or not getattr(module, "__file__", None):
            return find(proc)
        if cls not in known:
            known[cls] = find(proc)
        return list(known[cls])

    return find_once
