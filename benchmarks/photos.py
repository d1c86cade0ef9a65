"""How well `lava-apps stdp predict` does on images that are not MNIST's.

    LAVA_APPS_DATA=FOLDER python benchmarks/photos.py --images 500

Digits of MNIST are drawn onto paper, lit, tilted and photographed by calculation, read
as files of a user's, and presented to the network that ships with the package. Choices
were made with ``--split train``; what is reported is of ``--split test``.
"""

from __future__ import annotations

import argparse
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

import numpy as np
from PIL import Image
from scipy import ndimage

from lava_apps.apps.digits.model import Model, votes
from lava_apps.apps.digits.pictures.sight import TILTS, look_at
from lava_apps.apps.digits.recognition import PRETRAINED
from lava_apps.datasets import DataError, load_mnist
from lava_apps.parameters import Array

PAPER, INK, TABLE, NOISE = 0.85, 0.25, 0.15, 0.02
_HEIGHT, _WIDTH, _SIDE = 360, 480, 200

Maker = Callable[[Array, np.random.Generator], Image.Image]
MAKERS: dict[str, Maker] = {}


def maker(name: str) -> Callable[[Maker], Maker]:
    """Enter a function that makes an image of a digit."""

    def enter(function: Maker) -> Maker:
        MAKERS[name] = function
        return function

    return enter


def stroke(
    digit: Array,
    rng: np.random.Generator,
    *,
    side: int = _SIDE,
    margin: int = 0,
    tilt: float = 0.0,
    shape: tuple[int, int] = (_HEIGHT, _WIDTH),
) -> Array:
    """Draw a digit somewhere on an empty sheet; ink is 1."""
    sheet = Image.new("L", shape[::-1])
    top = int(rng.integers(margin, shape[0] - side - margin + 1))
    left = int(rng.integers(margin, shape[1] - side - margin + 1))
    large = Image.fromarray(digit).resize((side, side), Image.Resampling.BICUBIC)
    sheet.paste(large, (left, top))
    if tilt:
        centre = (left + side // 2, top + side // 2)
        sheet = sheet.rotate(tilt, Image.Resampling.BICUBIC, center=centre)
    soft = ndimage.gaussian_filter(np.asarray(sheet, np.float32) / 255, 1)
    return np.clip((soft - 0.35) / 0.3, 0, 1)


def photograph(level: Array, rng: np.random.Generator) -> Image.Image:
    """Add noise, and round to 8 bits."""
    noisy = level + rng.normal(0, NOISE, level.shape)
    return Image.fromarray((255 * np.clip(noisy, 0, 1)).astype(np.uint8))


def drawn(ink: Array, paper: Array | float = PAPER, pen: float = INK) -> Array:
    """Give the light that comes from paper and ink."""
    return paper * (1 - ink * (1 - pen / PAPER))


def _slope(rng: np.random.Generator) -> Array:
    """Give a plane of any direction, from about -1 to 1."""
    angle = rng.uniform(0, 2 * np.pi)
    rows, columns = np.mgrid[-1 : 1 : _HEIGHT * 1j, -1 : 1 : _WIDTH * 1j]
    return (np.cos(angle) * columns + np.sin(angle) * rows) / 1.2


@maker("as it is, 28 by 28")
def _as_it_is(digit: Array, _: np.random.Generator) -> Image.Image:
    return Image.fromarray(255 - digit)


@maker("cut to the ink")
def _tight(digit: Array, _: np.random.Generator) -> Image.Image:
    rows, columns = np.nonzero(digit > 127)
    cut = digit[rows.min() : rows.max() + 1, columns.min() : columns.max() + 1]
    return Image.fromarray(255 - cut).resize((cut.shape[1] * 8, cut.shape[0] * 8))


@maker("grey of 16 bits")
def _deep(digit: Array, rng: np.random.Generator) -> Image.Image:
    return Image.fromarray(
        (20_000 + 30_000 * (1 - stroke(digit, rng))).astype("uint16")
    )


@maker("white ink on transparency")
def _transparent(digit: Array, rng: np.random.Generator) -> Image.Image:
    image = Image.new("RGBA", (_WIDTH, _HEIGHT), "white")
    alpha = (255 * stroke(digit, rng)).astype(np.uint8)
    image.putalpha(Image.fromarray(alpha))
    return image


@maker("on paper")
def _on_paper(digit: Array, rng: np.random.Generator) -> Image.Image:
    return photograph(drawn(stroke(digit, rng)), rng)


@maker("on a blackboard")
def _blackboard(digit: Array, rng: np.random.Generator) -> Image.Image:
    return photograph(0.2 + 0.6 * stroke(digit, rng), rng)


@maker("red on yellow")
def _coloured(digit: Array, rng: np.random.Generator) -> Image.Image:
    ink = stroke(digit, rng)[..., None]
    yellow, red = np.array([0.9, 0.88, 0.5]), np.array([0.85, 0.3, 0.2])
    return photograph(yellow * (1 - ink) + red * ink, rng)


@maker("with a fine pen")
def _fine(digit: Array, rng: np.random.Generator) -> Image.Image:
    ink = stroke(digit, rng)
    inside = ndimage.distance_transform_edt(ink > 0.5)
    core = (inside > 0) & (inside >= 0.75 * ndimage.maximum_filter(inside, 9))
    fine = np.clip(1.5 * ndimage.gaussian_filter(core.astype(np.float32), 1), 0, 1)
    return photograph(drawn(fine), rng)


@maker("small, a seventh of the width")
def _small(digit: Array, rng: np.random.Generator) -> Image.Image:
    return photograph(drawn(stroke(digit, rng, side=70)), rng)


@maker("with specks")
def _specks(digit: Array, rng: np.random.Generator) -> Image.Image:
    ink = stroke(digit, rng)
    for _ in range(8):
        top, left = rng.integers(5, _HEIGHT - 5), rng.integers(5, _WIDTH - 5)
        ink[top - 2 : top + 3, left - 2 : left + 3] = 1
    return photograph(drawn(ink), rng)


@maker("on lined paper")
def _lined(digit: Array, rng: np.random.Generator) -> Image.Image:
    level = drawn(stroke(digit, rng))
    for top in range(int(rng.integers(10, 40)), _HEIGHT, 40):
        level[top : top + 2] = np.minimum(level[top : top + 2], 0.8 * PAPER)
    return photograph(level, rng)


@maker("in a box of a form")
def _boxed(digit: Array, rng: np.random.Generator) -> Image.Image:
    ink = stroke(digit, rng, margin=20, side=180, shape=(220, 220))
    ink[:, :3] = ink[:, -3:] = 1
    ink[:3] = ink[-3:] = 1
    return photograph(drawn(np.pad(ink, 60)), rng)


@maker("light from one side")
def _uneven(digit: Array, rng: np.random.Generator) -> Image.Image:
    light = 0.6 + 0.3 * _slope(rng)
    return photograph(drawn(stroke(digit, rng), light), rng)


@maker("a shadow across it")
def _shadow(digit: Array, rng: np.random.Generator) -> Image.Image:
    lit = np.where(_slope(rng) + rng.uniform(-0.3, 0.3) > 0, PAPER, 0.47 * PAPER)
    light = ndimage.gaussian_filter(lit.astype(np.float32), 3)
    return photograph(drawn(stroke(digit, rng), light), rng)


@maker("a dark border")
def _bordered(digit: Array, rng: np.random.Generator) -> Image.Image:
    level = drawn(stroke(digit, rng, side=160, margin=80))
    top, bottom, left, right = rng.integers(1, 76, 4)
    shown = np.full_like(level, TABLE)
    inner = np.s_[top : _HEIGHT - bottom, left : _WIDTH - right]
    shown[inner] = level[inner]
    return photograph(ndimage.gaussian_filter(shown, 1), rng)


@maker("tilted by 10 to 20 degrees")
def _tilted(digit: Array, rng: np.random.Generator) -> Image.Image:
    tilt = rng.choice([-1, 1]) * rng.uniform(10, 20)
    return photograph(drawn(stroke(digit, rng, tilt=tilt)), rng)


@maker("a sheet on a table, up to 15 degrees")
def _sheet(digit: Array, rng: np.random.Generator) -> Image.Image:
    level = drawn(stroke(digit, rng, side=180, shape=(400, 400)))
    room = np.full((560, 640), TABLE, np.float32)
    room[80:480, 120:520] = level
    angle = rng.uniform(-15, 15)
    turned = ndimage.rotate(room, angle, reshape=False, order=1, cval=TABLE)
    return photograph(turned, rng)


@maker("two digits")
def _two(digit: Array, rng: np.random.Generator) -> Image.Image:
    left = stroke(digit, rng, side=180, shape=(_HEIGHT, 200))
    digits, _ = load_mnist("train")
    other = digits[int(rng.integers(len(digits)))]
    right = stroke(other, rng, side=180, shape=(_HEIGHT, 200))
    return photograph(drawn(np.hstack([left, right])), rng)


@maker("an empty sheet")
def _empty(_: Array, rng: np.random.Generator) -> Image.Image:
    return photograph(PAPER * (0.8 + 0.15 * _slope(rng)), rng)


def suffix(image: Image.Image) -> str:
    """Photographs are JPEG, all else PNG."""
    return ".jpg" if image.mode in ("L", "RGB") and image.width > 300 else ".png"


def measure(
    name: str, digits: Array, labels: Array, model: Model, seed: int
) -> tuple[float, float, float, float]:
    """Give shares right, wrong, wrong without a word, and refused."""
    rng = np.random.default_rng(seed)
    seen, read = [], []
    with tempfile.TemporaryDirectory() as folder:
        for n, digit in enumerate(digits):
            image = MAKERS[name](digit, rng)
            path = Path(folder) / f"image{suffix(image)}"
            image.save(path)
            try:
                seen.append(look_at(path).tilted.reshape(len(TILTS), -1))
                read.append(n)
            except DataError:
                pass
    if not read:
        return 0, 0, 0, 1
    images = np.concatenate(seen)
    shape = (len(read), len(TILTS), -1)
    shares = votes(model.respond(images), model.tuning).reshape(shape).sum(axis=1)
    likeness = model.likeness(images).reshape(len(read), -1).max(axis=1)
    right = shares.argmax(axis=1) == labels[read]
    silent = ~right & (likeness >= model.familiar)
    total = len(digits)
    wrong = (len(read) - right.sum()) / total
    return right.sum() / total, wrong, silent.sum() / total, 1 - len(read) / total


def main() -> None:
    """Measure one kind of image after the other."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--images", type=int, default=300)
    parser.add_argument("--split", choices=("train", "test"), default="test")
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--model", type=Path, default=PRETRAINED)
    parser.add_argument("--only", choices=MAKERS, nargs="*", default=list(MAKERS))
    options = parser.parse_args()
    images, labels = load_mnist(options.split, full=True)
    order = np.random.default_rng(options.seed).permutation(len(images))
    chosen = order[: options.images]
    model = Model.load(options.model)
    raw = images[chosen].reshape(len(chosen), -1)
    right = (model.predict(model.respond(raw)) == labels[chosen]).mean()
    print(f"MNIST's own form, not read from files: {right:.1%} right")
    print("| image | right | wrong | of these without a note | refused | ms |")
    print("|---|---|---|---|---|---|")
    for name in options.only:
        begin = time.perf_counter()
        shares = measure(name, images[chosen], labels[chosen], model, options.seed)
        took = 1e3 * (time.perf_counter() - begin) / len(chosen)
        cells = " | ".join(f"{100 * share:.1f} %" for share in shares)
        print(f"| {name} | {cells} | {took:.0f} |", flush=True)


if __name__ == "__main__":
    main()
