"""Networks of lava-dl, read from their files and made to graphs of Lava Processes.

lava-dl's ``netx`` builds the graph. It imports the whole of SLAYER, and so torch, for
one small function on resonators, and modules for sequential execution that nothing here
uses; it gets stand-ins for both, so that a trained network runs without torch. What it
would stumble over in a file is found beforehand.
"""

from __future__ import annotations

import contextlib
import importlib
import io
import sys
import types
import warnings
from collections.abc import Iterator
from pathlib import Path
from typing import Annotated, Any

import numpy as np
from pydantic import Field

from lava_apps.loihi2.formats import FORMATS
from lava_apps.messages import warn_caller
from lava_apps.parameters import Integer, PositiveInteger, validated
from lava_apps.runtime.housekeeping import declare_models

from lava.magma.core.process.process import AbstractProcess

_SLAYER = (
    "lava.lib.dl.slayer",
    "lava.lib.dl.slayer.neuron",
    "lava.lib.dl.slayer.neuron.rf",
)
_MODULES = "lava.lib.dl.netx.sequential_modules"
_KINDS = ("input", "dense", "dense_rec", "dense_comp", "conv", "flatten", "average")
_WEIGHTED = ("dense", "dense_rec", "conv")
_NEURON_KEYS = {
    "CUBA": ("iDecay", "vDecay", "vThMant"),
    "LOIHI": ("iDecay", "vDecay", "vThMant"),
    "SDNN": ("vThMant",),
}


_MessageBits = Annotated[Integer, Field(ge=0, le=FORMATS["num_message_bits"].high)]


class NetworkError(ValueError):
    """A file is no network that can be run, or lava-dl is missing."""


class NetworkWarning(UserWarning):
    """The graph is not all that the file holds: left out, clipped or ignored."""


@validated
def load_network(
    path: Path,
    *,
    layers: PositiveInteger | None = None,
    reset_interval: PositiveInteger | None = None,
    input_bits: _MessageBits = 0,
) -> AbstractProcess:
    """Load a network of lava-dl as a Lava Process; torch is not needed.

    Parameters
    ----------
    path : pathlib.Path
        Its file, usually ``.net``.
    layers : int, optional
        How many to take, from the first one on. Default: all, but a last layer that
        averages, which lava-dl has no Process for.
    reset_interval : int, optional
        Time steps of a sample. Each layer is then set back when the first spikes of a
        sample arrive: the first one in the time step 2 of it, where a Dense or Conv
        stands before its neurons. Sigma-delta neurons are not set back. Default: never.
    input_bits : int
        Bits of the payload that arrives, at most 24; 0, the default, for spikes without
        one.

    Returns
    -------
    lava.lib.dl.netx.hdf5.Network
        With the ports ``inp`` and ``out``, and ``layers``. What arrives at a layer of
        input neurons is their synaptic input.

    Raises
    ------
    NetworkError
        For a file that is missing, cut off, or no network; a layer that lava-dl cannot
        build; where lava-dl is not installed.
    ParameterError
        For a wrong argument.

    Warns
    -----
    NetworkWarning
        For a last layer that is left out, and for what lava-dl warns of: weights and
        delays that are clipped, sigma-delta neurons that are not set back.
    """
    count = _check(path)
    network = _import_netx()
    options: dict[str, Any] = {"num_layers": layers or count}
    if reset_interval is not None:
        options |= {"reset_interval": reset_interval, "reset_offset": 1}
    made = _build(network, path, options | {"input_message_bits": input_bits})
    _set_back_in_each_sample(made)
    first = made.in_layer
    if not hasattr(first, "synapse") and not first.inp.out_connections:
        # lava-dl leads what arrives at an input layer nowhere: to its neurons, then.
        first.inp.connect(first.neuron.a_in)
    return made


def _build(network: Any, path: Path, options: dict[str, Any]) -> Any:
    """Let netx build a network, and repeat what it warns of or prints."""
    printed = io.StringIO()
    try:
        with (
            contextlib.redirect_stdout(printed),
            warnings.catch_warnings(record=True) as caught,
        ):
            warnings.simplefilter("ignore")
            warnings.simplefilter("always", UserWarning)
            made = network(net_config=str(path), **options)
    except (
        *(AssertionError, AttributeError, IndexError, KeyError, NotImplementedError),
        *(OSError, RuntimeError, TypeError, ValueError),
    ) as error:
        # Without the error's traceback, which would keep the file open.
        problem = "lava-dl cannot build this network"
        raise NetworkError(f"{path}: {problem} ({error!r})") from None
    made.net_config.f.close()
    said = [str(warning.message) for warning in caught]
    said += printed.getvalue().replace("[WARNING] ", "").splitlines()
    if said:
        unique = dict.fromkeys(" ".join(line.split()) for line in said)
        warn_caller(f"{path}: {'; '.join(unique)}", NetworkWarning)
    return made


def _set_back_in_each_sample(network: Any) -> None:
    """Let layers be set back where samples are shorter than the network is deep.

    LIFReset would wait for a remainder that does not occur.
    """
    for layer in network.layers:
        parameters = layer.neuron.proc_params
        offset, interval = (
            parameters.get(name) for name in ("reset_offset", "reset_interval")
        )
        if interval and offset is not None and offset >= interval:
            parameters.overwrite("reset_offset", offset % interval)


def _import_netx() -> Any:
    """Import the class of networks, with stand-ins for what needs torch."""
    names = [n for n in (*_SLAYER, _MODULES) if n not in sys.modules]
    if _SLAYER[0] in sys.modules:
        names = []
    stand_ins = {name: types.ModuleType(name) for name in names}
    for name, module in stand_ins.items():
        module.__path__ = []
        if name == _SLAYER[-1]:
            vars(module)["neuron_params"] = _resonator
        elif name == _MODULES:
            vars(module)["__getattr__"] = _of_the_real_modules
    sys.modules.update(stand_ins)
    try:
        from lava.lib.dl.netx.blocks import models
        from lava.lib.dl.netx.hdf5 import Network, PyNetworkModel
    except ImportError as error:
        problem = "needs lava-dl, which is not here"
        raise NetworkError(f"{problem} ({error}); README says how to get it") from None
    finally:
        for name in stand_ins:
            sys.modules.pop(name, None)
    # Looking for them Lava would execute files that import torch.
    declare_models(Network, [PyNetworkModel])
    for model in vars(models).values():
        if isinstance(model, type) and model.__module__ == models.__name__:
            process = getattr(model, "implements_process", None)
            if process is not None:
                declare_models(process, [model])
    return Network


def _of_the_real_modules(name: str) -> Any:
    """Let ``netx.modules`` be what it is, for whoever has torch."""
    if name.startswith("__"):
        raise AttributeError(name)
    return getattr(importlib.import_module(_MODULES), name)


def _resonator(device: Any, scale: int = 64, p_scale: int = 4096) -> dict[str, Any]:
    """Give threshold, period and decay of a resonate-and-fire neuron.

    Its decays are the real and the imaginary part of what its state is multiplied by.
    """
    sine, cosine = (device[name] / p_scale for name in ("sinDecay", "cosDecay"))
    return {
        "threshold": device["vThMant"] / scale,
        "period": 2 * np.pi / np.arctan2(sine, cosine),
        "decay": 1 - np.hypot(sine, cosine),
    }


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


def _check(path: Path) -> int:
    """Refuse a file that is no network; give the layers that can be built."""
    with open_network(path, "cut off, damaged, or no file of lava-dl") as file:
        return _check_layers(path, file)


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
        kind = _text(layer["type"])
        kinds.append(kind)
        if kind not in _KINDS:
            raise NetworkError(f"{where} is of an unknown type, {kind!r}")
        _check_layer(where, kind, layer)
    if kinds[-1] == "average":
        message = f"{path}: its last layer averages groups of outputs and is left out"
        warn_caller(message, NetworkWarning)
        count -= 1
    return count


def _check_layer(where: str, kind: str, layer: Any) -> None:
    for name in ("weight", "weight_rec", "bias", "delay"):
        if name in layer and hasattr(layer[name], "shape"):
            values = np.asarray(layer[name][()])
            if values.dtype.kind not in "iuf" or not np.isfinite(values).all():
                raise NetworkError(f"{where}: {name} must be finite numbers")
            if name == "weight" and kind in _WEIGHTED and values.size == 0:
                raise NetworkError(f"{where}: weight is empty")
    for name in ("shape", "weight") if kind in _WEIGHTED else ():
        if name not in layer:
            raise NetworkError(f"{where} has no {name}")
    if "neuron" not in layer:
        return
    neuron = layer["neuron"]
    if "type" not in neuron:
        raise NetworkError(f"{where}: its neuron has no type")
    model = _text(neuron["type"])
    if model not in _NEURON_KEYS and "RF" not in model:
        raise NetworkError(f"{where}: unknown neuron {model!r}")
    for name in _NEURON_KEYS.get(model, ()):
        if name not in neuron:
            raise NetworkError(f"{where}: its neuron has no {name}")


def _text(dataset: Any) -> str:
    found = np.ravel(dataset[()])[0]
    return found.decode("ascii", "replace") if isinstance(found, bytes) else str(found)
