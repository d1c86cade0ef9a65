"""Everything that a run depends on, as plain data: taken, put back, written, read.

The state of a graph is, for each ProcessModel, every attribute that is data (Vars
and whatever else it keeps between time steps: traces, flags, random generators),
and for each channel the messages in flight. A *tree* holds it: dicts, lists,
scalars, strings and arrays. In a file the arrays are npz entries and the rest is
JSON; nothing is pickled.
"""

from __future__ import annotations

import json
import random
import zipfile
from collections import deque
from enum import Enum
from logging import Logger
from pathlib import Path
from types import CodeType, ModuleType
from typing import Any

import numpy as np
from scipy.sparse import csr_matrix

from lava_apps.files import replacing

from lava.magma.core.model.py.ports import AbstractPyPort

SCHEMA = 1
_HEADER = "header"
_BAD_ZIP = (zipfile.BadZipFile, AttributeError)  # .npy files have no .files
_SCALARS = (bool, int, float, complex, str, type(None))
_SEQUENCES: dict[str, Any] = {
    **{"list": list, "tuple": tuple, "deque": deque},
    **{"set": set, "frozenset": frozenset},
}
# They do not change, or are Lava's machinery and no state.
_CONSTANTS = (
    Enum,
    bytes,
    np.dtype,
    range,
    slice,
    CodeType,
    ModuleType,
    AbstractPyPort,
    Logger,
)


class StateError(ValueError):
    """A state, or a file that should hold one, is not of this graph, or damaged."""


class NoState(Exception):  # noqa: N818 - a signal, not an error
    """An object holds nothing that can be kept as data."""


def capture(value: Any, seen: set[int] | None = None) -> Any:
    """Copy a value as a tree.

    Parameters
    ----------
    value : object
        Any value; objects are taken attribute by attribute.
    seen : set of int, optional
        Objects that were taken already; each is taken once.

    Returns
    -------
    object
        A tree that shares nothing with the value.

    Raises
    ------
    NoState
        For functions, classes and other things that do not change.
    StateError
        For what may change and cannot be kept as data, such as an open file.
    """
    if isinstance(value, np.ndarray) and value.dtype != object:
        return value.copy()
    if isinstance(value, (np.generic, *_SCALARS)):
        return value
    if isinstance(value, csr_matrix):
        parts = ("data", "indices", "indptr")
        return {"csr": {name: getattr(value, name).copy() for name in parts}}
    if isinstance(value, np.random.Generator):
        return {"generator": capture(value.bit_generator.state)}
    if isinstance(value, np.random.RandomState):
        return {"generator": capture(value.get_state(legacy=False))}
    if isinstance(value, random.Random):
        return {"generator": capture(value.getstate())}
    if callable(value) or isinstance(value, _CONSTANTS):
        raise NoState
    seen = set() if seen is None else seen
    if id(value) in seen:
        raise NoState
    seen.add(id(value))
    for kind, cls in _SEQUENCES.items():
        if isinstance(value, cls):
            return {kind: [_capture_item(item, seen) for item in value]}
    if isinstance(value, dict):
        return {"dict": [[k, v] for k, v in _taken(value.items(), seen)]}
    if hasattr(value, "__dict__"):
        return {"object": dict(_taken(vars(value).items(), seen))}
    raise StateError(f"a {type(value).__name__} cannot be kept as data")


def _capture_item(item: Any, seen: set[int]) -> Any:
    try:
        return capture(item, seen)
    except NoState:
        return {"stays": None}  # a function among data, say


def _taken(items: Any, seen: set[int]) -> list[tuple[Any, Any]]:
    taken = []
    for key, value in items:
        tree = _capture_item(value, seen)
        if isinstance(tree, dict) and "stays" in tree:
            continue
        if not isinstance(key, (str, int)):
            raise StateError(f"a dict with the key {key!r} cannot be kept as data")
        taken.append((key, tree))
    return taken


def put_back(old: Any, tree: Any) -> Any:
    """Give a value the state of a tree, in place where it is an object or array.

    Parameters
    ----------
    old : object
        The value as it is.
    tree : object
        What :func:`capture` made of it before.

    Returns
    -------
    object
        The value to keep: `old` itself where it could be changed in place.
    """
    if isinstance(tree, np.ndarray):
        same = isinstance(old, np.ndarray) and old.flags.writeable
        if same and (old.shape, old.dtype) == (tree.shape, tree.dtype):
            old[...] = tree
            return old
        return tree.copy()
    if not isinstance(tree, dict):
        return tree
    ((kind, content),) = tree.items()
    if kind == "stays":
        return old
    if kind == "csr":
        parts = tuple(content[name].copy() for name in ("data", "indices", "indptr"))
        return csr_matrix(parts, shape=old.shape)
    if kind == "generator":
        return _put_back_generator(old, put_back(None, content))
    if kind in _SEQUENCES:
        cls = _SEQUENCES[kind]
        olds = [*(old if isinstance(old, cls) else ()), *[None] * len(content)]
        items = [put_back(o, t) for o, t in zip(olds, content, strict=False)]
        return deque(items, old.maxlen) if isinstance(old, deque) else cls(items)
    if kind == "dict":
        olds_by_key = old if isinstance(old, dict) else {}
        kept = {k: v for k, v in olds_by_key.items() if not is_state(v)}
        return kept | {k: put_back(olds_by_key.get(k), v) for k, v in content}
    put_back_attributes(old.__dict__, content)
    return old


def put_back_attributes(attributes: dict[str, Any], trees: dict[str, Any]) -> None:
    """Give the attributes of an object a state, and remove those made since.

    Parameters
    ----------
    attributes : dict
        The object's ``__dict__``.
    trees : dict
        For the name of each attribute what :func:`capture` made of it.
    """
    for name, tree in trees.items():
        attributes[name] = put_back(attributes.get(name), tree)
    for name in [n for n, v in attributes.items() if n not in trees and is_state(v)]:
        del attributes[name]


def is_state(value: Any) -> bool:
    """Tell whether a value is plain data that can change by itself.

    Parameters
    ----------
    value : object
        Any value.

    Returns
    -------
    bool
        True for numbers, strings, arrays and collections; False for objects,
        which may be the same ones that a state refers to elsewhere.
    """
    return isinstance(value, (np.ndarray, np.generic, *_SCALARS, *_SEQUENCES.values()))


def _put_back_generator(old: Any, content: Any) -> Any:
    if isinstance(old, random.Random):
        old.setstate(content)
    elif isinstance(old, np.random.RandomState):
        old.set_state(content)
    elif isinstance(old, np.random.Generator):
        old.bit_generator.state = content
    else:
        raise StateError("holds a random generator, which is not there yet")
    return old


def write(path: Path, header: dict[str, Any], tree: Any) -> None:
    """Write a tree to a file, whole or not at all.

    Parameters
    ----------
    path : pathlib.Path
        The file; an old one is replaced only when the new one is on the disk.
    header : dict
        JSON-compatible description of what the tree is of.
    tree : object
        What :func:`capture` gave.
    """
    arrays: dict[str, Any] = {}
    content = {"schema": SCHEMA, **header, "tree": _flatten(tree, arrays)}
    arrays[_HEADER] = np.frombuffer(json.dumps(content).encode(), dtype=np.uint8)
    try:
        with replacing(path) as part, part.open("wb") as file:
            np.savez(file, **arrays)
    except OSError as error:
        raise StateError(f"{path}: cannot be written ({error.strerror})") from error


def read(path: Path) -> dict[str, Any]:
    """Read what :func:`write` wrote.

    Parameters
    ----------
    path : pathlib.Path
        The file.

    Returns
    -------
    dict
        The header, with the tree under "tree".

    Raises
    ------
    StateError
        For a file that is missing, cut off, damaged, or of another schema.
    """
    try:
        with path.open("rb") as opened, np.load(opened, allow_pickle=False) as file:
            arrays = {name: file[name] for name in file.files}
        content = json.loads(arrays.pop(_HEADER).tobytes())
        schema = content["schema"]
    except FileNotFoundError:
        raise StateError(f"{path}: there is no such file") from None
    except (OSError, TypeError, ValueError, KeyError, EOFError, *_BAD_ZIP) as error:
        raise StateError(
            f"{path}: cut off, damaged, or no saved state ({error})"
        ) from error
    if schema != SCHEMA:
        raise StateError(f"{path}: schema {schema}, this version reads {SCHEMA}")
    try:
        content["tree"] = _restore(content["tree"], arrays)
    except (KeyError, TypeError, ValueError) as error:
        raise StateError(f"{path}: damaged ({error!r} is missing)") from error
    return content  # type: ignore[no-any-return]


def _flatten(tree: Any, arrays: dict[str, Any]) -> Any:
    """Replace arrays and numpy scalars by references to entries of the file."""
    if isinstance(tree, (np.ndarray, np.generic)):
        name = f"a{len(arrays)}"
        arrays[name] = tree
        return {"array" if isinstance(tree, np.ndarray) else "scalar": name}
    if isinstance(tree, complex):
        return {"complex": [tree.real, tree.imag]}
    if isinstance(tree, dict):
        return {"tree": {key: _flatten(value, arrays) for key, value in tree.items()}}
    if isinstance(tree, (list, tuple)):
        return [_flatten(item, arrays) for item in tree]
    return tree


def _restore(flat: Any, arrays: dict[str, Any]) -> Any:
    if isinstance(flat, list):
        return [_restore(item, arrays) for item in flat]
    if not isinstance(flat, dict):
        return flat
    ((kind, content),) = flat.items()
    if kind == "array":
        return arrays[content]
    if kind == "scalar":
        return arrays[content][()]
    if kind == "complex":
        return complex(*content)
    return {key: _restore(value, arrays) for key, value in content.items()}
