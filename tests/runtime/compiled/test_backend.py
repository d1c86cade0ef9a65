"""What a Simulator does on the compiled backend besides giving the right numbers."""

import signal
from unittest import mock

import numpy as np
import pytest
from numba import njit
from scipy.sparse import csr_matrix

from lava_apps.parameters import ParameterError
from lava_apps.processes.lif import LIF as OurLIF  # noqa: N811
from lava_apps.processes.stdp import PairSTDP, STDPDense
from lava_apps.runtime import BackendError, DeadlockError, Simulator, register_kernel
from lava_apps.runtime.compiled import recorders, registry, threads
from lava_apps.runtime.compiled.threads import Threads
from tests.runtime.graphs import PyNodeModel, chain

from lava.magma.core.learning.learning_rule import Loihi2FLearningRule
from lava.proc.dense.process import Dense, LearningDense
from lava.proc.io.source import RingBuffer
from lava.proc.lif.process import LIF
from lava.proc.monitor.process import Monitor
from lava.proc.sparse.process import Sparse

STEPS = 60


def recurrent(neurons=30, seed=0):
    rng = np.random.default_rng(seed)
    lif = LIF(shape=(neurons,), du=0.3, dv=0.1, vth=3, bias_mant=rng.random(neurons))
    dense = Dense(weights=rng.normal(size=(neurons, neurons)))
    lif.s_out.connect(dense.s_in)
    dense.a_out.connect(lif.a_in)
    return lif, dense


def spikes_of(lif, backend, steps=STEPS):
    with Simulator(lif, backend=backend) as sim:
        probe = sim.probe(lif.s_out)
        sim.run(steps)
    return sim.data[probe]


def test_what_is_set_between_runs_counts():
    recorded = []
    for backend in ("inline", "compiled"):
        lif, dense = recurrent()
        with Simulator(lif, backend=backend) as sim:
            probe = sim.probe(lif.s_out)
            sim.run(5)
            sim.set(dense.weights, -sim.get(dense.weights))
            sim.set(lif.v, 2.5)
            sim.run(5)
            sim.set(lif.vth, 1)
            sim.run(5)
        recorded.append(sim.data[probe])
    assert recorded[0].any()
    assert np.array_equal(*recorded)


def ours():
    """Build Processes of this package with state of every kind."""
    rule = PairSTDP(a_plus=0.1, a_minus=0.1)
    synapses = STDPDense(weights=np.full((30, 30), 0.2), rule=rule, w_max=1)
    bias = np.linspace(0, 3, 30)
    lif = OurLIF(shape=(30,), du=0.3, vth=9, bias_mant=bias, noise=1, seed=3)
    lif.s_out.connect(synapses.s_in)
    lif.s_out.connect(synapses.s_in_bap)
    synapses.a_out.connect(lif.a_in)
    return lif, synapses


@pytest.mark.parametrize("make", [recurrent, ours])
@pytest.mark.parametrize("first", [0, 3])
def test_a_state_goes_from_one_backend_to_the_other(make, first, tmp_path):
    expected = spikes_of(make()[0], "inline")
    for before, after in (("compiled", "inline"), ("inline", "compiled")):
        lif, _ = make()
        with Simulator(lif, backend=before) as sim:
            sim.run(STEPS // 2)
            sim.save(tmp_path / "state.npz")
        lif, _ = make()
        with Simulator(lif, backend=after) as sim:
            for _ in range(first):
                sim.step()
            sim.load(tmp_path / "state.npz")
            probe = sim.probe(lif.s_out)
            sim.run(STEPS // 2)
        assert np.array_equal(sim.data[probe], expected[STEPS // 2 :])
    assert expected.any()


@pytest.mark.filterwarnings("ignore:probe of LIF .* may take")
def test_ctrl_c_ends_a_run_between_time_steps_and_it_goes_on():
    lif, _ = recurrent()
    with Simulator(lif, backend="compiled") as sim:
        sim.run(1)
        probe = sim.probe(lif.s_out)
        signal.setitimer(signal.ITIMER_REAL, 0.2)
        previous = signal.signal(
            signal.SIGALRM, lambda *_: signal.raise_signal(signal.SIGINT)
        )
        try:
            with pytest.raises(KeyboardInterrupt):
                sim.run(10**9)
        finally:
            signal.signal(signal.SIGALRM, previous)
        done = sim.time_step
        sim.run(10)
        assert sim.time_step == done + 10
        assert len(sim.data[probe]) == sim.time_step - 1
    fresh, _ = recurrent()
    tail = spikes_of(fresh, "compiled", done + 10)[-10:]
    assert np.array_equal(sim.data[probe][-10:], tail)


@pytest.mark.parametrize("make", [LIF, OurLIF], ids=["listed", "searched"])
@pytest.mark.parametrize("every", [1, 3])
def test_a_full_buffer_of_events_ends_a_block_early_and_loses_nothing(make, every):
    def record():
        lif = make(shape=(20,), vth=3, bias_mant=np.linspace(0, 2, 20))
        with Simulator(lif, backend="compiled") as sim:
            probe = sim.probe(lif.s_out, every=every)
            for steps in (1, 30, 170):
                sim.run(steps)
            assert sim.time_step == 201
        assert probe.events == np.count_nonzero(sim.data[probe])
        return sim.data[probe]

    expected = record()
    with mock.patch.object(recorders, "_EVENTS", 50):
        assert np.array_equal(record(), expected)
    assert expected.any()


def test_an_error_in_the_loop_says_where_and_when():
    lif = LIF(shape=(3,), bias_mant=1)
    monitor = Monitor()
    monitor.probe(lif.v, 4)
    with Simulator(lif, backend="compiled") as sim:
        with pytest.raises(IndexError, match="more time steps") as caught:
            sim.run(6)
        notes = getattr(caught.value, "__notes__", [str(caught.value)])
        assert "in Monitor" in notes[-1]
        assert "time step 5" in notes[-1]
        with pytest.raises(BackendError, match="ended with an error"):
            sim.run(1)


def test_processes_in_a_circle_are_named_when_the_simulator_is_made():
    first, second = (OurLIF(shape=(2,), name=name) for name in ("ann", "bob"))
    first.s_out.connect(second.a_in)
    second.s_out.connect(first.a_in)
    with pytest.raises(DeadlockError, match=r"'bob': a_in waits for LIF 'ann'.s_out"):
        Simulator(first, backend="compiled")


def test_what_a_kernel_must_be_is_said():
    cases = {
        "model": (LIF, {"step": njit(lambda a_in: None)}),
        "step": (PyNodeModel, {}),
        "absorb": (PyNodeModel, {"absorb": lambda a_in: None}),
    }
    for parameter, (model, functions) in cases.items():
        with pytest.raises(ParameterError, match=f"register_kernel.{parameter}: "):
            register_kernel(model, **functions)


@njit
def takes_and_gives(a_in, a_out, count):
    a_out[:] = a_in + count


@njit
def only_gives(a_out, count):
    a_out[:] = count


@njit
def only_takes(a_in, count):
    count[:] += a_in


@pytest.mark.parametrize(
    ("options", "problem"),
    [
        ({"step": only_takes}, "sends nothing by a_out"),
        ({"step": only_gives}, "does not receive a_in"),
        ({"absorb": takes_and_gives}, "sends nothing by a_out"),
        (
            {"absorb": only_takes, "publishes": {"a_outt": "count"}},
            "publishes a_outt, which is no OutPort",
        ),
    ],
)
def test_a_kernel_that_leaves_a_port_out_is_refused(options, problem):
    with mock.patch.dict(registry._KERNELS):
        register_kernel(PyNodeModel, **options)
        nodes, run_cfg = chain(None, None)
        with pytest.raises(BackendError, match=problem):
            Simulator(nodes[0], backend="compiled", run_cfg=run_cfg)
    with pytest.raises(ParameterError, match=r"register_kernel.publish: unknown"):
        register_kernel(PyNodeModel, step=takes_and_gives, publish={})


def test_what_arrives_at_in_ports_is_recorded_alike():
    recorded = []
    for backend in ("inline", "compiled"):
        source = RingBuffer(data=np.full((2, 3), 3))
        dense = Dense(weights=np.eye(2) * 250, num_message_bits=8, weight_exp=7)
        lif = LIF(shape=(2,), vth=9)
        source.s_out.connect(dense.s_in)
        dense.a_out.connect(lif.a_in)
        with Simulator(lif, backend=backend, precision="fixed_pt") as sim:
            probes = [sim.probe(port) for port in (dense.s_in, lif.a_in)]
            sim.run(3)
        recorded.append([sim.data[probe] for probe in probes])
    for inline, compiled in zip(*recorded, strict=True):
        assert np.array_equal(inline, compiled)
    assert recorded[0][0].max() == 3
    assert recorded[0][1].max() == 96000


def test_a_learning_rule_it_cannot_follow_runs_inline_with_the_reason():
    rule = Loihi2FLearningRule(dw="x1*y0", x1_impulse=16, x1_tau=0, t_epoch=1)
    learner = LearningDense(weights=np.ones((2, 2)), learning_rule=rule)
    with pytest.raises(BackendError, match="uses x1, whose time constant is 0"):
        Simulator(learner, backend="compiled")


class Clock:
    """Times of a step with one thread and with more, for the tuner."""

    def __init__(self, one, more):
        self.tuner, self.one, self.more = Threads(), one, more
        self.used = []

    def run(self, blocks):
        for _ in range(blocks):
            count = int(self.tuner.count[0])
            self.used.append(count)
            self.tuner.note(self.one if count == 1 else self.more)


@pytest.mark.parametrize(
    ("more", "expected"), [(0.6, 4), (0.98, 1), (1.0, 1), (30.0, 1)]
)
def test_more_threads_are_used_only_where_they_are_faster(more, expected):
    with mock.patch.object(threads, "MOST_THREADS", 4):
        clock = Clock(1.0, more)
        clock.run(2000)
        tail = clock.used[1000:]
        assert clock.tuner.best == expected
        assert sum(count == expected for count in tail) > 0.95 * len(tail)
        assert {clock.tuner.limit(80)} <= {10, 80}
        # When things change, so does the choice.
        clock.one, clock.more = (1.0, 3.0) if expected == 4 else (1.0, 0.5)
        clock.run(3000)
        assert clock.tuner.best == (1 if expected == 4 else 4)


@pytest.mark.skipif(threads.MOST_THREADS < 2, reason="there is one core")
@pytest.mark.parametrize("precision", ["floating_pt", "fixed_pt"])
def test_several_threads_give_the_same_numbers(precision):
    fixed = precision == "fixed_pt"
    rng = np.random.default_rng(3)
    size, each = 40_000, 120
    columns = np.sort(rng.integers(0, size, (size, each)), axis=1).reshape(-1)
    weights = rng.integers(-20, 25, size * each)
    matrix = csr_matrix(
        (weights if fixed else weights / 7, columns, np.arange(size + 1) * each),
        shape=(size, size),
    )
    start = rng.integers(0, 6400, size) if fixed else rng.random(size) * 3
    recorded = []
    for count in (1, threads.MOST_THREADS):
        lif = LIF(
            shape=(size,),
            **({"du": 400, "dv": 90} if fixed else {"du": 0.3, "dv": 0.1}),
            vth=100 if fixed else 3,
            bias_mant=600 if fixed else 0.4,
            v=start,
        )
        connection = Sparse(weights=matrix)
        lif.s_out.connect(connection.s_in)
        connection.a_out.connect(lif.a_in)
        with (
            mock.patch.object(Threads, "note"),
            Simulator(lif, backend="compiled", precision=precision) as sim,
        ):
            sim._backend._threads.count[0] = count
            probe = sim.probe(lif.s_out)
            sim.run(15)
            assert sim._backend._bound().plan.is_parallel
            recorded.append([sim.get(lif.u), sim.get(lif.v), sim.data[probe]])
    assert recorded[0][2].sum() > size
    for one, more in zip(*recorded, strict=True):
        assert np.array_equal(one, more)


def test_eight_bits_stay_eight_bits():
    rng = np.random.default_rng(0)
    weights = rng.integers(-100, 100, (200, 300)) * (rng.random((200, 300)) < 0.5)
    dense, sparse = Dense(weights=weights), Sparse(weights=csr_matrix(weights))
    for process, most in ((dense, 1), (sparse, 3)):
        source = RingBuffer(data=np.ones((300, 1)))
        source.s_out.connect(process.s_in)
        with Simulator(process, backend="compiled", precision="fixed_pt") as sim:
            sim.run(1)
            held = sim._backend.bytes_of(process)
        synapses = weights.size if most == 1 else np.count_nonzero(weights // 2)
        # Besides: what is sent and received, and where columns begin.
        assert held < most * synapses + 8 * (2 * 300 + 2 * 200 + 300)
