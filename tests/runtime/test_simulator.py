import itertools
import multiprocessing
import random
import subprocess
import sys
import time
import warnings
from collections import deque
from pathlib import Path

import numpy as np
import pytest

from lava_apps.loihi2.run_configs import RunConfig
from lava_apps.parameters import ParameterError
from lava_apps.processes.hopfield import Hopfield, hebbian
from lava_apps.processes.hopfield.models import (
    PyHopfieldModelFixed,
    SubHopfieldModel,
)
from lava_apps.processes.lif import LIF as OurLIF  # noqa: N811
from lava_apps.processes.wta import SpikingWinnerTakeAll, WinnerTakeAll
from lava_apps.runtime import (
    BackendError,
    BackendWarning,
    ModelError,
    ProbeMemoryError,
    Simulator,
    StateError,
)
from tests.runtime.graphs import Free, Node, chain, config

from lava.magma.core.run_configs import Loihi2HwCfg, Loihi2SimCfg
from lava.proc.dense.process import Dense, LearningDense
from lava.proc.io.source import RingBuffer
from lava.proc.learning_rules.stdp_learning_rule import STDPLoihi
from lava.proc.lif.process import LIF, LIFRefractory


def recurrent(neurons=20, seed=0):
    """Build a LIF population with recurrent weights; give both Processes."""
    rng = np.random.default_rng(seed)
    lif = LIF(shape=(neurons,), du=0.3, dv=0.1, vth=3, bias_mant=rng.random(neurons))
    dense = Dense(weights=rng.normal(size=(neurons, neurons)))
    lif.s_out.connect(dense.s_in)
    dense.a_out.connect(lif.a_in)
    return lif, dense


@pytest.mark.parametrize("backend", ["inline", "lava"])
def test_probes_record_ports_and_vars_alike_on_both_backends(backend):
    lif, dense = recurrent()
    with Simulator(lif, backend=backend) as sim:
        spikes, v = sim.probe(lif.s_out), sim.probe(lif.v, every=4)
        sim.run(12)
        sim.step()
        assert sim.data[spikes].shape == (13, 20)
        assert sim.data[v].shape == (3, 20)
        assert sim.time_step == 13
        assert sim.backend == backend
        assert f"backend {backend} (it was asked for)" in sim.explain()
        assert backend == "lava" or "all 2 ProcessModels" in sim.explain()
        assert np.array_equal(sim.get(dense.weights), dense.weights.init)
        sim.set(lif.v, 0.5)
        assert sim.get(lif.v).tolist() == [0.5] * 20
    # The definition, step by step.
    u, v_now, sent = np.zeros((3, 20))
    for step, recorded in enumerate(sim.data[spikes], start=1):
        u = u * 0.7 + dense.weights.init[:, sent.astype(bool)].sum(axis=1)
        v_now = v_now * 0.9 + u + lif.bias_mant.init
        sent = v_now > 3
        v_now[sent] = 0
        assert np.array_equal(recorded, sent)
        if step % 4 == 0:
            assert np.allclose(sim.data[v][step // 4 - 1], v_now)


def test_auto_takes_the_compiled_loop_and_says_why():
    with Simulator(LIF(shape=(1,))) as sim:
        assert sim.explain().startswith("backend compiled (it is the fastest)")


def test_auto_warns_where_a_model_has_no_kernel_and_compiled_refuses():
    nodes, run_cfg = chain(None, None)
    words = (
        r"Node 'node0': PyNodeModel has no kernel; lava_apps.runtime.register_kernel"
    )
    with pytest.warns(BackendWarning, match=words) as caught:
        sim = Simulator(nodes[0], run_cfg=run_cfg)
    (warning,) = [w for w in caught if w.category is BackendWarning]
    assert warning.filename == __file__
    with sim:
        assert "backend inline (compiled cannot: Node" in sim.explain()
    with pytest.raises(BackendError, match=f"compiled cannot run this graph: {words}"):
        Simulator(nodes[0], backend="compiled", run_cfg=run_cfg)
    with Simulator(nodes[0], backend="inline", run_cfg=run_cfg) as sim:
        sim.run(1)


def test_ports_of_processes_built_from_others_and_in_ports_can_be_probed():
    network = Hopfield(weights=[[0, 1], [1, 0]])
    run_cfg = RunConfig("fixed_pt", decompose=True)
    with Simulator(network, run_cfg=run_cfg) as sim:
        probe = sim.probe(network.s_out)
        sim.run(3)
    assert sim.data[probe].shape == (3, 2)
    lif, _ = recurrent()
    with Simulator(lif) as sim:
        current, u = sim.probe(lif.a_in), sim.probe(lif.u)
        sim.run(5)
    change = sim.data[u][1:] - sim.data[u][:-1] * 0.7
    assert np.allclose(sim.data[current][1:], change)


@pytest.mark.parametrize("backend", ["lava", "inline"])
def test_a_graph_can_be_simulated_again(backend):
    lif, _ = recurrent()
    recorded = []
    for _ in range(2):
        with Simulator(lif, backend=backend) as sim:
            probe = sim.probe(lif.s_out)
            sim.run(10)
        recorded.append(sim.data[probe])
    assert np.array_equal(*recorded)


@pytest.mark.parametrize("backend", ["lava", "inline"])
def test_a_graph_built_from_others_can_be_simulated_again_in_any_way(backend):
    source = RingBuffer(data=np.array([[90, 0, 0], [0, 0, 0]]))
    network = Hopfield(weights=[[0, 1], [1, 0]])
    source.s_out.connect(network.a_in)
    recorded = []
    for decompose in (True, True, False):
        run_cfg = RunConfig("fixed_pt", decompose=decompose)
        with Simulator(network, run_cfg=run_cfg, backend=backend) as sim:
            sim.run(1)
            # On backend lava only a leaf's port can be probed, and before the run.
            if backend == "inline":
                spikes = sim.probe(network.s_out)
                sim.run(4)
                recorded.append(sim.data[spikes])
        assert not network.procs.members
        assert network.a_in.get_src_ports() == [source.s_out]
        assert not network.a_in.out_connections
        assert not network.s_out.in_connections
    assert all(np.array_equal(recorded[0], other) for other in recorded)


def test_a_graph_that_cannot_be_built_stays_as_it_was():
    class RefusedError(RuntimeError):
        pass

    class Half(RunConfig):
        def select(self, process, models):
            if isinstance(process, LIF):
                raise RefusedError
            return super().select(process, models)

    source = RingBuffer(data=np.array([[90, 0, 0], [0, 0, 0]]))
    network = Hopfield(weights=[[0, 1], [1, 0]])
    source.s_out.connect(network.a_in)
    for backend in ("inline", "lava"):
        with (
            pytest.raises(RefusedError),
            Simulator(
                network, run_cfg=Half("fixed_pt", decompose=True), backend=backend
            ) as sim,
        ):
            sim.run(1)
        assert not network.a_in.out_connections
    with Simulator(network, precision="fixed_pt") as sim:
        sim.run(2)


@pytest.mark.parametrize("backend", ["lava", "inline"])
def test_what_lavas_own_run_configurations_cannot_select_is_said(backend):
    class Mixed(Loihi2SimCfg):
        def select(self, process, models):
            mixed = [PyHopfieldModelFixed, SubHopfieldModel, SubHopfieldModel]
            return super().select(process, mixed)  # IndexError

    network = Hopfield(weights=[[0, 1], [1, 0]])
    run_cfg = Mixed(select_tag="fixed_pt", select_sub_proc_model=True)
    with (
        pytest.raises(BackendError, match=r"Mixed cannot .* RunConfig"),
        Simulator(network, run_cfg=run_cfg, backend=backend) as sim,
    ):
        sim.run(1)
    # Of it Lava raises a NameError, or runs a model for the CPU without a word.
    with pytest.raises(ParameterError, match=r"Simulator.run_cfg: .* CPU"):
        Simulator(network, run_cfg=Loihi2HwCfg(), backend=backend)


def test_a_graph_in_use_is_not_taken_from_under_the_first():
    lif, _ = recurrent()
    with Simulator(lif) as sim:
        with pytest.raises(ParameterError, match="is in use"):
            Simulator(lif)
        sim.run(1)


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (
            {"backend": "fast"},
            r"Simulator.backend: must be 'auto', 'compiled', 'inline' or 'lava'",
        ),
        ({"precision": "double"}, r"Simulator.precision: must be"),
        ({"run_cfg": "cpu"}, r"Simulator.run_cfg: must be an instance of RunConfig"),
        ({"seed": -1}, r"Simulator.seed: must be greater"),
        ({"speed": 2}, r"Simulator.speed: unknown, allowed are process, backend"),
    ],
)
def test_bad_arguments_are_named(arguments, message):
    with pytest.raises(ParameterError, match=message):
        Simulator(LIF(shape=(1,)), **arguments)


def test_misuse_is_named():
    lif, _ = recurrent()
    other = LIF(shape=(2,))
    with Simulator(lif) as sim:
        for call, message in (
            (lambda: sim.run(0), "run.steps: must be greater"),
            (lambda: sim.run(1.5), "run.steps: must be a valid integer"),
            (lambda: sim.probe(lif), "probe.target: must be an OutPort, InPort or Var"),
            (lambda: sim.get(lif), "get.var: must be a Var"),
            (lambda: sim.set(lif.v, [1, 2]), r"set.value: must have the shape \(20,\)"),
        ):
            with pytest.raises(ParameterError, match=message):
                call()
        with pytest.raises(BackendError, match="not part of this graph"):
            sim.probe(other.v)
    with pytest.raises(BackendError, match="was stopped"):
        sim.run(1)
    free = Free()
    node = Node()
    free.a_out.connect(node.a_in)
    with (
        Simulator(node, backend="inline", run_cfg=config(free, node)) as sim,
        pytest.raises(BackendError, match="has no time steps"),
    ):
        sim.probe(free.sent)


def test_memory_of_a_probe_is_bounded_and_mentioned():
    lif, _ = recurrent()
    with Simulator(lif) as sim:
        sim.probe(lif.v, max_bytes=10_000)
        with pytest.raises(
            ProbeMemoryError, match=r"LIF .*\.v would need up to 16,000 bytes"
        ):
            sim.run(100)
        assert sim.time_step == 0
    lif, _ = recurrent()
    with Simulator(lif) as sim:
        spikes = sim.probe(lif.s_out, max_bytes=500)
        with pytest.raises(ProbeMemoryError, match=r"s_out needs .* max_bytes is 500"):
            sim.run(1000)
        assert spikes.bytes <= 500
    big = LIF(shape=(1000, 1000))
    with Simulator(big) as sim:
        sim.probe(big.s_out)
        with pytest.warns(UserWarning, match=r"s_out may take 153 MiB"):
            sim.run(20)


def test_spikes_are_stored_sparsely():
    lif = LIF(shape=(10_000,), bias_mant=np.eye(1, 10_000)[0] * 11)
    with Simulator(lif) as sim:
        spikes = sim.probe(lif.s_out)
        sim.run(100)
    assert sim.data[spikes].sum() == 100
    assert spikes.bytes < 100 * 20


def test_progress_goes_to_stderr(capsys):
    lif, _ = recurrent()
    with Simulator(lif) as sim:
        sim.run(50, progress=True)
    printed = capsys.readouterr()
    assert printed.out == ""
    assert "50/50" in printed.err
    assert "/s" in printed.err


def learning():
    """Build a plastic connection with stochastic rounding between LIFs."""
    rule = STDPLoihi(1, 1, 1, 1, 1, t_epoch=2, rng_seed=3)
    before, after = [LIF(shape=(n,), bias_mant=n, bias_exp=6) for n in (5, 3)]
    dense = LearningDense(weights=np.full((3, 5), 20), learning_rule=rule)
    before.s_out.connect(dense.s_in)
    dense.a_out.connect(after.a_in)
    after.s_out.connect(dense.s_in_bap)
    return before, dense


def asynchronous():
    """Build a Hopfield network that draws random orders."""
    patterns = np.random.default_rng(1).choice([-1, 1], (30, 60))
    network = Hopfield(weights=hebbian(patterns), update="asynchronous", seed=4)
    return network, network


@pytest.mark.parametrize(
    ("make", "precision"),
    [
        (recurrent, "floating_pt"),
        (learning, "floating_pt"),
        (learning, "fixed_pt"),
        (asynchronous, "floating_pt"),
    ],
)
def test_a_restored_run_goes_on_as_if_never_interrupted(make, precision):
    first, second = make()
    with Simulator(first, precision=precision) as sim:
        out = sim.probe(first.s_out)
        sim.run(7)
        state = sim.snapshot()
        sim.run(8)
        weights = sim.get(second.weights)
        sim.restore(state)
        sim.run(8)
        assert np.array_equal(sim.data[out][7:15], sim.data[out][15:])
        assert np.array_equal(sim.get(second.weights), weights)
        assert sim.data[out][7:].any()


def test_the_seed_gives_each_process_random_numbers_of_its_own():
    def run(seed):
        (network, _), (other, _) = asynchronous(), asynchronous()
        network.s_out.connect(other.a_in)
        with Simulator(network, seed=seed) as sim:
            orders = [p.order for p in (network, other)]
            sim.run(1)
            return np.array([sim.get(order) for order in orders])

    first = run(1)
    assert np.array_equal(first, run(1))
    assert not np.array_equal(first, run(2))
    assert not np.array_equal(*first)
    plain = run(None)
    assert np.array_equal(*plain)  # both were made with seed 4


CONTINUE = """
import sys
import lava_apps
import numpy as np
from tests.runtime.test_simulator import recurrent
from lava.proc.lif.process import LIF
from lava_apps.runtime import Simulator

LIF(shape=(1,))  # so that ids and names differ
lif, dense = recurrent()
with Simulator(lif) as sim:
    sim.load(sys.argv[1])
    spikes = sim.probe(lif.s_out)
    sim.run(10)
    np.save(sys.argv[2], sim.data[spikes])
"""


def test_a_file_is_loaded_by_another_os_process(tmp_path):
    lif, _ = recurrent()
    with Simulator(lif) as sim:
        spikes = sim.probe(lif.s_out)
        sim.run(15)
        sim.save(tmp_path / "net.npz")
        sim.run(10)
    arguments = [str(tmp_path / name) for name in ("net.npz", "spikes.npy")]
    command = [sys.executable, "-c", CONTINUE, *arguments]
    root = Path(__file__).resolve().parents[2]
    subprocess.run(command, check=True, timeout=60, cwd=root)
    assert np.array_equal(np.load(tmp_path / "spikes.npy"), sim.data[spikes][15:])
    assert sim.data[spikes][15:].any()


def test_a_wrong_file_is_named_and_changes_nothing(tmp_path):
    lif, _ = recurrent()
    with Simulator(lif) as sim:
        sim.run(5)
        good = tmp_path / "good.npz"
        sim.save(good)
        content = good.read_bytes()
    other, _ = recurrent(neurons=7)
    single = LIF(shape=(20,))
    bad = {
        "missing.npz": None,
        "cut.npz": content[: len(content) // 2],
        "text.npz": b"nothing of the kind",
        "empty.npz": b"",
    }
    for name, data in bad.items():
        if data is not None:
            (tmp_path / name).write_bytes(data)
    np.savez(tmp_path / "arrays.npz", a=np.zeros(3))
    cases = [(lif, name, "no such file|cut off") for name in [*bad, "arrays.npz"]]
    cases += [
        (other, "good.npz", r"another graph: .*LIF\.\w+ has \[\[7\], 'float64'\] here"),
        (single, "good.npz", "another graph: 1 Processes here, 2 there"),
    ]
    for process, name, message in cases:
        with Simulator(process) as sim:
            sim.run(1)
            before = sim.get(process.v)
            with pytest.raises(StateError, match=message):
                sim.load(tmp_path / name)
            assert np.array_equal(sim.get(process.v), before)


def save_forever(sim, dense, path, begun):
    begun.set()
    for n in itertools.count(1):
        sim.set(dense.weights, n)
        sim.save(path)


@pytest.mark.alone
def test_kill_9_while_saving_leaves_a_whole_file_fifty_times(tmp_path):
    path = tmp_path / "net.npz"
    rng = np.random.default_rng(0)
    dense = Dense(weights=np.zeros((600, 600)))
    left, partial = set(), 0
    with Simulator(dense) as sim:
        begin = time.perf_counter()
        sim.save(path)
        one = time.perf_counter() - begin
        for _ in range(50):
            begun = multiprocessing.Event()
            saver = multiprocessing.Process(
                target=save_forever, args=(sim, dense, path, begun)
            )
            saver.start()
            begun.wait()
            time.sleep(rng.uniform(0, 10) * one)
            saver.kill()
            saver.join()
            sim.load(path)
            weights = sim.get(dense.weights)
            assert (weights == weights[0, 0]).all()
            left.add(weights[0, 0])
            partial += len(list(tmp_path.glob(".net.npz.*.part")))
    assert len(left) > 3  # it was killed at different times
    assert partial > 3  # and in the middle of writing


def test_backend_lava_raises_what_a_model_raised_and_says_what_it_cannot():
    def act(model):
        if model.time_step == 3:
            raise ZeroDivisionError("broke at three")

    nodes, run_cfg = chain(act)
    with Simulator(nodes[0], backend="lava", run_cfg=run_cfg) as sim:
        sim.probe(nodes[0].a_out)
        with pytest.raises(BackendError, match="cannot probe an InPort"):
            sim.probe(nodes[0].a_in)
        with pytest.raises(BackendError, match="only after the first run"):
            sim.set(nodes[0].count, 1)
        with pytest.raises(
            ModelError, match=r"(?s)Node 'node0' raised.*broke at three"
        ):
            sim.run(5)
    lif, _ = recurrent()
    with Simulator(lif, backend="lava") as sim:
        sim.run(1)
        with pytest.raises(BackendError, match="neither take nor restore"):
            sim.snapshot()
        with pytest.raises(BackendError, match="only before the first run"):
            sim.probe(lif.s_out)


def test_no_warning_is_given_for_a_small_probe():
    lif, _ = recurrent()
    with Simulator(lif) as sim, warnings.catch_warnings():
        warnings.simplefilter("error")
        sim.probe(lif.s_out)
        sim.run(10)


@pytest.mark.parametrize("backend", ["inline", "lava"])
def test_samples_of_a_probe_are_counted_from_its_beginning(backend):
    lif, _ = recurrent()
    with Simulator(lif, backend=backend) as sim:
        first = sim.probe(lif.v, every=4)
        sim.run(3)
        later = sim.probe(lif.u, every=5)
        sim.run(13)
    assert len(sim.data[first]) == 4
    assert len(sim.data[later]) == 2


@pytest.mark.parametrize("backend", ["inline", "lava"])
def test_the_seed_reaches_both_backends(backend):
    def run(seed):
        network, _ = asynchronous()
        with Simulator(network, backend=backend, seed=seed) as sim:
            spikes = sim.probe(network.s_out)
            sim.run(2)
        return sim.data[spikes]

    assert np.array_equal(run(1), run(1))
    assert not np.array_equal(run(1), run(2))


def test_a_port_that_sends_nothing_is_recorded_as_zeros():
    def act(model):
        model.a_out.send = send if model.time_step in (1, 4) else lambda _: None
        return np.ones(2)

    nodes, run_cfg = chain(act)
    with Simulator(nodes[0], backend="inline", run_cfg=run_cfg) as sim:
        probe = sim.probe(nodes[0].a_out)
        send = sim._backend.graph.node_of(nodes[0]).model.a_out.send
        sim.run(6)
    assert sim.data[probe][:, 0].tolist() == [1, 0, 0, 1, 0, 0]


def test_the_time_step_goes_back_with_the_state(tmp_path):
    lif, _ = recurrent()
    with Simulator(lif) as sim:
        sim.run(3)
        state = sim.snapshot()
        sim.save(tmp_path / "net.npz")
        sim.run(4)
        sim.restore(state)
        assert sim.time_step == 3
    with Simulator(lif) as sim:
        sim.load(tmp_path / "net.npz")
        assert sim.time_step == 3


def test_values_that_do_not_fit_a_var_are_refused():
    lif = LIF(shape=(2,), bias_mant=3)
    with Simulator(lif, precision="fixed_pt") as sim:
        sim.run(1)
        for value, message in (
            ([0.7, 1.9], "must be integers, as v holds"),
            ("a", "must be numbers, as v holds"),
            (None, "must be numbers"),
            ([1, 2, 3], r"must have the shape \(2,\) of v"),
        ):
            with pytest.raises(
                ParameterError, match=rf"Simulator.set.value: {message}"
            ):
                sim.set(lif.v, value)
        sim.set(lif.v, [4.0, 5.0])
        sim.set(lif.vth, [5])
        assert sim.get(lif.v).tolist() == [4, 5]
        assert sim.get(lif.vth) == 5
        for call in (lambda: sim.data["v"], lambda: sim.restore("a")):
            with pytest.raises(ParameterError, match=r"Simulator\.(data|restore)"):
                call()
        with pytest.raises(StateError, match="cannot be written"):
            sim.save("/nowhere/net.npz")


def test_a_graph_that_failed_to_compile_can_be_tried_again():
    neurons = LIFRefractory(shape=(2,), refractory_period=2)
    with pytest.raises(LookupError, match="no ProcessModel for fixed_pt"):
        Simulator(neurons, precision="fixed_pt")
    with Simulator(neurons) as sim:
        sim.run(1)


def test_backend_lava_raises_what_a_graph_is_refused_for_and_leaves_nothing():
    neurons = OurLIF(shape=1, du=0.5)
    before = set(multiprocessing.active_children())
    sim = Simulator(neurons, backend="lava", precision="fixed_pt")
    with sim, pytest.raises(ParameterError, match=r"LIF.du: must be integers"):
        sim.run(3)
    assert set(multiprocessing.active_children()) == before
    with Simulator(neurons) as sim:
        sim.run(1)


def test_what_cannot_be_kept_as_data_is_named():
    def act(model):
        model.file = iter([1, 2])

    nodes, run_cfg = chain(act)
    with Simulator(nodes[0], backend="inline", run_cfg=run_cfg) as sim:
        sim.run(1)
        with pytest.raises(
            StateError, match=r"PyNodeModel.file: a list_iterator cannot"
        ):
            sim.snapshot()


def test_whatever_a_model_keeps_is_restored():
    def act(model):
        own = model.__dict__
        own.setdefault("recent", deque(maxlen=3)).append(model.time_step)
        own.setdefault("dice", random.Random(1))
        own.setdefault("old_dice", np.random.RandomState(1))
        own.setdefault("table", {"sum": 0.0, 3: (1, [2])})["sum"] += own[
            "dice"
        ].random()
        if model.time_step > 3:
            own["late"] = True
        return np.array(
            [own["table"]["sum"] + own["old_dice"].rand(), sum(own["recent"])]
        )

    nodes, run_cfg = chain(act)
    with Simulator(nodes[0], backend="inline", run_cfg=run_cfg) as sim:
        probe = sim.probe(nodes[0].a_out)
        sim.run(3)
        state = sim.snapshot()
        sim.run(5)
        sim.restore(state)
        model = sim._backend.graph.node_of(nodes[0]).model
        assert not hasattr(model, "late")
        assert model.recent == deque([1, 2, 3], maxlen=3)
        sim.run(5)
    assert np.array_equal(sim.data[probe][3:8], sim.data[probe][8:])


def test_numbers_beyond_the_type_of_a_var_are_refused():
    neurons = LIF(shape=(2,))
    with Simulator(neurons, backend="inline", precision="fixed_pt") as sim:
        for value in (2**40, -(2**40)):
            with pytest.raises(ParameterError, match=r"from -2147483648 to"):
                sim.set(neurons.v, value)
        assert not sim.get(neurons.v).any()


@pytest.mark.parametrize(
    ("precision", "name", "value", "range_"),
    [
        ("fixed_pt", "vth", 2**17, "from 0 to 131071 for fixed_pt"),
        ("fixed_pt", "du", -1, "from 0 to 4095 for fixed_pt"),
        ("fixed_pt", "bias_exp", 8, "from 0 to 7 for fixed_pt"),
        ("floating_pt", "dv", 1.5, "from 0 to 1 for floating_pt"),
        ("floating_pt", "noise", -1.0, "from 0 to inf for floating_pt"),
        ("floating_pt", "v", np.nan, "must be finite"),
    ],
)
def test_a_value_beyond_what_the_model_holds_is_refused(precision, name, value, range_):
    neurons = OurLIF(shape=2)
    with Simulator(neurons, backend="inline", precision=precision) as sim:
        var = getattr(neurons, name)
        before = sim.get(var)
        with pytest.raises(ParameterError, match=range_):
            sim.set(var, value)
        assert np.array_equal(sim.get(var), before)


@pytest.mark.parametrize("backend", ["inline", "compiled"])
@pytest.mark.parametrize(
    ("process", "precision", "name", "value", "message"),
    [
        (
            lambda: OurLIF(shape=2, bias_mant=3, vth=10),
            "floating_pt",
            "v_reset",
            50,
            "LIF.v_reset: must not exceed the lowest threshold, 10",
        ),
        (
            lambda: OurLIF(shape=2, v_reset=3, vth=10),
            "floating_pt",
            "vth",
            [20, 2],
            "LIF.vth: must not be below v_reset = 3",
        ),
        (
            lambda: OurLIF(shape=2, vth=10),
            "fixed_pt",
            "v_reset",
            641,
            "LIF.v_reset: must not exceed the lowest threshold, 640",
        ),
        (
            lambda: OurLIF(shape=2, reset="subtract"),
            "floating_pt",
            "vth",
            -1,
            "LIF.vth: must not be negative",
        ),
        (
            lambda: OurLIF(shape=2, reset="subtract"),
            "floating_pt",
            "v_reset",
            1,
            "LIF.v_reset: must be left out",
        ),
        (lambda: OurLIF(shape=2), "floating_pt", "theta", -20, "LIF.theta: must be fr"),
        (
            lambda: WinnerTakeAll(shape=2, inhibition=1),
            "floating_pt",
            "inhibition",
            -1,
            "WinnerTakeAll.inhibition: must be from 0",
        ),
        *(
            (
                lambda: SpikingWinnerTakeAll(shape=2),
                precision,
                name,
                value,
                rf"SpikingWinnerTakeAll.{name}: {message}",
            )
            for precision, name, value, message in (
                ("fixed_pt", "v", 2**30, "must be from -8388607 to 8388607"),
                ("fixed_pt", "dv", 9999, "must be from 0 to 4095"),
                ("fixed_pt", "inhibition", 2**30, "must be from 0 to 32640"),
                ("fixed_pt", "inhibition", 500, "and tie_break must not exceed 255 t"),
                ("fixed_pt", "tie_break", 500, "and inhibition must not exceed 255 t"),
                ("floating_pt", "vth", 31, "must be at least input_max = 32"),
            )
        ),
    ],
)
def test_a_value_that_does_not_go_with_others_is_refused(
    process, precision, name, value, message, backend
):
    made = process()
    with Simulator(made, backend=backend, precision=precision) as sim:
        sim.run(1)
        before = [sim.get(var) for var in made.vars.members]
        with pytest.raises(ParameterError, match=f"^{message}"):
            sim.set(getattr(made, name), value)
        after = [sim.get(var) for var in made.vars.members]
        assert all(np.array_equal(*pair) for pair in zip(before, after, strict=True))
        sim.run(1)


def test_a_var_that_a_process_lost_when_it_was_built_from_others_is_named():
    network = Hopfield(weights=1 - np.eye(3, dtype=int))
    config = RunConfig("fixed_pt", decompose=True)
    lost = r"Hopfield '.*'\.state is of another graph, or"
    sim = Simulator(network, run_cfg=config)
    with sim, pytest.raises(BackendError, match=lost):
        sim.get(network.state)
