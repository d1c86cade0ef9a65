"""Random graphs of all kinds of Processes: inline gives what stock Lava gives."""

import numpy as np
import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from lava_apps.runtime import Simulator
from tests.helpers import as_drawn, examples
from tests.runtime.random_graphs import PRECISIONS, STEPS, build, run
from tests.runtime.random_rules import MODES, learner, rules

pytestmark = pytest.mark.filterwarnings(
    "ignore::scipy.sparse.SparseEfficiencyWarning"  # Lava's
)


def dense(value):
    """Give an array: Lava's runtime hands Vars over as floats, sparse ones as such."""
    return np.asarray(value.toarray() if hasattr(value, "toarray") else value, float)


@pytest.mark.timeout(600)
@pytest.mark.parametrize("precision", PRECISIONS)
@settings(as_drawn, max_examples=examples(12))
@given(
    seed=st.integers(0, 2**32 - 1),
    layers=st.integers(1, 3),
    several=st.integers(1, 2),  # of three, Lava adds floats in the order of a set
)
def test_random_graphs_send_and_hold_the_same(precision, seed, layers, several):
    recorded = []
    for backend in ("lava", "inline"):
        graph = build(seed, precision, layers, several)
        sent, held = run(graph, backend, precision, [STEPS])
        recorded.append([*sent[: len(graph.ports)], *map(dense, held)])
    assume(any(values.any() for values in recorded[0]))
    for reference, ours in zip(*recorded, strict=True):
        assert np.array_equal(reference, ours, equal_nan=True)


@pytest.mark.timeout(600)
@pytest.mark.parametrize("precision", PRECISIONS)
@settings(as_drawn, max_examples=examples(6))
@given(
    seed=st.integers(0, 2**32 - 1),
    rule=rules(),
    mode=st.sampled_from(MODES),
    graded=st.booleans(),
)
def test_learning_rules_change_synapses_alike(precision, seed, rule, mode, graded):
    recorded = []
    for backend in ("inline", "lava"):
        link = learner(seed, *rule, mode, precision == "fixed_pt", graded)
        with Simulator(link, backend=backend, precision=precision) as sim:
            sent = sim.probe(link.a_out)
            try:
                sim.run(STEPS)
            except TypeError:  # rules that Lava's own evaluator stumbles over
                assume(False)
            names = ("weights", "tag_1", "tag_2", "x1", "x2", "y1", "y2", "y3")
            held = [dense(sim.get(getattr(link, name))) for name in names]
        recorded.append([sim.data[sent], *held])
    for ours, reference in zip(*recorded, strict=True):
        assert np.array_equal(reference, ours, equal_nan=True)
