"""A sequence of samples gives what each of them gives alone, in every network."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from lava_apps.apps.digits.network import STEPS, DigitsNetwork, Settings
from lava_apps.apps.digits.reward import TRIAL, RewardNetwork
from lava_apps.loihi2 import to_fixed
from lava_apps.parameters import ParameterError
from lava_apps.processes.connections import DelayDenseReset, DenseReset
from lava_apps.processes.decoders import (
    FilterDecoder,
    FirstSpikeDecoder,
    PopulationDecoder,
    RateDecoder,
)
from lava_apps.processes.encoders import (
    DeltaEncoder,
    GradedEncoder,
    LatencyEncoder,
    PopulationEncoder,
    RateEncoder,
)
from lava_apps.processes.lif import LIF
from lava_apps.processes.som import GradedCode, SpikingSOM
from lava_apps.processes.stdp import PairSTDP, STDPDense
from lava_apps.processes.wta import (
    Decision,
    SpikingWinnerTakeAll,
    WinnerTakeAll,
    decision,
)
from lava_apps.runtime import Simulator
from lava_apps.samples import begins, remainder
from lava_apps.testing import Case
from lava_apps.testing.strategies import generators

from lava.proc.io.source import RingBuffer

PRECISIONS = ("floating_pt", "fixed_pt")


def assert_each_is_what_it_is_alone(make, inputs, steps, precision, **options):
    """Run samples of so many steps in a row, and each alone."""
    together = Case(make, inputs).run(precision, **options)
    (length,) = {len(data) for data in inputs.values()}
    for begin in range(0, length, steps):
        sample = slice(begin, begin + steps)
        own = {name: np.asarray(data)[sample] for name, data in inputs.items()}
        alone = Case(make, own).run(precision, **options)
        for port, sent in alone.items():
            assert np.array_equal(together[port][sample], sent), (port, begin)
    return together


def begin_after(sim, steps):
    """Let a graph begin later: random numbers are those of the time step."""
    state = sim.snapshot()
    for model in state.tree["models"].values():
        model["time_step"] = steps
    sim.restore(state)


def test_the_first_step_of_a_sample_is_that_of_lavas_reset():
    assert [t for t in range(1, 13) if begins(t, 5, 2)] == [2, 7, 12]
    assert not any(begins(t, 0, 0) for t in range(5))
    assert (remainder("X", 5, None), remainder("X", 1, None)) == (1, 0)
    assert remainder("X", 0, None) == 0
    with pytest.raises(ParameterError, match=r"X\.reset_offset: must be"):
        remainder("X", 3, 3)


@pytest.mark.parametrize("backend", ["compiled", "inline", "lava"])
@pytest.mark.parametrize("precision", PRECISIONS)
def test_a_second_trial_decides_as_it_does_alone(precision, backend):
    trials = np.repeat([[32, 16], [0, 20]], 60, axis=0)

    def make():
        return SpikingWinnerTakeAll(shape=2, input_max=32, vth=64, reset_interval=60)

    sent = Case(make, {"a_in": trials}).run(precision, backend=backend)["s_out"]
    # 20 a step exceed 64 in the fourth.
    assert decision(sent[:60]) == Decision(0, 3)
    assert decision(sent[60:]) == Decision(1, 4)


@given(rng=generators(), steps=st.integers(1, 9), neurons=st.integers(1, 5))
@settings(max_examples=40, deadline=None)
@pytest.mark.parametrize("decompose", [False, True], ids=["leaf", "loihi2"])
@pytest.mark.parametrize("precision", PRECISIONS)
def test_trials_of_any_length(precision, decompose, rng, steps, neurons):
    if decompose and precision == "floating_pt":
        return
    largest = int(rng.choice([1, 32, 300, 2000]))
    bias = int(rng.integers(largest))
    options = {
        "vth": largest + int(rng.integers(3 * largest)),
        "inhibition": int(rng.integers(200)),
        "tie_break": int(rng.integers(3)),
        "bias_mant": bias if precision == "floating_pt" else 64 * min(bias, 63),
        "reset_interval": steps,
    }

    def make():
        return SpikingWinnerTakeAll(shape=neurons, input_max=largest, **options)

    inputs = rng.integers(-5, largest - bias + 1, size=(4 * steps, neurons))
    assert_each_is_what_it_is_alone(
        make, {"a_in": inputs}, steps, precision, decompose=decompose
    )


@given(rng=generators(), interval=st.integers(1, 9))
@settings(max_examples=30, deadline=None)
def test_the_decomposition_is_equal_at_every_offset(rng, interval):
    options = {"reset_interval": interval, "reset_offset": int(rng.integers(interval))}
    largest = int(rng.choice([32, 300, 2000]))

    def make():
        return SpikingWinnerTakeAll(
            shape=3, input_max=largest, vth=2 * largest, tie_break=0, **options
        )

    case = Case(make, {"a_in": rng.integers(0, largest + 1, size=(30, 3))})
    leaf, parts = (case.run("fixed_pt", decompose=d) for d in (False, True))
    assert np.array_equal(leaf["s_out"], parts["s_out"])


def recurrent(rng, steps, precision):
    """Make neurons with two kinds of recurrence; give them and their input."""
    scale = 64 if precision == "fixed_pt" else 1
    samples = {"reset_interval": steps}
    source = RingBuffer(data=rng.integers(0, 2, size=(4, 4 * steps)))
    plastic = STDPDense(
        weights=rng.integers(0, 9, (3, 4)),
        rule=PairSTDP(a_plus=1, a_minus=1),
        w_max=20 if precision == "floating_pt" else 255,
        learning=0,
        **samples,
    )
    neurons = LIF(
        shape=3,
        vth=6,
        du=1024 if precision == "fixed_pt" else 0.25,
        dv=1024 if precision == "fixed_pt" else 0.25,
        refractory_period=int(rng.integers(4)),
        bias_mant=scale,
        **samples,
    )
    now = DenseReset(weights=rng.integers(-9, 9, (3, 3)) * 2, **samples)
    later = DelayDenseReset(
        weights=rng.integers(-9, 9, (3, 3)) * 2,
        delays=rng.integers(0, 5, (3, 3)),
        **samples,
    )
    source.s_out.connect(plastic.s_in)
    plastic.a_out.connect(neurons.a_in)
    neurons.s_out.connect(plastic.s_in_bap)
    for connection in (now, later):
        neurons.s_out.connect(connection.s_in)
        connection.a_out.connect(neurons.a_in)
    return source, neurons


@given(seed=st.integers(0, 2**32 - 1), steps=st.integers(1, 12))
@settings(max_examples=25, deadline=None)
@pytest.mark.parametrize("precision", PRECISIONS)
def test_recurrent_neurons_behind_delays(precision, seed, steps):
    def run(sample=None):
        source, neurons = recurrent(np.random.default_rng(seed), steps, precision)
        with Simulator(neurons, precision=precision) as sim:
            if sample is not None:
                data = np.asarray(sim.get(source.data))
                sim.set(source.data, np.roll(data, -sample * steps, axis=1))
            probes = [sim.probe(what) for what in (neurons.s_out, neurons.v)]
            sim.run(4 * steps if sample is None else steps)
            return [sim.data[probe] for probe in probes]

    together = run()
    for sample in range(4):
        part = slice(sample * steps, (sample + 1) * steps)
        for sequence, alone in zip(together, run(sample), strict=True):
            assert np.array_equal(sequence[part], alone)


@pytest.mark.parametrize("seed", [0, 1])
@pytest.mark.parametrize("precision", PRECISIONS)
def test_images_of_the_digits_network(precision, seed):
    rng = np.random.default_rng(seed)
    images = rng.integers(0, 256, (3, 784)).astype(np.uint8)
    unit = 204 if precision == "fixed_pt" else 1
    weights = rng.integers(0, unit, (20, 784)) if unit > 1 else rng.random((20, 784))
    given = {"weights": weights, "learning": False}
    made = Settings(20, precision, seed)
    network = DigitsNetwork(made, images, **given)
    with Simulator(network.neurons, precision=precision) as sim:
        probes = [
            sim.probe(what) for what in (network.neurons.s_out, network.neurons.v)
        ]
        sim.run(STEPS * len(images))
        together = [sim.data[probe] for probe in probes]
    # Somebody was inhibited when an image ended.
    assert (together[1][STEPS - 1 :: STEPS] < 0).any()
    for number in range(len(images)):
        network = DigitsNetwork(made, images[number : number + 1], **given)
        with Simulator(network.neurons, precision=precision) as sim:
            begin_after(sim, number * STEPS)
            what = (network.neurons.s_out, network.neurons.v)
            probes = [sim.probe(each) for each in what]
            sim.run(STEPS)
            part = slice(number * STEPS, (number + 1) * STEPS)
            for sequence, probe in zip(together, probes, strict=True):
                assert np.array_equal(sequence[part], sim.data[probe])


@pytest.mark.parametrize("precision", PRECISIONS)
def test_trials_of_the_network_that_learns_from_reward(precision):
    """What is learnt goes on, and nothing else does."""
    cues = np.random.default_rng(3).integers(0, 2, (40, TRIAL)) * (
        np.arange(TRIAL) < 59
    )
    reward = np.where(np.arange(TRIAL) == 50, 1, 0)[None]

    def present(network, sim, probe):
        sim.set(network.cues.data, cues)
        sim.set(network.reward.data, reward)
        probe.clear()
        sim.run(TRIAL)
        return sim.data[probe], sim.get(network.synapses.weights)

    network = RewardNetwork(precision, 5)
    with Simulator(network.neurons, precision=precision) as sim:
        probe = sim.probe(network.neurons.s_out)
        present(network, sim, probe)
        learnt = sim.get(network.synapses.weights)
        second = present(network, sim, probe)
    network = RewardNetwork(precision, 5)
    with Simulator(network.neurons, precision=precision) as sim:
        probe = sim.probe(network.neurons.s_out)
        begin_after(sim, TRIAL)
        sim.set(network.synapses.weights, learnt)
        alone = present(network, sim, probe)
    assert alone[0].any()
    for sequence, own in zip(second, alone, strict=True):
        assert np.array_equal(sequence, own)


def test_samples_of_a_spiking_map():
    rng = np.random.default_rng(2)
    steps, data = 12, rng.random((6, 3))
    code = GradedCode(data, neurons=9, steps=steps, reach=0.9)
    weights = code.encode(rng.random((9, 3))).reshape(3, 3, -1)
    graded = np.zeros((6, steps, weights.shape[2]), dtype=int)
    graded[:, 0] = code.encode(data)

    def make():
        return SpikingSOM(weights=weights, norm=code.norm, steps=steps, reach=0.9)

    for first in range(6):
        runs = []
        for samples in (range(first), ()):
            som = make()
            shown = np.concatenate([graded[s] for s in (*samples, first)])
            RingBuffer(data=shown.T).s_out.connect(som.a_in)
            with Simulator(som, precision="fixed_pt") as sim:
                sim.set(som.influence, np.zeros((9, 9)))  # nothing is learnt
                probe = sim.probe(som.s_out)
                sim.run(len(shown))
                runs.append(sim.data[probe][-steps:])
        assert runs[0].any()
        assert np.array_equal(*runs)


SIGNALS = np.cumsum(np.random.default_rng(4).normal(size=(3, 8, 2)), axis=1)
GREY = np.random.default_rng(5).integers(0, 256, size=(3, 4)).astype(np.uint8)
RANGE = {"low": 0.0, "high": 255.0}


@pytest.mark.parametrize(
    ("make", "data"),
    [
        (lambda d: DeltaEncoder(data=d, threshold=0.5, rest=2), SIGNALS),
        (lambda d: GradedEncoder(data=d, steps=8, rest=2), GREY),
        (lambda d: LatencyEncoder(data=d, steps=8, rest=2), GREY),
        (lambda d: RateEncoder(data=d, steps=8, rest=2, train="regular"), GREY),
        (
            lambda d: PopulationEncoder(
                data=d.astype(float), steps=8, rest=2, code="latency", **RANGE
            ),
            GREY,
        ),
    ],
    ids=["delta", "graded", "latency", "rate", "population"],
)
def test_samples_of_encoders(make, data):
    together = Case(lambda: make(data), {}, steps=30).run("floating_pt")
    assert together["s_out"].any()
    for number in range(3):
        own = data[number : number + 1]
        alone = Case(lambda own=own: make(own), {}, steps=10).run("floating_pt")
        for port, sent in alone.items():
            assert np.array_equal(together[port][10 * number :][:10], sent)


@pytest.mark.parametrize(
    "make",
    [
        lambda: RateDecoder(shape=4, window=6),
        lambda: FirstSpikeDecoder(shape=4),
        lambda: PopulationDecoder(features=1, centres=[0, 1, 2, 3]),
        lambda: FilterDecoder(shape=4, tau=5),
        lambda: WinnerTakeAll(shape=4),
        lambda: WinnerTakeAll(shape=4, inhibition=2, dv=1),
    ],
    ids=["rate", "first_spike", "population", "filter", "hard", "soft"],
)
def test_samples_of_what_is_told_when_one_starts(make):
    rng = np.random.default_rng(6)
    name = "a_in" if isinstance(make(), WinnerTakeAll) else "s_in"
    shape = make().in_ports.members[0].shape
    inputs = {
        name: (rng.uniform(size=(30, *shape)) < 0.3) * 1,
        "start_in": (np.arange(30) % 10 == 0)[:, None] * 1,
    }
    assert_each_is_what_it_is_alone(make, inputs, 10, "floating_pt")


def test_a_graph_of_floats_becomes_one_of_integers_that_forgets():
    rng = np.random.default_rng(8)
    source = RingBuffer(data=rng.integers(0, 2, (4, 200)))
    forward = DenseReset(weights=rng.uniform(0, 2, (3, 4)), reset_interval=20)
    neurons = LIF(shape=3, vth=5, du=0.5, dv=0.2, reset_interval=20)
    lateral = DelayDenseReset(
        weights=-rng.uniform(0, 1, (3, 3)), delays=2, reset_interval=20
    )
    for process, connection in ((source, forward), (neurons, lateral)):
        process.s_out.connect(connection.s_in)
        connection.a_out.connect(neurons.a_in)
    fixed = to_fixed(neurons, run_steps=200)
    made = fixed.counterparts[lateral]
    assert isinstance(made, DelayDenseReset)
    assert (made.proc_params["reset_interval"], made.delays.init.max()) == (20, 2)
    assert np.array_equal(made.weights.init, np.rint(made.weights.init))
    (compared,) = fixed.comparison
    assert compared.rate_float > 0
    assert abs(compared.relative_difference) < 0.1
