"""Everything that a run depends on, as plain data: taken, put back, written, read.

The state of a graph is, for each ProcessModel, every attribute that is data (Vars
and whatever else it keeps between time steps: traces, flags, random generators),
and for each channel the messages in flight. A *tree* holds it: dicts, lists,
scalars, strings and arrays. In a file the arrays are npz entries and the rest is
JSON; nothing is pickled.
"""

from __future__ import annotations

import json
import os
import tempfile
import zipfile
from pathlib import Path
from typing import Any

import numpy as np
from scipy.sparse import csr_matrix

SCHEMA = 1
_HEADER = "header"
_SCALARS = (bool, int, float, complex, str, type(None))


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
        For functions, classes, ports and other things that are no data.
    """
    if isinstance(value, np.ndarray):
        if value.dtype == object:
            raise NoState
        return value.copy()
    if isinstance(value, np.generic):
        return value
    if isinstance(value, _SCALARS):
        return value
    if isinstance(value, csr_matrix):
        parts = {
            name: getattr(value, name).copy() for name in ("data", "indices", "indptr")
        }
        return {"csr": parts}
    if isinstance(value, np.random.Generator):
        return {"generator": capture(value.bit_generator.state)}
    seen = set() if seen is None else seen
    if id(value) in seen or callable(value):
        raise NoState
    seen.add(id(value))
    if isinstance(value, dict):
        return {"dict": [[k, v] for k, v in _taken(value.items(), seen)]}
    if isinstance(value, (list, tuple)):
        return {"list": [capture(item, seen) for item in value]}
    if hasattr(value, "__dict__"):
        return {"object": dict(_taken(vars(value).items(), seen))}
    raise NoState


def _taken(items: Any, seen: set[int]) -> list[tuple[Any, Any]]:
    taken = []
    for key, value in items:
        if not isinstance(key, (str, int)):
            continue
        try:
            taken.append((key, capture(value, seen)))
        except NoState:
            continue
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
    if kind == "csr":
        parts = (
            content["data"].copy(),
            content["indices"].copy(),
            content["indptr"].copy(),
        )
        return csr_matrix(parts, shape=old.shape)
    if kind == "generator":
        old.bit_generator.state = put_back(old.bit_generator.state, content)
        return old
    if kind == "list":
        items = [
            put_back(o, t) for o, t in zip(_padded(old, content), content, strict=True)
        ]
        return tuple(items) if isinstance(old, tuple) else items
    if kind == "dict":
        merged = dict(old) if isinstance(old, dict) else {}
        merged.update((key, put_back(merged.get(key), value)) for key, value in content)
        return merged
    for name, value in content.items():
        old.__dict__[name] = put_back(old.__dict__.get(name), value)
    return old


def _padded(old: Any, content: list[Any]) -> list[Any]:
    olds = list(old) if isinstance(old, (list, tuple)) else []
    return (olds + [None] * len(content))[: len(content)]


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
    descriptor, name = tempfile.mkstemp(dir=path.parent, prefix=f".{path.name}.")
    try:
        with os.fdopen(descriptor, "wb") as file:
            np.savez(file, **arrays)
            file.flush()
            os.fsync(file.fileno())
        Path(name).replace(path)
    finally:
        Path(name).unlink(missing_ok=True)


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
    except (OSError, ValueError, KeyError, EOFError, zipfile.BadZipFile) as error:
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
