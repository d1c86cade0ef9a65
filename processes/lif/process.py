"""Interface of the leaky integrate-and-fire neurons."""

from typing import Annotated, Any, Literal

import numpy as np
from pydantic import Field
from typing_extensions import Self

from lava_apps.draws import new_key, seed_parameters
from lava_apps.kernel import Process
from lava_apps.loihi2.formats import BIAS_EXPONENT_MAX, DECAY_MAX
from lava_apps.membrane import Membrane
from lava_apps.parameters import (
    FirstIndex,
    Integer,
    NonNegativeNumber,
    Number,
    ParameterError,
    PerNeuron,
    Seed,
    Shape,
    spread,
    validated,
)
from lava_apps.samples import remainder

from lava.magma.core.process.ports.ports import InPort, OutPort
from lava.magma.core.process.process import LogConfig
from lava.magma.core.process.variable import Var

Decay = Annotated[Number, Field(ge=0, le=DECAY_MAX)]


class LIF(Process):
    """Leaky integrate-and-fire neurons, with the options that Lava's lack.

    In each time step

    1. ``u <- (1 - du) u + a_in``; the adaptive part of the threshold decays,
       ``theta <- (1 - dtheta) theta``;
    2. a neuron in its refractory period rests: v stays, no spike;
    3. any other takes ``v <- (1 - dv) v + u + bias + noise * N(0, 1)`` with
       ``bias = bias_mant * 2**bias_exp``, and spikes if ``v > vth + theta``;
    4. after a spike v is reset, theta grows by `theta_plus`, and the refractory
       period begins.

    With the defaults of the options these are Lava's LIF, step for step (Davies
    et al. 2018, IEEE Micro 38:82, for the chip's), and with `refractory_period`
    Lava's LIFRefractory, but for the order of additions. The adaptive threshold is
    that of Diehl and Cook (2015, Front. Comput. Neurosci. 9:99).

    ProcessModels: ``floating_pt``, with decays from 0 to 1; ``fixed_pt``, bit for
    bit the arithmetic of Lava's bit-accurate LIF, for integers in these units:

    | parameter           | range                 | means                       |
    |---------------------|-----------------------|-----------------------------|
    | a_in                | below 131,072         | units of 2**6               |
    | u, v, v_reset       | 24 bits, signed       | units                       |
    | vth                 | 0 to 131,071          | units of 2**6               |
    | theta, theta_plus   | 0 to 2**23 - 1        | units                       |
    | du                  | 0 to 4095             | u loses (du + 1) / 4096     |
    | dv, dtheta          | 0 to 4095             | v, theta lose dv / 4096     |
    | bias_mant, bias_exp | -4096 to 4095, 0 to 7 | units                       |
    | noise               | 0 to 2**23 - 1        | units, rounded draw by draw |

    :func:`~lava_apps.processes.lif.quantise` makes the second of the first. For
    Loihi 2 there is a decomposition into Lava's LIF (LIFReset, with
    `reset_interval`) where the options are within it: one threshold for all neurons,
    reset to 0, no refractory period, no adaptation, no noise. Other options are CPU
    only; they need a neuro-core model. In the decomposed graph `u`, `v`, `du`, `dv`,
    `bias_mant` and `bias_exp` can be read and set; Vars that Lava's LIF has not, or
    has as one number, cannot.

    Parameters
    ----------
    shape : tuple of int, or int
        Shape of the population.
    u, v : float or (*shape) array_like
        Initial current and potential. Default 0.
    du, dv : float
        Decay of current and potential. Default 0.
    vth : float or (*shape) array_like
        Threshold, for all neurons or for each. Default 10.
    bias_mant : float or (*shape) array_like
        Mantissa of the bias. Default 0.
    bias_exp : int or (*shape) array_like of int
        Exponent of the bias, from 0 to 7, in both precisions. Default 0.
    refractory_period : int
        Time steps that v rests after a spike, 0 to 2**31 - 1. Default 0.
    reset : {"value", "subtract"}
        After a spike, set v to `v_reset`, or subtract the threshold that was
        crossed. Default "value".
    v_reset : float
        Potential after a spike, not above any of `vth`. Default 0.
    theta : float or (*shape) array_like
        Initial adaptive part of the threshold, at least 0. Default 0.
    theta_plus : float
        What a spike adds to theta, at least 0. Default 0.
    dtheta : float
        Decay of theta. Default 0.
    noise : float
        Standard deviation of the normal noise added to v in each step. Default 0.
    reset_interval : int
        Set u and v to 0, and let nobody rest, at the begin of every so many time
        steps, such as those of a sample; theta stays. Default 0: never.
    reset_offset : int
        Which of them: where the time step, counted from 1 on, leaves this remainder.
        Below `reset_interval`. Default 1: the first one.
    first_index : int
        Index of the first neuron, as the noise counts them. Populations with one seed
        whose indices follow one another have the noise of one population. Default 0.
    seed : int, optional
        Seed of the noise, from 0 to 2**63 - 1. Default: one of its own, by its
        place in the graph: Processes draw independently, and runs can be repeated.
    name : str, optional
        Name of the Process.
    log_config : lava.magma.core.process.process.LogConfig, optional
        Lava's logging options.

    Attributes
    ----------
    a_in : InPort, shape (*shape)
        Synaptic input.
    s_out : OutPort, shape (*shape)
        Spikes, 0 or 1.
    u, v, theta : Var
        As above.
    refractory : Var
        Time steps that each neuron still has to rest.
    du, dv, vth, bias_mant, bias_exp, refractory_period, v_reset : Var
        As above; may be set between runs, as may the next.
    theta_plus, dtheta, noise : Var
        As above.
    key : Var
        Of the noise: which random numbers it is.

    Raises
    ------
    ParameterError
        For a value out of range or of a shape that does not fit; an unknown
        keyword. What only one precision refuses it refuses when the graph is built.

    Examples
    --------
    >>> from lava_apps.processes.lif import LIF
    >>> LIF(shape=(2, 3), vth=10, refractory_period=5).s_out.shape
    (2, 3)
    """

    @validated
    def __init__(
        self,
        *,
        shape: Shape,
        u: PerNeuron = 0,
        v: PerNeuron = 0,
        du: Decay = 0,
        dv: Decay = 0,
        vth: PerNeuron = 10,
        bias_mant: PerNeuron = 0,
        bias_exp: PerNeuron = 0,
        refractory_period: Annotated[Integer, Field(ge=0, lt=2**31)] = 0,
        reset: Literal["value", "subtract"] = "value",
        v_reset: Number = 0,
        theta: PerNeuron = 0,
        theta_plus: NonNegativeNumber = 0,
        dtheta: Decay = 0,
        noise: NonNegativeNumber = 0,
        reset_interval: Annotated[Integer, Field(ge=0, lt=2**31)] = 0,
        reset_offset: Annotated[Integer, Field(ge=0, lt=2**31)] | None = None,
        first_index: FirstIndex = 0,
        seed: Seed | None = None,
        name: str | None = None,
        log_config: LogConfig | None = None,
    ) -> None:
        owner = type(self).__name__
        given = {
            "u": u,
            "v": v,
            "vth": vth,
            "bias_mant": bias_mant,
            "bias_exp": bias_exp,
            "theta": theta,
        }
        per_neuron = {n: spread(owner, n, x, shape) for n, x in given.items()}
        exponents = per_neuron["bias_exp"]
        if exponents.dtype.kind not in "iu" or not (
            exponents.min() >= 0 and exponents.max() <= BIAS_EXPONENT_MAX
        ):
            problem = f"must be integers from 0 to {BIAS_EXPONENT_MAX}"
            raise ParameterError(owner, "bias_exp", problem, bias_exp)
        if per_neuron["theta"].min() < 0:
            raise ParameterError(owner, "theta", "must not be negative", theta)
        if reset == "subtract" and v_reset != 0:
            problem = "must be left out where the reset subtracts the threshold"
            raise ParameterError(owner, "v_reset", problem, v_reset)
        if reset == "subtract" and per_neuron["vth"].min() < 0:
            problem = "must not be negative where the reset subtracts it"
            raise ParameterError(owner, "vth", problem, vth)
        offset = remainder(owner, reset_interval, reset_offset)
        options: dict[str, Any] = {"name": name, "log_config": log_config}
        super().__init__(
            subtract=reset == "subtract",
            reset_interval=reset_interval,
            reset_offset=offset,
            first_index=first_index,
            **seed_parameters(seed),
            **options,
        )
        self.a_in = InPort(shape=shape)
        self.s_out = OutPort(shape=shape)
        self.u = Var(shape=shape, init=per_neuron["u"])
        self.v = Var(shape=shape, init=per_neuron["v"])
        self.theta = Var(shape=shape, init=per_neuron["theta"])
        self.refractory = Var(shape=shape, init=np.zeros(shape, dtype=np.int32))
        self.du = Var(shape=(1,), init=du)
        self.dv = Var(shape=(1,), init=dv)
        self.vth = Var(shape=shape, init=per_neuron["vth"])
        self.bias_mant = Var(shape=shape, init=per_neuron["bias_mant"])
        self.bias_exp = Var(shape=shape, init=exponents)
        self.refractory_period = Var(shape=(1,), init=refractory_period)
        self.v_reset = Var(shape=(1,), init=v_reset)
        self.theta_plus = Var(shape=(1,), init=theta_plus)
        self.dtheta = Var(shape=(1,), init=dtheta)
        self.noise = Var(shape=(1,), init=noise)
        self.key = Var(shape=(2,), init=new_key(self.proc_params["seed"]))

    @classmethod
    @validated
    def from_membrane(
        cls,
        membrane: Membrane,
        *,
        shape: Shape,
        drive: PerNeuron = 0,
        **options: Any,
    ) -> Self:
        """Make neurons from physical units, for ``floating_pt``.

        Parameters
        ----------
        membrane : Membrane
            Time constants, potentials and time step, in ms and mV.
        shape : tuple of int, or int
            Shape of the population.
        drive : float or (*shape) array_like
            Constant drive in mV. Default 0.
        **options
            Other parameters of the constructor; those the membrane gives too
            override it.

        Returns
        -------
        LIF
            The neurons; v counts in mV above rest.

        Raises
        ------
        ParameterError
            As the constructor does.
        """
        return cls(shape=shape, **(membrane.parameters(drive) | options))
