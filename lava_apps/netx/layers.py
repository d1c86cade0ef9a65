"""What stands for lava-dl's layers and connections while it builds a network."""

from __future__ import annotations

import contextlib
import importlib
from collections.abc import Callable, Iterator
from functools import partial
from typing import Any

import numpy as np

from lava_apps.netx.errors import NetworkError
from lava_apps.netx.fitting import fit
from lava_apps.parameters import Array
from lava_apps.processes.connections import DelayConv, DelayDenseReset, DenseReset

from lava.proc.dense.process import DelayDense, Dense

_HDF5, _BLOCKS = "lava.lib.dl.netx.hdf5", "lava.lib.dl.netx.blocks.process"
_UTILS = "lava.lib.dl.netx.utils"
_ALL_BITS = 8
_Make = Callable[..., Any]


@contextlib.contextmanager
def layers_here(file: Any) -> Iterator[None]:
    """Let lava-dl read a copy in memory, and make layers by the functions here.

    Parameters
    ----------
    file : h5py.File
        The copy.
    """
    hdf5 = importlib.import_module(_HDF5)
    create_conv = vars(hdf5.Network)["create_conv"]
    with (
        _names(
            hdf5,
            NetDict=partial(_read_copy, hdf5.NetDict, file),
            Dense=partial(_make_dense, hdf5.Dense),
            RecurrentDense=partial(_make_recurrent, hdf5.RecurrentDense),
            ComplexDense=partial(_make_complex, hdf5.ComplexDense),
            optimize_weight_bits=_as_they_are,
        ),
        _names(
            hdf5.Network,
            create_conv=staticmethod(partial(_create_conv, create_conv.__func__)),
        ),
    ):
        yield


@contextlib.contextmanager
def _names(owner: Any, **names: Any) -> Iterator[None]:
    """Let names of a module or class stand for something else."""
    before = {name: vars(owner)[name] for name in names}
    try:
        for name, value in names.items():
            setattr(owner, name, value)
        yield
    finally:
        for name, value in before.items():
            setattr(owner, name, value)


def _read_copy(original: Any, file: Any, _filename: str) -> Any:
    return original(f=file)


def _as_they_are(weights: Array) -> tuple[Array, int, int, None]:
    """Leave weights for :func:`_fitted`, which sees each connection by itself."""
    return weights, _ALL_BITS, 0, None


def _fitted(make: _Make) -> _Make:
    """Let a connection hold the weights of the file."""

    def made(*, weights: Array, **options: Any) -> Any:
        optimise = importlib.import_module(_UTILS).optimize_weight_bits
        return make(**options | fit(weights, optimise).options)

    return made


def _samples(parameters: dict[str, Any]) -> tuple[int, int] | None:
    """Give interval and offset by which the neurons of a layer are set back."""
    neuron = parameters["neuron_params"]
    interval = neuron.get("reset_interval")
    if interval is None:
        return None
    return interval, neuron["reset_offset"] % interval


def _make_dense(original: Any, **parameters: Any) -> Any:
    """Make a dense layer whose delayed messages stay within a sample."""
    delayed = _between_layers(_samples(parameters))
    with _connections(DenseSynapse=_fitted(Dense), DelayDenseSynapse=_fitted(delayed)):
        return original(**parameters)


def _make_complex(original: Any, **parameters: Any) -> Any:
    with _connections(DenseSynapse=_fitted(Dense)):
        return original(**parameters)


def _between_layers(samples: tuple[int, int] | None) -> _Make:
    if samples is None:
        made: _Make = DelayDense
        return made
    interval, offset = samples
    return partial(
        DelayDenseReset,
        reset_interval=interval,
        # What it receives from begins the sample a time step before.
        reset_offset=(offset - 1) % interval,
        keep_next=True,
    )


def _make_recurrent(original: Any, **parameters: Any) -> Any:
    """Make a recurrent layer; lava-dl forgets the exponent where there are delays."""
    samples, delay = _samples(parameters), parameters.get("delay")
    # The neurons of the layer send to each other, not what came in.
    options = {"num_message_bits": parameters["neuron_params"].get("num_message_bits")}
    if delay is None:
        forward: _Make = Dense
        within = _within_layer(DenseReset, samples) if samples else Dense
    else:
        options["delays"] = _recurrent_delays(delay, len(parameters["weight"]))
        forward = _between_layers(samples)
        within = _within_layer(DelayDenseReset, samples) if samples else DelayDense
    makers = _without_shape(_fitted(forward)), _without_shape(_fitted(within), options)
    # The forward connection is made first.
    order = iter(makers)

    def next_one(**given: Any) -> Any:
        return next(order)(**given)

    with _connections(DenseSynapse=next_one, DelayDenseSynapse=next_one):
        return original(**parameters)


def _within_layer(kind: Any, samples: tuple[int, int]) -> _Make:
    return partial(kind, reset_interval=samples[0], reset_offset=samples[1])


def _without_shape(make: _Make, more: dict[str, Any] | None = None) -> _Make:
    def made(*, shape: Any = None, **options: Any) -> Any:  # noqa: ARG001
        return make(**options | (more or {}))

    return made


def _connections(**names: Any) -> contextlib.AbstractContextManager[None]:
    return _names(importlib.import_module(_BLOCKS), **names)


def _recurrent_delays(delay: Array, neurons: int) -> Array:
    """Say what delays the recurrent synapses, given what delays the forward ones.

    SLAYER delays what a neuron sends on, but not within the layer. Its output is the
    same where a neuron gets what comes in later by its own delay, and what neuron k
    sends it by the difference of both delays. It cannot get that earlier than at once.
    Delays of inputs do not concern neurons.
    """
    delay = np.asarray(delay)
    if (delay == delay[:, :1]).all():
        own = delay[:, 0].astype(int)
        later: Array = np.maximum(own[:, None] - own[None, :], 0)
        return later
    if delay.shape == (neurons, neurons):
        return delay.astype(int)
    if (delay == delay[:1]).all():
        return np.zeros((neurons, neurons), dtype=int)
    problem = "must be one a neuron or one an input: recurrent synapses have them, too"
    raise NetworkError(f"delay {problem}")


def _create_conv(original: _Make, *, layer_config: Any, **parameters: Any) -> Any:
    """Let lava-dl create a convolution, with the delays that it leaves out."""
    delay = layer_config["delay"] if "delay" in layer_config.f else 0
    if not np.any(delay):
        return original(layer_config=layer_config, **parameters)
    channels, *plane = (int(n) for n in layer_config["shape"])
    delays = np.asarray(delay).astype(int)
    if delays.size not in (1, channels):
        delays = delays.reshape(channels, *plane).transpose()
    interval = parameters.get("reset_interval") or 0
    offset = (parameters.get("reset_offset", 0) - 1) % interval if interval else None
    make = partial(
        DelayConv,
        delays=delays if delays.ndim == 3 else delays.ravel(),
        reset_interval=interval,
        reset_offset=offset,
    )
    with _connections(ConvSynapse=lambda **options: make(**_plain(options))):
        return original(layer_config=layer_config, **parameters)


def _plain(options: dict[str, Any]) -> dict[str, Any]:
    """Give what describes a convolution as Python's own integers."""
    plain = dict(options)
    for name in ("input_shape", "padding", "stride", "dilation"):
        plain[name] = tuple(int(n) for n in np.ravel(options[name]))
    plain["groups"] = int(np.ravel(options["groups"])[0])
    return plain
