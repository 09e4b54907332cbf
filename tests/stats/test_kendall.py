# SPDX-License-Identifier: Apache-2.0
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.stats import kendalltau

from parentage.stats.kendall import compare_order, dense_ranks, inversions, kendall_tau


@given(st.integers(0, 200), st.integers(0, 2**32 - 1))
@settings(deadline=None)
def test_inversions_are_those_of_the_definition(n, seed):
    order = np.random.default_rng(seed).permutation(n)
    expected = sum(int((order[:j] > order[j]).sum()) for j in range(n))
    assert inversions(order) == expected


@pytest.mark.parametrize("n", [2, 3, 1000, 4096, 30_001])
def test_tau_is_scipys(n):
    order = np.random.default_rng(n).permutation(n)
    assert kendall_tau(order) == pytest.approx(kendalltau(np.arange(n), order)[0])


def test_reversed_order_has_every_pair_inverted():
    assert inversions(np.arange(70_000)[::-1]) == 70_000 * 69_999 // 2
    assert kendall_tau(np.arange(5)[::-1]) == -1.0
    assert kendall_tau(np.arange(1)) is None


@given(st.lists(st.integers(0, 10**9), unique=True))
def test_dense_ranks_keep_the_order(values):
    ranks = dense_ranks(np.array(values, dtype=np.int64))
    assert sorted(ranks.tolist()) == list(range(len(values)))
    assert np.argsort(ranks).tolist() == np.argsort(np.array(values)).tolist()


@pytest.mark.parametrize("values", [[1, 1], [-1, 0], [0, 10**9, 10**9]])
def test_dense_ranks_refuse_what_has_no_order(values):
    with pytest.raises(ValueError, match=r"once|below"):
        dense_ranks(np.array(values))


def test_a_copy_with_gaps_agrees_everywhere():
    order = compare_order(np.arange(0, 3000, 3))
    assert (order.tau, order.agreement, order.prefix) == (1.0, 1.0, 1000)
    assert order.successors == 999


def test_a_shared_trend_moves_tau_but_not_the_neighbours():
    rng = np.random.default_rng(5)
    noisy = np.argsort(np.argsort(np.arange(20_000) + rng.normal(0, 3000, 20_000)))
    order = compare_order(noisy)
    assert order.tau > 0.6
    assert abs(order.agreement - 0.5) < 0.01
