# SPDX-License-Identifier: Apache-2.0
"""Wealth of a gambler on fair coins: a martingale, and Ville's bound kept exactly."""

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from parentage.stats.eprocess import (
    EProcess,
    coins_to_decide,
    crossing_probability,
    log10_wealth,
)


@given(st.integers(0, 400), st.integers(0, 400))
def test_a_fair_coin_changes_nothing_on_average(heads, tails):
    now = 10.0 ** float(log10_wealth(heads, tails))
    then = [
        10.0 ** float(log10_wealth(heads + 1, tails)),
        10.0 ** float(log10_wealth(heads, tails + 1)),
    ]
    if math.isfinite(now) and all(map(math.isfinite, then)):
        assert np.mean(then) == pytest.approx(now, rel=1e-9)


@given(st.lists(st.booleans(), max_size=60), st.integers(0, 59))
def test_only_counts_matter(coins, cut):
    whole, parts = EProcess(), EProcess()
    whole.add(sum(coins), len(coins))
    for piece in (coins[:cut], coins[cut:]):
        parts.add(sum(piece), len(piece))
    assert parts.log10_e == pytest.approx(whole.log10_e)
    assert parts.log10_highest >= whole.log10_highest - 1e-12


def test_wealth_before_and_after():
    assert EProcess().log10_e == 0.0
    assert EProcess().log10_p == 0.0
    seen = EProcess()
    seen.add(100, 100)
    # All heads: 2^100 for who knew, less what the mixture costs.
    assert 100 * math.log10(2) - 2 < seen.log10_e < 100 * math.log10(2)
    assert seen.log10_p == -seen.log10_e
    before = seen.log10_p
    seen.add(0, 1000)
    assert seen.log10_e < 0
    assert seen.log10_p == before  # what was reached stays reached
    with pytest.raises(ValueError, match="3 heads in 2 coins"):
        seen.add(3, 2)


def test_nothing_overflows_or_gets_lost():
    assert float(log10_wealth(10**7, 0)) == pytest.approx(
        10**7 * math.log10(2), rel=1e-4
    )
    assert math.isfinite(float(log10_wealth(0, 10**7)))


@pytest.mark.parametrize("level", [1.0, 1.301, 2.0, 6.0])
def test_looking_after_every_coin_costs_no_more_than_alpha(level):
    exact = crossing_probability(1200, level)
    assert exact <= 10.0**-level
    assert exact > 0.02 * 10.0**-level  # and the bound is not idle


def test_the_exact_rate_is_that_of_simulated_coins():
    rng = np.random.default_rng(5)
    runs, trials = 10_000, 400
    up = rng.integers(0, 2, (runs, trials), dtype=np.int8).cumsum(
        axis=1, dtype=np.int32
    )
    n = np.arange(1, trials + 1)
    # Wealth for every (coins, heads), looked up: 10,000 runs, 400 looks each.
    table = np.full((trials + 1, trials + 1), -np.inf)
    for k in n:
        table[k, : k + 1] = log10_wealth(np.arange(k + 1), k - np.arange(k + 1))
    for alpha in (0.05, 0.01):
        rate = float((table[n, up] >= -math.log10(alpha)).any(axis=1).mean())
        exact = crossing_probability(trials, -math.log10(alpha))
        assert rate <= alpha
        assert abs(rate - exact) <= 4 * math.sqrt(exact * (1 - exact) / runs)


def test_how_many_coins_it_takes():
    assert coins_to_decide(0.5, 6) == math.inf
    assert coins_to_decide(1.0, 6) < 32
    few, many = coins_to_decide(0.9, 6), coins_to_decide(0.6, 6)
    assert few < 80 < many < 2000
    heads = round(many * 0.6)
    assert float(log10_wealth(heads, many - heads)) == pytest.approx(6, abs=0.05)
