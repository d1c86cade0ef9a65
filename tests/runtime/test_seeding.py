"""Processes draw independently, the same in each run, and as the seed says."""

import subprocess
import sys

import numpy as np
import pytest

from lava_apps.kernel import Process
from lava_apps.loihi2.run_configs import RunConfig
from lava_apps.processes.encoders import (
    GradedEncoder,
    PopulationEncoder,
    RateEncoder,
)
from lava_apps.processes.hopfield import Hopfield
from lava_apps.processes.lif import LIF
from lava_apps.processes.som import SOM, GradedCode, SpikingSOM
from lava_apps.processes.stdp import PairSTDP, STDPDense
from lava_apps.runtime import Simulator

from lava.magma.core.decorator import implements, requires
from lava.magma.core.model.py.model import PyLoihiProcessModel
from lava.magma.core.model.py.ports import PyInPort
from lava.magma.core.model.py.type import LavaPyType
from lava.magma.core.model.sub.model import AbstractSubProcessModel
from lava.magma.core.process.ports.ports import InPort, OutPort
from lava.magma.core.process.process import AbstractProcess
from lava.magma.core.process.variable import Var
from lava.magma.core.resources import CPU
from lava.magma.core.sync.protocols.loihi_protocol import LoihiProtocol
from lava.proc.dense.process import Dense, LearningDense
from lava.proc.io.source import RingBuffer
from lava.proc.learning_rules.stdp_learning_rule import STDPLoihi

GREY = np.full((1, 50), 128, dtype=np.uint8)
VALUES = np.full((1, 10), 0.5)


def correlation(make, port, seed=None):
    """Run two Processes of one graph; correlate what they send."""
    first, second = make(), make()
    # Connected, but without effect.
    size = int(np.prod(first.out_ports.members[0].shape))
    sink = LIF(shape=1)
    for process in (first, second):
        silent = Dense(weights=np.zeros((1, size), dtype=int))
        out = process.out_ports.members[0]
        out.flatten().connect(silent.s_in)
        silent.a_out.connect(sink.a_in)
    with Simulator(sink, seed=seed) as sim:
        probes = [sim.probe(getattr(process, port)) for process in (first, second)]
        sim.run(200)
        sent = [np.asarray(sim.data[probe], dtype=float) for probe in probes]
    # What is different from neuron to neuron is no correlation of their noise.
    sent = [np.ravel(record - record.mean(axis=0)) for record in sent]
    return np.corrcoef(sent)[0, 1], sent


CASES = {
    "noise": (lambda **k: LIF(shape=50, dv=1, vth=9.0, noise=1.0, **k), "v"),
    "rates": (lambda **k: RateEncoder(data=GREY, steps=200, **k), "s_out"),
    "population": (
        lambda **k: PopulationEncoder(data=VALUES, steps=200, low=0, high=1, **k),
        "s_out",
    ),
}


@pytest.mark.parametrize(("make", "port"), CASES.values(), ids=CASES)
def test_copies_draw_independently_unless_told_otherwise(make, port):
    apart, sent = correlation(make, port)
    # Two independent records of n numbers: a standard deviation of 1 / sqrt(n).
    assert abs(apart) < 5 / np.sqrt(np.count_nonzero(sent[0]))
    again = correlation(make, port)[1]
    assert np.array_equal(sent, again)
    same = correlation(lambda: make(seed=3), port)[0]
    assert same == pytest.approx(1)
    assert abs(correlation(lambda: make(seed=3), port, seed=1)[0]) < 0.1


def test_without_a_simulator_copies_differ_and_a_script_repeats():
    script = (
        "import lava_apps\n"
        "from lava_apps.processes.lif import LIF\n"
        "print(*(list(LIF(shape=1).key.init) for _ in range(3)))\n"
    )
    runs = [
        subprocess.run(
            [sys.executable, "-c", script], capture_output=True, text=True, check=True
        ).stdout
        for _ in range(2)
    ]
    assert runs[0] == runs[1]
    keys = {tuple(LIF(shape=1).key.init) for _ in range(20)}
    assert len(keys) == 20


class Pair(AbstractProcess):
    """Two noisy neurons, made when the graph is built."""

    def __init__(self):
        super().__init__()
        self.s_out, self.t_out = OutPort(shape=(9,)), OutPort(shape=(9,))
        self.v, self.w = Var(shape=(9,), init=0), Var(shape=(9,), init=0)


@implements(proc=Pair, protocol=LoihiProtocol)
class SubPairModel(AbstractSubProcessModel):
    def __init__(self, process):
        self.first, self.second = (LIF(shape=9, vth=50.0, noise=1.0) for _ in range(2))
        self.first.s_out.connect(process.s_out)
        self.second.s_out.connect(process.t_out)
        process.v.alias(self.first.v)
        process.w.alias(self.second.v)


def test_parts_made_when_the_graph_is_built_draw_independently_and_repeat():
    def run(seed=None):
        pair, sink = Pair(), LIF(shape=9)
        pair.s_out.connect(sink.a_in)
        pair.t_out.connect(sink.a_in)
        with Simulator(pair, seed=seed) as sim:
            sim.run(5)
            return np.stack([sim.get(pair.v), sim.get(pair.w)])

    once = run()
    assert np.array_equal(once, run())
    assert not np.array_equal(*once)
    assert not np.array_equal(run(1), run(2))
    assert np.array_equal(run(1), run(1))


def test_seeds_that_were_given_stay_after_a_run():
    neurons, other = LIF(shape=3, seed=7), LIF(shape=3)
    neurons.s_out.connect(other.a_in)
    before = [p.proc_params["seed"] for p in (neurons, other)]
    keys = [p.key.init.tolist() for p in (neurons, other)]
    with Simulator(neurons, seed=5) as sim:
        sim.run(1)
    assert [p.proc_params["seed"] for p in (neurons, other)] == before
    assert [p.key.init.tolist() for p in (neurons, other)] == keys


def spiking_map():
    data = np.random.default_rng(0).random((12, 4))
    code = GradedCode(data, neurons=9, steps=10)
    weights = code.encode(np.random.default_rng(1).random((9, 4))).reshape(3, 3, -1)
    som = SpikingSOM(weights=weights, norm=code.norm, steps=10, rate_exp=1)
    GradedEncoder(data=code.encode(data), steps=10).s_out.connect(som.a_in)
    return som, 120


def decomposed_stdp():
    rule = PairSTDP(a_plus=4, a_minus=3, tau_plus=5, tau_minus=5)
    plastic = STDPDense(weights=np.full((3, 4), 100), rule=rule, w_max=255)
    rng = np.random.default_rng(2)
    for size, port in ((4, plastic.s_in), (3, plastic.s_in_bap)):
        RingBuffer(data=rng.integers(0, 2, (size, 60))).s_out.connect(port)
    return plastic, 60


def lavas_learning():
    rule = STDPLoihi(
        learning_rate=1, A_plus=4, A_minus=-3, tau_plus=5, tau_minus=5, rng_seed=1
    )
    plastic = LearningDense(weights=np.full((3, 4), 100), learning_rule=rule)
    rng = np.random.default_rng(2)
    for size, port in ((4, plastic.s_in), (3, plastic.s_in_bap)):
        RingBuffer(data=rng.integers(0, 2, (size, 60))).s_out.connect(port)
    return plastic, 60


@pytest.mark.parametrize("make", [spiking_map, decomposed_stdp, lavas_learning])
def test_the_seed_reaches_what_is_decomposed_and_lavas_rules(make):
    def learn(seed):
        process, steps = make()
        config = RunConfig("fixed_pt", decompose=True)
        with Simulator(process, run_cfg=config, seed=seed) as sim:
            sim.run(steps)
            return np.asarray(sim.get(process.weights))

    assert np.array_equal(learn(1), learn(1))
    assert not np.array_equal(learn(1), learn(2))
    assert np.array_equal(learn(None), learn(None))


class Recorder(Process):
    """A user's Process with a Var that is called `key` and is none."""

    def __init__(self, key):
        super().__init__()
        self.a_in = InPort(shape=(2,))
        self.key = Var(shape=key.shape, init=key)


@implements(proc=Recorder, protocol=LoihiProtocol)
@requires(CPU)
class PyRecorderModel(PyLoihiProcessModel):
    a_in: PyInPort = LavaPyType(PyInPort.VEC_DENSE, float)
    key: np.ndarray = LavaPyType(np.ndarray, float)

    def run_spk(self):
        self.key[:] = self.key + self.a_in.recv().sum()


@pytest.mark.parametrize("shape", [(5, 3), (2,)])
def test_a_var_of_a_user_that_is_called_key_is_left_alone(shape):
    held = np.arange(np.prod(shape), dtype=float).reshape(shape)
    recorder = Recorder(held)
    LIF(shape=2, bias_mant=1, vth=0, noise=0.1).s_out.connect(recorder.a_in)
    with Simulator(recorder, backend="inline", seed=1) as sim:
        assert np.array_equal(sim.get(recorder.key), held)
        sim.run(1)
        assert np.array_equal(sim.get(recorder.key), held + 2)


def test_hopfield_networks_and_maps_choose_orders_of_their_own():
    def keys(make):
        first, second = make(), make()
        if hasattr(first, "s_out") and hasattr(second, "a_in"):
            first.s_out.flatten().connect(second.a_in)
        with Simulator(first) as sim:
            return [tuple(sim.get(p.key)) for p in (first, second)]

    weights = 1 - np.eye(4)
    one, other = keys(lambda: Hopfield(weights=weights, update="asynchronous"))
    assert one != other
    one, other = keys(lambda: SOM(weights=np.ones((2, 2, 4)), samples=5))
    assert one != other
