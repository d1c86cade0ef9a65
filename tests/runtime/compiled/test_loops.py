"""The loop calls kernels by address; their arguments lie in blocks of memory."""

import gc
from typing import NamedTuple

import numpy as np
import pytest
from numba import njit

from lava_apps.runtime import Simulator
from lava_apps.runtime.compiled import loader
from lava_apps.runtime.compiled.loops import Call, Table
from lava_apps.runtime.compiled.wrappers import OfTheLoop
from lava_apps.runtime.errors import KernelError

from lava.proc.dense.process import Dense
from lava.proc.lif.process import LIF


def run_table(calls, first=1, steps=1):
    clock = np.zeros(3, np.int64)
    Table(calls).run(first, steps, clock)
    return clock.tolist()


@njit
def add_all(out, time_step, row, numbers, scale, yes, turn, grid):
    out[0] = time_step * 1000 + row
    out[1] += numbers.sum() * scale
    out[2] = turn.real + 10 * turn.imag if yes else -1
    out[3] = grid[1, 2]


def test_arguments_of_each_kind_arrive():
    out = np.zeros(4)
    grid = np.arange(24.0).reshape(4, 6)[::2, ::2]  # (2, 3), with gaps
    numbers = np.arange(5, dtype=np.int16)
    rest = (numbers, 0.5, True, 2 + 3j, grid)
    assert run_table([Call(add_all, [out, *OfTheLoop, *rest])], 7, 3)[:2] == [
        9,
        0,
    ]
    assert out.tolist() == [9002, 15, 32, grid[1, 2]]


class Pair(NamedTuple):
    gain: float
    values: np.ndarray


@njit
def use_tuples(out, pair, several, mode):
    (a, b), c = several
    if mode == "sum":
        out[0] += pair.gain * pair.values.sum() + a[0] * b + c


def test_tuples_are_put_together_and_what_else_numba_knows_is_built_in():
    out, ones = np.zeros(1), np.ones(3)
    several = ((np.array([7]), 2), 100.0)
    run_table([Call(use_tuples, [out, Pair(0.5, ones), several, "sum"])], 1, 2)
    assert out[0] == 2 * (1.5 + 14 + 100)
    run_table([Call(use_tuples, [out, Pair(0.5, ones), several, "other"])])
    assert out[0] == 2 * (1.5 + 14 + 100)


@njit
def count(x):
    x[0] += 1


def test_arrays_live_as_long_as_the_table():
    table = Table([Call(count, [np.zeros(10_000)]) for _ in range(50)])
    others = []
    for _ in range(20):
        table.run(1, 1, np.zeros(3, np.int64))
        gc.collect()
        others.append(np.zeros(10_000))
    assert all(not other.any() for other in others)
    kept = [arguments[0] for arguments in table._kept]
    assert all(array[0] == 20 for array in kept)


def test_an_array_can_be_replaced_by_one_of_its_type():
    before, after, number = np.zeros(2), np.zeros(5), 3
    table = Table([Call(count, [before]), Call(put, [before, number])])
    clock = np.zeros(3, np.int64)
    table.replace(0, 0, after)
    table.run(1, 2, clock)
    assert before.tolist() == [0, 3]
    assert after[0] == 2
    for other in (np.zeros(2, np.float32), np.zeros((2, 2)), np.zeros(4)[::2]):
        with pytest.raises(KernelError, match=r"was array.* and is array"):
            table.replace(0, 0, other)
    table.run(3, 1, clock)
    assert after[0] == 3


@njit
def put(x, number):
    x[1] = number


@njit
def refuse(time_step, limit):
    if time_step == limit:
        raise ValueError("this one")


@pytest.mark.parametrize("limit", [1, 5])
def test_what_a_kernel_raises_ends_the_loop_there(limit):
    x, clock = np.zeros(1), np.zeros(3, np.int64)
    table = Table([Call(count, [x]), Call(refuse, [OfTheLoop.TIME_STEP, limit])])
    with pytest.raises(ValueError, match="this one"):
        table.run(1, 9, clock)
    assert clock.tolist() == [limit, 1, 0]
    assert x[0] == limit
    table.run(6, 2, clock)  # it can be used again
    assert x[0] == limit + 2


@njit
def stop_at(clock, time_step):
    if time_step == 4:
        clock[2] = 1


def test_a_call_can_end_the_loop_after_a_time_step():
    x, clock = np.zeros(1), np.zeros(3, np.int64)
    table = Table([Call(stop_at, [clock, OfTheLoop.TIME_STEP]), Call(count, [x])])
    table.run(1, 10, clock)
    assert clock.tolist() == [4, 1, 1]
    assert x[0] == 4


@njit
def nothing():
    pass


def test_kernels_without_arguments_and_loops_without_kernels():
    assert run_table([Call(nothing, [])], 1, 3) == [3, 0, 0]
    assert run_table([], 1, 3) == [3, 0, 0]


def populations(number, size=3):
    random = np.random.default_rng(0)
    first = previous = LIF(shape=(size,), du=0.5, dv=0.1, vth=1.0, bias_mant=0.3)
    made = [first]
    for _ in range(number - 1):
        dense = Dense(weights=random.uniform(0.2, 1, (size, size)))
        previous.s_out.connect(dense.s_in)
        previous = LIF(shape=(size,), du=0.5, dv=0.1, vth=1.0)
        dense.a_out.connect(previous.a_in)
        made.append(previous)
    back = Dense(weights=np.eye(size) * 0.2)
    previous.s_out.connect(back.s_in)
    back.a_out.connect(first.a_in)
    return made


def run(backend, number):
    made = populations(number)
    with Simulator(made[0], backend=backend) as sim:
        probes = [sim.probe(p.s_out) for p in made]
        potentials = sim.probe(made[-1].v, every=3)
        sim.run(25)
        sim.set(made[0].v, np.full(3, 0.5))
        sim.run(15)
        held = [sim.get(p.v) for p in made]
        return [sim.data[p] for p in probes], [sim.data[potentials]], held


def test_a_graph_that_nobody_has_seen_compiles_nothing(monkeypatch):
    run("compiled", 3)

    def refuse(*_):
        raise AssertionError("something is compiled")

    monkeypatch.setattr(loader, "_compile", refuse)
    ours, theirs = run("compiled", 40), run("inline", 40)
    assert ours[0][9].any()
    for mine, its in zip(ours, theirs, strict=True):
        for one, other in zip(mine, its, strict=True):
            np.testing.assert_array_equal(one, other)


def test_a_loop_that_ends_early_goes_on(monkeypatch):
    from lava_apps.runtime.compiled import recorders

    whole = run("inline", 9)
    monkeypatch.setattr(recorders, "_EVENTS", 8)
    np.testing.assert_array_equal(run("compiled", 9)[0], whole[0])
