"""What a file of lava-dl says of the neurons of a layer."""

from __future__ import annotations

from typing import Any

import numpy as np

from lava_apps.messages import warn_caller
from lava_apps.netx.errors import NetworkError, NetworkWarning
from lava_apps.netx.values import finite, integers, require_size, text

CURRENT, SIGMA_DELTA, RESONATOR = "CUBA", "SDNN", "RF"
_FAMILIES = {
    "CUBA": CURRENT,
    "LOIHI": CURRENT,
    "SDNN": SIGMA_DELTA,
    "RF_PHASE": RESONATOR,
    "RF_IZHIKEVICH": RESONATOR,
}
_UNIT = 4096  # what decays are fractions of
# lava-dl writes 2^18 - 1 for neurons that must not spike; |v| stays below 2^17 * 64.
_THRESHOLD_MAX = 2**18 - 1
_RANGES = {
    CURRENT: {
        "iDecay": (0, _UNIT),
        "vDecay": (0, _UNIT),
        "vThMant": (0, _THRESHOLD_MAX),
    },
    SIGMA_DELTA: {"vThMant": (0, _THRESHOLD_MAX)},
    RESONATOR: {
        "sinDecay": (1, _UNIT),
        "cosDecay": (-_UNIT, _UNIT),
        "vThMant": (0, _THRESHOLD_MAX),
    },
}
# What must have a certain value where it is given: netx makes nothing of it.
_FIXED: dict[str, dict[str, Any]] = {
    CURRENT: {"refDelay": 1, "gradedSpike": False, "wgtExp": 0, "messageBits": 0},
    SIGMA_DELTA: {"activation": "relu", "sigma_output": True, "messageBits": 16},
    RESONATOR: {"gradedSpike": False, "messageBits": 0},
}
_OF_TRAINING = {"tauRho", "scaleRho", "theta", "tauGrad", "scaleGrad"}
_EXPONENT_MAX = 7


def check_neuron(where: str, layer: Any, channels: int) -> str:
    """Refuse what neurons cannot do, and name the keys that nothing is made of.

    Parameters
    ----------
    where : str
        File and layer, for messages.
    layer : h5py.Group
        The layer; without neurons it gets those of lava-dl, which integrate.
    channels : int
        For how many neurons, or channels of them, there may be values of their own.

    Returns
    -------
    str
        Their family: `CURRENT`, `SIGMA_DELTA` or `RESONATOR`.

    Raises
    ------
    NetworkError
        Naming layer and key.
    """
    if "neuron" not in layer:
        return CURRENT
    neuron = layer["neuron"]
    if hasattr(neuron, "shape"):
        raise NetworkError(f"{where}: neuron must be a group, not numbers")
    if "type" not in neuron:
        raise NetworkError(f"{where}: its neuron has no type")
    model = text(neuron["type"])
    family = _FAMILIES.get(model)
    if family is None:
        raise NetworkError(f"{where}: unknown neuron {model!r}")
    known = {*_RANGES[family], *_FIXED[family], *_OF_TRAINING, "type", "weight_exp"}
    warn_of_unknown(f"{where}: neuron", neuron, known)
    for name, (low, high) in _RANGES[family].items():
        if name not in neuron:
            raise NetworkError(f"{where}: its neuron has no {name}")
        values = integers(where, neuron, name, low, high, f"neuron/{name}")
        sizes = {1, channels} if family == CURRENT else {1}
        require_size(where, f"neuron/{name}", values, sizes)
    for name, wanted in _FIXED[family].items():
        if name in neuron:
            _check_fixed(where, neuron, name, wanted)
    _check_exponent(where, neuron, model, family)
    return family


def warn_of_unknown(where: str, group: Any, known: set[str]) -> None:
    """Name the keys that nothing is made of.

    Parameters
    ----------
    where : str
        File, layer and group, for the warning.
    group : h5py.Group
        What has keys.
    known : set of str
        Those that are honoured, refused, or without a meaning here.
    """
    unknown = sorted(set(group) - known)
    if unknown:
        names = ", ".join(unknown)
        message = f"{where}: {names}: nothing is made of it; it is ignored"
        warn_caller(message, NetworkWarning)


def _check_fixed(where: str, neuron: Any, name: str, wanted: Any) -> None:
    given: list[Any]
    if isinstance(wanted, str):
        given = [text(neuron[name])]
    else:
        given = finite(where, neuron, name, f"neuron/{name}").ravel().tolist()
    wrong = [value for value in given if value != wanted]
    if wrong:
        found = wrong[0]
        if isinstance(wanted, bool) and found in {0, 1}:
            found = bool(found)
        shown = f"{found:g}" if isinstance(found, float) else repr(found)
        problem = f"cannot be honoured: it must be {wanted!r}, not {shown}"
        raise NetworkError(f"{where}: neuron/{name} {problem}")


def _check_exponent(where: str, neuron: Any, model: str, family: str) -> None:
    exponent = weight_exponent(where, neuron)
    if not (np.rint(exponent) == exponent and abs(exponent) <= _EXPONENT_MAX):
        problem = f"must be an integer from -7 to 7, not {exponent:g}"
        raise NetworkError(f"{where}: neuron/weight_exp {problem}")
    if exponent and family != CURRENT:
        problem = f"cannot be honoured with {model} neurons"
        raise NetworkError(f"{where}: neuron/weight_exp {problem}")


def weight_exponent(where: str, neuron: Any) -> float:
    """Say by which power of two a layer's input is divided (weight scaling).

    Parameters
    ----------
    where : str
        File and layer, for errors.
    neuron : h5py.Group
        Of the layer.

    Returns
    -------
    float
        The exponent, or 0; NaN where there are several.
    """
    if "weight_exp" not in neuron:
        return 0.0
    held = neuron["weight_exp"]
    if not hasattr(held, "shape") or held.dtype.kind not in "iufb" or not held.size:
        raise NetworkError(f"{where}: neuron/weight_exp must be a number")
    values = np.ravel(np.asarray(held[()], float))
    return float(values[0]) if (values == values[0]).all() else float("nan")
