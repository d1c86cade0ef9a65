import sys
from unittest import mock

import pytest

from lava_apps.apps.bench import experiment
from lava_apps.apps.bench.experiment import Comparison, Measured, PeerError, compare
from lava_apps.apps.bench.figures import draw_comparison
from lava_apps.parameters import ParameterError

FEW = {"compiled": 500, "lava": 20, "nest": 20}


@pytest.mark.timeout(200)
def test_a_comparison_is_of_the_same_spikes_and_skips_by_name(tmp_path):
    ready = []
    result = compare(
        rounds=2,
        simulators=["lava", "nest"],
        pythons={"nest": str(tmp_path / "no-such-python")},
        steps=FEW,
        changes={"neurons": 300},
        on_round=ready.append,
    )
    assert set(result.measured) == {"compiled", "lava"}
    ours, lavas = (result.measured[name] for name in ("compiled", "lava"))
    assert ours.spikes == lavas.spikes > 0
    assert lavas.version == "0.10.0"
    assert result.ratio("compiled") == 1
    assert result.ratio("lava") > 10
    assert "no-such-python" in result.skipped["nest"]
    assert ready == ["compiled", "lava", "nest", *["compiled", "lava"] * 2]
    path = draw_comparison([result], tmp_path / "bench.png")
    assert path.stat().st_size > 10_000


def test_what_is_not_installed_is_skipped_with_a_pointer():
    reason = experiment.missing("no_such_simulator", sys.executable)
    assert reason == "no_such_simulator is not installed; see benchmarks/README.md"


def test_who_runs_another_network_or_fails_is_skipped_with_the_reason():
    class Peer:
        closed = False

        def __init__(self, name, spikes):
            self.name, self.spikes = name, spikes

        def close(self):
            self.closed = True

    peers = [Peer("compiled", 5.0), Peer("lava", 5.2), Peer("nest", 5.3)]
    nest, skipped = peers[-1], {}
    experiment._refuse_others(peers, skipped)
    assert [peer.name for peer in peers] == ["compiled", "lava"]
    assert nest.closed
    assert skipped == {"nest": "gives 5.3 spikes a step where compiled gives 5"}


def test_a_peer_that_fails_in_a_round_is_skipped_and_the_others_go_on():
    class Peer:
        def __init__(self, name, *_):
            self.name, self.spikes, self.version, self.rounds = name, 1.0, "1", 0

        def round(self):
            self.rounds += 1
            if self.name == "lava" and self.rounds == 2:
                raise PeerError("boom")
            return 1.0

        def close(self):
            pass

    with mock.patch.object(experiment, "Peer", Peer):
        result = compare("chain", rounds=3, simulators=["lava"])
    assert result.skipped == {"lava": "failed: boom"}
    assert result.measured["compiled"].seconds == [1.0] * 3
    assert set(result.measured) == {"compiled"}


@pytest.mark.timeout(200)
def test_a_simulator_that_fails_tells_its_last_words(tmp_path):
    path = tmp_path / "network.npz"
    path.write_bytes(b"nothing of the kind")
    with pytest.raises(PeerError, match="pickle"):
        experiment.Peer("compiled", "chain", path, 10, sys.executable)


def test_ratios_are_of_medians():
    measured = {
        "compiled": Measured([1.0, 9.0, 2.0], 1.0, "1"),
        "lava": Measured([8.0, 30.0, 7.0], 1.0, "2"),
    }
    summary = Comparison("chain", measured, {"nest": "absent"}).summary()
    assert summary["ratios"] == {"compiled": 1.0, "lava": 4.0}
    assert summary["us_per_step"]["lava"] == 8e6
    assert summary["skipped"] == {"nest": "absent"}


def test_wrong_arguments_are_named():
    with pytest.raises(ParameterError, match=r"compare.network: must be one of bal"):
        compare("balancd")
    with pytest.raises(ParameterError, match=r"compare.simulators: .* given 'nest'"):
        compare("chain", simulators=["nest"])
    with pytest.raises(ParameterError, match=r"compare.rounds: "):
        compare(rounds=0)
