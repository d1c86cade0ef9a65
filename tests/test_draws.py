"""Random numbers of a key, a time step and an index."""

from concurrent.futures import ThreadPoolExecutor

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from numba import njit
from scipy import stats

from lava_apps.draws import (
    NO_BLOCK,
    Seeds,
    bits,
    draw_block,
    new_key,
    normal,
    philox,
    round_randomly,
    shuffle,
    uniform,
    uniform_of,
)

WORDS = st.integers(0, 2**64 - 1)
SIZES = st.integers(0, 2**62 - 1)


def numpys(key, block, time_step, use):
    generator = np.random.Philox(key=key, counter=[block, time_step, use, 0])
    return generator.random_raw(4).tolist()


@given(
    key=st.tuples(WORDS, WORDS),
    block=st.integers(0, 2**60),
    time_step=SIZES,
    use=st.integers(0, 99),
)
def test_the_numbers_are_those_of_numpys_philox(key, block, time_step, use):
    words = np.array(key, np.uint64)
    expected = numpys(words, block, time_step, use)
    assert [int(word) for word in philox(words, block, time_step, use)] == expected
    found = [int(bits(words, time_step, 4 * block + n, use)) for n in range(4)]
    assert found == expected


@njit
def fill(out, key, time_step, first, use):
    for i in range(out.size):
        out[i] = uniform(key, time_step, first + i, use)


@njit
def fill_by_blocks(out, key, time_step, first, wanted):
    block = NO_BLOCK
    for i in range(out.size):
        if wanted[i]:
            block = draw_block(block, key, time_step, first + i)
            out[i] = uniform_of(block, first + i)


@njit
def fill_normal(out, key, time_step):
    for i in range(out.size):
        out[i] = normal(key, time_step, i)


def draws(key, steps, indices, use=0):
    out = np.zeros((steps, indices))
    for step in range(steps):
        fill(out[step], key, step + 1, 0, use)
    return out


@given(seed=st.integers(0, 2**63 - 1), first=SIZES, cut=st.integers(0, 40))
def test_order_pieces_and_gaps_make_no_difference(seed, first, cut):
    key, whole = new_key(seed), np.zeros(40)
    fill(whole, key, 7, first, 0)
    pieces = np.zeros(40)
    fill(pieces[cut:], key, 7, first + cut, 0)
    fill(pieces[:cut], key, 7, first, 0)
    assert np.array_equal(pieces, whole)
    wanted = np.random.default_rng(seed).random(40) < 0.4
    some = np.zeros(40)
    fill_by_blocks(some, key, 7, first, wanted)
    assert np.array_equal(some, whole * wanted)


def test_threads_make_no_difference():
    key, whole, parts = new_key(5), np.zeros(10_000), np.zeros(10_000)
    fill(whole, key, 3, 0, 0)

    def part(begin):
        fill(parts[begin : begin + 1_000], key, 3, begin, 0)

    with ThreadPoolExecutor(2) as pool:
        list(pool.map(part, reversed(range(0, 10_000, 1_000))))
    assert np.array_equal(parts, whole)


# Each of the tests below would fail for one good generator of a million.
RARE = 1e-6
KEYS = [0, 1, 2, 2**63 - 1]


@pytest.mark.parametrize("seed", KEYS)
def test_uniform_numbers_are_uniform(seed):
    drawn = draws(new_key(seed), 200, 1_000)
    assert drawn.min() >= 0
    assert drawn.max() < 1
    assert stats.kstest(drawn.ravel(), "uniform").pvalue > RARE
    # And so are those of each index, and of each time step, alone.
    for axis in (0, 1):
        by_line = stats.kstest(drawn, "uniform", axis=axis).pvalue
        assert stats.kstest(by_line, "uniform").pvalue > RARE


@pytest.mark.parametrize("seed", KEYS)
@pytest.mark.parametrize("lag", [1, 2, 3, 4, 8])
def test_neighbours_are_not_correlated(seed, lag):
    base = draws(new_key(seed), 300, 1_000)
    others = {
        "index": (base[:, :-lag], base[:, lag:]),
        "time step": (base[:-lag], base[lag:]),
        "key": (base, draws(new_key(seed + lag if seed < 3 else lag), 300, 1_000)),
        "use": (base, draws(new_key(seed), 300, 1_000, use=lag)),
    }
    for name, (one, other) in others.items():
        found = stats.pearsonr(one.ravel(), other.ravel())
        assert found.pvalue > RARE, name
        # Nor are they dependent in another way: pairs fill the square evenly.
        counts, _, _ = np.histogram2d(one.ravel(), other.ravel(), bins=16)
        assert stats.chisquare(counts.ravel()).pvalue > RARE, name


@pytest.mark.parametrize("seed", KEYS)
def test_each_bit_is_as_often_set_as_not(seed):
    key = new_key(seed)
    drawn = [bits(key, 1 + n // 50, n % 50) for n in range(5_000)]
    words = np.array(drawn, np.uint64)
    ones = (words[:, None] >> np.arange(64, dtype=np.uint64)) & np.uint64(1)
    worst = min(stats.binomtest(int(n), len(words)).pvalue for n in ones.sum(axis=0))
    assert worst > RARE / 64


@pytest.mark.parametrize("seed", KEYS)
def test_normal_numbers_are_normal(seed):
    out = np.zeros((100, 1_000))
    for step in range(100):
        fill_normal(out[step], new_key(seed), step)
    assert stats.kstest(out.ravel(), "norm").pvalue > RARE
    assert abs(out).max() < 8.58
    assert stats.pearsonr(out[:, 1:].ravel(), out[:, :-1].ravel()).pvalue > RARE
    assert stats.pearsonr(out[1:].ravel(), out[:-1].ravel()).pvalue > RARE


def test_shuffle_gives_each_order_as_often():
    counts = {}
    for step in range(6_000):
        items = np.arange(3)
        shuffle(items, new_key(3), step)
        counts[tuple(items)] = counts.get(tuple(items), 0) + 1
    assert len(counts) == 6
    assert stats.chisquare(list(counts.values())).pvalue > RARE


@pytest.mark.parametrize("value", [2.25, -0.75, 7.0, 0.0])
def test_rounding_is_right_in_the_mean(value):
    rounded = np.array([rounding(np.full(20, value), 9, step) for step in range(200)])
    assert set(rounded.flat) <= {int(np.floor(value)), int(np.ceil(value))}
    assert abs(np.mean(rounded) - value) < 0.04
    assert (np.abs(rounded.mean(axis=0) - value) < 0.2).all()


def rounding(values, seed, time_step, order=None):
    block, rounded = NO_BLOCK, np.zeros(values.size, int)
    for i in range(values.size) if order is None else order:
        block, rounded[i] = round_randomly(
            block, values[i], new_key(seed), time_step, i
        )
    return rounded


@given(seed=st.integers(0, 2**63 - 1), time_step=SIZES)
def test_order_makes_no_difference_to_rounding(seed, time_step):
    values = np.random.default_rng(seed).normal(0, 3, 21)
    values[4:7] = [2, 0, -5]  # for which nothing is drawn
    rounded = rounding(values, seed, time_step)
    assert np.array_equal(rounded[4:7], values[4:7])
    shuffled = np.random.default_rng(seed).permutation(21)
    assert np.array_equal(rounding(values, seed, time_step, shuffled), rounded)
    halves = [
        half
        for b in range(3)
        for word in numpys(new_key(seed), b, time_step, 0)
        for half in (word % 2**32, word // 2**32)
    ]
    up = np.array(halves[:21]) / 2**32 < values - np.floor(values)
    assert np.array_equal(rounded, np.floor(values) + up)


def test_seeds_of_a_root_differ_and_come_again():
    one, again, other = Seeds(1), Seeds(1), Seeds(2)
    first = [one.next() for _ in range(100)]
    assert first == [again.next() for _ in range(100)]
    assert len({*first, *(other.next() for _ in range(100))}) == 200
    assert all(0 <= seed < 2**63 for seed in first)
