import numpy as np
import pytest

from lava_apps.kernel import KernelModel, declared_ports

from lava.magma.core.model.py.ports import PyInPort, PyOutPort
from lava.magma.core.model.py.type import LavaPyType


class FakePort:
    """Stands where Lava puts a port: hands out messages, keeps what is sent."""

    def __init__(self, shape, messages=()):
        self._shape = shape
        self.messages = list(messages)
        self.sent = []

    def recv(self):
        return self.messages.pop(0)

    def send(self, data):
        self.sent.append(data.copy())


class ScaledSum(KernelModel):
    @staticmethod
    def step(a_in, s_out, total, gain, time_step):
        total += gain * a_in
        s_out[:] = total + time_step

    a_in: PyInPort = LavaPyType(PyInPort.VEC_DENSE, np.int32)
    s_out: PyOutPort = LavaPyType(PyOutPort.VEC_DENSE, np.int32)
    total: np.ndarray = LavaPyType(np.ndarray, np.int32)


def make_model(messages):
    model = ScaledSum({"gain": 2})
    model.a_in, model.s_out = FakePort((2,), messages), FakePort((2,))
    model.total = np.zeros(2, np.int32)
    return model


def test_ports_vars_and_parameters_reach_the_step_function_by_name():
    model = make_model([np.array([1, 2]), np.array([3, 4])])
    for step in (1, 2):
        model.time_step = step
        model.run_spk()
    assert [sent.tolist() for sent in model.s_out.sent] == [[3, 5], [10, 14]]
    assert model.total.tolist() == [8, 12]


def test_a_narrower_message_fits_and_a_float_for_an_integer_port_does_not():
    model = make_model([np.array([True, False]), np.array([0.5, 1.0])])
    model.run_spk()
    assert model.total.tolist() == [2, 0]
    with pytest.raises(TypeError, match=r"ScaledSum.a_in: .*float64.*int32"):
        model.run_spk()


def test_declared_ports_include_inherited_ones():
    class Wider(ScaledSum):
        a_in: PyInPort = LavaPyType(PyInPort.VEC_DENSE, np.int64)

    assert {n: p.d_type for n, p in declared_ports(Wider).items()} == {
        "a_in": np.int64,
        "s_out": np.int32,
    }


def test_a_model_without_a_step_function_or_with_a_forgotten_port_is_refused():
    with pytest.raises(TypeError, match="needs a step function"):
        type("NoStep", (KernelModel,), {})
    port = LavaPyType(PyInPort.VEC_DENSE, float)
    with pytest.raises(TypeError, match="b_in declared, but no argument of step"):
        type("Forgot", (ScaledSum,), {"b_in": port})


@pytest.mark.parametrize("name", ["phase", "time_step", "run", "proc_params"])
def test_names_that_lavas_models_use_are_refused(name):
    members = {
        "step": staticmethod(lambda a_out: None),
        "a_out": LavaPyType(PyOutPort.VEC_DENSE, float),
        name: LavaPyType(np.ndarray, float),
    }
    with pytest.raises(TypeError, match=f"Clashing: {name}: Lava's models use"):
        type("Clashing", (KernelModel,), members)
