# SPDX-License-Identifier: Apache-2.0
"""Tails against scipy where scipy still has digits, and beyond by identities."""

import itertools
import math

import numpy as np
import pytest
import scipy.stats
from hypothesis import given
from hypothesis import strategies as st

from parentage.stats.tails import (
    binomial_critical,
    bonferroni,
    log10_binomial_tail,
    log10_fisher,
    log10_fixed_points,
    log10_normal_tail,
    log10_rademacher_tail,
)


@given(st.integers(1, 5000), st.data())
def test_binomial_tail_equals_scipy(n, data):
    k = data.draw(st.integers(0, n))
    expected = scipy.stats.binom.logsf(k - 1, n, 0.5) / math.log(10)
    if not math.isfinite(expected):
        return
    assert log10_binomial_tail(k, n) == pytest.approx(expected, rel=1e-8, abs=1e-9)


@given(st.integers(1, 10**6))
def test_all_heads_never_underflows(n):
    assert log10_binomial_tail(n, n) == pytest.approx(-n * math.log10(2), rel=1e-9)


def test_binomial_tail_refuses_impossible_counts():
    with pytest.raises(ValueError, match="3 successes in 2 trials"):
        log10_binomial_tail(3, 2)


@given(st.integers(1, 3000), st.floats(-30, -0.5))
def test_critical_count_is_the_smallest(n, level):
    k = binomial_critical(n, level)
    if k is None:
        assert log10_binomial_tail(n, n) > level
    else:
        assert log10_binomial_tail(k, n) <= level
        assert k == n // 2 or log10_binomial_tail(k - 1, n) > level


@pytest.mark.parametrize("z", [-3, 0, 1.5, 5, 20, 29.9, 30.1, 37])
def test_normal_tail_equals_scipy(z):
    expected = scipy.stats.norm.logsf(z) / math.log(10)
    assert log10_normal_tail(z) == pytest.approx(expected, rel=1e-6)


@given(st.lists(st.floats(-8, 0), min_size=1, max_size=30))
def test_fisher_equals_chi_square(ps):
    x = -2 * sum(ps) * math.log(10)
    expected = scipy.stats.chi2.logsf(x, 2 * len(ps)) / math.log(10)
    assert log10_fisher(ps) == pytest.approx(expected, rel=1e-6, abs=1e-9)


@pytest.mark.parametrize("n", [2, 3, 5, 6])
def test_fixed_point_bound_holds_for_every_map(n):
    """All relabellings, for the identity, a constant map and a random map."""
    rng = np.random.default_rng(n)
    maps = [tuple(range(n)), (0,) * n, tuple(rng.integers(0, n, n))]
    orders = list(itertools.permutations(range(n)))
    for g in maps:
        counts = [sum(g[o[i]] == i for i in range(n)) for o in orders]
        for k in range(1, n + 1):
            share = sum(c >= k for c in counts) / len(counts)
            assert share <= 10 ** log10_fixed_points(k, 1) + 1e-12


def test_fixed_point_bound_over_groups_dominates_simulation():
    rng = np.random.default_rng(0)
    groups, n, draws = 4, 12, 4000
    totals = np.zeros(draws)
    for _ in range(groups):
        orders = rng.permuted(np.tile(np.arange(n), (draws, 1)), axis=1)
        totals += (orders == np.arange(n)).sum(axis=1)
    for k in range(5, 12):
        assert (totals >= k).mean() <= 10 ** log10_fixed_points(k, groups) + 0.01


def test_rademacher_bound_is_a_bound_and_not_far_off():
    rng = np.random.default_rng(1)
    d = np.abs(rng.standard_normal(14))
    signs = np.array(list(itertools.product([-1, 1], repeat=14)))
    sums = signs @ d
    for observed in np.quantile(sums, [0.6, 0.9, 0.99, 0.999]):
        flip = signs[np.argmin(np.abs(sums - observed))]
        exact = (sums >= flip @ d - 1e-12).mean()
        bound = 10 ** log10_rademacher_tail(flip * d)
        assert exact <= bound + 1e-12
        assert bound <= 12 * exact


def test_rademacher_of_nothing_is_one():
    assert log10_rademacher_tail(np.zeros(5)) == 0.0
    assert log10_rademacher_tail(np.array([-1.0, -2.0])) == 0.0


def test_rademacher_all_agree_is_two_to_minus_n():
    assert log10_rademacher_tail(np.ones(500)) == pytest.approx(
        -500 * math.log10(2), rel=1e-3
    )


def test_bonferroni_never_exceeds_one():
    assert bonferroni(-1.0, 1000) == 0.0
    assert bonferroni(-10.0, 1000) == pytest.approx(-7.0)
