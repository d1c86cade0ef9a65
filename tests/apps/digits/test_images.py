import numpy as np
import pytest
from PIL import Image

from lava_apps.apps.digits.images import read_image
from lava_apps.datasets import DataError, load_mnist

TEST, _ = load_mnist("test")


@pytest.mark.parametrize("inverted", [False, True])
@pytest.mark.parametrize("size", [28, 280])
def test_images_of_any_size_and_polarity_look_like_mnist(inverted, size, tmp_path):
    for n in range(5):
        original = TEST[n]
        pixels = 255 - original if inverted else original
        path = tmp_path / f"{n}.png"
        Image.fromarray(pixels).resize((size, size)).save(path)
        found = read_image(path).astype(float)
        assert found.shape == (28, 28)
        overlap = (found * original).sum() / np.sqrt(
            (found**2).sum() * (original.astype(float) ** 2).sum()
        )
        assert overlap > 0.85


def test_a_transparent_background_is_white(tmp_path):
    pixels = np.zeros((60, 60, 4), np.uint8)
    pixels[20:40, 28:32, 3] = 255  # a black stroke on nothing
    Image.fromarray(pixels).save(tmp_path / "stroke.png")
    found = read_image(tmp_path / "stroke.png")
    rows, columns = np.nonzero(found > 128)
    assert np.ptp(rows) + 1 == 20
    assert np.ptp(columns) + 1 == 4


def test_what_is_no_image_is_named(tmp_path):
    (tmp_path / "text.png").write_text("no image")
    Image.new("L", (9, 9), 200).save(tmp_path / "grey.png")
    for name, problem in (
        ("absent.png", "there is no such file"),
        ("text.png", "cannot be read as an image"),
        ("grey.png", "is all of one grey"),
    ):
        with pytest.raises(DataError, match=f"{name}: {problem}"):
            read_image(tmp_path / name)
