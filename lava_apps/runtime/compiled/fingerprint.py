"""A description of everything that machine code is made from.

Machine code on the disk may be used as long as nothing has changed that it was made
from: a function, the plain functions and constants that it uses, what those use, in
whatever module they stand. What cannot be described is an :class:`UndescribableError`;
such code is not kept.
"""

from __future__ import annotations

import builtins
import contextlib
import enum
import types
from typing import Any

import numba
import numpy as np
from numba.core.dispatcher import Dispatcher
from numba.core.extending import _Intrinsic

# Of these the versions are a part of the description of all code.
_LIBRARIES = ("builtins", "cmath", "math", "numba", "numpy", "operator", "llvmlite")
_PLAIN = (bool, int, float, complex, str, bytes, type(None), type(...), range, slice)


class UndescribableError(Exception):
    """Something that code depends on cannot be described."""


def describe(function: Any) -> str:
    """Describe a function and all that it uses.

    Parameters
    ----------
    function : Dispatcher or callable
        What numba compiles.

    Returns
    -------
    str
        The same as long as the code is.

    Raises
    ------
    UndescribableError
        Naming what cannot be.
    """
    return _Description().of(function)


def functions_of(function: Any) -> list[Any]:
    """List the compiled functions that a function calls, itself included.

    Parameters
    ----------
    function : Dispatcher
        What numba compiles.

    Returns
    -------
    list of Dispatcher
        As far as they can be found.
    """
    description = _Description()
    with contextlib.suppress(UndescribableError):
        description.of(function)
    return description.dispatchers


class _Description:
    """Describes each object once."""

    def __init__(self) -> None:
        self._seen: dict[int, Any] = {}
        self.dispatchers: list[Any] = []

    def of(self, value: Any) -> str:
        if isinstance(value, _PLAIN):
            return f"{type(value).__name__} {value!r}"
        if isinstance(value, (np.generic, np.dtype)):
            return f"{type(value).__name__} {value!r}"
        if isinstance(value, np.ndarray):
            if value.dtype == object:
                raise UndescribableError("an array of objects")
            return f"{value.dtype} {value.shape} {value.tobytes().hex()}"
        if id(value) in self._seen:
            return "seen"
        self._seen[id(value)] = value  # kept, or another could take its place
        if isinstance(value, Dispatcher):
            self.dispatchers.append(value)
            return f"{self._code_of(value.py_func)} {value.targetoptions!r}"
        if isinstance(value, _Intrinsic):
            return f"intrinsic {self.of(value._defn)}"
        if isinstance(value, types.ModuleType):
            return f"module {value.__name__}"
        if isinstance(value, (tuple, list, frozenset, set)):
            return self._collection(value)
        if isinstance(value, dict):
            parts = (f"{self.of(k)}: {self.of(v)}" for k, v in value.items())
            return f"{{{', '.join(parts)}}}"
        if isinstance(value, enum.Enum):
            return f"{type(value).__qualname__} {self.of(value.value)}"
        if isinstance(value, numba.types.Type):
            return f"type {value}"
        if _is_of_a_library(value):
            owner = getattr(value, "__module__", type(value).__module__)
            return f"{owner}.{getattr(value, '__qualname__', value)}"
        if isinstance(value, types.FunctionType):
            return f"{self._code_of(value)} {self._overloads(value)}"
        if isinstance(value, type):
            return self._class(value)
        raise UndescribableError(f"{_name(value)} of type {type(value).__name__}")

    def _collection(self, value: Any) -> str:
        parts = [self.of(part) for part in value]
        if isinstance(value, (set, frozenset)):
            parts.sort()
        return f"{type(value).__qualname__}({', '.join(parts)})"

    def _class(self, value: Any) -> str:
        if issubclass(value, enum.Enum):
            members = ((m.name, self.of(m.value)) for m in value)
            return f"{value.__qualname__} {dict(members)}"
        if issubclass(value, tuple) and hasattr(value, "_fields"):
            return f"{value.__qualname__} {value._fields}"
        raise UndescribableError(f"the class {value.__qualname__}")

    def _code_of(self, function: Any) -> str:
        """Describe a Python function: its code, and what that refers to."""
        code = function.__code__
        names = _names(code)
        values: list[Any] = [function.__defaults__, function.__kwdefaults__]
        for cell in function.__closure__ or ():
            try:
                values.append(cell.cell_contents)
            except ValueError:  # not filled: a function that refers to itself
                values.append(None)
        parts = [_code(code)]
        for name in sorted(names):
            found = function.__globals__.get(name, getattr(builtins, name, None))
            parts.append(name)
            values.append(found)
        parts += [self.of(value) for value in values]
        for value in values:
            if isinstance(value, types.ModuleType):
                parts.append(self._through(value, names, set()))
        return "\n".join(parts)

    def _through(self, module: Any, names: set[str], seen: set[int]) -> str:
        """Describe what is reached through a module, and through modules in it."""
        if id(module) in seen or _is_of_a_library(module):
            return ""
        seen.add(id(module))
        parts = []
        for name in sorted(names):
            # Not getattr: numpy warns of names that it no longer has.
            value = vars(module).get(name)
            if isinstance(value, types.ModuleType):
                parts.append(f"{name} {self._through(value, names, seen)}")
            elif name in vars(module):
                parts.append(f"{name} {self.of(value)}")
        return "\n".join(parts)

    def _overloads(self, function: Any) -> str:
        """Describe what numba compiles in the place of a plain function."""
        try:
            context = numba.core.registry.cpu_target.typing_context
            context.refresh()  # or those of modules just imported are not seen
            templates = context.resolve_value_type(function).templates
            stand_ins = [template._overload_func for template in templates]
        except Exception:  # numba knows none: it will not compile this
            return "plain"
        return " ".join(self.of(stand_in) for stand_in in stand_ins)


def _name(value: Any) -> str:
    return str(getattr(value, "__qualname__", getattr(value, "__name__", repr(value))))


def _is_of_a_library(value: Any) -> bool:
    """Tell whether a module, function or class is one whose version is known."""
    if isinstance(value, types.ModuleType):
        name: Any = value.__name__
    elif callable(value):
        name = getattr(value, "__module__", None)
        if not isinstance(name, str):
            name = type(value).__module__  # numpy's ufuncs have none
    else:
        return False  # an object of theirs, whose state is another matter
    return str(name).partition(".")[0] in _LIBRARIES


def _names(code: types.CodeType) -> set[str]:
    inner = [c for c in code.co_consts if isinstance(c, types.CodeType)]
    return set(code.co_names).union(*map(_names, inner))


def _code(code: types.CodeType) -> str:
    constants = [
        _code(c) if isinstance(c, types.CodeType) else repr(c) for c in code.co_consts
    ]
    parts = [code.co_code.hex(), *constants, *code.co_names, *code.co_varnames]
    return "\n".join(parts)
