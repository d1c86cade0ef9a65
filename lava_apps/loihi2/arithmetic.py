"""Integer arithmetic of a neuron of Loihi 2, as Lava's CPU models have it.

Read in lava-nc 0.10.0 (``lava/proc/lif/models.py``), whose bit-accurate LIF the
tests compare it with. All functions take and give Python or numpy integers.
"""

from __future__ import annotations

from numba import njit

from lava_apps.loihi2.formats import DECAY_BITS, INPUT_SHIFT, POTENTIAL_MAX

DECAY_UNITY = 1 << DECAY_BITS


@njit(cache=True)
def keep(value, numerator):  # type: ignore[no-untyped-def]
    """Keep ``numerator / 4096`` of a value, rounded towards zero.

    Parameters
    ----------
    value : int
        24-bit signed.
    numerator : int
        From 0 to 4096.

    Returns
    -------
    int
        What is left.
    """
    product = value * numerator
    if product < 0:
        return -(-product >> DECAY_BITS)
    return product >> DECAY_BITS


@njit(cache=True)
def next_current(u, du, a_in):  # type: ignore[no-untyped-def]
    """Decay the synaptic current and add the input; beyond 24 bits it wraps.

    Parameters
    ----------
    u : int
        Current, 24-bit signed.
    du : int
        Decay, from 0 to 4095: u keeps ``(4095 - du) / 4096`` of itself.
    a_in : int
        Synaptic input, shifted left by 6 here.

    Returns
    -------
    int
        The new current.
    """
    return wrap_current(sum_current(u, du, a_in))


@njit(cache=True)
def sum_current(u, du, a_in):  # type: ignore[no-untyped-def]
    """Decay the synaptic current and add the input, as if it had more than 24 bits.

    Parameters
    ----------
    u, du, a_in : int
        As in :func:`next_current`.

    Returns
    -------
    int
        What wraps where it leaves 24 bits.
    """
    return keep(u, DECAY_UNITY - (du + 1)) + (a_in << INPUT_SHIFT)


@njit(cache=True)
def wrap_current(current):  # type: ignore[no-untyped-def]
    """Let a current beyond 24 bits wrap, once.

    Parameters
    ----------
    current : int
        Any current.

    Returns
    -------
    int
        The current that Loihi 2 would hold.
    """
    if current > POTENTIAL_MAX + 1:
        return current - 2 * (POTENTIAL_MAX + 1)
    if current <= -(POTENTIAL_MAX + 1):
        return current + 2 * (POTENTIAL_MAX + 1)
    return current


@njit(cache=True)
def next_potential(v, dv, change):  # type: ignore[no-untyped-def]
    """Decay the membrane potential and add to it; it stays within 24 bits.

    Parameters
    ----------
    v : int
        Potential, 24-bit signed.
    dv : int
        Decay, from 0 to 4095: v keeps ``(4096 - dv) / 4096`` of itself.
    change : int
        Current and bias.

    Returns
    -------
    int
        The new potential, at most 2**23 - 1 in absolute value.
    """
    return saturate(sum_potential(v, dv, change))


@njit(cache=True)
def sum_potential(v, dv, change):  # type: ignore[no-untyped-def]
    """Decay the membrane potential and add to it, as if it had more than 24 bits.

    Parameters
    ----------
    v, dv, change : int
        As in :func:`next_potential`.

    Returns
    -------
    int
        What is limited where it leaves 24 bits.
    """
    return keep(v, DECAY_UNITY - dv) + change


@njit(cache=True)
def saturate(value):  # type: ignore[no-untyped-def]
    """Limit a potential to 24 bits.

    Parameters
    ----------
    value : int
        Any potential.

    Returns
    -------
    int
        The nearest from ``-(2**23 - 1)`` to ``2**23 - 1``.
    """
    return min(max(value, -POTENTIAL_MAX), POTENTIAL_MAX)
