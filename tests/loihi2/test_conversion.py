import numpy as np
import pytest

from lava_apps.loihi2.conversion import input_limit, quantise_bias, quantise_decay
from lava_apps.parameters import ParameterError


@pytest.mark.parametrize(
    ("value", "offset", "expected"),
    [(0.5, 0, 2048), (0.5, 1, 2047), (1, 0, 4095), (1, 1, 4095), (0, 0, 0)],
)
def test_decays_are_rounded_to_4096ths(value, offset, expected):
    assert quantise_decay("f", "d", value, offset) == expected


@pytest.mark.parametrize(("value", "offset"), [(1e-4, 0), (1e-4, 1), (0, 1)])
def test_decays_that_would_vanish_are_refused(value, offset):
    with pytest.raises(ParameterError, match=r"^f.d: must be at least 0.000122"):
        quantise_decay("f", "d", value, offset)


def test_biases_get_the_smallest_exponent_that_holds_them():
    biases = np.array([0, 1.4, -4095.4, 4095.6, 8190, 524_160, -524_160])
    mantissas, exponents = quantise_bias(biases)
    assert exponents.tolist() == [0, 0, 0, 1, 1, 7, 7]
    assert np.abs(mantissas).max() <= 4095
    errors = np.abs(mantissas * 2.0**exponents - biases)
    assert (errors <= 2.0**exponents / 2).all()
    for mantissa, exponent in zip(mantissas, exponents, strict=True):
        assert exponent == 0 or abs(mantissa) >= 2047


def test_the_input_limit_without_memory_is_that_of_one_step():
    assert input_limit(4095) == 131_071
    with pytest.raises(ParameterError, match=r"^input_limit.du: must be less"):
        input_limit(4096)
