"""What stands for lava-dl's layers and connections while it builds a network."""

from __future__ import annotations

import contextlib
import importlib
from collections.abc import Callable, Iterator
from functools import partial
from typing import Any

import numpy as np

from lava_apps.netx.description import NetworkError
from lava_apps.parameters import Array
from lava_apps.processes.connections import DelayConv, DelayDenseReset, DenseReset

from lava.proc.dense.process import DelayDense, Dense

_HDF5, _BLOCKS = "lava.lib.dl.netx.hdf5", "lava.lib.dl.netx.blocks.process"


@contextlib.contextmanager
def layers_here(file: Any) -> Iterator[None]:
    """Let lava-dl read a copy in memory, and make dense layers by the functions here.

    Parameters
    ----------
    file : h5py.File
        The copy.
    """
    hdf5 = importlib.import_module(_HDF5)
    with _names(
        hdf5,
        NetDict=partial(_read_copy, hdf5.NetDict, file),
        Dense=partial(_make_dense, hdf5.Dense),
        RecurrentDense=partial(_make_recurrent, hdf5.RecurrentDense),
    ):
        lavas = vars(hdf5.Network)["create_conv"]
        made = staticmethod(partial(_make_conv, hdf5.Network.create_conv))
        hdf5.Network.create_conv = made
        try:
            yield
        finally:
            hdf5.Network.create_conv = lavas


@contextlib.contextmanager
def _names(module: Any, **names: Any) -> Iterator[None]:
    """Let names of a module stand for something else."""
    before = {name: getattr(module, name) for name in names}
    try:
        for name, value in names.items():
            setattr(module, name, value)
        yield
    finally:
        for name, value in before.items():
            setattr(module, name, value)


def _read_copy(original: Any, file: Any, _filename: str) -> Any:
    return original(f=file)


def _make_conv(original: Any, *, layer_config: Any, **parameters: Any) -> Any:
    """Make a convolution with the delays that lava-dl leaves out."""
    keys = set(layer_config.keys())  # lava-dl's dictionary is none otherwise
    delay = layer_config["delay"] if "delay" in keys else None
    if delay is None or not np.any(delay):
        return original(layer_config=layer_config, **parameters)
    channels, *plane = (int(n) for n in layer_config["shape"])
    delays = np.asarray(delay).astype(int)
    if delays.size == channels * int(np.prod(plane)):
        delays = delays.reshape(channels, *plane).transpose()
    elif delays.size not in (1, channels):
        problem = "must be one, one a channel, or one a neuron"
        raise NetworkError(f"delay {problem}, not {delays.size}")
    interval = parameters.get("reset_interval") or 0
    offset = (parameters.get("reset_offset", 0) - 1) % interval if interval else None
    make = partial(
        DelayConv,
        delays=delays if delays.ndim == 3 else delays.ravel(),
        reset_interval=interval,
        reset_offset=offset,
    )
    blocks = importlib.import_module(_BLOCKS)
    with _names(blocks, ConvSynapse=lambda **options: make(**_plain(options))):
        return original(layer_config=layer_config, **parameters)


def _plain(options: dict[str, Any]) -> dict[str, Any]:
    """Give what describes a convolution as Python's own integers."""
    plain = dict(options)
    for name in ("input_shape", "padding", "stride", "dilation"):
        plain[name] = tuple(int(n) for n in np.ravel(options[name]))
    plain["groups"] = int(np.ravel(options["groups"])[0])
    return plain


def _samples(parameters: dict[str, Any]) -> tuple[int, int] | None:
    """Give interval and offset by which the neurons of a layer are set back."""
    neuron = parameters["neuron_params"]
    interval = neuron.get("reset_interval")
    if interval is None:
        return None
    return interval, neuron["reset_offset"] % interval


def _make_dense(original: Any, **parameters: Any) -> Any:
    """Make a dense layer whose delayed messages stay within a sample."""
    samples = _samples(parameters)
    if samples is None or "delay" not in parameters:
        return original(**parameters)
    with _connections(_between_layers(samples)):
        return original(**parameters)


def _between_layers(samples: tuple[int, int] | None) -> Callable[..., Any]:
    if samples is None:
        return partial(DelayDense)
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
    samples = _samples(parameters)
    delay, exponent = parameters.get("delay"), parameters["weight_exponent"]
    makers: tuple[Callable[..., Any], Callable[..., Any]]
    if delay is None:
        within = _within_layer(DenseReset, samples) if samples else Dense
        makers = _without_shape(Dense), _without_shape(within)
    else:
        delays = _recurrent_delays(delay, len(parameters["weight"]))
        within = _within_layer(DelayDenseReset, samples) if samples else DelayDense
        makers = (
            partial(_between_layers(samples), weight_exp=exponent),
            _with_delays(within, delays, exponent),
        )
    # The forward connection is made first.
    order = iter(makers)
    with _connections(lambda **options: next(order)(**options)):
        return original(**parameters)


def _within_layer(kind: Any, samples: tuple[int, int]) -> Callable[..., Any]:
    return partial(kind, reset_interval=samples[0], reset_offset=samples[1])


def _without_shape(make: Callable[..., Any]) -> Callable[..., Any]:
    def made(*, shape: Any = None, **options: Any) -> Any:  # noqa: ARG001
        return make(**options)

    return made


def _with_delays(
    make: Callable[..., Any], delays: Array, exponent: int
) -> Callable[..., Any]:
    def made(**options: Any) -> Any:
        return make(**options | {"delays": delays, "weight_exp": exponent})

    return made


def _connections(make: Callable[..., Any]) -> contextlib.AbstractContextManager[None]:
    blocks = importlib.import_module(_BLOCKS)
    return _names(blocks, DenseSynapse=make, DelayDenseSynapse=make)


def _recurrent_delays(delay: Array, neurons: int) -> Array:
    """Say what delays the recurrent synapses, given what delays the forward ones.

    A delay of each neuron holds for all that it receives, as lava-dl has it; delays of
    inputs do not concern neurons.
    """
    delay = np.asarray(delay)
    if (delay == delay[:, :1]).all():
        return np.repeat(delay[:, :1], neurons, axis=1).astype(int)
    if delay.shape == (neurons, neurons):
        return delay.astype(int)
    if (delay == delay[:1]).all():
        return np.zeros((neurons, neurons), dtype=int)
    problem = "must be one a neuron or one an input: recurrent synapses have them, too"
    raise NetworkError(f"delay {problem}")
