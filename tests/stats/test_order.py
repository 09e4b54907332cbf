# SPDX-License-Identifier: Apache-2.0
"""Longest increasing runs against brute force; the bound against enumeration."""

import itertools

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from parentage.stats.order import log10_order, longest_increasing, nearest


@given(st.lists(st.integers(0, 9), max_size=9))
def test_run_is_increasing_and_of_greatest_length(values):
    array = np.array(values, dtype=np.int64)
    run = longest_increasing(array)
    assert (np.diff(run) > 0).all()
    assert (np.diff(array[run]) > 0).all()
    best = max(
        (
            len(c)
            for n in range(len(values) + 1)
            for c in itertools.combinations(values, n)
            if all(a < b for a, b in itertools.pairwise(c))
        ),
        default=0,
    )
    assert len(run) == best


@pytest.mark.parametrize("n", [4, 6])
@pytest.mark.parametrize("injective", [True, False])
def test_bound_holds_for_any_map_under_all_relabellings(n, injective):
    rng = np.random.default_rng(n)
    matches = rng.permutation(9)[:n] if injective else rng.integers(0, 4, n)
    lengths = [
        len(longest_increasing(matches[list(order)]))
        for order in itertools.permutations(range(n))
    ]
    for k in range(1, n + 1):
        share = np.mean([length >= k for length in lengths])
        assert share <= 10 ** log10_order(k, n) + 1e-12


def test_order_refuses_impossible_lengths():
    with pytest.raises(ValueError, match="7 among 6"):
        log10_order(7, 6)


def test_nearest_finds_copies_among_more_units():
    rng = np.random.default_rng(0)
    wide = rng.standard_normal((50, 30)).astype(np.float32)
    kept = np.sort(rng.choice(50, 20, replace=False))
    found, cosines = nearest(3 * wide[kept], wide)
    assert (found == kept).all()
    np.testing.assert_allclose(cosines, 1.0, atol=1e-5)
