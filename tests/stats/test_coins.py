# SPDX-License-Identifier: Apache-2.0
"""Coins are what their definition says, and fair under the null."""

import numpy as np
import pytest
import scipy.stats
from hypothesis import given
from hypothesis import strategies as st

from parentage.stats import coins as module
from parentage.stats.coins import (
    Part,
    count,
    mismatched_cosine,
    standardise,
    swap_profile,
)


def profile(seed, layers, units, features):
    rng = np.random.default_rng(seed)
    return rng.standard_normal((layers, units, features)).astype(np.float32)


@given(
    st.integers(1, 3),
    st.integers(1, 4),
    st.integers(1, 30),
    st.integers(1, 5),
    st.integers(0, 99),
)
def test_counts_equal_a_plain_loop(lc, lr, n, f, seed):
    c, r = profile(seed, lc, n, f), profile(seed + 1, lr, n, f)
    found = count([Part(np.arange(n), c, r)], [(0, 0)])
    inner = np.einsum("auf,buf->abu", c.astype(float), r.astype(float))
    clear = np.abs(inner) > 1e-5
    if clear.all():
        assert (found.heads == (inner > 0).sum(axis=2)).all()
        assert (found.trials == n).all()
    np.testing.assert_allclose(found.inner[0], inner[0, 0], atol=1e-4)
    expected = inner.sum(axis=2) / np.sqrt(
        np.square(c.astype(float)).sum((1, 2))[:, None]
        * np.square(r.astype(float)).sum((1, 2))
    )
    np.testing.assert_allclose(found.correlation, expected, atol=1e-4)


def test_tensors_of_one_unit_share_one_coin():
    c, r = profile(0, 1, 6, 4), profile(1, 1, 6, 4)
    more_c, more_r = profile(2, 1, 3, 4), profile(3, 1, 3, 4)
    units = np.array([4, 0, 2])
    found = count([Part(np.arange(6), c, r), Part(units, more_c, more_r)])
    inner = (c * r).sum(axis=2)[0]
    inner[units] += (more_c * more_r).sum(axis=2)[0]
    assert found.trials[0, 0] == 6
    assert found.heads[0, 0] == (inner > 0).sum()


def test_rows_of_one_unit_share_one_coin():
    c, r = profile(0, 1, 8, 4), profile(1, 1, 8, 4)
    units = np.array([0, 0, 1, 1, 0, 2, 2, 2])
    found = count([Part(units, c, r)])
    inner = np.bincount(units, weights=(c * r).sum(axis=2)[0])
    assert found.trials[0, 0] == 3
    assert found.heads[0, 0] == (inner > 0).sum()


def test_chunks_change_nothing(monkeypatch):
    c, r = profile(0, 3, 50, 4), profile(1, 2, 50, 4)
    units = np.random.default_rng(0).integers(0, 20, 50)
    whole = count([Part(units, c, r)], [(1, 1)])
    monkeypatch.setattr(module, "CHUNK_BYTES", 4 * 3 * 2 * 3)
    pieces = count([Part(units, c, r)], [(1, 1)])
    assert (whole.heads == pieces.heads).all()
    np.testing.assert_allclose(whole.cross, pieces.cross, rtol=1e-6)
    np.testing.assert_allclose(whole.inner, pieces.inner)


def test_zeros_are_no_coins():
    c = np.zeros((1, 4, 3), dtype=np.float32)
    found = count([Part(np.arange(4), c, profile(0, 1, 4, 3))])
    assert found.trials[0, 0] == 0
    assert found.correlation[0, 0] == 0.0


@pytest.mark.parametrize("action", ["sign", "swap"])
def test_coins_are_fair_whatever_the_weights(action):
    """Strongly related profiles, relabelled at random: heads are binomial."""
    rng = np.random.default_rng(5)
    base = rng.standard_normal((1, 20, 6)).astype(np.float32) + 3.0
    other = base + 0.1 * rng.standard_normal(base.shape).astype(np.float32)
    totals = []
    for _ in range(3000):
        if action == "sign":
            sign = rng.choice(np.array([-1, 1], dtype=np.float32), (1, 20, 1))
            c, r = base * sign, other
        else:
            c, r = swap_profile(base[:, rng.permutation(20)]), swap_profile(other)
        totals.append(int(count([Part(np.arange(c.shape[1]), c, r)]).heads[0, 0]))
    n = 20 if action == "sign" else 10
    observed = np.bincount(totals, minlength=n + 1)
    expected = scipy.stats.binom.pmf(np.arange(n + 1), n, 0.5) * len(totals)
    keep = expected > 5
    chi = ((observed - expected)[keep] ** 2 / expected[keep]).sum()
    assert scipy.stats.chi2.sf(chi, keep.sum() - 1) > 1e-4


def test_standardise_leaves_zeros_and_scales_layers():
    p = np.stack([np.zeros((3, 2)), np.full((3, 2), 7.0)]).astype(np.float32)
    out = standardise(p)
    assert (out[0] == 0).all()
    np.testing.assert_allclose(out[1], 1.0)


def test_effective_features_of_white_noise():
    c, r = profile(0, 1, 1000, 40), profile(1, 1, 1000, 40)
    features = 1 / mismatched_cosine(Part(np.arange(1000), c, r))
    assert 34 < features < 46
