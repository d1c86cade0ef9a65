"""Lava's own Processes: the same on both backends, and restored into a new graph."""

import numpy as np
import pytest
from scipy.sparse import csr_matrix

from lava_apps.runtime import Simulator

from lava.proc.atrlif.process import ATRLIF
from lava.proc.dense.process import DelayDense, Dense
from lava.proc.io.source import RingBuffer
from lava.proc.lif.process import LIF, LIFRefractory, LIFReset, TernaryLIF
from lava.proc.sparse.process import DelaySparse, Sparse

N = 6
STEPS = 9


def neurons(cls, *, whole, **more):
    """Make neurons with parameters for floats or integers."""
    decays = {"du": 300, "dv": 200} if whole else {"du": 0.1, "dv": 0.1}
    return cls(shape=(N,), **decays, vth=100 if whole else 2, **more)


def ternary(*, whole):
    high = 100 if whole else 2
    return TernaryLIF(shape=(N,), vth_hi=high, vth_lo=-high)


def adaptive(*, whole):
    share = 100 if whole else 0.1
    deltas = {f"delta_{n}": share for n in ("i", "v", "theta", "r")}
    return ATRLIF(shape=(N,), **deltas, theta_0=5, theta_step=2, theta=5)


POPULATIONS = {
    "LIF": lambda whole: neurons(LIF, whole=whole),
    "LIFReset": lambda whole: neurons(LIFReset, whole=whole, reset_interval=4),
    "LIFRefractory": lambda whole: neurons(
        LIFRefractory, whole=whole, refractory_period=3
    ),
    "TernaryLIF": lambda whole: ternary(whole=whole),
    "ATRLIF": lambda whole: adaptive(whole=whole),
}


def connection(kind, rng, *, whole):
    weights = rng.integers(-50, 200, (N, N)) if whole else rng.normal(0.5, 1, (N, N))
    delays = rng.integers(0, 4, (N, N))
    if kind is Dense:
        return Dense(weights=weights)
    if kind is Sparse:
        return Sparse(weights=csr_matrix(weights))
    if kind is DelayDense:
        return DelayDense(weights=weights, delays=delays)
    weights[weights == 0] = 1  # its delays must be as many as its weights
    sparse = csr_matrix(weights)
    places = sparse.nonzero()
    return DelaySparse(weights=sparse, delays=csr_matrix((delays.ravel(), places)))


def build(population, kind, precision):
    rng, whole = np.random.default_rng(1), precision == "fixed_pt"
    source = RingBuffer(data=rng.integers(0, 2, (N, 7)))
    link, target = connection(kind, rng, whole=whole), POPULATIONS[population](whole)
    source.s_out.connect(link.s_in)
    link.a_out.connect(target.a_in)
    return target


@pytest.mark.parametrize("precision", ["floating_pt", "fixed_pt"])
@pytest.mark.parametrize(
    ("population", "kind"),
    [(name, Dense) for name in POPULATIONS]
    + [("LIF", kind) for kind in (Sparse, DelayDense, DelaySparse)],
)
def test_same_on_both_backends_and_restored_into_a_new_graph(
    population, kind, precision
):
    if (population, precision) == ("LIFRefractory", "fixed_pt"):
        pytest.skip("Lava has no such model")
    target = build(population, kind, precision)
    with Simulator(target, backend="lava", precision=precision) as sim:
        probe = sim.probe(target.s_out)
        sim.run(2 * STEPS)
    reference = sim.data[probe]
    assert reference.any()
    target = build(population, kind, precision)
    with Simulator(target, precision=precision) as sim:
        probe = sim.probe(target.s_out)
        sim.run(STEPS)
        middle = sim.snapshot()
        sim.run(STEPS)
    assert np.array_equal(sim.data[probe], reference)
    target = build(population, kind, precision)
    with Simulator(target, precision=precision) as sim:
        sim.run(3)
        sim.restore(middle)
        probe = sim.probe(target.s_out)
        sim.run(STEPS)
    assert np.array_equal(sim.data[probe], reference[STEPS:])
