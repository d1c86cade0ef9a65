"""Interface of the plastic synapses, and the rules they learn by."""

import math
from dataclasses import dataclass
from typing import Annotated, Any

import numpy as np
from pydantic import Field

from lava_apps.draws import new_key, seed_parameters
from lava_apps.kernel import Process
from lava_apps.learning_rules import seed_rule
from lava_apps.loihi2.formats import TRACE_MAX
from lava_apps.parameters import (
    Fraction,
    Integer,
    Matrix,
    NonNegativeNumber,
    ParameterError,
    PositiveNumber,
    Seed,
    validated,
)
from lava_apps.processes.stdp.dynamics import Coefficients
from lava_apps.samples import remainder

from lava.magma.core.learning.learning_rule import (
    Loihi2FLearningRule,
    Loihi3FLearningRule,
    LoihiLearningRule,
)
from lava.magma.core.process.ports.ports import InPort, OutPort
from lava.magma.core.process.process import LogConfig
from lava.magma.core.process.variable import Var

Time = Annotated[PositiveNumber, Field(le=1e9)]
Impulse = Annotated[Integer, Field(ge=1, le=TRACE_MAX)]


def _kept(tau: float) -> float:
    # numpy's exponential, not Python's: Lava's traces are equal to the last bit.
    return float(np.exp(-1 / tau))


def _sum(owner: str, **terms: tuple[float, str]) -> str:
    """Write a sum of products, without those whose amplitude is 0."""
    text = ""
    for parameter, (value, factors) in terms.items():
        if value:
            sign = "-" if value < 0 else "+" if text else ""
            text += f" {sign} {_literal(owner, parameter, value)}*{factors}"
    if not text:
        problem = "must not be 0 for all parts of a rule in Loihi's grammar"
        raise ParameterError(owner, next(iter(terms)), problem, 0)
    # A sign in front belongs to the number.
    return text.strip().replace("- ", "-", 1) if text[1] == "-" else text.strip()


def _literal(owner: str, parameter: str, value: float) -> str:
    """Write a factor as ``m * 2^e``, as Loihi holds it; refuse one it cannot."""
    mantissa, exponent = abs(value), 0
    while mantissa != math.floor(mantissa) and exponent > -7:
        mantissa, exponent = mantissa * 2, exponent - 1
    while mantissa > 7 and mantissa % 2 == 0 and exponent < 8:
        mantissa, exponent = mantissa / 2, exponent + 1
    if mantissa != math.floor(mantissa) or not 1 <= mantissa <= 7:
        problem = "must be m * 2**e with m to 7 and e from -7 to 8 in Loihi's grammar"
        raise ParameterError(owner, parameter, problem, value)
    return f"{int(mantissa)}*2^{exponent}"


class _Rule:
    """What all rules have."""

    def coefficients(self, w_max: float) -> Coefficients:
        """Give what the step functions take."""
        raise NotImplementedError

    @validated
    def loihi(self, *, impulse: Impulse = 1, seed: Seed = 1) -> LoihiLearningRule:
        """Give the rule in Loihi's grammar.

        Parameters
        ----------
        impulse : int
            What a spike is in a trace, from 1 to 127. Default 1.
        seed : int
            Of Lava's random numbers. Default 1.

        Returns
        -------
        Loihi2FLearningRule or Loihi3FLearningRule
            For Lava's LearningDense.

        Raises
        ------
        ParameterError
            For what the grammar cannot express, naming it.
        """
        raise NotImplementedError


@dataclass(frozen=True, kw_only=True)
class PairSTDP(_Rule):
    """Pair-based STDP with all pairs of spikes.

    A postsynaptic spike dt after a presynaptic one adds ``a_plus exp(-dt / tau_plus)``
    to the weight, a presynaptic one dt after a postsynaptic one takes ``a_minus
    exp(-dt / tau_minus)`` (Song, Miller and Abbott 2000, Nat. Neurosci. 3:919). With
    exponents above 0 the bounds are soft: gains are multiplied by ``(1 - w /
    w_max)**mu``, losses by ``(w / w_max)**mu`` (Gutig et al. 2003, J. Neurosci.
    23:3697). Traces are sampled exponentials, so they are exact at every time step.

    In Loihi's grammar: with `mu` of 0 (additive).

    Parameters
    ----------
    a_plus, a_minus : float
        Amplitudes in units of weight, at least 0.
    tau_plus, tau_minus : float
        Time constants in time steps, above 0. Default 20.
    mu : float
        Exponent of the soft bounds; 0, the default, for additive changes within hard
        bounds, 1 for multiplicative ones.
    """

    a_plus: float
    a_minus: float
    tau_plus: float = 20.0
    tau_minus: float = 20.0
    mu: float = 0.0

    @validated
    def __init__(
        self,
        *,
        a_plus: NonNegativeNumber,
        a_minus: NonNegativeNumber,
        tau_plus: Time = 20.0,
        tau_minus: Time = 20.0,
        mu: NonNegativeNumber = 0.0,
    ) -> None:
        _fill(self, a_plus, a_minus, tau_plus, tau_minus, mu)

    def coefficients(self, w_max: float) -> Coefficients:
        """Give what the step functions take."""
        return _coefficients(
            a_plus=self.a_plus,
            a_minus=self.a_minus,
            mu_plus=self.mu,
            mu_minus=self.mu,
            w_max=w_max,
            keep_x1=_kept(self.tau_plus),
            keep_y1=_kept(self.tau_minus),
        )

    @validated
    def loihi(self, *, impulse: Impulse = 1, seed: Seed = 1) -> Loihi2FLearningRule:
        """Give the rule in Loihi's grammar; see the base class."""
        if self.mu != 0:
            problem = "must be 0 in Loihi's grammar, which has no powers"
            raise ParameterError(type(self).__name__, "mu", problem, self.mu)
        rule = Loihi2FLearningRule(
            dw=_sum(
                type(self).__name__,
                a_minus=(-self.a_minus / impulse, "x0*y1"),
                a_plus=(self.a_plus / impulse, "y0*x1"),
            ),
            x1_impulse=impulse,
            x1_tau=self.tau_plus,
            y1_impulse=impulse,
            y1_tau=self.tau_minus,
            t_epoch=1,
        )
        return seed_rule(rule, seed)


@dataclass(frozen=True, kw_only=True)
class TraceSTDP(_Rule):
    """Learning at postsynaptic spikes, by what the presynaptic trace then is.

    A postsynaptic spike changes a weight by ``rate (x - target) (1 - w / w_max)**mu``:
    synapses whose neurons spiked shortly before gain, all others lose (Diehl and Cook
    2015, Front. Comput. Neurosci. 9:99, after Querlioz et al. 2013, IEEE Trans.
    Nanotechnol. 12:288).

    In Loihi's grammar: with `mu` of 0, and traces that add up instead of saturating.

    Parameters
    ----------
    rate : float
        Learning rate in units of weight, above 0.
    target : float
        Trace at which nothing changes, from 0 on.
    tau : float
        Time constant of the trace in time steps, above 0. Default 20.
    mu : float
        Exponent of the soft bound. Default 0.
    saturating : bool
        Whether a spike sets the trace to 1 (the default) or adds 1 to it.
    """

    rate: float
    target: float
    tau: float = 20.0
    mu: float = 0.0
    saturating: bool = True

    @validated
    def __init__(
        self,
        *,
        rate: PositiveNumber,
        target: NonNegativeNumber,
        tau: Time = 20.0,
        mu: NonNegativeNumber = 0.0,
        saturating: bool = True,
    ) -> None:
        _fill(self, rate, target, tau, mu, saturating)

    def coefficients(self, w_max: float) -> Coefficients:
        """Give what the step functions take."""
        return _coefficients(
            a_plus=self.rate,
            target=self.target,
            mu_plus=self.mu,
            w_max=w_max,
            keep_x1=_kept(self.tau),
            saturating=self.saturating,
        )

    @validated
    def loihi(self, *, impulse: Impulse = 1, seed: Seed = 1) -> Loihi2FLearningRule:
        """Give the rule in Loihi's grammar; see the base class."""
        owner = type(self).__name__
        if self.mu != 0:
            problem = "must be 0 in Loihi's grammar, which has no powers"
            raise ParameterError(owner, "mu", problem, self.mu)
        if self.saturating:
            problem = "must be False in Loihi's grammar, where impulses add up"
            raise ParameterError(owner, "saturating", problem, True)
        plus = _literal(owner, "rate", self.rate / impulse)
        offset = self.target * impulse
        if offset != math.floor(offset) or offset > TRACE_MAX:
            problem = "times the impulse must be an integer up to 127"
            raise ParameterError(owner, "target", problem, self.target)
        rule = Loihi2FLearningRule(
            dw=f"{plus}*y0*(x1 - {int(offset)})" if offset else f"{plus}*y0*x1",
            x1_impulse=impulse,
            x1_tau=self.tau,
            t_epoch=1,
        )
        return seed_rule(rule, seed)


@dataclass(frozen=True, kw_only=True)
class TripletSTDP(_Rule):
    """Triplet STDP, in the form with all spikes.

    At a postsynaptic spike a weight gains ``x1 (a_plus + a_plus_3 y2)``, at a
    presynaptic one it loses ``y1 (a_minus + a_minus_3 x2)``, with y2 and x2 as they
    were before the spike (Pfister and Gerstner 2006, J. Neurosci. 26:9673).

    Loihi's grammar cannot express it: traces there include the spike itself, and what
    they were before it is lost where they saturate.

    Parameters
    ----------
    a_plus, a_minus : float
        Amplitudes of pairs in units of weight, at least 0.
    a_plus_3, a_minus_3 : float
        Amplitudes of triplets, at least 0.
    tau_plus, tau_minus : float
        Time constants of x1 and y1 in time steps.
    tau_x, tau_y : float
        Time constants of x2 and y2 in time steps.
    """

    a_plus: float
    a_minus: float
    a_plus_3: float
    a_minus_3: float
    tau_plus: float
    tau_minus: float
    tau_x: float
    tau_y: float

    @validated
    def __init__(
        self,
        *,
        a_plus: NonNegativeNumber,
        a_minus: NonNegativeNumber,
        a_plus_3: NonNegativeNumber,
        a_minus_3: NonNegativeNumber,
        tau_plus: Time,
        tau_minus: Time,
        tau_x: Time,
        tau_y: Time,
    ) -> None:
        _fill(
            *(self, a_plus, a_minus, a_plus_3, a_minus_3),
            *(tau_plus, tau_minus, tau_x, tau_y),
        )

    def coefficients(self, w_max: float) -> Coefficients:
        """Give what the step functions take."""
        return _coefficients(
            a_plus=self.a_plus,
            a_plus_3=self.a_plus_3,
            a_minus=self.a_minus,
            a_minus_3=self.a_minus_3,
            w_max=w_max,
            keep_x1=_kept(self.tau_plus),
            keep_x2=_kept(self.tau_x),
            keep_y1=_kept(self.tau_minus),
            keep_y2=_kept(self.tau_y),
        )

    @validated
    def loihi(self, *, impulse: Impulse = 1, seed: Seed = 1) -> LoihiLearningRule:  # noqa: ARG002
        """Refuse: see the class."""
        problem = "has no form in Loihi's grammar: traces there include the spike"
        raise ParameterError("STDPDense", "rule", problem, self)


@dataclass(frozen=True, kw_only=True)
class RewardSTDP(_Rule):
    """Reward-modulated STDP with eligibility traces: three factors.

    Pairs of spikes change not the weight but its eligibility e, which decays; the
    weight follows ``w += reward * e`` in each time step (Izhikevich 2007, Cereb.
    Cortex 17:2443; Florian 2007, Neural Comput. 19:1468).

    In Loihi's grammar, as a rule of three factors with the eligibility in the tag and
    the reward in y3, as long as the decay of the tag is a power of two; a reward then
    meets the eligibility of the time step before. On Loihi 2 three factors need neuron
    models that are not public. In ``fixed_pt`` each time step costs as much as there
    are synapses, since each tag is rounded by itself.

    Parameters
    ----------
    a_plus, a_minus : float
        Amplitudes of pairs in units of weight, at least 0.
    tau_plus, tau_minus : float
        Time constants of pairs in time steps. Default 20.
    tau_eligibility : float
        Time constant of the eligibility in time steps. Default 100.
    """

    a_plus: float
    a_minus: float
    tau_plus: float = 20.0
    tau_minus: float = 20.0
    tau_eligibility: float = 100.0

    @validated
    def __init__(
        self,
        *,
        a_plus: NonNegativeNumber,
        a_minus: NonNegativeNumber,
        tau_plus: Time = 20.0,
        tau_minus: Time = 20.0,
        tau_eligibility: Time = 100.0,
    ) -> None:
        _fill(self, a_plus, a_minus, tau_plus, tau_minus, tau_eligibility)

    def coefficients(self, w_max: float) -> Coefficients:
        """Give what the step functions take."""
        return _coefficients(
            a_plus=self.a_plus,
            a_minus=self.a_minus,
            w_max=w_max,
            keep_x1=_kept(self.tau_plus),
            keep_y1=_kept(self.tau_minus),
            keep_tag=_kept(self.tau_eligibility),
            rewarded=True,
        )

    @validated
    def loihi(self, *, impulse: Impulse = 1, seed: Seed = 1) -> Loihi3FLearningRule:
        """Give the rule in Loihi's grammar; see the base class.

        The postsynaptic trace y1 then comes from the neurons, as Lava's rules of
        three factors want it, and the tag decays by a power of two.
        """
        owner = type(self).__name__
        changes = _sum(
            owner,
            a_minus=(-self.a_minus / impulse, "x0*y1"),
            a_plus=(self.a_plus / impulse, "y0*x1"),
        )
        lost = 1 - _kept(self.tau_eligibility)
        exponent = round(math.log2(lost))
        if not exponent >= -7 or abs(2.0**exponent / lost - 1) > 1e-9:
            problem = "must lose a power of two a step, 2**-7 or more, in the grammar"
            raise ParameterError(
                owner, "tau_eligibility", problem, self.tau_eligibility
            )
        rule = Loihi3FLearningRule(
            dw="u0*t*y3",
            dt=f"{changes} - 2^{exponent}*u0*t",
            x1_impulse=impulse,
            x1_tau=self.tau_plus,
            t_epoch=1,
        )
        return seed_rule(rule, seed)


def _fill(rule: Any, *values: Any) -> None:
    """Set the fields of a frozen dataclass, in their order."""
    for name, value in zip(rule.__dataclass_fields__, values, strict=True):
        object.__setattr__(rule, name, value)


def _coefficients(**given: Any) -> Coefficients:
    """Fill up with what has no effect."""
    none = dict.fromkeys(Coefficients._fields, 0.0)
    return Coefficients(**none | {"saturating": False, "rewarded": False} | given)


Rule = PairSTDP | TraceSTDP | TripletSTDP | RewardSTDP


class STDPDense(Process):
    """All-to-all connection whose weights learn from the timing of spikes.

    Transmits like Lava's Dense: what arrives in a time step is sent in the next. Then
    the rule changes the weights by the spikes of either side
    (:class:`~lava_apps.processes.stdp.PairSTDP`,
    :class:`~lava_apps.processes.stdp.TraceSTDP`,
    :class:`~lava_apps.processes.stdp.TripletSTDP`,
    :class:`~lava_apps.processes.stdp.RewardSTDP`). Weights stay from 0 to `w_max`.

    ProcessModels: ``floating_pt``; ``fixed_pt`` with 8-bit weights and 7-bit traces,
    rounded at random; and Lava's LearningDense, for
    Loihi 2, where the rule has a form in Loihi's grammar, `norm`, `learning`,
    `reset_interval`, `start_in` and `reward_in` are not used, and `w_max` is 255 in
    fixed_pt and not given in floating_pt. In floating_pt that is equal in every time
    step; in fixed_pt in the mean, since Lava's random numbers are others.

    Parameters
    ----------
    weights : (n_out, n_in) array_like
        Initial weights from 0 to `w_max`; integers in ``fixed_pt``.
    rule : PairSTDP, TraceSTDP, TripletSTDP or RewardSTDP
        How they change.
    w_max : float, optional
        Largest weight, above 0; at most 255 in ``fixed_pt``. Default: none in
        ``floating_pt``, 255 in ``fixed_pt``.
    norm : float, optional
        Sum to which the weights of each postsynaptic neuron are scaled when a sample
        starts (Diehl and Cook 2015), each at most to `w_max`. Default: they are not.
    impulse : int
        What a spike is in a trace in ``fixed_pt``, from 1 to 127. Traces end at 127,
        so the more spikes come within a time constant, the smaller it must be. Default
        16, which leaves room for almost 8; 127 for a rule whose traces saturate.
    learning : float
        Factor of all changes, from 0, which leaves weights and traces as they are, to
        1, the default. The Var may be set between runs, such as to learn ever less.
    reset_interval : int
        Time steps of a sample. When one begins, traces, eligibilities and weights are
        treated as `start_in` says, and what arrived in the last time step of the sample
        before is not sent. Default 0: samples begin with `start_in` only.
    reset_offset : int
        Which time step is the first of a sample: one that, counted from 1 on, leaves
        this remainder. Below `reset_interval`. Default 1.
    seed : int, optional
        Seed of the rounding in ``fixed_pt``, from 0 to 2**63 - 1. Default:
        one of its own, by its place in the graph: Processes draw independently, and
        runs can be repeated.
    name : str, optional
        Name of the Process.
    log_config : lava.magma.core.process.process.LogConfig, optional
        Lava's logging options.

    Attributes
    ----------
    s_in : InPort, shape (n_in,)
        Presynaptic spikes.
    s_in_bap : InPort, shape (n_out,)
        Postsynaptic spikes ("back-propagating action potentials", as in Lava).
    start_in : InPort, shape (1,)
        Not 0 in the first time step of a sample: traces and eligibilities begin anew,
        and weights are scaled to `norm`. It comes too late to hold back what is sent in
        this time step; `reset_interval` does that. May be left unconnected.
    reward_in : InPort, shape (1,)
        Reward of this time step, of either sign. May be left unconnected.
    a_out : OutPort, shape (n_out,)
        Weighted sums of the presynaptic spikes of the time step before.
    a_buff : Var
        What is sent in the next time step.
    weights : Var
        The weights.
    x1, x2, y1, y2 : Var
        Traces of presynaptic and postsynaptic spikes.
    tag, tag_scale : Var
        Eligibility of a rule with reward, in units of `tag_scale`.
    total : Var
        Sums of weights, when they were last scaled.
    learning : Var
        As above.
    key : Var
        Which random numbers round, in ``fixed_pt``.

    Raises
    ------
    ParameterError
        For a value out of range, or weights that are not.

    Examples
    --------
    >>> from lava_apps.processes.stdp import PairSTDP, STDPDense
    >>> rule = PairSTDP(a_plus=0.01, a_minus=0.012)
    >>> STDPDense(weights=[[0.1, 0.2]], rule=rule, w_max=1).a_out.shape
    (1,)
    """

    @validated
    def __init__(
        self,
        *,
        weights: Matrix,
        rule: Rule,
        w_max: PositiveNumber | None = None,
        norm: PositiveNumber | None = None,
        impulse: Impulse | None = None,
        learning: Fraction = 1.0,
        reset_interval: Annotated[Integer, Field(ge=0, lt=2**31)] = 0,
        reset_offset: Annotated[Integer, Field(ge=0, lt=2**31)] | None = None,
        seed: Seed | None = None,
        name: str | None = None,
        log_config: LogConfig | None = None,
    ) -> None:
        owner, limit = type(self).__name__, math.inf if w_max is None else w_max
        if weights.min() < 0 or weights.max() > limit:
            problem = f"must be from 0 to w_max = {limit:g}"
            raise ParameterError(owner, "weights", problem, weights)
        soft = getattr(rule, "mu", 0) != 0
        if soft and w_max is None:
            problem = "must be given for a rule with soft bounds"
            raise ParameterError(owner, "w_max", problem, None)
        coefficients = rule.coefficients(limit)
        posts, pres = weights.shape
        options: dict[str, Any] = {"name": name, "log_config": log_config}
        super().__init__(
            plasticity=rule,
            rule=coefficients,
            norm=norm or 0.0,
            reset_interval=reset_interval,
            reset_offset=remainder(owner, reset_interval, reset_offset),
            impulse=impulse or (TRACE_MAX if coefficients.saturating else 16),
            **seed_parameters(seed),
            **options,
        )
        self.s_in = InPort(shape=(pres,))
        self.s_in_bap = InPort(shape=(posts,))
        self.start_in = InPort(shape=(1,))
        self.reward_in = InPort(shape=(1,))
        self.a_out = OutPort(shape=(posts,))
        self.a_buff = Var(shape=(posts,), init=0)
        self.weights = Var(shape=weights.shape, init=weights)
        self.x1, self.x2 = Var(shape=(pres,), init=0), Var(shape=(pres,), init=0)
        self.y1, self.y2 = Var(shape=(posts,), init=0), Var(shape=(posts,), init=0)
        tags = weights.shape if coefficients.rewarded else (1, 1)
        self.tag = Var(shape=tags, init=np.zeros(tags))
        self.tag_scale = Var(shape=(1,), init=1)
        self.total = Var(shape=(posts,), init=0)
        self.learning = Var(shape=(1,), init=learning)
        self.key = Var(shape=(2,), init=new_key(self.proc_params["seed"]))
