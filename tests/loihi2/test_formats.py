"""The table of formats against Lava's own models and constants."""

import numpy as np
import pytest

from lava_apps.loihi2.formats import ENERGIES, FORMATS, RESOURCES, Evidence, Format
from lava_apps.loihi2.run_configs import RunConfig
from lava_apps.runtime import Simulator

from lava.magma.compiler.subcompilers.constants import NUM_VIRTUAL_CORES_L3
from lava.magma.core.learning import constants
from lava.proc.dense.process import DelayDense
from lava.proc.io.source import RingBuffer
from lava.proc.lif.process import LIF
from lava.utils.weightutils import SignMode, truncate_weights


@pytest.mark.parametrize(
    ("name", "mode", "step"),
    [
        ("excitatory_weight", SignMode.EXCITATORY, 1),
        ("inhibitory_weight", SignMode.INHIBITORY, 1),
        ("mixed_weight", SignMode.MIXED, 2),
    ],
)
def test_weights_within_their_range_and_none_beyond_survive(name, mode, step):
    entry = FORMATS[name]
    every = np.arange(entry.low, entry.high + 1, step).astype(int)
    assert np.array_equal(truncate_weights(every, mode, 8), every)
    if mode == SignMode.MIXED:
        assert truncate_weights(np.array([127]), mode, 8) == 126


def potential_after(value):
    """Give u and v of Lava's LIF after an input in a single time step."""
    lif = LIF(shape=(1,), du=0, dv=0, vth=int(FORMATS["vth"].high))
    source = RingBuffer(data=np.array([[value, 0, 0, 0]]))
    source.s_out.connect(lif.a_in)
    with Simulator(lif, run_cfg=RunConfig("fixed_pt"), backend="inline") as sim:
        sim.run(1)
        return int(sim.get(lif.u)[0]), int(sim.get(lif.v)[0])


def test_currents_wrap_and_potentials_stay_at_their_ends():
    most = int(FORMATS["input_sum"].high)
    current, potential = potential_after(most)
    assert current == most << int(FORMATS["input_shift"].high) <= FORMATS["u"].high
    assert FORMATS["v"].holds(potential)
    beyond, _ = potential_after(most + 2)
    assert beyond < 0
    # At the threshold of 17 bits no potential of 24 bits spikes but the very last.
    assert FORMATS["vth"].high * 2**6 < FORMATS["v"].high


def test_learning_has_the_widths_of_lavas_constants():
    assert FORMATS["trace"].high == 2**constants.W_TRACE - 1
    assert FORMATS["tag"].high == 2**constants.W_TAG_1_U - 1
    assert FORMATS["learned_weight"].high == 2**constants.W_WEIGHTS_U - 1
    assert FORMATS["rule_constant"].high == 2**constants.W_CONST - 1
    assert FORMATS["t_epoch"].high == 2**constants.W_EPOCH_TIME - 1
    assert RESOURCES["cores"].high == NUM_VIRTUAL_CORES_L3


def test_a_delay_beyond_six_bits_is_refused_by_lava_too():
    def run(delay):
        link = DelayDense(weights=np.ones((1, 1)), delays=np.array([[delay]]))
        with Simulator(link, precision="fixed_pt", backend="inline") as sim:
            sim.run(1)

    run(int(FORMATS["delay"].high))
    with pytest.raises(ValueError, match="between 0 and 63"):
        run(int(FORMATS["delay"].high) + 2)


def test_ranges_hold_integers_only():
    entry = Format("x", -2, 3, Evidence.SOURCE, "here", "")
    assert entry.holds([-2, 0, 3.0])
    for wrong in ([-3], [4], [0.5], [np.nan], [[1, 1], [1, 9]]):
        assert not entry.holds(wrong)


def test_each_entry_says_where_it_is_from():
    for table in (FORMATS, RESOURCES, ENERGIES):
        for name, entry in table.items():
            assert entry.name == name
            assert entry.low <= entry.high
            assert entry.source
            assert entry.meaning
            assert isinstance(entry.evidence, Evidence)
    assert {e.evidence for e in ENERGIES.values()} == {Evidence.SECOND_HAND}
