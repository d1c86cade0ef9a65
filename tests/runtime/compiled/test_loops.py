"""Large graphs, whose loop is cut into parts."""

import numpy as np
import pytest

from lava_apps.runtime import Simulator
from lava_apps.runtime.compiled import loops, program

from lava.proc.dense.process import Dense
from lava.proc.lif.process import LIF


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


def run(backend, number=9):
    made = populations(number)
    with Simulator(made[0], backend=backend) as sim:
        probes = [sim.probe(p.s_out) for p in made]
        potentials = sim.probe(made[-1].v, every=3)
        sim.run(25)
        sim.set(made[0].v, np.full(3, 0.5))
        sim.run(15)
        held = [sim.get(p.v) for p in made]
        return [sim.data[p] for p in probes], sim.data[potentials], held


@pytest.fixture
def small_parts(monkeypatch):
    monkeypatch.setattr(loops, "MOST_CALLS", 4)
    monkeypatch.setattr(loops, "_PART", 5)


def test_parts_give_what_one_loop_gives(small_parts):
    cut, whole = run("compiled"), run("inline")
    assert cut[0][-1].any()
    for ours, theirs in zip(cut, whole, strict=True):
        for one, other in zip(ours, theirs, strict=True):
            np.testing.assert_array_equal(one, other)


def test_parts_that_are_alike_are_compiled_once(small_parts, monkeypatch):
    sources = []
    load = program.load

    def noted(source, functions, arguments):
        sources.append(source)
        return load(source, functions, arguments)

    monkeypatch.setattr(program, "load", noted)
    made = populations(60)
    with Simulator(made[0], backend="compiled") as sim:
        sim.run(1)
    assert len(sources) > 20
    assert len(set(sources)) < 12


def test_a_loop_that_ends_early_does_so_in_parts(small_parts, monkeypatch):
    from lava_apps.runtime.compiled import recorders

    monkeypatch.setattr(recorders, "_EVENTS", 8)
    test_parts_give_what_one_loop_gives(None)
