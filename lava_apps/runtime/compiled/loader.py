"""Compiling a generated loop, and keeping what was compiled on disk.

numba keeps compiled functions beside their source file, and looks whether that file
has changed, but not whether a function that it calls has. So the name of the file is
a hash of everything that is compiled into it.
"""

from __future__ import annotations

import hashlib
import itertools
import sys
import tempfile
import threading
import types
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import numba
import numpy as np
import pooch
from numba.core.bytecode import FunctionIdentity
from numba.core.dispatcher import Dispatcher
from rich.console import Console

from lava_apps.files import replacing

_FORMAT = "3"  # of the files; to be raised where older ones must not be read
_A_WHILE = 0.5  # seconds; to read a loop from the disk takes less
_LOADED: dict[str, Any] = {}


def cache_folder() -> Path:
    """Give the folder for compiled loops; it is made if it can be.

    Returns
    -------
    pathlib.Path
        Below numba's ``NUMBA_CACHE_DIR`` if that is set, otherwise in the user's
        cache, or in a temporary folder where neither can be written to.
    """
    given = numba.config.CACHE_DIR
    wanted = Path(given) if given else Path(pooch.os_cache("lava_apps"))
    try:
        (wanted / "loops").mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryFile(dir=wanted / "loops"):
            return wanted / "loops"
    except OSError:
        return Path(tempfile.mkdtemp(prefix="lava_apps-"))


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
    key = _hash(source, types_of, *[_fingerprint(f) for f in functions.values()])
    if key in _LOADED:
        return _LOADED[key]
    name = f"lava_apps_loop_{key}"
    path = cache_folder() / f"{name}.py"
    if not path.exists():
        with replacing(path) as part:
            part.write_text(source)
    module = types.ModuleType(name)
    vars(module).update(functions)
    sys.modules[name] = module  # numba looks the module up by name
    exec(compile(source, str(path), "exec"), vars(module))  # noqa: S102 - our own source
    run = numba.njit(cache=True, nogil=True)(module.run)
    if any(f.targetoptions.get("parallel") for f in functions.values()):
        # Starts numba's threads. It does so itself where it compiles a parallel
        # function, but not where it reads one from the disk, and then crashes.
        numba.get_num_threads()
    with _said(), _own_symbols(key):
        run.compile(tuple(numba.typeof(value) for value in arguments))
    _LOADED[key] = run
    return run


@contextmanager
def _own_symbols(key: str) -> Iterator[None]:
    """Let numba number functions from a place that belongs to this loop.

    The numbers are part of the symbols in what it compiles, and begin with 1 in each OS
    process. So loops from two of them can have different functions by the same symbol,
    and where both are read into one, the first would serve for both.
    """
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


def _hash(*parts: str) -> str:
    digest = hashlib.sha256()
    versions = (_FORMAT, numba.__version__, np.__version__, sys.version)
    for part in (*versions, *parts):
        digest.update(part.encode())
        digest.update(b"\0")
    return digest.hexdigest()[:24]


def _fingerprint(function: Dispatcher, seen: set[int] | None = None) -> str:
    """Describe the code of a compiled function and of all that it calls."""
    seen = set() if seen is None else seen
    if id(function) in seen:
        return ""
    seen.add(id(function))
    python = function.py_func
    parts = [_code(python.__code__), repr(function.targetoptions)]
    names = sorted(_names(python.__code__))
    values = [python.__defaults__, sorted((python.__kwdefaults__ or {}).items())]
    values += [cell.cell_contents for cell in python.__closure__ or ()]
    for value in [python.__globals__.get(name) for name in names]:
        values.append(value)
        if isinstance(value, types.ModuleType):  # what is reached through it
            # Not getattr: numpy warns of names that it no longer has.
            values += [vars(value).get(name) for name in names]
    parts += [_describe(value, seen) for value in values]
    return "\n".join(parts)


def _describe(value: Any, seen: set[int]) -> str:
    """Describe a value that a compiled function takes over as it is."""
    if isinstance(value, Dispatcher):
        return _fingerprint(value, seen)
    if isinstance(value, np.ndarray):
        return f"{value.dtype} {value.shape} {value.tobytes().hex()}"
    if isinstance(value, (list, tuple)):
        return f"({', '.join(_describe(part, seen) for part in value)})"
    is_constant = isinstance(value, (bool, int, float, complex, str, np.generic))
    return repr(value) if is_constant else ""


def _names(code: types.CodeType) -> set[str]:
    inner = [c for c in code.co_consts if isinstance(c, types.CodeType)]
    return set(code.co_names).union(*map(_names, inner))


def _code(code: types.CodeType) -> str:
    constants = [
        _code(c) if isinstance(c, types.CodeType) else repr(c) for c in code.co_consts
    ]
    parts = [code.co_code.hex(), *constants, *code.co_names, *code.co_varnames]
    return "\n".join(parts)


Compiled = Callable[..., None]
