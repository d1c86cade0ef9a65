"""Interfaces of the decoders."""

import math
from typing import Any

from lava_apps.kernel import Process
from lava_apps.parameters import (
    ParameterError,
    PerNeuron,
    PositiveInteger,
    PositiveNumber,
    Shape,
    TimeSteps,
    spread,
    validated,
)

from lava.magma.core.process.ports.ports import InPort, OutPort
from lava.magma.core.process.process import LogConfig
from lava.magma.core.process.variable import Var


class RateDecoder(Process):
    """Rates: the spikes of each neuron since the start of the sample.

    All spikes from one start to the next count, so a network's delay does not
    matter as long as it is shorter than the encoder's rest.

    Runs on the CPU in either precision, besides the chip.

    Parameters
    ----------
    shape : tuple of int, or int
        Shape of the population.
    window : int
        Time steps to divide by: those of a sample, without its rest.
    name : str, optional
        Name of the Process.
    log_config : lava.magma.core.process.process.LogConfig, optional
        Lava's logging options.

    Attributes
    ----------
    s_in : InPort, shape (*shape)
        Spikes; graded ones count by their payload.
    start_in : InPort, shape (1,)
        Not 0 in the first time step of a sample: an encoder's `start_out`. Left
        unconnected, the whole run is one sample.
    a_out : OutPort, shape (*shape)
        Spikes of the sample so far, over all of its `window` time steps: the rate, once
        the sample is over.
    counts, last : Var
        Spikes of this sample, and rates of the sample before.

    Raises
    ------
    ParameterError
        For a value out of range, or an unknown keyword.

    Examples
    --------
    >>> from lava_apps.processes.decoders import RateDecoder
    >>> RateDecoder(shape=10, window=100).a_out.shape
    (10,)
    """

    on_host = True

    @validated
    def __init__(
        self,
        *,
        shape: Shape,
        window: TimeSteps,
        name: str | None = None,
        log_config: LogConfig | None = None,
    ) -> None:
        options: dict[str, Any] = {"name": name, "log_config": log_config}
        super().__init__(window=window, **options)
        self.s_in = InPort(shape=shape)
        self.start_in = InPort(shape=(1,))
        self.a_out = OutPort(shape=shape)
        self.counts = Var(shape=shape, init=0)
        self.last = Var(shape=shape, init=0)


class FirstSpikeDecoder(Process):
    """Latencies: when each neuron first spiked in a sample, and who was first.

    Of neurons that spike in the same time step the one with the lowest index (in
    C order) counts as first.

    Runs on the CPU in either precision, besides the chip.

    Parameters
    ----------
    shape : tuple of int, or int
        Shape of the population.
    name : str, optional
        Name of the Process.
    log_config : lava.magma.core.process.process.LogConfig, optional
        Lava's logging options.

    Attributes
    ----------
    s_in : InPort, shape (*shape)
        Spikes.
    start_in : InPort, shape (1,)
        Not 0 in the first time step of a sample: an encoder's `start_out`. Left
        unconnected, the whole run is one sample.
    a_out : OutPort, shape (*shape)
        Time steps from the start to the first spike, -1 while there was none. A
        network's delay is part of it.
    winner_out : OutPort, shape (1,)
        Index of the first neuron to spike, -1 while there was none.
    latency, winner : Var
        What the ports sent last.
    elapsed : Var
        Time steps since the start.
    last : Var
        Who was first in the sample before, or -1.

    Raises
    ------
    ParameterError
        For a value out of range, or an unknown keyword.

    Examples
    --------
    >>> from lava_apps.processes.decoders import FirstSpikeDecoder
    >>> FirstSpikeDecoder(shape=(2, 5)).a_out.shape
    (2, 5)
    """

    on_host = True

    @validated
    def __init__(
        self,
        *,
        shape: Shape,
        name: str | None = None,
        log_config: LogConfig | None = None,
    ) -> None:
        options: dict[str, Any] = {"name": name, "log_config": log_config}
        super().__init__(**options)
        self.s_in = InPort(shape=shape)
        self.start_in = InPort(shape=(1,))
        self.a_out = OutPort(shape=shape)
        self.winner_out = OutPort(shape=(1,))
        self.latency = Var(shape=shape, init=-1)
        self.elapsed = Var(shape=(1,), init=0)
        self.winner = Var(shape=(1,), init=-1)
        self.last = Var(shape=(1,), init=-1)


class PopulationDecoder(Process):
    """Population vector: preferred values, weighted by the spikes of a sample.

    ``x = sum_j n_j c_j / sum_j n_j`` with the spikes n_j since the start and the
    preferred values c_j (Georgopoulos, Schwartz and Kettner 1986, Science
    233:1416).

    Runs on the CPU in either precision, besides the chip.

    Parameters
    ----------
    features : int
        Number of values to be estimated.
    centres : (neurons,) or (features, neurons) array_like
        Values that the neurons prefer, of all features or of each;
        ``encoder.centres.init`` of a PopulationEncoder.
    initial : float or (features,) array_like, optional
        Estimate while there was no spike. Default: the mean of `centres`, feature by
        feature.
    name : str, optional
        Name of the Process.
    log_config : lava.magma.core.process.process.LogConfig, optional
        Lava's logging options.

    Attributes
    ----------
    s_in : InPort, shape (features, neurons)
        Spikes; graded ones count by their payload.
    start_in : InPort, shape (1,)
        Not 0 in the first time step of a sample: an encoder's `start_out`. Left
        unconnected, the whole run is one sample.
    a_out : OutPort, shape (features,)
        The estimates so far.
    counts, last : Var
        Spikes of this sample, and estimates of the sample before.
    centres : Var, shape (features, neurons)
        As above.

    Raises
    ------
    ParameterError
        For a value out of range, or an unknown keyword.

    Examples
    --------
    >>> from lava_apps.processes.decoders import PopulationDecoder
    >>> PopulationDecoder(features=2, centres=[0, 1, 2]).s_in.shape
    (2, 3)
    """

    on_host = True

    @validated
    def __init__(
        self,
        *,
        features: PositiveInteger,
        centres: PerNeuron,
        initial: PerNeuron | None = None,
        name: str | None = None,
        log_config: LogConfig | None = None,
    ) -> None:
        owner = type(self).__name__
        if centres.ndim not in (1, 2) or centres.size == 0:
            problem = "must be (neurons,) or (features, neurons)"
            raise ParameterError(owner, "centres", problem, centres)
        shape = (features, centres.shape[-1])
        preferred = spread(owner, "centres", centres, shape).astype(float)
        start = preferred.mean(axis=1)
        if initial is not None:
            start = spread(owner, "initial", initial, (features,)).astype(float)
        options: dict[str, Any] = {"name": name, "log_config": log_config}
        super().__init__(initial=start, **options)
        self.s_in = InPort(shape=shape)
        self.start_in = InPort(shape=(1,))
        self.a_out = OutPort(shape=(features,))
        self.counts = Var(shape=shape, init=0)
        self.last = Var(shape=(features,), init=start)
        self.centres = Var(shape=shape, init=preferred)


class FilterDecoder(Process):
    """Exponential filter: an estimate of the rate at each moment.

    ``x <- exp(-1 / tau) x + (1 - exp(-1 / tau)) s``: a constant rate r gives r on
    average, with a time constant of `tau` time steps.

    Runs on the CPU in either precision, besides the chip.

    Parameters
    ----------
    shape : tuple of int, or int
        Shape of the population.
    tau : float
        Time constant in time steps, above 0.
    name : str, optional
        Name of the Process.
    log_config : lava.magma.core.process.process.LogConfig, optional
        Lava's logging options.

    Attributes
    ----------
    s_in : InPort, shape (*shape)
        Spikes, graded ones too.
    start_in : InPort, shape (1,)
        Not 0 in the first time step of a sample: the filter begins anew. May be
        left unconnected.
    a_out : OutPort, shape (*shape)
        Spikes a time step.
    trace : Var
        What `a_out` sent last.

    Raises
    ------
    ParameterError
        For a value out of range, or an unknown keyword.

    Examples
    --------
    >>> from lava_apps.processes.decoders import FilterDecoder
    >>> FilterDecoder(shape=10, tau=20).a_out.shape
    (10,)
    """

    on_host = True

    @validated
    def __init__(
        self,
        *,
        shape: Shape,
        tau: PositiveNumber,
        name: str | None = None,
        log_config: LogConfig | None = None,
    ) -> None:
        keep = math.exp(-1 / tau)
        if keep == 1:
            problem = "must be short enough for exp(-1 / tau) to differ from 1"
            raise ParameterError(type(self).__name__, "tau", problem, tau)
        options: dict[str, Any] = {"name": name, "log_config": log_config}
        super().__init__(keep=keep, **options)
        self.s_in = InPort(shape=shape)
        self.start_in = InPort(shape=(1,))
        self.a_out = OutPort(shape=shape)
        self.trace = Var(shape=shape, init=0)
