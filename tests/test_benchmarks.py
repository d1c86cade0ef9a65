"""The ratios that the documentation claims, measured."""

import json
import subprocess
import sys
from pathlib import Path

import pytest

BENCHMARK = Path(__file__).resolve().parent.parent / "benchmarks" / "runtime.py"
AT_LEAST = {
    "16 Processes that hand 100 values on, a step": 15,
    "8 LIF and 7 Dense of 100 neurons, a step": 6,
    "Var.get of 400 x 784": 1000,
    "build, run 2 steps, stop": 8,
}


@pytest.mark.timeout(300)
def test_the_inline_runtime_is_as_much_faster_than_lavas_as_it_says():
    done = subprocess.run(
        [sys.executable, BENCHMARK, "--json"],
        capture_output=True,
        text=True,
        check=True,
    )
    ratios = {name: times["ratio"] for name, times in json.loads(done.stdout).items()}
    assert set(ratios) == set(AT_LEAST)
    assert {n: r for n, r in ratios.items() if r < AT_LEAST[n]} == {}
