"""Exponents of weights, and whether synapses hold the weights of a file."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np

from lava_apps.loihi2.formats import BIAS_EXPONENT_MAX
from lava_apps.messages import warn_caller
from lava_apps.netx.errors import NetworkError, NetworkWarning
from lava_apps.netx.fitting import held
from lava_apps.netx.neurons import weight_exponent
from lava_apps.netx.values import text
from lava_apps.parameters import Array

_BIAS_EXPONENT = 6  # that of lava-dl
_BIAS_MAX = 2**15 - 1  # Lava's LIF holds 16 bits
_CONNECTIONS = {
    "weight": "synapse",
    "weight_rec": "synapse_rec",
    "weight/real": "real_synapse",
    "weight/imag": "imag_synapse",
}


def built(file: Any, network: Any) -> Iterator[tuple[int, Any, Any]]:
    """List the layers that lava-dl built.

    Parameters
    ----------
    file : h5py.File
        The network.
    network : lava.lib.dl.netx.hdf5.Network
        What was built of it.

    Yields
    ------
    int, h5py.Group, Process
        Number in the file, description, and Process.
    """
    made = iter(network.layers)
    for n in range(len(file["layer"])):
        layer = file["layer"][str(n)]
        kind = text(layer["type"])
        if kind in ("flatten", "average") or (
            kind == "input" and "neuron" not in layer
        ):
            continue
        process = next(made, None)
        if process is None:
            return
        yield n, layer, process


def apply_exponents(path: Path, file: Any, network: Any) -> None:
    """Divide the input of layers by powers of two, where their neurons say so.

    Parameters
    ----------
    path : pathlib.Path
        For messages.
    file : h5py.File
        The network.
    network : lava.lib.dl.netx.hdf5.Network
        What was built of it; changed.

    Raises
    ------
    NetworkError
        For what integers cannot hold.

    Warns
    -----
    NetworkWarning
        Where sums are rounded down.
    """
    for n, layer, process in built(file, network):
        exponent = _exponent(layer)
        if not exponent:
            continue
        where = f"{path}: layer {n}: neuron/weight_exp {exponent}"
        weights = [layer[k][()] for k in ("weight", "weight_rec") if k in layer]
        is_whole = not any((w % 2.0**exponent).any() for w in weights)
        if hasattr(process.synapse, "weight"):
            if not is_whole:
                problem = f"needs weights that are multiples of {2**exponent}"
                raise NetworkError(f"{where} {problem} in a layer conv")
            _divide(process.synapse, exponent)
        else:
            if not is_whole:
                message = f"{where}: sums of weights that are no multiples of "
                message += f"{2**exponent} are rounded down"
                warn_caller(message, NetworkWarning)
            for name in ("synapse", "synapse_rec"):
                synapse = getattr(process, name, None)
                if synapse is not None:
                    parameters = synapse.proc_params._parameters
                    parameters["weight_exp"] -= exponent
        _divide_bias(where, process.neuron, exponent)


def _divide(synapse: Any, exponent: int) -> None:
    """Divide the weights of a convolution."""
    divided = np.rint(synapse.weight.init / 2.0**exponent).astype(int)
    synapse.weight.init = divided
    for known in (synapse.proc_params, synapse.proc_params.get("options", {})):
        if known:
            getattr(known, "_parameters", known)["weight"] = divided


def _divide_bias(where: str, neuron: Any, exponent: int) -> None:
    bias = np.asarray(neuron.bias_mant.init)
    if not bias.any():
        return
    chosen = min(max(_BIAS_EXPONENT - exponent, 0), BIAS_EXPONENT_MAX)
    mantissa = bias * 2.0 ** (_BIAS_EXPONENT - exponent - chosen)
    if (mantissa != np.rint(mantissa)).any():
        raise NetworkError(f"{where} leaves fractions of the bias")
    if np.abs(mantissa).max() > _BIAS_MAX:
        raise NetworkError(f"{where} makes the bias too large")
    neuron.bias_mant.init = mantissa.astype(int)
    neuron.bias_exp.init = chosen


def check_weights(path: Path, file: Any, network: Any) -> None:
    """Say which weights synapses do not hold as the file has them.

    Parameters
    ----------
    path : pathlib.Path
        For messages.
    file : h5py.File
        The network.
    network : lava.lib.dl.netx.hdf5.Network
        What was built of it.

    Warns
    -----
    NetworkWarning
        Naming layer and key.
    """
    for n, layer, process in built(file, network):
        for key, name in _CONNECTIONS.items():
            synapse = getattr(process, name, None)
            if not hasattr(synapse, "weights") or key not in layer:
                continue  # Lava's Conv holds any integers
            wanted = np.asarray(layer[key][()], float)
            found = _held(synapse) * 2.0 ** _exponent(layer)
            wanted = wanted.reshape(found.shape)
            wrong = np.flatnonzero(found != wanted)
            if wrong.size:
                _warn(f"{path}: layer {n}: {key}", wanted, found, wrong)


def _warn(where: str, wanted: Array, held: Array, wrong: Array) -> None:
    worst = wrong[np.abs(wanted.flat[wrong]).argmax()]
    given, kept = wanted.flat[worst], held.flat[worst]
    problem = "is not held by 8 bits"
    if given > held.max():
        problem = f"too large: {given:g}, clipped to {kept:g}"
    elif given < held.min():
        problem = f"too small: {given:g}, clipped to {kept:g}"
    more = f", and {wrong.size - 1:,} more are changed" if wrong.size > 1 else ""
    warn_caller(f"{where} {problem}{more}", NetworkWarning)


def _held(synapse: Any) -> Array:
    """Give the weights that Lava's model makes of those of a connection."""
    parameters = synapse.proc_params
    weights = np.asarray(synapse.weights.init)
    bits = parameters.get("num_weight_bits", 8)
    return held(weights, bits, parameters.get("weight_exp", 0))


def _exponent(layer: Any) -> int:
    return int(weight_exponent("", layer["neuron"])) if "neuron" in layer else 0


def set_decays(file: Any, network: Any) -> None:
    """Give resonators the decays of the file, which lava-dl rounds on its way.

    Parameters
    ----------
    file : h5py.File
        The network.
    network : lava.lib.dl.netx.hdf5.Network
        What was built of it; changed.
    """
    for _, layer, process in built(file, network):
        for key, name in (("sinDecay", "sin_decay"), ("cosDecay", "cos_decay")):
            if hasattr(process.neuron, name):
                getattr(process.neuron, name).init = int(
                    np.ravel(layer["neuron"][key][()])[0]
                )
