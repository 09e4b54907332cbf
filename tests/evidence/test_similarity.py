# SPDX-License-Identifier: Apache-2.0
"""Equality across number formats; whitening that relabelling commutes with."""

import ml_dtypes
import numpy as np
import pytest

from parentage.evidence.residual_profile import without_bulk
from parentage.evidence.similarity import distinct_rows, equal_values

RNG = np.random.default_rng(0)
VALUES = RNG.standard_normal(2000).astype(np.float32) * np.float32(0.02)
KINDS = {"F32": np.float32, "BF16": ml_dtypes.bfloat16, "F16": np.float16}


@pytest.mark.parametrize("left", KINDS)
@pytest.mark.parametrize("right", KINDS)
def test_casts_of_one_tensor_are_equal_and_neighbours_are_not(left, right):
    a = VALUES.astype(KINDS[left]).astype(np.float32)
    b = VALUES.astype(KINDS[right]).astype(np.float32)
    assert equal_values(a, b, (left, right)).all()
    moved = (VALUES * np.float32(1.02)).astype(KINDS[right]).astype(np.float32)
    assert equal_values(a, moved, (left, right)).mean() < 0.5


def test_equal_formats_are_compared_bit_by_bit():
    other = np.nextafter(VALUES, np.float32(1))
    assert not equal_values(VALUES, other, ("F32", "F32")).any()


def test_nan_equals_nan():
    a = np.array([np.nan, 1.0], dtype=np.float32)
    assert equal_values(a, a, ("F32", "BF16")).all()
    assert equal_values(a, a[::-1].copy(), ("F32", "F32")).sum() == 0


def test_distinct_rows():
    rows = np.array([[1, 2], [1, 2], [3, 4]], dtype=np.float32)
    assert distinct_rows(rows) == 2
    assert distinct_rows(np.ones((5, 3), dtype=np.float32)) == 1


def test_taking_out_the_bulk_commutes_with_relabelling():
    profile = RNG.standard_normal((64, 300)).astype(np.float32)
    profile += 5 * RNG.standard_normal((64, 1)).astype(np.float32)
    order = RNG.permutation(64)
    np.testing.assert_allclose(
        without_bulk(profile[order]), without_bulk(profile)[order], atol=2e-4
    )


def test_the_bulk_is_gone():
    direction = RNG.standard_normal((64, 1)).astype(np.float32)
    profile = RNG.standard_normal((64, 300)).astype(np.float32) + 9 * direction
    s = np.linalg.svd(without_bulk(profile), compute_uv=False)
    assert s[0] < 30
