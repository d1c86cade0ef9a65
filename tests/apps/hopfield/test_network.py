import numpy as np
import pytest

from lava_apps.apps.hopfield.network import recall
from lava_apps.parameters import ParameterError
from lava_apps.processes.hopfield import projection, quantise

RNG = np.random.default_rng(2)
PATTERNS = RNG.choice([-1, 1], (5, 64))
WEIGHTS = projection(PATTERNS)
ONES = np.ones((64, 64), int) - np.eye(64, dtype=int)
INTEGERS = quantise(WEIGHTS).weights


@pytest.mark.parametrize(
    ("weights", "options"),
    [
        (PATTERNS.T @ PATTERNS - np.diag([5] * 64), {}),
        (WEIGHTS, {}),
        (WEIGHTS, {"update": "asynchronous"}),
        (INTEGERS, {"precision": "fixed_pt"}),
        (INTEGERS, {"precision": "fixed_pt", "decomposed": True}),
    ],
)
def test_each_cue_sets_the_state_whatever_came_before(weights, options):
    cues = RNG.choice([-1, 1], (8, 64))
    states, backend = recall(weights, cues, steps=3, **options)
    assert backend == "compiled"
    assert states.shape == (8, 4, 64)
    assert np.array_equal(states[:, 0], cues)
    if options.get("update") != "asynchronous":
        expected = np.where(states[:, :-1] @ weights.astype(float) > 0, 1, -1)
        assert np.array_equal(states[:, 1:], expected)


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (
            {"weights": 127 * ONES, "cues": PATTERNS, "precision": "fixed_pt"},
            "recall.weights: must sum to at most 2047 in each row",
        ),
        (
            {"weights": WEIGHTS, "cues": PATTERNS[:, 1:]},
            "recall.cues: must have 64 columns",
        ),
        ({"weights": WEIGHTS, "cues": PATTERNS * 2}, "recall.cues: must hold only"),
        (
            {"weights": WEIGHTS, "cues": PATTERNS, "steps": 0},
            "recall.steps: must be greater",
        ),
        (
            {"weights": WEIGHTS, "cues": PATTERNS, "decomposed": True},
            "recall.precision: must",
        ),
        (
            {"weights": WEIGHTS, "cues": PATTERNS, "precision": "fixed_pt"},
            "Hopfield.weights",
        ),
    ],
)
def test_bad_arguments_are_named(arguments, message):
    with pytest.raises(ParameterError, match=message):
        recall(**arguments)
