"""The networks that are compared, as arrays that any simulator can take."""

from __future__ import annotations

from collections.abc import Callable
from itertools import pairwise
from typing import Any

import numpy as np
import numpy.typing as npt
from scipy.sparse import csr_matrix

from lava_apps.apps.digits.network import DigitsNetwork, Settings
from lava_apps.datasets import load_mnist

from lava.magma.core.process.process import AbstractProcess
from lava.proc.dense.process import Dense
from lava.proc.lif.process import LIF
from lava.proc.sparse.process import Sparse

Arrays = dict[str, npt.NDArray[Any]]

DU, DV, VTH, BIAS = 0.02, 0.005, 10.0, 0.055
_EXCITATORY, _INHIBITORY = 0.0081, -0.045
_LAYERS, _WIDTH = 8, 100


def balanced(neurons: int = 4000, probability: float = 0.02, seed: int = 0) -> Arrays:
    """Draw a network of excitatory and inhibitory LIF neurons.

    Parameters
    ----------
    neurons : int
        How many; 80 % are excitatory. Default 4000.
    probability : float
        Of a synapse from any neuron to any. Default 0.02.
    seed : int
        Of all that is drawn. Default 0.

    Returns
    -------
    dict of str to numpy.ndarray
        `pre`, `post` and `weight` of each synapse, initial potentials `v`, and the
        parameters `du`, `dv`, `vth`, `bias` of the neurons, in Lava's terms.
    """
    rng = np.random.default_rng(seed)
    is_synapse = rng.random((neurons, neurons)) < probability
    post, pre = (places.astype(np.int32) for places in np.nonzero(is_synapse))
    weight = np.where(pre < 0.8 * neurons, _EXCITATORY, _INHIBITORY)
    return {
        "pre": pre,
        "post": post,
        "weight": weight,
        "v": rng.uniform(0, VTH, neurons),
        "du": np.array(DU),
        "dv": np.array(DV),
        "vth": np.array(VTH),
        "bias": np.array(BIAS),
    }


def balanced_graph(arrays: Arrays) -> tuple[AbstractProcess, list[LIF]]:
    """Build the balanced network of Lava's own Processes.

    Parameters
    ----------
    arrays : dict of str to numpy.ndarray
        From :func:`balanced`.

    Returns
    -------
    process : AbstractProcess
        Handle of the graph.
    populations : list of LIF
        Whose spikes are counted.
    """
    size = len(arrays["v"])
    synapses = (arrays["weight"], (arrays["post"], arrays["pre"]))
    neurons = LIF(
        shape=(size,),
        du=float(arrays["du"]),
        dv=float(arrays["dv"]),
        vth=float(arrays["vth"]),
        bias_mant=float(arrays["bias"]),
        v=arrays["v"],
    )
    connection = Sparse(weights=csr_matrix(synapses, shape=(size, size)))
    neurons.s_out.connect(connection.s_in)
    connection.a_out.connect(neurons.a_in)
    return neurons, [neurons]


def chain(seed: int = 0) -> Arrays:
    """Draw a chain of 8 populations of 100 LIF neurons, all to all.

    Parameters
    ----------
    seed : int
        Of the weights. Default 0.

    Returns
    -------
    dict of str to numpy.ndarray
        `weights` of 7 connections.
    """
    rng = np.random.default_rng(seed)
    return {"weights": rng.normal(size=(_LAYERS - 1, _WIDTH, _WIDTH))}


def chain_graph(arrays: Arrays) -> tuple[AbstractProcess, list[LIF]]:
    """Build the chain of Lava's own Processes.

    Parameters
    ----------
    arrays : dict of str to numpy.ndarray
        From :func:`chain`.

    Returns
    -------
    process : AbstractProcess
        Handle of the graph.
    populations : list of LIF
        Whose spikes are counted.
    """
    biases = [1.5] + [0.0] * len(arrays["weights"])
    layers = [
        LIF(shape=(_WIDTH,), du=0.1, dv=0.1, vth=10, bias_mant=bias) for bias in biases
    ]
    for (before, after), weights in zip(
        pairwise(layers), arrays["weights"], strict=True
    ):
        connection = Dense(weights=weights)
        before.s_out.connect(connection.s_in)
        connection.a_out.connect(after.a_in)
    return layers[0], layers


def digits(neurons: int = 400, images: int = 200, seed: int = 0) -> Arrays:
    """Take images to learn from, of the MNIST that ships with the package.

    Parameters
    ----------
    neurons : int
        Neurons that learn. Default 400.
    images : int
        How many images. Default 200.
    seed : int
        Which images. Default 0.

    Returns
    -------
    dict of str to numpy.ndarray
        `images`, and the number of `neurons`.
    """
    pixels, _ = load_mnist("train")
    chosen = np.random.default_rng(seed).choice(len(pixels), images, replace=False)
    return {
        "images": pixels[chosen].reshape(images, -1),
        "neurons": np.array(neurons),
    }


def digits_graph(arrays: Arrays) -> tuple[AbstractProcess, list[AbstractProcess]]:
    """Build the network of ``lava-apps stdp``.

    Parameters
    ----------
    arrays : dict of str to numpy.ndarray
        From :func:`digits`.

    Returns
    -------
    process : AbstractProcess
        Handle of the graph.
    populations : list of AbstractProcess
        Whose spikes are counted.
    """
    network = DigitsNetwork(Settings(int(arrays["neurons"])), arrays["images"])
    return network.neurons, [network.competition]


Draw = Callable[..., Arrays]
Build = Callable[[Arrays], tuple[AbstractProcess, list[Any]]]
NETWORKS: dict[str, tuple[Draw, Build]] = {
    "balanced": (balanced, balanced_graph),
    "chain": (chain, chain_graph),
    "digits": (digits, digits_graph),
}
