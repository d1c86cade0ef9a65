import numpy as np
import pytest

from lava_apps.apps.digits.figures import draw_reward
from lava_apps.apps.digits.reward import RewardNetwork, learn_pairings
from lava_apps.parameters import ParameterError
from lava_apps.runtime import Simulator


@pytest.mark.timeout(240)
@pytest.mark.parametrize("precision", ["floating_pt", "fixed_pt"])
def test_the_pairings_are_learnt_and_learnt_anew_with_every_seed(precision, tmp_path):
    first = []
    for seed in range(10):
        result = learn_pairings(seed=seed, precision=precision)
        assert result.backend == "compiled"
        for end in (300, 600):
            assert result.share(end - 100, end) > 0.9
        # What was right is wrong at first.
        assert result.share(300, 320) < 0.6
        first.append(result.share(0, 4))
    assert np.mean(first) < 0.8
    assert draw_reward(result, tmp_path / "reward.png").stat().st_size > 20_000


def test_without_reward_nothing_is_learnt():
    network = RewardNetwork("floating_pt", 0)
    with Simulator(network.neurons) as sim:
        before = sim.get(network.synapses.weights)
        spikes = np.random.default_rng(0).integers(0, 2, network.cues.data.shape)
        sim.set(network.cues.data, spikes)
        wins = sim.probe(network.competition.s_out)
        sim.run(120)
        assert wins.events > 5
        assert sim.get(network.synapses.tag).any()
        assert np.array_equal(sim.get(network.synapses.weights), before)


def test_wrong_arguments_are_named():
    with pytest.raises(ParameterError, match=r"learn_pairings.trials: must be greater"):
        learn_pairings(trials=1)
