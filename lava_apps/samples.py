"""When a sample begins, for everything that is set back by the time step.

Neurons, connections and competitions that present one sample after the other forget
the sample before at the same time steps: `reset_interval` says how many lie between
them, `reset_offset` which they are. This is the one place that knows what that means.
"""

from __future__ import annotations

from numba import njit

from lava_apps.parameters import ParameterError


@njit(cache=True)
def begins(time_step, reset_interval, reset_offset):  # type: ignore[no-untyped-def]
    """Tell whether a sample begins in a time step; Lava's LIFReset counts like this.

    Parameters
    ----------
    time_step : int
        From 1 on.
    reset_interval, reset_offset : int
        Time steps of a sample, 0 for no samples at all; and the remainder that the
        first one of each leaves.

    Returns
    -------
    bool
        Before the first sample, too.
    """
    return reset_interval > 0 and time_step % reset_interval == reset_offset


@njit(cache=True)
def forget(a_buff, reset_interval, reset_offset, time_step):  # type: ignore[no-untyped-def]
    """Drop what a connection would send in the next sample, in place.

    Called at the end of each time step; it does so at the end of a sample.

    Parameters
    ----------
    a_buff : numpy.ndarray
        What is to be sent, of any shape.
    reset_interval, reset_offset : int
        Time steps of a sample, and the remainder that its first one leaves.
    time_step : int
        From 1 on.
    """
    if begins(time_step + 1, reset_interval, reset_offset):
        a_buff[...] = 0


def remainder(owner: str, reset_interval: int, reset_offset: int | None) -> int:
    """Give the remainder that the first time step of each sample leaves.

    Parameters
    ----------
    owner : str
        Who has it, for the error.
    reset_interval : int
        Time steps of a sample, or 0 for no samples.
    reset_offset : int, optional
        What was asked for. Default: samples begin with the time step 1.

    Returns
    -------
    int
        Below `reset_interval`, or 0.

    Raises
    ------
    ParameterError
        For one that does not occur.
    """
    if reset_offset is None:
        return 1 % reset_interval if reset_interval else 0
    if reset_offset >= reset_interval:
        problem = f"must be below reset_interval = {reset_interval}"
        raise ParameterError(owner, "reset_offset", problem, reset_offset)
    return reset_offset
