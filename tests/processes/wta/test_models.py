"""Winner-take-all against definitions, and under the contract."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from lava_apps.parameters import ParameterError
from lava_apps.processes.wta import (
    Decision,
    SpikingWinnerTakeAll,
    WinnerTakeAll,
    decision,
)
from lava_apps.runtime import Simulator
from lava_apps.testing import Case, contract
from lava_apps.testing.strategies import generators

from lava.proc.io.source import RingBuffer

RNG = np.random.default_rng(1)
INPUTS = RNG.integers(-5, 20, size=(24, 2, 3))
STARTS = (np.arange(24) % 8 == 0).astype(int)[:, None]
TRIAL = np.repeat(RNG.integers(0, 33, size=(3, 2, 3)), 20, axis=0)
CPU_ONLY = {"decomposition": "CPU only; SpikingWinnerTakeAll is for Loihi 2"}


def hard():
    return WinnerTakeAll(shape=(2, 3))


def two_winners():
    return WinnerTakeAll(shape=(2, 3), winners=2, threshold=None)


def soft():
    return WinnerTakeAll(shape=(2, 3), inhibition=2, dv=1)


def spiking():
    return SpikingWinnerTakeAll(shape=(2, 3))


def leaky_with_reset():
    return SpikingWinnerTakeAll(shape=(2, 3), dv=1, reset_interval=20, input_max=33)


def wide_weights():
    return SpikingWinnerTakeAll(shape=(2, 3), vth=200, input_max=40)


def rising():
    options = {"reset_interval": 20, "reset_offset": 0}
    bias = {"bias_mant": 33, "bias_exp": 3}
    return SpikingWinnerTakeAll(shape=(2, 3), input_max=33, **options, **bias)


SPIKING = (spiking, leaky_with_reset, wide_weights, rising)


@pytest.mark.parametrize(
    ("check", "case"),
    contract(
        *(
            Case(make, {"a_in": INPUTS, "start_in": STARTS}, gaps=CPU_ONLY)
            for make in (hard, two_winners, soft)
        ),
        *(Case(make, {"a_in": TRIAL}) for make in SPIKING),
    ),
)
def test_contract(check, case):
    check(case)


@pytest.mark.parametrize("make", SPIKING)
def test_the_spiking_cases_spike(make):
    assert Case(make, {"a_in": TRIAL}).run("fixed_pt")["s_out"].sum() > 5


@given(rng=generators(), winners=st.integers(1, 6))
@settings(max_examples=40, deadline=None)
@pytest.mark.parametrize("precision", ["floating_pt", "fixed_pt"])
def test_hard_takes_the_largest_and_of_equals_the_lowest_index(precision, rng, winners):
    inputs = rng.integers(-3, 4, size=(10, 6))  # many ties

    def make():
        return WinnerTakeAll(shape=6, winners=winners)

    sent = Case(make, {"a_in": inputs}).run(precision)
    for a_in, spikes, activity, index in zip(
        inputs, sent["s_out"], sent["a_out"], sent["winner_out"], strict=True
    ):
        order = sorted(range(6), key=lambda i: (-a_in[i], i))
        expected = [i for i in order[:winners] if a_in[i] > 0]
        assert sorted(expected) == np.flatnonzero(spikes).tolist()
        assert np.array_equal(activity, a_in * spikes)
        assert index == (expected[0] if expected else -1)


def test_without_a_threshold_there_always_is_a_winner():
    inputs = np.array([[-3, -1, -2], [0, 0, 0]])
    case = Case(lambda: WinnerTakeAll(shape=3, threshold=None), {"a_in": inputs})
    assert case.run("floating_pt")["winner_out"].ravel().tolist() == [1, 0]


def settle(process, inputs, precision, steps):
    """Run a competition with constant inputs; give s_out and a_out."""
    case = Case(lambda: process, {"a_in": np.tile(inputs, (steps, 1))})
    return case.run(precision)


@pytest.mark.parametrize(("a", "b", "w"), [(10, 8, 0.5), (20, 19, 0.9), (5, 1, 0.1)])
def test_soft_competition_below_one_settles_at_the_closed_form(a, b, w):
    sent = settle(WinnerTakeAll(shape=2, inhibition=w), [a, b], "floating_pt", 600)
    expected = np.array([a - w * b, b - w * a]) / (1 - w**2)
    assert sent["a_out"][-1] == pytest.approx(expected)
    assert sent["s_out"][-1].tolist() == [1, 1]
    integers = WinnerTakeAll(shape=2, inhibition=round(256 * w), dv=1000)
    fixed = settle(integers, [100 * a, 100 * b], "fixed_pt", 600)
    w = round(256 * w) / 256
    expected = 100 * np.array([a - w * b, b - w * a]) / (1 - w**2)
    assert np.abs(fixed["a_out"][-1] - expected).max() < 3


@pytest.mark.parametrize("w", [1.0, 1.5, 4.0])
def test_soft_competition_from_one_on_leaves_the_strongest(w):
    rng = np.random.default_rng(5)
    for _ in range(10):
        inputs = rng.permutation(np.linspace(5, 10, 6))
        process = WinnerTakeAll(shape=6, inhibition=w)
        sent = settle(process, inputs, "floating_pt", 3000)
        assert np.flatnonzero(sent["s_out"][-1]).tolist() == [inputs.argmax()]
        assert sent["a_out"][-1].max() == pytest.approx(10, rel=1e-3)


@pytest.mark.parametrize(
    ("precision", "options"),
    [
        ("floating_pt", {"inhibition": 2, "dv": 0.05}),
        ("fixed_pt", {"inhibition": 2 * 256, "dv": 205}),
    ],
)
def test_the_time_to_decision_is_when_the_winners_last_changed(precision, options):
    times = {}
    for close in (50, 95):
        process = WinnerTakeAll(shape=2, **options)
        source = Case(lambda p=process: p, {"a_in": np.tile([100, close], (300, 1))})
        built, steps = source.build()
        with Simulator(built, precision=precision) as sim:
            spikes = sim.probe(built.s_out)
            sim.run(steps)
            times[close] = int(sim.get(built.decision_time)[0])
        sent = sim.data[spikes]
        changes = np.flatnonzero((np.diff(sent, axis=0) != 0).any(axis=1))
        assert times[close] == changes[-1] + 2
        assert sent[-1].tolist() == [1, 0]
    assert times[50] < times[95]


def test_a_start_begins_a_new_trial():
    inputs = np.repeat([[9, 1], [1, 9]], 40, axis=0)
    starts = (np.arange(80) % 40 == 0)[:, None] * 1

    def make():
        return WinnerTakeAll(shape=2, inhibition=30)

    case = Case(make, {"a_in": inputs, "start_in": starts})
    sent = case.run("floating_pt")
    assert sent["winner_out"][[39, 79], 0].tolist() == [0, 1]
    assert np.array_equal(sent["a_out"][40], sent["a_out"][0][::-1])
    # Without a start the first winner keeps the other down for ever.
    stuck = Case(make, {"a_in": inputs}).run("floating_pt")
    assert stuck["winner_out"][[39, 79], 0].tolist() == [0, 0]


@given(
    inputs=st.lists(st.integers(0, 32), min_size=2, max_size=8),
    precision=st.sampled_from(["floating_pt", "fixed_pt"]),
)
@settings(max_examples=150, deadline=None)
def test_one_spiking_neuron_goes_on_and_ties_go_to_the_lowest_index(inputs, precision):
    process = SpikingWinnerTakeAll(shape=len(inputs))
    spikes = settle(process, inputs, precision, 800)["s_out"]
    first = {a: 64 // a + 1 if a else np.inf for a in inputs}  # steps to exceed 64
    fastest = min(first.values())
    if fastest == np.inf:
        assert not spikes.any()
        assert decision(spikes) is None
        return
    tied = [i for i, a in enumerate(inputs) if first[a] == fastest]
    volley = np.flatnonzero(spikes.any(axis=1))[0]
    assert volley == fastest - 1
    assert np.flatnonzero(spikes[volley]).tolist() == tied
    found = decision(spikes)
    assert found is not None
    assert found.winner == tied[0]
    if len(tied) == 1:
        assert found.time_step == fastest
    # From the second volley on there is one neuron, and only one.
    later = spikes[volley + 1 :]
    assert np.flatnonzero(later.any(axis=0)).tolist() == [tied[0]]


def test_the_inhibition_is_what_8_bit_weights_hold():
    process = SpikingWinnerTakeAll(shape=3, vth=1000, input_max=300)
    assert process.inhibition.init == 1312  # 82 * 2**4, from 1300
    assert process.tie_break.init == 1520  # 95 * 2**4, from 3624 / 3 + 300


def test_symmetric_inhibition_leaves_ties_tied():
    process = SpikingWinnerTakeAll(shape=3, tie_break=0)
    spikes = settle(process, [20, 20, 7], "fixed_pt", 200)["s_out"]
    assert np.array_equal(spikes[:, 0], spikes[:, 1])
    assert spikes[:, 0].sum() > 5
    assert decision(spikes) is None


@pytest.mark.parametrize(
    ("cls", "arguments", "message"),
    [
        (WinnerTakeAll, {"shape": 3, "winners": 4}, "winners: must not exceed"),
        (WinnerTakeAll, {"shape": 3, "winners": 0}, "winners: must be greater"),
        (WinnerTakeAll, {"shape": 3, "dv": 0.1}, "dv: goes with inhibition"),
        (WinnerTakeAll, {"shape": 3, "inhibition": 1, "dv": 0}, "dv: must be above"),
        (
            WinnerTakeAll,
            {"shape": 3, "inhibition": 1, "winners": 2},
            "winners: goes without inhibition",
        ),
        (
            WinnerTakeAll,
            {"shape": 3, "inhibition": 1, "threshold": None},
            "threshold: goes without inhibition",
        ),
        (WinnerTakeAll, {"shape": 3, "inhibition": -1}, "inhibition: must be greater"),
        (SpikingWinnerTakeAll, {"shape": 3, "input_max": 0}, "input_max: must be gre"),
        (SpikingWinnerTakeAll, {"shape": 3, "vth": 31}, "vth: must be at least"),
        (
            SpikingWinnerTakeAll,
            {"shape": 3, "vth": 40_000},
            "inhibition: and tie_break must not exceed 32640 together",
        ),
        (
            SpikingWinnerTakeAll,
            {"shape": 60},
            "tie_break: takes .* tie_break=0 leaves ties tied",
        ),
        (SpikingWinnerTakeAll, {"shape": 3, "reset_interval": 0}, "reset_interval: "),
        (
            SpikingWinnerTakeAll,
            {"shape": 3, "reset_interval": 2**65},
            "reset_interval: must be less",
        ),
        (SpikingWinnerTakeAll, {"shape": 3, "reset_offset": 1}, "reset_offset: must "),
        (SpikingWinnerTakeAll, {"shape": 3, "bias_exp": 8}, "bias_exp: must be less"),
    ],
)
def test_bad_arguments_are_refused(cls, arguments, message):
    with pytest.raises(ParameterError, match=rf"^{cls.__name__}.{message}"):
        cls(**arguments)


def test_fractions_are_refused_in_fixed_point():
    for process in (
        WinnerTakeAll(shape=3, inhibition=0.5, dv=0.5),
        SpikingWinnerTakeAll(shape=3, dv=0.5),
    ):
        with pytest.raises(ParameterError, match="must be integers for fixed_pt"):
            Simulator(process, precision="fixed_pt")


@pytest.mark.parametrize(
    ("spikes", "expected"),
    [
        ([[0, 0], [0, 0]], None),
        ([[1, 0], [0, 0]], Decision(0, 1)),
        ([[1, 1], [0, 1], [0, 0], [0, 1]], Decision(1, 2)),
        ([[0, 1], [1, 0], [0, 1]], Decision(1, 3)),
        ([[0, 1], [1, 1]], None),
    ],
)
def test_decision(spikes, expected):
    assert decision(spikes) == expected


def test_the_default_decay_is_for_floats_and_says_so():
    competition = WinnerTakeAll(shape=2, inhibition=0)
    with pytest.raises(ParameterError, match=r"WinnerTakeAll.dv: must be given"):
        Simulator(competition, precision="fixed_pt")


def test_slow_decays_do_not_stall_in_integers():
    steady = {}
    for precision, inhibition, dv in (
        ("floating_pt", 0.5, 0.01),
        ("fixed_pt", 128, 41),
    ):
        competition = WinnerTakeAll(shape=2, inhibition=inhibition, dv=dv)
        source = RingBuffer(data=np.array([[10], [9]]))
        source.s_out.connect(competition.a_in)
        with Simulator(competition, precision=precision) as sim:
            sim.run(5000)
            steady[precision] = sim.get(competition.activity)
    expected = [(10 - 0.5 * 9) / 0.75, (9 - 0.5 * 10) / 0.75]
    assert np.allclose(steady["floating_pt"], expected, rtol=1e-6)
    assert np.allclose(steady["fixed_pt"] / 2**18, expected, rtol=1e-3)
