"""Compiling a generated loop, and keeping what was compiled on disk.

numba keeps compiled functions beside their source file, and looks whether that file
has changed, but not whether a function that it calls has. So the name of the file is
a hash of everything that is compiled into it.
"""

from __future__ import annotations

import hashlib
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
from numba.core.dispatcher import Dispatcher
from rich.console import Console

from lava_apps.files import replacing

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
    with _said():
        run.compile(tuple(numba.typeof(value) for value in arguments))
    _LOADED[key] = run
    return run


@contextmanager
def _said() -> Iterator[None]:
    """Say on stderr that something takes a while, once it does."""
    status = Console(stderr=True).status("compiling this graph, once for all runs")
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
    versions = (numba.__version__, np.__version__, sys.version)
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
    closure = [c.cell_contents for c in python.__closure__ or ()]
    names = sorted(_names(python.__code__))
    for value in (*closure, *(python.__globals__.get(n) for n in names)):
        if isinstance(value, Dispatcher):
            parts.append(_fingerprint(value, seen))
        elif isinstance(value, (bool, int, float, str, tuple, np.generic, np.ndarray)):
            parts.append(repr(value))
    return "\n".join(parts)


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
