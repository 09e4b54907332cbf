# SPDX-License-Identifier: Apache-2.0
"""Sums of two arrays: they add up, and what follows from them is what numpy finds."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

from parentage.stats.difference import (
    Sums,
    distance,
    exact,
    numpy_kernel,
    single,
    trusted,
    values_changed,
)

FINITE = st.floats(-1e3, 1e3, allow_nan=False, width=32)
PAIRS = hnp.arrays(
    np.float64, st.tuples(st.just(2), st.integers(1, 60)), elements=FINITE
)
ANY = hnp.arrays(
    np.float64,
    st.tuples(st.just(2), st.integers(1, 40)),
    elements=st.one_of(FINITE, st.sampled_from([np.nan, np.inf, -np.inf])),
)


def sums(pair):
    return exact(pair[0], pair[1], values_changed(pair[0], pair[1]))


@given(ANY, ANY)
def test_sums_of_parts_are_the_sum_of_the_whole(first, second):
    total = sums(first)
    total.add(sums(second))
    whole = sums(np.concatenate([first, second], axis=1))
    assert total.to_list()[:7] == whole.to_list()[:7]
    assert np.allclose(total.to_list()[7:], whole.to_list()[7:], rtol=1e-9, atol=1e-6)


@given(ANY)
def test_lists_and_back(pair):
    assert Sums.from_list(sums(pair).to_list()) == sums(pair)


@pytest.mark.parametrize("bad", [[], [0] * 14, [-1] + [0] * 6 + [0.0] * 7])
def test_other_lists_are_refused(bad):
    with pytest.raises(ValueError, match="no sums"):
        Sums.from_list(bad)


@given(PAIRS)
def test_numbers_are_those_of_numpy(pair):
    a, b = pair
    found = distance(sums(pair))
    norm = np.linalg.norm(a)
    if norm > 1e-3 and np.linalg.norm(b) > 1e-3:
        cosine = float(a @ b / norm / np.linalg.norm(b))
        assert found.cosine == pytest.approx(cosine, abs=1e-6)
        assert found.norm_ratio == pytest.approx(np.linalg.norm(b) / norm)
        assert found.relative_l2 == pytest.approx(np.linalg.norm(a - b) / norm)
    assert found.largest == np.abs(a - b).max()
    if a.std() > 1e-2 and b.std() > 1e-2 and found.pearson is not None:
        assert found.pearson == pytest.approx(np.corrcoef(a, b)[0, 1], abs=1e-5)


def test_a_cosine_near_one_keeps_its_digits():
    rng = np.random.default_rng(0)
    a = rng.standard_normal(10_000)
    b = a + 1e-9 * rng.standard_normal(10_000)
    d = b - a
    along = (d @ a) / (a @ a)
    across = d - along * a
    expected = float(across @ across / (a @ a) / 2)
    assert distance(exact(a, b, 10_000)).one_minus_cosine == pytest.approx(
        expected, rel=1e-5
    )


def test_what_is_not_finite_is_counted_and_left_out():
    a = np.array([1.0, np.nan, np.inf, 2.0, np.nan])
    b = np.array([1.0, 3.0, 1.0, np.inf, np.nan])
    found = sums((a, b))
    assert (found.pairs, found.finite, found.changed) == (5, 1, 3)
    assert (found.nan_a, found.nan_b) == (2, 1)
    assert (found.infinite_a, found.infinite_b) == (1, 1)
    assert found.largest == 0.0
    empty = distance(Sums())
    assert empty.cosine is empty.pearson is empty.relative_l2 is None


def test_constants_have_no_correlation():
    a, b = np.ones(100), np.linspace(1, 2, 100)
    assert distance(exact(a, b, 99)).pearson is None
    assert distance(exact(a, b, 99)).cosine is not None


@given(st.integers(1, 3000), st.integers(0, 9))
def test_single_precision_agrees_where_it_is_trusted(n, seed):
    rng = np.random.default_rng(seed)
    a = rng.standard_normal(n).astype(np.float32)
    b = (a + 0.1 * rng.standard_normal(n)).astype(np.float32)
    raw = numpy_kernel(3000)(a, b)
    changed = values_changed(a, b)
    if trusted(raw, n, changed):
        wide = exact(a.astype(np.float64), b.astype(np.float64), changed)
        found = single(raw, n, changed)
        assert np.allclose(found.to_list(), wide.to_list(), rtol=1e-4, atol=1e-3)


def test_overflow_nan_and_large_means_are_not_trusted():
    kernel = numpy_kernel(64)
    rng = np.random.default_rng(1)
    near = rng.standard_normal(64).astype(np.float32)
    for spoilt in (near * np.float32(1e30), near + np.float32(1e4)):
        assert not trusted(kernel(spoilt, near), 64, 64)
    near[3] = np.nan
    assert not trusted(kernel(near, near), 64, 0)
