"""Kernels of sigma-delta neurons against Lava's own models, run inline."""

import itertools

import numpy as np
import pytest

from lava_apps.runtime import Simulator

from lava.proc.dense.process import Dense
from lava.proc.io.source import RingBuffer
from lava.proc.sdn.process import ActivationMode, Delta, Sigma, SigmaDelta

MODES = [ActivationMode.UNIT, ActivationMode.RELU]


@pytest.mark.parametrize(
    ("precision", "cumulates", "mode", "shape"),
    list(
        itertools.product(
            ("fixed_pt", "floating_pt"), (False, True), MODES, ((6,), (3, 2))
        )
    ),
)
def test_the_same_numbers_as_lavas(precision, cumulates, mode, shape):
    rng = np.random.default_rng(0)
    source = RingBuffer(data=rng.integers(-8, 9, (*shape, 20)))
    fixed = precision == "fixed_pt"
    # Lava scales thresholds by the exponents; its float models ignore them.
    exponents = {"spike_exp": 2, "state_exp": 3} if fixed else {}
    options = {"cum_error": cumulates, **exponents}
    delta = Delta(shape=shape, vth=4 if fixed else 3, **options)
    first = Dense(weights=rng.integers(-20, 20, (5, 6)) * 2, num_message_bits=16)
    middle = SigmaDelta(
        **{"shape": (5,), "vth": 2 if fixed else 60, "bias": rng.integers(-9, 9, 5)},
        act_mode=mode,
        **options,
    )
    second = Dense(weights=rng.integers(-20, 20, (4, 5)) * 2, num_message_bits=16)
    last = Sigma(shape=(4,))
    source.s_out.connect(delta.a_in)
    delta.s_out.reshape((6,)).connect(first.s_in)
    first.a_out.connect(middle.a_in)
    middle.s_out.connect(second.s_in)
    second.a_out.connect(last.a_in)
    watched = (
        *(delta.s_out, delta.act, delta.residue, delta.error),
        *(middle.s_out, middle.sigma, middle.residue, middle.error, last.s_out),
    )
    recorded = {}
    for backend in ("inline", "compiled"):
        with Simulator(delta, precision=precision, backend=backend) as sim:
            probes = [sim.probe(target) for target in watched]
            sim.run(60)
            recorded[backend] = [sim.data[probe] for probe in probes]
    for one, other in zip(recorded["inline"], recorded["compiled"], strict=True):
        assert np.array_equal(one, other)
    for n in (0, 4, 8):  # they did send something
        assert np.count_nonzero(recorded["inline"][n]) > 5
