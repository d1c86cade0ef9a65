"""Connections that forget: Lava's within a sample, nothing between samples."""

import numpy as np
import pytest
from hypothesis import given, settings
from scipy.sparse import csr_matrix

from lava_apps.loihi2.hardware import HardwareWarning
from lava_apps.parameters import ParameterError
from lava_apps.processes.connections import (
    ConvReset,
    DelayConv,
    DelayDenseReset,
    DelaySparseReset,
    DenseReset,
    SparseReset,
)
from lava_apps.testing import Case, contract
from lava_apps.testing.strategies import generators

from lava.proc.conv.process import Conv
from lava.proc.dense.process import DelayDense, Dense
from lava.proc.sparse.process import DelaySparse, Sparse

RNG = np.random.default_rng(7)
SAMPLE = 6
WEIGHTS = RNG.integers(-20, 21, size=(3, 4))
DELAYS = RNG.integers(0, 4, size=(3, 4))
KERNEL = RNG.integers(-20, 21, size=(2, 2, 2, 1))
SPIKES = RNG.integers(0, 2, size=(24, 4))
IMAGES = RNG.integers(0, 2, size=(24, 3, 4, 1))
OPTIONS = {
    Dense: {"weights": WEIGHTS, "weight_exp": 1},
    Sparse: {"weights": csr_matrix(WEIGHTS)},
    DelayDense: {"weights": WEIGHTS, "delays": DELAYS},
    DelaySparse: {"weights": csr_matrix(WEIGHTS), "delays": csr_matrix(DELAYS)},
    Conv: {"weight": KERNEL, "input_shape": (3, 4, 1), "padding": 1},
}
OURS = {
    DenseReset: Dense,
    SparseReset: Sparse,
    DelayDenseReset: DelayDense,
    DelaySparseReset: DelaySparse,
    ConvReset: Conv,
}
CPU_ONLY = {"decomposition": "CPU only: no such convolution is known on Loihi 2"}
FORGETS = {"decomposition": "nothing on Loihi 2 is known to forget messages"}
pytestmark = pytest.mark.filterwarnings("ignore:Changing the sparsity structure")


def maker(kind, **samples):
    """Give what makes one, with samples of six time steps."""
    options = OPTIONS[OURS[kind]] | {"reset_interval": SAMPLE} | samples

    def make():
        return kind(**options)

    make.__name__ = kind.__name__
    return make


def inputs(kind):
    return {"s_in": IMAGES if kind is ConvReset else SPIKES}


@pytest.mark.parametrize(
    ("check", "case"),
    contract(*(Case(maker(k), inputs(k), gaps=FORGETS) for k in OURS)),
)
def test_contract(check, case):
    check(case)


def delayed_conv():
    delays = np.random.default_rng(3).integers(0, 4, (4, 5, 2))
    return DelayConv(
        **OPTIONS[Conv], delays=delays, reset_interval=SAMPLE, reset_offset=0
    )


@pytest.mark.parametrize(
    ("check", "case"),
    contract(Case(delayed_conv, {"s_in": IMAGES}, gaps=CPU_ONLY)),
)
def test_contract_of_delayed_convolutions(check, case):
    check(case)


@pytest.mark.parametrize("backend", ["compiled", "inline", "lava"])
@pytest.mark.parametrize("precision", ["floating_pt", "fixed_pt"])
@pytest.mark.parametrize("kind", OURS)
def test_a_sample_gives_what_lavas_gives_alone(kind, precision, backend):
    messages = inputs(kind)["s_in"]
    sent = Case(maker(kind), inputs(kind)).run(precision, backend=backend)["a_out"]
    assert sent.any()
    for begin in range(0, 24, SAMPLE):
        sample = slice(begin, begin + SAMPLE)
        lavas = Case(lambda: OURS[kind](**OPTIONS[OURS[kind]]), {"s_in": messages})
        alone = Case(lavas.make, {"s_in": messages[sample]}).run(precision)["a_out"]
        assert np.array_equal(sent[sample], alone)


@given(rng=generators())
@settings(max_examples=25, deadline=None)
@pytest.mark.parametrize("kind", [DelayDenseReset, DelaySparseReset])
def test_between_layers_the_next_message_is_kept_and_the_others_dropped(kind, rng):
    interval = int(rng.integers(1, 8))
    offset = int(rng.integers(interval))
    spikes = rng.integers(0, 2, size=(20, 4))
    samples = {"reset_interval": interval, "reset_offset": offset, "keep_next": True}
    sent = Case(maker(kind, **samples), {"s_in": spikes}).run("fixed_pt")["a_out"]
    expected = np.zeros((20 + DELAYS.max() + 1, 3), dtype=int)
    even = WEIGHTS // 2 * 2  # mixed signs have 7 bits
    # The sample of a spike, and of what arrives a time step later, to begin with.
    sample = (np.arange(1, 21) - offset) // interval
    for t, i, j in np.ndindex(20, 3, 4):
        arrives = t + 1 + DELAYS[i, j]
        if spikes[t, j] and arrives < 20 and sample[arrives - 1] == sample[t]:
            expected[arrives, i] += even[i, j]
    assert np.array_equal(sent, expected[:20])


@pytest.mark.parametrize("kind", OURS)
def test_for_loihi_2_it_is_lavas_and_says_what_that_cannot_do(kind):
    case = Case(maker(kind), inputs(kind))
    with pytest.warns(HardwareWarning, match="let the last time steps of a sample be"):
        sent = case.run("fixed_pt", decompose=True)["a_out"]
    lavas = Case(lambda: OURS[kind](**OPTIONS[OURS[kind]]), inputs(kind))
    assert np.array_equal(sent, lavas.run("fixed_pt")["a_out"])


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"reset_interval": 0}, "reset_interval: must be greater than or equal to 1"),
        ({"reset_interval": 4, "reset_offset": 4}, "reset_offset: must be below reset"),
        ({"reset_interval": 4, "delay": 1}, "delay: unknown, allowed are weights, "),
    ],
)
def test_what_makes_no_samples_is_refused(options, message):
    with pytest.raises(ParameterError, match=f"DenseReset.{message}"):
        DenseReset(weights=WEIGHTS, **options)
