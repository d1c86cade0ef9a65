"""Equations of the leaky integrate-and-fire neurons.

:class:`~lava_apps.processes.lif.LIF` states them; :mod:`lava_apps.membrane` has
them in physical units.
"""

import math
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from typing import Annotated, Any, Literal

import numpy as np
import numpy.typing as npt
from numba import njit
from pydantic import Field

from lava_apps.draws import new_key, normal
from lava_apps.loihi2.arithmetic import DECAY_UNITY, keep, next_current, next_potential
from lava_apps.loihi2.conversion import quantise_bias, quantise_decay
from lava_apps.loihi2.formats import (
    BIAS_EXPONENT_MAX,
    BIAS_MANTISSA_MAX,
    INPUT_SHIFT,
    POTENTIAL_MAX,
)
from lava_apps.parameters import (
    Array,
    Fraction,
    Integer,
    NonNegativeNumber,
    Number,
    ParameterError,
    PerNeuron,
    PositiveNumber,
    validated,
)
from lava_apps.samples import begins

FloatArray = npt.NDArray[np.float64]
Reset = Literal["value", "subtract"]


@njit(cache=True)
def step_float(  # type: ignore[no-untyped-def]
    a_in,
    s_out,
    u,
    v,
    theta,
    refractory,
    du,
    dv,
    vth,
    bias_mant,
    bias_exp,
    refractory_period,
    v_reset,
    theta_plus,
    dtheta,
    noise,
    key,
    first_index,
    subtract,
    reset_interval,
    reset_offset,
    time_step,
):
    """Advance neurons by one time step in floating point, in place.

    Parameters
    ----------
    a_in, s_out : (*shape) numpy.ndarray
        Input, and spikes to be filled in.
    u, v, theta, refractory : (*shape) numpy.ndarray
        State: current, potential, adaptive threshold, steps left to rest.
    du, dv : (1,) numpy.ndarray
        Decays, fractions a step.
    vth, bias_mant, bias_exp : (*shape) numpy.ndarray
        Threshold and bias.
    refractory_period, v_reset, theta_plus : (1,) numpy.ndarray
        What a spike brings.
    dtheta, noise : (1,) numpy.ndarray
        Decay of theta, and standard deviation of the noise.
    key : (2,) numpy.ndarray of uint64
        Of the noise (:mod:`lava_apps.draws`).
    first_index : int
        Index of the first neuron, as the noise counts.
    subtract : bool
        Subtract the threshold after a spike instead of setting `v_reset`.
    reset_interval, reset_offset, time_step : int
        Where the time step leaves this remainder, u, v and rest begin anew.
    """
    if begins(time_step, reset_interval, reset_offset):
        u[...] = 0
        v[...] = 0
        refractory[...] = 0
    for i in range(v.size):
        u.flat[i] = u.flat[i] * (1 - du[0]) + a_in.flat[i]
        theta.flat[i] *= 1 - dtheta[0]
        s_out.flat[i] = 0
        if refractory.flat[i] > 0:
            refractory.flat[i] -= 1
            continue
        bias = bias_mant.flat[i]
        if bias_exp.flat[i] > 0:
            bias *= 2.0 ** bias_exp.flat[i]
        v.flat[i] = v.flat[i] * (1 - dv[0]) + u.flat[i] + bias
        if noise[0] > 0:
            v.flat[i] += noise[0] * normal(key, time_step, first_index + i)
        threshold = vth.flat[i] + theta.flat[i]
        if v.flat[i] > threshold:
            s_out.flat[i] = 1
            v.flat[i] = v.flat[i] - threshold if subtract else v_reset[0]
            theta.flat[i] += theta_plus[0]
            refractory.flat[i] = refractory_period[0]


@njit(cache=True)
def step_fixed(  # type: ignore[no-untyped-def]
    a_in,
    s_out,
    u,
    v,
    theta,
    refractory,
    du,
    dv,
    vth,
    bias_mant,
    bias_exp,
    refractory_period,
    v_reset,
    theta_plus,
    dtheta,
    noise,
    key,
    first_index,
    subtract,
    reset_interval,
    reset_offset,
    time_step,
):
    """Advance neurons by one time step in the integers of Loihi 2, in place.

    Parameters
    ----------
    a_in, s_out : (*shape) numpy.ndarray of int
        Input, and spikes to be filled in.
    u, v, theta, refractory : (*shape) numpy.ndarray of int
        State: current, potential, adaptive threshold, steps left to rest.
    du, dv : (1,) numpy.ndarray of int
        Decays, from 0 to 4095.
    vth, bias_mant, bias_exp : (*shape) numpy.ndarray of int
        Threshold, in units of 2**6, and bias.
    refractory_period, v_reset, theta_plus : (1,) numpy.ndarray of int
        What a spike brings.
    dtheta, noise : (1,) numpy.ndarray
        Decay of theta, and standard deviation of the noise.
    key : (2,) numpy.ndarray of uint64
        Of the noise (:mod:`lava_apps.draws`).
    first_index : int
        Index of the first neuron, as the noise counts.
    subtract : bool
        Subtract the threshold after a spike instead of setting `v_reset`.
    reset_interval, reset_offset, time_step : int
        Where the time step leaves this remainder, u, v and rest begin anew.
    """
    if begins(time_step, reset_interval, reset_offset):
        u[...] = 0
        v[...] = 0
        refractory[...] = 0
    for i in range(v.size):
        u.flat[i] = next_current(u.flat[i], du[0], a_in.flat[i])
        theta.flat[i] = keep(theta.flat[i], DECAY_UNITY - dtheta[0])
        s_out.flat[i] = 0
        if refractory.flat[i] > 0:
            refractory.flat[i] -= 1
            continue
        change = u.flat[i] + (bias_mant.flat[i] << bias_exp.flat[i])
        if noise[0] > 0:
            change += int(np.rint(noise[0] * normal(key, time_step, first_index + i)))
        v.flat[i] = next_potential(v.flat[i], dv[0], change)
        threshold = (vth.flat[i] << INPUT_SHIFT) + theta.flat[i]
        if v.flat[i] > threshold:
            s_out.flat[i] = 1
            v.flat[i] = v.flat[i] - threshold if subtract else v_reset[0]
            theta.flat[i] = min(theta.flat[i] + theta_plus[0], POTENTIAL_MAX)
            refractory.flat[i] = refractory_period[0]


@dataclass(frozen=True)
class QuantisedLIF:
    """Neurons in the integers of Loihi 2, and what the rounding cost.

    Parameters
    ----------
    parameters : dict
        Integer parameters for a fixed_pt :class:`~lava_apps.processes.lif.LIF`;
        `vth`, `bias_mant` and `bias_exp` in the shape of what was given.
    scale : float
        Integer units of v a float unit.
    weight_scale : float
        Integer units of synaptic input a float unit of weight. It makes up for the
        rounding of `du`: a constant input gives the same steady current.
    rounding : dict of str to float
        For each parameter the error made, relative to the value asked for; the
        largest of all neurons. Zero stays zero. Of `noise`, which is kept as a
        float, it is the error of the standard deviation of the rounded draws.
    interval_error : float
        Largest relative change of the interval between spikes or of the rate, of
        the neurons that spike by their bias alone, or by it and `input_max` in
        every step.
    """

    parameters: dict[str, Any]
    scale: float
    weight_scale: float
    rounding: dict[str, float]
    interval_error: float


@validated
def quantise(
    *,
    vth: PerNeuron,
    dv: Fraction,
    du: Fraction,
    bias_mant: PerNeuron = 0.0,
    refractory_period: Annotated[Integer, Field(ge=0, lt=2**31)] = 0,
    reset: Reset = "value",
    v_reset: Number = 0.0,
    theta_plus: NonNegativeNumber = 0.0,
    dtheta: Fraction = 0.0,
    noise: NonNegativeNumber = 0.0,
    input_max: PositiveNumber | None = None,
    tolerance: PositiveNumber = 0.02,
) -> QuantisedLIF:
    """Round the float parameters of a LIF to the integers of Loihi 2.

    The scale is the finest that the ranges allow, with room for potentials of 8
    times the highest threshold either way, more where the threshold adapts or
    noise comes in. Decays are rounded to the nearest of 4096 steps. A mantissa of
    the bias is moved, by as little as it takes, where that keeps the interval
    between spikes which rounded decays would change. Intervals are those of a
    neuron that has settled, ten time constants of its adaptation after its begin;
    one that spikes less than twice in the 131,072 time steps from then on, or has
    stopped, counts as silent.

    Parameters
    ----------
    vth : float or (*shape) array_like
        Thresholds, above 0.
    dv, du : float
        Decay of potential and current, from 0 to 1. `du` of 0, the default of
        LIF, cannot be had: the chip's current loses at least 1/4096 in a step.
    bias_mant : float or (*shape) array_like
        Biases (the exponent counts as 0). Default 0.
    refractory_period : int
        Taken over as it is. Default 0.
    reset, v_reset, theta_plus, dtheta, noise
        As in :class:`~lava_apps.processes.lif.LIF`. Where `theta_plus` is above 0,
        `dtheta` must be, too.
    input_max : float, optional
        Largest sum of ``|weight * payload|`` over the synapses of a neuron that
        arrives in a step. The scale then keeps u within 24 bits even if it
        arrives in every step, with one weight rounded to the nearest integer, or
        any number of weights rounded towards zero; n weights rounded to the
        nearest may add up to n / 2 integer units more. Default: not looked at.
    tolerance : float
        Largest relative change allowed of the interval between spikes, and of the
        rate, under the bias alone and, with `input_max`, under the bias and that
        input, rounded to an integer, in every step. Default 0.02.

    Returns
    -------
    QuantisedLIF
        Integer parameters, scale, and errors made.

    Raises
    ------
    ParameterError
        For what these integers cannot represent: a decay, threshold, noise or
        input that would vanish, an input that leaves no room for a threshold, an
        interval between spikes that no mantissa keeps within the tolerance, a
        threshold that adapts and never decays.
    """
    try:
        shape = np.broadcast_shapes(np.shape(vth), np.shape(bias_mant))
    except ValueError:
        problem = f"must fit the shape {np.shape(vth)} of vth"
        raise ParameterError("quantise", "bias_mant", problem, bias_mant) from None
    if 0 in shape:
        raise ParameterError("quantise", "vth", "must not be empty", vth)
    pairs = [np.broadcast_to(x, shape).reshape(-1) for x in (vth, bias_mant)]
    if pairs[0].min() <= 0:
        raise ParameterError("quantise", "vth", "must be above 0", vth)
    if reset == "subtract" and v_reset:
        problem = "goes with reset='value'"
        raise ParameterError("quantise", "v_reset", problem, v_reset)
    if reset == "value" and v_reset > pairs[0].min():
        problem = f"must not exceed the lowest threshold, {pairs[0].min():g}"
        raise ParameterError("quantise", "v_reset", problem, v_reset)
    if theta_plus and not dtheta:
        problem = "must be above 0 where the threshold adapts: 24 bits cannot hold "
        problem += "a threshold that grows for ever"
        raise ParameterError("quantise", "dtheta", problem, dtheta)
    # Neurons that are alike are looked at once.
    (thresholds, biases), kind = np.unique(pairs, axis=1, return_inverse=True)
    floats = {
        "du": du,
        "dv": dv,
        "vth": thresholds,
        "bias_mant": biases,
        "bias_exp": np.zeros(biases.shape, dtype=np.int64),
        "refractory_period": refractory_period,
        "reset": reset,
        "v_reset": v_reset,
        "theta_plus": theta_plus,
        "dtheta": dtheta,
        "noise": noise,
    }
    decays = {
        "du": quantise_decay("quantise", "du", du, offset=1),
        "dv": quantise_decay("quantise", "dv", dv),
        "dtheta": quantise_decay("quantise", "dtheta", dtheta),
    }
    scale = _finest_scale(floats, input_max or 0.0, decays["du"])
    kept_in_current = (decays["du"] + 1) / DECAY_UNITY / du
    weight_scale = scale / 2**INPUT_SHIFT * kept_in_current
    integers = floats | decays | _scaled(floats, scale)
    integers["bias_mant"], error = _keep_intervals(floats, integers, tolerance)
    if input_max is not None:
        inputs = input_max, round(input_max * weight_scale)
        _check_resolution(input_max, weight_scale, tolerance)
        error = max(error, _check_driven(floats, integers, inputs, tolerance))
    rounding = _rounding(floats, integers, scale)
    for name in ("vth", "bias_mant", "bias_exp"):
        spread_out = integers[name][kind].reshape(shape)
        integers[name] = spread_out if shape else int(spread_out)
    return QuantisedLIF(integers, scale, weight_scale, rounding, error)


def _finest_scale(floats: dict[str, Any], input_max: float, du: int) -> float:
    """Find the largest scale that the ranges allow, the highest vth an integer."""
    highest = floats["vth"].max()
    # As loihi2.input_limit, in steady currents, less half a unit for rounding.
    half_unit = 2 ** (INPUT_SHIFT - 1) * DECAY_UNITY / (du + 1)
    steady = input_max / floats["du"] if floats["du"] else 0.0
    room = {
        "vth": _room(_reach(floats), POTENTIAL_MAX),
        "bias_mant": _room(
            floats["bias_mant"] * _SPARE, BIAS_MANTISSA_MAX * 2**BIAS_EXPONENT_MAX
        ),
        "v_reset": _room(floats["v_reset"], POTENTIAL_MAX),
        "theta_plus": _room(floats["theta_plus"], POTENTIAL_MAX),
        "input_max": _room(steady, POTENTIAL_MAX - half_unit),
    }
    tightest = min(room, key=lambda name: room[name])
    integer = np.floor(room[tightest] * highest / 2**INPUT_SHIFT)
    scale = float(integer * 2**INPUT_SHIFT / highest)
    if not np.isfinite(scale):
        problem = "must be large enough for 2**23 / vth to be a number"
        raise ParameterError("quantise", "vth", problem, floats["vth"].max())
    if np.rint(floats["vth"].min() * scale / 2**INPUT_SHIFT) < 1:
        problem = f"vanishes in 17 bits beside {tightest}"
        raise ParameterError("quantise", "vth", problem, floats["vth"].min())
    return scale


_ROOM, _MOST_ROOM = 8, 64
_SPARE = 1.125  # for a mantissa to be moved up, without another exponent
_DEVIATIONS = 6


def _reach(floats: dict[str, Any]) -> float:
    """Say how far potentials and thresholds may go from 0 in either direction."""
    highest = floats["vth"].max()
    reach = _ROOM * highest
    if floats["theta_plus"]:
        # What theta tends to if every spike comes as soon as it can.
        left = (1 - floats["dtheta"]) ** (floats["refractory_period"] + 1)
        reach += floats["theta_plus"] / (1 - left) if left < 1 else np.inf
    variance = 1 - (1 - floats["dv"]) ** 2
    if floats["noise"]:
        deviation = floats["noise"] / np.sqrt(variance) if variance else np.inf
        reach = max(reach, _DEVIATIONS * deviation)
    return float(min(reach, _MOST_ROOM * max(highest, floats["noise"])))


def _scaled(floats: dict[str, Any], scale: float) -> dict[str, Any]:
    """Round what has the unit of a potential."""
    _, exponents = quantise_bias(floats["bias_mant"] * scale * _SPARE)
    mantissas = np.rint(floats["bias_mant"] * scale / 2.0**exponents).astype(np.int64)
    integers = {
        "vth": np.rint(floats["vth"] * scale / 2**INPUT_SHIFT).astype(np.int64),
        "bias_mant": mantissas,
        "bias_exp": exponents,
        "v_reset": round(floats["v_reset"] * scale),
        "theta_plus": round(floats["theta_plus"] * scale),
        "noise": floats["noise"] * scale,
    }
    for name in ("v_reset", "theta_plus", "noise"):
        if floats[name] and not round(integers[name]):
            problem = "vanishes in 24 bits"
            raise ParameterError("quantise", name, problem, floats[name])
    # Thresholds are rounded to multiples of 2**6, a reset is not.
    lowest = int(integers["vth"].min()) << INPUT_SHIFT
    integers["v_reset"] = min(integers["v_reset"], lowest)
    return integers


def _rounding(
    floats: dict[str, Any], integers: dict[str, Any], scale: float
) -> dict[str, float]:
    """Give the largest relative error of each parameter."""
    biases = integers["bias_mant"] * 2.0 ** integers["bias_exp"]
    effective = {
        "du": (integers["du"] + 1) / DECAY_UNITY,
        "dv": integers["dv"] / DECAY_UNITY,
        "dtheta": integers["dtheta"] / DECAY_UNITY,
        "vth": integers["vth"] * 2**INPUT_SHIFT / scale,
        "bias_mant": biases / scale,
        "v_reset": integers["v_reset"] / scale,
        "theta_plus": integers["theta_plus"] / scale,
        "noise": _deviation_of_rounded(integers["noise"]) / scale,
    }
    return {n: _relative_error(floats[n], got) for n, got in effective.items()}


_COARSE = 4


def _deviation_of_rounded(deviation: float) -> float:
    """Give the standard deviation of normal numbers that are rounded to integers."""
    if deviation > _COARSE:  # the errors of rounding are independent and uniform
        return math.sqrt(deviation**2 + 1 / 12)
    if deviation == 0:
        return 0.0
    # The mean of k**2 is the sum of (2 k - 1) P(|rounded| >= k).
    return math.sqrt(
        sum(
            (2 * k - 1) * math.erfc((k - 0.5) / (deviation * math.sqrt(2)))
            for k in range(1, 10 * _COARSE)
        )
    )


def _room(value: npt.ArrayLike, largest: float) -> float:
    """Give the largest scale at which a value stays within its range."""
    magnitude = float(np.abs(value).max())
    return largest / magnitude if magnitude else np.inf


def _relative_error(asked: npt.ArrayLike, got: npt.ArrayLike) -> float:
    asked, got = np.asarray(asked, dtype=float), np.asarray(got, dtype=float)
    errors = np.abs(got - asked) / np.where(asked == 0, 1.0, np.abs(asked))
    return float(errors.max())


_WINDOW, _LONGEST_WINDOW = 2**11, 2**17
_TIME_CONSTANTS = 10  # until a neuron counts as settled
_PAUSE = 2.5  # intervals without a spike until a neuron counts as stopped


def _looped(step: Any) -> Any:
    """Make a compiled loop over time steps that notes when neurons spiked."""

    @njit(cache=True)
    def run(begin, end, first, last, count, a_in, s_out, *arguments):  # type: ignore[no-untyped-def]
        for now in range(end):
            step(a_in, s_out, *arguments)
            if now < begin:
                continue
            for i in range(s_out.size):
                if s_out[i] > 0:
                    if count[i] == 0:
                        first[i] = now
                    last[i] = now
                    count[i] += 1

    return run


_RUN_FLOAT, _RUN_FIXED = _looped(step_float), _looped(step_fixed)


@dataclass(frozen=True)
class _Run:
    """Unconnected neurons, to be run with these parameters.

    Parameters
    ----------
    step : callable
        Loop over time steps.
    number : type
        What it counts in.
    parameters : dict
        Those of LIF; thresholds and biases by neuron.
    settle : int
        Time steps until intervals count.
    a_in : float
        Input of all in every time step.
    """

    step: Any
    number: type
    parameters: dict[str, Any]
    settle: int
    a_in: float = 0.0

    def of(self, chosen: Array) -> "_Run":
        """Take some of the neurons."""
        some = {name: self.parameters[name][chosen] for name in _BY_NEURON}
        return replace(self, parameters=self.parameters | some)

    def with_mantissas(self, mantissas: Array) -> "_Run":
        """Take other biases."""
        return replace(self, parameters=self.parameters | {"bias_mant": mantissas})

    def intervals(self, window: int) -> FloatArray:
        """Run the neurons, and give the mean interval between their spikes.

        Infinite where there were less than two within the window, or where they
        ended long before it.
        """
        parameters, number = self.parameters, self.number
        shape = np.shape(parameters["bias_mant"])

        def array(name: str) -> Array:
            return np.full(1, parameters[name], dtype=number)

        state: list[Array] = [np.zeros(shape, dtype=number) for _ in range(3)]
        arguments = [
            np.full(shape, self.a_in, dtype=number),
            np.zeros(shape, dtype=number),
            *state,
            np.zeros(shape, dtype=np.int64),
            array("du"),
            array("dv"),
            parameters["vth"].astype(number),
            parameters["bias_mant"].astype(number),
            parameters["bias_exp"],
            np.full(1, parameters["refractory_period"]),
            array("v_reset"),
            array("theta_plus"),
            array("dtheta"),
            np.zeros(1),
            new_key(0),
            0,
            parameters["reset"] == "subtract",
            *(0, 0, 1),  # no reset at intervals
        ]
        first, last, count = (np.zeros(shape, dtype=np.int64) for _ in range(3))
        end = self.settle + window
        self.step(self.settle, end, first, last, count, *arguments)
        many = count > 1
        mean = (last - first) / np.where(many, count - 1, 1)
        many &= end - last <= _PAUSE * mean
        return np.where(many, mean, np.inf)


_BY_NEURON = ("vth", "bias_mant", "bias_exp")


def _settling(floats: dict[str, Any], integers: dict[str, Any], driven: bool) -> int:
    """Say after how many time steps thresholds and currents have settled."""
    decays = []
    if floats["theta_plus"]:
        decays += [floats["dtheta"], integers["dtheta"] / DECAY_UNITY]
    if driven:
        decays.append(min(floats["du"], (integers["du"] + 1) / DECAY_UNITY))
    slow = [decay for decay in decays if decay < 1]
    return int(_TIME_CONSTANTS / min(slow)) if slow else 0


def _by_window(run: _Run) -> Iterator[tuple[Array, FloatArray, int]]:
    """Give groups of neurons with their intervals, and the window that shows them.

    Those that spike often are done in a short window, what is left in longer ones.
    Their windows are twice as long as shows an interval, or somewhat slower ones
    would look silent.
    """
    # Without anything that raises v above 0 both are silent for ever.
    left = np.flatnonzero(run.parameters["bias_mant"] + run.a_in > 0)
    window = _WINDOW
    while left.size:
        longest = window >= _LONGEST_WINDOW
        fires = np.isfinite(run.of(left).intervals(window))
        done = left if longest else left[fires]
        left = left[:0] if longest else left[~fires]
        window = min(2 * window, _LONGEST_WINDOW)
        if done.size:
            yield done, run.of(done).intervals(window), window


def _errors(wanted: FloatArray, found: FloatArray) -> FloatArray:
    """Compare intervals and rates, and give the larger of the two errors.

    It is infinite where one neuron is silent and the other not.
    """
    fires = np.isfinite(wanted)
    ratio = found / np.where(fires, wanted, 1.0)
    relative = np.maximum(ratio, 1 / ratio) - 1
    return np.where(fires, relative, np.where(np.isfinite(found), np.inf, 0.0))


def _keep_intervals(
    floats: dict[str, Any], integers: dict[str, Any], tolerance: float
) -> tuple[Array, float]:
    """Move mantissas as little as keeps the intervals between spikes."""
    mantissas, worst = integers["bias_mant"].copy(), 0.0
    settle = _settling(floats, integers, driven=False)
    fixed = _Run(_RUN_FIXED, np.int64, integers, settle)
    for now, wanted, window in _by_window(_Run(_RUN_FLOAT, float, floats, settle)):
        moved, error = _keep(fixed.of(now), wanted, window)
        if error.max() > tolerance:
            neuron = int(error.argmax())
            found = fixed.of(now).with_mantissas(moved).intervals(window)[neuron]
            problem = (
                f"has no mantissa that keeps the interval between spikes of "
                f"{wanted[neuron]:.5g} time steps within {tolerance:.0%}; the best "
                f"gives {found:.5g}"
            )
            bias = floats["bias_mant"][now[neuron]]
            raise ParameterError("quantise", "bias_mant", problem, bias)
        mantissas[now] = moved
        worst = max(worst, float(error.max()))
    return mantissas, worst


def _keep(run: _Run, wanted: FloatArray, window: int) -> tuple[Array, FloatArray]:
    """Do that for neurons whose intervals show in a window of time steps."""
    nearest = run.parameters["bias_mant"]

    def intervals(mantissas: Array) -> FloatArray:
        return run.with_mantissas(mantissas).intervals(window)

    error = _errors(wanted, intervals(nearest))
    if not error.any():
        return nearest, error
    # The interval falls as the bias rises. Between the smallest mantissa whose
    # interval is not too long and the largest whose interval is not too short lie
    # those that keep it; if there are none, the two are neighbours.
    ends = [
        _smallest_mantissa(nearest.shape, lambda m: intervals(m) <= wanted),
        _smallest_mantissa(nearest.shape, lambda m: intervals(m) < wanted) - 1,
    ]
    moved = np.clip(nearest, *ends)
    for candidate in [moved, *(np.clip(end, 0, BIAS_MANTISSA_MAX) for end in ends)]:
        found = _errors(wanted, intervals(candidate))
        better = found < error
        nearest = np.where(better, candidate, nearest)
        error = np.where(better, found, error)
    return nearest, error


def _check_resolution(input_max: float, weight_scale: float, tolerance: float) -> None:
    """Refuse an input that integers would change by more than the tolerance."""
    size = input_max * weight_scale
    if tolerance * size < 0.5:
        problem = f"is {size:.3g} integer units, too few for a rounding of half a unit "
        problem += f"to stay within {tolerance:.0%}"
        raise ParameterError("quantise", "input_max", problem, input_max)


def _check_driven(
    floats: dict[str, Any],
    integers: dict[str, Any],
    inputs: tuple[float, int],
    tolerance: float,
) -> float:
    """Refuse neurons whose interval changes with this input in every time step."""
    worst = 0.0
    settle = _settling(floats, integers, driven=True)
    fixed = _Run(_RUN_FIXED, np.int64, integers, settle, inputs[1])
    run = _Run(_RUN_FLOAT, float, floats, settle, inputs[0])
    for now, wanted, window in _by_window(run):
        found = fixed.of(now).intervals(window)
        error = _errors(wanted, found)
        worst = max(worst, float(error.max()))
        if worst > tolerance:
            neuron = int(error.argmax())
            problem = (
                f"in every step makes an interval between spikes of "
                f"{wanted[neuron]:.5g} time steps, {found[neuron]:.5g} in integers, "
                f"which is not within {tolerance:.0%}"
            )
            raise ParameterError("quantise", "input_max", problem, inputs[0])
    return worst


def _smallest_mantissa(
    shape: tuple[int, ...], is_reached: Callable[[Array], Array]
) -> Array:
    """Bisect for the smallest mantissa of each neuron that reaches something."""
    below = np.full(shape, -1)
    above = np.full(shape, BIAS_MANTISSA_MAX + 1)
    while (above - below > 1).any():
        middle = (below + above) // 2
        reached = is_reached(middle)
        below = np.where(reached, below, middle)
        above = np.where(reached, middle, above)
    return above
