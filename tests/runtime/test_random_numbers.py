"""Processes that draw give the same numbers however they are computed."""

from unittest import mock

import numpy as np
import pytest
from numba import njit, prange

from lava_apps.draws import new_key, normal
from lava_apps.kernel import Process
from lava_apps.processes.encoders import PopulationEncoder, RateEncoder
from lava_apps.processes.lif import LIF
from lava_apps.runtime import Simulator, register_kernel
from lava_apps.runtime.compiled import threads
from lava_apps.runtime.compiled.threads import Threads

from lava.magma.core.decorator import implements, requires
from lava.magma.core.model.py.model import PyLoihiProcessModel
from lava.magma.core.model.py.ports import PyOutPort
from lava.magma.core.model.py.type import LavaPyType
from lava.magma.core.process.ports.ports import OutPort
from lava.magma.core.process.variable import Var
from lava.magma.core.resources import CPU
from lava.magma.core.sync.protocols.loihi_protocol import LoihiProtocol

BACKENDS = ["compiled", "inline"]
SIZE, CUT, STEPS = 61, 26, 90
DATA = np.random.default_rng(8).random((2, SIZE))
DATA[:, 10:30] = 0  # nothing is drawn for these
RATES = {"max_rate": 0.6, "steps": 30, "rest": 3, "seed": 4}


def neurons(begin, end):
    bias = np.linspace(0, 3, SIZE)[begin:end]
    return LIF(
        shape=end - begin,
        vth=4,
        dv=0.1,
        bias_mant=bias,
        noise=0.8,
        refractory_period=2,
        seed=4,
        first_index=begin,
    )


def integer_neurons(begin, end):
    bias = np.linspace(0, 300, SIZE).astype(int)[begin:end]
    decay = {"du": 4095, "dv": 400}
    return LIF(
        shape=end - begin,
        vth=9,
        bias_mant=bias,
        noise=60,
        seed=4,
        first_index=begin,
        **decay,
    )


def rates(begin, end):
    return RateEncoder(data=DATA[:, begin:end], first_index=begin, **RATES)


def populations(begin, end):
    return PopulationEncoder(
        data=DATA[:, begin:end],
        neurons=5,
        low=0,
        high=1,
        first_index=5 * begin,
        **RATES,
    )


MAKERS = [neurons, integer_neurons, rates, populations]


def record(process, runs, backend, precision):
    with Simulator(process, backend=backend, precision=precision) as sim:
        probe = sim.probe(process.s_out)
        for steps in runs:
            sim.run(steps)
        return sim.data[probe].reshape(STEPS, -1)


@pytest.mark.parametrize("backend", BACKENDS)
@pytest.mark.parametrize("make", MAKERS, ids=lambda make: make.__name__)
def test_pieces_a_restored_state_and_halves_spike_as_the_whole(make, backend):
    how = backend, "fixed_pt" if make is integer_neurons else "floating_pt"
    whole = record(make(0, SIZE), [STEPS], "compiled", how[1])
    assert 0.02 < np.mean(whole != 0) < 0.9
    assert np.array_equal(record(make(0, SIZE), [1, 40, 49], *how), whole)
    with Simulator(process := make(0, SIZE), backend=backend, precision=how[1]) as sim:
        probe = sim.probe(process.s_out)
        sim.run(40)
        saved = sim.snapshot()
        sim.run(STEPS - 40)
        sim.restore(saved)
        sim.run(STEPS - 40)
        again = sim.data[probe].reshape(-1, whole.shape[1])
    assert np.array_equal(again[-(STEPS - 40) :], whole[40:])
    parts = [record(make(*ends), [STEPS], *how) for ends in ((0, CUT), (CUT, SIZE))]
    assert np.array_equal(np.hstack(parts), whole)
    others = [record(make(0, n), [STEPS], *how) for n in (CUT, SIZE - CUT)]
    assert not np.array_equal(np.hstack(others), whole)


class Noise(Process):
    """A user's Process, which draws on several threads."""

    def __init__(self, size, seed):
        super().__init__(seed=seed)
        self.s_out = OutPort(shape=(size,))
        self.key = Var(shape=(2,), init=new_key(seed))


@implements(proc=Noise, protocol=LoihiProtocol)
@requires(CPU)
class PyNoiseModel(PyLoihiProcessModel):
    s_out: PyOutPort = LavaPyType(PyOutPort.VEC_DENSE, float)
    key: np.ndarray = LavaPyType(np.ndarray, np.uint64)


@njit
def draw(s_out, key, threads, time_step):
    for i in range(s_out.size):
        s_out[i] = normal(key, time_step, i)


@njit(parallel=True)
def draw_in_parallel(s_out, key, threads, time_step):
    pieces = threads[0]
    for piece in prange(pieces):
        begin, end = s_out.size * piece // pieces, s_out.size * (piece + 1) // pieces
        for i in range(begin, end):
            s_out[i] = normal(key, time_step, i)


register_kernel(
    PyNoiseModel,
    step=draw,
    parallel={"step": draw_in_parallel},
    is_large=lambda model: True,
)


@pytest.mark.skipif(threads.MOST_THREADS < 2, reason="there is one core")
def test_threads_draw_the_same_numbers():
    drawn = []
    for count in (1, 2):
        noise = Noise(5_001, seed=9)
        with (
            mock.patch.object(Threads, "note"),
            Simulator(noise, backend="compiled") as sim,
        ):
            sim._backend._threads.count[0] = count
            probe = sim.probe(noise.s_out)
            sim.run(20)
            assert sim._backend._bound().plan.is_parallel
            drawn.append(sim.data[probe])
    assert np.array_equal(*drawn)
    assert abs(drawn[0].std() - 1) < 0.02
