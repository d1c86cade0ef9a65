import pickle

import numpy as np
import pytest

from lava_apps.parameters import (
    Fraction,
    Integer,
    ParameterError,
    RecurrentWeights,
    Shape,
    SignVector,
    Vector,
    describe,
    is_symmetric,
    spread,
    validated,
)


@validated
def sample(
    count: Integer,
    *,
    fraction: Fraction = 0.5,
    vector: Vector | None = None,
    signs: SignVector | None = None,
    weights: RecurrentWeights | None = None,
):
    return count, fraction, vector


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"count": 1, "fraction": "0.5"}, "sample.fraction: must be a valid number"),
        ({}, "sample.count: is required, given nothing"),
        ({"count": 1.5}, "sample.count: must be a valid integer, given 1.5"),
        ({"count": True}, "sample.count: must be a number, given True"),
        ({"count": "3"}, "sample.count: must be a valid integer, given '3'"),
        (
            {"count": 1, "fraction": 2},
            "sample.fraction: must be less than or equal to 1",
        ),
        ({"count": 1, "fraction": np.nan}, "sample.fraction: must be a finite number"),
        ({"count": 1, "vector": [[1]]}, "non-empty array of 1 dimension"),
        ({"count": 1, "vector": []}, "non-empty array of 1 dimension"),
        ({"count": 1, "vector": [1, np.inf]}, r"must be finite, is not at \[1\]"),
        ({"count": 1, "vector": [True]}, "must be an array of integers or floats"),
        ({"count": 1, "vector": [1j]}, "must be an array of integers or floats"),
        ({"count": 1, "vector": [[1], [2, 3]]}, "rows of one length"),
        ({"count": 1, "signs": [1, 0]}, "must hold only -1 and"),
        ({"count": 1, "weights": [[0, 1]]}, "must be square"),
        (
            {"count": 1, "weights": [[0, 1], [1, 2]]},
            r"zero diagonal, has not at \[1, 1\]",
        ),
        (
            {"count": 1, "cuont": 2},
            "sample.cuont: unknown, allowed are count, fraction",
        ),
    ],
)
def test_each_bad_argument_gets_the_one_shape_of_error(arguments, message):
    with pytest.raises(ParameterError, match=message):
        sample(**arguments)


def test_positional_arguments_are_named_too():
    with pytest.raises(ParameterError, match=r"sample.count: must be a valid integer"):
        sample("x")
    with pytest.raises(ParameterError, match=r"sample.fraction: must be given by key"):
        sample(1, 2)


def test_arrays_are_copied_and_numpy_numbers_are_numbers():
    given = np.array([1.0, 2.0])
    count, fraction, vector = sample(
        np.int16(4), fraction=np.float32(0.25), vector=given
    )
    given[0] = 9
    assert (count, fraction, vector.tolist()) == (4, 0.25, [1.0, 2.0])


def test_an_error_of_the_function_itself_passes_unchanged():
    @validated
    def fails(x: Integer):
        raise KeyError(x)

    with pytest.raises(KeyError):
        fails(1)


def test_the_error_travels_between_os_processes():
    error = ParameterError("Owner", "name", "must be one", 2)
    again = pickle.loads(pickle.dumps(error))
    assert (type(again), str(again)) == (
        ParameterError,
        "Owner.name: must be one, given 2",
    )


def test_long_values_are_abbreviated():
    assert describe(np.zeros((3, 4))) == "an array of shape (3, 4) and type float64"
    assert len(describe("x" * 1000)) == 60


def test_symmetry_allows_for_rounding_only():
    matrix = np.array([[0, 1.0], [1.0 + 1e-12, 0]])
    assert is_symmetric(matrix)
    assert not is_symmetric(np.array([[0, 1.0], [1.0 + 1e-6, 0]]))


def test_a_shape_is_a_tuple_or_one_number():
    @validated
    def make(*, shape: Shape) -> tuple[int, ...]:
        return shape

    assert make(shape=3) == (3,)
    assert make(shape=np.int64(3)) == (3,)
    assert make(shape=(2, 3)) == (2, 3)
    for bad in (0, (), (2, 0), 2.0, "3", True):
        with pytest.raises(ParameterError, match=r"make.shape"):
            make(shape=bad)


def test_values_are_spread_over_a_shape():
    assert spread("f", "x", 2, (2, 2)).tolist() == [[2, 2], [2, 2]]
    assert spread(
        "f", "x", np.asfortranarray([[1, 2], [3, 4]]), (2, 2)
    ).flags.c_contiguous
    with pytest.raises(ParameterError, match=r"f.x: must be a number or fit the shape"):
        spread("f", "x", [1, 2, 3], (2, 2))
