"""Scales of populations, and of what feeds them, from floating_pt to fixed_pt.

A population may have a scale of its own, if every weight into it, its bias, its
threshold and its initial state are scaled alike.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass, field

import numpy as np
from numba import njit
from scipy.sparse import csr_matrix, issparse

from lava_apps.loihi2.arithmetic import (
    DECAY_UNITY,
    keep,
    next_potential,
    wrap_current,
)
from lava_apps.loihi2.catalogue import class_path
from lava_apps.loihi2.conversion import quantise_decay
from lava_apps.loihi2.formats import FORMATS, INPUT_SHIFT
from lava_apps.messages import label
from lava_apps.parameters import Array, ParameterError
from lava_apps.runtime.probes import Probe

from lava.magma.core.process.process import AbstractProcess
from lava.utils.weightutils import SignMode

_POTENTIALS = ("v_reset", "theta", "theta_plus", "noise")  # of this package's LIF
_ROOM = 2.0  # what u and v may need beside what was observed
_CANDIDATES = 128  # scales looked at, from the largest down to half of it
_SAMPLE = 4096  # weights that these are judged by
_FEWEST_SPIKES, _MOST_CALIBRATION, _BISECTIONS = 20, 0.1, 16
_POTENTIAL = FORMATS["v"].high
_WEIGHT_BITS = int(FORMATS["num_weight_bits"].high)
_BIAS = FORMATS["bias_mant"].high * 2.0 ** FORMATS["bias_exp"].high
_EXPONENT_MAX = int(FORMATS["weight_exp"].high)


@dataclass(frozen=True)
class Rounding:
    """What became of a parameter.

    Parameters
    ----------
    process, parameter : str
        Which.
    scale : float
        Integer units of 1 in floating point.
    relative_error : float
        Norm of the difference that rounding made, over that of the scaled parameter.
    """

    process: str
    parameter: str
    scale: float
    relative_error: float


@dataclass
class Observed:
    """What a population did in a run.

    Parameters
    ----------
    spikes : Probe
        All spikes.
    sample : (neurons,) numpy.ndarray
        Some of the neurons.
    u, v : float
        Largest absolute values; of v after resets.
    inputs : list of (steps, neurons) numpy.ndarray
        What these received, piece by piece.
    """

    spikes: Probe
    sample: Array
    u: float = 0.0
    v: float = 0.0
    inputs: list[Array] = field(default_factory=list)


class Incoming:
    """Weights of a connection, or data of a RingBuffer, on their way to integers.

    Parameters
    ----------
    process : AbstractProcess
        The connection or RingBuffer, in floating point.
    """

    def __init__(self, process: AbstractProcess) -> None:
        self.process = process
        names = ("weights", "weight", "data")
        self.name = next(n for n in names if n in process.vars.member_names)
        init = getattr(process, self.name).init
        self.is_data = self.name == "data"
        values = np.asarray(init.data if issparse(init) else init, float)
        self.values = values
        _refuse_infinite(f"{label(process)}.{self.name}", values)
        mode, bits = (
            process.proc_params.get(name) for name in ("sign_mode", "num_weight_bits")
        )
        self.is_mixed = bool(values.size and values.min(initial=0) < 0 < values.max())
        if isinstance(mode, SignMode) and mode != SignMode.NULL:
            self.is_mixed = mode == SignMode.MIXED
        # Lava cuts off what is below this.
        kept = _WEIGHT_BITS if bits is None else int(np.ravel(bits)[0])
        self.unit = (1 + self.is_mixed) << (_WEIGHT_BITS - kept)
        # Only the models of Dense and Sparse shift by the exponent.
        self.exponent_max = _EXPONENT_MAX if self.name == "weights" else 0
        magnitudes = np.unique(values)
        step = max(len(magnitudes) // _SAMPLE, 1)
        self._sample = np.append(magnitudes[::step], magnitudes[-1:])

    @property
    def largest(self) -> float:
        """Largest integer unit that can be held."""
        if self.is_data:
            return float(FORMATS["input_sum"].high)
        return self.largest_mantissa * 2.0**self.exponent_max

    def finest(self) -> float:
        """Largest scale at which all values fit."""
        most = float(np.abs(self.values).max(initial=0))
        return self.largest / most if most else math.inf

    def _rounded(self, values: Array, scale: float) -> tuple[Array, int]:
        """Give mantissas and exponent of values."""
        if self.is_data:
            return np.rint(values * scale), 0
        unit = float(self.unit)
        most = float(np.abs(self.values).max(initial=0)) * scale
        exponent = 0
        while unit * np.rint(most / 2**exponent / unit) > self.largest_mantissa:
            exponent += 1
        return unit * np.rint(values * scale / 2**exponent / unit), exponent

    @property
    def largest_mantissa(self) -> int:
        """Largest mantissa of either sign."""
        return (254 if self.is_mixed else 255) // self.unit * self.unit

    def error(self, scale: float) -> float:
        """Estimate the relative error of rounding, from a sample of the values.

        Parameters
        ----------
        scale : float
            Integer units of 1 in floating point.

        Returns
        -------
        float
            Norm of the differences over that of the values.
        """
        return _relative_error(
            self._sample * scale, *self._rounded(self._sample, scale)
        )

    def convert(self, scale: float, counterpart: AbstractProcess) -> list[Rounding]:
        """Set the integers in the counterpart.

        Parameters
        ----------
        scale : float
            Integer units of 1 in floating point.
        counterpart : AbstractProcess
            The Process that is to hold integers.

        Returns
        -------
        list of Rounding
            What became of the values.
        """
        mantissas, exponent = self._rounded(self.values, scale)
        if self.values.any() and not mantissas.any():
            problem = (
                "vanish in 8 bits beside what else feeds these neurons, and those "
            )
            problem += "that share a connection with them"
            owner = label(self.process)
            raise ParameterError(
                "to_fixed", f"{owner}.{self.name}", problem, self.values
            )
        integers = mantissas.astype(np.int32)
        var = getattr(counterpart, self.name)
        if issparse(var.init):
            parts = (integers, var.init.indices, var.init.indptr)
            var.init = csr_matrix(parts, shape=var.init.shape)
        else:
            var.init = integers
        parameters = counterpart.proc_params._parameters
        if self.name in parameters:
            parameters[self.name] = var.init
        if self.name == "weights":
            parameters["weight_exp"] = exponent
        error = _relative_error(self.values * scale, mantissas, exponent)
        return [Rounding(label(self.process), self.name, scale, error)]


class Population:
    """LIF neurons on their way to integers.

    Parameters
    ----------
    process : AbstractProcess
        The neurons, in floating point.
    observed : Observed
        What they did in a run.
    incoming : list of Incoming
        All that feeds them.
    """

    def __init__(
        self, process: AbstractProcess, observed: Observed, incoming: list[Incoming]
    ) -> None:
        self.process, self.incoming = process, incoming
        owner = label(process)
        self.decays = {
            name: quantise_decay("to_fixed", f"{owner}.{name}", float(value), offset)
            for name, offset in (("du", 1), ("dv", 0), ("dtheta", 0))
            if hasattr(process, name)
            for value in np.ravel(getattr(process, name).init)[:1]
        }
        kept_u = (self.decays["du"] + 1) / DECAY_UNITY / self._first("du")
        dv = self._first("dv")
        self.kept_v = self.decays["dv"] / DECAY_UNITY / dv if dv else 1.0
        self.bias = self._init("bias_mant")
        if not class_path(process).startswith("lava.proc.lif."):
            # Lava's float models leave the exponent out.
            self.bias = self.bias * 2.0 ** self._init("bias_exp")
        self.vth = self._init("vth")
        self.gain = self._calibrated(observed, kept_u * self.kept_v)
        self.input_gain = kept_u * self.kept_v * self.gain
        self.bias_gain = self.kept_v * self.gain
        first_u, first_v = (float(np.abs(self._init(n)).max()) for n in ("u", "v"))
        drive = max(observed.u, first_u) + float(np.abs(self.bias).max())
        self.reach_u = max(observed.u * self.gain, first_u) * self.kept_v
        self.reach_v = max(observed.v + drive, first_v)  # before a reset

    def _calibrated(self, observed: Observed, input_gain: float) -> float:
        """Find by what to multiply the input and bias of neurons to keep their rate.

        Neurons whose decays were rounded settle to the same potentials, but not as
        fast. Some of them, fed once more with what they received, are to spike as
        often as they did.
        """
        inputs = np.concatenate(observed.inputs)
        spiked = np.isin(observed.spikes.where()[1], observed.sample).sum()
        if spiked < _FEWEST_SPIKES or self.has_options:
            return 1.0
        reach = max(observed.u, observed.v, float(self.vth.max()))
        scale = _POTENTIAL / (2 * _ROOM * reach * 2**INPUT_SHIFT)
        unit = scale * 2**INPUT_SHIFT
        size = int(np.prod(self.process.s_out.shape))
        spread = [
            np.broadcast_to(x, self.process.s_out.shape).reshape(size)
            for x in (
                self._init("u") * self.kept_v * unit,
                self._init("v") * unit,
                self.bias * self.kept_v * unit,
                self.vth * scale * 2**INPUT_SHIFT,
            )
        ]
        u, v, bias, vth = (x[observed.sample] for x in spread)
        parameters = self.process.proc_params
        resets = (
            parameters.get("reset_interval") or 0,
            parameters.get("reset_offset") or 0,
        )

        def count(gain: float) -> int:
            a_in = np.rint(inputs * unit * input_gain * gain).astype(np.int64)
            rounded = [np.rint(x).astype(np.int64) for x in (u, v, bias * gain, vth)]
            decays = self.decays["du"], self.decays["dv"]
            return int(_count_spikes(a_in, *rounded, *decays, *resets))

        low, high = 1 - _MOST_CALIBRATION, 1 + _MOST_CALIBRATION
        if not count(low) < spiked < count(high):
            return 1.0
        for _ in range(_BISECTIONS):
            middle = (low + high) / 2
            low, high = (middle, high) if count(middle) < spiked else (low, middle)
        return (low + high) / 2

    @property
    def has_options(self) -> bool:
        """Neurons that do more than Lava's LIF."""
        values = [
            getattr(self.process, name).init
            for name in (*_POTENTIALS, "refractory_period")
            if hasattr(self.process, name)
        ]
        subtracts = bool(self.process.proc_params.get("subtract"))
        return subtracts or any(np.any(value) for value in values)

    def _init(self, name: str) -> Array:
        return np.asarray(getattr(self.process, name).init, float)

    def _first(self, name: str) -> float:
        return float(self._init(name).flat[0])

    def largest_scale(self) -> float:
        """Give the largest scale at which everything fits."""
        unit = 2**INPUT_SHIFT
        room = [FORMATS["vth"].high / float(self.vth.max())]
        for reach in (self.reach_u, self.reach_v):
            if reach:
                room.append(_POTENTIAL / (_ROOM * reach * unit))
        most = float(np.abs(self.bias * self.bias_gain).max())
        if most:
            room.append(_BIAS / (most * unit))
        room += [x.finest() / self.input_gain for x in self.incoming]
        return min(room)

    def error(self, scale: float) -> float:
        """Sum up the relative errors of rounding at a scale.

        Parameters
        ----------
        scale : float
            Integer units of 1 in floating point.

        Returns
        -------
        float
            Of thresholds, biases and all that feeds the neurons.
        """
        incoming = sum(x.error(scale * self.input_gain) for x in self.incoming)
        vth = _relative_error(self.vth * scale, np.rint(self.vth * scale))
        bias = _relative_error(self._scaled_bias(scale), *self._rounded_bias(scale))
        return incoming + vth + bias

    def _scaled_bias(self, scale: float) -> Array:
        return np.asarray(self.bias * self.bias_gain * scale * 2**INPUT_SHIFT)

    def _rounded_bias(self, scale: float) -> tuple[Array, int]:
        scaled = self._scaled_bias(scale)
        exponent = 0
        limit = FORMATS["bias_mant"].high
        while np.rint(np.abs(scaled).max() / 2**exponent) > limit:
            exponent += 1
        return np.rint(scaled / 2**exponent), exponent

    def convert(
        self, scale: float, counterparts: Mapping[AbstractProcess, AbstractProcess]
    ) -> list[Rounding]:
        """Set the integers in the counterparts of the neurons and what feeds them.

        Parameters
        ----------
        scale : float
            Integer units of 1 in floating point.
        counterparts : mapping of AbstractProcess to AbstractProcess
            For each Process in floating point that of integers.

        Returns
        -------
        list of Rounding
            What became of all parameters.
        """
        owner, new = label(self.process), counterparts[self.process]
        unit = scale * 2**INPUT_SHIFT
        made: dict[str, tuple[float, Array]] = {
            "vth": (scale, np.rint(self.vth * scale)),
            "u": (
                unit * self.kept_v,
                np.rint(self._init("u") * unit * self.kept_v),
            ),
            "v": (unit, np.rint(self._init("v") * unit)),
        }
        if not (made["vth"][1] > 0).all():
            problem = "vanishes in 17 bits beside what feeds these neurons, and those "
            problem += "that share a connection with them"
            raise ParameterError("to_fixed", f"{owner}.vth", problem, self.vth)
        for name in _POTENTIALS:
            if hasattr(self.process, name):
                scaled = self._init(name) * unit
                is_kept = name == "noise"  # is rounded draw by draw
                made[name] = (unit, scaled if is_kept else np.rint(scaled))
        mantissas, exponent = self._rounded_bias(scale)
        roundings = []
        for name, (used, values) in made.items():
            if self._init(name).any():
                error = _relative_error(self._init(name) * used, values)
                roundings.append(Rounding(owner, name, used, error))
            self._set(new, name, values)
        if self.bias.any():
            error = _relative_error(self._scaled_bias(scale), mantissas, exponent)
            used = unit * self.bias_gain
            roundings.append(Rounding(owner, "bias_mant", used, error))
        self._set(new, "bias_mant", mantissas)
        self._set(new, "bias_exp", np.full(np.shape(self._init("bias_exp")), exponent))
        for name, decay in self.decays.items():
            self._set(new, name, np.full(np.shape(self._init(name)), decay))
            asked = self._first(name)
            held = (decay + (name == "du")) / DECAY_UNITY
            if asked:
                error = abs(held - asked) / asked
                roundings.append(Rounding(owner, name, float(DECAY_UNITY), error))
        for incoming in self.incoming:
            counterpart = counterparts[incoming.process]
            roundings += incoming.convert(scale * self.input_gain, counterpart)
        return roundings

    def _set(self, process: AbstractProcess, name: str, values: Array) -> None:
        """Set the initial value of a Var, of the kind that it was."""
        var = getattr(process, name)
        kind = float if name == "noise" else np.int64
        values = np.asarray(values).astype(kind)
        var.init = values.item() if np.ndim(var.init) == 0 else values
        parameters = process.proc_params._parameters
        if name in parameters:
            parameters[name] = var.init


@njit(cache=True)
def _count_spikes(a_in, u, v, bias, vth, du, dv, reset_interval, reset_offset):  # type: ignore[no-untyped-def]
    """Count the spikes of neurons that are fed with an input, changing u and v."""
    spikes = 0
    for t in range(a_in.shape[0]):
        resets = reset_interval > 0 and (t + 1) % reset_interval == reset_offset
        for i in range(a_in.shape[1]):
            if resets:
                u[i] = v[i] = 0
            # The input comes in units of u: no weight was rounded yet.
            u[i] = wrap_current(keep(u[i], DECAY_UNITY - (du + 1)) + a_in[t, i])
            v[i] = next_potential(v[i], dv, u[i] + bias[i])
            if v[i] > vth[i]:
                v[i] = 0
                spikes += 1
    return spikes


def best_scale(members: list[Population]) -> float:
    """Choose the scale of weights into populations that share a connection.

    Parameters
    ----------
    members : list of Population
        The populations.

    Returns
    -------
    float
        Integer units of a weight of 1.
    """
    largest = min(m.largest_scale() * m.input_gain for m in members)
    scales = largest * 0.5 ** (np.arange(_CANDIDATES) / _CANDIDATES)
    errors = [sum(m.error(s / m.input_gain) for m in members) for s in scales]
    # Half the scale doubles what truncation in each time step costs: among like
    # errors the largest one wins.
    return float(scales[int(np.argmin(errors))])


def _refuse_infinite(owner: str, values: Array) -> None:
    if not np.isfinite(np.asarray(values, float)).all():
        raise ParameterError("to_fixed", owner, "must be finite", values)


def _relative_error(asked: Array, mantissas: Array, exponent: int = 0) -> float:
    norm = float(np.linalg.norm(asked))
    if not norm:
        return 0.0
    return float(np.linalg.norm(mantissas * 2.0**exponent - asked)) / norm
