"""Reading and setting the Vars of a built graph, where their models hold them."""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt
from scipy.sparse import csr_matrix

from lava_apps.kernel import KernelModel
from lava_apps.messages import label
from lava_apps.runtime.errors import BackendError
from lava_apps.runtime.graph.built import BuiltGraph
from lava_apps.runtime.probes import leaf_var

from lava.magma.core.process.variable import Var
from lava.utils.sparse import find

Array = npt.NDArray[Any]


def holder(graph: BuiltGraph, var_id: int) -> tuple[Any, str]:
    """Find the ProcessModel that holds a Var, and its name there.

    Parameters
    ----------
    graph : BuiltGraph
        The graph.
    var_id : int
        The Var's id.

    Returns
    -------
    model : lava.magma.core.model.py.model.AbstractPyProcessModel
        The model.
    name : str
        Name of its attribute.

    Raises
    ------
    AssertionError
        For a Var that no ProcessModel holds, as Lava does.
    """
    if var_id not in graph.holders:
        raise AssertionError(
            f"The Var with id <{var_id}> is held by no ProcessModel of this "
            "graph: it is of another, or its Process was built from others "
            "and it is no alias of theirs."
        )
    return graph.holders[var_id]


def get(graph: BuiltGraph, var: Var) -> Any:
    """Read a Var, as a copy in its own type."""
    model, name = _holder(graph, var)
    graph.on_access(model, name, False)
    value = getattr(model, name)
    return value.copy() if hasattr(value, "copy") else value


def put(graph: BuiltGraph, var: Var, value: Any) -> None:
    """Set a Var in place."""
    model, name = _holder(graph, var)
    if isinstance(model, KernelModel):
        model.check_value(type(var.process).__name__, name, value)
    graph.on_access(model, name, True)
    old = getattr(model, name)
    if isinstance(old, np.ndarray):
        old[...] = value
    elif isinstance(old, csr_matrix):
        setattr(model, name, csr_matrix(value, shape=old.shape, dtype=old.dtype))
    else:
        setattr(model, name, type(old)(np.asarray(value).reshape(-1)[0]))
    model.on_var_update()


def _holder(graph: BuiltGraph, var: Var) -> tuple[Any, str]:
    try:
        return holder(graph, leaf_var(var).id)
    except AssertionError:
        where = f"{label(var.process)}.{var.name}"
        problem = "is of another graph, or its Process was built from others"
        raise BackendError(f"{where} {problem} that have no such Var") from None


def get_as_lava(graph: BuiltGraph, var_id: int, idx: Any = None) -> Array:
    """Read a Var in Lava's way: as float64, in the Var's shape.

    Parameters
    ----------
    graph : BuiltGraph
        The graph.
    var_id : int
        The Var's id.
    idx : optional
        Index into the array.

    Returns
    -------
    numpy.ndarray of float64
        The values; character codes for a string, the non-zero entries for a sparse
        matrix.
    """
    model, name = holder(graph, var_id)
    graph.on_access(model, name, False)
    value = getattr(model, name)
    if isinstance(value, str):
        array = np.frombuffer(value.encode("ascii"), np.uint8).astype(float)
    elif isinstance(value, csr_matrix):
        array = find(value, explicit_zeros=True)[2].astype(float)
    else:
        shape = graph.var_shapes[var_id]
        array = np.array(value, dtype=float)
        # A number that was given as an array has as many values as that.
        if array.size == np.prod(shape):
            array = array.reshape(shape)
    return array if idx is None else np.asarray(array[idx])


def put_as_lava(graph: BuiltGraph, var_id: int, value: Any, idx: Any = None) -> None:
    """Set a Var in place; numbers are cast to its type.

    Parameters
    ----------
    graph : BuiltGraph
        The graph.
    var_id : int
        The Var's id.
    value : numpy.ndarray
        The values, as `get_as_lava` gives them.
    idx : optional
        Set only what this indexes, to the values at the same places.
    """
    model, name = holder(graph, var_id)
    graph.on_access(model, name, False)
    old, value = getattr(model, name), np.asarray(value)
    if isinstance(model, KernelModel) and isinstance(old, np.ndarray):
        wanted = old.astype(float)
        if idx is None:
            wanted[...] = value.reshape(old.shape)
        else:
            wanted[idx] = value[idx]
        model.check_value(type(model).implements_process.__name__, name, wanted)
    graph.on_access(model, name, True)
    old = getattr(model, name)
    if isinstance(old, str):
        setattr(model, name, bytes(value.astype(int).tolist()).decode("ascii"))
    elif isinstance(old, csr_matrix):
        rows, columns, _ = find(old, explicit_zeros=True)
        entries = csr_matrix((value.astype(float), (rows, columns)), old.shape)
        setattr(model, name, entries)
    elif isinstance(old, np.ndarray):
        if idx is None:
            old[...] = value.reshape(old.shape).astype(old.dtype)
        else:
            old[idx] = value[idx]
    else:
        setattr(model, name, type(old)(value.item()))
    model.on_var_update()
