import itertools

import numpy as np
import pytest
from scipy.sparse import random as random_sparse

from lava_apps.loihi2.cores import estimate_cores
from lava_apps.parameters import ParameterError


def test_about_222_neurons_all_to_all_fill_a_core():
    full = estimate_cores(222, [np.ones((222, 222))])
    assert (full.cores, full.per_core, full.chips) == (1, 222, 1)
    # By hand: 222 axons of ceil((20 * 222 + 10) / 64) = 70 words, 222 and 222 more.
    assert full.utilisation == pytest.approx((222 * 70 + 2 * 222 + 222) / 20_000)
    assert estimate_cores(223, [np.ones((223, 223))]).cores == 2


def test_the_mnist_network_of_lava_dls_tutorial_takes_3_1_1_cores():
    sizes = (784, 128, 64, 10)
    layers = [np.ones((n, m)) for m, n in itertools.pairwise(sizes)]
    assert [estimate_cores(len(w), [w]).cores for w in layers] == [3, 1, 1]
    # By hand: 64 neurons on a core need 784 axons of 21 words, 43 need 14.
    assert 784 * (21 + 1) + 64 > 16_000 >= 784 * (14 + 1) + 43


def test_the_share_of_a_core():
    assert estimate_cores(2000).share == pytest.approx(2000 / 4095)
    full = estimate_cores(222, [np.ones((222, 222))])
    assert full.share == pytest.approx((222 * 71 + 222) / 16_000)


def test_neurons_alone_are_4095_a_core():
    assert estimate_cores(4095).cores == 1
    assert estimate_cores(4096).cores == 2
    # 3,200 neurons with five targets fill the pool.
    assert estimate_cores(3200, targets=5).cores == 1
    assert estimate_cores(3201, targets=5).cores == 2
    assert estimate_cores(4095 * 121).chips == 2


def test_it_is_the_smallest_number_that_satisfies_the_formula():
    rng = np.random.default_rng(0)
    for density in (0.05, 0.3, 1.0):
        weights = random_sparse(500, 300, density, random_state=rng).tocsc()
        more = rng.integers(0, 3, (500, 40))
        found = estimate_cores(500, [weights, more], targets=2)

        def fits(cores, weights=weights, more=more):
            k = -(-500 // cores)
            for begin in range(0, 500, k):
                pool = 2 * k
                for matrix in (weights.toarray(), more):
                    nnz = (matrix[begin : begin + k] != 0).sum(axis=0)
                    nnz = nnz[nnz > 0]
                    pool += (np.ceil((20 * nnz + 10) / 64) + 1).sum()
                if pool > 16_000 or pool + k > 20_000:
                    return False
            return True

        assert fits(found.cores)
        assert found.cores == 1 or not fits(found.cores - 1)
    assert found.cores > 3


def test_what_no_core_can_hold_is_refused():
    with pytest.raises(ParameterError, match="incoming: must have 4 rows"):
        estimate_cores(4, [np.ones((3, 4))])
    with pytest.raises(ParameterError, match="incoming: need more than the 16,000"):
        estimate_cores(2, [np.ones((2, 9000))])
