"""Equations of the self-organising map.

:class:`~lava_apps.processes.som.SOM` states them. Neurons stand on a grid of rows and
columns, at the distance 1 from their neighbours; on a hexagonal one every other row is
shifted by a half.
"""

import math
from typing import Annotated, Literal, NamedTuple

import numpy as np
import scipy.linalg
from numba import njit
from pydantic import Field

from lava_apps.draws import NO_BLOCK, round_randomly
from lava_apps.loihi2.formats import (
    BIAS_MANTISSA_MAX,
    EXCITATORY_WEIGHT_MAX,
    INPUT_SHIFT,
    INPUT_SUM_LIMIT,
    TRACE_MAX,
    WEIGHT_EXPONENT_MIN,
)
from lava_apps.parameters import (
    Array,
    Matrix,
    Number,
    ParameterError,
    PositiveInteger,
    Seed,
    TimeSteps,
    validated,
)
from lava_apps.processes.wta.dynamics import select

WEIGHT_MAX = EXCITATORY_WEIGHT_MAX
INFLUENCE_MAX = TRACE_MAX
"""In fixed_pt the influence of the winner is a trace of 7 bits (and a sign)."""

_COARSEST = 16
RADIUS_MIN = 0.01
GAUSSIAN, BUBBLE, MEXICAN_HAT = range(3)
LINEAR, EXPONENTIAL, INVERSE = range(3)
ROW_DISTANCE = math.sqrt(3) / 2
"""Of a hexagonal grid."""


class Grid(NamedTuple):
    """Where the neurons stand.

    Parameters
    ----------
    rows, columns : int
        Shape of the grid.
    hexagonal : bool
        Odd rows are shifted by a half, and rows are sqrt(3)/2 apart.
    toroid : bool
        The last row is a neighbour of the first, and so are columns.
    """

    rows: int
    columns: int
    hexagonal: bool
    toroid: bool


class Course(NamedTuple):
    """How a quantity changes during the training.

    Parameters
    ----------
    first, last : float
        Value at the begin and at the end.
    kind : int
        Linear, exponential or inverse.
    """

    first: float
    last: float
    kind: int


class Rule(NamedTuple):
    """What a map is to the step functions.

    Parameters
    ----------
    grid : Grid
        Where the neurons stand.
    radius, rate : Course
        Radius of the neighbourhood and learning rate.
    neighbourhood : int
        Gaussian, bubble or Mexican hat.
    dot : bool
        The largest product wins, not the smallest distance.
    samples : int
        Samples of the whole training.
    batch : int
        Samples that are learnt together.
    """

    grid: Grid
    radius: Course
    rate: Course
    neighbourhood: int
    dot: bool
    samples: int
    batch: int


@njit(cache=True)
def scheduled(course, progress):  # type: ignore[no-untyped-def]
    """Give the value of a schedule.

    Parameters
    ----------
    course : Course
        The schedule.
    progress : float
        How far the training is, from 0 to 1; more counts as 1.

    Returns
    -------
    float
        From `first` to `last`.
    """
    p = min(progress, 1.0)
    if course.kind == LINEAR:
        return course.first + (course.last - course.first) * p
    if course.kind == EXPONENTIAL:
        return course.first * (course.last / course.first) ** p
    return course.first / (1 + (course.first / course.last - 1) * p)


@njit(cache=True)
def _across(a, b, period):  # type: ignore[no-untyped-def]
    """Give the distance of two places on an axis that closes after a period, or not."""
    d = abs(a - b)
    return min(d, period - d) if period > 0 else d


@njit(cache=True)
def offsets(row, column, winner, grid):  # type: ignore[no-untyped-def]
    """Give the distance of a neuron from the winner along either axis.

    Parameters
    ----------
    row, column : int
        The neuron.
    winner : int
        Index of the winner in C order.
    grid : Grid
        The grid.

    Returns
    -------
    dx, dy : float
        At least 0.
    """
    row_0, column_0 = winner // grid.columns, winner % grid.columns
    shift = (row % 2 - row_0 % 2) * 0.5 if grid.hexagonal else 0.0
    height = ROW_DISTANCE if grid.hexagonal else 1.0
    width = grid.columns * 1.0 if grid.toroid else 0.0
    depth = grid.rows * height if grid.toroid else 0.0
    dx = _across(column + shift, column_0, width)
    return dx, _across(row * height, row_0 * height, depth)


@njit(cache=True)
def _bell(d, radius):  # type: ignore[no-untyped-def]
    return math.exp(-d * d / (2 * radius * radius))


@njit(cache=True)
def influences(influence, winner, radius, neighbourhood, grid):  # type: ignore[no-untyped-def]
    """Fill in how much each neuron learns with the winner.

    Parameters
    ----------
    influence : (rows, columns) numpy.ndarray of float
        To be filled; 1 for the winner.
    winner : int
        Index of the winner in C order.
    radius : float
        Of the neighbourhood, above 0.
    neighbourhood : int
        Gaussian, bubble or Mexican hat.
    grid : Grid
        The grid.
    """
    if neighbourhood == GAUSSIAN:
        # A product of what rows and columns give. The factors of the columns stand
        # in the first row of either parity until all rows have used them.
        parities = min(2, grid.rows) if grid.hexagonal else 1
        for parity in range(parities):
            for column in range(grid.columns):
                dx, _ = offsets(parity, column, winner, grid)
                influence[parity, column] = _bell(dx, radius)
        for row in range(grid.rows - 1, -1, -1):
            _, dy = offsets(row, 0, winner, grid)
            factor = _bell(dy, radius)
            for column in range(grid.columns):
                influence[row, column] = factor * influence[row % parities, column]
        return
    for row in range(grid.rows):
        for column in range(grid.columns):
            dx, dy = offsets(row, column, winner, grid)
            if neighbourhood == MEXICAN_HAT:
                p = (dx * dx + dy * dy) / (radius * radius)
                influence[row, column] = math.exp(-p / 2) * (1 - p)
            elif grid.hexagonal:
                influence[row, column] = dx * dx + dy * dy < radius * radius
            else:
                influence[row, column] = max(dx, dy) < radius


@njit(cache=True)
def square_distances(a_in, weights, squares):  # type: ignore[no-untyped-def]
    """Fill in how far each neuron's weights are from the input, squared.

    Parameters
    ----------
    a_in : (features,) numpy.ndarray
        Input.
    weights : (neurons, features) numpy.ndarray
        Weights; fastest by columns.
    squares : (neurons,) numpy.ndarray
        To be filled.
    """
    squares[:] = 0
    for f in range(a_in.size):
        for i in range(squares.size):
            d = a_in[f] - weights[i, f]
            squares[i] += d * d


@njit(cache=True)
def products(a_in, weights, sums):  # type: ignore[no-untyped-def]
    """Fill in the product of each neuron's weights with the input.

    Parameters
    ----------
    a_in : (features,) numpy.ndarray
        Input.
    weights : (neurons, features) numpy.ndarray
        Weights; fastest by columns.
    sums : (neurons,) numpy.ndarray
        To be filled.
    """
    sums[:] = 0
    for f in range(a_in.size):
        for i in range(sums.size):
            sums[i] += a_in[f] * weights[i, f]


@njit(cache=True)
def _compete(a_in, s_out, winner_out, activation, weights, dot):  # type: ignore[no-untyped-def]
    """Find the winner; return its index and its squared distance."""
    if dot:
        products(a_in, weights, activation.reshape(activation.size))
    else:
        square_distances(a_in, weights, activation.reshape(activation.size))
        for i in range(activation.size):
            activation.flat[i] = -activation.flat[i]
    select(activation, s_out, 1, 0, True)
    winner = 0
    while s_out.flat[winner] == 0:
        winner += 1
    winner_out[0] = winner
    square = a_in[0] * 0
    for f in range(a_in.size):
        d = a_in[f] - weights[winner, f]
        square += d * d
    return winner, square


@njit(cache=True)
def _ends_batch(a_in, winner, sums, hits, presented, batch):  # type: ignore[no-untyped-def]
    """Keep a sample for the end of its batch; say whether this is it."""
    for f in range(a_in.size):
        sums[winner, f] += a_in[f]
    hits[winner] += 1
    presented[0] += 1
    return presented[0] % batch == 0


@njit(cache=True)
def _pace(presented, learning, rule):  # type: ignore[no-untyped-def]
    """Give radius and rate after a number of samples."""
    progress = presented / rule.samples
    rate = scheduled(rule.rate, progress) * learning[0]
    return scheduled(rule.radius, progress), rate


@njit(cache=True)
def _spread(  # type: ignore[no-untyped-def]
    sums, hits, totals, seen, influence, radius, rule
):
    """Add up, for each neuron, the samples of a batch as far as they concern it."""
    totals[...] = 0
    seen[:] = 0
    share = influence.reshape(influence.size)
    for c in range(hits.size):
        if hits[c] == 0:
            continue
        influences(influence, c, radius, rule.neighbourhood, rule.grid)
        for i in range(share.size):
            seen[i] += share[i] * hits[c]
        for f in range(sums.shape[1]):
            for i in range(share.size):
                totals[i, f] += share[i] * sums[c, f]
    sums[...] = 0
    hits[:] = 0


@njit(cache=True)
def step_float(  # type: ignore[no-untyped-def]
    a_in,
    s_out,
    winner_out,
    distance_out,
    weights,
    activation,
    influence,
    presented,
    sums,
    hits,
    totals,
    seen,
    learning,
    rule,
):
    """Find the winner of a sample and let its neighbourhood learn, in place.

    Parameters
    ----------
    a_in : (features,) numpy.ndarray
        The sample.
    s_out, winner_out, distance_out : numpy.ndarray
        To be filled: 1 for the winner (rows, columns), its index and its distance (1,).
    weights : (neurons, features) numpy.ndarray
        Weights; fastest by columns.
    activation, influence : (rows, columns) numpy.ndarray
        To be filled: what was compared, and how much each neuron learns.
    presented : (1,) numpy.ndarray of int
        Samples that were learnt.
    sums, hits : numpy.ndarray
        Samples of this batch by winner, (neurons, features) or (1, 1), and their
        number, (neurons,) or (1,).
    totals, seen : numpy.ndarray
        Room for their sums, of the same shapes.
    learning : (1,) numpy.ndarray
        Factor of all changes, from 0 to 1.
    rule : Rule
        The rule.
    """
    winner, square = _compete(a_in, s_out, winner_out, activation, weights, rule.dot)
    if not rule.dot:
        for i in range(activation.size):
            activation.flat[i] = -math.sqrt(-activation.flat[i])
    distance_out[0] = math.sqrt(square)
    if learning[0] == 0:
        return
    if rule.batch > 1:
        if not _ends_batch(a_in, winner, sums, hits, presented, rule.batch):
            return
        radius, rate = _pace(presented[0] - rule.batch, learning, rule)
        _spread(sums, hits, totals, seen, influence, radius, rule)
        for f in range(a_in.size):
            for i in range(seen.size):
                if seen[i] > 0:
                    mean = totals[i, f] / seen[i]
                    weights[i, f] = (1 - rate) * weights[i, f] + rate * mean
        return
    radius, rate = _pace(presented[0], learning, rule)
    presented[0] += 1
    influences(influence, winner, radius, rule.neighbourhood, rule.grid)
    share = influence.reshape(influence.size)
    for f in range(a_in.size):
        for i in range(share.size):
            weights[i, f] += share[i] * rate * (a_in[f] - weights[i, f])


@njit(cache=True)
def step_fixed(  # type: ignore[no-untyped-def]
    a_in,
    s_out,
    winner_out,
    distance_out,
    weights,
    activation,
    influence,
    presented,
    sums,
    hits,
    totals,
    seen,
    learning,
    rule,
    key,
    time_step,
):
    """Do the same with 8-bit weights and inputs, in place.

    Influence is rounded to 1/127, what a trace of 7 bits holds; changes of weights at
    random, so that they are right in the mean. In a batch it is the new weight.

    Parameters
    ----------
    a_in, s_out, winner_out, distance_out, weights, activation, influence, presented
        As in :func:`step_float`, of integers; distances squared in `activation`, and
        rounded in `distance_out`.
    sums, hits, totals, seen, learning, rule
        As in :func:`step_float`.
    key : (2,) numpy.ndarray of uint64
        Of the random numbers (:mod:`lava_apps.draws`).
    time_step : int
        Of the run.
    """
    winner, square = _compete(a_in, s_out, winner_out, activation, weights, rule.dot)
    distance_out[0] = math.floor(math.sqrt(square) + 0.5)
    if learning[0] == 0:
        return
    block = NO_BLOCK
    if rule.batch > 1:
        if not _ends_batch(a_in, winner, sums, hits, presented, rule.batch):
            return
        radius, rate = _pace(presented[0] - rule.batch, learning, rule)
        _spread(sums, hits, totals, seen, influence, radius, rule)
        for f in range(a_in.size):
            for i in range(seen.size):
                if seen[i] > 0:
                    change = rate * (totals[i, f] / seen[i] - weights[i, f])
                    block = _round_weight(block, weights, i, f, change, key, time_step)
        return
    radius, rate = _pace(presented[0], learning, rule)
    presented[0] += 1
    influences(influence, winner, radius, rule.neighbourhood, rule.grid)
    share = influence.reshape(influence.size)
    for i in range(share.size):
        share[i] = math.floor(share[i] * INFLUENCE_MAX + 0.5) / INFLUENCE_MAX
    for f in range(a_in.size):
        for i in range(share.size):
            if share[i] != 0:
                change = share[i] * rate * (np.int64(a_in[f]) - weights[i, f])
                block = _round_weight(block, weights, i, f, change, key, time_step)


@njit(cache=True, forceinline=True)
def _round_weight(  # type: ignore[no-untyped-def]
    block, weights, i, f, change, key, time_step
):
    """Change an 8-bit weight, rounded at random."""
    index = f * weights.shape[0] + i
    changed = weights[i, f] + change
    block, value = round_randomly(block, changed, key, time_step, index)
    weights[i, f] = min(max(value, 0), WEIGHT_MAX)
    return block


@validated
def initial_weights(
    data: Matrix,
    shape: Annotated[tuple[PositiveInteger, PositiveInteger], "rows, columns"],
    *,
    method: Literal["pca", "sample"] = "pca",
    seed: Seed = 0,
) -> Array:
    """Choose the weights of a map to begin with.

    Parameters
    ----------
    data : (samples, features) array_like
        What is to be mapped.
    shape : tuple of int
        Rows and columns of the map.
    method : {"pca", "sample"}
        "pca": spread evenly over the plane of the two largest principal components,
        within a standard deviation of the mean, the largest along the longer side.
        "sample": a random sample each. Default "pca".
    seed : int
        Seed of the random samples. Default 0.

    Returns
    -------
    (rows, columns, features) numpy.ndarray of float
        The weights.

    Raises
    ------
    ParameterError
        For arguments that are not these.
    """
    rows, columns = shape
    data = np.asarray(data, float)
    if method == "sample":
        chosen = np.random.default_rng(seed).integers(len(data), size=shape)
        return np.asarray(data[chosen])
    mean = data.mean(axis=0)
    axes = _principal_axes(data - mean)
    along_rows, along_columns = axes if rows >= columns else axes[::-1]
    down, across = (np.linspace(-1, 1, n) if n > 1 else np.zeros(1) for n in shape)
    return np.asarray(
        mean + down[:, None, None] * along_rows + across[:, None] * along_columns
    )


def _principal_axes(centred: Array) -> Array:
    """Give the two largest principal components, as long as standard deviations.

    Products of the samples with each other, or of the features, have the same
    eigenvalues; those of the fewer are taken (the "method of snapshots", Sirovich 1987,
    Q. Appl. Math. 45:561).
    """
    samples, features = centred.shape
    by_samples = samples < features
    products = centred @ centred.T if by_samples else centred.T @ centred
    size = len(products)
    values, vectors = scipy.linalg.eigh(
        products / samples, subset_by_index=[max(size - 2, 0), size - 1]
    )
    axes = np.zeros((2, features))
    # Below this an eigenvalue of zero is rounded, and its vector is any.
    rounding = max(samples, features) * np.finfo(float).eps * max(values[-1], 0.0)
    for k in range(len(values)):
        value, vector = values[-1 - k], vectors[:, -1 - k]
        if value <= rounding:
            continue
        if by_samples:
            vector = centred.T @ vector
            vector = vector / np.linalg.norm(vector)
        vector = vector * np.sign(vector[np.abs(vector).argmax()])  # either will do
        axes[k] = math.sqrt(value) * vector
    return axes


class Race(NamedTuple):
    """How spiking neurons find the largest product, in the integers of Loihi 2.

    Parameters
    ----------
    weight_exp : int
        Exponent of the weights, negative.
    vth : int
        Threshold: the largest product, and what potentials rise before.
    bias_mant, bias_exp : int
        Rise of all potentials in a time step, in 1/64.
    inhibition : int
        What a spike takes from the others: more than they can still rise.
    """

    weight_exp: int
    vth: int
    bias_mant: int
    bias_exp: int
    inhibition: int


def race_of(norm: float, neurons: int, steps: int, reach: float) -> Race | None:
    """Find the finest race in which even a tie of all neurons cannot overflow.

    Parameters
    ----------
    norm : float
        Length of inputs and weights.
    neurons, steps : int
        How many, and time steps of a sample.
    reach : float
        Share of the largest product within which the winner must lie.

    Returns
    -------
    Race or None
        None if the products are too large for any weight exponent.
    """
    for exponent in range(0, WEIGHT_EXPONENT_MIN - 1, -1):
        largest = norm * norm * 2.0**exponent
        # When the input comes, potentials have risen twice since their reset; in the
        # last time step but one, when a spike can still teach, `steps` - 1 times.
        rise = math.ceil(reach * largest * 2**INPUT_SHIFT / (steps - 2))
        bias_exp = (rise // (BIAS_MANTISSA_MAX + 1)).bit_length()
        mantissa = -(-rise // 2**bias_exp)
        risen = mantissa * 2**bias_exp / 2**INPUT_SHIFT
        vth = math.ceil(largest + risen)
        inhibition = math.ceil(risen * steps) + 1
        # Inhibition and silencing are rounded up to 8 bits, by less than a hundredth.
        taken = neurons * (1.01 * inhibition + 1) + 1.01 * vth + 1
        if taken < INPUT_SUM_LIMIT:
            return Race(exponent, vth, mantissa, bias_exp, inhibition)
    return None


class GradedCode:
    """Data as graded spikes of one length, and back.

    Values are scaled to integers, and lines are added that all carry
    ``sqrt(norm**2 - |x|**2)``, shared out among them: then every sample has the length
    `norm`, and of weights of that length the nearest have the largest product.

    Parameters
    ----------
    data : (samples, features) array_like
        What is to be mapped; its lowest and highest value set the range, which has as
        many integers as leave the race of a spiking map within the widths of Loihi 2.
    neurons : int
        Neurons of the map.
    steps, reach : int, float
        As of :class:`~lava_apps.processes.som.SpikingSOM`. Default 100 and 0.3.

    Attributes
    ----------
    largest : int
        Integer that stands for the highest value, from 16 to 255.
    norm : float
        Length of all inputs.
    lines : int
        Lines that were added.

    Raises
    ------
    ParameterError
        For data that are all the same, or more neurons or features than leave 16.

    Examples
    --------
    >>> from lava_apps.processes.som import GradedCode
    >>> code = GradedCode([[0.0, 1.0], [3.0, 4.0]], neurons=100)
    >>> code.encode([[0.0, 4.0]]).shape == (1, 2 + code.lines)
    True
    """

    @validated
    def __init__(
        self,
        data: Matrix,
        *,
        neurons: PositiveInteger,
        steps: Annotated[TimeSteps, Field(ge=8)] = 100,
        reach: Annotated[Number, Field(gt=0, le=1)] = 0.3,
    ) -> None:
        owner, self._low = type(self).__name__, float(data.min())
        self._features = data.shape[1]
        width = float(data.max()) - self._low
        if width == 0:
            raise ParameterError(owner, "data", "must not be all the same", data)
        squares = (((data - self._low) / width) ** 2).sum(axis=1)
        longest = math.sqrt(squares.max())
        for largest in range(WEIGHT_MAX, _COARSEST - 1, -1):
            if race_of(largest * longest, neurons, steps, reach) is not None:
                break
        else:
            problem = f"must be fewer: they leave less than {_COARSEST} integers"
            raise ParameterError(owner, "neurons", problem, neurons)
        self.largest, self.norm = largest, largest * longest
        self._scale = largest / width
        rest = math.sqrt(max(self.norm**2 - largest**2 * squares.min(), 0.0))
        self.lines = max(1, math.ceil((rest / WEIGHT_MAX) ** 2))

    @validated
    def encode(self, data: Matrix) -> Array:
        """Give the graded spikes of samples.

        Parameters
        ----------
        data : (samples, features) array_like
            Values; those beyond the range count as its ends.

        Returns
        -------
        (samples, features + lines) numpy.ndarray of uint8
            From 1 to 255: a 0 would be no spike, and leave the trace of the sample
            before.
        """
        if data.shape[1] != self._features:
            problem = f"must have {self._features} columns"
            raise ParameterError("GradedCode.encode", "data", problem, data)
        scaled = np.clip((data - self._low) * self._scale, 0, self.largest)
        rest = np.maximum(self.norm**2 - (scaled**2).sum(axis=1, keepdims=True), 0)
        lines = np.repeat(np.sqrt(rest / self.lines), self.lines, axis=1)
        coded = np.rint(np.hstack([scaled, lines]))
        return np.asarray(np.clip(coded, 1, WEIGHT_MAX).astype(np.uint8))

    @validated
    def decode(self, weights: Matrix) -> Array:
        """Give weights in the units of the data.

        Parameters
        ----------
        weights : (neurons, features + lines) array_like
            Of the map.

        Returns
        -------
        (neurons, features) numpy.ndarray of float
            Without the lines that were added.
        """
        if weights.shape[1] != self._features + self.lines:
            problem = f"must have {self._features + self.lines} columns"
            raise ParameterError("GradedCode.decode", "weights", problem, weights)
        return np.asarray(weights[:, : -self.lines] / self._scale + self._low)
