"""Random graphs and learning rules: the compiled loop gives what inline gives."""

from itertools import pairwise

import numpy as np
import pytest
from hypothesis import assume, example, given, settings
from hypothesis import strategies as st
from scipy.sparse import csr_matrix

from lava_apps.runtime import Simulator
from lava_apps.testing.strategies import generators
from tests.helpers import as_drawn, examples
from tests.runtime.random_graphs import PRECISIONS, STEPS, N, assert_same, build, run
from tests.runtime.random_rules import MODES, gated, learner, rules

from lava.proc.conv.process import Conv
from lava.proc.dense.process import DelayDense, Dense
from lava.proc.io.source import RingBuffer
from lava.proc.receiver.process import Receiver
from lava.proc.sparse.process import Sparse
from lava.proc.spiker.process import Spiker
from lava.utils.weightutils import SignMode


@pytest.mark.filterwarnings("ignore::scipy.sparse.SparseEfficiencyWarning")  # Lava's
@pytest.mark.parametrize("precision", PRECISIONS)
@settings(as_drawn, max_examples=examples(40))
@given(
    seed=st.integers(0, 2**32 - 1),
    layers=st.integers(1, 3),
    several=st.integers(1, 5),
    cut=st.integers(1, STEPS - 1),
)
def test_random_graphs_send_and_hold_the_same(precision, seed, layers, several, cut):
    recorded = [
        run(build(seed, precision, layers, several), backend, precision, pieces)
        for backend, pieces in (("inline", [STEPS]), ("compiled", [cut, STEPS - cut]))
    ]
    assume(any(values.any() for values in recorded[0][0]))
    assert_same(*recorded)


@pytest.mark.parametrize("precision", PRECISIONS)
@settings(as_drawn, max_examples=examples(6))
@given(
    seed=st.integers(0, 2**32 - 1),
    rule=rules(),
    mode=st.sampled_from(MODES),
    graded=st.booleans(),
    cut=st.integers(1, STEPS - 1),
)
# Rules that change nothing where a third factor is 0, which are seldom drawn.
@example(seed=1, rule=gated("y1"), mode=SignMode.MIXED, graded=True, cut=4)
@example(seed=2, rule=gated("y3"), mode=SignMode.EXCITATORY, graded=False, cut=9)
def test_learning_rules_change_synapses_alike(precision, seed, rule, mode, graded, cut):
    states = []
    for backend, pieces in (("inline", [STEPS]), ("compiled", [cut, STEPS - cut])):
        link = learner(seed, *rule, mode, precision == "fixed_pt", graded)
        with Simulator(link, backend=backend, precision=precision) as sim:
            sent, weights = sim.probe(link.a_out), sim.probe(link.weights)
            for steps in pieces:
                try:
                    sim.run(steps)
                except TypeError:  # rules that Lava's own evaluator stumbles over
                    assume(backend != "inline")
                    raise
            held = [
                sim.get(getattr(link, name))
                for name in ("tag_1", "tag_2", "x1", "x2", "y1", "y2", "y3", "tx", "ty")
            ]
        states.append([sim.data[weights], *held, sim.data[sent]])
    # Beyond the floats, 0 times infinity: Lava evaluates synapses without spikes, too.
    assume(all(np.isfinite(values).all() for values in states[0]))
    for expected, found in zip(*[s[:-1] for s in states], strict=True):
        assert np.array_equal(expected, found, equal_nan=True)
    # What is sent is a sum over presynaptic neurons, which numpy adds up pairwise.
    if precision == "fixed_pt":
        assert np.array_equal(states[0][-1], states[1][-1])
    else:
        assert np.allclose(states[0][-1], states[1][-1], rtol=1e-13, equal_nan=True)


@settings(max_examples=examples(10))
@given(rng=generators(), kind=st.sampled_from([Dense, Sparse, DelayDense, Conv]))
def test_floats_added_in_another_order_differ_in_the_last_bits_only(rng, kind):
    weights, data = rng.normal(size=(N, N)), rng.random((N, 5))
    shape = {Conv: (2, 3, 2)}.get(kind, (N,))
    sent = []
    for backend in ("inline", "compiled"):
        if kind is Conv:
            kernel = weights.ravel()[:36].reshape(2, 3, 3, 2)
            link = Conv(weight=kernel, input_shape=shape, padding=1, num_message_bits=8)
        elif kind is DelayDense:
            delays = (weights > 0) * 1
            link = DelayDense(weights=weights, delays=delays, num_message_bits=8)
        else:
            matrix = csr_matrix(weights) if kind is Sparse else weights
            link = kind(weights=matrix, num_message_bits=8)
        source = RingBuffer(data=data.reshape(*shape, 5))
        source.s_out.connect(link.s_in)
        with Simulator(link, backend=backend) as sim:
            probe = sim.probe(link.a_out)
            sim.run(6)
        sent.append(sim.data[probe])
    scale = np.abs(weights).sum()
    assert np.abs(sent[0]).max() > 0
    assert np.abs(sent[0] - sent[1]).max() < 4 * N * np.finfo(float).eps * scale


@pytest.mark.parametrize("precision", PRECISIONS)
@settings(max_examples=examples(15))
@given(rng=generators(), graded=st.sampled_from([0, 8]), bits=st.integers(1, 8))
def test_weights_are_kept_small_and_come_back_as_they_were(
    precision, rng, graded, bits
):
    fixed = precision == "fixed_pt"
    drawn = rng.integers(-256, 256, (6, 9)) * 2 if fixed else rng.normal(size=(6, 9))
    if not fixed and rng.random() < 0.5:
        drawn = np.sign(drawn) * 0.3
    drawn *= rng.random((6, 9)) < 0.5
    more = {"weight_exp": int(rng.integers(-3, 3)), "num_weight_bits": bits}
    for make in (
        lambda: Dense(weights=drawn, num_message_bits=graded, **more),
        lambda: Sparse(weights=csr_matrix(drawn), num_message_bits=graded, **more),
    ):
        held = []
        for backend in ("inline", "compiled"):
            link = make()
            source = RingBuffer(data=rng.integers(0, 2, (9, 1)) * 0 + 1)
            source.s_out.connect(link.s_in)
            with Simulator(link, backend=backend, precision=precision) as sim:
                probe = sim.probe(link.a_out)
                sim.run(3)
                held.append([sim.get(link.weights), sim.data[probe]])
        (before, reference), (after, ours) = held
        assert type(before) is type(after)
        dense = [w.toarray() if hasattr(w, "toarray") else w for w in (before, after)]
        assert dense[0].dtype == dense[1].dtype
        assert np.array_equal(*dense)
        assert np.allclose(reference, ours, rtol=1e-13, atol=0 if fixed else 1e-13)


def test_a_chain_of_sources_without_connections_runs_in_order():
    spikers = [Spiker(shape=(3,), period=p, payload=p) for p in (2, 3)]
    receivers = [Receiver(shape=(3,)) for _ in spikers]
    for before, after in zip(spikers, receivers, strict=True):
        before.s_out.connect(after.a_in)
    for spiker, receiver in zip(spikers, receivers, strict=True):
        with Simulator(spiker, backend="compiled") as sim:
            probe = sim.probe(spiker.s_out)
            sim.run(6)
            assert np.array_equal(sim.get(receiver.payload), sim.data[probe][-1])
        assert sim.data[probe].any()
    assert all(a is not b for a, b in pairwise(spikers))
