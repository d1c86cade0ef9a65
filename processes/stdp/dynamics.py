"""Equations of plastic synapses.

:class:`~lava_apps.processes.stdp.STDPDense` states them. All rules are one family: at
each spike of a presynaptic neuron j its synapses lose, and at each spike of a
postsynaptic neuron i its synapses gain

    loss(i, j) = y1_i (a_minus + a_minus_3 x2_j) (w / w_max)**mu_minus ,
    gain(i, j) = (a_plus + a_plus_3 y2_i) (x1_j - target) (1 - w / w_max)**mu_plus ,

with traces x of presynaptic and y of postsynaptic spikes. x1 and y1 hold the spikes of
this time step already, so a pair of spikes in the same step counts as either; x2 and
y2 do not yet (Pfister and Gerstner 2006).
"""

from typing import NamedTuple

from numba import njit

from lava_apps.draws import NO_BLOCK, round_randomly
from lava_apps.loihi2.formats import EXCITATORY_WEIGHT_MAX, TRACE_MAX
from lava_apps.samples import begins, forget

WEIGHT_MAX = EXCITATORY_WEIGHT_MAX
# What random numbers of one index are for, in one time step. Synapses are counted by
# presynaptic neuron, but for what a postsynaptic spike brings: those whose turns follow
# one another then share draws.
FOR_LOSS, FOR_GAIN, FOR_NORM, FOR_TAG, FOR_X1, FOR_Y1, FOR_X2, FOR_Y2 = range(8)
TAG_MAX = 127


class Coefficients(NamedTuple):
    """What a rule is to the step functions.

    Parameters
    ----------
    a_plus, a_plus_3, a_minus, a_minus_3 : float
        Amplitudes of pairs and triplets, in units of weight.
    target : float
        Trace at which nothing is gained.
    mu_plus, mu_minus : float
        Exponents of the bounds: 0 for changes that do not depend on the weight.
    w_max : float
        Largest weight; infinite for none.
    keep_x1, keep_x2, keep_y1, keep_y2, keep_tag : float
        What is left of a trace after a time step.
    saturating : bool
        A spike sets a trace to 1 instead of adding 1 to it.
    rewarded : bool
        Changes are kept as eligibility until there is a reward.
    """

    a_plus: float
    a_plus_3: float
    a_minus: float
    a_minus_3: float
    target: float
    mu_plus: float
    mu_minus: float
    w_max: float
    keep_x1: float
    keep_x2: float
    keep_y1: float
    keep_y2: float
    keep_tag: float
    saturating: bool
    rewarded: bool


@njit(cache=True)
def _bounded(room, mu):  # type: ignore[no-untyped-def]
    """Give the factor of a soft bound, from what is left to it as a fraction."""
    if mu == 0:
        return 1.0
    room = max(room, 0.0)
    return room if mu == 1 else room**mu


@njit(cache=True)
def _loss(y1, x2, w, rule):  # type: ignore[no-untyped-def]
    """Give what a synapse loses at a presynaptic spike."""
    amplitude = rule.a_minus
    if rule.a_minus_3 != 0:
        amplitude += rule.a_minus_3 * x2
    return amplitude * y1 * _bounded(w / rule.w_max, rule.mu_minus)


@njit(cache=True)
def _gain(x1, y2, w, rule):  # type: ignore[no-untyped-def]
    """Give what a synapse gains at a postsynaptic spike."""
    amplitude = rule.a_plus
    if rule.a_plus_3 != 0:
        amplitude += rule.a_plus_3 * y2
    return amplitude * (x1 - rule.target) * _bounded(1 - w / rule.w_max, rule.mu_plus)


@njit(cache=True)
def _transmit(indices, count, a_buff, weights):  # type: ignore[no-untyped-def]
    """Add up the synapses of the neurons that spiked, for the next time step."""
    a_buff[:] = 0
    for k in range(count[0]):
        j = indices[k]
        for i in range(a_buff.size):
            a_buff[i] += weights[i, j]


@njit(cache=True)
def _normalise(weights, norm, total, w_max):  # type: ignore[no-untyped-def]
    """Scale the weights of each postsynaptic neuron to a sum.

    Parameters
    ----------
    weights : (n_out, n_in) numpy.ndarray
        Scaled in place; those of a neuron that has none are left alone.
    norm : float
        The sum.
    total : (n_out,) numpy.ndarray
        Room for the sums.
    w_max : float
        Largest weight: what would be more is cut off.
    """
    total[:] = 0
    for j in range(weights.shape[1]):
        for i in range(total.size):
            total[i] += weights[i, j]
    for i in range(total.size):
        total[i] = norm / total[i] if total[i] > 0 else 1.0
    for j in range(weights.shape[1]):
        for i in range(total.size):
            weights[i, j] = min(weights[i, j] * total[i], w_max)


@njit(cache=True)
def _decay(trace, kept):  # type: ignore[no-untyped-def]
    """Let a trace decay, exactly for exponential kernels."""
    for i in range(trace.size):
        trace[i] *= kept


@njit(cache=True)
def _add_spikes(trace, indices, count, saturating):  # type: ignore[no-untyped-def]
    """Add spikes to a trace."""
    for k in range(count[0]):
        trace[indices[k]] = 1.0 if saturating else trace[indices[k]] + 1.0


@njit(cache=True)
def step_float(  # type: ignore[no-untyped-def]
    s_in,
    s_in_bap,
    s_in_indices,
    s_in_count,
    s_in_bap_indices,
    s_in_bap_count,
    start_in,
    reward_in,
    a_buff,
    weights,
    x1,
    x2,
    y1,
    y2,
    tag,
    tag_scale,
    total,
    learning,
    norm,
    rule,
    reset_interval,
    reset_offset,
    time_step,
):
    """Transmit spikes and learn from them, in floating point, in place.

    Parameters
    ----------
    s_in, s_in_bap : (n_in,), (n_out,) numpy.ndarray
        Spikes of either side.
    s_in_indices, s_in_count, s_in_bap_indices, s_in_bap_count : numpy.ndarray
        The same as lists of neurons, and how many.
    start_in, reward_in : (1,) numpy.ndarray
        Begin of a sample, and reward.
    a_buff : (n_out,) numpy.ndarray
        What is sent in the next time step, to be filled.
    weights : (n_out, n_in) numpy.ndarray
        Weights; fastest by columns.
    x1, x2, y1, y2 : numpy.ndarray
        Traces.
    tag : (n_out, n_in) or (1, 1) numpy.ndarray
        Eligibility, in units of
    tag_scale : (1,) numpy.ndarray
        which decays in its place.
    total : (n_out,) numpy.ndarray
        Room for sums.
    learning : (1,) numpy.ndarray
        Factor of all changes, from 0 to 1; 0 leaves traces as they are, too.
    norm : float
        Sum of the weights of a neuron at the begin of a sample, or 0.
    rule : Coefficients
        The rule.
    reset_interval, reset_offset, time_step : int
        Where the time step leaves this remainder, a sample begins, too.
    """
    starts = start_in[0] != 0 or begins(time_step, reset_interval, reset_offset)
    if starts and learning[0] != 0:
        for trace in (x1, x2, y1, y2):
            trace[:] = 0
        tag[...] = 0
        tag_scale[0] = 1
        if norm > 0:
            _normalise(weights, norm, total, rule.w_max)
    _transmit(s_in_indices, s_in_count, a_buff, weights)
    forget(a_buff, reset_interval, reset_offset, time_step)
    if learning[0] == 0:
        return
    loses = rule.a_minus != 0 or rule.a_minus_3 != 0
    _decay(x1, rule.keep_x1)
    _add_spikes(x1, s_in_indices, s_in_count, rule.saturating)
    if loses:
        _decay(y1, rule.keep_y1)
        _add_spikes(y1, s_in_bap_indices, s_in_bap_count, rule.saturating)
    if rule.a_minus_3 != 0:
        _decay(x2, rule.keep_x2)
    if rule.a_plus_3 != 0:
        _decay(y2, rule.keep_y2)
    if rule.rewarded:
        tag_scale[0] *= rule.keep_tag
        if tag_scale[0] < 1e-100:
            tag *= tag_scale[0]
            tag_scale[0] = 1.0
    if loses:
        for k in range(s_in_count[0]):
            j = s_in_indices[k]
            for i in range(y1.size):
                w = weights[i, j]
                change = -_loss(y1[i], x2[j], w, rule)
                if s_in_bap[i] != 0:
                    change += _gain(x1[j], y2[i], w, rule)
                if change != 0:
                    change *= learning[0]
                    _apply_float(i, j, change, weights, tag, tag_scale, rule)
    for k in range(s_in_bap_count[0]):
        i = s_in_bap_indices[k]
        for j in range(x1.size):
            if not loses or s_in[j] == 0:
                change = _gain(x1[j], y2[i], weights[i, j], rule) * learning[0]
                _apply_float(i, j, change, weights, tag, tag_scale, rule)
    if rule.a_minus_3 != 0:
        _add_spikes(x2, s_in_indices, s_in_count, rule.saturating)
    if rule.a_plus_3 != 0:
        _add_spikes(y2, s_in_bap_indices, s_in_bap_count, rule.saturating)
    if rule.rewarded and reward_in[0] != 0:
        change = reward_in[0] * tag_scale[0]
        for j in range(weights.shape[1]):
            for i in range(weights.shape[0]):
                w = weights[i, j] + change * tag[i, j]
                weights[i, j] = min(max(w, 0.0), rule.w_max)


@njit(cache=True)
def _apply_float(i, j, change, weights, tag, tag_scale, rule):  # type: ignore[no-untyped-def]
    """Change a weight within its bounds, or its eligibility."""
    if rule.rewarded:
        tag[i, j] += change / tag_scale[0]
    else:
        weights[i, j] = min(max(weights[i, j] + change, 0.0), rule.w_max)


@njit(cache=True)
def _decay_fixed(trace, kept, key, time_step, use):  # type: ignore[no-untyped-def]
    """Let an integer trace decay; the mean decay is exact."""
    block = NO_BLOCK
    for i in range(trace.size):
        if trace[i] != 0:
            kept_of_it = trace[i] * kept
            block, trace[i] = round_randomly(block, kept_of_it, key, time_step, i, use)


@njit(cache=True)
def _decay_tags(tag, kept, key, time_step):  # type: ignore[no-untyped-def]
    """Let the eligibility of all synapses decay; the mean decay is exact."""
    block = NO_BLOCK
    for j in range(tag.shape[1]):
        for i in range(tag.shape[0]):
            if tag[i, j] != 0:
                which = time_step, j * tag.shape[0] + i, FOR_TAG
                block, tag[i, j] = round_randomly(block, tag[i, j] * kept, key, *which)


@njit(cache=True)
def _add_spikes_fixed(trace, indices, count, saturating, impulse):  # type: ignore[no-untyped-def]
    """Add spikes to an integer trace of 7 bits."""
    for k in range(count[0]):
        value = impulse if saturating else trace[indices[k]] + impulse
        trace[indices[k]] = min(value, TRACE_MAX)


@njit(cache=True)
def _normalise_fixed(  # type: ignore[no-untyped-def]
    weights, norm, total, w_max, key, time_step
):
    """Scale integer weights of each postsynaptic neuron to a sum, in the mean."""
    highest = int(min(w_max, WEIGHT_MAX))
    total[:] = 0
    for j in range(weights.shape[1]):
        for i in range(total.size):
            total[i] += weights[i, j]
    for i in range(total.size):
        total[i] = norm / total[i] if total[i] > 0 else 1.0
    block = NO_BLOCK
    for j in range(weights.shape[1]):
        for i in range(total.size):
            w = weights[i, j]
            if w != 0:
                which = time_step, j * total.size + i, FOR_NORM
                block, scaled = round_randomly(block, w * total[i], key, *which)
                weights[i, j] = min(scaled, highest)


@njit(cache=True, forceinline=True)
def _apply_fixed(  # type: ignore[no-untyped-def]
    block, i, j, change, weights, tag, rule, key, time_step, index, use
):
    """Change an 8-bit weight within its bounds, or its eligibility."""
    changed = (tag[i, j] if rule.rewarded else weights[i, j]) + change
    block, value = round_randomly(block, changed, key, time_step, index, use)
    if rule.rewarded:
        tag[i, j] = min(max(value, -TAG_MAX), TAG_MAX)
    else:
        weights[i, j] = min(max(value, 0), int(min(rule.w_max, WEIGHT_MAX)))
    return block


@njit(cache=True)
def step_fixed(  # type: ignore[no-untyped-def]
    s_in,
    s_in_bap,
    s_in_indices,
    s_in_count,
    s_in_bap_indices,
    s_in_bap_count,
    start_in,
    reward_in,
    a_buff,
    weights,
    x1,
    x2,
    y1,
    y2,
    tag,
    total,
    learning,
    norm,
    impulse,
    rule,
    key,
    reset_interval,
    reset_offset,
    time_step,
):
    """Transmit spikes and learn from them, in the widths of Loihi 2, in place.

    Weights have 8 bits, traces 7, eligibility 8 with its sign. What is not a whole
    number is rounded at random, so that it is right in the mean.

    Parameters
    ----------
    s_in, s_in_bap, s_in_indices, s_in_count, s_in_bap_indices, s_in_bap_count
        As in :func:`step_float`.
    start_in, reward_in, a_buff, weights, x1, x2, y1, y2
        As in :func:`step_float`, of integers.
    tag : (n_out, n_in) or (1, 1) numpy.ndarray of int
        Eligibility.
    total, learning, norm
        As in :func:`step_float`.
    impulse : int
        What a spike is in a trace, from 1 to 127.
    rule : Coefficients
        The rule.
    key : (2,) numpy.ndarray of uint64
        Of the random numbers (:mod:`lava_apps.draws`).
    reset_interval, reset_offset, time_step : int
        As in :func:`step_float`.
    """
    starts = start_in[0] != 0 or begins(time_step, reset_interval, reset_offset)
    if starts and learning[0] != 0:
        for trace in (x1, x2, y1, y2):
            trace[:] = 0
        tag[...] = 0
        if norm > 0:
            _normalise_fixed(weights, norm, total, rule.w_max, key, time_step)
    _transmit(s_in_indices, s_in_count, a_buff, weights)
    forget(a_buff, reset_interval, reset_offset, time_step)
    if learning[0] == 0:
        return
    unit = 1.0 / impulse
    loses = rule.a_minus != 0 or rule.a_minus_3 != 0
    _decay_fixed(x1, rule.keep_x1, key, time_step, FOR_X1)
    _add_spikes_fixed(x1, s_in_indices, s_in_count, rule.saturating, impulse)
    if loses:
        _decay_fixed(y1, rule.keep_y1, key, time_step, FOR_Y1)
        listed = s_in_bap_indices, s_in_bap_count
        _add_spikes_fixed(y1, *listed, rule.saturating, impulse)
    if rule.a_minus_3 != 0:
        _decay_fixed(x2, rule.keep_x2, key, time_step, FOR_X2)
    if rule.a_plus_3 != 0:
        _decay_fixed(y2, rule.keep_y2, key, time_step, FOR_Y2)
    if rule.rewarded:
        _decay_tags(tag, rule.keep_tag, key, time_step)
    held = weights, tag, rule, key, time_step
    block = NO_BLOCK
    if loses:
        for k in range(s_in_count[0]):
            j = s_in_indices[k]
            for i in range(y1.size):
                w = weights[i, j]
                change = -_loss(y1[i] * unit, x2[j] * unit, w, rule)
                if s_in_bap[i] != 0:
                    change += _gain(x1[j] * unit, y2[i] * unit, w, rule)
                if change != 0:
                    change *= learning[0]
                    which = j * y1.size + i, FOR_LOSS
                    block = _apply_fixed(block, i, j, change, *held, *which)
    block = NO_BLOCK
    for k in range(s_in_bap_count[0]):
        i = s_in_bap_indices[k]
        for j in range(x1.size):
            if not loses or s_in[j] == 0:
                change = _gain(x1[j] * unit, y2[i] * unit, weights[i, j], rule)
                change *= learning[0]
                which = i * x1.size + j, FOR_GAIN
                block = _apply_fixed(block, i, j, change, *held, *which)
    if rule.a_minus_3 != 0:
        _add_spikes_fixed(x2, s_in_indices, s_in_count, rule.saturating, impulse)
    if rule.a_plus_3 != 0:
        _add_spikes_fixed(
            y2, s_in_bap_indices, s_in_bap_count, rule.saturating, impulse
        )
    if rule.rewarded and reward_in[0] != 0:
        highest = int(min(rule.w_max, WEIGHT_MAX))
        for j in range(weights.shape[1]):
            for i in range(weights.shape[0]):
                value = weights[i, j] + reward_in[0] * tag[i, j]
                weights[i, j] = min(max(value, 0), highest)
