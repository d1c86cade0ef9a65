"""Equations of the encoders.

All present one sample after the other: `steps` time steps of spikes, then `rest`
time steps of silence, and the next; after the last sample comes the first.
"""

import math
from typing import Annotated

import numpy as np
import numpy.typing as npt
from numba import njit
from pydantic import Field

from lava_apps.draws import NO_BLOCK, draw_block, uniform_of
from lava_apps.parameters import (
    Array,
    EventArray,
    Integer,
    Number,
    ParameterError,
    PerNeuron,
    PositiveNumber,
    validated,
)

FloatArray = npt.NDArray[np.float64]


@njit(cache=True)
def advance(start_out, sample, position, samples, period):  # type: ignore[no-untyped-def]
    """Go on to the next time step of a presentation, or to the next sample.

    Parameters
    ----------
    start_out : (1,) numpy.ndarray
        Filled with 1 in the first time step of a sample, with 0 otherwise.
    sample, position : (1,) numpy.ndarray of int
        Index of the sample, and time steps of its presentation that were done;
        brought up to date.
    samples, period : int
        Number of samples, and time steps of each with its rest.

    Returns
    -------
    int
        The time step of the presentation, from 0 on.
    """
    if position[0] >= period:
        position[0] = 0
        sample[0] += 1
    # Both may have been set to anything.
    if sample[0] < 0 or sample[0] >= samples:
        sample[0] = 0
    position[0] = max(position[0], 0)
    now = position[0]
    start_out[0] = 1 if now == 0 else 0
    position[0] += 1
    return now


@njit(cache=True)
def latency(value, steps):  # type: ignore[no-untyped-def]
    """Find the time of the spike that stands for a value.

    Parameters
    ----------
    value : float
        From 0 to 1.
    steps : int
        Time steps of a sample.

    Returns
    -------
    int
        ``(1 - value) (steps - 1)``, rounded: 0 for 1, the last for 0.
    """
    return math.floor((1 - value) * (steps - 1) + 0.5)


def resolution(data: Array) -> float:
    """Say how far apart two numbers can be that rounding alone has parted.

    Parameters
    ----------
    data : numpy.ndarray
        What one of them comes from.

    Returns
    -------
    float
        As a fraction of them: some units in the last place of the type of the data.
    """
    kind = data.dtype if data.dtype.kind == "f" else np.float64
    return float(4 * np.finfo(kind).eps)


@njit(cache=True)
def spikes_until(steps, rate, resolution):  # type: ignore[no-untyped-def]
    """Count the spikes of a regular train.

    Parameters
    ----------
    steps : int
        Time steps since its begin.
    rate : float
        Spikes a time step.
    resolution : float
        See :func:`resolution`.

    Returns
    -------
    int
        ``rate * steps``, rounded down (but 0.29 * 100 is 29, whatever its last bit).
    """
    return math.floor(rate * steps * (1 + resolution))


@njit(cache=True)
def _spike(i, s_out, s_out_indices, s_out_count):  # type: ignore[no-untyped-def]
    """Let a channel spike, and list it, so that nobody need look for it."""
    s_out.flat[i] = 1
    s_out_indices[s_out_count[0]] = i
    s_out_count[0] += 1


@njit(cache=True)
def rate_step(  # type: ignore[no-untyped-def]
    s_out,
    s_out_indices,
    s_out_count,
    start_out,
    sample,
    position,
    key,
    first_index,
    data,
    factor,
    steps,
    rest,
    regular,
    resolution,
    time_step,
):
    """Present a time step of samples as rates, in place.

    Parameters
    ----------
    s_out : (*shape) numpy.ndarray
        Spikes, to be filled.
    s_out_indices, s_out_count : numpy.ndarray
        Which channels spike (size,), and how many (1,), to be filled.
    start_out : (1,) numpy.ndarray
        To be filled.
    sample, position : (1,) numpy.ndarray of int
        Where in the data.
    key : (2,) numpy.ndarray of uint64
        Of the random numbers (:mod:`lava_apps.draws`).
    first_index : int
        Index of the first value of a sample, as the random numbers count.
    data : (samples, size) numpy.ndarray
        Values, and
    factor : float
        spikes a step for a value of 1.
    steps, rest : int
        Time steps of a sample, and of the rest after it.
    regular : bool
        Spikes at regular intervals instead of random ones.
    resolution : float
        See :func:`resolution`.
    time_step : int
        Of the run.
    """
    now = advance(start_out, sample, position, len(data), steps + rest)
    values = data[sample[0]]
    s_out_count[0] = 0
    block = NO_BLOCK
    for i in range(values.size):
        s_out.flat[i] = 0
        rate = values[i] * factor
        if now >= steps or rate <= 0:
            continue
        if regular:
            before = spikes_until(now, rate, resolution)
            if spikes_until(now + 1, rate, resolution) > before:
                _spike(i, s_out, s_out_indices, s_out_count)
            continue
        block = draw_block(block, key, time_step, first_index + i)
        if uniform_of(block, first_index + i) < rate:
            _spike(i, s_out, s_out_indices, s_out_count)


@njit(cache=True)
def latency_step(  # type: ignore[no-untyped-def]
    s_out,
    s_out_indices,
    s_out_count,
    start_out,
    sample,
    position,
    data,
    factor,
    threshold,
    resolution,
    steps,
    rest,
):
    """Present a time step of samples as times of one spike each, in place.

    Parameters
    ----------
    s_out : (*shape) numpy.ndarray
        Spikes, to be filled.
    s_out_indices, s_out_count : numpy.ndarray
        Which channels spike (size,), and how many (1,), to be filled.
    start_out : (1,) numpy.ndarray
        To be filled.
    sample, position : (1,) numpy.ndarray of int
        Where in the data.
    data : (samples, size) numpy.ndarray
        Values; times `factor` they are from 0 to 1.
    factor, threshold : float
        Scaled values up to the threshold are silent.
    resolution : float
        See :func:`resolution`.
    steps, rest : int
        Time steps of a sample, and of the rest after it.
    """
    now = advance(start_out, sample, position, len(data), steps + rest)
    values = data[sample[0]]
    s_out_count[0] = 0
    for i in range(values.size):
        s_out.flat[i] = 0
        value = values[i] * factor
        # A value of exactly the threshold is silent, whatever its last bit.
        if value > threshold * (1 + resolution) and latency(value, steps) == now:
            _spike(i, s_out, s_out_indices, s_out_count)


@njit(cache=True)
def graded_step(s_out, start_out, sample, position, order, data, steps, rest):  # type: ignore[no-untyped-def]
    """Present a time step of samples as one graded spike a value, in place.

    Parameters
    ----------
    s_out, start_out : numpy.ndarray
        Values (*shape) and start (1,), to be filled.
    sample, position : (1,) numpy.ndarray of int
        Where in the order.
    order : (samples,) numpy.ndarray of int
        Which sample is presented when.
    data : (samples, size) numpy.ndarray
        Values.
    steps, rest : int
        Time steps of a sample, and of the rest after it.
    """
    now = advance(start_out, sample, position, len(data), steps + rest)
    chosen = order[sample[0]]
    if chosen < 0 or chosen >= len(data):
        raise IndexError("order must be of samples that there are")
    values = data[chosen]
    for i in range(values.size):
        s_out.flat[i] = values[i] if now == 0 else 0


@njit(cache=True)
def population_step(  # type: ignore[no-untyped-def]
    s_out,
    s_out_indices,
    s_out_count,
    start_out,
    sample,
    position,
    activation,
    centres,
    key,
    first_index,
    data,
    sigma,
    max_rate,
    threshold,
    steps,
    rest,
    as_latency,
    time_step,
):
    """Present a time step of samples by Gaussian receptive fields, in place.

    Parameters
    ----------
    s_out : (features, neurons) numpy.ndarray
        Spikes, to be filled.
    s_out_indices, s_out_count : numpy.ndarray
        Which neurons spike (size,), and how many (1,), to be filled.
    start_out : (1,) numpy.ndarray
        To be filled.
    sample, position : (1,) numpy.ndarray of int
        Where in the data.
    activation : (features, neurons) numpy.ndarray of float64
        Responses to the present sample, from 0 to 1.
    centres : (features, neurons) numpy.ndarray of float64
        Values that the neurons prefer.
    key : (2,) numpy.ndarray of uint64
        Of the random numbers (:mod:`lava_apps.draws`).
    first_index : int
        Index of the first neuron, as the random numbers count.
    data : (samples, features) numpy.ndarray
        Values.
    sigma : (features,) numpy.ndarray of float64
        Width of the fields.
    max_rate, threshold : float
        Spikes a step at the largest response; responses up to the threshold are
        silent.
    steps, rest : int
        Time steps of a sample, and of the rest after it.
    as_latency : bool
        One spike each, early for a large response, instead of a random train.
    time_step : int
        Of the run.
    """
    now = advance(start_out, sample, position, len(data), steps + rest)
    features, neurons = activation.shape
    s_out_count[0] = 0
    block = NO_BLOCK
    for i in range(features):
        for j in range(neurons):
            if now == 0:
                distance = (data[sample[0], i] - centres[i, j]) / sigma[i]
                activation[i, j] = math.exp(-(distance**2) / 2)
            response = activation[i, j]
            if now >= steps or response <= threshold:
                spikes = False
            elif as_latency:
                spikes = latency(response, steps) == now
            else:
                index = first_index + i * neurons + j
                block = draw_block(block, key, time_step, index)
                spikes = uniform_of(block, index) < response * max_rate
            s_out[i, j] = 0
            if spikes:
                _spike(i * neurons + j, s_out, s_out_indices, s_out_count)


@njit(cache=True)
def delta_step(  # type: ignore[no-untyped-def]
    s_out,
    start_out,
    sample,
    position,
    level,
    count,
    data,
    threshold,
    resolution,
    steps,
    rest,
):
    """Present a time step of signals as on and off events, in place.

    Parameters
    ----------
    s_out, start_out : numpy.ndarray
        Events (2, *shape), on and off, and start (1,), to be filled.
    sample, position : (1,) numpy.ndarray of int
        Where in the data.
    level : (*shape) numpy.ndarray of float64
        Filled with what the events so far add up to.
    count : (*shape) numpy.ndarray of int64
        On events of the sample, less off events.
    data : (samples, steps, size) numpy.ndarray
        Signals.
    threshold : float
        Change that makes an event.
    resolution : float
        See :func:`resolution`: what rounding can have taken from a change counts.
    steps, rest : int
        Time steps of a sample, and of the rest after it.
    """
    now = advance(start_out, sample, position, len(data), steps + rest)
    for i in range(level.size):
        first = np.float64(data[sample[0], 0, i])
        on, off = 0, 0
        if now == 0:
            count.flat[i] = 0
        elif now < steps:
            value = np.float64(data[sample[0], now, i])
            # Counted, not added up: a sum would round once for each event.
            known = first + count.flat[i] * threshold
            rounded = resolution * (abs(value) + abs(first) + abs(known) + threshold)
            # Of values so large that they cannot tell changes of the threshold.
            rounded = min(rounded, threshold / 2)
            if value - known >= threshold - rounded:
                on = 1
            elif known - value >= threshold - rounded:
                off = 1
        count.flat[i] += on - off
        level.flat[i] = first + count.flat[i] * threshold
        s_out.flat[i] = on
        s_out.flat[level.size + i] = off


@validated
def reconstruct(
    events: EventArray, *, threshold: PositiveNumber, initial: PerNeuron = 0.0
) -> FloatArray:
    """Rebuild signals from the events of a DeltaEncoder.

    Parameters
    ----------
    events : (steps, 2, *shape) array_like
        On and off events of one sample.
    threshold : float
        That of the encoder.
    initial : float or (*shape) array_like
        The signals in the first time step, which events do not tell. Default 0.

    Returns
    -------
    (steps, *shape) numpy.ndarray of float64
        Never more than the threshold away from signals that change by less than
        it in a time step.

    Raises
    ------
    ParameterError
        For events of another shape.
    """
    if events.ndim < 2 or events.shape[1] != 2:
        problem = "must have the shape (steps, 2, ...)"
        raise ParameterError("reconstruct", "events", problem, events)
    events = events.astype(float)  # first: unsigned ones would wrap
    # Counted, and then multiplied, as the encoder does it.
    changes = threshold * np.cumsum(events[:, 0] - events[:, 1], axis=0)
    try:
        start = np.broadcast_to(initial, events.shape[2:])
    except ValueError:
        problem = f"must be a number or fit the shape {events.shape[2:]}"
        raise ParameterError("reconstruct", "initial", problem, initial) from None
    return np.asarray(start + changes)


@validated
def receptive_field_centres(
    neurons: Annotated[Integer, Field(ge=2)], *, low: Number, high: Number
) -> Array:
    """Spread the preferred values of a population over a range.

    Parameters
    ----------
    neurons : int
        How many, at least 2.
    low, high : float
        The range; `high` above `low`.

    Returns
    -------
    (neurons,) numpy.ndarray of float64
        From `low` to `high` at equal distances.

    Raises
    ------
    ParameterError
        For less than two neurons, or an empty range.
    """
    if high <= low:
        problem = f"must be above low = {low}"
        raise ParameterError("receptive_field_centres", "high", problem, high)
    return np.linspace(low, high, neurons)
