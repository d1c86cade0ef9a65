import matplotlib.image
import numpy as np
import pytest

from lava_apps.apps.hopfield import CapacityResult, RecallResult
from lava_apps.apps.hopfield.figures import draw_capacity, draw_recall


def is_a_drawing(path):
    pixels = matplotlib.image.imread(path)
    return pixels.shape[0] > 300 and len(np.unique(pixels[..., :3])) > 20


@pytest.mark.parametrize("trials", [1, 13])
def test_recall_figure(tmp_path, trials):
    states = np.random.default_rng(0).choice(
        np.array([-1, 1], np.int8), (trials, 5, 16)
    )
    settings = {"patterns": 3, "images": "digits", "rule": "hebbian"}
    energies = -np.arange(5.0) * np.ones((trials, 1))
    result = RecallResult(
        settings, (4, 4), states[:, -1], states, energies, 0.0, "inline", 1.0
    )
    path = draw_recall(result, tmp_path / "new" / "recall.png")
    assert is_a_drawing(path)
    assert list(path.parent.iterdir()) == [path]


def test_capacity_figure(tmp_path):
    settings = {"neurons": 100, "rule": "hebbian", "flip": 0.1}
    overlaps = np.array([[1.0, 0.9], [0.3, -0.2]])
    result = CapacityResult(settings, np.array([0.1, 0.2]), overlaps, "inline", 1.0)
    assert is_a_drawing(draw_capacity(result, tmp_path / "capacity.png"))
