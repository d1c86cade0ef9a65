"""Interface of the self-organising map."""

from dataclasses import dataclass
from typing import Annotated, Any, Literal

import numpy as np
from pydantic import BeforeValidator, Field

from lava_apps.draws import new_key, seed_parameters
from lava_apps.kernel import Process
from lava_apps.parameters import (
    Array,
    Fraction,
    Integer,
    NonNegativeNumber,
    Number,
    NumericArray,
    ParameterError,
    PositiveInteger,
    PositiveNumber,
    Seed,
    TimeSteps,
    dimensions,
    invalid,
    validated,
)
from lava_apps.processes.som.dynamics import (
    BUBBLE,
    EXPONENTIAL,
    GAUSSIAN,
    INFLUENCE_MAX,
    INVERSE,
    LINEAR,
    MEXICAN_HAT,
    RADIUS_MIN,
    WEIGHT_MAX,
    Course,
    Grid,
    Rule,
    influences,
    race_of,
)

from lava.magma.core.process.ports.ports import InPort, OutPort
from lava.magma.core.process.process import LogConfig
from lava.magma.core.process.variable import Var

_KINDS = {"linear": LINEAR, "exponential": EXPONENTIAL, "inverse": INVERSE}
_NEIGHBOURHOODS = {"gaussian": GAUSSIAN, "bubble": BUBBLE, "mexican_hat": MEXICAN_HAT}
Radius = Annotated[Number, Field(ge=RADIUS_MIN)]


def _number_or_schedule(allowed: str, lowest: float, highest: float) -> BeforeValidator:
    """Make a validator for a Schedule, or a number that stays."""

    def check(value: object) -> object:
        if value is None or isinstance(value, Schedule):
            return value
        is_number = isinstance(value, (int, float, np.number))
        if not is_number or not lowest <= float(value) <= highest:  # type: ignore[arg-type]
            raise invalid(f"must be a Schedule, or a number {allowed}")
        return float(value)  # type: ignore[arg-type]

    return BeforeValidator(check)


_RadiusOfMap = Annotated[
    Any, _number_or_schedule(f"of {RADIUS_MIN} or more", RADIUS_MIN, 1e9)
]
_RateOfMap = Annotated[Any, _number_or_schedule("from 0 to 1", 0, 1)]
Topology = Literal["rectangular", "hexagonal"]
Neighbourhood = Literal["gaussian", "bubble", "mexican_hat"]
Metric = Literal["euclidean", "dot"]


@dataclass(frozen=True)
class Schedule:
    """How the radius or the learning rate changes during the training.

    With p from 0 to 1 for how far the training is,

        linear:       first + (last - first) p ,
        exponential:  first (last / first)**p ,
        inverse:      first / (1 + (first / last - 1) p) .

    MiniSom's ``asymptotic_decay`` is "inverse" with ``last = first / 3``, its
    ``inverse_decay_to_one`` with ``last = 1``, its ``inverse_decay_to_zero`` with
    ``last = first / 101``.

    Parameters
    ----------
    first : float
        Value at the begin, above 0.
    last : float, optional
        Value at the end, at least 0, and above 0 unless it is linear. Default:
        `first`, which stays.
    kind : {"linear", "exponential", "inverse"}
        The way from one to the other. Default "linear".

    Examples
    --------
    >>> from lava_apps.processes.som import Schedule
    >>> Schedule(10, 1, "exponential").last
    1.0
    """

    first: float
    last: float
    kind: str = "linear"

    @validated
    def __init__(
        self,
        first: PositiveNumber,
        last: NonNegativeNumber | None = None,
        kind: Literal["linear", "exponential", "inverse"] = "linear",
    ) -> None:
        end = first if last is None else last
        if end == 0 and kind != "linear":
            problem = f"must be above 0 where the kind is {kind}"
            raise ParameterError(type(self).__name__, "last", problem, last)
        for name, value in (("first", first), ("last", end), ("kind", kind)):
            object.__setattr__(self, name, value)

    def course(self) -> Course:
        """Give what the step functions take."""
        return Course(self.first, self.last, _KINDS[self.kind])


class SOM(Process):
    """Self-organising map: the winner and its neighbours on a grid learn a sample.

    In each time step the neuron c wins whose weights are nearest to the input x (of
    equals the one with the lowest index), and all weights move towards it,

        w_i <- w_i + rate h(i, c) (x - w_i) ,

    by a neighbourhood h that is 1 for the winner and has a radius r (Kohonen 1982,
    Biol. Cybern. 43:59). With d for the distance of two neurons on the grid,

        gaussian:     exp(-d**2 / (2 r**2)) ,
        bubble:       1 where d < r, else 0 ,
        mexican_hat:  (1 - d**2 / r**2) exp(-d**2 / (2 r**2)) ,

    where a bubble on a rectangular grid is a square: rows and columns apart are both
    below r. In a batch (Kohonen 2013, Neural Netw. 37:52) samples are gathered, and
    then each weight moves by the rate to their mean, weighted by h.

    ProcessModels: ``floating_pt``, equal to MiniSom; ``fixed_pt`` with 8-bit weights,
    which end at 0 and 255 whatever the inputs, h rounded to 1/127, and changes rounded
    at random. CPU only; for Loihi 2 see
    :class:`~lava_apps.processes.som.SpikingSOM`.

    Parameters
    ----------
    weights : (rows, columns, features) array_like
        Initial weights, such as from
        :func:`~lava_apps.processes.som.initial_weights`; integers from 0 to 255 in
        ``fixed_pt``.
    samples : int
        Samples of the whole training, over which radius and rate change; afterwards
        they stay.
    radius : Schedule or float, optional
        Radius of the neighbourhood, in distances between neighbours, at least 0.01 to
        the end. Default: linearly from half of the longer side (at least 1) to 1.
    rate : Schedule or float
        Learning rate, from 0 to 1. Default: linearly from 0.5 to 0.01.
    topology : {"rectangular", "hexagonal"}
        Grid. In a hexagonal one odd rows are shifted by a half. Default
        "rectangular".
    toroid : bool
        Opposite edges are neighbours; a hexagonal one needs an even number of rows.
        Default False.
    neighbourhood : {"gaussian", "bubble", "mexican_hat"}
        Shape of the neighbourhood; no "mexican_hat" in batches. Default "gaussian".
    metric : {"euclidean", "dot"}
        The winner has the smallest distance, or the largest product with the input.
        For the latter inputs, and initial weights, should be of one length: a longer
        weight vector wins otherwise. Default "euclidean".
    batch : int
        Samples that are learnt together, at most `samples`; 1, the default, learns each
        at once. What does not fill a last batch is not learnt.
    learning : float
        Factor of all changes, from 0, where only winners are found, to 1, the
        default. The Var may be set between runs.
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
    a_in : InPort, shape (features,)
        A sample in each time step.
    s_out : OutPort, shape (rows, columns)
        1 for the winner, 0 elsewhere.
    winner_out : OutPort, shape (1,)
        Index of the winner in C order.
    distance_out : OutPort, shape (1,)
        Distance of the input from the winner's weights before they learn: the
        quantisation error of the sample. Rounded in ``fixed_pt``.
    weights : Var
        The weights, shape (rows * columns, features), neurons in C order.
    activation : Var
        What was compared, shape (rows, columns): distances, negative, or products; in
        ``fixed_pt`` squared distances, negative.
    influence : Var
        h of the last update, shape (rows, columns).
    presented : Var
        Samples that were learnt, or gathered.
    sums, hits : Var
        Samples of this batch by winner, and their number.
    totals, seen : Var
        Room for their sums.
    learning : Var
        As above.
    key : Var
        Which random numbers round, in ``fixed_pt``.

    Raises
    ------
    ParameterError
        For a value out of range, or options that do not go together.

    Examples
    --------
    >>> import numpy as np
    >>> from lava_apps.processes.som import SOM
    >>> SOM(weights=np.zeros((10, 8, 3)), samples=1000).s_out.shape
    (10, 8)
    """

    @validated
    def __init__(
        self,
        *,
        weights: Annotated[NumericArray, dimensions(3)],
        samples: PositiveInteger,
        radius: _RadiusOfMap = None,
        rate: _RateOfMap = None,
        topology: Topology = "rectangular",
        toroid: bool = False,
        neighbourhood: Neighbourhood = "gaussian",
        metric: Metric = "euclidean",
        batch: PositiveInteger = 1,
        learning: Fraction = 1.0,
        seed: Seed | None = None,
        name: str | None = None,
        log_config: LogConfig | None = None,
    ) -> None:
        rows, columns, features = weights.shape
        rule = Rule(
            grid=self._grid(rows, columns, topology, toroid),
            radius=self._radius(radius, max(rows, columns)),
            rate=self._rate(rate),
            neighbourhood=_NEIGHBOURHOODS[neighbourhood],
            dot=metric == "dot",
            samples=samples,
            batch=batch,
        )
        if batch > samples:
            problem = f"must not exceed samples = {samples}"
            raise ParameterError(type(self).__name__, "batch", problem, batch)
        if batch > 1 and neighbourhood == "mexican_hat":
            problem = 'must not be "mexican_hat" in batches: a mean needs weights >= 0'
            owner = type(self).__name__
            raise ParameterError(owner, "neighbourhood", problem, neighbourhood)
        options: dict[str, Any] = {"name": name, "log_config": log_config}
        super().__init__(rule=rule, **seed_parameters(seed), **options)
        neurons = rows * columns
        gathered = (neurons, features) if batch > 1 else (1, 1)
        self.a_in = InPort(shape=(features,))
        self.s_out = OutPort(shape=(rows, columns))
        self.winner_out = OutPort(shape=(1,))
        self.distance_out = OutPort(shape=(1,))
        flat = weights.reshape(neurons, features)
        self.weights = Var(shape=flat.shape, init=flat)
        self.activation = Var(shape=(rows, columns), init=0)
        self.influence = Var(shape=(rows, columns), init=0)
        self.presented = Var(shape=(1,), init=0)
        self.sums = Var(shape=gathered, init=np.zeros(gathered))
        self.hits = Var(shape=gathered[:1], init=np.zeros(gathered[:1]))
        self.totals = Var(shape=gathered, init=np.zeros(gathered))
        self.seen = Var(shape=gathered[:1], init=np.zeros(gathered[:1]))
        self.learning = Var(shape=(1,), init=learning)
        self.key = Var(shape=(2,), init=new_key(self.proc_params["seed"]))

    @classmethod
    def _grid(cls, rows: int, columns: int, topology: str, toroid: bool) -> Grid:
        hexagonal = topology == "hexagonal"
        if hexagonal and toroid and rows % 2:
            problem = "of a hexagonal grid needs an even number of rows"
            raise ParameterError(cls.__name__, "toroid", problem, f"{rows} rows")
        return Grid(rows, columns, hexagonal, toroid)

    @classmethod
    def _radius(cls, given: Schedule | float | None, side: int) -> Course:
        if given is None:
            given = Schedule(max(side / 2, 1.0), 1.0)
        schedule = given if isinstance(given, Schedule) else Schedule(given)
        if min(schedule.first, schedule.last) < RADIUS_MIN:
            problem = f"must stay at {RADIUS_MIN} or more"
            raise ParameterError(cls.__name__, "radius", problem, given)
        return schedule.course()

    @classmethod
    def _rate(cls, given: Schedule | float | None) -> Course:
        if given is None:
            given = Schedule(0.5, 0.01)
        if isinstance(given, Schedule):
            if max(given.first, given.last) > 1:
                raise ParameterError(cls.__name__, "rate", "must not exceed 1", given)
            return given.course()
        return Course(given, given, LINEAR)


class SpikingSOM(Process):
    """Self-organising map of spiking neurons, from parts that Loihi 2 has, but one.

    A sample lasts `steps` time steps:

    1. In the first, each input arrives as a graded spike x_j from 1 to 255; synapses
       multiply it by their weights, and a trace holds x_j / 2 until the next sample.
    2. Potentials rise steadily from ``w_i . x`` on, so the neuron with the largest
       product is the first to reach the threshold. Its spike inhibits all others
       (:class:`~lava_apps.processes.wta.SpikingWinnerTakeAll`). Neurons that reach it
       in the same time step win together.
    3. The spike reaches the neighbours as a third factor y1, through a Dense with the
       influence of each neuron on each, and the synapses learn by the instar rule

           dw = 2**-(7 + rate_exp) y1 (2 x1 - w) ,

       a sum of products in Loihi's grammar. y1 is a trace of 7 bits, so neurons near
       several winners learn as one winner does, not faster.

    Of inputs of one length the product finds the nearest weights, as far as these have
    one length, too; :class:`~lava_apps.processes.som.GradedCode` makes such inputs.

    ProcessModel: ``fixed_pt`` only, made of Lava's LearningDense, LIFReset and Dense.
    *On Loihi 2* rules of three factors need a neuron model that sends y1, and none is
    public: here a Dense does it, which no chip can. Whether a trace can stand still for
    the length of a sample, as x1 does here, is unknown. The rest is within its formats.

    Parameters
    ----------
    weights : (rows, columns, inputs) array_like of int
        Initial weights, from 0 to 255.
    norm : float
        Length of all inputs. Of longer ones products may exceed the widths of the chip.
    steps : int
        Time steps of a sample, at least 8: the more, the finer the competition.
        Default 100.
    reach : float
        Share of the largest product, from 0 to 1, within which the winner of a sample
        must lie; a sample without one is not learnt. Default 0.3.
    radius : float
        Radius of the neighbourhood at the begin, at least 0.01. Default: a quarter of
        the longer side, at least 1. A much wider one draws all weights together, until
        in 8 bits they are the same, and stay so.
    rate_exp : int
        The learning rate of a winner is ``2**-rate_exp``, less a hundredth. From 0 to
        4, default 3.
    topology : {"rectangular", "hexagonal"}
        Grid. Default "rectangular".
    toroid : bool
        Opposite edges are neighbours. Default False.
    neighbourhood : {"gaussian", "bubble"}
        Shape of the neighbourhood; y1 has no sign. Default "gaussian".
    seed : int, optional
        Seed of the random rounding of weights, from 0 to 2**63 - 1. Default: one of its
        own, by its place in the graph: Processes draw independently, and runs can be
        repeated.
    name : str, optional
        Name of the Process.
    log_config : lava.magma.core.process.process.LogConfig, optional
        Lava's logging options.

    Attributes
    ----------
    a_in : InPort, shape (inputs,)
        Graded spikes in the first time step of a sample, such as from a
        :class:`~lava_apps.processes.encoders.GradedEncoder`.
    s_out : OutPort, shape (rows, columns)
        Spikes of the winners.
    weights : Var
        The weights, shape (rows * columns, inputs), neurons in C order.
    influence : Var
        What the spike of neuron j sends to neuron i as y1, shape (n, n), from 0 to 127.
        To be set between runs as the radius shrinks: :meth:`influences`. All 0, and
        nothing is learnt.

    Raises
    ------
    ParameterError
        For a value out of range, or more neurons than can be inhibited with these.

    Examples
    --------
    >>> import numpy as np
    >>> from lava_apps.processes.som import SpikingSOM
    >>> SpikingSOM(weights=np.ones((10, 8, 3), int), norm=300).s_out.shape
    (10, 8)
    """

    @validated
    def __init__(
        self,
        *,
        weights: Annotated[NumericArray, dimensions(3)],
        norm: PositiveNumber,
        steps: Annotated[TimeSteps, Field(ge=8)] = 100,
        reach: Annotated[Number, Field(gt=0, le=1)] = 0.3,
        radius: Radius | None = None,
        rate_exp: Annotated[Integer, Field(ge=0, le=4)] = 3,
        topology: Topology = "rectangular",
        toroid: bool = False,
        neighbourhood: Literal["gaussian", "bubble"] = "gaussian",
        seed: Seed | None = None,
        name: str | None = None,
        log_config: LogConfig | None = None,
    ) -> None:
        owner, (rows, columns, inputs) = type(self).__name__, weights.shape
        whole = (weights == np.rint(weights)).all()
        if not whole or weights.min() < 0 or weights.max() > WEIGHT_MAX:
            problem = f"must be integers from 0 to {WEIGHT_MAX}"
            raise ParameterError(owner, "weights", problem, weights)
        neurons = rows * columns
        race = race_of(norm, neurons, steps, reach)
        if race is None:
            problem = f"must be shorter for {neurons} neurons and reach = {reach:g}"
            raise ParameterError(owner, "norm", problem, norm)
        grid = SOM._grid(rows, columns, topology, toroid)
        options: dict[str, Any] = {"name": name, "log_config": log_config}
        super().__init__(
            grid=grid,
            neighbourhood=_NEIGHBOURHOODS[neighbourhood],
            race=race,
            rate_exp=rate_exp,
            steps=steps,
            **seed_parameters(seed),
            **options,
        )
        self.a_in = InPort(shape=(inputs,))
        self.s_out = OutPort(shape=(rows, columns))
        flat = weights.reshape(neurons, inputs).astype(int)
        self.weights = Var(shape=flat.shape, init=flat)
        first = max(max(rows, columns) / 4, 1.0) if radius is None else radius
        self.influence = Var(shape=(neurons, neurons), init=self.influences(first))

    @validated
    def influences(self, radius: Radius) -> Array:
        """Give values of `influence` for a radius.

        Parameters
        ----------
        radius : float
            Of the neighbourhood, at least 0.01.

        Returns
        -------
        (n, n) numpy.ndarray of int
            127 for the winner itself.
        """
        grid = self.proc_params["grid"]
        neighbourhood = self.proc_params["neighbourhood"]
        neurons = grid.rows * grid.columns
        values = np.zeros((neurons, grid.rows, grid.columns))
        for winner in range(neurons):
            influences(values[winner], winner, radius, neighbourhood, grid)
        # values[j] is what the spike of j does: a column of what Dense multiplies by.
        shares = values.reshape(neurons, neurons).T
        return np.asarray(np.rint(shares * INFLUENCE_MAX).astype(int))
