"""Statistics of recorded spikes: rates, intervals, variability, information."""

from __future__ import annotations

import numpy as np

from lava_apps.parameters import (
    Array,
    EventMatrix,
    NumericArray,
    ParameterError,
    PositiveInteger,
    PositiveNumber,
    validated,
)


@validated
def firing_rates(spikes: EventMatrix, dt: PositiveNumber = 1.0) -> Array:
    """Give the mean rate of each neuron.

    Parameters
    ----------
    spikes : (steps, neurons) array_like
        Spikes in each time step, as a probe holds them.
    dt : float
        Length of a time step in ms. Default 1.

    Returns
    -------
    (neurons,) numpy.ndarray of float
        Rates in Hz.

    Examples
    --------
    >>> firing_rates([[1, 0], [0, 0], [1, 0], [0, 1]], dt=5).tolist()
    [100.0, 50.0]
    """
    return np.asarray(1000 / dt * np.count_nonzero(spikes, axis=0) / len(spikes))


@validated
def intervals(spikes: EventMatrix, dt: PositiveNumber = 1.0) -> Array:
    """Give the times between successive spikes of the same neuron.

    Parameters
    ----------
    spikes : (steps, neurons) array_like
        Spikes in each time step.
    dt : float
        Length of a time step in ms. Default 1.

    Returns
    -------
    (intervals,) numpy.ndarray of float
        Inter-spike intervals in ms, those of the first neuron first; empty where no
        neuron spiked twice.

    Examples
    --------
    >>> intervals([[1, 0], [0, 1], [1, 0], [0, 1], [0, 1]], dt=0.5).tolist()
    [1.0, 1.0, 0.5]
    """
    neurons, steps = np.nonzero(spikes.T)
    return np.asarray(np.diff(steps)[np.diff(neurons) == 0] * dt)


@validated
def coefficient_of_variation(intervals: NumericArray) -> float:
    """Tell how irregular intervals are: standard deviation over mean.

    Parameters
    ----------
    intervals : array_like
        Inter-spike intervals, in any unit.

    Returns
    -------
    float
        0 for a clock, 1 for a Poisson process; NaN without intervals.

    Raises
    ------
    ParameterError
        For an interval that is not above 0.
    """
    if intervals.size == 0:
        return float("nan")
    if intervals.min() <= 0:
        problem = "must be above 0"
        owner = "coefficient_of_variation"
        raise ParameterError(owner, "intervals", problem, intervals.min())
    return float(intervals.std() / intervals.mean())


@validated
def fano_factor(spikes: EventMatrix, window: PositiveInteger) -> Array:
    """Tell how much the number of spikes in a window varies (Fano 1947).

    Parameters
    ----------
    spikes : (steps, neurons) array_like
        Spikes in each time step.
    window : int
        Time steps of a window, at most half of all; windows do not overlap, and what
        is left at the end is not looked at.

    Returns
    -------
    (neurons,) numpy.ndarray of float
        Variance over mean of the counts: 0 for a clock whose period divides the window,
        1 for a Poisson process; NaN for a neuron that did not spike.

    Raises
    ------
    ParameterError
        For spikes that do not fill two windows.

    Notes
    -----
    U. Fano (1947), Physical Review 72:26, for counts of ions.
    """
    number = len(spikes) // window
    if number < 2:
        problem = f"must be at most half of the {len(spikes)} time steps"
        raise ParameterError("fano_factor", "window", problem, window)
    neurons = spikes.shape[1]
    cut = (spikes[: number * window] != 0).reshape(number, window, neurons)
    counts = np.count_nonzero(cut, axis=1)
    mean = counts.mean(axis=0)
    with np.errstate(invalid="ignore"):
        return np.asarray(counts.var(axis=0, ddof=1) / mean)


@validated
def code_entropy(words: EventMatrix) -> float:
    """Estimate the entropy of what a population sends (Shannon 1948).

    Each row is one word; its probability is estimated by how often it occurs. From few
    words the estimate is too low, by about (kinds of words - 1) / (2 ln 2 words) bits
    (Miller 1955).

    Parameters
    ----------
    words : (words, neurons) array_like
        What the population sent: spikes of a time step, or numbers of spikes.

    Returns
    -------
    float
        Bits a word, from 0 to the logarithm of the number of words.

    Examples
    --------
    >>> code_entropy([[0, 1], [1, 0], [0, 1], [1, 0]])
    1.0
    """
    _, counts = np.unique(words, axis=0, return_counts=True)
    shares = counts / counts.sum()
    return float(abs((shares * np.log2(shares)).sum()))
