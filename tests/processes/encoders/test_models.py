"""Encoders against statistics and definitions, and under the contract."""

import numpy as np
import pytest
from hypothesis import given, settings
from scipy import stats

from lava_apps.parameters import ParameterError
from lava_apps.processes.encoders import (
    DeltaEncoder,
    GradedEncoder,
    LatencyEncoder,
    PopulationEncoder,
    RateEncoder,
    receptive_field_centres,
    reconstruct,
)
from lava_apps.runtime import Simulator
from lava_apps.testing import Case, contract
from lava_apps.testing.strategies import generators
from tests.helpers import record

RNG = np.random.default_rng(2)
IMAGES = RNG.integers(0, 256, size=(3, 2, 4)).astype(np.uint8)
VALUES = RNG.uniform(-2, 5, size=(3, 4))
SIGNALS = np.cumsum(RNG.normal(size=(2, 12, 3)), axis=1)
HOST = {"decomposition": "encoders run beside the chip"}


def poisson():
    return RateEncoder(data=IMAGES, steps=6, rest=2, seed=3)


def regular():
    return RateEncoder(data=IMAGES, steps=6, rest=2, train="regular", max_rate=1)


def latencies():
    return LatencyEncoder(data=IMAGES, steps=6, rest=2)


def population():
    return PopulationEncoder(data=VALUES, steps=6, rest=2, neurons=5)


def population_latencies():
    return PopulationEncoder(data=VALUES, steps=6, rest=2, code="latency")


def delta():
    return DeltaEncoder(data=SIGNALS, threshold=0.5, rest=3)


def graded():
    return GradedEncoder(data=IMAGES, steps=6, rest=2)


ALL = (poisson, regular, latencies, population, population_latencies, delta, graded)


@pytest.mark.parametrize(
    ("check", "case"),
    contract(*(Case(make, {}, steps=30, gaps=HOST) for make in ALL)),
)
def test_contract(check, case):
    check(case)


@pytest.mark.parametrize("make", ALL)
def test_samples_follow_each_other_with_a_start_and_a_rest(make):
    sent = Case(make, {}, steps=50).run("fixed_pt")
    rest, steps = (3, 12) if make is delta else (2, 6)
    position = np.arange(50) % (steps + rest)
    assert np.array_equal(sent["start_out"][:, 0], position == 0)
    assert not sent["s_out"][position >= steps].any()
    assert sent["s_out"][position < steps].any()
    if make is graded:
        assert not sent["s_out"][position > 0].any()
        assert np.array_equal(sent["s_out"][position == 0], IMAGES[np.arange(7) % 3])
    else:
        assert set(np.unique(sent["s_out"])) == {0, 1}


def test_poisson_rates_lie_within_confidence_bounds():
    values = np.array([[0.0, 0.05, 0.3, 0.7, 1.0]])
    for seed in range(5):
        encoder = RateEncoder(data=values, steps=20_000, max_rate=0.5, seed=seed)
        counts = record(encoder.s_out, 20_000).sum(axis=0)
        assert counts[0] == 0
        for count, value in zip(counts[1:], values[0, 1:], strict=True):
            test = stats.binomtest(int(count), 20_000, 0.5 * value)
            assert test.pvalue > 1e-4


def test_poisson_intervals_are_geometric_and_trains_independent():
    encoder = RateEncoder(data=np.full((1, 2), 0.8), steps=40_000, max_rate=0.25)
    spikes = record(encoder.s_out, 40_000)
    intervals = np.diff(np.flatnonzero(spikes[:, 0]))
    observed = np.bincount(np.minimum(intervals, 20), minlength=21)[1:]
    expected = stats.geom.pmf(np.arange(1, 20), 0.2)
    expected = np.append(expected, 1 - expected.sum()) * len(intervals)
    assert stats.chisquare(observed, expected).pvalue > 1e-4
    assert abs(np.corrcoef(spikes.T)[0, 1]) < 4 / np.sqrt(40_000)


def test_regular_trains_have_the_expected_number_of_spikes():
    values = np.array([[0.0, 0.1, 0.37, 0.5, 1.0]])
    encoder = RateEncoder(data=values, steps=100, max_rate=1, train="regular")
    spikes = record(encoder.s_out, 200)
    assert spikes[:100].sum(axis=0).tolist() == [0, 10, 37, 50, 100]
    assert np.array_equal(spikes[:100], spikes[100:])
    assert np.ptp(np.diff(np.flatnonzero(spikes[:100, 2]))) <= 1


def test_each_value_has_one_spike_at_its_latency():
    encoder = LatencyEncoder(data=IMAGES, steps=32, threshold=0.2)
    spikes = record(encoder.s_out, 96).reshape(3, 32, 2, 4)
    for image, train in zip(IMAGES / 255, spikes, strict=True):
        assert np.array_equal(train.sum(axis=0), image > 0.2)
        expected = np.floor((1 - image) * 31 + 0.5)
        assert np.array_equal(train.argmax(axis=0), np.where(image > 0.2, expected, 0))


def test_a_value_of_exactly_the_threshold_is_silent():
    for value in range(1, 10):
        encoder = LatencyEncoder(
            data=[[float(value), value + 1e-6]],
            full_scale=10.0,
            threshold=value / 10,
            steps=4,
        )
        assert record(encoder.s_out, 4).sum(axis=0).tolist() == [0, 1]


@pytest.mark.parametrize("code", ["poisson", "latency"])
def test_responses_up_to_the_threshold_are_silent(code):
    encoder = PopulationEncoder(
        data=[[0.0]], steps=3000, neurons=9, low=-2, high=2, code=code, max_rate=1.0
    )
    spikes = record(encoder.s_out, 3000)[:, 0]
    # exp(-d**2 / 2) exceeds 0.1, the default, up to 2.1 distances.
    assert spikes.any(axis=0).tolist() == [False] * 2 + [True] * 5 + [False] * 2


def test_population_rates_are_gaussian_around_the_centres():
    encoder = PopulationEncoder(
        data=[[0.3]], steps=30_000, neurons=6, low=-1, high=1, max_rate=0.6, threshold=0
    )
    counts = record(encoder.s_out, 30_000).sum(axis=0)[0]
    centres = np.linspace(-1, 1, 6)
    expected = 0.6 * np.exp(-((0.3 - centres) ** 2) / (2 * 0.4**2))
    for count, rate in zip(counts, expected, strict=True):
        assert stats.binomtest(int(count), 30_000, rate).pvalue > 1e-4
    assert np.allclose(encoder.centres.init, centres)


def test_population_latencies_are_early_for_near_centres():
    encoder = PopulationEncoder(
        data=[[0.0]], steps=20, neurons=5, low=-1, high=1, code="latency"
    )
    spikes = record(encoder.s_out, 20)[:, 0]
    # Responses exp(-d**2 / 2) at 2, 1, 0, 1, 2 distances: 0.135, 0.607, 1.
    assert spikes.sum(axis=0).tolist() == [1] * 5
    assert spikes.argmax(axis=0).tolist() == [16, 7, 0, 7, 16]


@given(rng=generators())
@settings(max_examples=30, deadline=None)
def test_delta_reconstructs_slow_signals_within_the_threshold(rng):
    threshold = rng.uniform(0.1, 2)
    changes = rng.uniform(-threshold, threshold, size=(3, 200, 2))
    signals = np.cumsum(changes, axis=1)
    encoder = DeltaEncoder(data=signals, threshold=threshold)
    events = record(encoder.s_out, 600).reshape(3, 200, 2, 2)
    for signal, event in zip(signals, events, strict=True):
        rebuilt = reconstruct(event, threshold=threshold, initial=signal[0])
        assert np.abs(rebuilt - signal).max() < threshold * (1 + 1e-9)


def test_delta_tells_a_jump_as_fast_as_it_may():
    signal = np.where(np.arange(30) < 5, 0.0, 2.0).reshape(1, 30, 1)
    encoder = DeltaEncoder(data=signal, threshold=0.25)
    on, off = record(encoder.s_out, 30)[:, :, 0].T
    assert np.flatnonzero(on).tolist() == list(range(5, 13))
    assert not off.any()


def test_a_sample_can_be_jumped_to():
    encoder = LatencyEncoder(data=np.eye(4), steps=5)
    with Simulator(encoder) as sim:
        spikes = sim.probe(encoder.s_out)
        sim.run(2)
        sim.set(encoder.sample, 3)
        sim.set(encoder.position, 0)
        sim.run(5)
        assert sim.get(encoder.sample) == 3
    assert sim.data[spikes].sum(axis=0).tolist() == [1, 0, 0, 1]


def test_data_is_not_copied_and_may_lie_in_a_file(tmp_path):
    data = np.lib.format.open_memmap(
        tmp_path / "data.npy", mode="w+", dtype=np.uint8, shape=(50_000, 28, 28)
    )
    data[1:] = 255
    encoder = RateEncoder(data=data, steps=5, max_rate=1)
    assert np.shares_memory(encoder.proc_params["data"], data)
    strided = RateEncoder(data=data[:10, ::2], steps=5)
    assert not np.shares_memory(strided.proc_params["data"], data)
    with Simulator(encoder) as sim:
        sim.run(6)
        snapshot = sim.snapshot()
        spikes = sim.probe(encoder.s_out)
        sim.run(1)
        path = tmp_path / "state.npz"
        snapshot.save(path)
    assert sim.data[spikes].all()
    assert path.stat().st_size < 100_000


@pytest.mark.parametrize(
    ("cls", "arguments", "message"),
    [
        (RateEncoder, {"steps": 5}, "data: is required"),
        (RateEncoder, {"data": [1, 2], "steps": 5}, r"data: must have the shape \(sam"),
        (RateEncoder, {"data": [[1], [1, 2]], "steps": 5}, "data: must be an array"),
        (RateEncoder, {"data": [[True]], "steps": 5}, "data: must be an array of int"),
        (RateEncoder, {"data": [[np.inf]], "steps": 5}, "data: must be finite"),
        (RateEncoder, {"data": [[2.0]], "steps": 5}, "data: must be from 0 to full_sc"),
        (RateEncoder, {"data": [[-0.1]], "steps": 5}, "data: .* from -0.1 to -0.1"),
        (RateEncoder, {"data": [[1]], "steps": 0}, "steps: must be greater"),
        (RateEncoder, {"data": [[1]], "steps": 5, "max_rate": 2}, "max_rate: must be"),
        (RateEncoder, {"data": [[1]], "steps": 5, "rate": 2}, "rate: unknown, allowed"),
        (LatencyEncoder, {"data": [[1]], "steps": 5, "rest": -1}, "rest: must be"),
        (PopulationEncoder, {"data": [[[1]]], "steps": 5}, "data: must be"),
        (PopulationEncoder, {"data": [[1]], "steps": 5}, "data: must exceed 1 somewh"),
        (
            PopulationEncoder,
            {"data": [[1]], "steps": 5, "high": 1},
            "high: must be above the low",
        ),
        (RateEncoder, {"data": [[1]], "steps": 2**63}, "steps: must be less"),
        (RateEncoder, {"data": [[1]], "steps": 5, "rest": 2**31}, "rest: must be le"),
        (
            PopulationEncoder,
            {"data": [[1, 9]], "steps": 5, "low": 0, "high": 5},
            "data: must lie between low = 0 and high = 5",
        ),
        (DeltaEncoder, {"data": [[1, 2]], "threshold": 1}, "data: must be"),
        (DeltaEncoder, {"data": [[[1], [2]]], "threshold": 0}, "threshold: must be"),
    ],
)
def test_bad_arguments_are_refused(cls, arguments, message):
    with pytest.raises(ParameterError, match=rf"^{cls.__name__}.{message}"):
        cls(**arguments)


def test_bad_arguments_of_the_functions_are_refused():
    with pytest.raises(ParameterError, match=r"^reconstruct.events: must have"):
        reconstruct(np.zeros((4, 3)), threshold=1)
    with pytest.raises(ParameterError, match=r"^reconstruct.initial: must be"):
        reconstruct(np.zeros((4, 2, 3)), threshold=1, initial=[1, 2])
    with pytest.raises(ParameterError, match=r"^receptive_field_centres.high: must"):
        receptive_field_centres(4, low=1, high=1)


@pytest.mark.parametrize("kind", [">f4", ">i2", "f2", "longdouble", "?"])
def test_any_numbers_are_presented_or_refused_at_once(kind):
    data = np.array([[0, 1]], dtype=kind)
    if kind == "?":
        with pytest.raises(ParameterError, match=r"RateEncoder.data: must be an array"):
            RateEncoder(data=data, steps=4)
        return
    encoder = RateEncoder(data=data, steps=4, max_rate=1.0)
    assert np.array_equal(record(encoder.s_out, 4), [[0, 1]] * 4)


@pytest.mark.parametrize("sample", [-100, -1, 3])
def test_a_sample_there_is_not_is_the_first(sample):
    encoder = RateEncoder(data=np.eye(3), steps=2, max_rate=1.0)
    with Simulator(encoder) as sim:
        spikes = sim.probe(encoder.s_out)
        sim.set(encoder.sample, sample)
        sim.set(encoder.position, -50)
        sim.run(1)
    assert np.array_equal(sim.data[spikes], [[1, 0, 0]])


@pytest.mark.parametrize("kind", [float, np.float32])
@pytest.mark.parametrize("start", [0.0, 7.3, -2000.1])
@pytest.mark.parametrize("every", [1, 3])
@pytest.mark.parametrize("sign", [1, -1])
def test_delta_counts_a_change_of_exactly_the_threshold(kind, start, every, sign):
    steps = 3000
    ramp = (start + sign * 0.1 * np.arange(steps)).astype(kind)[:, None]
    encoder = DeltaEncoder(data=[ramp], threshold=0.1 * every)
    with Simulator(encoder) as sim:
        probe = sim.probe(encoder.s_out)
        sim.run(steps)
        assert np.ravel(sim.get(encoder.count)) == sign * ((steps - 1) // every)
    events = sim.data[probe][:, 0 if sign > 0 else 1, 0]
    assert np.flatnonzero(events).tolist() == list(range(every, steps, every))
    assert not sim.data[probe][:, 1 if sign > 0 else 0].any()


def test_delta_of_a_constant_that_is_too_large_for_its_threshold_is_silent():
    encoder = DeltaEncoder(data=np.full((1, 20, 1), 1e12), threshold=1e-6)
    assert not record(encoder.s_out, 20).any()


@pytest.mark.parametrize("kind", [float, np.float32])
@pytest.mark.parametrize(("rate", "steps"), [(0.29, 100), (0.1, 30), (0.57, 100)])
def test_a_regular_train_has_all_its_spikes(kind, rate, steps):
    data = np.array([[rate, 1.0]], dtype=kind)
    encoder = RateEncoder(data=data, steps=steps, train="regular", max_rate=1)
    assert record(encoder.s_out, steps)[:, 0].sum() == round(rate * steps)


DIFFERENT = [[0.1, 100.0], [0.9, 900.0], [0.0, 0.0], [1.0, 1000.0]]


def test_each_feature_has_fields_over_its_own_range():
    encoder = PopulationEncoder(data=DIFFERENT, steps=1)
    with Simulator(encoder) as sim:
        probe = sim.probe(encoder.activation)
        sim.run(4)
    # One is a thousand times the other: they look the same.
    assert sim.data[probe][:, 0] == pytest.approx(sim.data[probe][:, 1])
    apart = np.abs(sim.data[probe][0, 0] - sim.data[probe][1, 0])
    assert apart.max() > 0.9
    assert encoder.centres.init[:, -1].tolist() == [1, 1000]


def test_each_feature_may_be_given_a_range_of_its_own():
    encoder = PopulationEncoder(
        data=DIFFERENT, steps=1, neurons=3, low=[-1, 0], high=[1, 2000], code="latency"
    )
    assert encoder.centres.init.tolist() == [[-1, 0, 1], [0, 1000, 2000]]
    assert encoder.proc_params["sigma"].tolist() == [1, 1000]


def test_reconstruct_takes_events_of_any_type_and_one_start_a_signal():
    events = np.array([[[0], [0]], [[0], [1]], [[1], [0]]])
    for kind in (np.uint8, np.int8, float, bool):
        rebuilt = reconstruct(events.astype(kind), threshold=0.25, initial=1)
        assert rebuilt.ravel().tolist() == [1, 0.75, 1]
    with pytest.raises(ParameterError, match=r"reconstruct.initial: .* shape \(1,\)"):
        reconstruct(events, threshold=0.25, initial=np.zeros((5, 3, 1)))


def test_graded_samples_come_in_the_order_that_is_set():
    encoder = GradedEncoder(data=VALUES)
    with Simulator(encoder) as sim:
        probe = sim.probe(encoder.s_out)
        sim.set(encoder.order, [2, 0, 2])
        sim.run(6)
        for wrong in ([0, 1, 3], [-1, 0, 1]):
            with pytest.raises(ParameterError, match="order: must be from 0 to 2"):
                sim.set(encoder.order, wrong)
    assert np.array_equal(sim.data[probe], VALUES[[2, 0, 2, 2, 0, 2]])


@pytest.mark.parametrize(
    ("data", "complaint"),
    [(VALUES, "an integer type"), ([[2**23]], "from -8388607 to 8388607")],
)
def test_graded_spikes_of_the_chip_are_integers_of_24_bits(data, complaint):
    with pytest.raises(ParameterError, match=f"data: must (have|be) {complaint}"):
        Simulator(GradedEncoder(data=data), precision="fixed_pt")
