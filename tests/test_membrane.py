from dataclasses import FrozenInstanceError

import numpy as np
import pytest
import scipy.linalg

from lava_apps.membrane import Membrane
from lava_apps.parameters import ParameterError
from lava_apps.processes.lif import LIF
from lava_apps.runtime import Simulator
from lava_apps.testing import Case
from tests.helpers import record


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"tau_m": 0}, "tau_m: must be greater than 0"),
        ({"v_reset": -50}, "v_reset: must be below v_th = -50"),
        ({"dt": 11}, "dt: must not exceed the time constant of 10.0 ms"),
        ({"dt": 2, "tau_syn": 1}, "dt: must not exceed the time constant of 1.0 ms"),
        ({"t_ref": -1}, "t_ref: must be greater"),
        ({"method": "heun"}, "method: must be 'euler' or 'exact'"),
        ({"tau": 3}, "tau: unknown, allowed are tau_m, v_rest"),
    ],
)
def test_bad_arguments_are_refused(arguments, message):
    with pytest.raises(ParameterError, match=rf"^Membrane.{message}"):
        Membrane(**arguments)


@pytest.mark.parametrize("method", ["euler", "exact"])
@pytest.mark.parametrize("tau_syn", [0.0, 3.0])
def test_parameters_lead_back_to_the_membrane(method, tau_syn):
    membrane = Membrane(
        tau_m=20, v_rest=-70, v_reset=-75, v_th=-52, t_ref=2, tau_syn=tau_syn,
        dt=0.5, method=method,
    )  # fmt: skip
    parameters = membrane.parameters(drive=[3.0, 25.0])
    back = Membrane.from_parameters(**parameters, v_rest=-70, dt=0.5, method=method)
    for name, value in vars(membrane).items():
        assert getattr(back, name) == (
            value if isinstance(value, str) else pytest.approx(value)
        )

    assert back.drive(parameters["bias_mant"]) == pytest.approx([3, 25])
    again = back.parameters(back.drive(parameters["bias_mant"]))
    for name, value in parameters.items():
        assert again[name] == pytest.approx(value)


def test_a_membrane_stays_as_it_was_checked():
    membrane = Membrane()
    with pytest.raises(FrozenInstanceError):
        membrane.dt = 50
    assert membrane == Membrane(dt=0.1)
    assert hash(membrane) == hash(Membrane())


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"refractory_period": -1}, "refractory_period: must be greater"),
        ({"v_reset": 11}, "v_reset: must be below vth = 10"),
        ({"tau": 3}, "tau: unknown, allowed are dv, vth, du"),
    ],
)
def test_bad_parameters_of_a_neuron_are_refused(arguments, message):
    with pytest.raises(ParameterError, match=rf"^Membrane.from_parameters.{message}"):
        Membrane.from_parameters(**{"dv": 0.1, "vth": 10.0, **arguments})


def test_a_neuron_without_leak_has_no_time_constant():
    with pytest.raises(ParameterError, match="dv: must be above 0"):
        Membrane.from_parameters(dv=0, vth=10)


def test_the_closed_form_is_the_limit_of_short_steps():
    drives = np.array([10.5, 12, 20, 40])
    errors = []
    for dt in (0.1, 0.05, 0.025):
        membrane = Membrane(tau_m=20, v_reset=-65, t_ref=3, dt=dt)
        neurons = LIF.from_membrane(membrane, shape=4, drive=drives)
        spikes = record(neurons.s_out, round(600 / dt))
        intervals = [np.diff(np.flatnonzero(train)).mean() * dt for train in spikes.T]
        errors.append(np.abs(intervals - membrane.period(drives)))
    assert (errors[0] < 0.25).all()
    assert (errors[-1] < 0.07).all()


def test_the_exact_method_gives_the_exponential_at_any_step():
    for dt in (0.1, 1.0, 5.0, 15.0):
        membrane = Membrane(dt=dt, method="exact", tau_m=8)
        neuron = LIF.from_membrane(membrane, shape=1, drive=9)
        with Simulator(neuron) as sim:
            v = sim.probe(neuron.v)
            sim.run(10)
        times = np.arange(1, 11) * dt
        assert sim.data[v][:, 0] == pytest.approx(9 * (1 - np.exp(-times / 8)))


def test_a_current_of_one_millivolt_has_the_postsynaptic_potential_of_the_equations():
    # One spike of weight w mV: u decays with tau_syn, v follows with tau_m:
    # v(t) = w tau_syn / (tau_m - tau_syn) (exp(-t / tau_m) - exp(-t / tau_syn)).
    membrane = Membrane(tau_m=20, tau_syn=5, dt=0.01)
    neuron = LIF.from_membrane(membrane, shape=1, u=4 * membrane.gain)
    with Simulator(neuron) as sim:
        v = sim.probe(neuron.v)
        sim.run(5000)
    times = np.arange(1, 5001) * membrane.dt
    expected = 4 * 5 / 15 * (np.exp(-times / 20) - np.exp(-times / 5))
    assert np.abs(sim.data[v][:, 0] - expected).max() < 0.01 * expected.max()


def test_the_classic_experiment_with_two_millivolts_never_spikes():
    assert Membrane().period(2) == np.inf
    neuron = LIF.from_membrane(Membrane(), shape=1, drive=2)
    with Simulator(neuron) as sim:
        spikes = sim.probe(neuron.s_out)
        sim.run(5000)
        assert Membrane().potential(sim.get(neuron.v)) == pytest.approx(-58)
    assert not sim.data[spikes].any()


@pytest.mark.parametrize("dt", [0.1, 1.0, 7.0])
@pytest.mark.parametrize(
    ("tau_m", "tau_syn"),
    [(10, 5), (5, 10), (8, 8), (8, 8 + 1e-9), (10, 0.2), (0.3, 20)],
)
def test_the_exact_method_is_exact_with_synapses(tau_m, tau_syn, dt):
    """Two linear equations, solved by the exponential of their matrix."""
    membrane = Membrane(tau_m=tau_m, tau_syn=tau_syn, dt=dt, method="exact")
    rng = np.random.default_rng(0)
    spikes = rng.integers(0, 2, size=(30, 1))
    weight, drive = 4.0, 3.0
    neurons = LIF.from_membrane(membrane, shape=1, drive=drive, vth=1e6)
    sent = {"a_in": spikes * weight * membrane.gain}
    process, steps = Case(lambda: neurons, sent).build()
    with Simulator(process) as sim:
        probe = sim.probe(process.v)
        sim.run(steps)
    # d/dt (I, V, drive)
    matrix = np.array(
        [[-1 / tau_syn, 0, 0], [1 / tau_m, -1 / tau_m, 1 / tau_m], [0, 0, 0]]
    )
    advance = scipy.linalg.expm(matrix * dt)
    state, expected = np.array([0, 0, drive]), []
    for spike in spikes[:, 0]:
        state[0] += weight * spike
        state = advance @ state
        expected.append(state[1])
    assert np.ravel(sim.data[probe]) == pytest.approx(expected, rel=1e-10)
