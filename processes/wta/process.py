"""Interfaces of the competition between neurons."""

import math
from typing import Annotated, Any, NamedTuple

import numpy as np
from pydantic import Field

from lava_apps.kernel import Process
from lava_apps.loihi2.formats import (
    BIAS_EXPONENT_MAX,
    DECAY_MAX,
    EXCITATORY_WEIGHT_MAX,
    INPUT_SUM_LIMIT,
    WEIGHT_EXPONENT_MAX,
)
from lava_apps.parameters import (
    Integer,
    NonNegativeNumber,
    Number,
    ParameterError,
    PositiveInteger,
    PositiveNumber,
    Shape,
    TimeSteps,
    validated,
)
from lava_apps.samples import remainder

from lava.magma.core.process.ports.ports import InPort, OutPort
from lava.magma.core.process.process import LogConfig
from lava.magma.core.process.variable import Var

Decay = Annotated[Number, Field(ge=0, le=DECAY_MAX)]


class WinnerTakeAll(Process):
    """Winner-take-all: the strongest inputs win, at once or by inhibition.

    *Hard* (the default): in each time step the `winners` largest of the inputs
    above `threshold` win. *Soft* (with `inhibition`): each neuron is a rate x that
    all others inhibit,

        x_i <- x_i + dv (max(0, a_i - inhibition * sum_{j != i} x_j) - x_i) ,

    and those win whose input exceeds their inhibition (Grossberg 1973, Stud. Appl.
    Math. 52:213, for such networks). Below 1, several can stay: of two with
    constant inputs a > b > inhibition * a, both, at ``x = (a - inhibition * b) /
    (1 - inhibition**2)``. From 1 on, one of two remains.

    Ties: of equal inputs the one with the lowest index (in C order) wins where
    one has to be chosen. In the soft competition equal inputs stay equal.

    ProcessModels: ``floating_pt`` and ``fixed_pt``. In ``fixed_pt`` inputs and
    threshold are integers below 131,072, `inhibition` counts in 1/256 and `dv` in
    1/4096. CPU only; for Loihi 2 see :class:`SpikingWinnerTakeAll`.

    Parameters
    ----------
    shape : tuple of int, or int
        Shape of the population.
    winners : int
        How many win in the hard competition, from 1 to all. Default 1.
    threshold : float or None
        Only inputs above it can win in the hard competition; with None any can,
        and there always is a winner. Default 0.
    inhibition : float, optional
        Strength of the soft competition, at least 0. Default: hard.
    dv : float, optional
        What a rate of the soft competition makes of its way in a step. Default:
        ``1 / (1 + inhibition * (n - 1))``, with which not even all n neurons
        together overshoot.
    name : str, optional
        Name of the Process.
    log_config : lava.magma.core.process.process.LogConfig, optional
        Lava's logging options.

    Attributes
    ----------
    a_in : InPort, shape (*shape)
        Inputs.
    start_in : InPort, shape (1,)
        Not 0 in the first time step of a trial, such as an encoder's `start_out`:
        rates and counts begin anew. May be left unconnected.
    s_out : OutPort, shape (*shape)
        1 for the winners, 0 elsewhere.
    a_out : OutPort, shape (*shape)
        Hard: the inputs of the winners, 0 elsewhere. Soft: the rates x.
    winner_out : OutPort, shape (1,)
        Index of the strongest winner in C order, -1 if there is none.
    activity, winning : Var
        What `a_out` (in fixed_pt in units of 2**-18) and `s_out` sent.
    steps : Var
        Time steps of this trial.
    decision_time : Var
        Time to decision: the time step of this trial, from 1 on, in which the set
        of winners last changed; 0 while there was none.
    threshold, inhibition, dv : Var
        As above.

    Raises
    ------
    ParameterError
        For a value out of range, more winners than neurons, or options of the
        hard and the soft competition together.

    Examples
    --------
    >>> from lava_apps.processes.wta import WinnerTakeAll
    >>> WinnerTakeAll(shape=10, winners=2).s_out.shape
    (10,)
    """

    @validated
    def __init__(
        self,
        *,
        shape: Shape,
        winners: PositiveInteger = 1,
        threshold: Number | None = 0,
        inhibition: NonNegativeNumber | None = None,
        dv: Decay | None = None,
        name: str | None = None,
        log_config: LogConfig | None = None,
    ) -> None:
        owner, neurons = type(self).__name__, math.prod(shape)
        soft = inhibition is not None
        if winners > neurons:
            problem = f"must not exceed the number of neurons, {neurons}"
            raise ParameterError(owner, "winners", problem, winners)
        if soft and winners != 1:
            problem = "goes without inhibition, which decides how many win"
            raise ParameterError(owner, "winners", problem, winners)
        if soft and threshold != 0:
            problem = "goes without inhibition"
            raise ParameterError(owner, "threshold", problem, threshold)
        if dv is not None and not soft:
            raise ParameterError(owner, "dv", "goes with inhibition", dv)
        if dv == 0:
            raise ParameterError(owner, "dv", "must be above 0", dv)
        strength = inhibition or 0.0
        options: dict[str, Any] = {"name": name, "log_config": log_config}
        super().__init__(
            winners=winners,
            soft=soft,
            always=threshold is None,
            default_dv=dv is None,
            **options,
        )
        self.a_in = InPort(shape=shape)
        self.start_in = InPort(shape=(1,))
        self.s_out = OutPort(shape=shape)
        self.a_out = OutPort(shape=shape)
        self.winner_out = OutPort(shape=(1,))
        self.activity = Var(shape=shape, init=np.zeros(shape, dtype=np.int64))
        self.winning = Var(shape=shape, init=np.zeros(shape, dtype=np.int64))
        self.steps = Var(shape=(1,), init=0)
        self.decision_time = Var(shape=(1,), init=0)
        self.threshold = Var(shape=(1,), init=threshold or 0)
        self.inhibition = Var(shape=(1,), init=strength)
        if dv is None:
            dv = 1 / (1 + strength * (neurons - 1)) if soft else 1
        self.dv = Var(shape=(1,), init=dv)


class SpikingWinnerTakeAll(Process):
    """Winner-take-all of integrate-and-fire neurons with lateral inhibition.

    Each neuron integrates its input; the first that exceeds the threshold spikes,
    and its spike pushes all others down in the next time step. For Loihi 2 these
    are a LIF and an inhibitory Dense with zero diagonal (with `reset_interval` a
    LIFReset, and another one that keeps time and silences it), and the SubProcessModel
    is equal to the models here in every step. Of the Vars Lava's LIF has `v`, `vth`
    and `dv`: others cannot be read or set there.

    With inputs that are constant, from 0 to `input_max`, no leak (``dv = 0``), and
    the default inhibition and tie break, exactly one neuron goes on spiking after
    the first time step with spikes; ``models.py`` shows why.

    Ties: of neurons that first exceed the threshold in the same time step all
    spike, and the one with the lowest index (in C order) goes on, since a spike
    inhibits higher indices by `tie_break` more. Inputs closer than what makes a
    difference of a time step are ties; a higher threshold tells them apart. With
    ``tie_break=0`` inhibition is symmetric, and ties may spike together for ever.

    Parameters
    ----------
    shape : tuple of int, or int
        Shape of the population.
    input_max : float
        Largest input of a neuron in a time step, above 0. Default 32.
    vth : float
        Threshold, in units of the input, at least `input_max`. Default 64.
    inhibition : float, optional
        What a spike takes from each other neuron. Default: ``vth + input_max``.
    tie_break : float, optional
        What a spike takes besides from neurons of higher indices. Default: what
        tells apart even a tie of all. It grows with the population: beyond some
        50 neurons it does not fit, and has to be given.
    dv : float
        Decay of the potential, as in :class:`~lava_apps.processes.lif.LIF`: from
        0 to 1 in ``floating_pt``, from 0 to 4095 in ``fixed_pt``. Default 0.
    reset_interval : int, optional
        Time steps of a trial. Each begins with all potentials at 0, and in its last
        time step nobody spikes, since that inhibition would reach the next trial: so a
        trial gives what it gives alone. Default: there are no trials.
    reset_offset : int
        Which time step is the first of a trial: one that, counted from 1 on, leaves
        this remainder. Below `reset_interval`. Default 1.
    bias_mant, bias_exp : int
        Mantissa and exponent of a bias, the same for all, as in
        :class:`~lava_apps.processes.lif.LIF`: with it, potentials rise by themselves,
        and inputs of a single time step become times of spikes. It counts as a part
        of the inputs, which must stay up to `input_max` with it. Default 0.
    name : str, optional
        Name of the Process.
    log_config : lava.magma.core.process.process.LogConfig, optional
        Lava's logging options.

    Attributes
    ----------
    a_in : InPort, shape (*shape)
        Inputs.
    s_out : OutPort, shape (*shape)
        Spikes. :func:`~lava_apps.processes.wta.decision` gives the time to decision.
    v, s_last : Var
        Potentials (in fixed_pt in units of 2**-6), and the spikes of the last
        time step.
    vth, dv, bias_mant, bias_exp : Var
        As above.
    inhibition, tie_break : Var
        As above, rounded up to what 8-bit weights of one exponent hold.

    Raises
    ------
    ParameterError
        For a value out of range, or inhibition beyond 8-bit weights or the 24 bits
        of a current.

    Examples
    --------
    >>> from lava_apps.processes.wta import SpikingWinnerTakeAll
    >>> SpikingWinnerTakeAll(shape=10).inhibition.init
    96
    """

    @validated
    def __init__(
        self,
        *,
        shape: Shape,
        input_max: PositiveNumber = 32,
        vth: PositiveNumber = 64,
        inhibition: NonNegativeNumber | None = None,
        tie_break: NonNegativeNumber | None = None,
        dv: Decay = 0,
        reset_interval: TimeSteps | None = None,
        reset_offset: Annotated[Integer, Field(ge=0, lt=2**31)] | None = None,
        bias_mant: Number = 0,
        bias_exp: Annotated[Integer, Field(ge=0, le=BIAS_EXPONENT_MAX)] = 0,
        name: str | None = None,
        log_config: LogConfig | None = None,
    ) -> None:
        owner, neurons = type(self).__name__, math.prod(shape)
        if vth < input_max:
            problem = f"must be at least input_max = {input_max:g}"
            raise ParameterError(owner, "vth", problem, vth)
        offset = remainder(owner, reset_interval or 0, reset_offset)
        silencing = _silencing(input_max)
        largest = silencing.sum if reset_interval else input_max
        if inhibition is None:
            inhibition = vth + input_max
        for exponent in range(WEIGHT_EXPONENT_MAX + 1):
            unit = 2**exponent
            from_any = math.ceil(inhibition / unit) * unit
            besides = tie_break
            if besides is None:
                besides = _tie_break(neurons, input_max, vth, from_any)
            from_lower = from_any + math.ceil(besides / unit) * unit
            if from_lower <= EXCITATORY_WEIGHT_MAX * unit:
                break
        else:
            limit = EXCITATORY_WEIGHT_MAX * unit
            problem = f"and tie_break must not exceed {limit} together"
            raise ParameterError(owner, "inhibition", problem, inhibition)
        if (neurons - 1) * from_lower + largest >= INPUT_SUM_LIMIT:
            problem = (
                f"takes {from_lower} from each of {neurons} neurons in a tie, which "
                f"sums to more than {INPUT_SUM_LIMIT}; tie_break=0 leaves ties tied"
            )
            raise ParameterError(owner, "tie_break", problem, tie_break)
        options: dict[str, Any] = {"name": name, "log_config": log_config}
        super().__init__(
            reset_interval=reset_interval or 0,
            reset_offset=offset,
            silencing=silencing.sum,
            silencer=silencing,
            weight_exp=exponent,
            input_max=input_max,
            largest=largest,
            **options,
        )
        self.a_in = InPort(shape=shape)
        self.s_out = OutPort(shape=shape)
        self.v = Var(shape=shape, init=0)
        self.s_last = Var(shape=shape, init=0)
        self.vth = Var(shape=(1,), init=vth)
        self.dv = Var(shape=(1,), init=dv)
        self.bias_mant = Var(shape=(1,), init=bias_mant)
        self.bias_exp = Var(shape=(1,), init=bias_exp)
        self.inhibition = Var(shape=(1,), init=from_any)
        self.tie_break = Var(shape=(1,), init=from_lower - from_any)


class Silencing(NamedTuple):
    """Synapses that hold any neuron below its threshold for a time step.

    Parameters
    ----------
    synapses : int
        How many lead to each neuron.
    mantissa, exponent : int
        Of their weights.
    """

    synapses: int
    mantissa: int
    exponent: int

    @property
    def sum(self) -> int:
        """What they take together."""
        return self.synapses * self.mantissa << self.exponent


def _silencing(input_max: float) -> Silencing:
    """Find weights that take the largest input at least: v was below the threshold."""
    largest = EXCITATORY_WEIGHT_MAX << WEIGHT_EXPONENT_MAX
    synapses = max(math.ceil(input_max / largest), 1)
    each = math.ceil(input_max / synapses)
    exponent = 0
    while each > EXCITATORY_WEIGHT_MAX << exponent:
        exponent += 1
    return Silencing(synapses, math.ceil(each / 2**exponent), exponent)


def _tie_break(neurons: int, input_max: float, vth: float, inhibition: float) -> float:
    """Find what tells apart even a tie of all neurons (``models.py``)."""
    fewest_steps = math.floor(vth / input_max) + 1
    deepest = vth + inhibition * (neurons - 1)
    return deepest / (fewest_steps - 1) + input_max
