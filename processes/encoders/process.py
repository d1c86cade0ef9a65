"""Interfaces of the encoders."""

import math
from typing import Annotated, Any, Literal

import numpy as np
from pydantic import BeforeValidator, Field

from lava_apps.draws import new_key, seed_parameters
from lava_apps.kernel import Process
from lava_apps.parameters import (
    Array,
    FirstIndex,
    Fraction,
    Integer,
    ParameterError,
    PerNeuron,
    PositiveNumber,
    Seed,
    TimeSteps,
    Vector,
    invalid,
    spread,
    validated,
)
from lava_apps.processes.encoders.dynamics import resolution

from lava.magma.core.process.ports.ports import OutPort
from lava.magma.core.process.process import LogConfig
from lava.magma.core.process.variable import Var


def _samples(value: object) -> Array:
    try:
        # Not copied: a data set may be large, or lie in a file (numpy.memmap).
        data = np.ascontiguousarray(np.asarray(value))
    except ValueError:
        raise invalid("must be an array of numbers with rows of one length") from None
    if data.dtype.kind not in "iuf":
        raise invalid("must be an array of integers or floats")
    if data.ndim < 2 or data.size == 0:
        raise invalid("must have the shape (samples, ...) and not be empty")
    if data.dtype.kind == "f" and not (
        np.isfinite(data.min()) and np.isfinite(data.max())
    ):
        raise invalid("must be finite")
    # The step functions know native numbers of 32 and 64 bits.
    if data.dtype.kind == "f" and data.dtype.itemsize not in (4, 8):
        return data.astype(float)
    return data.astype(data.dtype.newbyteorder("="), copy=False)


Samples = Annotated[Any, BeforeValidator(_samples)]
Rest = Annotated[Integer, Field(ge=0, lt=2**31)]


class _Encoder(Process):
    """What all encoders have: the start of a sample, and the place in the data."""

    on_host = True

    def _present(self, shape: tuple[int, ...]) -> None:
        self.s_out = OutPort(shape=shape)
        self.start_out = OutPort(shape=(1,))
        self.sample = Var(shape=(1,), init=0)
        self.position = Var(shape=(1,), init=0)

    @classmethod
    def _full_scale(cls, data: Array, given: float | None) -> float:
        """Find the largest value allowed; refuse data beyond it."""
        full_scale = given or (255.0 if data.dtype == np.uint8 else 1.0)
        lowest, highest = data.min(), data.max()
        if lowest < 0 or highest > full_scale:
            problem = f"must be from 0 to full_scale = {full_scale:g}"
            found = f"values from {lowest:g} to {highest:g}"
            raise ParameterError(cls.__name__, "data", problem, _Words(found))
        return full_scale


class _Words(str):
    """Words to stand in an error as they are."""

    __slots__ = ()

    def __repr__(self) -> str:
        return str(self)


class RateEncoder(_Encoder):
    """Rate code: the larger a value, the more spikes.

    Each sample is presented for `steps` time steps; then follow `rest` time steps
    of silence. With "poisson" trains a value x spikes in each time step with the
    probability ``max_rate * x / full_scale``, independently: the discrete form of
    a Poisson process. With "regular" ones spikes come at equal distances, and
    their number is the expected one rounded down.

    Runs on the CPU in either precision, besides the chip; draws numbers of
    its own, and holds no more than the data and one time step.

    Parameters
    ----------
    data : (samples, *shape) array_like
        Values from 0 to `full_scale`. Not copied where it is a contiguous array of
        native numbers (also one of numpy.memmap): do not change it during a run. A
        strided view is copied.
    steps : int
        Time steps of a sample, at least 1.
    rest : int
        Time steps of silence after each sample. Default 0.
    max_rate : float
        Spikes a time step at full scale, from 0 to 1. Default 0.25.
    full_scale : float, optional
        Largest value. Default: 255 for data of type uint8, else 1.
    train : {"poisson", "regular"}
        Random or regular intervals. Default "poisson".
    first_index : int
        Index of the first spike train, as the random numbers count them. Encoders with
        one seed whose indices follow one another spike like one encoder. Default 0.
    seed : int, optional
        Seed of the random trains, from 0 to 2**63 - 1. Default: one of its own, by its
        place in the graph: Processes draw independently, and runs can be repeated.
    name : str, optional
        Name of the Process.
    log_config : lava.magma.core.process.process.LogConfig, optional
        Lava's logging options.

    Attributes
    ----------
    s_out : OutPort, shape (*shape)
        Spikes, 0 or 1.
    start_out : OutPort, shape (1,)
        1 in the first time step of each sample, 0 otherwise.
    sample, position : Var
        Index of the present sample, and the time steps of its presentation that
        were done. To jump to a sample, set the one to it and the other to 0.
    key : Var
        Which random numbers they are.

    Raises
    ------
    ParameterError
        For a value out of range, or an unknown keyword.

    Examples
    --------
    >>> from lava_apps.processes.encoders import RateEncoder
    >>> RateEncoder(data=[[0.0, 0.5, 1.0]], steps=100).s_out.shape
    (3,)
    """

    @validated
    def __init__(
        self,
        *,
        data: Samples,
        steps: TimeSteps,
        rest: Rest = 0,
        max_rate: Fraction = 0.25,
        full_scale: PositiveNumber | None = None,
        train: Literal["poisson", "regular"] = "poisson",
        first_index: FirstIndex = 0,
        seed: Seed | None = None,
        name: str | None = None,
        log_config: LogConfig | None = None,
    ) -> None:
        factor = max_rate / self._full_scale(data, full_scale)
        options: dict[str, Any] = {"name": name, "log_config": log_config}
        super().__init__(
            data=data.reshape(len(data), -1),
            factor=factor,
            steps=steps,
            rest=rest,
            regular=train == "regular",
            resolution=resolution(data),
            first_index=first_index,
            **seed_parameters(seed),
            **options,
        )
        self._present(data.shape[1:])
        self.key = Var(shape=(2,), init=new_key(self.proc_params["seed"]))


class LatencyEncoder(_Encoder):
    """Latency code: the larger a value, the earlier its only spike.

    A value x above the threshold spikes once in a sample, after
    ``(1 - x / full_scale) (steps - 1)`` time steps, rounded (time to first spike;
    Thorpe, Delorme and Van Rullen 2001, Neural Networks 14:715).

    Runs on the CPU in either precision, besides the chip.

    Parameters
    ----------
    data : (samples, *shape) array_like
        Values from 0 to `full_scale`. Not copied where it is a contiguous array of
        native numbers (also one of numpy.memmap): do not change it during a run. A
        strided view is copied.
    steps : int
        Time steps of a sample, at least 1.
    rest : int
        Time steps of silence after each sample. Default 0.
    threshold : float
        Values up to this fraction of the full scale stay silent, from 0 to 1.
        Default 0: zeros do not spike.
    full_scale : float, optional
        Largest value. Default: 255 for data of type uint8, else 1.
    name : str, optional
        Name of the Process.
    log_config : lava.magma.core.process.process.LogConfig, optional
        Lava's logging options.

    Attributes
    ----------
    s_out : OutPort, shape (*shape)
        Spikes, 0 or 1.
    start_out : OutPort, shape (1,)
        1 in the first time step of each sample, 0 otherwise.
    sample, position : Var
        Index of the present sample, and the time steps of its presentation that
        were done.

    Raises
    ------
    ParameterError
        For a value out of range, or an unknown keyword.

    Examples
    --------
    >>> from lava_apps.processes.encoders import LatencyEncoder
    >>> LatencyEncoder(data=[[0.0, 0.5, 1.0]], steps=16, rest=4).s_out.shape
    (3,)
    """

    @validated
    def __init__(
        self,
        *,
        data: Samples,
        steps: TimeSteps,
        rest: Rest = 0,
        threshold: Fraction = 0.0,
        full_scale: PositiveNumber | None = None,
        name: str | None = None,
        log_config: LogConfig | None = None,
    ) -> None:
        factor = 1 / self._full_scale(data, full_scale)
        options: dict[str, Any] = {"name": name, "log_config": log_config}
        super().__init__(
            data=data.reshape(len(data), -1),
            factor=factor,
            threshold=threshold,
            resolution=resolution(data),
            steps=steps,
            rest=rest,
            **options,
        )
        self._present(data.shape[1:])


class GradedEncoder(_Encoder):
    """Graded spikes: each value is the payload of one spike.

    In the first time step of a sample all its values are sent as they are, in the
    others zeros. Loihi 2 knows spikes with a payload; synapses multiply by it
    (``num_message_bits`` of Lava's Dense).

    Runs on the CPU, besides the chip. In ``fixed_pt`` data must be integers of at most
    24 bits with their sign.

    Parameters
    ----------
    data : (samples, *shape) array_like
        Values. Not copied where it is a contiguous array of native numbers (also one
        of numpy.memmap): do not change it during a run. A strided view is copied.
    steps : int
        Time steps of a sample, at least 1. Default 1.
    rest : int
        Time steps of silence after each sample. Default 0.
    order : (samples,) array_like of int, optional
        Which sample is presented when. Default: one after the other.
    name : str, optional
        Name of the Process.
    log_config : lava.magma.core.process.process.LogConfig, optional
        Lava's logging options.

    Attributes
    ----------
    s_out : OutPort, shape (*shape)
        Values.
    start_out : OutPort, shape (1,)
        1 in the first time step of each sample, 0 otherwise.
    sample, position : Var
        Place of the present sample in the order, and the time steps of its
        presentation that were done.
    order : Var
        As above. May be set between runs, such as to a new permutation for each epoch.

    Raises
    ------
    ParameterError
        For data that are no numbers, or an unknown keyword.

    Examples
    --------
    >>> from lava_apps.processes.encoders import GradedEncoder
    >>> GradedEncoder(data=[[3, 1, 4], [1, 5, 9]]).s_out.shape
    (3,)
    """

    @validated
    def __init__(
        self,
        *,
        data: Samples,
        steps: TimeSteps = 1,
        rest: Rest = 0,
        order: Vector | None = None,
        name: str | None = None,
        log_config: LogConfig | None = None,
    ) -> None:
        samples = np.arange(len(data))
        chosen = samples if order is None else order
        if chosen.shape != samples.shape or not np.isin(chosen, samples).all():
            problem = f"must be {len(data)} integers from 0 to {len(data) - 1}"
            raise ParameterError(type(self).__name__, "order", problem, order)
        options: dict[str, Any] = {"name": name, "log_config": log_config}
        super().__init__(
            data=data.reshape(len(data), -1), steps=steps, rest=rest, **options
        )
        self._present(data.shape[1:])
        self.order = Var(shape=samples.shape, init=chosen.astype(np.int64))


class PopulationEncoder(_Encoder):
    """Population code: neurons with Gaussian receptive fields share a value.

    Neuron j prefers the value c_j and responds to x with
    ``exp(-(x - c_j)**2 / (2 sigma**2))``, by a random train or by one spike that
    is early for a large response (Bohte, Kok and La Poutre 2002, Neurocomputing
    48:17).

    Runs on the CPU in either precision, besides the chip.

    Parameters
    ----------
    data : (samples, features) array_like
        Values. Not copied where it is a contiguous array of native numbers: do not
        change it during a run. A strided view is copied.
    steps : int
        Time steps of a sample, at least 1.
    rest : int
        Time steps of silence after each sample. Default 0.
    neurons : int
        Neurons a feature, at least 2. Default 10.
    low, high : float or (features,) array_like, optional
        Values that the first and the last neuron of a feature prefer, for all or for
        each; data must lie between. Default: the lowest and highest of each feature, as
        in the paper.
    width : float
        Sigma, in distances between neighbours' preferences of the feature, above 0.
        Default 1.
    code : {"poisson", "latency"}
        Random train or time of one spike. Default "poisson".
    max_rate : float
        Spikes a time step at a response of 1, from 0 to 1. Default 0.25.
    threshold : float
        Responses up to it stay silent, from 0 to 1. Default 0.1.
    first_index : int
        Index of the first spike train, as the random numbers count them. Encoders with
        one seed whose indices follow one another spike like one encoder. Default 0.
    seed : int, optional
        Seed of the random trains, from 0 to 2**63 - 1. Default: one of its own, by its
        place in the graph: Processes draw independently, and runs can be repeated.
    name : str, optional
        Name of the Process.
    log_config : lava.magma.core.process.process.LogConfig, optional
        Lava's logging options.

    Attributes
    ----------
    s_out : OutPort, shape (features, neurons)
        Spikes, 0 or 1.
    start_out : OutPort, shape (1,)
        1 in the first time step of each sample, 0 otherwise.
    sample, position : Var
        Index of the present sample, and the time steps of its presentation that
        were done.
    activation : Var
        Responses to the present sample.
    centres : Var
        Preferred values c_j of each feature, shape (features, neurons).
    key : Var
        Which random numbers they are.

    Raises
    ------
    ParameterError
        For a value out of range, data outside of the range of preferences, or an
        unknown keyword.

    Examples
    --------
    >>> from lava_apps.processes.encoders import PopulationEncoder
    >>> data = [[1.5, -3.0], [1.8, 40.0]]
    >>> PopulationEncoder(data=data, steps=50, neurons=8).s_out.shape
    (2, 8)
    """

    @validated
    def __init__(
        self,
        *,
        data: Samples,
        steps: TimeSteps,
        rest: Rest = 0,
        neurons: Annotated[Integer, Field(ge=2)] = 10,
        low: PerNeuron | None = None,
        high: PerNeuron | None = None,
        width: PositiveNumber = 1.0,
        code: Literal["poisson", "latency"] = "poisson",
        max_rate: Fraction = 0.25,
        threshold: Fraction = 0.1,
        first_index: FirstIndex = 0,
        seed: Seed | None = None,
        name: str | None = None,
        log_config: LogConfig | None = None,
    ) -> None:
        owner = type(self).__name__
        if data.ndim != 2:
            raise ParameterError(owner, "data", "must be (samples, features)", data)
        first, last = _ranges(owner, data, low, high)
        centres = np.linspace(first, last, neurons, axis=1)
        options: dict[str, Any] = {"name": name, "log_config": log_config}
        super().__init__(
            data=data,
            sigma=width * (last - first) / (neurons - 1),
            max_rate=max_rate,
            threshold=threshold,
            steps=steps,
            rest=rest,
            as_latency=code == "latency",
            first_index=first_index,
            **seed_parameters(seed),
            **options,
        )
        self._present((data.shape[1], neurons))
        self.activation = Var(shape=(data.shape[1], neurons), init=0)
        self.centres = Var(shape=centres.shape, init=centres)
        self.key = Var(shape=(2,), init=new_key(self.proc_params["seed"]))


def _ranges(owner: str, data: Array, low: Any, high: Any) -> tuple[Array, Array]:
    """Find what each feature ranges from and to, and refuse data that do not."""
    shape = data.shape[1:]
    first = data.min(axis=0) if low is None else spread(owner, "low", low, shape)
    last = data.max(axis=0) if high is None else spread(owner, "high", high, shape)
    first, last = first.astype(float), last.astype(float)
    empty = np.flatnonzero(last <= first)
    if empty.size and high is not None:
        problem = f"must be above the lowest preference, {first[empty[0]]:g}"
        raise ParameterError(owner, "high", problem, high)
    if empty.size:
        names = ", ".join(str(i) for i in empty[:10]) + ", ..." * (empty.size > 10)
        problem = f"must exceed {first[empty[0]]:g} somewhere, or high be given"
        problem += f"; so in feature {names}" if len(first) > 1 else ""
        raise ParameterError(owner, "data", problem, data[:, empty[0]])
    outside = np.flatnonzero((data.min(axis=0) < first) | (data.max(axis=0) > last))
    if outside.size:
        i = outside[0]
        problem = f"must lie between low = {first[i]:g} and high = {last[i]:g}"
        problem += f" in feature {i}" if len(first) > 1 else ""
        raise ParameterError(owner, "data", problem, data[:, i])
    return first, last


class DeltaEncoder(_Encoder):
    """Delta modulation: an event for each change of a signal.

    A signal that has risen by the threshold since its last event gives an *on*
    event, one that has fallen by it an *off* event, one a time step at most. The
    first value of a sample is where it starts, and gives none.
    :func:`~lava_apps.processes.encoders.reconstruct` rebuilds the signal.

    Runs on the CPU in either precision, besides the chip.

    Parameters
    ----------
    data : (samples, steps, *shape) array_like
        Signals, one value a time step. Not copied where it is a contiguous array
        of native numbers: do not change it during a run. A strided view is copied.
    threshold : float
        Change that makes an event, above 0.
    rest : int
        Time steps of silence after each sample. Default 0.
    name : str, optional
        Name of the Process.
    log_config : lava.magma.core.process.process.LogConfig, optional
        Lava's logging options.

    Attributes
    ----------
    s_out : OutPort, shape (2, *shape)
        Events, 0 or 1: on first, then off.
    start_out : OutPort, shape (1,)
        1 in the first time step of each sample, 0 otherwise.
    sample, position : Var
        Index of the present sample, and the time steps of its presentation that
        were done.
    level : Var
        What the events so far add up to.
    count : Var
        On events of the present sample, less its off events.

    Raises
    ------
    ParameterError
        For a value out of range, or an unknown keyword.

    Examples
    --------
    >>> from lava_apps.processes.encoders import DeltaEncoder
    >>> DeltaEncoder(data=[[[0.0], [0.3], [0.9]]], threshold=0.25).s_out.shape
    (2, 1)
    """

    @validated
    def __init__(
        self,
        *,
        data: Samples,
        threshold: PositiveNumber,
        rest: Rest = 0,
        name: str | None = None,
        log_config: LogConfig | None = None,
    ) -> None:
        if data.ndim < 3:
            problem = "must be (samples, steps, ...), with one dimension more at least"
            raise ParameterError(type(self).__name__, "data", problem, data)
        samples, steps, *shape = data.shape
        options: dict[str, Any] = {"name": name, "log_config": log_config}
        super().__init__(
            data=data.reshape(samples, steps, math.prod(shape)),
            threshold=threshold,
            resolution=resolution(data),
            steps=steps,
            rest=rest,
            **options,
        )
        self._present((2, *shape))
        self.level = Var(shape=tuple(shape), init=0)
        self.count = Var(shape=tuple(shape), init=0)
