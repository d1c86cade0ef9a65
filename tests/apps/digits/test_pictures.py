"""Image files of every kind, and scenes that are more than a digit on white."""

import numpy as np
import pytest
from PIL import Image, ImageDraw
from scipy import ndimage

from lava_apps.apps.digits.pictures.sight import TILTS, look_at, read_image
from lava_apps.datasets import DataError, load_mnist

TEST, _ = load_mnist("test")
SIZE = (300, 400)


def likeness(found, original):
    a, b = found.astype(float).ravel(), original.astype(float).ravel()
    return a @ b / np.sqrt((a @ a) * (b @ b))


def ink(n=0, *, side=160, top=60, left=100, size=SIZE):
    """Ink of a test image, from 0 to 1, on a sheet."""
    large = Image.fromarray(TEST[n]).resize((side, side), Image.Resampling.BICUBIC)
    sheet = np.zeros(size, np.float32)
    sheet[top : top + side, left : left + side] = np.asarray(large, np.float32) / 255
    return sheet


def save(level, path):
    rng = np.random.default_rng(0)
    noisy = np.clip(level + rng.normal(0, 0.02, level.shape), 0, 1)
    Image.fromarray((255 * noisy).astype(np.uint8)).save(path)
    return path


@pytest.mark.parametrize("inverted", [False, True])
@pytest.mark.parametrize("size", [28, 280])
def test_images_of_any_size_and_polarity_look_like_mnist(inverted, size, tmp_path):
    for n in range(5):
        pixels = 255 - TEST[n] if inverted else TEST[n]
        path = tmp_path / f"{n}.png"
        Image.fromarray(pixels).resize((size, size)).save(path)
        found = read_image(path)
        assert found.shape == (28, 28)
        assert found.dtype == np.uint8
        assert likeness(found, TEST[n]) > 0.93


def on_white():
    return Image.fromarray((255 * (1 - ink())).astype(np.uint8))


def grey_16():
    return Image.fromarray((30_000 - 9_000 * ink()).astype(np.uint16))


def floats():
    return Image.fromarray(ink() * 7e5 - 3)


def white_on_transparency(level=255):
    image = Image.new("LA", SIZE[::-1], level)
    image.putalpha(Image.fromarray((255 * ink()).astype(np.uint8)))
    return image


def palette_with_transparency():
    grey = on_white().quantize(16)
    grey.info["transparency"] = max(grey.getcolors())[1]
    return grey


def sheet_with_clear_corners():
    image = on_white().convert("RGBA")
    alpha = Image.new("L", image.size)
    ImageDraw.Draw(alpha).rounded_rectangle((9, 9, 390, 290), 40, fill=255)
    image.putalpha(alpha)
    return image


def turned_by_the_camera():
    image = on_white().transpose(Image.Transpose.ROTATE_90)
    image.getexif()[0x0112] = 6  # "turn clockwise to see it"
    return image


KINDS = {
    "16.png": grey_16,
    "16.tif": grey_16,
    "floats.tif": floats,
    "white.png": white_on_transparency,
    "black.png": lambda: white_on_transparency(0),
    "grey.webp": lambda: white_on_transparency(128).convert("RGBA"),
    "palette.png": palette_with_transparency,
    "palette.gif": lambda: on_white().quantize(16),
    "corners.png": sheet_with_clear_corners,
    "cmyk.jpg": lambda: on_white().convert("CMYK"),
    "bits.png": lambda: on_white().point(lambda v: 255 * (v > 127), "1"),
    "camera.jpg": turned_by_the_camera,
    "faintest.png": lambda: on_white().point(lambda v: 127 + (v > 127)),
}


@pytest.mark.parametrize("name", KINDS)
def test_every_kind_of_file_is_seen_as_a_person_sees_it(name, tmp_path):
    image = KINDS[name]()
    options = {"exif": image.getexif()} if name == "camera.jpg" else {}
    image.save(tmp_path / name, **options)
    sight = look_at(tmp_path / name)
    assert likeness(sight.tilted[0], TEST[0]) > 0.85
    assert sight.notes == ()


def light_from_the_left(level):
    return level * np.linspace(1, 0.3, SIZE[1])


def dark_border(level):
    framed = level.copy()
    framed[:30] = framed[:, -50:] = framed[-12:] = 0.1
    return framed


def sheet_on_a_table(level):
    room = np.full((500, 600), 0.12)
    room[90:390, 110:510] = level
    return ndimage.rotate(room, 4, reshape=False, order=1, cval=0.12)


def specks(level):
    dirty = level.copy()
    for row, column in ((20, 30), (250, 90), (150, 350), (40, 280)):
        dirty[row : row + 5, column : column + 5] = 0.1
    return dirty


def lines(level):
    lined = level.copy()
    for row in range(15, SIZE[0], 35):
        lined[row : row + 2] = np.minimum(lined[row : row + 2], 0.65)
    return lined


def box_of_a_form(level):
    boxed = level.copy()
    for near, far in ((50, 228), (52, 226)):
        boxed[[near, far], 88:272] = 0.2
        boxed[48:230, [near + 40, far + 40]] = 0.2
    return boxed


def ring(level):
    image = Image.fromarray((255 * level).astype(np.uint8))
    ImageDraw.Draw(image).ellipse((60, 20, 300, 270), outline=40, width=6)
    return np.asarray(image) / 255


SCENES = {
    "plain": lambda level: level,
    "faint": lambda level: 0.7 + 0.2 * level,
    "blackboard": lambda level: 1 - level,
    **{
        f.__name__: f
        for f in (
            *(light_from_the_left, dark_border, sheet_on_a_table),
            *(specks, lines, box_of_a_form, ring),
        )
    },
}


@pytest.mark.parametrize("scene", SCENES)
@pytest.mark.parametrize("n", range(3))
def test_a_digit_is_found_in_a_photograph(scene, n, tmp_path):
    level = SCENES[scene](0.9 - 0.7 * ink(n))
    found = read_image(save(level, tmp_path / "photo.jpg"))
    assert likeness(found, TEST[n]) > 0.85


def test_a_fine_pen_is_made_as_thick_as_those_of_mnist(tmp_path):
    image = Image.new("L", (600, 600), 240)
    ImageDraw.Draw(image).line([(200, 150), (380, 150), (260, 430)], fill=20, width=3)
    image.save(tmp_path / "seven.png")
    rows = read_image(tmp_path / "seven.png").sum(axis=1) / 255
    assert 1.5 < np.median(rows[rows > 0]) < 3


def test_red_on_green_of_the_same_brightness_is_seen(tmp_path):
    amount = ink()[..., None]
    level = (
        np.array([0.2, 0.55, 0.2]) * (1 - amount) + np.array([0.95, 0.1, 0.2]) * amount
    )
    grey = level @ [0.299, 0.587, 0.114]
    assert np.ptp(grey) < 0.1
    assert likeness(read_image(save(level, tmp_path / "red.png")), TEST[0]) > 0.9


def test_a_digit_cut_to_its_ink_is_read_with_a_note(tmp_path):
    rows, columns = np.nonzero(TEST[0] > 127)
    cut = TEST[0][rows.min() : rows.max() + 1, columns.min() : columns.max() + 1]
    image = Image.fromarray(255 - cut)
    image.resize((image.width * 9, image.height * 9)).save(tmp_path / "cut.png")
    sight = look_at(tmp_path / "cut.png")
    assert likeness(sight.tilted[0], TEST[0]) > 0.7  # the ends are cut off
    assert "reaches the edge" in sight.notes[0]


def test_a_digit_is_turned_for_each_tilt(tmp_path):
    level = 0.9 - 0.7 * ndimage.rotate(ink(), 20, reshape=False, order=1)
    sight = look_at(save(level, tmp_path / "tilted.png"))
    alike = [likeness(seen, TEST[0]) for seen in sight.tilted]
    assert TILTS[int(np.argmax(alike))] == -20
    assert max(alike) > 0.85


def test_more_than_one_digit_is_refused(tmp_path):
    both = np.hstack(
        [ink(0, left=20, size=(300, 200)), ink(1, left=20, size=(300, 200))]
    )
    path = save(0.9 - 0.7 * both, tmp_path / "two.png")
    with pytest.raises(DataError, match=r"two.png: shows 2 shapes as large as a digit"):
        look_at(path)


def test_of_several_images_in_a_file_the_first_is_read_with_a_note(tmp_path):
    frames = [on_white(), Image.new("L", SIZE[::-1], 255)]
    frames[0].save(tmp_path / "two.gif", save_all=True, append_images=frames[1:])
    assert look_at(tmp_path / "two.gif").notes == ("the first of 2 images in the file",)


def empty_sheet():
    rng = np.random.default_rng(0)
    light = np.linspace(0.5, 0.9, SIZE[1]) + rng.normal(0, 0.02, SIZE)
    return Image.fromarray((255 * light).astype(np.uint8))


def blot():
    image = Image.new("L", (200, 200), 255)
    ImageDraw.Draw(image).ellipse((50, 50, 150, 150), fill=0)
    return image


def test_what_holds_no_digit_is_named(tmp_path):
    (tmp_path / "text.png").write_text("no image")
    on_white().save(tmp_path / "half.png")
    whole = (tmp_path / "half.png").read_bytes()
    (tmp_path / "half.png").write_bytes(whole[: len(whole) // 2])
    Image.new("L", (9, 9), 200).save(tmp_path / "grey.png")
    Image.fromarray(np.full((9, 9), np.nan, np.float32)).save(tmp_path / "nan.tif")
    save(0.9 - 0.7 * ink(side=30), tmp_path / "small.png")
    empty_sheet().save(tmp_path / "empty.png")
    blot().save(tmp_path / "blot.png")
    for name, problem in (
        ("absent.png", "there is no such file"),
        ("text.png", "cannot be read as an image"),
        ("half.png", "cannot be read as an image"),
        ("grey.png", "is all of one grey"),
        ("nan.tif", "holds values that are no finite numbers"),
        ("small.png", "shows nothing .* at least a twelfth as long as the image"),
        ("empty.png", "shows nothing like a digit"),
        ("blot.png", "shows nothing like a digit"),
    ):
        with pytest.raises(DataError, match=f"{name}: {problem}"):
            look_at(tmp_path / name)
