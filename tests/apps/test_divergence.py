"""Training that diverges says so while it runs, and which setting to change."""

import subprocess
import sys

import numpy as np
import pytest

from lava_apps.apps.divergence import DivergenceError, check_map
from lava_apps.apps.som import SelfOrganisingMap
from lava_apps.apps.som.network import MapSettings
from lava_apps.apps.som.training import Progress, load_progress, train

SAMPLES = np.random.default_rng(0).random((60, 3))


@pytest.mark.parametrize("epochs", [10, 1000])
def test_a_mexican_hat_that_diverges_names_its_settings(epochs):
    som = SelfOrganisingMap(
        rows=8, columns=8, neighbourhood="mexican_hat", epochs=epochs, random_state=0
    )
    with pytest.raises(DivergenceError, match=r"diverges: .*lower rate and radius, or"):
        som.fit(SAMPLES)


def test_a_mexican_hat_within_bounds_is_let_alone():
    options = {"radius": 1, "final_radius": 0.3, "rate": 0.1, "random_state": 0}
    som = SelfOrganisingMap(rows=8, columns=8, neighbourhood="mexican_hat", **options)
    assert np.abs(som.fit(SAMPLES).weights_).max() < 100


def test_the_checkpoint_is_from_before(tmp_path):
    path = tmp_path / "map.npz"
    settings = MapSettings(8, 8, neighbourhood="mexican_hat", epochs=1000)
    with pytest.raises(DivergenceError):
        train(SAMPLES, Progress(settings, 60), checkpoint=path)
    progress, snapshot = load_progress(path)
    assert 0 < progress.done < progress.total
    assert snapshot is not None


@pytest.mark.parametrize("bad", [np.nan, np.inf, 1e6, -1e6])
def test_what_is_no_number_or_far_away_is_refused(bad):
    weights = np.full((4, 3), 0.5)
    check_map(weights, SAMPLES, "now", "change it")
    weights[2, 1] = bad
    with pytest.raises(DivergenceError, match="now; change it"):
        check_map(weights, SAMPLES, "now", "change it")


def test_the_command_says_it_in_one_line(tmp_path):
    command = [sys.executable, "-m", "lava_apps.cli", "som", "--grid", "8x8"]
    command += ["--neighbourhood", "mexican_hat", "--out", str(tmp_path)]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.returncode == 2
    assert (
        done.stderr.strip().splitlines()[-1].startswith("lava-apps: the training div")
    )
