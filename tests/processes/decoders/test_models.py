"""Decoders against definitions, behind encoders, and under the contract."""

import numpy as np
import pytest

from lava_apps.parameters import ParameterError
from lava_apps.processes.decoders import (
    FilterDecoder,
    FirstSpikeDecoder,
    PopulationDecoder,
    RateDecoder,
)
from lava_apps.processes.encoders import (
    LatencyEncoder,
    PopulationEncoder,
    RateEncoder,
)
from lava_apps.processes.lif import LIF
from lava_apps.runtime import Simulator
from lava_apps.testing import Case, contract

from lava.proc.dense.process import Dense

RNG = np.random.default_rng(4)
SPIKES = (RNG.uniform(size=(30, 2, 5)) < 0.2) * 1
STARTS = (np.arange(30) % 10 == 0)[:, None] * 1
INPUTS = {"s_in": SPIKES, "start_in": STARTS}
HOST = {"decomposition": "decoders run beside the chip"}


def rates():
    return RateDecoder(shape=(2, 5), window=8)


def first_spikes():
    return FirstSpikeDecoder(shape=(2, 5))


def population_vector():
    return PopulationDecoder(features=2, centres=[-2, -1, 0, 1, 2])


def filtered():
    return FilterDecoder(shape=(2, 5), tau=4)


@pytest.mark.parametrize(
    ("check", "case"),
    contract(
        *(
            Case(make, INPUTS, gaps=HOST)
            for make in (rates, first_spikes, population_vector, filtered)
        )
    ),
)
def test_contract(check, case):
    check(case)


def trials():
    """Give (spikes so far in the trial, step of the trial), step by step."""
    for begin in (0, 10, 20):
        for step in range(10):
            yield SPIKES[begin : begin + step + 1], step


def test_rates_count_the_spikes_since_the_start():
    sent = Case(rates, INPUTS).run("fixed_pt")["a_out"]
    for (so_far, _), found in zip(trials(), sent, strict=True):
        assert found == pytest.approx(so_far.sum(axis=0) / 8)


def test_first_spikes_are_counted_from_the_start_and_ties_go_to_the_lowest_index():
    sent = Case(first_spikes, INPUTS).run("fixed_pt")
    for (so_far, _), latency, winner in zip(
        trials(), sent["a_out"], sent["winner_out"], strict=True
    ):
        expected = np.where(so_far.any(axis=0), so_far.argmax(axis=0), -1)
        assert np.array_equal(latency, expected)
        spiked = [(t, i) for i, t in enumerate(expected.ravel()) if t >= 0]
        assert winner == (min(spiked)[1] if spiked else -1)


def test_the_population_vector_is_the_mean_preference_of_the_spikes():
    sent = Case(population_vector, INPUTS).run("fixed_pt")["a_out"]
    for (so_far, _), found in zip(trials(), sent, strict=True):
        counts = so_far.sum(axis=0)
        for row, value in zip(counts, found, strict=True):
            mean = (row @ np.arange(-2, 3)) / row.sum() if row.any() else 0
            assert value == pytest.approx(mean)


def test_the_filter_is_an_exponential_with_the_rate_as_its_mean():
    impulse = np.zeros((40, 1))
    impulse[5] = 1
    case = Case(lambda: FilterDecoder(shape=1, tau=7), {"s_in": impulse})
    found = case.run("floating_pt")["a_out"][5:, 0]
    expected = (1 - np.exp(-1 / 7)) * np.exp(-np.arange(35) / 7)
    assert found == pytest.approx(expected)
    train = (RNG.uniform(size=(20_000, 1)) < 0.3) * 1
    case = Case(lambda: FilterDecoder(shape=1, tau=50), {"s_in": train})
    settled = case.run("floating_pt")["a_out"][500:]
    assert settled.mean() == pytest.approx(train[500:].mean(), rel=0.01)


def stream(encoder, decoder, steps, samples, layer=None):
    """Run encoder, decoder and what is between; give `last` of each sample."""
    if layer is None:
        encoder.s_out.connect(decoder.s_in)
    else:
        weights = Dense(weights=np.eye(layer.s_out.size) * 2)
        encoder.s_out.connect(weights.s_in)
        weights.a_out.connect(layer.a_in)
        layer.s_out.connect(decoder.s_in)
    encoder.start_out.connect(decoder.start_in)
    with Simulator(decoder) as sim:
        sim.run(1)
        results = []
        for _ in range(samples):
            sim.run(steps)
            results.append(sim.get(decoder.last))
    return np.array(results)


def test_rates_are_decoded_sample_by_sample_through_a_network():
    data = np.array([[0.0, 0.2, 1.0], [0.9, 0.5, 0.1], [0.4, 0.4, 0.4]])
    encoder = RateEncoder(data=data, steps=2000, rest=3, max_rate=0.5)
    layer = LIF(shape=3, du=1, dv=1, vth=1)  # a spike for each
    found = stream(encoder, RateDecoder(shape=3, window=2000), 2003, 3, layer)
    # Four standard deviations of 2,000 trials.
    bound = 4 * np.sqrt(0.25 / 2000)
    assert np.abs(found - 0.5 * data).max() < bound


def test_the_strongest_value_is_first():
    data = RNG.uniform(size=(6, 10))
    encoder = LatencyEncoder(data=data, steps=500, rest=1)
    found = stream(encoder, FirstSpikeDecoder(shape=10), 501, 6)
    assert found.ravel().tolist() == data.argmax(axis=1).tolist()


def test_a_population_of_neurons_tells_values_it_was_given():
    data = RNG.uniform(-1, 1, size=(6, 3))
    encoder = PopulationEncoder(
        data=data, steps=4000, neurons=12, low=-2, high=2, max_rate=0.5, threshold=0
    )
    decoder = PopulationDecoder(features=3, centres=encoder.centres.init)
    found = stream(encoder, decoder, 4000, 6)
    assert np.abs(found - data).max() < 0.05


@pytest.mark.parametrize(
    ("cls", "arguments", "message"),
    [
        (RateDecoder, {"shape": 3}, "window: is required"),
        (RateDecoder, {"shape": 3, "window": 0}, "window: must be greater"),
        (RateDecoder, {"shape": 3, "window": 2**70}, "window: must be less than"),
        (FirstSpikeDecoder, {}, "shape: is required"),
        (FilterDecoder, {"shape": 3, "tau": 0}, "tau: must be greater"),
        (FilterDecoder, {"shape": 3, "tau": 1e20}, "tau: must be short enough"),
        (
            PopulationDecoder,
            {"features": 2, "centres": 3},
            r"centres: must be \(neurons,\)",
        ),
        (PopulationDecoder, {"features": 0, "centres": [3]}, "features: must be"),
        (RateDecoder, {"shape": 3, "window": 5, "rate": 1}, "rate: unknown, allowed"),
    ],
)
def test_bad_arguments_are_refused(cls, arguments, message):
    with pytest.raises(ParameterError, match=rf"^{cls.__name__}.{message}"):
        cls(**arguments)
