"""What a file of lava-dl says, and what of it a graph can do.

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

from lava_apps.loihi2.formats import THRESHOLD_MAX
from lava_apps.messages import warn_caller
from lava_apps.parameters import Array

KINDS = ("input", "dense", "dense_rec", "dense_comp", "conv", "flatten", "average")
_WEIGHTED = ("dense", "dense_rec", "conv")
_DECAYS = (0, 4096)
_RESONATOR = "RF"
_LAST_DELAY = 62  # of 6 bits; lava-dl clips longer ones

_KEYS = {
    "input": {"weight", "bias"},
    "dense": {"weight", "bias", "delay", "inFeatures", "outFeatures"},
    "dense_comp": {"weight", "bias", "delay", "inFeatures", "outFeatures"},
    "conv": {
        *("weight", "bias", "delay", "inChannels", "outChannels", "kernelSize"),
        *("stride", "padding", "dilation", "groups"),
    },
    "flatten": set(),
    "average": set(),
}
_KEYS["dense_rec"] = _KEYS["dense"] | {"weight_rec"}

_OF_TRAINING = {"tauRho", "scaleRho", "theta", "tauGrad", "scaleGrad"}
_NEURON_KEYS = {
    "CUBA": {"iDecay", "vDecay", "vThMant"},
    "SDNN": {"vThMant"},
    _RESONATOR: {"vThMant", "sinDecay", "cosDecay"},
}
_NEURON_KEYS["LOIHI"] = _NEURON_KEYS["CUBA"]
# What must have a certain value where it is given: netx makes nothing of it.
_FIXED: dict[str, Any] = {
    "refDelay": 1,
    "gradedSpike": False,
    "wgtExp": 0,
    "activation": "relu",
    "sigma_output": True,
}


class NetworkError(ValueError):
    """A file is no network that can be run, or lava-dl is missing."""


class NetworkWarning(UserWarning):
    """The graph is not all that the file holds: left out, rounded or ignored."""


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
    except (OSError, RuntimeError, KeyError, TypeError, ValueError) as error:
        raise NetworkError(f"{path}: {problem} ({error})") from None


def read(path: Path) -> tuple[Any, int]:
    """Read a network as a copy in memory, checked.

    Parameters
    ----------
    path : pathlib.Path
        Its file, which is closed afterwards, whatever happens.

    Returns
    -------
    file : h5py.File
        The copy, to be closed; what it says can be built.
    layers : int
        How many of its layers can be built.

    Raises
    ------
    NetworkError
        For what is no network, or says what a graph cannot do.

    Warns
    -----
    NetworkWarning
        For keys that have no meaning here, and a last layer that averages.
    """
    with open_network(path, "cut off, damaged, or no file of lava-dl") as file:
        count = _check_layers(path, file)
        import h5py

        copy = h5py.File("network", "w", driver="core", backing_store=False)
        file.copy("layer", copy)
    return copy, count


def _check_layers(path: Path, file: Any) -> int:
    if "layer" not in file or not len(file["layer"]):
        raise NetworkError(f"{path}: holds no layers")
    layers = file["layer"]
    count = len(layers)
    missing = [n for n in range(count) if str(n) not in layers]
    if missing:
        raise NetworkError(f"{path}: layer {missing[0]} is missing")
    kinds = []
    for n in range(count):
        layer, where = layers[str(n)], f"{path}: layer {n}"
        if "type" not in layer:
            raise NetworkError(f"{where} has no type")
        kind = text(layer["type"])
        kinds.append(kind)
        if kind not in KINDS:
            raise NetworkError(f"{where} is of an unknown type, {kind!r}")
        _check_layer(where, kind, layer)
    if kinds[-1] == "average":
        message = f"{path}: its last layer averages groups of outputs and is left out"
        warn_caller(message, NetworkWarning)
        count -= 1
    return count


def _check_layer(where: str, kind: str, layer: Any) -> None:
    _warn_of_unknown(where, layer, _KEYS[kind] | {"type", "shape", "neuron"})
    required = ("shape", "weight") if kind in _WEIGHTED else ()
    for name in (*required, *(("weight_rec",) if kind == "dense_rec" else ())):
        if name not in layer:
            raise NetworkError(f"{where} has no {name}")
    for name in ("weight", "weight_rec", "bias", "delay"):
        if name in layer and hasattr(layer[name], "shape"):
            values = np.asarray(layer[name][()])
            if values.dtype.kind not in "iufb" or not np.isfinite(values).all():
                raise NetworkError(f"{where}: {name} must be finite numbers")
            if name.startswith("weight") and kind in _WEIGHTED and values.size == 0:
                raise NetworkError(f"{where}: {name} is empty")
            _check_whole(where, name, values)
    if "delay" in layer:
        _check_delay(where, kind, np.asarray(layer["delay"][()]))
    if "neuron" in layer:
        _check_neuron(where, layer["neuron"])
    if kind in _WEIGHTED and hasattr(layer["weight"], "shape"):
        _check_sizes(where, kind, layer)


def _warn_of_unknown(where: str, group: Any, known: set[str]) -> None:
    unknown = sorted(set(group) - known)
    if unknown:
        names = ", ".join(unknown)
        message = f"{where}: {names}: nothing is made of it; it is ignored"
        warn_caller(message, NetworkWarning)


def _check_whole(where: str, name: str, values: Array) -> None:
    fractions = values[values != np.rint(values)]
    if fractions.size:
        problem = "must be integers, which lava-dl exports with a quantising hook"
        more = f" and {fractions.size - 1:,} more" if fractions.size > 1 else ""
        raise NetworkError(
            f"{where}: {name} {problem}; it has {float(fractions[0]):g}{more}"
        )


def _check_delay(where: str, kind: str, delay: Array) -> None:
    if not delay.any():
        return
    if kind == "dense_comp":
        problem = f"nothing delays what a layer {kind} sends"
        raise NetworkError(f"{where}: delay cannot be honoured: {problem}")
    if delay.min() < 0 or delay.max() > _LAST_DELAY:
        found = float(delay.max() if delay.max() > _LAST_DELAY else delay.min())
        raise NetworkError(
            f"{where}: delay must be from 0 to {_LAST_DELAY}, not {found:g}"
        )


def _check_neuron(where: str, neuron: Any) -> None:
    if "type" not in neuron:
        raise NetworkError(f"{where}: its neuron has no type")
    model = text(neuron["type"])
    family = _RESONATOR if _RESONATOR in model else model
    if family not in _NEURON_KEYS or model.startswith("AD"):
        raise NetworkError(f"{where}: unknown neuron {model!r}")
    needed = _NEURON_KEYS[family]
    for name in sorted(needed):
        if name not in neuron:
            raise NetworkError(f"{where}: its neuron has no {name}")
    known = needed | _OF_TRAINING | set(_FIXED) | {"type", "weight_exp"}
    _warn_of_unknown(f"{where}: neuron", neuron, known | {"vDecay", "iDecay"})
    for name, wanted in _FIXED.items():
        if name not in neuron:
            continue
        held = neuron[name]
        given = text(held) if isinstance(wanted, str) else np.ravel(held[()])[0]
        if given != wanted:
            problem = f"cannot be honoured: it must be {wanted!r}, not {given!r}"
            raise NetworkError(f"{where}: neuron/{name} {problem}")
    ranges = {"vThMant": (0, THRESHOLD_MAX)}
    if family in ("CUBA", "LOIHI"):
        ranges |= {"iDecay": _DECAYS, "vDecay": _DECAYS}
    for name, (low, high) in ranges.items():
        values = np.ravel(neuron[name][()])
        if not ((values >= low) & (values <= high) & (values == np.rint(values))).all():
            problem = f"must be an integer from {low} to {high}, not {values[0]:g}"
            raise NetworkError(f"{where}: neuron/{name} {problem}")
    exponent = weight_exponent(neuron)
    if not (np.rint(exponent) == exponent and abs(exponent) <= 7):  # NaN is not equal
        problem = f"must be an integer from -7 to 7, not {exponent:g}"
        raise NetworkError(f"{where}: neuron/weight_exp {problem}")
    if exponent and family != "CUBA":
        problem = f"cannot be honoured with {model} neurons"
        raise NetworkError(f"{where}: neuron/weight_exp {problem}")


def weight_exponent(neuron: Any) -> float:
    """Say by which power of two a layer's input is divided (weight scaling).

    Parameters
    ----------
    neuron : h5py.Group
        Of the layer.

    Returns
    -------
    float
        The exponent, or 0.
    """
    if "weight_exp" not in neuron:
        return 0.0
    values = np.ravel(np.asarray(neuron["weight_exp"][()], float))
    return float(values[0]) if (values == values[0]).all() else float("nan")


def _check_sizes(where: str, kind: str, layer: Any) -> None:
    """Compare what keys say of sizes with the weights."""
    weight = np.asarray(layer["weight"][()])
    shape = [int(n) for n in np.ravel(layer["shape"][()])]
    said: dict[str, int] = {}
    if kind == "conv":
        names = ("inChannels", "outChannels")
        said = {n: int(np.ravel(layer[n][()])[0]) for n in names if n in layer}
        groups = int(np.ravel(layer["groups"][()])[0]) if "groups" in layer else 1
        found = {"inChannels": weight.shape[1] * groups, "outChannels": len(weight)}
        sizes: tuple[int, ...] = (len(weight), int(np.prod(shape)))
    else:
        names = ("inFeatures", "outFeatures")
        said = {n: int(np.ravel(layer[n][()])[0]) for n in names if n in layer}
        rows = int(np.prod(shape))
        columns = weight.size // rows if weight.ndim == 1 else weight.shape[-1]
        found = {"inFeatures": columns, "outFeatures": rows}
        sizes = (1, rows)
    for name, value in said.items():
        if value != found[name]:
            problem = f"says {value}, but its weight has {found[name]}"
            raise NetworkError(f"{where}: cannot build it: {name} {problem}")
    if "bias" in layer and layer["bias"].size not in sizes:
        wanted = " or ".join(str(n) for n in sorted(set(sizes)))
        problem = f"must have {wanted} values, not {layer['bias'].size}"
        raise NetworkError(f"{where}: bias {problem}")


def text(dataset: Any) -> str:
    """Read a text of a file.

    Parameters
    ----------
    dataset : h5py.Dataset
        What holds it.

    Returns
    -------
    str
        Its first element.
    """
    found = np.ravel(dataset[()])[0]
    return found.decode("ascii", "replace") if isinstance(found, bytes) else str(found)
