"""What stock Lava accepts runs here, with the same numbers and the same errors."""

import pickle
import sys

import numpy as np
import pytest
from hypothesis import given, settings
from numba import njit

from lava_apps.kernel import Process
from lava_apps.runtime import (
    BackendError,
    BackendWarning,
    ShapeError,
    Simulator,
    disable,
    enable,
    register_kernel,
)
from lava_apps.runtime.errors import as_runtime_error
from lava_apps.testing.strategies import generators

from lava.magma.core.decorator import implements, requires
from lava.magma.core.model.py.model import PyLoihiProcessModel
from lava.magma.core.model.py.ports import PyOutPort
from lava.magma.core.model.py.type import LavaPyType
from lava.magma.core.process.ports.ports import OutPort
from lava.magma.core.process.variable import Var
from lava.magma.core.resources import CPU
from lava.magma.core.run_conditions import RunSteps
from lava.magma.core.run_configs import Loihi2SimCfg
from lava.magma.core.sync.protocols.loihi_protocol import LoihiProtocol
from lava.proc.atrlif.process import ATRLIF
from lava.proc.lif.process import LIF
from lava.proc.monitor.process import Monitor

pytestmark = pytest.mark.filterwarnings("ignore::lava_apps.runtime.BackendWarning")


def run(make, backend, steps=2, names=("u", "v"), **options):
    process = make()
    with Simulator(process, backend=backend, **options) as sim:
        sim.run(steps)
        return [np.asarray(sim.get(getattr(process, name))) for name in names]


@pytest.mark.parametrize("backend", ["auto", "inline", "lava"])
def test_a_number_may_be_given_as_an_array(backend):
    u, v = run(
        lambda: LIF(
            shape=(3,), du=np.array([0.1, 0.5, 0.9]), u=5.0, bias_mant=1, vth=10
        ),
        backend,
    )
    assert u == pytest.approx([4.05, 1.25, 0.05])
    assert v == pytest.approx([0, 5.75, 2.55])


@pytest.mark.parametrize("backend", ["auto", "compiled", "inline", "lava"])
@pytest.mark.parametrize("shape", [(1, 3), (1, 1, 3), (3,), (1,), (1, 1)])
def test_an_array_may_be_given_with_more_dimensions(backend, shape):
    values = np.arange(1.0, np.prod(shape) + 1).reshape(shape)
    u, v = run(lambda: LIF(shape=(3,), v=values, u=1.0, vth=10), backend)
    assert v == pytest.approx(np.broadcast_to(values.ravel(), 3) + 2)
    assert u.tolist() == [1, 1, 1]


@pytest.mark.parametrize("shape", [(4,), (2, 3), (3, 1), (2,)])
@pytest.mark.parametrize("backend", ["auto", "compiled", "inline"])
def test_what_lava_refuses_is_named(backend, shape):
    with pytest.raises(ShapeError, match=r"LIF .*\.v: initial value of shape"):
        run(lambda: LIF(shape=(3,), v=np.ones(shape)), backend)


@given(rng=generators())
@settings(max_examples=40, deadline=None)
def test_initial_values_of_any_form_give_one_result(rng):
    shape = tuple(int(n) for n in rng.integers(1, 4, rng.integers(1, 3)))

    def value():
        form = rng.integers(4)
        if form == 0:
            return float(rng.integers(5))
        if form == 1:
            return rng.integers(0, 5, shape)
        if form == 2:
            return rng.integers(0, 5, (1, *shape)).astype(float)
        return rng.integers(0, 5, shape[-1:]).tolist()

    given = {name: value() for name in ("u", "v", "bias_mant")}

    def make():
        return LIF(shape=shape, vth=7, du=0.25, dv=0.5, **given)

    inline, compiled = (run(make, b, 5) for b in ("inline", "auto"))
    process = make()
    expected = [np.zeros(shape) for _ in range(3)]
    for array, name in zip(expected, given, strict=True):
        array[:] = given[name]
    u, v, bias = expected
    for _ in range(5):
        u = 0.75 * u
        v = 0.5 * v + u + bias
        v[v > 7] = 0
    for found in (inline, compiled):
        assert found[0] == pytest.approx(u)
        assert found[1] == pytest.approx(v)
    assert process.v.shape == shape


@pytest.mark.parametrize("backend", ["auto", "compiled", "inline", "lava"])
@pytest.mark.parametrize("config", ["lavas", "ours"])
def test_fractions_of_an_adaptive_neuron_are_meant(backend, config):
    options = {"precision": "fixed_pt"}
    if config == "lavas":
        options = {"run_cfg": Loihi2SimCfg(select_tag="fixed_pt")}
    (v,) = run(
        lambda: ATRLIF(shape=(2,), bias_mant=3, bias_exp=6),
        backend,
        9,
        ("v",),
        **options,
    )
    assert v.tolist() == [474, 474]


@given(rng=generators())
@settings(max_examples=25, deadline=None)
def test_adaptive_neurons_with_any_fractions_are_equal_on_two_backends(rng):
    deltas = ("delta_i", "delta_v", "delta_theta", "delta_r")
    given = {name: float(rng.choice([0, 1, rng.random()])) for name in deltas}
    if rng.random() < 0.3:
        given = {name: int(value > 0.5) for name, value in given.items()}

    def make():
        return ATRLIF(shape=(3,), bias_mant=np.arange(3) + 2, bias_exp=7, i=99, **given)

    names = ("i", "v", "theta", "r")
    inline, compiled = (
        run(make, b, 20, names, precision="fixed_pt") for b in ("inline", "compiled")
    )
    assert all(np.array_equal(a, b) for a, b in zip(inline, compiled, strict=True))


@pytest.mark.parametrize("backend", ["compiled", "inline", "auto"])
def test_vars_and_monitors_can_be_read_while_a_simulator_runs(backend):
    neurons, monitor = LIF(shape=(2,), bias_mant=2, vth=5), Monitor()
    monitor.probe(neurons.v, 6)
    with Simulator(neurons, backend=backend) as sim:
        assert neurons.v.get().tolist() == [0, 0]
        sim.run(2)
        assert neurons.v.get().tolist() == sim.get(neurons.v).tolist() == [4, 4]
        neurons.v.set(np.array([1.0, 3.0]))
        sim.run(1)
        assert neurons.v.get().tolist() == [3, 5]
        sim.run(3)
        recorded = monitor.get_data()[neurons.name]["v"]
    assert recorded.shape == (6, 2)
    assert recorded[:3].tolist() == [[2, 2], [4, 4], [3, 5]]


class Failing(Process):
    """A Process whose model raises."""

    def __init__(self, error):
        super().__init__(error=error)
        self.s_out = OutPort(shape=(1,))


@implements(proc=Failing, protocol=LoihiProtocol)
@requires(CPU)
class PyFailingModel(PyLoihiProcessModel):
    s_out: PyOutPort = LavaPyType(PyOutPort.VEC_DENSE, float)

    def run_spk(self):
        raise self.proc_params["error"]


class OddError(Exception):
    def __init__(self, first, *, second):
        super().__init__(f"{first} and {second}")
        self.second = second


class SlottedError(ValueError):
    __slots__ = ("extra",)


ERRORS = [
    ValueError("no"),
    KeyError("name"),
    OSError(2, "gone", "file.txt"),
    ZeroDivisionError("x"),
    OddError("one", second="two"),
    SlottedError("slots"),
    RuntimeError("is one"),
    NotImplementedError("is one, too"),
    UnicodeDecodeError("utf-8", b"x", 0, 1, "bad"),
    AssertionError(),
]


@pytest.mark.parametrize("error", ERRORS, ids=lambda e: type(e).__name__)
def test_what_a_model_raises_is_a_runtime_error_as_well(error):
    kind, text = type(error), str(error)
    process = Failing(error)
    with Simulator(process, backend="inline") as sim:
        with pytest.raises(kind) as caught:
            sim.run(1)
        assert isinstance(caught.value, RuntimeError)
        # Before Python 3.11 errors have no notes: the place is told in their text.
        if sys.version_info >= (3, 11):
            assert str(caught.value) == text
        assert type(caught.value).__name__ == kind.__name__
        frames = [entry.name for entry in caught.traceback]
        assert "run_spk" in frames
    enable("inline")
    try:
        process = Failing(error)
        with pytest.raises(RuntimeError):
            process.run(RunSteps(1), Loihi2SimCfg())
        process.stop()
    finally:
        disable()


def test_attributes_arguments_and_copies_of_an_error_stay():
    odd = as_runtime_error(OddError("one", second="two"))
    assert (odd.second, odd.args) == ("two", ("one and two",))
    system = as_runtime_error(OSError(2, "gone", "file.txt"))
    assert (system.errno, system.filename) == (2, "file.txt")
    for error in (odd, system, as_runtime_error(KeyError("k"))):
        again = pickle.loads(pickle.dumps(error))
        assert isinstance(again, RuntimeError)
        assert (str(again), vars(again)) == (str(error), vars(error))
    cause = ValueError("why")
    failed = KeyError("x")
    failed.__cause__ = cause
    assert as_runtime_error(failed).__cause__ is cause
    for other in (KeyboardInterrupt(), SystemExit(1)):
        assert as_runtime_error(other) is other


class Broken(Process):
    """A Process whose kernel cannot be compiled."""

    def __init__(self):
        super().__init__(what="text")
        self.s_out = OutPort(shape=(1,))
        self.count = Var(shape=(1,), init=0)


@implements(proc=Broken, protocol=LoihiProtocol)
@requires(CPU)
class PyBrokenModel(PyLoihiProcessModel):
    s_out: PyOutPort = LavaPyType(PyOutPort.VEC_DENSE, float)
    count: np.ndarray = LavaPyType(np.ndarray, float)

    def run_spk(self):
        self.count += 1
        self.s_out.send(self.count)


@njit
def broken_step(s_out, count, what):
    count[0] += 1
    s_out[0] = count[0] << what


register_kernel(PyBrokenModel, step=broken_step)


def test_a_kernel_that_does_not_compile_is_one_sentence_or_runs_inline():
    with (
        Simulator(Broken(), backend="compiled") as sim,
        pytest.raises(BackendError, match="cannot compile the kernel") as caught,
    ):
        sim.run(1)
    assert "\n" not in str(caught.value)
    assert caught.value.__cause__ is None
    broken = Broken()
    with Simulator(broken) as sim:
        probe = sim.probe(broken.s_out)
        with pytest.warns(BackendWarning, match="runs inline, for compiled cannot"):
            sim.run(3)
        assert sim.backend == "inline"
        assert "cannot compile" in sim.explain()
        sim.run(2)
        sim.restore(sim.snapshot())
    assert sim.data[probe].ravel().tolist() == [1, 2, 3, 4, 5]


def test_backend_lava_says_that_it_needs_fork(monkeypatch):
    monkeypatch.setattr("multiprocessing.get_start_method", lambda: "spawn")
    with (
        Simulator(LIF(shape=(1,)), backend="lava") as sim,
        pytest.raises(BackendError, match=r"by fork, .* start them by spawn"),
    ):
        sim.run(1)
