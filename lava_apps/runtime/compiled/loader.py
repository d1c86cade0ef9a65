"""Compiling a generated loop, and keeping what was compiled on disk.

numba keeps compiled functions beside their source file, and looks whether that file
has changed, but not whether a function that it calls has. So the name of the file is
a hash of everything that is compiled into it.
"""

from __future__ import annotations

import hashlib
import itertools
import os
import sys
import threading
import types
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager, suppress
from importlib.metadata import version
from pathlib import Path
from typing import Any

import numba
import numpy as np
from llvmlite.binding import get_host_cpu_name
from numba.core.bytecode import FunctionIdentity
from numba.core.caching import NullCache
from numba.core.dispatcher import Dispatcher
from rich.console import Console

from lava_apps import __version__ as lava_apps_version
from lava_apps.files import replacing
from lava_apps.runtime.compiled.fingerprint import (
    UndescribableError,
    describe,
    functions_of,
)
from lava_apps.runtime.compiled.folder import PREFIX, cache_folder, prune

_FORMAT = "4"  # of the files; to be raised where older ones must not be read
_A_WHILE = 0.5  # seconds; to read a loop from the disk takes less
_LOADED: dict[str, tuple[Any, dict[str, Dispatcher]]] = {}
_LOADING = threading.RLock()  # numba's counter is changed meanwhile
_NUMBA = ((0, 60), (0, 69))  # versions in which that counter was seen: from, before
_NUMBERS_KNOWN = _NUMBA[0] <= tuple(
    int(n) for n in numba.__version__.split(".")[:2]
) < _NUMBA[1] and isinstance(
    getattr(FunctionIdentity, "_unique_ids", None), itertools.count
)


def load(
    source: str, functions: dict[str, Dispatcher], arguments: tuple[Any, ...]
) -> Any:
    """Compile the function ``run`` of a source for the types of some arguments.

    Parameters
    ----------
    source : str
        Of a module that defines ``run``.
    functions : dict of str to Dispatcher
        What it calls.
    arguments : tuple
        With which it will be called.

    Returns
    -------
    Dispatcher
        Compiled, or read from the disk.
    """
    types_of = ", ".join(str(numba.typeof(value)) for value in arguments)
    is_kept = not why_not_kept(functions.values())
    # What cannot be described is known by its identity, within this OS process.
    known = [describe(f) if is_kept else str(id(f)) for f in functions.values()]
    key = _hash(source, types_of, *known)
    with _LOADING:
        if key not in _LOADED:
            _LOADED[key] = _compile(key, source, functions, arguments, is_kept=is_kept)
        return _LOADED[key][0]


def _compile(
    key: str,
    source: str,
    functions: dict[str, Dispatcher],
    arguments: tuple[Any, ...],
    *,
    is_kept: bool,
) -> tuple[Any, dict[str, Dispatcher]]:
    name = f"{PREFIX}{key}"
    path = Path(f"<{name}>")
    is_new = True
    if is_kept:
        folder = cache_folder()
        path = folder / f"{name}.py"
        is_new = not path.exists()
        if is_new:
            prune(folder)
            with replacing(path) as part:
                part.write_text(source)
        else:
            with suppress(OSError):  # so that what is used is not pruned
                os.utime(path.with_suffix(".py"))
    module = types.ModuleType(name)
    vars(module).update(functions)
    sys.modules[name] = module  # numba looks the module up by name
    exec(compile(source, str(path), "exec"), vars(module))  # noqa: S102 - our own source
    run = numba.njit(cache=is_kept, nogil=True)(module.run)
    if any(f.targetoptions.get("parallel") for f in functions.values()):
        # Starts numba's threads. It does so itself where it compiles a parallel
        # function, but not where it reads one from the disk, and then crashes.
        numba.get_num_threads()
    with _said(), _own_symbols(key), _fresh(functions.values()):
        run.compile(tuple(numba.typeof(value) for value in arguments))
    return run, functions  # which must not be replaced by others of their identity


@contextmanager
def _own_symbols(key: str) -> Iterator[None]:
    """Let numba number functions from a place that belongs to this loop.

    The numbers are part of the symbols in what it compiles, and begin with 1 in each OS
    process. So loops from two of them can have different functions by the same symbol,
    and where both are read into one, the first would serve for both.
    """
    if not _NUMBERS_KNOWN:
        yield
        return
    numbers = FunctionIdentity._unique_ids
    FunctionIdentity._unique_ids = itertools.count(int(key[:12], 16))
    try:
        yield
    finally:
        FunctionIdentity._unique_ids = numbers


@contextmanager
def _said() -> Iterator[None]:
    """Say on stderr that something takes a while, once it does."""
    console = Console(stderr=True)
    if console.is_jupyter:  # there rich would ask for widgets, at each first run
        yield
        return
    status = console.status("compiling this graph, once for all runs")
    timer = threading.Timer(_A_WHILE, status.start)
    timer.daemon = True
    timer.start()
    try:
        yield
    finally:
        timer.cancel()
        timer.join()
        status.stop()


def why_not_kept(functions: Iterable[Dispatcher]) -> str:
    """Say why machine code with some functions in it is not kept on the disk.

    Parameters
    ----------
    functions : iterable of Dispatcher
        What a loop calls.

    Returns
    -------
    str
        Empty where it is kept.
    """
    if not _NUMBERS_KNOWN:
        return f"numba {numba.__version__} was not looked at for this"
    for function in functions:
        try:
            describe(function)
        except UndescribableError as error:
            name = function.py_func.__name__
            return f"{name} depends on {error}, of which a change would not be noticed"
    return ""


def _hash(*parts: str) -> str:
    digest = hashlib.sha256()
    versions = (
        *(_FORMAT, numba.__version__, np.__version__, sys.version),
        *(version("llvmlite"), get_host_cpu_name(), lava_apps_version),
    )
    for part in (*versions, *parts):
        digest.update(part.encode())
        digest.update(b"\0")
    return digest.hexdigest()[:24]


@contextmanager
def _fresh(functions: Iterable[Dispatcher]) -> Iterator[None]:
    """Let functions be compiled from their source, not read from numba's own files.

    Those are looked up by the file of a function alone, so that one that calls a
    function of another file would be what that once was.
    """
    held = []
    for function in functions:
        for inner in functions_of(function):
            if not isinstance(inner._cache, NullCache) and not inner.overloads:
                held.append((inner, inner._cache))
                inner._cache = NullCache()
    try:
        yield
    finally:
        for inner, cache in held:
            inner._cache = cache


Compiled = Callable[..., None]
