import numpy as np
import pytest

from lava_apps.apps.hopfield import measure_capacity, restore_images
from lava_apps.apps.hopfield.experiment import RecallResult
from lava_apps.apps.hopfield.patterns import (
    add_noise,
    binarise,
    choose_images,
    flip_pixels,
    occlude,
)
from lava_apps.parameters import ParameterError


@pytest.mark.parametrize("seed", [0, 1, 2])
def test_projection_restores_mnist_from_a_fifth_of_flipped_pixels(seed):
    result = restore_images(trials=20, steps=8, seed=seed)
    assert result.exact.mean() >= 0.98
    assert result.damage == pytest.approx(0.2, abs=0.001)
    assert result.settled.all()


def test_fixed_point_leaf_and_decomposition_go_through_the_same_states():
    options = {"precision": "fixed_pt", "trials": 50, "steps": 10}
    leaf = restore_images(**options)
    parts = restore_images(**options, decomposed=True)
    assert np.array_equal(leaf.states, parts.states)
    assert 0 < leaf.quantisation_error < 0.5


def test_hebbian_memory_holds_below_the_critical_load_and_fails_above():
    result = measure_capacity(loads=[0.10, 0.20], seed=4)
    below, above = result.overlaps.mean(axis=1)
    assert below >= 0.97
    assert above < 0.85
    assert result.loads.tolist() == [51 / 512, 102 / 512]


def test_eight_bits_cost_what_the_decisions_say():
    easy = restore_images(precision="fixed_pt", patterns=40)
    assert easy.exact.all()
    assert restore_images(precision="fixed_pt").quantisation_error == pytest.approx(
        0.13, abs=0.005
    )
    hard = {"damage": "occlude"}
    assert restore_images(**hard).exact.tolist() == [True] * 10
    assert restore_images(**hard, precision="fixed_pt").exact.sum() == 7


@pytest.mark.parametrize("loads", [[], [-1], [0]])
def test_capacity_refuses_loads_that_are_none(loads):
    with pytest.raises(ParameterError, match=r"measure_capacity.loads"):
        measure_capacity(loads=loads)


def test_images_are_different_and_go_round_the_digits():
    images = choose_images("digits", 25, np.random.default_rng(0))
    binary = binarise(images).reshape(25, -1)
    assert len(np.unique(binary, axis=0)) == 25
    assert images.shape == (25, 8, 8)


def test_more_images_than_there_are_is_refused():
    with pytest.raises(
        ParameterError, match=r"restore_images.patterns: must be at most 1\d\d\d"
    ):
        choose_images("digits", 2000, np.random.default_rng(0))


def test_damage_does_what_it_says():
    rng = np.random.default_rng(0)
    patterns = rng.choice(np.array([-1, 1], np.int8), (40, 100))
    flipped = flip_pixels(patterns, 0.3, rng)
    assert (np.sum(flipped != patterns, axis=1) == 30).all()
    assert len(np.unique(flipped != patterns, axis=0)) == 40
    covered = occlude(patterns)
    assert (covered[:, 50:] == -1).all()
    assert np.array_equal(covered[:, :50], patterns[:, :50])
    # Background at 0 turns to ink where the noise exceeds 0.5: P = 0.1587 at 0.5.
    noisy = add_noise(np.zeros((1, 100_000)), 0.5, rng)
    assert (noisy == 1).mean() == pytest.approx(0.1587, abs=0.005)


def make_result(states, energies=None, stored=None):
    states = np.array(states, dtype=np.int8)[None]
    stored = states[:, -1] if stored is None else np.array([stored])
    energies = (
        np.zeros((1, states.shape[1])) if energies is None else np.array([energies])
    )
    return RecallResult({}, (1, 2), stored, states, energies, 0.0, "inline", 1.0)


@pytest.mark.parametrize(
    ("states", "steps", "settled"),
    [
        ([[1, 1], [1, 1], [1, 1], [1, 1]], 0, True),
        ([[1, 1], [1, -1], [1, -1], [1, -1]], 1, True),
        ([[1, 1], [1, -1], [1, 1], [1, 1]], 2, True),
        ([[1, 1], [1, -1], [1, 1], [1, -1]], 3, False),
    ],
)
def test_steps_to_a_fixed_point_are_counted_from_the_end(states, steps, settled):
    result = make_result(states)
    assert result.steps_to_fixed_point.tolist() == [steps]
    assert result.settled.tolist() == [settled]


def test_energy_that_rises_is_not_monotone():
    states = [[1, 1]] * 3
    assert make_result(states, [-1, -2, -2]).energy_monotone
    assert not make_result(states, [-1, -2, -1.9]).energy_monotone


def test_overlap_and_exactness_compare_the_last_state_with_the_stored_one():
    result = make_result([[1, 1], [1, -1]], stored=[1, 1])
    assert result.overlaps.tolist() == [0]
    assert result.exact.tolist() == [False]
