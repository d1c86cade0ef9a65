"""Interfaces of Lava's connections for samples that follow each other."""

from typing import Annotated, Any

import numpy as np
from pydantic import Field
from scipy.sparse import csr_matrix, issparse

from lava_apps.kernel import Process
from lava_apps.loihi2.formats import (
    FORMATS,
    WEIGHT_EXPONENT_MAX,
    WEIGHT_EXPONENT_MIN,
)
from lava_apps.parameters import (
    Array,
    Integer,
    Matrix,
    NumericArray,
    ParameterError,
    TimeSteps,
    dimensions,
    spread,
    validated,
)
from lava_apps.samples import remainder

from lava.magma.core.process.process import LogConfig
from lava.magma.core.process.variable import Var
from lava.proc.conv.process import Conv
from lava.proc.dense.process import DelayDense, Dense
from lava.proc.sparse.process import DelaySparse, Sparse
from lava.utils.weightutils import SignMode

Offset = Annotated[Integer, Field(ge=0, lt=2**31)]
Exponent = Annotated[Integer, Field(ge=WEIGHT_EXPONENT_MIN, le=WEIGHT_EXPONENT_MAX)]
# With mixed signs Lava counts 9 where no bit is cut.
WeightBits = Annotated[Integer, Field(ge=1, le=9)]
MessageBits = Annotated[Integer, Field(ge=0, le=FORMATS["num_message_bits"].high)]
Pair = int | tuple[int, int]


class _Resetting(Process):
    """A connection of Lava's that forgets between samples."""

    chip_lacks = (
        "nothing on Loihi 2 is known to drop messages under way when a sample begins; "
        "let the last time steps of a sample be silent, one and the longest delay"
    )

    def __init__(
        self, reset_interval: int, reset_offset: int | None, **options: Any
    ) -> None:
        offset = remainder(type(self).__name__, reset_interval, reset_offset)
        super().__init__(**options)
        # Lava's Conv would refuse them.
        self.proc_params["reset_interval"] = reset_interval
        self.proc_params["reset_offset"] = offset
        self.proc_params["options"] = options


class DenseReset(_Resetting, Dense):
    """Lava's Dense for samples that follow each other: no message outlives its own.

    A Dense sends in a time step what it received in the one before. Neurons that are
    set back between samples (Lava's LIFReset; LIF and SpikingWinnerTakeAll with
    `reset_interval`) would begin a sample with the last message of the sample before.
    This one drops it, so that a sample gives what it gives alone.

    In layers that begin a sample one after the other, each with the first spikes of the
    layer before, a connection between layers needs no such thing, but one with delays
    (:class:`DelayDenseReset`). A connection within a layer always does.

    ProcessModels: those of Lava's Dense, in both precisions. *For Loihi 2* it is made
    a Dense, with a warning: no connection there is known to forget.

    Parameters
    ----------
    weights : (n_out, n_in) array_like
        Weights; integers in ``fixed_pt``.
    reset_interval : int
        Time steps of a sample.
    reset_offset : int
        Which time step is the first of a sample, for the neurons that it leads to: one
        that, counted from 1 on, leaves this remainder. Below `reset_interval`.
        Default 1.
    weight_exp : int
        Exponent of the weights, in ``fixed_pt``, from -8 to 7. Default 0.
    num_weight_bits : int
        Bits of a weight, in ``fixed_pt``, as Lava counts them. Default 8.
    sign_mode : lava.utils.weightutils.SignMode, optional
        Which signs weights may have, in ``fixed_pt``. Default: those that they have.
    num_message_bits : int
        Bits of the payload of graded spikes, or 0, the default, for spikes without.
    name : str, optional
        Name of the Process.
    log_config : lava.magma.core.process.process.LogConfig, optional
        Lava's logging options.

    Attributes
    ----------
    s_in : InPort, shape (n_in,)
        Spikes.
    a_out : OutPort, shape (n_out,)
        Weighted sums of the spikes of the time step before.
    weights, num_message_bits : Var
        As above.
    a_buff : Var, shape (n_out,)
        What is sent in the next time step.

    Raises
    ------
    ParameterError
        For a value out of range, or of a shape that does not fit.

    Examples
    --------
    >>> import numpy as np
    >>> from lava_apps.processes.connections import DenseReset
    >>> DenseReset(weights=-np.eye(2), reset_interval=50).a_out.shape
    (2,)
    """

    @validated
    def __init__(
        self,
        *,
        weights: Matrix,
        reset_interval: TimeSteps,
        reset_offset: Offset | None = None,
        weight_exp: Exponent = 0,
        num_weight_bits: WeightBits = 8,
        sign_mode: SignMode | None = None,
        num_message_bits: MessageBits = 0,
        name: str | None = None,
        log_config: LogConfig | None = None,
    ) -> None:
        super().__init__(
            reset_interval,
            reset_offset,
            weights=weights,
            weight_exp=weight_exp,
            num_weight_bits=num_weight_bits,
            sign_mode=sign_mode,
            num_message_bits=num_message_bits,
            name=name,
            log_config=log_config,
        )


class SparseReset(_Resetting, Sparse):
    """Lava's Sparse for samples that follow each other; see :class:`DenseReset`.

    Parameters
    ----------
    weights : (n_out, n_in) scipy.sparse matrix or array_like
        Weights; integers in ``fixed_pt``.
    reset_interval : int
        Time steps of a sample.
    reset_offset : int
        Which time step is the first of a sample, for the neurons that it leads to: one
        that, counted from 1 on, leaves this remainder. Below `reset_interval`.
        Default 1.
    weight_exp : int
        Exponent of the weights, in ``fixed_pt``, from -8 to 7. Default 0.
    num_weight_bits : int
        Bits of a weight, in ``fixed_pt``, as Lava counts them. Default 8.
    sign_mode : lava.utils.weightutils.SignMode, optional
        Which signs weights may have, in ``fixed_pt``. Default: those that they have.
    num_message_bits : int
        Bits of the payload of graded spikes, or 0, the default, for spikes without.
    name : str, optional
        Name of the Process.
    log_config : lava.magma.core.process.process.LogConfig, optional
        Lava's logging options.

    Attributes
    ----------
    s_in : InPort, shape (n_in,)
        Spikes.
    a_out : OutPort, shape (n_out,)
        Weighted sums of the spikes of the time step before.
    weights, num_message_bits : Var
        As above.
    a_buff : Var, shape (n_out,)
        What is sent in the next time step.

    Raises
    ------
    ParameterError
        For a value out of range, or of a shape that does not fit.
    """

    @validated
    def __init__(
        self,
        *,
        weights: Any,
        reset_interval: TimeSteps,
        reset_offset: Offset | None = None,
        weight_exp: Exponent = 0,
        num_weight_bits: WeightBits = 8,
        sign_mode: SignMode | None = None,
        num_message_bits: MessageBits = 0,
        name: str | None = None,
        log_config: LogConfig | None = None,
    ) -> None:
        weights = _sparse(type(self).__name__, "weights", weights)
        super().__init__(
            reset_interval,
            reset_offset,
            weights=weights,
            weight_exp=weight_exp,
            num_weight_bits=num_weight_bits,
            sign_mode=sign_mode,
            num_message_bits=num_message_bits,
            name=name,
            log_config=log_config,
        )


class DelayDenseReset(_Resetting, DelayDense):
    """Lava's DelayDense for samples that follow each other; see :class:`DenseReset`.

    Parameters
    ----------
    weights : (n_out, n_in) array_like
        Weights; integers in ``fixed_pt``.
    delays : int or (n_out, n_in) array_like of int
        Further time steps that each message takes, at least 0.
    max_delay : int
        Longest delay that there may be, if `delays` are to be set. Default: the longest
        of them.
    reset_interval : int
        Time steps of a sample.
    reset_offset : int
        Which time step is the first of a sample, for the neurons that it leads to: one
        that, counted from 1 on, leaves this remainder. Below `reset_interval`.
        Default 1.
    keep_next : bool
        Keep what is sent in the first time step, and drop only what would be sent
        later: for a connection between layers, where what it leads to begins the sample
        one time step later than what it receives from. `reset_offset` is then that of
        the latter. Default False.
    weight_exp : int
        Exponent of the weights, in ``fixed_pt``, from -8 to 7. Default 0.
    num_weight_bits : int
        Bits of a weight, in ``fixed_pt``, as Lava counts them. Default 8.
    sign_mode : lava.utils.weightutils.SignMode, optional
        Which signs weights may have, in ``fixed_pt``. Default: those that they have.
    num_message_bits : int
        Bits of the payload of graded spikes, or 0, the default, for spikes without.
    name : str, optional
        Name of the Process.
    log_config : lava.magma.core.process.process.LogConfig, optional
        Lava's logging options.

    Attributes
    ----------
    s_in : InPort, shape (n_in,)
        Spikes.
    a_out : OutPort, shape (n_out,)
        Weighted sums of the spikes that are due.
    weights, delays, num_message_bits : Var
        As above.
    a_buff : Var, shape (n_out, max_delay + 1)
        What is sent in the next time step, and in those after it.

    Raises
    ------
    ParameterError
        For a value out of range, or of a shape that does not fit.
    """

    @validated
    def __init__(
        self,
        *,
        weights: Matrix,
        delays: Any,
        max_delay: Annotated[Integer, Field(ge=0)] | None = None,
        reset_interval: TimeSteps,
        reset_offset: Offset | None = None,
        keep_next: bool = False,
        weight_exp: Exponent = 0,
        num_weight_bits: WeightBits = 8,
        sign_mode: SignMode | None = None,
        num_message_bits: MessageBits = 0,
        name: str | None = None,
        log_config: LogConfig | None = None,
    ) -> None:
        owner = type(self).__name__
        delays, longest = _delays(owner, delays, weights.shape, max_delay)
        super().__init__(
            reset_interval,
            reset_offset,
            weights=weights,
            delays=delays,
            max_delay=longest,
            weight_exp=weight_exp,
            num_weight_bits=num_weight_bits,
            sign_mode=sign_mode,
            num_message_bits=num_message_bits,
            name=name,
            log_config=log_config,
        )
        self.proc_params["kept"] = int(keep_next)


class DelaySparseReset(_Resetting, DelaySparse):
    """Lava's DelaySparse for samples that follow each other; see :class:`DenseReset`.

    Parameters
    ----------
    weights : (n_out, n_in) scipy.sparse matrix or array_like
        Weights; integers in ``fixed_pt``.
    delays : int or (n_out, n_in) scipy.sparse matrix or array_like of int
        Further time steps that each message takes, at least 0.
    max_delay : int
        Longest delay that there may be, if `delays` are to be set. Default: the longest
        of them.
    reset_interval : int
        Time steps of a sample.
    reset_offset : int
        Which time step is the first of a sample, for the neurons that it leads to: one
        that, counted from 1 on, leaves this remainder. Below `reset_interval`.
        Default 1.
    keep_next : bool
        Keep what is sent in the first time step, and drop only what would be sent
        later: for a connection between layers, where what it leads to begins the sample
        one time step later than what it receives from. `reset_offset` is then that of
        the latter. Default False.
    weight_exp : int
        Exponent of the weights, in ``fixed_pt``, from -8 to 7. Default 0.
    num_weight_bits : int
        Bits of a weight, in ``fixed_pt``, as Lava counts them. Default 8.
    sign_mode : lava.utils.weightutils.SignMode, optional
        Which signs weights may have, in ``fixed_pt``. Default: those that they have.
    num_message_bits : int
        Bits of the payload of graded spikes, or 0, the default, for spikes without.
    name : str, optional
        Name of the Process.
    log_config : lava.magma.core.process.process.LogConfig, optional
        Lava's logging options.

    Attributes
    ----------
    s_in : InPort, shape (n_in,)
        Spikes.
    a_out : OutPort, shape (n_out,)
        Weighted sums of the spikes that are due.
    weights, delays, num_message_bits : Var
        As above.
    a_buff : Var, shape (n_out, max_delay + 1)
        What is sent in the next time step, and in those after it.

    Raises
    ------
    ParameterError
        For a value out of range, or of a shape that does not fit.
    """

    @validated
    def __init__(
        self,
        *,
        weights: Any,
        delays: Any,
        max_delay: Annotated[Integer, Field(ge=0)] | None = None,
        reset_interval: TimeSteps,
        reset_offset: Offset | None = None,
        keep_next: bool = False,
        weight_exp: Exponent = 0,
        num_weight_bits: WeightBits = 8,
        sign_mode: SignMode | None = None,
        num_message_bits: MessageBits = 0,
        name: str | None = None,
        log_config: LogConfig | None = None,
    ) -> None:
        owner = type(self).__name__
        weights = _sparse(owner, "weights", weights)
        delays, longest = _delays(owner, delays, weights.shape, max_delay)
        delays = csr_matrix(delays)
        super().__init__(
            reset_interval,
            reset_offset,
            weights=weights,
            delays=delays,
            max_delay=longest,
            weight_exp=weight_exp,
            num_weight_bits=num_weight_bits,
            sign_mode=sign_mode,
            num_message_bits=num_message_bits,
            name=name,
            log_config=log_config,
        )
        self.proc_params["kept"] = int(keep_next)


class ConvReset(_Resetting, Conv):
    """Lava's Conv for samples that follow each other; see :class:`DenseReset`.

    Parameters
    ----------
    weight : (channels_out, x, y, channels_in) array_like
        Kernel; integers in ``fixed_pt``.
    input_shape : tuple of int
        Shape (x, y, channels) of what arrives.
    reset_interval : int
        Time steps of a sample.
    reset_offset : int
        Which time step is the first of a sample, for the neurons that it leads to: one
        that, counted from 1 on, leaves this remainder. Below `reset_interval`.
        Default 1.
    padding, stride, dilation : int or tuple of two int
        Of the convolution. Default 0, 1, 1.
    groups : int
        Groups of channels. Default 1.
    num_message_bits : int
        Bits of the payload of graded spikes, or 0, the default, for spikes without.
    name : str, optional
        Name of the Process.
    log_config : lava.magma.core.process.process.LogConfig, optional
        Lava's logging options.

    Attributes
    ----------
    s_in : InPort, shape (*input_shape)
        Spikes.
    a_out : OutPort, shape (x, y, channels_out)
        Weighted sums of the spikes of the time step before.
    weight, weight_exp, num_weight_bits, num_message_bits : Var
        As Lava's Conv has them; it makes no use of the second and third.
    kernel_size, padding, stride, dilation, groups : Var
        As above.
    a_buf : Var, shape (x, y, channels_out)
        What is sent in the next time step.

    Raises
    ------
    ParameterError
        For a value out of range, or of a shape that does not fit.
    """

    @validated
    def __init__(
        self,
        *,
        weight: Annotated[NumericArray, dimensions(4)],
        input_shape: tuple[int, int, int],
        reset_interval: TimeSteps,
        reset_offset: Offset | None = None,
        padding: Pair = 0,
        stride: Pair = 1,
        dilation: Pair = 1,
        groups: Annotated[Integer, Field(ge=1)] = 1,
        num_message_bits: MessageBits = 0,
        name: str | None = None,
        log_config: LogConfig | None = None,
    ) -> None:
        super().__init__(
            reset_interval,
            reset_offset,
            weight=weight,
            input_shape=input_shape,
            padding=padding,
            stride=stride,
            dilation=dilation,
            groups=groups,
            num_message_bits=num_message_bits,
            name=name,
            log_config=log_config,
        )


class DelayConv(Process, Conv):
    """Lava's Conv with a delay for each place that it leads to.

    Lava has delays for Dense and Sparse only. CPU only: no convolution with delays is
    known on Loihi 2.

    Parameters
    ----------
    weight : (channels_out, x, y, channels_in) array_like
        Kernel; integers in ``fixed_pt``.
    input_shape : tuple of int
        Shape (x, y, channels) of what arrives.
    delays : int or (x, y, channels_out) array_like of int
        Further time steps that what is sent to each place takes, at least 0; or what
        broadcasts to that shape, such as one for each channel.
    reset_interval : int
        Time steps of a sample; what would be sent later than one time step after it is
        dropped, as by :class:`DelayDenseReset` with `keep_next`. Default 0: nothing is.
    reset_offset : int
        Which time step is the first of a sample for what it receives from. Default 1.
    padding, stride, dilation : int or tuple of two int
        Of the convolution. Default 0, 1, 1.
    groups : int
        Groups of channels. Default 1.
    num_message_bits : int
        Bits of the payload of graded spikes, or 0, the default, for spikes without.
    name : str, optional
        Name of the Process.
    log_config : lava.magma.core.process.process.LogConfig, optional
        Lava's logging options.

    Attributes
    ----------
    s_in : InPort, shape (*input_shape)
        Spikes.
    a_out : OutPort, shape (x, y, channels_out)
        Weighted sums that are due.
    weight, weight_exp, num_weight_bits, num_message_bits : Var
        As Lava's Conv has them; it makes no use of the second and third.
    kernel_size, padding, stride, dilation, groups, delays : Var
        As above.
    a_buf : Var, shape (x, y, channels_out)
        What is sent in the next time step.
    a_line : Var, shape (max_delay + 1, x, y, channels_out)
        The same, and what is sent in the time steps after it.

    Raises
    ------
    ParameterError
        For a value out of range, or of a shape that does not fit.
    """

    @validated
    def __init__(
        self,
        *,
        weight: Annotated[NumericArray, dimensions(4)],
        input_shape: tuple[int, int, int],
        delays: NumericArray,
        reset_interval: Annotated[Integer, Field(ge=0, lt=2**31)] = 0,
        reset_offset: Offset | None = None,
        padding: Pair = 0,
        stride: Pair = 1,
        dilation: Pair = 1,
        groups: Annotated[Integer, Field(ge=1)] = 1,
        num_message_bits: MessageBits = 0,
        name: str | None = None,
        log_config: LogConfig | None = None,
    ) -> None:
        owner = type(self).__name__
        offset = remainder(owner, reset_interval, reset_offset)
        if delays.dtype.kind not in "iu" or delays.min(initial=0) < 0:
            problem = "must be integers, at least 0"
            raise ParameterError(owner, "delays", problem, delays)
        super().__init__(
            weight=weight,
            input_shape=input_shape,
            padding=padding,
            stride=stride,
            dilation=dilation,
            groups=groups,
            num_message_bits=num_message_bits,
            name=name,
            log_config=log_config,
        )
        self.proc_params["reset_interval"] = reset_interval
        self.proc_params["reset_offset"] = offset
        shape = tuple(int(n) for n in self.a_out.shape)
        given = spread(owner, "delays", delays, shape)
        self.delays = Var(shape=shape, init=given.astype(np.int64))
        self.a_line = Var(shape=(int(given.max()) + 1, *shape), init=0)


def _sparse(owner: str, name: str, given: Any) -> Any:
    """Give a matrix as Lava's Sparse wants it."""
    matrix = given if issparse(given) else np.asarray(given)
    if matrix.ndim != 2 or matrix.dtype.kind not in "biuf":
        raise ParameterError(owner, name, "must be a matrix of numbers", given)
    return csr_matrix(matrix)


def _delays(
    owner: str, given: Any, shape: tuple[int, ...], max_delay: int | None
) -> tuple[Array, int]:
    """Give a delay for each synapse, and the longest that there may be."""
    delays = given.toarray() if issparse(given) else np.asarray(given)
    if delays.dtype.kind not in "iu" or delays.shape not in ((), shape):
        problem = f"must be an integer, or integers of the shape {shape} of weights"
        raise ParameterError(owner, "delays", problem, given)
    longest = int(delays.max(initial=0))
    if delays.min(initial=0) < 0:
        raise ParameterError(owner, "delays", "must not be negative", given)
    if max_delay is not None and max_delay < longest:
        problem = f"must be at least the longest of delays, {longest}"
        raise ParameterError(owner, "max_delay", problem, max_delay)
    return np.broadcast_to(delays, shape).astype(int), max_delay or longest
