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
