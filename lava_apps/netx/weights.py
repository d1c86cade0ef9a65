"""Exponents of weights, and whether synapses hold the weights of a file."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np

from lava_apps.loihi2.formats import BIAS_EXPONENT_MAX
from lava_apps.messages import warn_caller
from lava_apps.netx.description import (
    NetworkError,
    NetworkWarning,
    text,
    weight_exponent,
)
from lava_apps.parameters import Array

from lava.utils.weightutils import clip_weights, determine_sign_mode, truncate_weights

_BIAS_EXPONENT = 6  # that of lava-dl


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
        exponent = int(weight_exponent(layer["neuron"])) if "neuron" in layer else 0
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
    for held in (synapse.proc_params, synapse.proc_params.get("options", {})):
        if held:
            getattr(held, "_parameters", held)["weight"] = divided


def _divide_bias(where: str, neuron: Any, exponent: int) -> None:
    bias = np.asarray(neuron.bias_mant.init)
    if not bias.any():
        return
    chosen = min(max(_BIAS_EXPONENT - exponent, 0), BIAS_EXPONENT_MAX)
    mantissa = bias * 2.0 ** (_BIAS_EXPONENT - exponent - chosen)
    if (mantissa != np.rint(mantissa)).any():
        raise NetworkError(f"{where} leaves fractions of the bias")
    neuron.bias_mant.init = mantissa.astype(int)
    neuron.bias_exp.init = chosen


def check_weights(path: Path, file: Any, network: Any) -> None:
    """Mend synapses that do not hold the weights of the file; say which cannot.

    lava-dl shifts weights to the left as far as they go, and by one bit too far where
    the smallest of negative ones is a power of two.

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
        for key, name in (("weight", "synapse"), ("weight_rec", "synapse_rec")):
            synapse = getattr(process, name, None)
            if synapse is None or not hasattr(synapse, "weights"):
                continue
            wanted = np.asarray(layer[key][()], float).reshape(synapse.weights.shape)
            exponent = weight_exponent(layer["neuron"]) if "neuron" in layer else 0.0
            held = _held(synapse) * 2.0**exponent
            if (held != wanted).any():
                held = _encode(synapse, wanted, exponent)
            wrong = np.flatnonzero(held != wanted)
            if wrong.size:
                _warn(f"{path}: layer {n}: {key}", wanted, held, wrong)


def _encode(synapse: Any, wanted: Array, exponent: float) -> Array:
    """Give a connection the weights as they are, or leave what it has; say what it has.

    Without the power of two that divides its input.
    """
    parameters = synapse.proc_params._parameters
    names = ("weight_exp", "num_weight_bits")
    before = synapse.weights.init, {name: parameters.get(name) for name in names}
    synapse.weights.init = wanted.astype(int)
    for bits in (8, 9):  # of mixed signs Lava counts 9 where no bit is cut
        parameters |= {"weight_exp": -int(exponent), "num_weight_bits": bits}
        held = _held(synapse) * 2.0**exponent
        if (held == wanted).all():
            return np.asarray(held)
    synapse.weights.init = before[0]
    parameters.update(before[1])
    return np.asarray(_held(synapse) * 2.0**exponent)


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
    weights = np.asarray(synapse.weights.init)
    parameters = synapse.proc_params
    mode = parameters.get("sign_mode") or determine_sign_mode(weights)
    clipped = clip_weights(weights.copy(), mode, num_bits=8)
    bits = parameters.get("num_weight_bits", 8)
    held = truncate_weights(clipped, mode, bits)
    return np.asarray(held * 2.0 ** parameters.get("weight_exp", 0))
