"""Let lava-dl build a network, and mend what it would get wrong.

lava-dl's ``netx`` builds the graph. It imports the whole of SLAYER, and so torch, for
one small function on resonators, and modules for sequential execution that nothing here
uses; it gets stand-ins for both, so that a trained network runs without torch. While it
builds, its own names for layers and connections stand for those here: recurrent layers
with delays get the exponent of their weights, and where samples follow each other,
connections that forget.
"""

from __future__ import annotations

import contextlib
import importlib
import io
import sys
import threading
import types
import warnings
from pathlib import Path
from typing import Annotated, Any

import numpy as np
from pydantic import Field

from lava_apps.loihi2.formats import FORMATS
from lava_apps.messages import warn_caller
from lava_apps.netx import description
from lava_apps.netx.errors import NetworkError, NetworkWarning
from lava_apps.netx.layers import layers_here
from lava_apps.netx.weights import apply_exponents, check_weights, set_decays
from lava_apps.parameters import Integer, PositiveInteger, validated
from lava_apps.runtime.housekeeping import declare_models

from lava.magma.core.process.process import AbstractProcess

_SLAYER = (
    "lava.lib.dl.slayer",
    "lava.lib.dl.slayer.neuron",
    "lava.lib.dl.slayer.neuron.rf",
)
_MODULES = "lava.lib.dl.netx.sequential_modules"
_building = threading.Lock()  # names of lava-dl are changed meanwhile
_MessageBits = Annotated[Integer, Field(ge=0, le=FORMATS["num_message_bits"].high)]


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
        sample arrive, the first one in the time step 2 of it, where a Dense or Conv
        stands before its neurons; messages of the sample before that are delayed or
        recurrent are dropped. Sigma-delta neurons and resonators are not set back.
        Default: never.
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
        build; a value that would be cut, clipped or dropped, naming layer and key;
        where lava-dl is not installed.
    ParameterError
        For a wrong argument.

    Warns
    -----
    NetworkWarning
        For a last layer that is left out, keys that nothing is made of, sums that are
        rounded for ``neuron/weight_exp``, and neurons that are not set back.
    """
    file, count = description.read(path, layers)
    try:
        network = _import_netx()
        options: dict[str, Any] = {"num_layers": count}
        if reset_interval is not None:
            options |= {"reset_interval": reset_interval, "reset_offset": 1}
        options |= {"input_message_bits": input_bits}
        made = _build(network, path, file, options)
        apply_exponents(path, file, made)
        check_weights(path, file, made)
        set_decays(file, made)
    finally:
        file.close()
    _set_back_in_each_sample(path, made, reset_interval)
    first = made.in_layer
    if not hasattr(first, "synapse") and not first.inp.out_connections:
        # lava-dl leads what arrives at an input layer nowhere: to its neurons, then.
        first.inp.connect(first.neuron.a_in)
    return made


def _build(network: Any, path: Path, file: Any, options: dict[str, Any]) -> Any:
    """Let netx build a network from a copy in memory."""
    printed = io.StringIO()
    try:
        with (
            _building,
            layers_here(file),
            contextlib.redirect_stdout(printed),
            warnings.catch_warnings(),
        ):
            # What they tell was found before, by layer and key, or is below.
            warnings.simplefilter("ignore")
            made = network(net_config=str(path), **options)
    except Exception as error:  # of any kind: Conv raises Exception itself
        # Without the error's traceback, which would keep much alive.
        problem = "lava-dl cannot build this network"
        raise NetworkError(f"{path}: {problem} ({error!r})") from None
    return made


def _set_back_in_each_sample(path: Path, network: Any, interval: int | None) -> None:
    """Let layers be set back where samples are shorter than the network is deep.

    LIFReset would wait for a remainder that does not occur.
    """
    if interval is None:
        return
    for n, layer in enumerate(network.layers):
        parameters = layer.neuron.proc_params
        offset = parameters.get("reset_offset")
        if offset is None:
            kind = type(layer.neuron).__name__
            message = f"{path}: {n + 1}. layer that is built: {kind} neurons are not "
            warn_caller(f"{message}set back between samples", NetworkWarning)
        elif offset >= interval:
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
