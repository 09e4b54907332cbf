# SPDX-License-Identifier: Apache-2.0
"""Moments against full enumeration; ranks, fixed points and power by simulation."""

import itertools

import numpy as np
import pytest
import scipy.stats

from parentage.stats.coins import Part, count
from parentage.stats.fixed_points import count_fixed_points
from parentage.stats.permutation import monte_carlo_rank, trace
from parentage.stats.power import detectable_correlation, heads_probability
from parentage.stats.similarity import similarity
from parentage.stats.tails import log10_binomial_tail


@pytest.mark.parametrize("features", [2, 9])
def test_moments_equal_enumeration(features):
    rng = np.random.default_rng(features)
    c = rng.standard_normal((5, features)).astype(np.float32) + 1
    r = rng.standard_normal((5, features)).astype(np.float32) - 2
    gram = c.astype(float) @ r.astype(float).T
    traces = [
        sum(gram[o[i], i] for i in range(5)) for o in itertools.permutations(range(5))
    ]
    found = trace(c, r)
    assert found.observed == pytest.approx(np.trace(gram), rel=1e-5)
    assert found.mean == pytest.approx(np.mean(traces), rel=1e-5)
    assert found.variance == pytest.approx(np.var(traces), rel=1e-4)


def test_rank_is_uniform_under_relabelling():
    rng = np.random.default_rng(0)
    c = rng.standard_normal((8, 5)).astype(np.float32)
    r = c + 0.1
    ps = [
        monte_carlo_rank([(c[rng.permutation(8)], r)], draws=99, rng=rng)
        for _ in range(400)
    ]
    assert min(ps) >= 0.01
    assert scipy.stats.kstest(ps, "uniform").pvalue > 1e-3


def test_rank_finds_a_copy():
    rng = np.random.default_rng(0)
    c = rng.standard_normal((8, 5)).astype(np.float32)
    assert monte_carlo_rank([(c, c)] * 2, draws=999, rng=rng) == pytest.approx(0.001)


def test_fixed_points_of_a_copy_a_shuffle_and_a_constant():
    rng = np.random.default_rng(0)
    c = rng.standard_normal((3000, 8)).astype(np.float32)
    assert count_fixed_points(c, c) == 3000
    assert count_fixed_points(c, np.roll(c, 1, axis=0)) == 0
    assert count_fixed_points(np.ones_like(c), np.ones_like(c)) == 0
    assert count_fixed_points(np.zeros_like(c), c) == 0


@pytest.mark.parametrize(("coins", "features"), [(200, 30.0), (2000, 8.0)])
def test_stated_power_is_reached(coins, features):
    """Copies with noise at the stated correlation are found as often as stated."""
    level = -7.0
    rho = detectable_correlation([(coins, features)], level)
    assert rho is not None
    rng = np.random.default_rng(0)
    found = 0
    trials = 400
    for _ in range(trials):
        c = rng.standard_normal((1, coins, int(features))).astype(np.float32)
        noise = rng.standard_normal(c.shape).astype(np.float32)
        r = np.float32(rho) * c + np.float32(np.sqrt(1 - rho**2)) * noise
        coin = count([Part(np.arange(coins), c, r)])
        p = log10_binomial_tail(int(coin.heads[0, 0]), int(coin.trials[0, 0]))
        found += p <= level
    assert scipy.stats.binom.cdf(found, trials, 0.99) > 1e-4
    assert found < trials + 1


def test_power_of_too_few_coins_is_none():
    assert detectable_correlation([(10, 100.0)], -7.0) is None


def test_heads_probability_limits():
    assert heads_probability(0.0, 10) == pytest.approx(0.5)
    assert heads_probability(1.0, 10) == 1.0


def test_similarity_shows_the_norm_trap():
    rng = np.random.default_rng(0)
    a, b = (1 + 0.05 * rng.standard_normal(2000) for _ in range(2))
    found = similarity(a, b, rng)
    assert found.cosine > 0.99
    assert found.shuffled > 0.99
    assert abs(found.pearson) < 0.1
    assert found.changed == 1.0
    assert similarity(a, a, rng).relative_l2 == 0.0
