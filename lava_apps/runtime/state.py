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
from collections.abc import Iterator
from contextlib import contextmanager
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
_MUTABLE: dict[str, Any] = {"list": list, "deque": deque, "set": set, "dict": dict}
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


class Seen:
    """Objects of which a tree holds the state already.

    Two attributes may be one object, such as a list; the tree then holds it once, under
    a number, and refers to the number everywhere else.
    """

    def __init__(self) -> None:
        self._nodes: dict[int, dict[str, Any]] = {}
        self._kept: list[Any] = []  # or another object may take its place in memory
        self._numbers: dict[int, int] = {}

    def node(self, value: Any) -> dict[str, Any] | None:
        """Give the node of an object, or none for one that is new."""
        return self._nodes.get(id(value))

    def begin(self, value: Any) -> dict[str, Any]:
        """Make the node of an object, to be filled."""
        self._kept.append(value)
        return self._nodes.setdefault(id(value), {})

    def refer(self, value: Any) -> dict[str, Any]:
        """Refer to the node of an object, which gets a number."""
        number = self._numbers.setdefault(id(value), len(self._numbers))
        return {"same": number}

    def finish(self) -> None:
        """Write numbers to the nodes that others refer to."""
        for key, number in self._numbers.items():
            node = self._nodes[key]
            held = dict(node)
            node.clear()
            node["named"] = [number, held]


def capture(value: Any) -> Any:
    """Copy a value as a tree.

    Parameters
    ----------
    value : object
        Any value; objects are taken attribute by attribute.

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
    seen = Seen()
    tree = capture_part(value, seen)
    seen.finish()
    return tree


def capture_part(value: Any, seen: Seen) -> Any:
    """Copy one of several values that may share objects; see :func:`capture`.

    Parameters
    ----------
    value : object
        Any value.
    seen : Seen
        What the others are made of; to be finished after the last one.

    Returns
    -------
    object
        A tree.

    Raises
    ------
    NoState, StateError
        As :func:`capture` does.
    """
    if isinstance(value, np.ndarray) and value.dtype != object:
        return value.copy()
    if isinstance(value, (np.generic, *_SCALARS)):
        return value
    if isinstance(value, csr_matrix):
        parts = ("data", "indices", "indptr")
        return {"csr": {name: getattr(value, name).copy() for name in parts}}
    if isinstance(value, np.random.Generator):
        return {"generator": capture_part(value.bit_generator.state, seen)}
    if isinstance(value, np.random.RandomState):
        return {"generator": capture_part(value.get_state(legacy=False), seen)}
    if isinstance(value, random.Random):
        return {"generator": capture_part(value.getstate(), seen)}
    if callable(value) or isinstance(value, _CONSTANTS):
        raise NoState
    if seen.node(value) is not None:
        return seen.refer(value)
    node = seen.begin(value)
    node.update(_content(value, seen))
    return node


def _content(value: Any, seen: Seen) -> dict[str, Any]:
    for kind, cls in _SEQUENCES.items():
        if isinstance(value, cls):
            return {kind: [_capture_item(item, seen) for item in value]}
    if isinstance(value, dict):
        return {"dict": [[k, v] for k, v in _taken(value.items(), seen)]}
    if hasattr(value, "__dict__"):
        return {"object": dict(_taken(vars(value).items(), seen))}
    raise StateError(f"a {type(value).__name__} cannot be kept as data")


def _capture_item(item: Any, seen: Seen) -> Any:
    try:
        return capture_part(item, seen)
    except NoState:
        return {"stays": None}  # a function among data, say


def _taken(items: Any, seen: Seen) -> list[tuple[Any, Any]]:
    taken = []
    for key, value in items:
        tree = _capture_item(value, seen)
        if isinstance(tree, dict) and "stays" in tree:
            continue
        if not isinstance(key, (str, int)):
            raise StateError(f"a dict with the key {key!r} cannot be kept as data")
        taken.append((key, tree))
    return taken


def put_back(old: Any, tree: Any, named: dict[Any, Any] | None = None) -> Any:
    """Give a value the state of a tree, in place where it is an object or array.

    Parameters
    ----------
    old : object
        The value as it is.
    tree : object
        What :func:`capture` made of it before.
    named : dict, optional
        Objects that were put back and that others refer to, by their number; to be
        handed on from one value to the next of the same state.

    Returns
    -------
    object
        The value to keep: `old` itself where it could be changed in place.
    """
    named = {} if named is None else named
    if isinstance(tree, np.ndarray):
        return _put_back_array(old, tree, named)
    if not isinstance(tree, dict):
        return tree
    ((kind, content),) = tree.items()
    if kind == "stays":
        return old
    if kind == "same":
        return named[content]
    if kind == "named":
        number, tree = content
        return _put_back_named(number, old, tree, named)
    if kind == "csr":
        parts = tuple(content[name].copy() for name in ("data", "indices", "indptr"))
        matrix = csr_matrix(parts, shape=old.shape)
        matrix.check_format(full_check=True)  # or indices may lie outside
        return matrix
    if kind == "generator":
        return _put_back_generator(old, put_back(None, content, named))
    if kind in _SEQUENCES:
        cls = _SEQUENCES[kind]
        olds = [*(old if isinstance(old, cls) else ()), *[None] * len(content)]
        items = [put_back(o, t, named) for o, t in zip(olds, content, strict=False)]
        return deque(items, old.maxlen) if isinstance(old, deque) else cls(items)
    if kind == "dict":
        olds_by_key = old if isinstance(old, dict) else {}
        kept = {k: v for k, v in olds_by_key.items() if not is_state(v)}
        return kept | {k: put_back(olds_by_key.get(k), v, named) for k, v in content}
    put_back_attributes(old.__dict__, content, named)
    return old


def _put_back_array(old: Any, tree: Any, named: dict[Any, Any]) -> Any:
    same = isinstance(old, np.ndarray) and old.flags.writeable
    if same and (old.shape, old.dtype) == (tree.shape, tree.dtype):
        old[...] = tree
        return old
    # What was one array stays one, though another.
    key = ("array", id(old), tree.shape, tree.dtype.str)
    if not isinstance(old, np.ndarray):
        return tree.copy()
    if key not in named:
        named[key] = (old, tree.copy())
    return named[key][1]


def _put_back_named(number: int, old: Any, tree: Any, named: dict[Any, Any]) -> Any:
    """Put back an object that others refer to, itself perhaps: it comes first."""
    ((kind, _),) = tree.items()
    if kind == "object":
        named[number] = old
    elif kind in ("list", "deque", "set", "dict"):
        # In place, or what it holds could not refer to it.
        made = old if isinstance(old, _MUTABLE[kind]) else _MUTABLE[kind]()
        named[number] = made
        fresh = put_back(made, tree, named)
        made.clear()
        (made.extend if kind in ("list", "deque") else made.update)(fresh)
        return made
    result = put_back(old, tree, named)
    named[number] = result
    return result


def put_back_attributes(
    attributes: dict[str, Any],
    trees: dict[str, Any],
    named: dict[Any, Any] | None = None,
) -> None:
    """Give the attributes of an object a state, and remove those made since.

    Parameters
    ----------
    attributes : dict
        The object's ``__dict__``.
    trees : dict
        For the name of each attribute what :func:`capture` made of it.
    named : dict, optional
        As of :func:`put_back`.
    """
    named = {} if named is None else named
    for name, tree in trees.items():
        attributes[name] = put_back(attributes.get(name), tree, named)
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


def is_kept(value: Any) -> bool:
    """Tell whether a value can change, and so is a part of a state.

    Parameters
    ----------
    value : object
        Any value.

    Returns
    -------
    bool
        False for functions, classes, and Lava's machinery.
    """
    return not callable(value) and not isinstance(value, _CONSTANTS)


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


@contextmanager
def complete(path: Path) -> Iterator[None]:
    """Say of a file that lacks something, or holds something else, that it does.

    Parameters
    ----------
    path : pathlib.Path
        The file of which something is used within this context.

    Raises
    ------
    StateError
        In place of what Python raises for a key that is not there or a value that is
        none.
    """
    try:
        yield
    except StateError:
        raise
    except (KeyError, IndexError) as error:
        problem = f"damaged, or of another version ({error} is missing)"
        raise StateError(f"{path}: {problem}") from error
    except (TypeError, ValueError, AttributeError, OverflowError) as error:
        problem = f"damaged, or of another version ({error})"
        raise StateError(f"{path}: {problem}") from error


def arrays_of(
    tree: dict[str, Any], shapes: dict[str, tuple[int, ...]]
) -> list[np.ndarray[Any, Any]]:
    """Take arrays of numbers from a tree, in the shapes that they must have.

    Parameters
    ----------
    tree : dict
        What a file held.
    shapes : dict of str to tuple of int
        For each name its shape.

    Returns
    -------
    list of numpy.ndarray
        In the order of the names.

    Raises
    ------
    KeyError, ValueError
        For one that is missing, or of another shape, or no finite numbers; within
        :func:`complete` that is a StateError.
    """
    found = []
    for name, shape in shapes.items():
        array = np.asarray(tree[name])
        if array.shape != shape:
            raise ValueError(f"{name} has the shape {array.shape}, not {shape}")
        if array.dtype.kind not in "biuf" or not np.isfinite(array).all():
            raise ValueError(f"{name} must be finite numbers")
        found.append(array)
    return found


def write(
    path: Path, header: dict[str, Any], tree: Any, *, compress: bool = False
) -> None:
    """Write a tree to a file, whole or not at all.

    Parameters
    ----------
    path : pathlib.Path
        The file; an old one is replaced only when the new one is on the disk.
    header : dict
        JSON-compatible description of what the tree is of.
    tree : object
        What :func:`capture` gave.
    compress : bool
        Whether to take time to make the file smaller. Default False.
    """
    arrays: dict[str, Any] = {}
    content = {"schema": SCHEMA, **header, "tree": _flatten(tree, arrays)}
    arrays[_HEADER] = np.frombuffer(json.dumps(content).encode(), dtype=np.uint8)
    try:
        with replacing(path) as part, part.open("wb") as file:
            (np.savez_compressed if compress else np.savez)(file, **arrays)
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
    with complete(path):
        content["tree"] = _restore(content["tree"], arrays)
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
