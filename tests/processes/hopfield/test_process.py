import gc

import numpy as np
import pytest

from lava_apps.parameters import ParameterError
from lava_apps.processes.hopfield import Hopfield

from lava.magma.core.process.process import ProcessServer

GOOD = [[0, 1.0], [1.0, 0]]


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (
            {
                "weights": np.array([[0, 64], [-64, 0]], np.int8),
                "update": "asynchronous",
            },
            "weights: must be symmetric",
        ),
        ({"weights": GOOD, "seed": 1.0}, "seed: must be a valid integer"),
        ({"weights": [[0, 1.0]]}, "weights: must be square, given"),
        (
            {"weights": [[0, 1.0], [2.0, 0]], "update": "asynchronous"},
            "weights: must be sym",
        ),
        (
            {"weights": [[1.0, 0], [0, 0]]},
            r"weights: must have a zero diagonal, .*\[0, 0\]",
        ),
        (
            {"weights": [[0, np.nan], [1.0, 0]]},
            r"weights: must be finite, is not at \[0, 1\]",
        ),
        ({"weights": "identity"}, "weights: must be an array of integers or floats"),
        ({}, "weights: is required"),
        ({"weights": GOOD, "state": [1, 0]}, "state: must hold only -1 and"),
        ({"weights": GOOD, "state": [1, 1, 1]}, "state: must have 2 entries"),
        ({"weights": GOOD, "update": "random"}, "update: must be 'synchronous' or"),
        (
            {"weights": GOOD, "seed": -1},
            "seed: must be greater than or equal to 0, given -1",
        ),
        (
            {"weights": GOOD, "bias": 3},
            "bias: unknown, allowed are weights, state, update",
        ),
    ],
)
def test_bad_arguments_raise_the_one_shape_of_error_and_leave_nothing(
    arguments, message
):
    gc.collect()  # nothing of an earlier test goes meanwhile
    before = ProcessServer().num_processes
    with pytest.raises(ParameterError, match=rf"^Hopfield.{message}"):
        Hopfield(**arguments)
    assert ProcessServer().num_processes == before


def test_asymmetric_weights_are_welcome_where_symmetry_does_not_matter():
    assert Hopfield(weights=[[0, 1.0], [-1.0, 0]]).a_in.shape == (2,)


def test_a_connection_of_another_shape_is_refused():
    with pytest.raises(Exception, match=r"Shapes \(3,\) and \(2,\) are incompatible"):
        Hopfield(weights=np.zeros((3, 3))).s_out.connect(Hopfield(weights=GOOD).a_in)


def test_the_network_starts_silent_and_holds_a_copy_of_the_weights():
    weights = np.array(GOOD)
    network = Hopfield(weights=weights, name="memory")
    weights[0, 1] = 5
    assert network.state.get().tolist() == [-1, -1]
    assert network.weights.get().tolist() == GOOD
    assert network.name == "memory"
