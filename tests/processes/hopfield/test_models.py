"""Each model once through Lava's own runtime, and the decomposition by proof."""

import numpy as np
import pytest

from lava_apps.loihi2.run_configs import RunConfig
from lava_apps.parameters import ParameterError
from lava_apps.processes.hopfield import Hopfield, hebbian, projection, quantise
from lava_apps.processes.hopfield.dynamics import CUE_FIELD, ROW_SUM_MAX
from lava_apps.processes.hopfield.models import SubHopfieldModel
from lava_apps.testing import Case, contract
from tests.helpers import record

from lava.magma.core.run_conditions import RunSteps
from lava.proc.dense.process import Dense
from lava.proc.io.source import RingBuffer
from lava.proc.lif.models import PyLifModelBitAcc

RNG = np.random.default_rng(7)
WEIGHTS = quantise(projection(RNG.choice([-1, 1], (4, 24)))).weights
CUES = np.zeros((16, 24), dtype=int)
CUES[::8] = CUE_FIELD * RNG.choice([-1, 1], (2, 24))


def synchronous():
    return Hopfield(weights=WEIGHTS)


def asynchronous():
    return Hopfield(weights=WEIGHTS, update="asynchronous", seed=5)


@pytest.mark.parametrize(
    ("check", "case"),
    contract(
        Case(synchronous, {"a_in": CUES}),
        Case(
            asynchronous,
            {"a_in": CUES},
            gaps={"decomposition": "LIF neurons on a chip all update at once"},
        ),
    ),
)
def test_contract(check, case):
    check(case)


@pytest.mark.parametrize("precision", ["floating_pt", "fixed_pt"])
def test_synchronous_states_follow_the_definition(precision):
    spikes = Case(synchronous, {"a_in": CUES}).run(precision)["s_out"]
    state = np.full(24, -1)
    for a_in, spiked in zip(CUES, spikes, strict=True):
        state = np.where(WEIGHTS.astype(int) @ state + a_in > 0, 1, -1)
        assert np.array_equal(spiked, state > 0)


def test_seeds_change_the_asynchronous_order_only():
    weights = hebbian(np.random.default_rng(1).choice([-1, 1], (30, 60)))

    def run(seed):
        network = Hopfield(weights=weights, update="asynchronous", seed=seed)
        return record(network.s_out, 3)

    assert np.array_equal(run(1), run(1))
    assert not np.array_equal(run(1), run(2))


def test_vars_are_read_and_set_through_lava():
    network = Hopfield(weights=[[0, 1], [1, 0]], state=[1, 1])
    network.run(RunSteps(1), RunConfig())
    assert network.state.get().tolist() == [1, 1]
    assert network.field.get().tolist() == [1, 1]
    network.state.set(np.array([-1.0, 1.0]))
    network.run(RunSteps(1))
    assert network.state.get().tolist() == [1, -1]
    network.stop()


@pytest.mark.parametrize("neurons", [784, 1024])
@pytest.mark.parametrize("load", [0.01, 0.1])
def test_decomposition_equals_leaf_step_for_step_in_large_networks(neurons, load):
    rng = np.random.default_rng(neurons)
    patterns = rng.choice([-1, 1], (round(load * neurons), neurons))
    weights = quantise(hebbian(patterns)).weights
    cues = np.zeros((48, neurons), dtype=int)
    cues[::8] = CUE_FIELD * rng.choice([-1, 1], (6, neurons))
    case = Case(lambda: Hopfield(weights=weights), {"a_in": cues})
    leaf = case.run("fixed_pt")["s_out"]
    assert 0 < leaf.mean() < 1
    assert np.array_equal(leaf, case.run("fixed_pt", decompose=True)["s_out"])


def drive_lif(model, field):
    """Drive Lava's bit-accurate LIF model with one input, without a runtime."""
    model.a_in.recv = lambda: np.array([field])
    model.run_spk()
    return bool(model.s_out_buff[0])


class Port:
    def send(self, _):
        pass


@pytest.mark.parametrize("worst", [ROW_SUM_MAX + CUE_FIELD, 4096])
def test_the_bound_on_what_is_left_in_v_is_exact_up_to_4095_and_not_beyond(worst):
    process = Hopfield(weights=np.array([[0, 1], [1, 0]]))
    neurons = SubHopfieldModel(process).neurons
    model = PyLifModelBitAcc({})
    for name in ("du", "dv", "vth"):
        setattr(model, name, int(getattr(neurons, name).init))
    model.u, model.v = np.zeros((2, 1), dtype=np.int32)
    model.bias_mant, model.bias_exp = np.zeros((2, 1), dtype=np.int16)
    model.a_in, model.s_out = Port(), Port()
    outcomes = []
    for h in range(-3, 4):
        for _ in range(5):  # let v settle where it is most negative
            drive_lif(model, -worst)
        outcomes.append(drive_lif(model, h) == (h > 0))
    assert all(outcomes) == (worst <= 4095)


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (
            {"weights": np.array([[0, -128], [-128, 0]], np.int8)},
            "weights: must be integers from -127 to 127",
        ),
        (
            {"weights": [[0, 0.5], [0.5, 0]]},
            "weights: must be integers from -127 to 127",
        ),
        (
            {"weights": [[0, 128], [128, 0]]},
            "weights: must be integers from -127 to 127",
        ),
        (
            {"weights": 127 * (np.ones((18, 18), int) - np.eye(18, dtype=int))},
            "weights: abs",
        ),
        ({"weights": [[0, 1], [1, 0]], "state": [1, -1]}, "state: must be all -1"),
        (
            {"weights": [[0, 1], [1, 0]], "update": "asynchronous"},
            "update: must be synchron",
        ),
    ],
)
def test_what_the_decomposition_cannot_do_is_an_error_before_the_run(
    arguments, message
):
    with pytest.raises(ParameterError, match=rf"Hopfield.{message}"):
        Hopfield(**arguments).run(RunSteps(1), RunConfig("fixed_pt", decompose=True))


def test_the_leaf_takes_what_only_the_decomposition_refuses():
    weights = 127 * (np.ones((18, 18), int) - np.eye(18, dtype=int))
    spikes = record(
        Hopfield(weights=weights, state=np.ones(18)).s_out, 2, RunConfig("fixed_pt")
    )
    assert spikes.all()


def test_spikes_cue_the_network_through_synapses():
    cue = RNG.choice([-1, 1], 24)
    spikes = np.zeros((24, 4), dtype=int)
    spikes[:, 0] = cue > 0
    source = RingBuffer(data=spikes)
    # On-spikes lift a neuron above any field; without one it stays silent.
    synapses = Dense(weights=128 * np.eye(24, dtype=int), weight_exp=4)
    network = Hopfield(weights=np.zeros((24, 24), dtype=int))
    source.s_out.connect(synapses.s_in)
    synapses.a_out.connect(network.a_in)
    out = record(network.s_out, 3, RunConfig("fixed_pt", decompose=True))
    assert np.array_equal(out[1], cue > 0)
