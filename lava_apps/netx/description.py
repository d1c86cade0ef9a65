"""What a file of lava-dl says, checked, as a copy in memory.

Each key of a layer is one that is honoured, or one that has no meaning for a trained
network (``inFeatures``, which the weights say as well, or ``scaleRho`` of training).
Any other is a warning, and each value that would be cut or dropped is an error that
names layer and key.
"""

from __future__ import annotations

import contextlib
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np

from lava_apps.messages import warn_caller
from lava_apps.netx.errors import NetworkError, NetworkWarning
from lava_apps.netx.rules import DENSE, KINDS, LATER, Sent, check_layer
from lava_apps.netx.values import cannot_build, text

_DAMAGE = (
    *(OSError, RuntimeError, KeyError, TypeError, ValueError),
    *(AttributeError, IndexError, ArithmeticError),
)


@contextlib.contextmanager
def open_network(path: Path, problem: str) -> Iterator[Any]:
    """Open the file of a network, to read from it.

    Parameters
    ----------
    path : pathlib.Path
        Which.
    problem : str
        What to say of a file that cannot be read.

    Yields
    ------
    h5py.File
        The file.

    Raises
    ------
    NetworkError
        For a file that is missing, or of which something cannot be read; where h5py is
        not installed.
    """
    if not path.is_file():
        raise NetworkError(f"{path}: there is no such file")
    try:
        import h5py
    except ImportError:
        raise NetworkError("needs h5py; README says how to get it") from None
    try:
        with h5py.File(path, "r") as file:
            yield file
    except NetworkError:
        raise
    except _DAMAGE as error:
        raise NetworkError(f"{path}: {problem} ({error})") from None


def read(path: Path, layers: int | None = None) -> tuple[Any, int]:
    """Read a network as a copy in memory, checked.

    Parameters
    ----------
    path : pathlib.Path
        Its file, which is closed afterwards, whatever happens.
    layers : int, optional
        How many are wanted, from the first one on. Default: all.

    Returns
    -------
    file : h5py.File
        The copy, to be closed; what it says can be built.
    layers : int
        How many of its layers are to be built.

    Raises
    ------
    NetworkError
        For what is no network, or says what a graph cannot do.

    Warns
    -----
    NetworkWarning
        For keys that have no meaning here, and a last layer that averages or flattens.
    """
    with open_network(path, "cut off, damaged, or no file of lava-dl") as file:
        kinds = _kinds(path, file)
        wanted = min(layers or len(kinds), len(kinds))
        count = _check_layers(path, file["layer"], kinds[:wanted])
        return _copy(file, kinds[:count]), count


def _kinds(path: Path, file: Any) -> list[str]:
    """Give the kind of each layer."""
    layers = file.get("layer")
    if layers is None or hasattr(layers, "shape") or not len(layers):
        raise NetworkError(f"{path}: holds no layers")
    kinds = []
    for n in range(len(layers)):
        where = f"{path}: layer {n}"
        if str(n) not in layers:
            raise NetworkError(f"{where} is missing")
        layer = layers[str(n)]
        if hasattr(layer, "shape"):
            raise NetworkError(f"{where} must be a group, not numbers")
        if "type" not in layer:
            raise NetworkError(f"{where} has no type")
        kinds.append(text(layer["type"]))
        if kinds[-1] not in (*KINDS, *LATER):
            raise NetworkError(f"{where} is of an unknown type, {kinds[-1]!r}")
    return kinds


def _check_layers(path: Path, layers: Any, kinds: list[str]) -> int:
    """Check layers one after the other; give how many can be built."""
    sent, count = Sent(), len(kinds)
    for n, kind in enumerate(kinds):
        where = f"{path}: layer {n}"
        is_last = n == len(kinds) - 1
        if kind in LATER or (kind == "average" and not is_last):
            raise cannot_build(where, f"lava-dl's netx has nothing for type {kind!r}")
        sent = check_layer(where, n, kind, layers[str(n)], sent)
        if is_last and kind in ("average", "flatten"):
            does = "averages groups of outputs" if kind == "average" else "flattens"
            message = f"{path}: its last layer {does} and is left out"
            warn_caller(message, NetworkWarning)
            count -= 1
    if not any(kind in ("conv", *DENSE) for kind in kinds[:count]) and not (
        count and "neuron" in layers["0"]
    ):
        raise NetworkError(f"{path}: holds no layer of neurons")
    return count


def _copy(file: Any, kinds: list[str]) -> Any:
    """Copy layers into memory, spelled as netx reads them."""
    import h5py

    copy = h5py.File("network", "w", driver="core", backing_store=False)
    try:
        for n, kind in enumerate(kinds):
            file.copy(f"layer/{n}", copy.require_group("layer"), name=str(n))
            _spell(copy["layer"][str(n)], kind)
    except BaseException:
        copy.close()
        raise
    return copy


def _spell(layer: Any, kind: str) -> None:
    """Write what was checked in the one form that netx takes."""
    neuron = layer.get("neuron", {})
    # netx would hand over the group, not its number.
    _drop(neuron, "messageBits")
    if "sigma_output" in neuron:
        _drop(layer, "bias")  # zero, but Lava's Sigma takes none at all
    if kind in DENSE and hasattr(layer["weight"], "shape") and "delay" in layer:
        delay = layer["delay"][()]
        if np.size(delay) == 1:
            _put(layer, "delay", np.ravel(delay)[0])
    if kind in DENSE and "bias" in layer:
        _put(layer, "bias", np.ravel(layer["bias"][()]))
    if kind != "conv":
        return
    _put(layer, "groups", np.ravel(layer["groups"][()])[0])
    for key in ("stride", "padding", "dilation"):
        _put(layer, key, np.array(np.broadcast_to(np.ravel(layer[key][()]), 2)))
    if "bias" in layer:
        bias = np.ravel(layer["bias"][()])
        _put(layer, "bias", np.array(np.broadcast_to(bias, len(layer["weight"]))))


def _drop(group: Any, key: str) -> None:
    if key in group:
        del group[key]


def _put(group: Any, key: str, value: Any) -> None:
    _drop(group, key)
    group[key] = value
