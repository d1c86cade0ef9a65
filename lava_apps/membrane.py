"""The membrane of a neuron in physical units, and in those of a time step.

A membrane with leak, driven by I in units of the potential (that is, by the
product of input current and membrane resistance), follows

    tau_m dV/dt = v_rest - V + I

(Lapicque 1907; Gerstner, Kistler, Naud and Paninski 2014, "Neuronal Dynamics",
chapter 1). Lava's neurons count from rest, v = V - v_rest, in time steps:

    u <- (1 - du) u + a_in
    v <- (1 - dv) v + u + bias

A synaptic current decays meanwhile, ``tau_syn dI/dt = -I``, and jumps by a weight when
a spike arrives. Both equations are linear, so that a time step can be solved exactly
(Rotter and Diesmann 1999, Biol. Cybern. 81:381): u then counts what the current at the
begin of a step makes of v until its end.
"""

from __future__ import annotations

import math
from dataclasses import dataclass, fields
from typing import Annotated, Any, Literal

import numpy as np
import numpy.typing as npt
from pydantic import Field
from typing_extensions import Self

from lava_apps.parameters import (
    Fraction,
    Integer,
    NonNegativeNumber,
    Number,
    ParameterError,
    PerNeuron,
    PositiveNumber,
    validated,
)

Method = Literal["euler", "exact"]
FloatArray = npt.NDArray[np.float64]


@dataclass(frozen=True, init=False)
class Membrane:
    """A leaky membrane with threshold, in milliseconds and millivolts.

    The defaults are those of the classic introductory experiment.

    Parameters
    ----------
    tau_m : float
        Membrane time constant in ms. Default 10.
    v_rest : float
        Resting potential in mV. Default -60.
    v_reset : float
        Potential after a spike in mV, below `v_th`. Default -60.
    v_th : float
        Threshold in mV; the neuron spikes above it. Default -50.
    t_ref : float
        Absolute refractory time in ms, rounded to time steps. Default 5.
    tau_syn : float
        Time constant of the synaptic current in ms; 0, the default, makes the
        current of a time step the input of that step alone.
    dt : float
        Duration of a time step in ms. Default 0.1.
    method : {"euler", "exact"}
        Forward Euler, or the exact solution for a drive that is constant during each
        step and spikes that arrive when one begins. Default "euler".

    Raises
    ------
    ParameterError
        For a value out of range, a reset that is not below the threshold, or an
        Euler step longer than a time constant.

    Examples
    --------
    >>> membrane = Membrane()
    >>> round(float(membrane.period(12)), 2)
    22.92
    >>> float(membrane.period(2))  # the potential saturates at -58 mV
    inf
    """

    tau_m: float
    v_rest: float
    v_reset: float
    v_th: float
    t_ref: float
    tau_syn: float
    dt: float
    method: Method

    @validated
    def __init__(
        self,
        *,
        tau_m: PositiveNumber = 10.0,
        v_rest: Number = -60.0,
        v_reset: Number = -60.0,
        v_th: Number = -50.0,
        t_ref: NonNegativeNumber = 5.0,
        tau_syn: NonNegativeNumber = 0.0,
        dt: PositiveNumber = 0.1,
        method: Method = "euler",
    ) -> None:
        if v_reset >= v_th:
            problem = f"must be below v_th = {v_th}"
            raise ParameterError("Membrane", "v_reset", problem, v_reset)
        if t_ref / dt >= 2**31:
            raise ParameterError("Membrane", "t_ref", "must be below 2**31 dt", t_ref)
        shortest = min(tau_m, tau_syn or tau_m)
        if method == "euler" and dt > shortest:
            problem = f"must not exceed the time constant of {shortest} ms in Euler's"
            raise ParameterError("Membrane", "dt", f"{problem} method", dt)
        values = (tau_m, v_rest, v_reset, v_th, t_ref, tau_syn, dt, method)
        for field, value in zip(fields(self), values, strict=True):
            object.__setattr__(self, field.name, value)  # frozen for all others

    @property
    def gain(self) -> float:
        """Change of v in a time step by a synaptic current of 1 mV at its begin.

        Weights in mV are to be multiplied by it. In the exact method the current decays
        during the step, with `tau_syn`; without that it lasts for the step.
        """
        if self.method == "euler" or not self.tau_syn:
            return self.drive_gain
        # tau_syn / (tau_syn - tau_m) (exp(-dt / tau_syn) - exp(-dt / tau_m)), written
        # so that it holds where the time constants are equal or nearly so.
        rates = self.dt / self.tau_m - self.dt / self.tau_syn
        growth = math.expm1(rates) / rates if rates else 1.0
        return self.dt / self.tau_m * math.exp(-self.dt / self.tau_m) * growth

    @property
    def drive_gain(self) -> float:
        """Change of v in a time step by a constant drive of 1 mV."""
        return self._decay(self.tau_m)

    @validated
    def parameters(self, drive: PerNeuron = 0.0) -> dict[str, Any]:
        """Give the parameters of a floating-point LIF that behaves so.

        Parameters
        ----------
        drive : float or (*shape) array_like
            Constant drive in mV, for all neurons or for each. Default 0.

        Returns
        -------
        dict
            ``du, dv, vth, bias_mant, v_reset, refractory_period``, for
            :class:`~lava_apps.processes.lif.LIF`. A spike is dated at the begin
            of its time step, as Brian2 does it, and v is that of the step's end;
            hence v rests for one time step less than `t_ref` lasts.
        """
        bias = np.asarray(drive, dtype=float) * self.drive_gain
        return {
            "du": self._decay(self.tau_syn) if self.tau_syn else 1.0,
            "dv": self._decay(self.tau_m),
            "vth": self.v_th - self.v_rest,
            "bias_mant": bias if bias.ndim else float(bias),
            "v_reset": self.v_reset - self.v_rest,
            "refractory_period": max(round(self.t_ref / self.dt) - 1, 0),
        }

    @validated
    def drive(self, bias_mant: PerNeuron) -> FloatArray:
        """Give the constant drive that a bias of a floating-point LIF stands for.

        Parameters
        ----------
        bias_mant : float or (*shape) array_like
            The bias, its exponent 0, as `parameters` gives it.

        Returns
        -------
        (*shape) numpy.ndarray of float64
            Drive in mV.
        """
        return np.asarray(np.asarray(bias_mant, dtype=float) / self.drive_gain)

    def _decay(self, tau: float) -> float:
        ratio = self.dt / tau
        return ratio if self.method == "euler" else -math.expm1(-ratio)

    @classmethod
    @validated
    def from_parameters(
        cls,
        *,
        dv: Fraction,
        vth: Number,
        du: Fraction = 1.0,
        v_reset: Number = 0.0,
        bias_mant: PerNeuron = 0.0,  # noqa: ARG003 - of the drive, not of the membrane
        refractory_period: Annotated[Integer, Field(ge=0, lt=2**31 - 1)] = 0,
        v_rest: Number = -60.0,
        dt: PositiveNumber = 0.1,
        method: Method = "euler",
    ) -> Self:
        """Find the membrane that the parameters of a floating-point LIF describe.

        Parameters
        ----------
        dv, du : float
            Decay of v and u a step, above 0; `dv` below 1 for the exact method.
        vth, v_reset : float
            Threshold and reset above rest, in mV.
        bias_mant : float or (*shape) array_like
            Taken so that all of ``parameters(drive)`` can be given, but no part of
            the membrane: its method `drive` makes the drive of it. Default 0.
        refractory_period : int
            Time steps that v rests after a spike.
        v_rest : float
            Resting potential in mV. Default -60.
        dt : float
            Duration of a time step in ms. Default 0.1.
        method : {"euler", "exact"}
            How `dv` and `du` are to be read. Default "euler".

        Returns
        -------
        Membrane
            Its ``parameters(drive)`` are the ones given.

        Raises
        ------
        ParameterError
            For a neuron without leak, or values out of range.
        """
        if not 0 < dv < (1 if method == "exact" else math.inf):
            problem = "must be above 0 (and below 1 for the exact method)"
            raise ParameterError("Membrane.from_parameters", "dv", problem, dv)
        if du == 0:
            problem = "must be above 0"
            raise ParameterError("Membrane.from_parameters", "du", problem, du)

        if v_reset >= vth:
            problem = f"must be below vth = {vth}"
            raise ParameterError(
                "Membrane.from_parameters", "v_reset", problem, v_reset
            )

        def time_constant(decay: float) -> float:
            return dt / decay if method == "euler" else -dt / math.log1p(-decay)

        return cls(
            tau_m=time_constant(dv),
            tau_syn=time_constant(du) if du < 1 else 0.0,
            v_rest=v_rest,
            v_reset=v_reset + v_rest,
            v_th=vth + v_rest,
            t_ref=(refractory_period + 1) * dt if refractory_period else 0.0,
            dt=dt,
            method=method,
        )

    def potential(self, v: npt.ArrayLike) -> FloatArray:
        """Give the potential in mV for values of v.

        Parameters
        ----------
        v : array_like
            Potential above rest, the Var of a floating-point LIF.

        Returns
        -------
        numpy.ndarray of float64
            Potential in mV.
        """
        return np.asarray(v, dtype=float) + self.v_rest

    @validated
    def period(self, drive: PerNeuron) -> FloatArray:
        """Compute the time between spikes under a constant drive, in closed form.

        ``t_ref + tau_m ln((I + v_rest - v_reset) / (I + v_rest - v_th))``, the
        limit of short time steps.

        Parameters
        ----------
        drive : float or array_like
            Drive I in mV.

        Returns
        -------
        numpy.ndarray of float64
            Period in ms; infinite where the drive does not reach the threshold.
        """
        target = np.asarray(drive, dtype=float) + self.v_rest
        fires = target > self.v_th
        distance = np.where(fires, target - self.v_th, 1.0)
        logarithm = np.log1p((self.v_th - self.v_reset) / distance)
        return np.where(fires, self.t_ref + self.tau_m * logarithm, math.inf)
