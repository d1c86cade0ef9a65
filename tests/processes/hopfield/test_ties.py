"""Fields of zero, and patterns that depend on each other."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from lava_apps.processes.hopfield import Hopfield, hebbian, projection
from lava_apps.testing import Case
from lava_apps.testing.strategies import generators


def advance(weights, state, a_in=None, **options):
    """Run one time step; give the states."""
    field = np.zeros(len(state)) if a_in is None else a_in
    case = Case(lambda: Hopfield(weights=weights, state=state), {"a_in": field[None]})
    return 2 * case.run("floating_pt", **options)["s_out"][0] - 1


def test_ties_of_hebbian_weights_are_ties():
    """4 patterns of 25 neurons, 6 turned over: fields that are zero in integers."""
    rng, ties = np.random.default_rng(0), 0
    for _ in range(20):
        patterns = rng.choice([-1, 1], (4, 25))
        state = patterns[0] * np.where(rng.permutation(25) < 6, -1, 1)
        counts = patterns.T @ patterns
        np.fill_diagonal(counts, 0)
        exact = np.where(counts @ state > 0, 1, -1)
        ties += np.count_nonzero(counts @ state == 0)
        for backend in ("compiled", "inline"):
            sent = advance(hebbian(patterns), state, backend=backend)
            assert np.array_equal(sent, exact)
    assert ties > 10


@given(rng=generators(), neurons=st.integers(2, 40), denominator=st.integers(1, 97))
@settings(max_examples=60, deadline=None)
def test_multiples_of_any_fraction_decide_as_integers_do(rng, neurons, denominator):
    counts = rng.integers(-3, 4, (neurons, neurons))
    counts += counts.T
    np.fill_diagonal(counts, 0)
    state, a_in = rng.choice([-1, 1], neurons), rng.integers(-4, 5, neurons)
    exact = np.where(counts @ state + a_in > 0, 1, -1)
    assert np.array_equal(
        advance(counts / denominator, state, a_in / denominator), exact
    )


def test_a_field_that_is_small_and_certain_counts():
    weights = np.array([[0, 1e-300], [1e-300, 0]])
    assert advance(weights, np.array([1, 1])).tolist() == [1, 1]
    large = np.array([[0, 2.0**40], [2.0**40, 0]])
    a_in = np.array([-(2.0**40) + 1, 0])
    assert advance(large, np.array([1, 1]), a_in).tolist() == [1, 1]


@pytest.mark.parametrize("seed", range(3))
def test_projection_depends_on_the_space_that_patterns_span(seed):
    rng = np.random.default_rng(seed)
    patterns = rng.choice([-1, 1], (30, 784))
    alone = projection(patterns)
    for more in (-patterns, patterns[:7], patterns[:1] * -1):
        everything = np.vstack([patterns, more])
        weights = projection(everything)
        assert np.abs(weights - alone).max() < 1e-12
        assert np.array_equal(np.sign(weights @ everything.T), everything.T)


def test_neurons_of_their_own_have_no_weights():
    # The first neuron alone tells the second pattern from the third.
    patterns = np.array([[1, 1, 1, -1], [1, -1, 1, 1], [-1, -1, 1, 1]])
    weights = projection(patterns)
    assert not weights[0].any()
    assert not weights[:, 0].any()
    assert weights.any()
