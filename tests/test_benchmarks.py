"""The ratios that the documentation claims, measured."""

import json
import subprocess
import sys
from pathlib import Path

import pytest

from tests.deep import needs_deep

pytestmark = pytest.mark.alone

FOLDER = Path(__file__).resolve().parent.parent / "benchmarks"
AT_LEAST = {
    "16 Processes that hand 100 values on, a step": 15,
    "8 LIF and 7 Dense of 100 neurons, a step": 6,
    "Var.get of 400 x 784": 1000,
    "build, run 2 steps, stop": 8,
}


def printed(script, *arguments):
    command = [sys.executable, FOLDER / script, *arguments, "--json"]
    done = subprocess.run(command, capture_output=True, text=True, check=True)
    return json.loads(done.stdout)


@pytest.mark.timeout(300)
def test_the_inline_runtime_is_as_much_faster_than_lavas_as_it_says():
    ratios = {name: times["ratio"] for name, times in printed("runtime.py").items()}
    assert set(ratios) == set(AT_LEAST)
    assert {n: r for n, r in ratios.items() if r < AT_LEAST[n]} == {}


def test_a_map_of_digits_is_minisoms_and_six_times_as_fast():
    result = printed("som.py")
    assert result["ratio"] >= 6
    assert result["largest_difference"] < 1e-10
    ours, theirs = result["lava-apps"], result["MiniSom"]
    for name in ("quantisation_error", "topographic_error"):
        assert ours[name] <= theirs[name] * (1 + 1e-9)


@needs_deep
def test_a_network_of_lava_dl_runs_fifty_times_as_fast_as_on_lavas_runtime():
    result = printed("slayer.py", "--images", "200")
    assert result["ratio"] >= 50
    assert result["same_classes"]
