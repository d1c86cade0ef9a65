"""Random graphs of Lava's own Processes: inline equals stock Lava exactly."""

import numpy as np
import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st
from scipy.sparse import csr_matrix

from lava_apps.runtime import Simulator
from lava_apps.testing.strategies import generators

from lava.proc.dense.process import Dense
from lava.proc.io.source import RingBuffer
from lava.proc.lif.process import LIF, LIFReset
from lava.proc.sparse.process import Sparse

STEPS = 15


def build(rng, precision, layers, several):
    """Build source, then populations with random connections, reshaped on the way."""
    fixed = precision == "fixed_pt"
    shapes = [(4, 3), (12,), (2, 6), (3, 4)]

    def weights():
        drawn = rng.normal(0, 60 if fixed else 1, (12, 12))
        return np.rint(drawn).astype(int) if fixed else drawn

    def population(shape):
        options = {
            "shape": shape,
            "du": int(rng.integers(4096)) if fixed else float(rng.random()),
            "dv": int(rng.integers(4096)) if fixed else float(rng.random()),
            "vth": int(rng.integers(1, 200)) if fixed else float(rng.random() * 3),
            "bias_mant": rng.integers(-50, 200, shape) if fixed else rng.random(shape),
            "bias_exp": 6 if fixed else 0,
        }
        if rng.random() < 0.5:
            return LIF(**options)
        return LIFReset(**options, reset_interval=int(rng.integers(2, 6)))

    def connection():
        if rng.random() < 0.5:
            return Dense(weights=weights())
        return Sparse(weights=csr_matrix(weights() * (rng.random((12, 12)) < 0.4)))

    source = RingBuffer(data=rng.integers(0, 2, (12, STEPS)))
    populations = [population(shapes[rng.integers(4)]) for _ in range(layers)]
    outputs = [source, *populations]
    for n, target in enumerate(populations):
        for which in range(several):
            # The first from before, so that all is one graph; others from
            # anywhere, the population itself and later ones included.
            origin = outputs[rng.integers(len(outputs) if which else n + 1)]
            link = connection()
            origin.s_out.reshape((12,)).connect(link.s_in)
            link.a_out.reshape(target.a_in.shape).connect(target.a_in)
    return populations


@pytest.mark.parametrize("precision", ["floating_pt", "fixed_pt"])
@settings(max_examples=12)
@given(rng=generators(), layers=st.integers(1, 3), several=st.integers(1, 2))
def test_spikes_and_states_are_the_same(precision, rng, layers, several):
    seed = rng.integers(2**32)
    recorded = {}
    for backend in ("lava", "inline"):
        populations = build(np.random.default_rng(seed), precision, layers, several)
        with Simulator(populations[0], backend=backend, precision=precision) as sim:
            spikes = [sim.probe(p.s_out) for p in populations]
            sim.run(STEPS)
            states = [sim.get(var) for p in populations for var in (p.u, p.v)]
        recorded[backend] = [sim.data[probe] for probe in spikes] + states
    assume(any(spikes.any() for spikes in recorded["lava"][: len(populations)]))
    for reference, ours in zip(recorded["lava"], recorded["inline"], strict=True):
        assert np.array_equal(reference, ours)
