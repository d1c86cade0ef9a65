"""What layers may say, kind by kind, and whether it goes with the layer before.

Shapes are those of a file: (channels, height, width).
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np

from lava_apps.messages import warn_caller
from lava_apps.netx.errors import NetworkError, NetworkWarning
from lava_apps.netx.neurons import (
    RESONATOR,
    SIGMA_DELTA,
    check_neuron,
    warn_of_unknown,
)
from lava_apps.netx.values import (
    SIZE_MAX,
    cannot_build,
    integers,
    require_size,
)
from lava_apps.parameters import Array

DENSE = ("dense", "dense_rec")
KINDS = ("input", *DENSE, "conv", "flatten", "average")
LATER = ("concat", "pool", "convT", "unpool", "dense_comp")
"""Kinds that lava-dl writes or knows, but its netx cannot build."""

_KEYS = {
    "input": {"weight", "bias"},
    "dense": {"weight", "bias", "delay", "inFeatures", "outFeatures"},
    "conv": {
        *("weight", "bias", "delay", "inChannels", "outChannels", "kernelSize"),
        *("stride", "padding", "dilation", "groups"),
    },
    "flatten": set(),
    "average": set(),
}
_KEYS["dense_rec"] = _KEYS["dense"] | {"weight_rec"}
_NEURONS = ("input", "conv", *DENSE)
_LAST_DELAY = 62  # of 6 bits
_WEIGHT_MAX = 2**31 - 1  # beyond 8 bits they are clipped, with a warning
_CONV_MAX = 127  # Lava's Conv holds strides and the like in 8 bits
# Beyond, Lava's LIF and SigmaDelta would cut the bits off.
_BIAS = {None: (-(2**15), 2**15 - 1), SIGMA_DELTA: (-(2**19) + 1, 2**19 - 1)}


@dataclass(frozen=True)
class Sent:
    """What the layers so far send to the next one.

    Parameters
    ----------
    shape : tuple of int, optional
        Its shape, where it is known.
    is_sent : bool
        Whether a layer of neurons sends it; otherwise it is what the network gets.
    is_flattened : bool
        Whether a layer flattened it.
    """

    shape: tuple[int, ...] | None = None
    is_sent: bool = False
    is_flattened: bool = False

    @property
    def size(self) -> int | None:
        """Its number of messages."""
        return None if self.shape is None else int(np.prod(self.shape))


def check_layer(where: str, n: int, kind: str, layer: Any, before: Sent) -> Sent:
    """Refuse what a layer cannot do, and name the keys that nothing is made of.

    Parameters
    ----------
    where : str
        File and layer, for messages.
    n : int
        Its number.
    kind : str
        One of `KINDS`.
    layer : h5py.Group
        What the file says of it.
    before : Sent
        What it gets.

    Returns
    -------
    Sent
        What it sends.

    Raises
    ------
    NetworkError
        Naming layer and key.
    """
    neuron = {"neuron"} if kind in _NEURONS else set()
    warn_of_unknown(where, layer, _KEYS[kind] | neuron | {"type", "shape"})
    if kind == "average":
        return Sent()
    for key in ("shape", "weight") if kind in ("conv", *DENSE) else ():
        if key not in layer:
            raise NetworkError(f"{where} has no {key}")
    shape = tuple(integers(where, layer, "shape", 1, SIZE_MAX).ravel().tolist())
    if kind == "input":
        return _check_input(where, n, layer, shape)
    if kind == "flatten":
        return _check_flatten(where, shape, before)
    if kind == "conv":
        _check_conv(where, layer, shape, before)
        return Sent(shape, is_sent=True)
    _check_dense(where, kind, layer, int(np.prod(shape)), before)
    return Sent((int(np.prod(shape)),), is_sent=True)


def _check_input(where: str, n: int, layer: Any, shape: tuple[int, ...]) -> Sent:
    if n:
        raise cannot_build(where, "a layer input must be the first one")
    found = [key for key in ("weight", "bias") if key in layer]
    if "neuron" not in layer:
        if found:
            message = f"{where}: {', '.join(found)}: it has no neurons; it is ignored"
            warn_caller(message, NetworkWarning)
        return Sent(shape)
    if check_neuron(where, layer, shape[0]) == RESONATOR:
        raise cannot_build(where, "resonators cannot be an input layer")
    for key in found:
        require_size(where, key, integers(where, layer, key, *_BIAS[None]), {1})
    return Sent(shape, is_sent=True)


def _check_flatten(where: str, shape: tuple[int, ...], before: Sent) -> Sent:
    if before.size not in (None, int(np.prod(shape))):
        problem = f"shape {shape} is not that of {before.size} messages before it"
        raise cannot_build(where, problem)
    if before.is_sent and before.shape is not None and len(before.shape) != 3:
        raise cannot_build(where, "only images of 3 dimensions are flattened")
    return Sent(before.shape, before.is_sent, is_flattened=True)


def _check_dense(where: str, kind: str, layer: Any, rows: int, before: Sent) -> None:
    family = check_neuron(where, layer, rows)
    is_complex = not hasattr(layer["weight"], "shape")
    if is_complex != (family == RESONATOR):
        problem = "weight must be real and imaginary for resonators, and only for them"
        raise cannot_build(where, problem)
    if is_complex:
        if kind == "dense_rec":
            raise cannot_build(where, "recurrent resonators")
        warn_of_unknown(f"{where}: weight", layer["weight"], {"real", "imag"})
        parts = [
            integers(where, layer["weight"], key, -256, 255, f"weight/{key}")
            for key in ("real", "imag")
        ]
    else:
        parts = [_weights(where, layer, "weight")]
    columns = {_columns(where, "weight", part, rows) for part in parts}
    if len(columns) != 1:
        raise cannot_build(where, "weight has real and imaginary parts of two shapes")
    (inputs,) = columns
    if kind == "dense_rec":
        recurrent = _weights(where, layer, "weight_rec")
        if _columns(where, "weight_rec", recurrent, rows) != rows:
            raise cannot_build(where, f"weight_rec must be of shape {(rows, rows)}")
    _check_sender(where, inputs, before)
    _compare(where, layer, {"inFeatures": inputs, "outFeatures": rows})
    bias = _check_bias(where, layer, family, rows)
    if "delay" in layer:
        _check_delay(where, layer, (rows, inputs), family, bias)


def _weights(where: str, layer: Any, key: str) -> Array:
    return integers(where, layer, key, -_WEIGHT_MAX, _WEIGHT_MAX)


def _columns(where: str, key: str, weight: Array, rows: int) -> int:
    """Give the columns of a weight, which may be flat."""
    if weight.ndim == 1 and weight.size % rows == 0:
        return weight.size // rows
    if weight.ndim != 2 or len(weight) != rows:
        problem = f"{key} of shape {weight.shape} is not that of {rows} neurons"
        raise cannot_build(where, problem)
    return int(weight.shape[1])


def _check_sender(where: str, inputs: int, before: Sent) -> None:
    if before.size not in (None, inputs):
        problem = f"weight takes {inputs} inputs, but {before.size} come"
        raise cannot_build(where, problem)
    is_image = before.shape is not None and len(before.shape) > 1
    if before.is_sent and is_image and not before.is_flattened:
        raise cannot_build(where, "a layer flatten must be between it and images")


def _check_bias(where: str, layer: Any, family: str, channels: int) -> Array | None:
    """Give the bias, if there is one that is not zero."""
    if "bias" not in layer:
        return None
    bias = integers(where, layer, "bias", *_BIAS.get(family, _BIAS[None]))
    require_size(where, "bias", bias, {1, channels})
    is_sum = "neuron" in layer and "sigma_output" in layer["neuron"]
    if bias.any() and (family == RESONATOR or is_sum):
        which = "resonators" if family == RESONATOR else "neurons with sigma_output"
        raise NetworkError(f"{where}: bias cannot be honoured: {which} have none")
    return bias if bias.any() else None


def _check_delay(
    where: str, layer: Any, shape: tuple[int, int], family: str, bias: Array | None
) -> None:
    delay = integers(where, layer, "delay", 0, _LAST_DELAY)
    rows, inputs = shape
    allowed = {(), (1,), (rows,), (inputs,), (rows, inputs)}
    if delay.shape not in allowed:
        problem = f"delay of shape {delay.shape} is not one a neuron, input or synapse"
        raise cannot_build(where, problem)
    if family == RESONATOR and delay.any():
        problem = "delay cannot be honoured: nothing delays what resonators send"
        raise NetworkError(f"{where}: {problem}")
    if "weight_rec" in layer and delay.shape == (rows,):
        _warn_of_recurrence(where, delay, layer["weight_rec"][()].reshape(rows, rows))
    _warn_of_bias(where, delay, bias)


def _warn_of_recurrence(where: str, delay: Array, recurrent: Array) -> None:
    """Say where neurons get each other's spikes later than in training."""
    late = np.where(recurrent != 0, delay[None, :] - delay[:, None], 0)
    if late.max() > 0:
        message = f"{where}: delay: between its neurons {(late > 0).sum():,} of "
        message += (
            f"{(recurrent != 0).sum():,} messages arrive up to {late.max()} time "
        )
        message += "steps later than in training, which delays what the layer sends"
        warn_caller(message, NetworkWarning)


def _warn_of_bias(where: str, delay: Array, bias: Array | None) -> None:
    if bias is not None and delay.any():
        message = f"{where}: delay: what the layer receives is delayed, its bias is not"
        warn_caller(f"{message}; training delays what it sends", NetworkWarning)


def _compare(where: str, layer: Any, found: dict[str, int]) -> None:
    """Compare what keys say of sizes with the weights."""
    for key, wanted in found.items():
        if key not in layer:
            continue
        said = integers(where, layer, key, 0, SIZE_MAX)
        require_size(where, key, said, {1})
        if said.item() != wanted:
            problem = f"{key} says {said.item()}, but its weight has {wanted}"
            raise cannot_build(where, problem)


def _check_conv(where: str, layer: Any, shape: tuple[int, ...], before: Sent) -> None:
    if "neuron" not in layer:
        raise NetworkError(f"{where} has no neuron")
    family = check_neuron(where, layer, shape[0])
    if family == RESONATOR:
        raise cannot_build(where, "resonators cannot be behind a convolution")
    if before.shape is None or len(before.shape) != 3 or before.is_flattened:
        raise cannot_build(where, "a convolution needs an image of 3 dimensions before")
    outputs, kernel = _check_kernel(where, layer, before.shape[0])
    wanted = (outputs, *_convolved(where, layer, before.shape[1:], kernel))
    if shape != wanted:
        raise cannot_build(where, f"shape says {shape}, but {wanted} are sent")
    bias = _check_bias(where, layer, family, outputs)
    if "delay" in layer:
        delay = integers(where, layer, "delay", 0, _LAST_DELAY)
        require_size(where, "delay", delay, {1, outputs, int(np.prod(shape))})
        _warn_of_bias(where, delay, bias)


def _check_kernel(where: str, layer: Any, channels: int) -> tuple[int, list[int]]:
    """Give the channels that a convolution sends, and the size of its kernel."""
    weight = _weights(where, layer, "weight")
    if not (weight.ndim == 4 or (weight.ndim == 5 and weight.shape[4] == 1)):
        raise cannot_build(where, f"weight of shape {weight.shape} is no kernel")
    outputs, per_group, *kernel = weight.shape[:4]
    groups = integers(where, layer, "groups", 1, _CONV_MAX)
    require_size(where, "groups", groups, {1})
    if outputs % groups.item():
        problem = f"groups must divide {outputs} channels, not be {groups.item()}"
        raise cannot_build(where, problem)
    inputs = per_group * groups.item()
    if inputs != channels:
        problem = f"weight takes {inputs} channels, but {channels} come"
        raise cannot_build(where, problem)
    _compare(where, layer, {"inChannels": inputs, "outChannels": outputs})
    if "kernelSize" in layer:
        said = integers(where, layer, "kernelSize", 1, SIZE_MAX).ravel()
        if said.size not in (1, 2) or (said != kernel).any():
            problem = f"kernelSize says {said.tolist()}, but its weight has {kernel}"
            raise cannot_build(where, problem)
    return outputs, kernel


def _convolved(
    where: str, layer: Any, image: tuple[int, ...], kernel: list[int]
) -> list[int]:
    """Give height and width of what a convolution sends."""
    said = {}
    for key, low in (("stride", 1), ("padding", 0), ("dilation", 1)):
        values = integers(where, layer, key, low, _CONV_MAX).ravel()
        require_size(where, key, values, {1, 2})
        said[key] = np.broadcast_to(values, 2)
    reach = said["dilation"] * (np.asarray(kernel) - 1) + 1
    room = np.asarray(image) + 2 * said["padding"] - reach
    if (room < 0).any():
        raise cannot_build(where, "its kernel is larger than the image before it")
    return [int(n) for n in room // said["stride"] + 1]
