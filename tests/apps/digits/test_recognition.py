"""The network that ships with the package, and how far to trust its answers."""

from dataclasses import replace

import numpy as np
import pytest
from PIL import Image, ImageDraw

from lava_apps.apps.digits.figures import draw_answer
from lava_apps.apps.digits.model import Model
from lava_apps.apps.digits.pictures.sight import look_at
from lava_apps.apps.digits.recognition import PRETRAINED, Answer, recognise
from lava_apps.datasets import load_mnist

TEST, LABELS = load_mnist("test")


@pytest.fixture(scope="module")
def model():
    return Model.load(PRETRAINED)


def see(pixels, folder):
    Image.fromarray(255 - pixels).resize((140, 140)).save(folder / "image.png")
    return look_at(folder / "image.png")


def test_what_ships_recognises_nine_in_ten_files(model, tmp_path):
    right = 0
    for pixels, label in zip(TEST[:60], LABELS[:60], strict=True):
        answer = recognise(model, see(pixels, tmp_path))
        right += answer.likeliest[0] == label
        assert answer.shares.sum() == pytest.approx(1)
        assert len(answer.likeliest) <= 3
        best = answer.shares[answer.likeliest]
        assert (np.diff(best) <= 0).all()
    assert right >= 54


def test_what_ships_is_small_and_made_by_the_command_of_the_page(model):
    assert PRETRAINED.stat().st_size < 1.5e6
    settings = model.settings
    assert (settings.neurons, settings.precision, settings.seed) == (
        1600,
        "fixed_pt",
        0,
    )
    assert 0.5 < model.familiar < 0.9


def test_a_letter_is_unlike_any_digit(model, tmp_path):
    image = Image.new("L", (200, 200), 255)
    pen = ImageDraw.Draw(image)
    for ends in (
        ((40, 160), (70, 40)),
        ((70, 40), (100, 120)),
        ((100, 120), (130, 40)),
    ):
        pen.line(ends, fill=0, width=12)
    pen.line(((130, 40), (160, 160)), fill=0, width=12)  # an M
    image.save(tmp_path / "m.png")
    answer = recognise(model, look_at(tmp_path / "m.png"))
    assert answer.doubtful
    assert "unlike any digit" in answer.warnings[0]


def test_likeness_is_a_cosine_with_the_weights_most_alike(model):
    few = TEST[:5].reshape(5, -1)
    weights = model.weights.astype(float)
    expected = [
        max(image @ w / np.linalg.norm(w) / np.linalg.norm(image) for w in weights)
        for image in few.astype(float)
    ]
    assert np.allclose(model.likeness(few), expected, atol=1e-5)
    assert model.likeness(np.zeros((1, 784), np.uint8)) == 0


def test_a_network_that_does_not_know_what_is_familiar_doubts_nothing(model, tmp_path):
    answer = recognise(replace(model, familiar=0.0), see(TEST[0], tmp_path))
    assert not answer.doubtful
    assert answer.warnings == ()


def test_no_spikes_are_no_digit():
    answer = Answer(np.zeros(10), 0, 0.8, 0.7, ("a note",))
    assert answer.likeliest == []
    assert answer.doubtful
    assert answer.warnings == ("no neuron spiked", "a note")
    assert answer.summary()["digit"] is None


def test_an_answer_is_drawn(model, tmp_path):
    sight = see(TEST[0], tmp_path)
    path = draw_answer(sight, recognise(model, sight), tmp_path / "seen.png")
    assert path.stat().st_size > 10_000
