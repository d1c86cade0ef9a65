"""Numbers of a layer: there, whole, in range, and as many as there must be."""

from __future__ import annotations

from collections.abc import Collection
from typing import Any

import numpy as np

from lava_apps.netx.errors import NetworkError
from lava_apps.parameters import Array

SIZE_MAX = 2**31 - 1  # of anything that is counted
_TRAINED = ("weight", "weight_rec", "real", "imag", "bias")


def text(dataset: Any) -> str:
    """Read a text of a file.

    Parameters
    ----------
    dataset : h5py.Dataset
        What holds it.

    Returns
    -------
    str
        Its first element; empty where there is none.
    """
    found = np.ravel(dataset[()])
    first = found[0] if found.size else ""
    return first.decode("ascii", "replace") if isinstance(first, bytes) else str(first)


def integers(
    where: str, group: Any, key: str, low: int, high: int, name: str | None = None
) -> Array:
    """Read integers of a layer.

    Parameters
    ----------
    where : str
        File and layer, for the error.
    group : h5py.Group
        The layer, or its neuron.
    key : str
        Which.
    low, high : int
        Their range.
    name : str, optional
        What to call the key in an error. Default: as it is.

    Returns
    -------
    numpy.ndarray of int64
        Of any shape, not empty.

    Raises
    ------
    NetworkError
        Naming layer and key.
    """
    name = name or key
    values = finite(where, group, key, name)
    fractions = values[values != np.rint(values)]
    if fractions.size:
        more = f" and {fractions.size - 1:,} more" if fractions.size > 1 else ""
        problem = "must be integers"
        if key in _TRAINED:
            problem += ", which lava-dl exports with a quantising hook"
        raise NetworkError(f"{where}: {name} {problem}; it has {fractions[0]:g}{more}")
    wrong = values[(values < low) | (values > high)]
    if wrong.size:
        number = "an integer " if key not in ("delay", "bias") else ""
        problem = f"must be {number}from {low} to {high}, not {wrong[0]:g}"
        raise NetworkError(f"{where}: {name} {problem}")
    return values.astype(np.int64)


def finite(where: str, group: Any, key: str, name: str | None = None) -> Array:
    """Read finite numbers of a layer.

    Parameters
    ----------
    where, group, key, name
        As of :func:`integers`.

    Returns
    -------
    numpy.ndarray of float
        Of any shape, not empty.

    Raises
    ------
    NetworkError
        Naming layer and key.
    """
    name = name or key
    if key not in group:
        raise NetworkError(f"{where} has no {name}")
    if not hasattr(group[key], "shape"):
        raise NetworkError(f"{where}: {name} must be numbers, not a group")
    values = np.asarray(group[key][()])
    if values.dtype.kind not in "iufb" or not np.isfinite(values).all():
        raise NetworkError(f"{where}: {name} must be finite numbers")
    if values.size == 0:
        raise NetworkError(f"{where}: {name} is empty")
    return values.astype(float)


def require_size(where: str, name: str, values: Array, sizes: Collection[int]) -> None:
    """Refuse too many or too few numbers.

    Parameters
    ----------
    where, name : str
        File and layer, and key, for the error.
    values : numpy.ndarray
        What there is.
    sizes : collection of int
        How many there may be.

    Raises
    ------
    NetworkError
        Naming layer and key.
    """
    if values.size not in sizes:
        wanted = " or ".join(str(n) for n in sorted(set(sizes)))
        problem = f"must have {wanted} values, not {values.size}"
        raise NetworkError(f"{where}: {name} {problem}")


def cannot_build(where: str, problem: str) -> NetworkError:
    """Make the error for sizes that do not go with each other.

    Parameters
    ----------
    where : str
        File and layer.
    problem : str
        Which key, and what is wrong.

    Returns
    -------
    NetworkError
        To be raised.
    """
    return NetworkError(f"{where}: cannot build it: {problem}")
