"""Backends make themselves known; one in few lines gives the same numbers."""

import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from lava_apps.parameters import ParameterError
from lava_apps.processes.encoders import RateEncoder
from lava_apps.processes.lif import LIF
from lava_apps.processes.stdp import PairSTDP, STDPDense
from lava_apps.runtime import (
    BackendError,
    BackendWarning,
    DeadlockError,
    Simulator,
    backends,
    register_backend,
)
from tests.runtime.plain_backend import PlainBackend

from lava.proc.dense.process import Dense


@pytest.fixture
def plain(monkeypatch):
    """Make the backend known, for one test."""
    monkeypatch.setattr(backends, "_BACKENDS", dict(backends._BACKENDS))
    register_backend("plain", lambda request: PlainBackend(request.opened()))


def network(seed=1):
    """Draw a network with each kind of connection between step functions."""
    rng = np.random.default_rng(seed)
    encoder = RateEncoder(data=rng.random((3, 2, 3)), steps=9, rest=2, max_rate=0.7)
    rule = PairSTDP(a_plus=0.05, a_minus=0.04)
    learning = STDPDense(weights=rng.random((4, 6)), rule=rule, w_max=1.0, seed=seed)
    neurons = LIF(shape=(4,), vth=0.6, du=0.4, dv=0.2, noise=0.05)
    after = LIF(shape=(2, 2), vth=0.9, bias_mant=0.1)
    encoder.s_out.flatten().connect(learning.s_in)
    learning.a_out.connect(neurons.a_in)
    neurons.s_out.connect(learning.s_in_bap)
    neurons.s_out.reshape((2, 2)).transpose((1, 0)).connect(after.a_in)
    return encoder, learning, neurons, after


def record(backend):
    encoder, learning, neurons, after = network()
    with Simulator(encoder, backend=backend, seed=3) as sim:
        targets = (encoder.s_out, neurons.s_out, neurons.a_in, after.v)
        probes = [sim.probe(target) for target in targets]
        probes.append(sim.probe(learning.weights, every=7))
        sim.run(20)
        sim.set(after.v, 0.25)
        state = sim.snapshot()
        sim.run(11)
        sim.restore(state)
        sim.run(15)
        assert sim.time_step == 35
        return [sim.data[probe] for probe in probes], sim.get(learning.weights)


@pytest.mark.parametrize("other", ["inline", "compiled"])
def test_a_backend_in_few_lines_gives_the_same_numbers(plain, other):
    path = Path(__file__).with_name("plain_backend.py")
    assert len(path.read_text().splitlines()) < 150
    ours, theirs = record("plain"), record(other)
    for mine, its in zip([*ours[0], ours[1]], [*theirs[0], theirs[1]], strict=True):
        assert mine.dtype == its.dtype
        assert mine.any()
        np.testing.assert_array_equal(mine, its)


def test_a_state_goes_from_one_backend_to_another(plain):
    states = {}
    for name in ("plain", "inline", "compiled"):
        encoder, _, neurons, _ = network()
        with Simulator(encoder, backend=name, seed=3) as sim:
            sim.run(12)
            states[name] = sim.snapshot()
    for before in states:
        sent = []
        for after in states:
            encoder, _, neurons, _ = network()
            with Simulator(encoder, backend=after, seed=3) as sim:
                sim.restore(states[before])
                probe = sim.probe(neurons.s_out)
                sim.run(20)
                sent.append(sim.data[probe])
        assert sent[0].any()
        assert all(np.array_equal(sent[0], other) for other in sent)


def test_what_a_backend_cannot_run_is_said(plain):
    dense = Dense(weights=np.ones((1, 1)))
    with pytest.raises(BackendError, match=r"plain cannot run .* has no step function"):
        Simulator(dense, backend="plain")
    with pytest.raises(
        ParameterError, match="'inline', 'lava' or 'plain', given 'pla'"
    ):
        Simulator(dense, backend="pla")
    with Simulator(dense) as sim:  # the graph is free
        sim.run(1)


def test_processes_that_wait_for_each_other_are_named(plain):
    one, other = LIF(shape=(1,)), LIF(shape=(1,))
    one.s_out.connect(other.a_in)
    other.s_out.connect(one.a_in)
    with pytest.raises(DeadlockError, match=r"a_in waits for .*\n.*a_in waits for"):
        Simulator(one, backend="plain")


def test_auto_tries_backends_by_their_rank(plain):
    register_backend("plain", lambda request: PlainBackend(request.opened()), rank=0)
    with Simulator(LIF(shape=(1,))) as sim:
        assert sim.backend == "plain"
        assert sim.explain() == (
            "backend plain (it is the fastest): step functions are called one by one"
        )
    dense = Dense(weights=np.ones((1, 1)))
    message = "this graph runs compiled, for plain cannot: Dense"
    with pytest.warns(BackendWarning, match=message), Simulator(dense) as sim:
        assert sim.backend == "compiled"


def test_a_backend_must_be_something_to_call():
    with pytest.raises(ParameterError, match=r"register_backend\.make: must be call"):
        register_backend("none", None)


COMPILED = """
import sys
sys.modules["greenlet"] = None
import numpy as np
from lava.proc.dense.process import Dense
from lava.proc.lif.process import LIF
from lava_apps.runtime import Simulator

neurons = LIF(shape=(2,), bias_mant=4, vth=10)
dense = Dense(weights=np.eye(2))
neurons.s_out.connect(dense.s_in)
with Simulator(neurons, backend="compiled") as sim:
    probe = sim.probe(neurons.s_out)
    sim.run(6)
    sim.restore(sim.snapshot())
    print(sim.data[probe].sum(0), dense.weights.get().tolist())
"""


def test_compiled_needs_no_coroutines():
    command = [sys.executable, "-c", COMPILED]
    done = subprocess.run(command, capture_output=True, text=True, check=True)
    assert done.stdout == "[2. 2.] [[1.0, 0.0], [0.0, 1.0]]\n"
