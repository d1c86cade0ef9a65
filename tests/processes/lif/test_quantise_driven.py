"""Float to fixed, of neurons that adapt or get input, against loops of our own.

The loops are numpy's, over many neurons at once; those of the models are not used.
"""

import numpy as np
import pytest

from lava_apps.loihi2.conversion import input_limit
from lava_apps.parameters import ParameterError
from lava_apps.processes.lif import quantise

LARGEST = 2**23 - 1


def column(sets, name):
    return np.array([np.ravel(p.get(name, 0))[0] for p in sets], dtype=float)


def spikes_of(sets, steps, a_in=0.0, *, fixed):
    """Run one neuron for each set of parameters; give their spikes."""
    du, dv, vth, bias, exponent, v_reset, plus, dtheta, period = (
        column(sets, name)
        for name in (
            "du", "dv", "vth", "bias_mant", "bias_exp",
            "v_reset", "theta_plus", "dtheta", "refractory_period",
        )
    )  # fmt: skip
    subtract = np.array([p.get("reset") == "subtract" for p in sets])
    bias = bias * 2**exponent
    u, v, theta, rest = np.zeros((4, len(sets)))
    limit = LARGEST if fixed else np.inf
    if fixed:  # whole numbers below 2**53 are exact
        vth, a_in, du = 64 * vth, 64 * np.asarray(a_in), du + 1

    def kept(value, lost):
        return np.trunc(value * (4096 - lost) / 4096) if fixed else value * (1 - lost)

    spikes = np.zeros((steps, len(sets)), dtype=bool)
    for now in range(steps):
        u = kept(u, du) + a_in
        assert (np.abs(u) <= limit).all()
        theta = kept(theta, dtheta)
        active = rest <= 0
        rest = rest - ~active
        v = np.where(active, np.clip(kept(v, dv) + u + bias, -limit, limit), v)
        spikes[now] = fires = active & (v > vth + theta)
        v = np.where(fires, np.where(subtract, v - vth - theta, v_reset), v)
        theta = np.where(fires, np.minimum(theta + plus, limit), theta)
        rest = np.where(fires, period, rest)
    return spikes


def rates(spikes):
    times = [np.flatnonzero(train) for train in spikes.T]
    return np.array(
        [(len(t) - 1) / (t[-1] - t[0]) if len(t) > 1 else 0.0 for t in times]
    )


def draw(make, seed, number):
    """Give sets that are accepted, what they become, and how many are refused."""
    rng = np.random.default_rng(seed)
    accepted, quantised, refused = [], [], 0
    while len(accepted) < number:
        parameters = make(rng)
        try:
            quantised.append(quantise(**parameters))
        except ParameterError:
            refused += 1
        else:
            accepted.append(parameters)
    return accepted, quantised, refused


def compare(wanted, found):
    """Give the errors of rates above 5 in 1,000 steps; others must be slow, too."""
    wanted, found = rates(wanted), rates(found)
    fast = wanted > 0.005
    assert (found[~fast] < 0.0052).all()
    return np.abs(found[fast] / wanted[fast] - 1)


def adaptive(rng):
    dv = 10 ** rng.uniform(-3.3, -0.3)
    vth = 10 ** rng.uniform(-2, 3)
    parameters = {
        "dv": dv,
        "du": 1.0,
        "vth": vth,
        "bias_mant": dv * vth * 10 ** rng.uniform(-0.3, 1.5),
        "theta_plus": vth * 10 ** rng.uniform(-3, 1),
        "dtheta": 10 ** rng.uniform(-3, -0.3),
    }
    if rng.uniform() < 0.3:
        parameters["refractory_period"] = int(rng.integers(1, 20))
    if rng.uniform() < 0.3:
        parameters["v_reset"] = -vth * rng.uniform(0, 2)
    elif rng.uniform() < 0.3:
        parameters["reset"] = "subtract"
    return parameters


@pytest.mark.parametrize("seed", range(3))
def test_late_rates_of_adaptive_neurons_agree_within_two_percent(seed):
    sets, quantised, refused = draw(adaptive, seed, 100)
    assert refused < 10
    integers = [q.parameters for q in quantised]
    wanted = spikes_of(sets, 15_000, fixed=False)[-4000:]
    found = spikes_of(integers, 15_000, fixed=True)[-4000:]
    errors = compare(wanted, found)
    assert len(errors) > 40
    assert errors.max() <= 0.02


def test_a_neuron_that_slows_down_is_refused():
    neuron = {"vth": 1.0, "dv": 0.0, "du": 1.0, "bias_mant": 3.0, "theta_plus": 1.0}
    # Its threshold settles at 100 times vth; 24 bits hold 64 times, so that v stays
    # at their end until the threshold has decayed to there.
    spikes = spikes_of([{**neuron, "dtheta": 0.0003}], 40_000, fixed=False)
    assert rates(spikes[-8000:]) == pytest.approx(0.03, rel=0.05)
    with pytest.raises(
        ParameterError, match=r"quantise.bias_mant: .* best gives 6\d\."
    ):
        quantise(**neuron, dtheta=0.0003)
    # One that never settles is silent sooner or later.
    with pytest.raises(ParameterError, match=r"quantise.dtheta: must be above 0 where"):
        quantise(**neuron)


def driven(rng):
    du = 10 ** rng.uniform(-3.3, 0)
    dv = 10 ** rng.uniform(-3, np.log10(0.5))
    vth = 10 ** rng.uniform(-2, 3)
    steady = vth * dv * 10 ** rng.uniform(-0.3, 1.5)
    return {"du": du, "dv": dv, "vth": vth, "input_max": du * steady}


@pytest.mark.parametrize("seed", range(3))
def test_rates_under_the_largest_input_agree_within_two_percent(seed):
    sets, quantised, refused = draw(driven, seed, 60)
    assert refused < 120
    inputs = column(sets, "input_max")
    scaled = np.rint(inputs * [q.weight_scale for q in quantised])
    integers = [q.parameters for q in quantised]
    wanted = spikes_of(sets, 15_000, inputs, fixed=False)[-4000:]
    found = spikes_of(integers, 15_000, scaled, fixed=True)[-4000:]
    errors = compare(wanted, found)
    assert len(errors) > 40
    assert errors.max() <= 0.02


@pytest.mark.parametrize("du", [0.00025, 0.0004, 0.003, 0.7])
def test_a_constant_input_gives_the_same_steady_current(du):
    quantised = quantise(vth=1.0, dv=0.02, du=du, input_max=30 * du)
    steady = 64 * 30 * du * quantised.weight_scale * 4096
    steady /= quantised.parameters["du"] + 1
    assert steady / quantised.scale == pytest.approx(30)


def test_an_input_that_integers_would_change_is_refused():
    neuron = {"vth": 1.0, "dv": 0.02, "du": 0.00025}
    with pytest.raises(ParameterError, match=r"quantise.input_max: is .* units, too"):
        quantise(**neuron, input_max=2 * 0.00025 * 0.02)
    # A steady potential 0.2 % above the threshold: whether it is is rounded.
    with pytest.raises(ParameterError, match=r"input_max: in every step makes"):
        quantise(vth=1.0, dv=0.0031, du=1.0, input_max=0.0031 * 1.002)


@pytest.mark.parametrize("synapses", [1, 7, 1000])
@pytest.mark.parametrize("du", [0.003, 0.05, 1.0])
def test_weights_rounded_towards_zero_do_not_wrap_the_current(du, synapses):
    for largest in (40.0, 41.3, 55.5):
        quantised = quantise(vth=1.0, dv=0.05, du=du, input_max=largest)
        weight = largest / synapses * quantised.weight_scale
        limit = input_limit(quantised.parameters["du"])
        assert synapses * np.trunc(weight) <= limit
        if synapses == 1:
            assert np.rint(weight) <= limit
        # To the nearest they exceed the sum, by no more than the docstring says.
        assert synapses * np.rint(weight) <= limit + synapses / 2
