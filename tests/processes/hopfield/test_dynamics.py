import numpy as np
import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from lava_apps.draws import new_key
from lava_apps.loihi2.conversion import quantise_weights
from lava_apps.loihi2.formats import SIGNED_WEIGHT_MAX
from lava_apps.parameters import ParameterError
from lava_apps.processes.hopfield import energy, hebbian, projection, quantise, storkey
from lava_apps.processes.hopfield.dynamics import (
    ROW_SUM_MAX,
    cue_field,
    overlap,
    step,
)
from lava_apps.testing.strategies import generators, sign_patterns, symmetric_weights

RULES = (hebbian, projection, storkey)


def advance(weights, state, steps=1, a_in=None, asynchronous=False, seed=0):
    """Drive the step function as a ProcessModel would; give all states."""
    neurons = len(state)
    state = np.array(state, dtype=weights.dtype)
    a_in = np.zeros(neurons, weights.dtype) if a_in is None else a_in
    out, field, order = np.zeros((3, neurons), dtype=np.int64)
    order[:] = np.arange(neurons)
    key = new_key(seed)
    states = [state.copy()]
    for time_step in range(1, steps + 1):
        how = (key, asynchronous, time_step)
        step(a_in, out, weights, state, field.astype(float), order, *how)
        assert np.array_equal(out, state > 0)
        states.append(state.copy())
    return np.array(states)


@given(weights=symmetric_weights(), rng=generators(), seed=st.integers(0, 2**63 - 1))
def test_energy_never_rises_under_asynchronous_updates(weights, rng, seed):
    start = rng.choice([-1.0, 1.0], len(weights))
    states = advance(weights, start, steps=12, asynchronous=True, seed=seed)
    energies = energy(states, weights)
    assert (np.diff(energies) <= 1e-9 * np.abs(energies).max()).all()


@given(weights=symmetric_weights(integers=True), rng=generators())
def test_asynchronous_updates_come_to_rest_where_no_neuron_wants_to_change(
    weights, rng
):
    start = rng.choice([-1, 1], len(weights))
    last = advance(weights, start, steps=200, asynchronous=True)[-1]
    assert np.array_equal(np.where(weights @ last > 0, 1, -1), last)


@given(weights=symmetric_weights(integers=True), rng=generators())
def test_synchronous_updates_end_in_a_cycle_of_at_most_two(weights, rng):
    # Goles, Fogelman and Pellegrin 1985: true of symmetric weights, with the
    # threshold between two reachable fields.
    states = advance(weights, rng.choice([-1, 1], len(weights)), steps=400)
    assert np.array_equal(states[-1], states[-3])


@given(weights=symmetric_weights(integers=True), rng=generators())
def test_a_synchronous_step_is_the_sign_of_the_field(weights, rng):
    start = rng.choice([-1, 1], len(weights))
    a_in = rng.integers(-300, 301, len(weights))
    _, after = advance(weights, start, a_in=a_in)
    assert np.array_equal(after, np.where(weights @ start + a_in > 0, 1, -1))


def test_an_asynchronous_sweep_updates_each_neuron_once_by_what_went_before():
    weights = np.triu(np.ones((30, 30)), 1)
    weights = weights + weights.T
    start = np.ones(30)
    a_in = np.full(30, -28.5)  # all +1: field 0.5; the first to be -1 tips the rest
    a_in[7] = -29.5
    order, key = np.arange(30), new_key(9)
    state, field, out = start.copy(), np.zeros(30), np.zeros(30)
    step(a_in, out, weights, state, field, order, key, True, 1)
    place = order.tolist().index(7)
    assert (state[order[:place]] == 1).all()
    assert (state[order[place:]] == -1).all()
    assert sorted(order.tolist()) == list(range(30))
    assert not np.array_equal(order, np.arange(30))


@pytest.mark.parametrize("asynchronous", [False, True])
def test_a_field_of_zero_gives_minus_one(asynchronous):
    weights = np.zeros((4, 4))
    assert (advance(weights, np.ones(4), asynchronous=asynchronous)[-1] == -1).all()


@given(patterns=sign_patterns())
def test_patterns_are_fixed_points_of_the_projection_rule(patterns):
    patterns = patterns.astype(float)
    projector = patterns.T @ np.linalg.solve(
        patterns @ patterns.T + 1e-12 * np.eye(len(patterns)), patterns
    )
    free = np.diagonal(projector) < 0.999  # a neuron of its own has no field left
    fields = patterns @ projection(patterns)
    assert np.array_equal(np.sign(fields[:, free]), patterns[:, free])


def test_hebbian_weights_are_those_of_the_textbook():
    weights = hebbian([[1, 1, -1], [1, -1, -1]])
    assert np.allclose(weights * 3, [[0, 0, -2], [0, 0, 0], [-2, 0, 0]])


@given(patterns=sign_patterns())
def test_storkey_follows_its_definition(patterns):
    neurons = patterns.shape[1]
    weights = np.zeros((neurons, neurons))
    for x in patterns.astype(float):
        field = np.zeros_like(weights)
        for i in range(neurons):
            for j in range(neurons):
                others = [k for k in range(neurons) if k not in (i, j)]
                field[i, j] = weights[i, others] @ x[others]
        weights = (
            weights + (np.outer(x, x) - x[:, None] * field.T - field * x) / neurons
        )
        np.fill_diagonal(weights, 0)
    assert np.allclose(storkey(patterns), weights)


@given(patterns=sign_patterns())
@pytest.mark.parametrize("rule", RULES)
def test_rules_give_symmetric_weights_without_diagonal(rule, patterns):
    weights = rule(patterns)
    assert np.array_equal(weights, weights.T)
    assert not np.diagonal(weights).any()


@pytest.mark.parametrize("rule", RULES)
@pytest.mark.parametrize(
    "patterns", [[[1, 0]], [[1, np.nan]], [1, -1], [[True, False]], [[]], "ab"]
)
def test_rules_refuse_what_is_no_pattern(rule, patterns):
    with pytest.raises(ParameterError, match=rf"{rule.__name__}.patterns: must"):
        rule(patterns)


def test_energy_is_minus_half_the_quadratic_form():
    weights = np.array([[0, 2.0], [2.0, 0]])
    states = [[[1, 1], [1, -1]], [[-1, -1], [-1, 1]]]
    assert energy(states, weights).tolist() == [[-2, 2], [-2, 2]]


def test_energy_refuses_asymmetric_weights_and_states_of_another_size():
    with pytest.raises(ParameterError, match=r"energy.weights: must be symmetric"):
        energy([1, 1], [[0, 1], [2, 0]])
    with pytest.raises(ParameterError, match=r"energy.state: must have 2 neurons"):
        energy([1, 1, 1], [[0, 1], [1, 0]])


@given(weights=symmetric_weights())
def test_quantised_weights_keep_their_limits_their_symmetry_and_their_word(weights):
    assume(weights.any())
    quantised = quantise(weights)
    integers = quantised.weights.astype(int)
    assert np.abs(integers).max() <= SIGNED_WEIGHT_MAX
    assert np.abs(integers).sum(axis=1).max() <= ROW_SUM_MAX
    assert np.array_equal(integers, integers.T)
    assert (
        np.abs(integers / quantised.scale - weights).max()
        <= 0.5 / quantised.scale * 1.0001
    )
    difference = np.linalg.norm(integers / quantised.scale - weights)
    assert quantised.relative_error == pytest.approx(
        difference / np.linalg.norm(weights)
    )


def test_quantising_uses_the_finest_scale_that_fits():
    one = np.array([[0, 0.5], [0.5, 0]])
    assert quantise(one).weights.max() == SIGNED_WEIGHT_MAX
    many = hebbian(np.random.default_rng(0).choice([-1, 1], (100, 1024)))
    finer = np.rint(many * quantise(many).scale / 0.995)  # the step it goes down by
    assert np.abs(finer).sum(axis=1).max() > ROW_SUM_MAX


def test_quantising_refuses_zeros_and_rows_too_long_for_any_weight():
    zeros = r"quantise_weights.weights: must not all be zero"
    for weights in (np.zeros((3, 3)), [[0, 1e-310], [1e-310, 0]]):
        with pytest.raises(ParameterError, match=zeros):
            quantise(weights)
    with pytest.raises(ParameterError, match=r"quantise_weights.weights: vanish"):
        quantise_weights(np.ones((50, 50)) - np.eye(50), row_sum_max=5)


def test_as_many_patterns_as_neurons_leave_projection_nothing_but_rounding_errors():
    patterns = np.random.default_rng(0).choice([-1, 1], (100, 64))
    with pytest.raises(
        ParameterError, match=r"projection.patterns: span all dimensions"
    ):
        projection(patterns)


def test_overlap_and_the_field_of_a_cue():
    assert overlap([[1, 1, -1, -1]], [1, 1, 1, 1]).tolist() == [0]
    assert cue_field([[0, -2.0], [1.0, 0]]) == 3
    assert cue_field(np.array([[0, -128], [127, 0]], np.int8)) == 129
    with pytest.raises(ParameterError, match=r"overlap.pattern: must fit the shape"):
        overlap([1, 1], [1, 1, 1])
