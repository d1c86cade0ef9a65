"""Against closed forms: clocks, Poisson processes, independent neurons."""

import numpy as np
import pytest
from scipy.stats import entropy

from lava_apps.parameters import ParameterError
from lava_apps.spike_trains import (
    code_entropy,
    coefficient_of_variation,
    fano_factor,
    firing_rates,
    intervals,
)


def clock(period, steps=1000, neurons=3):
    spikes = np.zeros((steps, neurons), int)
    spikes[::period] = 1
    return spikes


def bernoulli(probability, seed, steps=20_000, neurons=40):
    return np.random.default_rng(seed).random((steps, neurons)) < probability


def test_a_clock_is_regular():
    spikes = clock(10)
    assert firing_rates(spikes, dt=0.5).tolist() == [200.0] * 3
    assert set(intervals(spikes, dt=0.5)) == {5.0}
    assert len(intervals(spikes)) == 3 * 99
    assert coefficient_of_variation(intervals(spikes)) == 0
    assert fano_factor(spikes, 20).tolist() == [0.0] * 3
    # A window that the period does not divide: counts of 1 and 2, by turns.
    assert np.allclose(fano_factor(spikes[:600], 15), 0.25 / 1.5 * 40 / 39)


@pytest.mark.parametrize("seed", range(5))
def test_chance_is_as_irregular_as_its_closed_form(seed):
    """Of a coin in each time step: geometric intervals, binomial counts."""
    probability = 0.05
    spikes = bernoulli(probability, seed)
    assert firing_rates(spikes).mean() == pytest.approx(50, rel=0.02)
    found = intervals(spikes, dt=2)
    assert found.mean() == pytest.approx(2 / probability, rel=0.02)
    cv = coefficient_of_variation(found)
    assert cv == pytest.approx(np.sqrt(1 - probability), rel=0.02)
    factors = fano_factor(spikes, 100)
    assert factors.mean() == pytest.approx(1 - probability, rel=0.05)


@pytest.mark.parametrize("seed", range(5))
def test_entropies_of_independent_neurons_add_up(seed):
    probabilities = np.array([0.5, 0.1, 0.9, 0.25])
    words = np.random.default_rng(seed).random((50_000, 4)) < probabilities
    theory = sum(entropy([p, 1 - p], base=2) for p in probabilities)
    assert code_entropy(words) == pytest.approx(theory, rel=0.01)


def test_entropy_of_counts_and_of_one_word():
    assert code_entropy([[0, 3], [1, 2], [2, 1], [3, 0]]) == 2.0
    assert code_entropy([[7, 7]] * 5) == 0.0


def test_what_never_spiked_has_no_statistics():
    silent = np.zeros((100, 2))
    assert firing_rates(silent).tolist() == [0, 0]
    assert intervals(silent).size == 0
    assert np.isnan(coefficient_of_variation(intervals(silent)))
    assert np.isnan(fano_factor(silent, 10)).all()


@pytest.mark.parametrize(
    ("call", "named"),
    [
        (lambda: firing_rates(np.zeros(5)), "firing_rates.spikes"),
        (lambda: firing_rates(np.zeros((5, 2)), dt=0), "firing_rates.dt"),
        (lambda: intervals([["a"]]), "intervals.spikes"),
        (lambda: fano_factor(np.ones((10, 2)), 6), "fano_factor.window: .*half of"),
        (lambda: fano_factor(np.ones((10, 2)), 0), "fano_factor.window"),
        (lambda: coefficient_of_variation([1, 0]), "coefficient_of_variation.int"),
        (lambda: code_entropy(np.zeros((0, 2))), "code_entropy.words"),
    ],
)
def test_wrong_arguments_are_refused(call, named):
    with pytest.raises(ParameterError, match=named):
        call()
