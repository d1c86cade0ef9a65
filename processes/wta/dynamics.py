"""Equations of the competition between neurons."""

from typing import NamedTuple

import numpy as np
from numba import njit

from lava_apps.loihi2.arithmetic import DECAY_UNITY, keep, next_current, next_potential
from lava_apps.loihi2.formats import DECAY_MAX, INPUT_SHIFT
from lava_apps.parameters import EventMatrix, validated
from lava_apps.samples import begins

FRACTION_BITS = 8
"""In fixed_pt the inhibition of the soft competition counts in 1/256."""

ACTIVITY_BITS = 18
"""In fixed_pt activity counts in 2**-18 of an input unit, or slow decays stall."""


@njit(cache=True)
def select(a_in, s_out, winners, threshold, always):  # type: ignore[no-untyped-def]
    """Select the strongest inputs; of equal ones the one with the lowest index.

    Parameters
    ----------
    a_in : (*shape) numpy.ndarray
        Inputs.
    s_out : (*shape) numpy.ndarray
        Filled with 1 for the winners, with 0 elsewhere.
    winners : int
        How many at most.
    threshold : number
        Only inputs above it can win.
    always : bool
        Any input can win, whatever the threshold.
    """
    for i in range(a_in.size):
        s_out.flat[i] = 0
    for _ in range(winners):
        best = -1
        for i in range(a_in.size):
            eligible = s_out.flat[i] == 0 and (always or a_in.flat[i] > threshold)
            if eligible and (best < 0 or a_in.flat[i] > a_in.flat[best]):
                best = i
        if best < 0:
            break
        s_out.flat[best] = 1


@njit(cache=True)
def begin(start_in, activity, winning, steps, decision_time):  # type: ignore[no-untyped-def]
    """Count a time step; begin anew where a start is signalled.

    Parameters
    ----------
    start_in : (1,) numpy.ndarray
        Not 0 in the first time step of a trial.
    activity, winning : (*shape) numpy.ndarray
        State, set to 0 at a start.
    steps, decision_time : (1,) numpy.ndarray of int
        Time steps of the trial, and the one when the winners last changed.
    """
    if start_in[0] != 0:
        activity[...] = 0
        winning[...] = 0
        steps[0] = 0
        decision_time[0] = 0
    steps[0] += 1


@njit(cache=True)
def conclude(s_out, winner_out, activity, winning, steps, decision_time):  # type: ignore[no-untyped-def]
    """Name the strongest winner, and note whether the winners changed.

    Parameters
    ----------
    s_out : (*shape) numpy.ndarray
        1 for the winners, 0 elsewhere.
    winner_out : (1,) numpy.ndarray
        Filled with the index of the winner with the largest activity (the lowest
        of equals), or -1.
    activity, winning : (*shape) numpy.ndarray
        Activity now, and the winners of the time step before, brought up to date.
    steps, decision_time : (1,) numpy.ndarray of int
        Time steps of the trial, and the one when the winners last changed.
    """
    best = -1
    changed = False
    for i in range(s_out.size):
        if s_out.flat[i] != winning.flat[i]:
            changed = True
        winning.flat[i] = s_out.flat[i]
        if s_out.flat[i] != 0 and (best < 0 or activity.flat[i] > activity.flat[best]):
            best = i
    winner_out[0] = best
    if changed:
        decision_time[0] = steps[0]


@njit(cache=True)
def step_float(  # type: ignore[no-untyped-def]
    a_in,
    start_in,
    s_out,
    a_out,
    winner_out,
    activity,
    winning,
    steps,
    decision_time,
    threshold,
    inhibition,
    dv,
    winners,
    soft,
    always,
):
    """Let neurons compete for one time step in floating point, in place.

    Parameters
    ----------
    a_in, start_in : numpy.ndarray
        Inputs (*shape), and the start of a trial (1,).
    s_out, a_out, winner_out : numpy.ndarray
        To be filled: winners and activities (*shape), index of the strongest (1,).
    activity, winning : (*shape) numpy.ndarray
        State.
    steps, decision_time : (1,) numpy.ndarray of int
        Time steps of the trial, and the one when the winners last changed.
    threshold, inhibition, dv : (1,) numpy.ndarray
        Parameters.
    winners : int
        How many win, in the hard competition.
    soft, always : bool
        Soft competition; no threshold.
    """
    begin(start_in, activity, winning, steps, decision_time)
    if soft:
        total = activity.sum()
        for i in range(a_in.size):
            others = total - activity.flat[i]
            target = a_in.flat[i] - inhibition[0] * others
            s_out.flat[i] = 1 if target > 0 else 0
            activity.flat[i] += dv[0] * (max(target, 0.0) - activity.flat[i])
    else:
        select(a_in, s_out, winners, threshold[0], always)
        for i in range(a_in.size):
            activity.flat[i] = a_in.flat[i] * s_out.flat[i]
    for i in range(a_in.size):
        a_out.flat[i] = activity.flat[i]
    conclude(s_out, winner_out, activity, winning, steps, decision_time)


@njit(cache=True)
def step_fixed(  # type: ignore[no-untyped-def]
    a_in,
    start_in,
    s_out,
    a_out,
    winner_out,
    activity,
    winning,
    steps,
    decision_time,
    threshold,
    inhibition,
    dv,
    winners,
    soft,
    always,
):
    """Let neurons compete for one time step in integers, in place.

    Parameters
    ----------
    a_in, start_in : numpy.ndarray of int
        Inputs (*shape), and the start of a trial (1,).
    s_out, a_out, winner_out : numpy.ndarray of int
        To be filled: winners and activities (*shape), index of the strongest (1,).
    activity, winning : (*shape) numpy.ndarray of int
        State; activity counts in 2**-18 of an input unit.
    steps, decision_time : (1,) numpy.ndarray of int
        Time steps of the trial, and the one when the winners last changed.
    threshold, inhibition, dv : (1,) numpy.ndarray of int
        Parameters; inhibition in 1/256, dv in 1/4096.
    winners : int
        How many win, in the hard competition.
    soft, always : bool
        Soft competition; no threshold.
    """
    begin(start_in, activity, winning, steps, decision_time)
    if soft:
        total = activity.sum()
        for i in range(a_in.size):
            others = total - activity.flat[i]
            # Without the lowest bits the product stays within 64.
            inhibited = inhibition[0] * (others >> FRACTION_BITS)
            target = (np.int64(a_in.flat[i]) << ACTIVITY_BITS) - inhibited
            s_out.flat[i] = 1 if target > 0 else 0
            gained = keep(max(target, 0), dv[0])
            activity.flat[i] = keep(activity.flat[i], DECAY_UNITY - dv[0]) + gained
    else:
        select(a_in, s_out, winners, threshold[0], always)
        for i in range(a_in.size):
            won = np.int64(a_in.flat[i]) * s_out.flat[i]
            activity.flat[i] = won << ACTIVITY_BITS
    for i in range(a_in.size):
        a_out.flat[i] = activity.flat[i] >> ACTIVITY_BITS
    conclude(s_out, winner_out, activity, winning, steps, decision_time)


@njit(cache=True)
def inhibition_of(i, spikes_before, spikes, s_last, inhibition, tie_break):  # type: ignore[no-untyped-def]
    """Sum the inhibition of a neuron by the spikes of the last time step.

    Parameters
    ----------
    i : int
        The neuron.
    spikes_before, spikes : int
        Spikes of neurons with a lower index, and of all.
    s_last : (*shape) numpy.ndarray
        Spikes of the last time step.
    inhibition, tie_break : number
        What each spike takes, and what one of a lower index takes besides.

    Returns
    -------
    number
        To be subtracted from its input.
    """
    others = spikes - s_last.flat[i]
    return inhibition * others + tie_break * spikes_before


@njit(cache=True)
def spiking_step_float(  # type: ignore[no-untyped-def]
    a_in,
    s_out,
    v,
    s_last,
    vth,
    dv,
    bias_mant,
    bias_exp,
    inhibition,
    tie_break,
    silencing,
    reset_interval,
    reset_offset,
    time_step,
):
    """Let spiking neurons compete for one time step in floating point, in place.

    In the last time step of a trial all are silenced: the inhibition by a spike, which
    takes a time step, would reach into the next trial.

    Parameters
    ----------
    a_in, s_out : (*shape) numpy.ndarray
        Input, and spikes to be filled in.
    v, s_last : (*shape) numpy.ndarray
        Potential, and the spikes of the last time step.
    vth, dv, bias_mant, bias_exp, inhibition, tie_break : (1,) numpy.ndarray
        Threshold, decay, mantissa and exponent of the bias, inhibition by each spike,
        and what one of a lower index takes besides.
    silencing : int
        What all lose in the last time step of a trial, at least an input.
    reset_interval, reset_offset : int
        Time steps of a trial, which begins with v at 0, or 0 for never; and the
        remainder that its first one leaves.
    time_step : int
        From 1 on.
    """
    if begins(time_step, reset_interval, reset_offset):
        v[...] = 0
    silent = begins(time_step + 1, reset_interval, reset_offset)
    spikes = s_last.sum()
    before = 0 * spikes
    bias = bias_mant[0] * 2.0 ** bias_exp[0]
    for i in range(v.size):
        taken = inhibition_of(i, before, spikes, s_last, inhibition[0], tie_break[0])
        before += s_last.flat[i]
        if silent:
            taken += silencing
        v.flat[i] = v.flat[i] * (1 - dv[0]) + (a_in.flat[i] - taken + bias)
        s_out.flat[i] = 1 if v.flat[i] > vth[0] and not silent else 0
        if s_out.flat[i] != 0:
            v.flat[i] = 0
    for i in range(v.size):
        s_last.flat[i] = s_out.flat[i]


@njit(cache=True)
def spiking_step_fixed(  # type: ignore[no-untyped-def]
    a_in,
    s_out,
    v,
    s_last,
    vth,
    dv,
    bias_mant,
    bias_exp,
    inhibition,
    tie_break,
    silencing,
    reset_interval,
    reset_offset,
    time_step,
):
    """Let spiking neurons compete for one time step in integers, in place.

    Parameters
    ----------
    a_in, s_out : (*shape) numpy.ndarray of int
        Input, and spikes to be filled in.
    v, s_last : (*shape) numpy.ndarray of int
        Potential, and the spikes of the last time step.
    vth, dv, bias_mant, bias_exp, inhibition, tie_break : (1,) numpy.ndarray of int
        As in :func:`spiking_step_float`, in the units of LIF.
    silencing, reset_interval, reset_offset, time_step : int
        As in :func:`spiking_step_float`.
    """
    if begins(time_step, reset_interval, reset_offset):
        v[...] = 0
    silent = begins(time_step + 1, reset_interval, reset_offset)
    spikes = s_last.sum()
    before = 0 * spikes
    for i in range(v.size):
        taken = inhibition_of(i, before, spikes, s_last, inhibition[0], tie_break[0])
        before += s_last.flat[i]
        if silent:
            taken += silencing
        # Of the current of the time step before, du = 4095 leaves nothing.
        u = next_current(0, DECAY_MAX, a_in.flat[i] - taken)
        change = u + (np.int64(bias_mant[0]) << bias_exp[0])
        v.flat[i] = next_potential(v.flat[i], dv[0], change)
        spikes_now = v.flat[i] > (vth[0] << INPUT_SHIFT) and not silent
        s_out.flat[i] = 1 if spikes_now else 0
        if s_out.flat[i] != 0:
            v.flat[i] = 0
    for i in range(v.size):
        s_last.flat[i] = s_out.flat[i]


class Decision(NamedTuple):
    """Who won, and when that was settled.

    Parameters
    ----------
    winner : int
        Index of the neuron.
    time_step : int
        Time to decision: the time step, from 1 on, of its first spike after which
        no other neuron spiked.
    """

    winner: int
    time_step: int


@validated
def decision(spikes: EventMatrix) -> Decision | None:
    """Find out when a competition of spiking neurons was decided.

    Parameters
    ----------
    spikes : (steps, n) array_like
        What each neuron sent in each time step of a trial; not 0 for a spike.

    Returns
    -------
    Decision or None
        None if no neuron was the only one to spike at the end.
    """
    active = spikes != 0
    times = np.flatnonzero(active.any(axis=1))
    if len(times) == 0 or active[times[-1]].sum() > 1:
        return None
    winner = int(active[times[-1]].argmax())
    others = np.flatnonzero(np.delete(active, winner, axis=1).any(axis=1))
    settled = others[-1] if len(others) else -1
    own = np.flatnonzero(active[:, winner])
    return Decision(winner, int(own[own > settled][0]) + 1)
