# SPDX-License-Identifier: Apache-2.0
"""Common bases: what was done to the rows is undone."""

import numpy as np
import pytest
from hypothesis import assume, given
from hypothesis import strategies as st
from scipy.linalg import orthogonal_procrustes

from parentage.stats.procrustes import RANK_FLOOR, identity, permutation, rotation

seeds = st.integers(0, 10_000)


def turn(rng, n):
    return np.linalg.qr(rng.standard_normal((n, n)))[0]


@given(seeds)
def test_a_rotation_is_undone_for_rows_that_it_was_not_found_from(seed):
    rng = np.random.default_rng(seed)
    rows = rng.standard_normal((30, 8))
    turned = rows @ turn(rng, 8)
    basis = rotation(turned[:20].astype(np.float32), rows[:20].astype(np.float32))
    np.testing.assert_allclose(
        turned[20:] @ basis.left, rows[20:] @ basis.right, atol=1e-4
    )


@given(seeds)
def test_rotation_agrees_with_scipy(seed):
    rng = np.random.default_rng(seed)
    a = rng.standard_normal((30, 6)).astype(np.float32)
    b = rng.standard_normal((30, 6)).astype(np.float32)
    spectrum = np.linalg.svd(a.T @ b, compute_uv=False)
    # A direction that the rows hardly show is left out, on purpose.
    assume(spectrum[-1] > 2 * RANK_FLOOR * spectrum[0])
    basis = rotation(a, b)
    expected, _ = orthogonal_procrustes(a.astype(float), b.astype(float))
    np.testing.assert_allclose(basis.left @ basis.right.T, expected, atol=1e-4)


@given(seeds, st.integers(2, 6))
def test_few_rows_turn_only_their_span(seed, count):
    rng = np.random.default_rng(seed)
    q = turn(rng, 10)
    rows = rng.standard_normal((count, 10))
    basis = rotation((rows @ q).astype(np.float32), rows.astype(np.float32))
    assert basis.left.shape == (10, count)
    inside = rng.standard_normal(count) @ rows
    np.testing.assert_allclose(
        (inside @ q) @ basis.left, inside @ basis.right, atol=1e-3
    )
    for side in (basis.left, basis.right):
        np.testing.assert_allclose(side.T @ side, np.eye(count), atol=1e-4)


@pytest.mark.parametrize("width", [6, 9])
def test_a_signed_selection_is_undone(width):
    rng = np.random.default_rng(3)
    rows = rng.standard_normal((40, 9)).astype(np.float32)
    order = rng.permutation(9)[:width]
    sign = rng.choice([-1, 1], width)
    basis = permutation((rows[:, order] * sign).astype(np.float32), rows)
    assert basis.left.shape == (width, width)
    np.testing.assert_allclose(
        (rows[:, order] * sign) @ basis.left, rows @ basis.right, atol=1e-6
    )


def test_identity_changes_nothing():
    basis = identity(4)
    np.testing.assert_array_equal(basis.left, np.eye(4))


def test_rows_of_zeros_give_no_direction():
    basis = rotation(np.zeros((9, 4), np.float32), np.zeros((9, 4), np.float32))
    assert basis.left.shape == (4, 0)
