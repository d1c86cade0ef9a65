"""Compiling generated functions, and keeping what was compiled on disk.

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
from collections.abc import Iterable, Iterator
from contextlib import contextmanager, suppress
from functools import cache
from importlib.metadata import version
from pathlib import Path
from typing import Any, NamedTuple

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
_A_WHILE = 0.5  # seconds
_LOADED: dict[str, tuple[Any, Source]] = {}
_LOADING = threading.RLock()  # numba's counter is changed meanwhile
_NUMBA = ((0, 60), (0, 69))  # versions in which that counter was seen: from, before
_NUMBERS_KNOWN = _NUMBA[0] <= tuple(
    int(n) for n in numba.__version__.split(".")[:2]
) < _NUMBA[1] and isinstance(
    getattr(FunctionIdentity, "_unique_ids", None), itertools.count
)


class Source(NamedTuple):
    """Of a module that defines a function ``run``.

    Parameters
    ----------
    text : str
        The source.
    names : dict of str to object
        What it refers to: compiled functions, types, constants.
    signature : tuple of numba.types.Type
        Types of the arguments of ``run``.
    """

    text: str
    names: dict[str, Any]
    signature: tuple[Any, ...]

    @property
    def functions(self) -> list[Dispatcher]:
        """What it calls."""
        return [v for v in self.names.values() if isinstance(v, Dispatcher)]


def load(sources: list[Source]) -> list[Any]:
    """Compile functions, as far as they were not compiled before.

    Parameters
    ----------
    sources : list of Source
        Of each.

    Returns
    -------
    list of Dispatcher
        Of each its ``run``: compiled, or read from the disk.
    """
    keys = [_key(source) for source in sources]
    with _LOADING:
        missing = {k: s for k, s in zip(keys, sources, strict=True) if k not in _LOADED}
        new = {key: s for key, s in missing.items() if not _is_on_disk(key)}
        for key, source in missing.items():
            if key not in new:
                _LOADED[key] = _compile(key, source)
        with _said():
            for key, source in new.items():
                _LOADED[key] = _compile(key, source)
        return [_LOADED[key][0] for key in keys]


def _key(source: Source) -> str:
    values = source.names.values()
    # What cannot be described is known by its identity, within this OS process.
    describe_one = _identity if why_not_kept(values) else describe
    known = [describe_one(value) for value in values]
    return _hash(source.text, str(source.signature), *known)


def _identity(value: Any) -> str:
    return f"{value}" if isinstance(value, numba.types.Type) else str(id(value))


def _is_on_disk(key: str) -> bool:
    return (cache_folder() / f"{PREFIX}{key}.py").exists()


def _compile(key: str, source: Source) -> tuple[Any, Source]:
    is_kept = not why_not_kept(source.names.values())
    name = f"{PREFIX}{key}"
    path = Path(f"<{name}>")
    if is_kept:
        folder = cache_folder()
        path = folder / f"{name}.py"
        if path.exists():
            with suppress(OSError):  # so that what is used is not pruned
                os.utime(path)
        else:
            prune(folder)
            with replacing(path) as part:
                part.write_text(source.text)
    module = types.ModuleType(name)
    vars(module).update(source.names)
    sys.modules[name] = module  # numba looks the module up by name
    exec(compile(source.text, str(path), "exec"), vars(module))  # noqa: S102 - our own
    run = numba.njit(cache=is_kept, nogil=True)(module.run)
    if any(f.targetoptions.get("parallel") for f in source.functions):
        # Starts numba's threads. It does so itself where it compiles a parallel
        # function, but not where it reads one from the disk, and then crashes.
        numba.get_num_threads()
    with _own_symbols(key), _fresh(source.functions):
        run.compile(source.signature)
    return run, source  # whose values must not give way to others of their identity


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
    status = console.status("compiling kernels, once for all graphs")
    timer = threading.Timer(_A_WHILE, status.start)
    timer.daemon = True
    timer.start()
    try:
        yield
    finally:
        timer.cancel()
        timer.join()
        status.stop()


def why_not_kept(values: Iterable[Any]) -> str:
    """Say why machine code that is made of some values is not kept on the disk.

    Parameters
    ----------
    values : iterable
        Functions and constants.

    Returns
    -------
    str
        Empty where it is kept.
    """
    if not _NUMBERS_KNOWN:
        return f"numba {numba.__version__} was not looked at for this"
    for value in values:
        try:
            describe(value)
        except UndescribableError as error:
            name = getattr(getattr(value, "py_func", value), "__name__", repr(value))
            return f"{name} depends on {error}, of which a change would not be noticed"
    return ""


@cache
def _versions() -> tuple[str, ...]:
    return (
        *(_FORMAT, numba.__version__, np.__version__, sys.version),
        *(version("llvmlite"), get_host_cpu_name(), lava_apps_version),
    )


def _hash(*parts: str) -> str:
    digest = hashlib.sha256()
    for part in (*_versions(), *parts):
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
