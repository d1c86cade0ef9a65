"""What connections with delays forget between samples."""

from numba import njit

from lava_apps.samples import begins, forget


@njit(cache=True)
def forget_delayed(a_buff, kept, reset_interval, reset_offset, time_step):  # type: ignore[no-untyped-def]
    """Drop what a connection with delays would send in the next sample, in place.

    Parameters
    ----------
    a_buff : (n_out, max_delay + 1) numpy.ndarray
        What is to be sent, in the next time step and after it.
    kept : int
        Of how many time steps the messages still belong to the sample that ends.
    reset_interval, reset_offset, time_step : int
        As in :func:`lava_apps.samples.forget`, and when it is called.
    """
    if begins(time_step + 1, reset_interval, reset_offset):
        a_buff[:, kept:] = 0


@njit(cache=True)
def forget_messages(  # type: ignore[no-untyped-def]
    a_buff, message, kept, reset_interval, reset_offset, time_step
):
    """Do the same where the next message has been made ready.

    Parameters
    ----------
    a_buff : (n_out, max_delay + 1) numpy.ndarray
        As in :func:`forget_delayed`.
    message : (n_out,) numpy.ndarray
        What is sent in the next time step.
    kept, reset_interval, reset_offset, time_step : int
        As in :func:`forget_delayed`.
    """
    forget_delayed(a_buff, kept, reset_interval, reset_offset, time_step)
    for i in range(message.size):
        message[i] = a_buff[i, 0]


@njit(cache=True)
def forget_image(a_buf, reset_interval, reset_offset, time_step):  # type: ignore[no-untyped-def]
    """Drop what a convolution would send in the next sample, in place.

    Parameters
    ----------
    a_buf : numpy.ndarray
        What is to be sent.
    reset_interval, reset_offset, time_step : int
        As in :func:`lava_apps.samples.forget`.
    """
    forget(a_buf, reset_interval, reset_offset, time_step)


@njit(cache=True)
def delay_image(  # type: ignore[no-untyped-def]
    a_buf, a_line, delays, reset_interval, reset_offset, time_step
):
    """Send a convolution on after the delay of each place, in place.

    Parameters
    ----------
    a_buf : (x, y, channels) numpy.ndarray
        What was convolved in this time step; filled with what is sent in the next.
    a_line : (max_delay + 1, x, y, channels) numpy.ndarray
        What is to be sent in the next time step, and in those after it.
    delays : (x, y, channels) numpy.ndarray of int
        Further time steps that each place takes.
    reset_interval, reset_offset, time_step : int
        As in :func:`lava_apps.samples.forget`; what is sent in the next time step still
        belongs to the sample that ends.
    """
    last = len(a_line) - 1
    for d in range(last):
        a_line[d] = a_line[d + 1]
    a_line[last] = 0
    for i in range(a_buf.size):
        due = delays.flat[i]
        if due >= 0 and due <= last:
            line = a_line[due]
            line.flat[i] += a_buf.flat[i]
    if begins(time_step + 1, reset_interval, reset_offset):
        a_line[1:] = 0
    for i in range(a_buf.size):
        a_buf.flat[i] = a_line[0].flat[i]
