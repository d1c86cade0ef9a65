"""The equations against references that are written down here or by others."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from lava_apps.processes.lif import LIF
from lava_apps.runtime import Simulator
from tests.processes.lif.test_models import drive


class ScalarNeuron:
    """One neuron of the chip in Python's integers, from the text of LOIHI2 alone.

    24-bit u that wraps, 24-bit v that saturates; decays of 12 bits whose products
    are cut off towards zero; input shifted by 6; v rests while refractory.
    """

    def __init__(self, du, dv, vth, bias, period, v_reset, subtract, plus, dtheta):
        self.lose_u, self.lose_v, self.lose_theta = du + 1, dv, dtheta
        self.vth, self.bias, self.period, self.v_reset = vth, bias, period, v_reset
        self.subtract, self.plus = subtract, plus
        self.u = self.v = self.theta = self.rest = 0

    @staticmethod
    def part(value, lost):
        return int(value * (4096 - lost) / 4096)  # exact: 24 + 12 bits fit a double

    def step(self, a_in):
        self.u = self.part(self.u, self.lose_u) + 64 * a_in
        if self.u > 2**23:
            self.u -= 2**24
        elif self.u <= -(2**23):
            self.u += 2**24
        self.theta = self.part(self.theta, self.lose_theta)
        if self.rest:
            self.rest -= 1
            return 0
        v = self.part(self.v, self.lose_v) + self.u + self.bias
        self.v = sorted((-(2**23) + 1, v, 2**23 - 1))[1]
        limit = 64 * self.vth + self.theta
        if self.v <= limit:
            return 0
        self.v = self.v - limit if self.subtract else self.v_reset
        self.theta = min(self.theta + self.plus, 2**23 - 1)
        self.rest = self.period
        return 1


@given(st.data())
@settings(max_examples=60, deadline=None)
def test_fixed_equals_a_scalar_neuron_in_pythons_integers(data):
    rng = np.random.default_rng(data.draw(st.integers(0, 2**32 - 1)))
    subtract = data.draw(st.booleans())
    adapts = data.draw(st.booleans())
    du, dv = (int(x) for x in rng.choice([0, 1, 40, 409, 4000, 4095], 2))
    vth = int(rng.integers(1, rng.choice([50, 5000, 2**17])))
    mantissa, exponent = int(rng.integers(-4096, 4096)), int(rng.integers(0, 8))
    period = int(rng.integers(0, 9))
    v_reset = 0 if subtract else int(rng.integers(-64 * vth, 64 * vth))
    plus, dtheta = (int(x) * adapts for x in rng.integers(0, 4096, 2))
    inputs = rng.integers(-vth // 4, vth, size=(80, 1))
    neurons = LIF(
        shape=1,
        du=du,
        dv=dv,
        vth=vth,
        bias_mant=mantissa,
        bias_exp=exponent,
        refractory_period=period,
        reset="subtract" if subtract else "value",
        v_reset=v_reset,
        theta_plus=plus,
        dtheta=dtheta,
    )
    found = drive(neurons, inputs, precision="fixed_pt")
    bias = mantissa * 2**exponent
    reference = ScalarNeuron(du, dv, vth, bias, period, v_reset, subtract, plus, dtheta)
    for (a_in,), spike, u, v in zip(inputs.tolist(), *found, strict=True):
        assert reference.step(a_in) == spike
        assert (reference.u, reference.v) == (u, v)


def run(steps=400, precision="floating_pt", **parameters):
    neurons = LIF(shape=1, **parameters)
    with Simulator(neurons, precision=precision) as sim:
        probes = [sim.probe(x) for x in (neurons.s_out, neurons.v, neurons.theta)]
        sim.run(steps)
    return [sim.data[probe][:, 0] for probe in probes]


def test_a_refractory_neuron_rests_that_many_steps():
    for period in range(6):
        spikes, v, _ = run(bias_mant=2, vth=9, refractory_period=period, v_reset=1)
        times = np.flatnonzero(spikes)
        assert set(np.diff(times)) == {5 + period}  # 3, 5, 7, 9, 11 after the rest
        rest = v[times[0] : times[0] + period + 1]
        assert (rest == 1).all()


def test_without_leak_subtraction_loses_nothing_of_the_input():
    # 400 steps of 0.7 are 280, of which spikes took 3 each; the rest is in v.
    spikes, v, _ = run(bias_mant=0.7, vth=3, reset="subtract")
    assert 3 * spikes.sum() + v[-1] == pytest.approx(400 * 0.7)
    lossy, _, _ = run(bias_mant=0.7, vth=3)
    assert lossy.sum() < spikes.sum()


def test_the_adaptive_threshold_grows_by_spikes_and_decays_exponentially():
    spikes, _, theta = run(bias_mant=2, vth=5, theta_plus=3, dtheta=0.1, steps=100)
    expected = 0.0
    for spike, found in zip(spikes, theta, strict=True):
        expected = expected * 0.9 + 3 * spike
        assert found == pytest.approx(expected)
    intervals = np.diff(np.flatnonzero(spikes))
    assert intervals[0] < intervals[-1]


def test_adaptation_that_never_decays_spreads_spikes_as_its_sum_says():
    # Without leak and decay the n-th interval takes vth + (n - 1) theta_plus.
    spikes, _, _ = run(bias_mant=1, vth=9.5, theta_plus=5, steps=400)
    assert np.diff(np.flatnonzero(spikes)).tolist()[:4] == [15, 20, 25, 30]
