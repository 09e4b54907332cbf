# SPDX-License-Identifier: Apache-2.0
"""Ranks of blocks against plain enumeration; exactness and power by simulation."""

import itertools
import json
import math
from importlib import resources

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from parentage.stats.blocks import (
    BLOCK,
    block_grams,
    block_starts,
    detectable_by_blocks,
    log10_blocks,
    log10_ranks,
    simulate_block,
)

ORDERS = np.array(list(itertools.permutations(range(BLOCK))))


@pytest.mark.parametrize("shift", [0.0, 0.7, 3.0, -1.0])
def test_rank_equals_enumeration_of_all_orders(shift):
    rng = np.random.default_rng(1)
    gram = rng.standard_normal((BLOCK, BLOCK)) + shift * np.eye(BLOCK)
    sums = gram[np.arange(BLOCK), ORDERS].sum(axis=1)
    expected = (sums >= np.trace(gram) - 1e-9).mean()
    assert log10_ranks(gram[None])[0] == pytest.approx(math.log10(expected))


def test_equal_units_count_as_ties():
    assert log10_ranks(np.ones((1, BLOCK, BLOCK)))[0] == 0.0
    assert log10_ranks(np.zeros((1, BLOCK, BLOCK)))[0] == 0.0


def test_a_perfect_block_reaches_the_floor_and_blocks_multiply():
    grams = np.stack([np.eye(BLOCK)] * 8)
    assert log10_ranks(grams) == pytest.approx([-math.log10(math.factorial(8))] * 8)
    assert log10_blocks(grams) < -26


def test_p_values_are_super_uniform_when_units_are_relabelled():
    # Rows are correlated and heavy-tailed: only the relabelling is random.
    rng = np.random.default_rng(5)
    n, f, draws = 24, 12, 600
    c = np.cumsum(rng.standard_t(3, (n, f)), axis=0)
    r = c + 0.1 * rng.standard_normal((n, f))
    starts = block_starts(np.arange(n))
    ps = 10 ** np.array(
        [
            log10_blocks(block_grams(starts, c[rng.permutation(n)], r))
            for _ in range(draws)
        ]
    )
    for level in (0.01, 0.05, 0.2, 0.5):
        spread = 3.3 * math.sqrt(level * (1 - level) / draws)
        assert (ps <= level).mean() <= level + spread


@settings(max_examples=50, deadline=None)
@given(st.sets(st.integers(0, 80), min_size=1))
def test_only_whole_aligned_blocks_are_used(chosen):
    units = np.array(sorted(chosen))
    found = {int(units[s]) for s in block_starts(units)}
    wanted = {u for u in range(0, 81, BLOCK) if set(range(u, u + BLOCK)) <= chosen}
    assert found == wanted


def test_the_power_table_is_what_the_simulation_gives():
    rows = json.loads(
        resources.files("parentage.stats").joinpath("block_power.json").read_text()
    )
    rng = np.random.default_rng(99)
    for shift, stored in list(zip(rows["shift"], rows["quantiles"], strict=True))[::5]:
        fresh = simulate_block(shift, 300, rng)
        # Kolmogorov-Smirnov over the stored quantiles, ties included.
        levels = (np.arange(len(stored)) + 0.5) / len(stored)
        shares = (fresh[:, None] <= np.array(stored) + 1e-3).mean(axis=0)
        below = (fresh[:, None] < np.array(stored) - 1e-3).mean(axis=0)
        assert (shares >= levels - 0.11).all()
        assert (below <= levels + 0.11).all()


def test_the_stated_correlation_is_found_as_often_as_stated():
    blocks, features, level = 8, 40.0, -9.0
    rho = detectable_by_blocks(blocks, features, level, 0.9)
    assert rho is not None
    rng = np.random.default_rng(3)
    found = 0
    for _ in range(200):
        r = rng.standard_normal((blocks * BLOCK, int(features)))
        noise = rng.standard_normal(r.shape)
        c = rho * r + math.sqrt(1 - rho**2) * noise
        grams = block_grams(block_starts(np.arange(len(r))), c, r)
        found += log10_blocks(grams) <= level
    assert found >= 0.86 * 200


def test_too_few_blocks_find_nothing():
    assert detectable_by_blocks(1, 1e6, -9.0, 0.99) is None
    assert detectable_by_blocks(0, 100.0, -3.0, 0.99) is None
