"""Equations of the decoders.

All begin anew in the time step in which a start is signalled, after they have kept
what they had found in `last`.
"""

from numba import njit


@njit(cache=True)
def rate_step(s_in, start_in, a_out, counts, last, window):  # type: ignore[no-untyped-def]
    """Count the spikes of a time step, in place.

    Parameters
    ----------
    s_in, start_in : numpy.ndarray
        Spikes (*shape), and the start of a sample (1,).
    a_out : (*shape) numpy.ndarray
        Filled with the rates so far.
    counts, last : (*shape) numpy.ndarray
        Spikes of this sample, and rates of the one before.
    window : int
        Time steps that the spikes of a sample are divided by.
    """
    for i in range(counts.size):
        if start_in[0] != 0:
            last.flat[i] = counts.flat[i] / window
            counts.flat[i] = 0
        counts.flat[i] += s_in.flat[i]
        a_out.flat[i] = counts.flat[i] / window


@njit(cache=True)
def first_spike_step(s_in, start_in, a_out, winner_out, latency, elapsed, winner, last):  # type: ignore[no-untyped-def]
    """Note who spiked first, and when, in place.

    Parameters
    ----------
    s_in, start_in : numpy.ndarray
        Spikes (*shape), and the start of a sample (1,).
    a_out, winner_out : numpy.ndarray
        Filled with latencies (*shape) and the first to spike (1,), -1 for none.
    latency : (*shape) numpy.ndarray of int
        Latencies so far.
    elapsed, winner, last : (1,) numpy.ndarray of int
        Time steps since the start; the first to spike, now and of the sample
        before.
    """
    if start_in[0] != 0:
        last[0] = winner[0]
        winner[0] = -1
        elapsed[0] = 0
        latency[...] = -1
    for i in range(latency.size):
        if s_in.flat[i] != 0 and latency.flat[i] < 0:
            latency.flat[i] = elapsed[0]
            if winner[0] < 0:
                winner[0] = i
        a_out.flat[i] = latency.flat[i]
    winner_out[0] = winner[0]
    elapsed[0] += 1


@njit(cache=True)
def population_step(s_in, start_in, a_out, counts, last, centres, initial):  # type: ignore[no-untyped-def]
    """Average the preferred values of the neurons that spiked, in place.

    Parameters
    ----------
    s_in, start_in : numpy.ndarray
        Spikes (features, neurons), and the start of a sample (1,).
    a_out : (features,) numpy.ndarray
        Filled with the estimates so far.
    counts : (features, neurons) numpy.ndarray
        Spikes of this sample.
    last : (features,) numpy.ndarray
        Estimates of the sample before.
    centres : (features, neurons) numpy.ndarray
        Preferred values.
    initial : (features,) numpy.ndarray
        Estimates while there was no spike.
    """
    features, neurons = counts.shape
    for i in range(features):
        if start_in[0] != 0:
            last[i] = population_vector(counts[i], centres[i], initial[i])
            counts[i] = 0
        for j in range(neurons):
            counts[i, j] += s_in[i, j]
        a_out[i] = population_vector(counts[i], centres[i], initial[i])


@njit(cache=True)
def population_vector(counts, centres, initial):  # type: ignore[no-untyped-def]
    """Average preferred values, weighted by spikes.

    Parameters
    ----------
    counts, centres : (neurons,) numpy.ndarray
        Spikes and preferred values.
    initial : float
        Estimate for no spike at all.

    Returns
    -------
    float
        ``sum_j counts_j centres_j / sum_j counts_j``.
    """
    total, weighted = 0.0, 0.0
    for j in range(counts.size):
        total += counts[j]
        weighted += counts[j] * centres[j]
    return weighted / total if total > 0 else initial


@njit(cache=True)
def filter_step(s_in, start_in, a_out, trace, keep):  # type: ignore[no-untyped-def]
    """Filter the spikes of a time step, in place.

    Parameters
    ----------
    s_in, start_in : numpy.ndarray
        Spikes (*shape), and the start of a sample (1,).
    a_out, trace : (*shape) numpy.ndarray
        Filled with the filtered spikes; the state of the filter.
    keep : float
        What the filter keeps in a step.
    """
    for i in range(trace.size):
        if start_in[0] != 0:
            trace.flat[i] = 0
        trace.flat[i] = keep * trace.flat[i] + (1 - keep) * s_in.flat[i]
        a_out.flat[i] = trace.flat[i]
