import gc

import numpy as np
import pytest

from lava_apps.parameters import ParameterError
from lava_apps.processes.lif import LIF, Membrane

from lava.magma.core.process.process import ProcessServer


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({}, "shape: is required"),
        ({"shape": 0}, "shape: must be greater than or equal to 1"),
        ({"shape": (2, -1)}, "shape: must be greater than or equal to 1"),
        ({"shape": ()}, "shape: tuple should have at least 1 item"),
        ({"shape": 2.5}, "shape: "),
        ({"shape": 2, "bias": 3}, "bias: unknown, allowed are shape, u, v, du"),
        ({"shape": 2, "du": -0.1}, "du: must be greater than or equal to 0"),
        ({"shape": 2, "dv": 4096}, "dv: must be less than or equal to 4095"),
        ({"shape": 2, "vth": [1, 2, 3]}, r"vth: must be a number or fit .*\(2,\)"),
        ({"shape": 2, "vth": np.nan}, "vth: must be finite"),
        ({"shape": 2, "bias_mant": "big"}, "bias_mant: must be an array of integers"),
        ({"shape": 2, "bias_exp": 8}, "bias_exp: must be integers from 0 to 7"),
        ({"shape": 2, "bias_exp": 0.5}, "bias_exp: must be integers from 0 to 7"),
        ({"shape": 2, "refractory_period": 1.5}, "refractory_period: must be a valid"),
        ({"shape": 2, "refractory_period": -1}, "refractory_period: must be greater"),
        ({"shape": 2, "reset": "zero"}, "reset: must be 'value' or 'subtract'"),
        ({"shape": 2, "reset": "subtract", "v_reset": 1}, "v_reset: must be left out"),
        ({"shape": 2, "reset": "subtract", "vth": -1}, "vth: must not be negative"),
        ({"shape": 2, "theta": -1}, "theta: must not be negative"),
        ({"shape": 2, "theta_plus": -1}, "theta_plus: must be greater"),
        ({"shape": 2, "noise": -1}, "noise: must be greater"),
        ({"shape": 2, "seed": -1}, "seed: must be greater"),
    ],
)
def test_bad_arguments_raise_the_one_shape_of_error_and_leave_nothing(
    arguments, message
):
    gc.collect()  # nothing of an earlier test goes meanwhile
    before = ProcessServer().num_processes
    with pytest.raises(ParameterError, match=rf"^LIF.{message}"):
        LIF(**arguments)
    assert ProcessServer().num_processes == before


def test_values_are_spread_over_the_population_and_copied():
    bias = np.asfortranarray([[1.0, 2.0, 3.0], [4.0, 5.0, 6.0]])
    neurons = LIF(shape=(2, 3), bias_mant=bias, vth=[7, 8, 9], name="layer")
    bias[0, 0] = 99
    assert neurons.bias_mant.init.tolist() == [[1, 2, 3], [4, 5, 6]]
    assert neurons.vth.init.tolist() == [[7, 8, 9], [7, 8, 9]]
    assert neurons.name == "layer"


def test_from_membrane_takes_options_of_the_constructor():
    neurons = LIF.from_membrane(Membrane(), shape=2, drive=[12, 20], noise=0.5, v=1)
    assert neurons.dv.init == 0.01
    assert neurons.bias_mant.init == pytest.approx([0.12, 0.2])
    assert neurons.noise.init == 0.5
    with pytest.raises(ParameterError, match=r"LIF.bias: unknown"):
        LIF.from_membrane(Membrane(), shape=2, bias=1)
    with pytest.raises(ParameterError, match=r"LIF.from_membrane.shape: is required"):
        LIF.from_membrane(Membrane())
    with pytest.raises(ParameterError, match=r"LIF.from_membrane.membrane: must be"):
        LIF.from_membrane(3, shape=3)
