"""The experiment: a neuron under constant current, and its f-I curve."""

from __future__ import annotations

import time
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from lava_apps.loihi2.run_configs import Precision
from lava_apps.membrane import Membrane
from lava_apps.parameters import Number, ParameterError, PositiveNumber, validated
from lava_apps.processes.lif import LIF, quantise
from lava_apps.runtime import Simulator
from lava_apps.runtime.simulator import BackendName

FloatArray = npt.NDArray[np.float64]

CURVE_POINTS = 60
CURVE_STEPS = 200_000  # at most; slow membranes spike less often in them
_CURVE_INTERVALS = 20  # spikes of the slowest neuron of the curve, where they fit


@dataclass(frozen=True)
class LIFResult:
    """What came of :func:`run_neuron`.

    Parameters
    ----------
    membrane : Membrane
        The neuron.
    current : float
        Its drive in mV.
    times_ms, potential_mv : (steps,) numpy.ndarray
        The potential, at the end of each time step.
    spike_times_ms : (spikes,) numpy.ndarray
        Spikes, dated at the begin of their time step.
    curve_currents, curve_rates_hz : (points,) numpy.ndarray
        The f-I curve: drives in mV, and rates measured over 20 intervals of the
        slowest neuron, in 200,000 time steps at most; NaN for a neuron that by the
        closed form spikes, but did not twice in them.
    precision, backend : str
        What the neuron ran in, and on.
    seconds : float
        Time it took.
    """

    membrane: Membrane
    current: float
    times_ms: FloatArray
    potential_mv: FloatArray
    spike_times_ms: FloatArray
    curve_currents: FloatArray
    curve_rates_hz: FloatArray
    precision: Precision
    backend: str
    seconds: float

    @property
    def threshold_current(self) -> float:
        """Drive in mV above which the neuron spikes."""
        return self.membrane.v_th - self.membrane.v_rest

    @property
    def curve_closed_form_hz(self) -> FloatArray:
        """Rates by the closed form."""
        return 1000 / self.membrane.period(self.curve_currents)

    @property
    def resting(self) -> str:
        """Say why there was no spike."""
        if self.current > self.threshold_current:
            return "not yet"
        return f"the potential goes to {self.membrane.v_rest + self.current:.4g} mV"

    @property
    def interval_ms(self) -> float | None:
        """Mean interval between spikes; None for less than two."""
        if len(self.spike_times_ms) < 2:
            return None
        return float(np.diff(self.spike_times_ms).mean())

    def summary(self) -> dict[str, Any]:
        """Give what can be written as JSON.

        Returns
        -------
        dict
            Numbers, strings and lists; None where there is no interval or rate.
        """
        period = float(self.membrane.period(self.current))
        return {
            "current_mv": self.current,
            "threshold_current_mv": self.threshold_current,
            "spike_times_ms": self.spike_times_ms.tolist(),
            "interval_ms": self.interval_ms,
            "closed_form_interval_ms": period if np.isfinite(period) else None,
            "steady_potential_mv": self.membrane.v_rest + self.current,
            "duration_ms": float(round(len(self.times_ms) * self.membrane.dt, 9)),
            "dt_ms": self.membrane.dt,
            "method": self.membrane.method,
            "f_i_currents_mv": self.curve_currents.tolist(),
            "f_i_rates_hz": [
                rate if np.isfinite(rate) else None
                for rate in self.curve_rates_hz.tolist()
            ],
            "f_i_closed_form_hz": self.curve_closed_form_hz.tolist(),
            "precision": self.precision,
            "backend": self.backend,
            "seconds": self.seconds,
        }


_MOST_STEPS = 10**7  # kept in memory, and drawn


@validated
def run_neuron(
    membrane: Membrane | None = None,
    *,
    current: Number = 12.0,
    duration: PositiveNumber = 100.0,
    precision: Precision = "floating_pt",
    backend: BackendName = "auto",
    progress: bool = False,
) -> LIFResult:
    """Run a neuron under constant current, and a population for its f-I curve.

    Parameters
    ----------
    membrane : Membrane, optional
        The neuron. Default: that of the classic introductory experiment.
    current : float
        Drive in mV: input current times membrane resistance. Default 12.
    duration : float
        Length of the run in ms, at least one time step. Default 100.
    precision : {"floating_pt", "fixed_pt"}
        Precision of the ProcessModels; for the second, parameters are rounded by
        :func:`~lava_apps.processes.lif.quantise`.
    backend : {"auto", "compiled", "inline", "lava"}
        See :class:`~lava_apps.runtime.Simulator`.
    progress : bool
        Show a progress bar on stderr.

    Returns
    -------
    LIFResult
        Potential, spike times, and rates.

    Raises
    ------
    ParameterError
        For a value out of range, a duration below a time step, or a neuron that
        integers cannot represent.
    """
    start = time.perf_counter()
    membrane = membrane or Membrane()
    steps = round(duration / membrane.dt)
    if steps > _MOST_STEPS:
        problem = f"must be at most {_MOST_STEPS:,} time steps"
        raise ParameterError("run_neuron", "duration", problem, duration)
    if steps < 1:
        problem = f"must be at least a time step, {membrane.dt} ms"
        raise ParameterError("run_neuron", "duration", problem, duration)
    neuron, scale = _neurons(membrane, np.array([current]), precision)
    with Simulator(neuron, precision=precision, backend=backend) as sim:
        spikes, potential = sim.probe(neuron.s_out), sim.probe(neuron.v)
        sim.run(steps, progress=progress)
    fired = np.flatnonzero(sim.data[spikes][:, 0])
    currents, rates = _curve(membrane, current, precision, backend, progress)
    return LIFResult(
        membrane=membrane,
        current=current,
        times_ms=np.arange(1, steps + 1, dtype=float) * membrane.dt,
        potential_mv=membrane.potential(sim.data[potential][:, 0] / scale),
        # Rounded: 17.8, not 17.800000000000001.
        spike_times_ms=np.round(fired * membrane.dt, 9),
        curve_currents=currents,
        curve_rates_hz=rates,
        precision=precision,
        backend=sim.backend,
        seconds=time.perf_counter() - start,
    )


def _neurons(
    membrane: Membrane, drives: FloatArray, precision: Precision
) -> tuple[LIF, float]:
    """Make a neuron for each drive; give the units of its v a millivolt, too."""
    parameters, scale = membrane.parameters(drives), 1.0
    if precision == "fixed_pt":
        if membrane.v_th <= membrane.v_rest:
            problem = f"must be below the threshold, {membrane.v_th:g} mV, for fixed_pt"
            raise ParameterError("run_neuron", "rest", problem, membrane.v_rest)
        try:
            quantised = quantise(**parameters)
        except ParameterError as error:
            problem = f"cannot represent this neuron ({error.parameter}: "
            problem += f"{error.complaint})"
            raise ParameterError(
                "run_neuron", "precision", problem, precision
            ) from None
        parameters, scale = quantised.parameters, quantised.scale
    return LIF(shape=drives.shape, **parameters), scale


def _curve(
    membrane: Membrane,
    current: float,
    precision: Precision,
    backend: BackendName,
    progress: bool,
) -> tuple[FloatArray, FloatArray]:
    """Measure rates between half the threshold current and four times."""
    rheobase = membrane.v_th - membrane.v_rest
    reach = max(abs(rheobase), 1.0)
    highest = max(rheobase + 3 * reach, current + reach / 2)
    lowest = min(rheobase - reach / 2, current)
    currents: FloatArray = np.linspace(lowest, highest, CURVE_POINTS, dtype=np.float64)
    periods = membrane.period(currents)
    slowest = periods[np.isfinite(periods)].max()
    neurons, _ = _neurons(membrane, currents, precision)
    with Simulator(neurons, precision=precision, backend=backend) as sim:
        spikes = sim.probe(neurons.s_out)
        wanted = np.ceil(_CURVE_INTERVALS * slowest / membrane.dt)
        steps = int(min(wanted, CURVE_STEPS))
        sim.run(steps, progress=progress)
    rates = np.where(np.isfinite(periods) & (wanted > steps), np.nan, 0.0)
    for i, train in enumerate(sim.data[spikes].T):
        times = np.flatnonzero(train)
        if len(times) > 1:
            rates[i] = 1000 / (np.diff(times).mean() * membrane.dt)
    return currents, rates
