"""The models against Lava's own LIF, and under the contract."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import stats

from lava_apps.loihi2.run_configs import RunConfig
from lava_apps.parameters import ParameterError
from lava_apps.processes.lif import LIF
from lava_apps.runtime import Simulator
from lava_apps.testing import Case, contract
from lava_apps.testing.strategies import generators
from tests.helpers import record

from lava.proc.io.source import RingBuffer
from lava.proc.lif import process as lavas

RNG = np.random.default_rng(3)
INPUTS = RNG.integers(0, 12, size=(40, 2, 3))
NO_HARDWARE = {"decomposition": "beyond Lava's LIF; needs a neuro-core model"}


def within_lavas_lif():
    return LIF(shape=(2, 3), du=1, dv=0, vth=15, bias_mant=[1, 2, 3], bias_exp=2)


def refractory():
    return LIF(shape=(2, 3), du=1, vth=20, bias_mant=1, refractory_period=3)


def thresholds():
    return LIF(shape=(2, 3), du=1, vth=[10, 20, 30], v=5)


def reset_to_a_value():
    return LIF(shape=(2, 3), du=1, vth=20, v_reset=-7)


def subtractive():
    return LIF(shape=(2, 3), du=1, vth=20, reset="subtract")


def adaptive():
    return LIF(shape=(2, 3), du=1, vth=10, theta_plus=150, dtheta=1, theta=3)


def reset_at_intervals():
    return LIF(shape=(2, 3), du=1, vth=20, bias_mant=2, reset_interval=7)


def reset_while_resting():
    options = {"reset_interval": 9, "reset_offset": 4, "refractory_period": 6}
    return LIF(shape=(2, 3), du=1, vth=20, **options)


def noisy():
    return LIF(shape=(2, 3), du=1, vth=20, noise=9, seed=4)


OPTIONS = (
    reset_while_resting,
    refractory,
    thresholds,
    reset_to_a_value,
    subtractive,
    adaptive,
    noisy,
)


@pytest.mark.parametrize(
    ("check", "case"),
    contract(
        Case(within_lavas_lif, {"a_in": INPUTS}),
        Case(reset_at_intervals, {"a_in": INPUTS}),
        *(Case(make, {"a_in": INPUTS}, gaps=NO_HARDWARE) for make in OPTIONS),
    ),
)
def test_contract(check, case):
    check(case)


@pytest.mark.parametrize("make", [within_lavas_lif, reset_at_intervals, *OPTIONS])
@pytest.mark.parametrize("precision", ["floating_pt", "fixed_pt"])
def test_every_case_spikes_and_rests(make, precision):
    spikes = Case(make, {"a_in": INPUTS}).run(precision)["s_out"]
    assert set(np.unique(spikes)) == {0, 1}


def drive(neurons, inputs, config=None, precision="floating_pt"):
    """Give spikes and potentials of neurons that get these inputs."""
    source = RingBuffer(data=np.moveaxis(inputs, 0, -1))
    source.s_out.connect(neurons.a_in)
    with Simulator(neurons, precision=precision, run_cfg=config) as sim:
        probes = [sim.probe(x) for x in (neurons.s_out, neurons.u, neurons.v)]
        sim.run(len(inputs))
    return [sim.data[probe] for probe in probes]


@given(rng=generators())
@settings(max_examples=20, deadline=None)
def test_float_equals_lavas_lif_and_refractory_lif_to_the_last_bit(rng):
    shape = (3, 4)
    inputs = rng.normal(size=(60, *shape))
    common = {
        "shape": shape,
        "du": rng.uniform(),
        "dv": rng.uniform(0, 0.5),
        "vth": rng.uniform(0.5, 2),
        "bias_mant": rng.normal(size=shape),
        "u": rng.normal(size=shape),
        "v": rng.normal(size=shape),
    }
    expected = drive(lavas.LIF(**common), inputs)
    assert expected[0].any()
    for ours, theirs in zip(drive(LIF(**common), inputs), expected, strict=True):
        assert np.array_equal(ours, theirs)

    # LIFRefractory adds u and the bias first, LIF adds the bias last; we do as LIF.
    common["bias_mant"] = np.zeros(shape)
    period = int(rng.integers(1, 6))
    refractory = lavas.LIFRefractory(**common, refractory_period=period)
    expected = drive(refractory, inputs)
    ours = drive(LIF(**common, refractory_period=period), inputs)
    for own, theirs in zip(ours, expected, strict=True):
        assert np.array_equal(own, theirs)


@given(rng=generators(), wild=st.booleans())
@settings(max_examples=30, deadline=None)
def test_fixed_and_its_decomposition_equal_lavas_lif_to_the_last_bit(rng, wild):
    shape, largest = (3, 4), 2**20 if wild else 2000  # wild: u wraps, v saturates
    inputs = rng.integers(-largest, largest + 1, size=(60, *shape))
    common = {
        "shape": shape,
        "du": int(rng.integers(0, 4096)),
        "dv": int(rng.integers(0, 4096)),
        "vth": int(rng.integers(0, 2**17 if wild else 2000)),
        "bias_mant": rng.integers(-4096, 4096, size=shape),
        "bias_exp": rng.integers(0, 8, size=shape),
        "u": rng.integers(-(2**23) + 1, 2**23, size=shape),
        "v": rng.integers(-(2**23) + 1, 2**23, size=shape),
    }
    expected = drive(lavas.LIF(**common), inputs, precision="fixed_pt")
    leaf = drive(LIF(**common), inputs, precision="fixed_pt")
    parts = drive(LIF(**common), inputs, RunConfig("fixed_pt", decompose=True))
    for found in (leaf, parts):
        for ours, theirs in zip(found, expected, strict=True):
            assert np.array_equal(ours, theirs)


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"vth": [1, 2]}, "vth: must be one for all neurons"),
        ({"refractory_period": 2}, "refractory_period: must be 0 in Lava's LIF"),
        ({"v_reset": -3}, "v_reset: must be 0"),
        ({"theta_plus": 3}, "theta_plus: must be 0"),
        ({"noise": 3}, "noise: must be 0"),
        ({"reset": "subtract"}, "reset: must set v to a value"),
        ({"du": 0.5}, "du: must be integers for fixed_pt"),
    ],
)
def test_the_decomposition_refuses_what_lavas_lif_cannot(arguments, message):
    neurons = LIF(shape=2, **arguments)
    with pytest.raises(ParameterError, match=rf"^LIF.{message}"):
        Simulator(neurons, run_cfg=RunConfig("fixed_pt", decompose=True))


@pytest.mark.parametrize(
    ("precision", "arguments", "message"),
    [
        ("floating_pt", {"du": 4095}, "du: must be from 0 to 1 for floating_pt"),
        ("floating_pt", {"v_reset": 11}, "v_reset: must not exceed the lowest"),
        ("fixed_pt", {"dv": 0.1}, "dv: must be integers for fixed_pt, given 0.1"),
        ("fixed_pt", {"vth": 2**17}, "vth: must be from 0 to 131071 for fixed_pt"),
        ("fixed_pt", {"bias_mant": 5000}, "bias_mant: must be from -4096 to 4095"),
        ("fixed_pt", {"v_reset": 641}, "v_reset: must not exceed the lowest"),
    ],
)
def test_what_a_precision_cannot_hold_is_refused_when_the_graph_is_built(
    precision, arguments, message
):
    with pytest.raises(ParameterError, match=rf"^LIF.{message}"):
        Simulator(LIF(shape=2, **arguments), precision=precision)


def test_the_bias_means_the_same_in_both_precisions():
    for precision in ("floating_pt", "fixed_pt"):
        neurons = LIF(shape=1, vth=131_071, bias_mant=3, bias_exp=5)
        with Simulator(neurons, precision=precision) as sim:
            sim.run(2)
            assert sim.get(neurons.v) == 2 * 3 * 2**5


def test_adaptation_can_be_switched_off_during_a_run():
    neurons = LIF(shape=1, dv=0, vth=10, bias_mant=11, theta_plus=1)
    with Simulator(neurons) as sim:
        spikes = sim.probe(neurons.s_out)
        sim.run(1)
        sim.set(neurons.theta_plus, 0)
        sim.run(10)
        assert sim.get(neurons.theta) == 1
    assert sim.data[spikes].sum() == 1 + 5


@pytest.mark.parametrize("seed", range(5))
@pytest.mark.parametrize("precision", ["floating_pt", "fixed_pt"])
def test_noise_is_normal_and_a_run_continues_it(precision, seed):
    dv = 1 if precision == "floating_pt" else 4095  # v is the draw of its time step
    noisy = LIF(shape=500, dv=dv, vth=100_000, noise=3000, bias_mant=50, seed=seed)
    with Simulator(noisy, precision=precision) as sim:
        v = sim.probe(noisy.v)
        sim.run(20)
        middle = sim.snapshot()
        sim.run(20)
        draws = sim.data[v]
    standard = (draws - 50) / 3000
    # Of right generators one in 2,000 would fail one of these ten tests.
    assert stats.kstest(standard.ravel(), "norm").pvalue > 5e-5
    assert len(np.unique(standard, axis=0)) == 40
    assert abs(np.corrcoef(standard[:20].ravel(), standard[20:].ravel())[0, 1]) < 0.05
    # From the state of the middle another run draws the same.
    with Simulator(noisy, precision=precision) as sim:
        sim.run(3)
        sim.restore(middle)
        v = sim.probe(noisy.v)
        sim.run(20)
    assert np.array_equal(sim.data[v], draws[20:])


def test_a_threshold_that_adapts_saturates_at_24_bits():
    largest = 2**23 - 1
    neurons = LIF(
        shape=1, v=largest, vth=0, theta=largest - 100, theta_plus=200, dtheta=0
    )
    with Simulator(neurons, precision="fixed_pt") as sim:
        spikes = sim.probe(neurons.s_out)
        sim.run(1)
        assert sim.get(neurons.theta) == largest
        sim.run(1)
        assert sim.get(neurons.theta) == largest
    assert sim.data[spikes].ravel().tolist() == [1, 0]


def test_seeds_make_different_noise():
    def run(seed):
        return record(LIF(shape=20, vth=1, noise=1, seed=seed).s_out, 20)

    assert np.array_equal(run(1), run(1))
    assert not np.array_equal(run(1), run(2))


@pytest.mark.parametrize("precision", ["floating_pt", "fixed_pt"])
@pytest.mark.parametrize("offset", [None, 0, 3])
def test_resets_at_intervals_are_those_of_lavas_lif_reset(precision, offset):
    fixed = precision == "fixed_pt"
    options = {
        **{"shape": (2, 3), "vth": 200, "bias_mant": 3, "reset_interval": 7},
        **({"du": 300, "dv": 50} if fixed else {"du": 0.1, "dv": 0.02}),
    }
    ours = options | ({} if offset is None else {"reset_offset": offset})
    lava = options | {"reset_offset": 1 if offset is None else offset}
    config = RunConfig(precision)
    recorded = []
    for neurons in (LIF(**ours), lavas.LIFReset(**lava)):
        RingBuffer(data=np.moveaxis(INPUTS * 20, 0, -1)).s_out.connect(neurons.a_in)
        with Simulator(neurons, run_cfg=config) as sim:
            probes = [sim.probe(target) for target in (neurons.s_out, neurons.v)]
            sim.run(len(INPUTS))
        recorded.append([sim.data[probe] for probe in probes])
    for mine, theirs in zip(*recorded, strict=True):
        assert np.array_equal(mine, theirs)
    assert recorded[0][0].any()


def test_a_reset_ends_a_rest():
    neurons = LIF(shape=1, vth=1, bias_mant=2, refractory_period=50, reset_interval=5)
    assert np.flatnonzero(record(neurons.s_out, 16)).tolist() == [0, 5, 10, 15]


def test_an_offset_beyond_its_interval_is_refused():
    with pytest.raises(ParameterError, match=r"LIF.reset_offset: must be below"):
        LIF(shape=1, reset_interval=5, reset_offset=5)
    with pytest.raises(ParameterError, match=r"LIF.reset_offset: must be below"):
        LIF(shape=1, reset_offset=2)
