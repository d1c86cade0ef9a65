"""Float to fixed: the rates stay, and what cannot be represented is refused."""

import numpy as np
import pytest

from lava_apps.loihi2.conversion import input_limit
from lava_apps.loihi2.formats import POTENTIAL_MAX
from lava_apps.parameters import ParameterError
from lava_apps.processes.lif import LIF, Membrane, quantise
from lava_apps.runtime import Simulator

from lava.proc.io.source import RingBuffer


def rates(parameters, precision, steps=4000):
    """Measure spikes a step by the mean interval; 0 for less than two spikes."""
    neurons = LIF(shape=np.shape(parameters["bias_mant"]) or 1, **parameters)
    with Simulator(neurons, precision=precision) as sim:
        spikes = sim.probe(neurons.s_out)
        sim.run(steps)
    times = [np.flatnonzero(train) for train in sim.data[spikes].T]
    return np.array(
        [(len(t) - 1) / (t[-1] - t[0]) if len(t) > 1 else 0.0 for t in times]
    )


def random_parameters(rng):
    dv = 10 ** rng.uniform(-3.3, -0.3)
    vth = 10 ** rng.uniform(-2, 3)
    # Steady potential from half the threshold to 30 times.
    bias = dv * vth * 10 ** rng.uniform(-0.3, 1.5)
    parameters = {"dv": dv, "du": 1.0, "vth": vth, "bias_mant": np.array([bias])}
    if rng.uniform() < 0.3:
        parameters["refractory_period"] = int(rng.integers(1, 20))
    if rng.uniform() < 0.3:
        parameters["v_reset"] = -vth * rng.uniform(0, 2)
    elif rng.uniform() < 0.3:
        parameters["reset"] = "subtract"
    return parameters


def test_rates_agree_within_two_percent_over_a_thousand_random_neurons():
    rng = np.random.default_rng(20)
    accepted = fast = refused = 0
    while accepted < 1000:
        parameters = random_parameters(rng)
        try:
            quantised = quantise(**parameters)
        except ParameterError:
            refused += 1
            continue
        accepted += 1
        (wanted,) = rates(parameters, "floating_pt", 1000)
        (found,) = rates(quantised.parameters, "fixed_pt", 1000)
        if wanted > 0.005:
            fast += 1
            assert abs(found / wanted - 1) <= 0.02, parameters
        else:
            assert found <= 0.0052
    assert fast > 600
    assert refused < 20


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"vth": 10, "dv": 1e-4}, "dv: must be at least 0.000122 in 12 bits, or 0"),
        ({"vth": 10, "dv": 0.1, "du": 0}, "du: must be at least 0.000122 in 12 bits"),
        ({"vth": 10, "dv": 0.1, "dtheta": 1e-5}, "dtheta: must be at least"),
        ({"vth": 0, "dv": 0.1}, "vth: must be above 0"),
        ({"vth": [1e-7, 10], "dv": 0.1}, "vth: vanishes in 17 bits beside vth"),
        ({"vth": 1, "dv": 0.1, "bias_mant": 1e5}, "vth: vanishes .* beside bias_mant"),
        ({"vth": 1, "dv": 0.1, "input_max": 1e6}, "vth: vanishes .* beside input_max"),
        (
            {"vth": 10, "dv": 0.1, "theta_plus": 1e-7, "dtheta": 0.1},
            "theta_plus: vanishes in 24 bits",
        ),
        ({"vth": 10, "dv": 0.1, "v_reset": 1e-7}, "v_reset: vanishes in 24 bits"),
        ({"vth": 10, "dv": 0.1, "noise": 1e-7}, "noise: vanishes in 24 bits"),
        ({"vth": 1, "dv": 0, "theta_plus": 1}, "dtheta: must be above 0 where"),
        ({"vth": 1e-320, "dv": 0.1}, "vth: must be large enough"),
        (
            {"vth": 10, "dv": 0.1, "bias_mant": 1 + 1e-9},
            "bias_mant: has no mantissa that keeps the interval",
        ),
        ({"vth": [1, 2], "dv": 0.1, "bias_mant": [1, 2, 3]}, "bias_mant: must fit"),
        ({"vth": 10, "dv": 0.1, "v_reset": 11}, "v_reset: must not exceed"),
        ({"vth": 10, "dv": 1.5}, "dv: must be less than or equal to 1"),
    ],
)
def test_what_cannot_be_represented_is_an_error(arguments, message):
    with pytest.raises(ParameterError, match=rf"^quantise.{message}"):
        quantise(**{"du": 1.0, **arguments})


def test_the_report_tells_the_rounding_of_each_parameter():
    quantised = quantise(vth=10, dv=0.01, du=0.2, bias_mant=0.12)
    assert quantised.parameters["dv"] == 41
    assert quantised.rounding["dv"] == pytest.approx(41 / 40.96 - 1)
    assert quantised.parameters["du"] == 818
    assert quantised.rounding["du"] == pytest.approx(1 - 819 / 819.2)
    assert quantised.parameters["vth"] == 131_071 // 8
    assert quantised.rounding["vth"] == 0
    mantissa, exponent = (quantised.parameters[n] for n in ("bias_mant", "bias_exp"))
    bias = mantissa * 2.0**exponent / quantised.scale
    assert quantised.rounding["bias_mant"] == pytest.approx(abs(bias / 0.12 - 1))
    assert quantised.interval_error == 0


def test_each_neuron_gets_its_own_bias_and_threshold_in_the_shape_given():
    drives = np.array([[11.0, 14.0, 30.0], [2.0, 0.0, -5.0]])
    parameters = Membrane().parameters(drives)
    quantised = quantise(**parameters)
    assert quantised.parameters["bias_mant"].shape == (2, 3)

    def run(parameters, precision):
        neurons = LIF(shape=(2, 3), **parameters)
        with Simulator(neurons, precision=precision) as sim:
            spikes = sim.probe(neurons.s_out)
            sim.run(1000)
        return sim.data[spikes]

    expected = run(parameters, "floating_pt")
    assert expected.any(axis=0).tolist() == [[True] * 3, [False] * 3]
    assert np.array_equal(run(quantised.parameters, "fixed_pt"), expected)


@pytest.mark.parametrize("du", [0.01, 0.3, 1.0])
def test_the_largest_input_in_every_step_does_not_wrap_the_current(du):
    quantised = quantise(vth=1.0, dv=0.05, du=du, input_max=40.0)
    limit = input_limit(quantised.parameters["du"])
    largest = int(40 * quantised.weight_scale)
    assert 0.9 * limit < largest <= limit
    current = run_current(quantised.parameters["du"], limit)
    assert (np.diff(current) >= 0).all()
    assert current[-1] <= POTENTIAL_MAX
    # The bound is tight, up to what is cut off in each step.
    beyond = run_current(quantised.parameters["du"], int(1.02 * limit) + 2)
    assert (beyond < 0).any()


def run_current(du, a_in):
    from lava_apps.loihi2.arithmetic import next_current

    u, currents = 0, []
    for _ in range(4000):
        u = next_current(u, du, a_in)
        currents.append(u)
    return np.array(currents)


def test_the_rates_of_synaptically_driven_neurons_agree_too():
    rng = np.random.default_rng(0)
    membrane = Membrane(tau_m=20, tau_syn=5, dt=1, t_ref=2)
    parameters = membrane.parameters()
    weight = 30 * membrane.gain
    quantised = quantise(**parameters, input_max=3 * weight)
    trains = (rng.uniform(size=(50, 3000)) < 0.15) * 1
    counts = []
    for precision, values, size in (
        ("floating_pt", parameters, weight),
        ("fixed_pt", quantised.parameters, round(weight * quantised.weight_scale)),
    ):
        source = RingBuffer(data=trains * size)
        neurons = LIF(shape=50, **values)
        source.s_out.connect(neurons.a_in)
        with Simulator(neurons, precision=precision) as sim:
            spikes = sim.probe(neurons.s_out)
            sim.run(3000)
        counts.append(sim.data[spikes].sum())
    assert counts[0] > 5000
    assert abs(counts[1] / counts[0] - 1) < 0.02


DRIVES = {  # options, and input: rate and weight of excitation, of inhibition
    "input": ({}, (0.3, 0.3), (0, 0)),
    "adaptation": ({"theta_plus": 0.1, "dtheta": 0.01}, (0.3, 0.3), (0, 0)),
    "subtraction": ({"reset": "subtract"}, (0.8, 0.7), (0, 0)),
    "noise": ({"noise": 1.0}, (0, 0), (0, 0)),
    "balance": ({}, (0.3, 0.5), (0.15, 1.2)),
}


@pytest.mark.parametrize("kind", DRIVES)
@pytest.mark.parametrize("seed", range(2))
def test_there_is_room_for_what_goes_beyond_the_threshold(kind, seed):
    options, excitation, inhibition = DRIVES[kind]
    rng = np.random.default_rng(seed)
    trains = [
        (rng.random((50, 3000)) < rate) * size
        for rate, size in (excitation, inhibition)
    ]
    data = trains[0] - trains[1]
    parameters = {"vth": 1.0, "dv": 0.02, "du": 1.0, **options}
    quantised = quantise(**parameters)
    found = []
    for precision, values, scale in (
        ("floating_pt", parameters, 1),
        ("fixed_pt", quantised.parameters, quantised.weight_scale),
    ):
        neurons = LIF(shape=50, **values)
        whole = precision == "fixed_pt"
        source = RingBuffer(data=np.rint(data * scale).astype(int) if whole else data)
        source.s_out.connect(neurons.a_in)
        with Simulator(neurons, precision=precision) as sim:
            spikes = sim.probe(neurons.s_out)
            sim.run(3000)
        found.append(sim.data[spikes].mean())
    assert found[0] > 0.005
    assert found[1] == pytest.approx(found[0], rel=0.01)


def test_long_intervals_are_kept_as_well():
    quantised = quantise(vth=1.0, dv=0.0002, du=1.0, bias_mant=0.00021)
    closed_form = np.log(0.05 / 1.05) / np.log1p(-0.0002)  # some 15,000 time steps
    (spike, *_) = first_spikes(quantised.parameters, 20_000)
    assert spike == pytest.approx(closed_form, rel=0.02)
    assert 0 < quantised.interval_error < 0.02


def first_spikes(parameters, steps):
    neurons = LIF(shape=1, **parameters)
    with Simulator(neurons, precision="fixed_pt") as sim:
        spikes = sim.probe(neurons.s_out)
        sim.run(steps)
    return np.flatnonzero(sim.data[spikes])


def test_a_reset_rounds_to_no_more_than_the_lowest_threshold():
    quantised = quantise(vth=[1.0, 30.0], dv=0.001, du=1.0, v_reset=1.0)
    neurons = LIF(shape=2, **quantised.parameters)
    with Simulator(neurons, precision="fixed_pt") as sim:
        sim.run(1)


def test_the_report_tells_what_a_spike_brings_and_what_becomes_of_noise():
    asked = {"v_reset": -0.000_123, "theta_plus": 0.000_245, "noise": 0.000_019}
    quantised = quantise(vth=10, dv=0.01, du=1.0, dtheta=0.01, **asked)
    scale = quantised.scale
    for name in ("v_reset", "theta_plus"):
        integer = round(asked[name] * scale)
        assert quantised.parameters[name] == integer
        error = abs(integer / scale / asked[name] - 1)
        assert 0.001 < error == pytest.approx(quantised.rounding[name])
    deviation = quantised.parameters["noise"]
    assert deviation == asked["noise"] * scale
    draws = np.rint(np.random.default_rng(1).normal(0, deviation, 10**6))
    error = abs(draws.std() / deviation - 1)
    assert 0.005 < error == pytest.approx(quantised.rounding["noise"], abs=0.003)
    large = quantise(vth=10, dv=0.01, du=1.0, noise=1.0)
    assert large.rounding["noise"] < 1e-6
