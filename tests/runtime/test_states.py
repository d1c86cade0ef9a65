"""States that do not fit, aliases, full probes, and what failures leave behind."""

import copy
import json
import logging

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from lava_apps.apps.digits.model import Model as DigitsModel
from lava_apps.apps.digits.network import Settings
from lava_apps.apps.som.model import Model as MapModel
from lava_apps.apps.som.network import MapSettings
from lava_apps.draws import new_key
from lava_apps.kernel import Process
from lava_apps.parameters import ParameterError
from lava_apps.processes.encoders import GradedEncoder, RateEncoder
from lava_apps.processes.hopfield import Hopfield, hebbian
from lava_apps.processes.lif import LIF
from lava_apps.runtime import (
    BackendWarning,
    DeadlockError,
    ProbeMemoryError,
    Simulator,
    Snapshot,
    StateError,
    enable,
)
from lava_apps.runtime.state import capture, put_back
from lava_apps.runtime.switch import disable

from lava.magma.core.decorator import implements, requires
from lava.magma.core.model.py.model import PyLoihiProcessModel
from lava.magma.core.model.py.ports import PyInPort, PyOutPort
from lava.magma.core.model.py.type import LavaPyType
from lava.magma.core.process.ports.ports import InPort, OutPort
from lava.magma.core.process.process import AbstractProcess
from lava.magma.core.process.variable import Var
from lava.magma.core.resources import CPU
from lava.magma.core.run_conditions import RunSteps
from lava.magma.core.run_configs import Loihi2SimCfg
from lava.magma.core.sync.protocols.loihi_protocol import LoihiProtocol
from lava.proc.dense.process import Dense
from lava.proc.io.source import RingBuffer
from lava.proc.sparse.process import Sparse

BACKENDS = ["compiled", "inline"]
PATTERNS = np.random.default_rng(0).choice([-1, 1], (2, 4))


def hopfield():
    return Hopfield(weights=hebbian(PATTERNS), update="asynchronous", seed=1)


@pytest.mark.parametrize("backend", BACKENDS)
@pytest.mark.parametrize(
    "order", [[0, 1, 2, 9], [-1, 1, 2, 3], [0, 0, 1, 2], [0, 1, 2, 2**40]]
)
def test_an_order_that_leads_beyond_the_neurons_is_refused(backend, order):
    network = hopfield()
    with Simulator(network, backend=backend) as sim:
        sim.run(2)
        before = sim.get(network.order)
        with pytest.raises(ParameterError, match=r"Hopfield.order: must hold each num"):
            sim.set(network.order, order)
        with pytest.raises(ParameterError, match=r"Hopfield.order: must hold each num"):
            network.order.set(np.array(order))
        wrong = sim.snapshot()
        wrong.tree["models"]["0"]["order"] = np.array(order)
        with pytest.raises(StateError, match="order: must hold each number"):
            sim.restore(wrong)
        assert np.array_equal(sim.get(network.order), before)
        sim.set(network.order, [3, 2, 1, 0])
        sim.run(1)


def test_an_order_of_samples_that_are_not_there_is_refused():
    encoder = GradedEncoder(data=[[3, 1], [1, 5]])
    with Simulator(encoder) as sim:
        for order in ([0, 2], [-1, 0]):
            with pytest.raises(ParameterError, match=r"order: must be from 0 to 1"):
                sim.set(encoder.order, order)
            wrong = sim.snapshot()
            wrong.tree["models"]["0"]["order"] = np.array(order)
            with pytest.raises(StateError, match="order: must be from 0 to 1"):
                sim.restore(wrong)


def test_an_order_that_is_none_is_not_used():
    """Lava's own runtime sets Vars without asking anybody."""
    arrays = [np.zeros(4), np.zeros(4), np.eye(4), np.ones(4), np.zeros(4)]
    from lava_apps.processes.hopfield.dynamics import step

    order = np.array([0, 1, 2, 9])
    step(*arrays, order, new_key(1), True, 1)
    assert sorted(order.tolist()) == [0, 1, 2, 3]


def whole_graph():
    """Make neurons of ours and Lava's, with all kinds of connections."""
    source = RateEncoder(data=[[0.5, 0.5, 0.9]], steps=5, seed=1)
    neurons, out = LIF(shape=3, vth=2, noise=0.1, seed=2), LIF(shape=2, vth=1)
    dense = Dense(weights=np.arange(9).reshape(3, 3))
    sparse = Sparse(weights=np.array([[1.0, 0, 2], [0, 3, 0]]))
    memory = Hopfield(weights=1 - np.eye(2), update="asynchronous", seed=3)
    source.s_out.connect(dense.s_in)
    dense.a_out.connect(neurons.a_in)
    neurons.s_out.connect(sparse.s_in)
    sparse.a_out.connect(out.a_in)
    out.s_out.connect(memory.a_in)
    return neurons


def mutations(tree, path=()):
    """List all places of a tree."""
    if isinstance(tree, dict):
        for key, value in tree.items():
            yield (*path, key)
            yield from mutations(value, (*path, key))
    elif isinstance(tree, list):
        for place, value in enumerate(tree):
            yield from mutations(value, (*path, place))


WRONG = st.sampled_from(
    ["missing", "shorter", "longer", "empty", "text", "none", "float", "huge", "nan"]
)


def spoil(tree, path, how):
    """Change one place of a tree; say whether anything was."""
    *above, last = path
    for key in above:
        tree = tree[key]
    value = tree[last]
    if how == "missing":
        del tree[last]
        return True
    if how in ("text", "none"):
        tree[last] = "text" if how == "text" else None
        return True
    if not isinstance(value, np.ndarray):
        return False
    if how in ("shorter", "longer", "empty"):
        size = {"shorter": value.size - 1, "longer": value.size + 1, "empty": 0}[how]
        tree[last] = np.resize(value, max(size, 0))
        return tree[last].shape != value.shape
    if how == "float":
        tree[last] = value.astype(float) + 0.5
    elif how == "huge":
        if value.dtype.kind not in "iu":
            return False
        tree[last] = np.full_like(value, np.iinfo(value.dtype).max)
    else:
        if value.dtype.kind != "f":
            return False
        tree[last] = np.full_like(value, np.nan)
    return True


@given(choice=st.integers(0, 10_000), how=WRONG)
@settings(max_examples=150, deadline=None)
@pytest.mark.parametrize("backend", BACKENDS)
def test_a_spoilt_state_is_refused_and_changes_nothing_or_runs(backend, choice, how):
    neurons = whole_graph()
    with Simulator(neurons, backend=backend) as sim:
        sim.run(3)
        good = sim.snapshot()
        bad = copy.deepcopy(good)
        places = list(mutations(bad.tree))
        if not spoil(bad.tree, places[choice % len(places)], how):
            return
        try:
            sim.restore(bad)
        except StateError:
            now = sim.snapshot()
            assert str(now.tree) == str(good.tree)
            sim.run(2)
            return
        # What it takes is as large as it was, and can be run.
        for place, model in good.tree["models"].items():
            for name, value in model.items():
                if isinstance(value, np.ndarray):
                    assert bad.tree["models"][place][name].shape == value.shape
        sim.run(2)


@pytest.mark.parametrize("backend", BACKENDS)
@pytest.mark.parametrize("size", [0, 1, 3])
def test_a_key_of_another_size_is_refused(backend, size):
    neurons = LIF(shape=3, noise=1.0, seed=1)
    with Simulator(neurons, backend=backend) as sim:
        wrong = sim.snapshot()
        wrong.tree["models"]["0"]["key"] = np.zeros(size, np.uint64)
        with pytest.raises(StateError, match=r"LIF .*key: has the shape \(\d"):
            sim.restore(wrong)
        sim.run(1)


def test_sparse_weights_whose_indices_lie_outside_are_refused():
    sparse = Sparse(weights=np.eye(3))
    with Simulator(sparse) as sim:
        wrong = sim.snapshot()
        parts = wrong.tree["models"]["0"]["weights"]["csr"]
        parts["indices"] = np.array([0, 1, 7], parts["indices"].dtype)
        with pytest.raises(StateError, match="does not fit"):
            sim.restore(wrong)


class Historian(Process):
    """A Process whose model keeps one list under two names."""

    def __init__(self):
        super().__init__()
        self.a_in = InPort(shape=(1,))
        self.s_out = OutPort(shape=(1,))
        self.x = Var(shape=(1,), init=0)


@implements(proc=Historian, protocol=LoihiProtocol)
@requires(CPU)
class PyHistorianModel(PyLoihiProcessModel):
    a_in: PyInPort = LavaPyType(PyInPort.VEC_DENSE, float)
    s_out: PyOutPort = LavaPyType(PyOutPort.VEC_DENSE, float)
    x: np.ndarray = LavaPyType(np.ndarray, float)

    def __init__(self, parameters=None):
        super().__init__(parameters)
        self.hist = self.last = []
        self.array = self.other = np.zeros(2)
        self.table = {"deep": self.hist, "self": None}
        self.table["self"] = self.table

    def run_spk(self):
        self.a_in.recv()
        self.hist.append(len(self.last))
        self.array[:] += 1
        self.x[:] = len(self.last) + len(self.table["deep"]) + self.other[0]
        assert self.hist is self.last is self.table["deep"]
        assert self.table["self"] is self.table
        assert self.array is self.other
        self.s_out.send(self.x)


def test_aliases_stay_aliases_when_a_state_is_restored(tmp_path):
    process = Historian()
    with Simulator(process, backend="inline") as sim:
        sim.run(3)
        sim.save(tmp_path / "state.npz")
        snapshot = sim.snapshot()
        sim.run(4)
        later = float(sim.get(process.x)[0])
        sim.restore(snapshot)
        assert float(sim.get(process.x)[0]) == 9
        sim.run(4)
        assert float(sim.get(process.x)[0]) == later
        sim.load(tmp_path / "state.npz")
        sim.run(4)
        assert float(sim.get(process.x)[0]) == later


def test_what_is_shared_comes_back_shared():
    shared = [1, [2]]
    held = {"a": shared, "b": [shared, shared[1]], "c": {"d": shared[1]}}
    tree = capture(held)
    shared.append(3)
    shared[1].append(4)
    back = put_back(held, tree)
    assert back["a"] == [1, [2]]
    assert back["b"][0] is back["a"]
    assert back["b"][1] is back["a"][1] is back["c"]["d"]


class Loop(AbstractProcess):
    def __init__(self):
        super().__init__()
        self.a_in, self.s_out = InPort(shape=(1,)), OutPort(shape=(1,))
        self.v = Var(shape=(1,), init=0)


def circle():
    first, second = (LIF(shape=1) for _ in range(2))
    first.s_out.connect(second.a_in)
    second.s_out.connect(first.a_in)
    return first


@pytest.mark.parametrize("backend", ["compiled", "auto"])
def test_a_deadlock_that_is_found_while_building_leaves_the_graph_free(backend):
    first = circle()
    for _ in range(2):
        with pytest.raises(DeadlockError):
            Simulator(first, backend=backend)
    with Simulator(first, backend="inline"):
        pass


@pytest.mark.filterwarnings("error::lava_apps.runtime.BackendWarning")
def test_a_warning_that_is_an_error_leaves_the_graph_free():
    process = Historian()
    for _ in range(2):
        with pytest.raises(BackendWarning):
            Simulator(process)


@pytest.mark.parametrize("error", [KeyboardInterrupt, MemoryError])
def test_whatever_ends_the_building_leaves_the_graph_free(monkeypatch, error):
    from lava_apps.runtime import backends

    def fail(_):
        raise error

    neurons = LIF(shape=1)
    broken = backends._Registered(fail, 1)
    monkeypatch.setitem(backends._BACKENDS, "compiled", broken)
    with pytest.raises(error):
        Simulator(neurons)
    monkeypatch.undo()
    with Simulator(neurons) as sim:
        sim.run(1)


@pytest.mark.parametrize("backend", [*BACKENDS, "lava"])
def test_a_full_probe_stops_the_run_after_a_whole_time_step(backend):
    neurons = LIF(shape=100, bias_mant=1, vth=0.5, dv=1)  # all spike in each step
    with Simulator(neurons, backend=backend) as sim:
        probe = sim.probe(neurons.s_out, max_bytes=10_000)
        with pytest.raises(ProbeMemoryError, match=r"clear\(\) it"):
            sim.run(500)
        stopped = sim.time_step
        assert 0 < stopped < 60
        assert len(sim.data[probe]) == stopped
        assert sim.data[probe].all()
        assert probe.bytes <= 10_000
        with pytest.raises(ProbeMemoryError):
            sim.run(1)
        assert sim.time_step == stopped
        if backend != "lava":
            sim.restore(sim.snapshot())
        probe.clear()
        sim.run(5)
        assert sim.time_step == stopped + 5
        assert sim.data[probe].shape == (5, 100)


def test_handlers_of_the_user_stay():
    root, lavas = logging.getLogger(), logging.getLogger("lava.magma.compiler.compiler")
    mine = [logging.StreamHandler() for _ in range(3)]
    form = LIF(shape=1).log.handlers[-1].formatter
    for handler in mine[:2]:
        handler.setFormatter(form)  # just as Lava's
        root.addHandler(handler)
    lavas.addHandler(mine[2])
    try:
        for _ in range(3):
            with Simulator(LIF(shape=1)) as sim:
                sim.run(1)
        assert mine[0] in root.handlers
        assert mine[1] in root.handlers
        assert mine[2] in lavas.handlers
        assert len(root.handlers) < 12
    finally:
        for handler in mine:
            root.removeHandler(handler)
            lavas.removeHandler(handler)


def rewrite(path, change):
    """Change what a file holds, and write it again."""
    with np.load(path) as file:
        arrays = dict(file)
    content = json.loads(arrays.pop("header").tobytes())
    change(content, arrays)
    arrays["header"] = np.frombuffer(json.dumps(content).encode(), np.uint8)
    np.savez(path, **arrays)


def digits_model(path):
    made = DigitsModel(Settings(4), np.ones((4, 9)), np.zeros(4), np.full((10, 4), 0.1))
    made.save(path)
    return DigitsModel.load


def map_model(path):
    settings = MapSettings(2, 3)
    MapModel(settings, np.ones((6, 2)), np.zeros(2), np.ones(2), ["a", "b"]).save(path)
    return MapModel.load


def simulator_state(path):
    with Simulator(LIF(shape=2)) as sim:
        sim.run(1)
        sim.save(path)
    return Snapshot.load


@pytest.mark.parametrize("make", [digits_model, map_model, simulator_state])
def test_a_file_that_lacks_anything_is_a_state_error(tmp_path, make):
    path = tmp_path / "file.npz"
    load = make(path)
    load(path)
    whole = path.read_bytes()
    with np.load(path) as file:
        names = [n for n in file.files if n != "header"]
        keys = list(json.loads(file["header"].tobytes()))

    def check(change):
        path.write_bytes(whole)
        rewrite(path, change)
        try:
            found = load(path)
        except StateError:
            return
        assert isinstance(found, Snapshot)  # which the graph is asked about
        with Simulator(LIF(shape=2)) as sim, pytest.raises(StateError):
            sim.restore(found)

    for name in names:
        check(lambda _, arrays, name=name: arrays.pop(name))
        if make is not simulator_state:
            check(lambda _, a, name=name: a.update({name: np.zeros((3, 5))}))
            check(lambda _, a, name=name: a.update({name: a[name] * np.nan}))
    for key in set(keys) - {"time_step", "labels"}:  # which may be left out
        if key != "familiar":  # which older files have not
            check(lambda content, _, key=key: content.pop(key))
        check(lambda content, _, key=key: content.update({key: None}))
        check(lambda content, _, key=key: content.update({key: 7}))


def test_a_set_that_lava_does_is_held_to_the_ranges():
    neurons = LIF(shape=3)
    enable("inline")
    try:
        neurons.run(RunSteps(1), Loihi2SimCfg())
        with pytest.raises(ParameterError, match=r"LIF.dv: must be from 0"):
            neurons.dv.set(np.array([3.0]))
        assert neurons.dv.get() == 0
        neurons.dv.set(np.array([0.5]))
        assert neurons.dv.get() == 0.5
    finally:
        neurons.stop()
        disable()


def test_sources_of_lava_can_be_set_as_before():
    source = RingBuffer(data=np.eye(3))
    source.s_out.connect(LIF(shape=3).a_in)
    with Simulator(source) as sim:
        sim.set(source.data, np.zeros((3, 3)))
        sim.run(1)
