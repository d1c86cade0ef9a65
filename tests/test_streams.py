import numpy as np
import pytest
from scipy import stats

from lava_apps.streams import (
    new_stream,
    normal,
    round_randomly,
    shuffle,
    splitmix64,
    uniform,
)


def test_splitmix64_gives_the_published_numbers():
    # First outputs for seed 1234567 of the public-domain C code by S. Vigna.
    expected = [
        6457827717110365317,
        3203168211198807973,
        9817491932198370423,
        4593380528125082431,
        16408922859458223821,
    ]
    key = np.uint64(1234567)
    assert [int(splitmix64(key, np.uint64(n))) for n in range(1, 6)] == expected


@pytest.mark.parametrize("seed", [0, 1, 2, 2**63 - 1])
def test_uniform_is_uniform(seed):
    stream = new_stream(seed)
    draws = np.array([uniform(stream) for _ in range(20_000)])
    assert draws.min() >= 0
    assert draws.max() < 1
    assert stats.kstest(draws, "uniform").pvalue > 1e-3
    assert abs(np.corrcoef(draws[:-1], draws[1:])[0, 1]) < 0.03


def test_a_stream_goes_on_from_its_two_words():
    stream = new_stream(5)
    for _ in range(10):
        uniform(stream)
    saved = stream.copy()
    expected = [uniform(stream) for _ in range(5)]
    assert [uniform(saved) for _ in range(5)] == expected


def test_neighbouring_seeds_give_unrelated_streams():
    first, second = new_stream(0), new_stream(1)
    pairs = np.array([(uniform(first), uniform(second)) for _ in range(5_000)])
    assert abs(np.corrcoef(pairs.T)[0, 1]) < 0.06


def test_all_orders_are_equally_likely():
    stream = new_stream(3)
    counts: dict[tuple[int, ...], int] = {}
    for _ in range(6_000):
        items = np.arange(3)
        shuffle(stream, items)
        key = tuple(items.tolist())
        counts[key] = counts.get(key, 0) + 1
    assert len(counts) == 6
    assert stats.chisquare(list(counts.values())).pvalue > 1e-3


@pytest.mark.parametrize("seed", [0, 1, 2])
def test_normal_is_normal(seed):
    stream = new_stream(seed)
    draws = np.array([normal(stream) for _ in range(20_000)])
    assert stats.kstest(draws, "norm").pvalue > 1e-3
    assert abs(np.corrcoef(draws[:-1], draws[1:])[0, 1]) < 0.03
    assert stream[1] == 40_000


@pytest.mark.parametrize("value", [2.25, -3.6, 7.0, -2.0])
def test_random_rounding_is_right_in_the_mean(value):
    stream = new_stream(9)
    rounded = np.array([round_randomly(value, stream) for _ in range(4000)])
    assert set(rounded) <= {np.floor(value), np.ceil(value)}
    assert rounded.mean() == pytest.approx(value, abs=0.04)
    assert stream[1] == (0 if value == int(value) else 4000)
