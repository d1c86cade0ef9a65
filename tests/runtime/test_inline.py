import gc
import os
import signal
import threading
import time
import tracemalloc

import numpy as np
import psutil
import pytest
from scipy.sparse import csr_matrix

from lava_apps.loihi2.run_configs import RunConfig
from lava_apps.runtime import (
    BackendError,
    DeadlockError,
    ShapeError,
    Simulator,
    disable,
    enable,
)
from lava_apps.runtime.inline.runtime import InlineRuntime
from tests.runtime.graphs import (
    Free,
    Node,
    PyGuardedModel,
    Teller,
    chain,
    config,
)

from lava.magma.core.run_conditions import RunContinuous, RunSteps
from lava.proc.dense.process import Dense
from lava.proc.io.extractor import Extractor
from lava.proc.io.injector import Injector
from lava.proc.lif.process import LIF
from lava.proc.monitor.process import Monitor
from lava.proc.sparse.process import Sparse


@pytest.fixture
def inline():
    enable("inline")
    yield
    disable()


def raise_at(step, error):
    def act(model):
        if model.time_step == step:
            raise error

    return act


@pytest.mark.alone
def test_an_exception_reaches_the_caller_as_itself_with_its_place():
    nodes, run_cfg = chain(None, raise_at(3, ZeroDivisionError("broke")), None)
    begin = time.perf_counter()
    with Simulator(nodes[0], backend="inline", run_cfg=run_cfg) as sim:
        with pytest.raises(ZeroDivisionError, match="broke") as caught:
            sim.run(10)
        assert time.perf_counter() - begin < 1
        told = "\n".join([str(caught.value), *getattr(caught.value, "__notes__", [])])
        assert "in Node 'node1', phase SPK, time step 3" in told
        assert sim.get(nodes[0].count).tolist() == [3, 3]
        with pytest.raises(BackendError, match="ended with an error"):
            sim.run(1)
    sim.stop()


@pytest.mark.alone
def test_a_deadlock_names_each_process_and_the_port_it_waits_on():
    nodes, run_cfg = chain(None, None)
    nodes[1].a_out.connect(nodes[0].a_in)
    begin = time.perf_counter()
    with (
        Simulator(nodes[0], backend="inline", run_cfg=run_cfg) as sim,
        pytest.raises(DeadlockError) as caught,
    ):
        sim.run(1)
    assert time.perf_counter() - begin < 1
    for here, there in (("node0", "node1"), ("node1", "node0")):
        line = f"Node '{here}': a_in waits for a message from Node '{there}'.a_out"
        assert line in str(caught.value)


def test_a_message_of_another_shape_is_named():
    nodes, run_cfg = chain(lambda _: np.zeros(3), None)
    with (
        Simulator(nodes[0], backend="inline", run_cfg=run_cfg) as sim,
        pytest.raises(ShapeError, match=r"'node0'\.a_out -> Node 'node1'\.a_in: sends"),
    ):
        sim.run(1)


def test_an_initial_value_that_does_not_fit_is_found_at_build_time_by_name():
    neurons = LIF(shape=(3,), v=np.zeros(4), name="wide")
    with pytest.raises(
        ShapeError, match=r"LIF 'wide'.v: initial value of shape \(4,\)"
    ):
        Simulator(neurons, backend="inline")
    # Nothing is left half done: a good graph of the same kind runs.
    with Simulator(LIF(shape=(3,)), backend="inline") as sim:
        sim.run(1)


def test_several_runs_go_on_where_the_last_ended(inline):
    nodes, run_cfg = chain(None, None)
    for steps, expected in ((2, 2), (3, 5)):
        nodes[0].run(RunSteps(steps), run_cfg)
        assert nodes[1].count.get().tolist() == [expected] * 2
    assert isinstance(nodes[0].runtime, InlineRuntime)
    nodes[0].count.set(np.array([7.0, 8.0]))
    nodes[0].run(RunSteps(1))
    assert nodes[0].count.get().tolist() == [8, 9]
    nodes[0].stop()
    with pytest.raises(RuntimeError, match="has not started"):
        nodes[0].count.get()
    with pytest.raises(BackendError, match="was stopped"):
        nodes[0].run(RunSteps(1))


@pytest.mark.parametrize("wish", ["_req_pause", "_req_stop"])
def test_a_model_can_ask_for_pause_and_stop(inline, wish):
    def act(model):
        if model.time_step == 4:
            setattr(model, wish, True)

    nodes, run_cfg = chain(act, None)
    nodes[0].run(RunSteps(10), run_cfg)
    model = nodes[1].runtime.graph.node_of(nodes[1]).model
    assert model.time_step == 4
    if wish == "_req_pause":
        nodes[0].run(RunSteps(3))
        assert model.time_step == 7
    else:
        with pytest.raises(BackendError, match="was stopped"):
            nodes[0].run(RunSteps(1))


def test_runs_that_do_not_block_and_run_continuously(inline):
    nodes, run_cfg = chain(None, None)
    nodes[0].run(RunSteps(50, blocking=False), run_cfg)
    nodes[0].wait()
    assert nodes[0].count.get()[0] == 50
    nodes[0].run(RunContinuous())
    with pytest.raises(BackendError, match="pause"):
        nodes[0].count.get()
    time.sleep(0.05)
    nodes[0].pause()
    reached = nodes[0].count.get()[0]
    assert reached > 50
    assert nodes[1].count.get()[0] == reached
    nodes[0].stop()


def test_an_exception_in_a_run_that_does_not_block_reaches_wait(inline):
    nodes, run_cfg = chain(raise_at(2, KeyError("lost")))
    nodes[0].run(RunSteps(5, blocking=False), run_cfg)
    with pytest.raises(KeyError, match="lost"):
        nodes[0].wait()
    nodes[0].stop()


def test_injector_and_extractor_talk_to_the_outside(inline):
    injector, extractor = Injector(shape=(2,)), Extractor(shape=(2,), buffer_size=3)
    node = Node()
    injector.out_port.connect(node.a_in)
    node.a_out.connect(extractor.in_port)
    node.run(RunSteps(20, blocking=False), config(node))
    for step in range(1, 21):
        injector.send(np.full(2, 100.0))
        assert extractor.receive().tolist() == [100 + step] * 2
    node.wait()
    node.stop()


@pytest.mark.alone
def test_a_run_that_waits_for_the_outside_can_be_stopped(inline):
    injector, node = Injector(shape=(2,)), Node()
    injector.out_port.connect(node.a_in)
    node.run(RunSteps(20, blocking=False), config(node))
    time.sleep(0.05)
    begin = time.perf_counter()
    node.stop()
    assert time.perf_counter() - begin < 1


def test_waiting_for_an_outside_that_is_not_there_is_a_deadlock(inline, monkeypatch):
    injector, node = Injector(shape=(2,)), Node()
    injector.out_port.connect(node.a_in)
    monkeypatch.setattr(threading, "active_count", lambda: 1)  # earlier tests' aside
    with pytest.raises(
        DeadlockError, match=r"in_port waits for a message from outside"
    ):
        node.run(RunSteps(1), config(node))


def test_ref_ports_read_and_write_while_the_owner_waits():
    node, teller = Node(), Teller()
    teller.ref.connect_var(node.count)
    with Simulator(node, backend="inline", run_cfg=config(node, teller)) as sim:
        sim.run(1)
        assert sim.get(teller.seen).tolist() == [1, 1]
        assert sim.get(node.count).tolist() == [10, 10]
        sim.run(1)
        assert sim.get(teller.seen).tolist() == [11, 11]


def test_async_models_run_beside_loihis_and_stop_when_told(inline):
    free, node = Free(), Node()
    free.a_out.connect(node.a_in)
    node.run(RunSteps(5), config(free, node))
    assert (free.sent.get()[0], node.count.get()[0]) == (5, 5)
    node.stop()
    endless, node = Free(endless=True), Node()
    endless.a_out.connect(node.a_in)
    node.run(RunContinuous(), config(endless, node))
    time.sleep(0.05)
    node.stop()


@pytest.mark.parametrize("way", ["stop", "pause"])
def test_an_end_while_a_process_waits_for_one_that_is_gone_is_no_deadlock(inline, way):
    silent, node = Free(endless=True, mute=True), Node()
    silent.a_out.connect(node.a_in)
    node.run(RunContinuous(), config(silent, node))
    time.sleep(0.05)
    getattr(node, way)()
    if way == "pause":
        with pytest.raises(BackendError, match=r"middle of a time step; Node .* Free"):
            node.run(RunSteps(1), config(silent, node))
        node.stop()


def test_monitor_and_virtual_ports_and_sparse_vars(inline):
    source, sink = LIF(shape=(2, 3), bias_mant=4), LIF(shape=(6,), du=0)
    weights = csr_matrix(np.arange(36.0).reshape(6, 6))
    sparse = Sparse(weights=weights)
    source.s_out.flatten().connect(sparse.s_in)
    sparse.a_out.connect(sink.a_in)
    monitor = Monitor()
    monitor.probe(sink.u, 8)
    source.run(RunSteps(8), RunConfig())
    spikes_before = 2  # v = 4, 8, 12: it spikes in steps 3 and 6
    data = monitor.get_data()[sink.name]["u"]
    assert np.array_equal(data[-1], spikes_before * weights.toarray().sum(axis=1))
    assert np.array_equal(sparse.weights.get().toarray(), weights.toarray())
    sparse.weights.set(weights * 2)
    assert np.array_equal(sparse.weights.get().toarray(), weights.toarray() * 2)
    source.stop()


def test_breakpoints_see_the_model_and_print_prints(capsys):
    seen = []

    def act(model):
        print("in step", model.time_step)
        seen.append(os.getpid())

    nodes, run_cfg = chain(act)
    with Simulator(nodes[0], backend="inline", run_cfg=run_cfg) as sim:
        sim.run(2)
    assert capsys.readouterr().out == "in step 1\nin step 2\n"
    assert set(seen) == {os.getpid()}


def test_ctrl_c_ends_a_run_after_its_step_and_it_can_go_on():
    previous = signal.signal(signal.SIGINT, signal.default_int_handler)

    def act(model):
        if model.time_step == 5:
            os.kill(os.getpid(), signal.SIGINT)
            time.sleep(0.01)

    nodes, run_cfg = chain(act, None)
    try:
        with Simulator(nodes[0], backend="inline", run_cfg=run_cfg) as sim:
            with pytest.raises(KeyboardInterrupt):
                sim.run(1_000_000)
            assert [sim.get(node.count)[0] for node in nodes] == [5, 5]
            sim.run(3)
            assert [sim.get(node.count)[0] for node in nodes] == [8, 8]
            assert signal.getsignal(signal.SIGINT) is signal.default_int_handler
    finally:
        signal.signal(signal.SIGINT, previous)


def test_two_thousand_graphs_leave_memory_and_files_where_they_were(inline):
    def cycle():
        neurons, dense = LIF(shape=(100,)), Dense(weights=np.ones((100, 100)))
        neurons.s_out.connect(dense.s_in)
        neurons.run(RunSteps(2), RunConfig())
        neurons.stop()

    for _ in range(20):
        cycle()
    gc.collect()
    this = psutil.Process()
    files, threads = this.num_fds(), threading.active_count()
    tracemalloc.start()
    before = tracemalloc.take_snapshot()
    for _ in range(100):
        cycle()
    gc.collect()
    grown = sum(
        s.size_diff for s in tracemalloc.take_snapshot().compare_to(before, "filename")
    )
    tracemalloc.stop()
    resident = this.memory_info().rss
    for _ in range(1900):
        cycle()
    gc.collect()
    # A graph has 80,000 bytes of weights: one kept in a hundred would show.
    assert grown < 100_000
    assert this.memory_info().rss - resident < 20 * 2**20
    assert (this.num_fds(), threading.active_count()) == (files, threads)


def test_another_thread_can_pause_a_blocking_run(inline):
    nodes, run_cfg = chain(lambda _: time.sleep(0.001), None)
    timer = threading.Timer(0.2, nodes[0].pause)
    timer.start()
    nodes[0].run(RunSteps(1_000_000), run_cfg)
    timer.join()
    reached = nodes[0].count.get()[0]
    assert 0 < reached < 1_000_000
    assert nodes[1].count.get()[0] == reached
    nodes[0].run(RunSteps(2, blocking=False))
    time.sleep(0.1)
    nodes[0].run(RunSteps(1))  # the last is over, though nobody waited for it
    assert nodes[0].count.get()[0] == reached + 3
    nodes[0].stop()


def test_a_pause_that_a_model_asks_for_ends_async_models_too(inline):
    def act(model):
        if model.time_step == 4:
            model._req_pause = True

    endless, node = Free(endless=True), Node(act=act)
    endless.a_out.connect(node.a_in)
    run_cfg = config(endless, node)
    node.run(RunSteps(100), run_cfg)
    assert node.count.get()[0] == 4
    node.stop()


def test_a_run_that_ended_within_a_step_cannot_go_on(inline, monkeypatch):
    monkeypatch.setattr(threading, "active_count", lambda: 1)
    injector, node = Injector(shape=(2,)), Node()
    injector.out_port.connect(node.a_in)
    run_cfg = config(node)
    node.run(RunSteps(1, blocking=False), run_cfg)
    injector.send(np.ones(2))
    node.wait()
    with pytest.raises(DeadlockError):
        node.run(RunSteps(1))
    with pytest.raises(BackendError, match=r"ended with an error .*DeadlockError"):
        node.run(RunSteps(1))
    for _ in range(50):  # as many as fit
        injector.send(np.ones(2))
    with pytest.raises(DeadlockError):
        injector.send(np.ones(2))


def test_pause_right_after_the_start_of_a_run_is_not_lost(inline, monkeypatch):
    from lava_apps.runtime.inline.scheduler import Scheduler

    run = Scheduler.run

    def late(self, *arguments, **options):
        time.sleep(0.05)
        run(self, *arguments, **options)

    nodes, run_cfg = chain(None)
    nodes[0].run(RunSteps(1), run_cfg)
    monkeypatch.setattr(Scheduler, "run", late)
    for _ in range(3):
        nodes[0].run(RunContinuous())
        nodes[0].pause()
    assert nodes[0].count.get()[0] < 100
    nodes[0].stop()


def test_an_extractor_is_told_that_nothing_will_come(inline):
    nodes, run_cfg = chain(raise_at(3, ZeroDivisionError("broke")))
    extractor = Extractor(shape=(2,))
    nodes[0].a_out.connect(extractor.in_port)
    nodes[0].run(RunSteps(5, blocking=False), run_cfg)
    for _ in range(2):
        extractor.receive()
    with pytest.raises(ZeroDivisionError, match="broke"):
        extractor.receive()
    with pytest.raises(ZeroDivisionError, match="broke"):
        nodes[0].stop()
    source, extractor = Node(), Extractor(shape=(2,))
    source.a_out.connect(extractor.in_port)
    source.run(RunSteps(1), config(source))
    extractor.receive()
    source.stop()
    with pytest.raises(BackendError, match="was stopped"):
        extractor.receive()


def test_guards_are_asked_as_often_as_lava_asks_them():
    asked = {}
    for backend in ("lava", "inline"):
        node = Node()
        run_cfg = RunConfig(exceptions={node: PyGuardedModel})
        with Simulator(node, backend=backend, run_cfg=run_cfg) as sim:
            sim.run(6)
            asked[backend] = sim.get(node.count).tolist()
    assert asked["lava"] == asked["inline"]
    assert asked["lava"][1] > 6


def test_an_outside_that_is_slow_but_sends_is_not_mentioned(inline, monkeypatch):
    monkeypatch.setattr("lava_apps.runtime.inline.scheduler._PATIENCE", 0.5)
    injector, node = Injector(shape=(2,)), Node()
    injector.out_port.connect(node.a_in)

    def feed():
        for _ in range(8):
            time.sleep(0.15)
            injector.send(np.ones(2))

    threading.Timer(0.2, feed).start()
    node.run(RunSteps(8), config(node))  # pytest makes an error of a warning
    node.stop()


def test_waiting_for_the_outside_for_long_is_mentioned(inline, monkeypatch):
    monkeypatch.setattr("lava_apps.runtime.inline.scheduler._PATIENCE", 0.2)
    injector, node = Injector(shape=(2,)), Node()
    injector.out_port.connect(node.a_in)
    threading.Timer(1.0, injector.send, (np.ones(2),)).start()
    with pytest.warns(UserWarning, match=r"nothing comes from the outside.*in_port"):
        # The timer's thread is alive, so this is no deadlock.
        node.run(RunSteps(1), config(node))
    node.stop()
