import itertools
import multiprocessing
import subprocess
import sys
import time
import warnings
from pathlib import Path

import numpy as np
import pytest

from lava_apps.loihi2.run_configs import RunConfig
from lava_apps.parameters import ParameterError
from lava_apps.processes.hopfield import Hopfield, hebbian
from lava_apps.runtime import (
    BackendError,
    ModelError,
    ProbeMemoryError,
    Simulator,
    StateError,
)
from tests.runtime.graphs import Free, Node, chain, config

from lava.proc.dense.process import Dense, LearningDense
from lava.proc.learning_rules.stdp_learning_rule import STDPLoihi
from lava.proc.lif.process import LIF


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


def test_auto_takes_inline_and_says_why():
    with Simulator(LIF(shape=(1,))) as sim:
        assert sim.explain().startswith("backend inline (it is the fastest)")


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


def test_a_graph_can_be_simulated_again_unless_it_was_built_from_others():
    lif, _ = recurrent()
    recorded = []
    for _ in range(2):
        with Simulator(lif) as sim:
            probe = sim.probe(lif.s_out)
            sim.run(10)
        recorded.append(sim.data[probe])
    assert np.array_equal(*recorded)
    network = Hopfield(weights=[[0, 1], [1, 0]])
    run_cfg = RunConfig("fixed_pt", decompose=True)
    with Simulator(network, run_cfg=run_cfg) as sim:
        sim.run(1)
    with pytest.raises(
        ParameterError, match=r"Simulator.process: .* built from others"
    ):
        Simulator(network, run_cfg=run_cfg)


def test_a_graph_in_use_is_not_taken_from_under_the_first():
    lif, _ = recurrent()
    with Simulator(lif) as sim:
        with pytest.raises(ParameterError, match="is in use"):
            Simulator(lif)
        sim.run(1)


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"backend": "fast"}, r"Simulator.backend: must be 'auto', 'inline' or 'lava'"),
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
            (lambda: sim.probe(lif), "probe.target: must be an instance of"),
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
        Simulator(node, run_cfg=config(free, node)) as sim,
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


def test_the_seed_gives_each_process_a_stream_of_its_own():
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


def save_forever(sim, dense, path):
    for n in itertools.count(1):
        sim.set(dense.weights, n)
        sim.save(path)


def test_kill_9_while_saving_leaves_a_whole_file_fifty_times(tmp_path):
    path = tmp_path / "net.npz"
    rng = np.random.default_rng(0)
    dense = Dense(weights=np.zeros((600, 600)))
    left = set()
    with Simulator(dense) as sim:
        sim.save(path)
        for _ in range(50):
            saver = multiprocessing.Process(
                target=save_forever, args=(sim, dense, path)
            )
            saver.start()
            time.sleep(rng.uniform(0.005, 0.06))
            saver.kill()
            saver.join()
            sim.load(path)
            weights = sim.get(dense.weights)
            assert (weights == weights[0, 0]).all()
            left.add(weights[0, 0])
            partial = len(list(tmp_path.iterdir())) - 1
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
