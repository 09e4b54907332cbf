# SPDX-License-Identifier: Apache-2.0
"""The power that goes with a non-detection is the power there is."""

import numpy as np
import pytest

from parentage.evidence.module import ModuleEvidence
from parentage.evidence.pooled_residual import embedding_columns
from parentage.verdict.finding import Criteria
from parentage.verdict.judge import judge


def embedding(candidate, reference):
    ids = np.arange(len(candidate))
    found = embedding_columns("embedding", "embedding", [(ids, candidate, reference)])
    return ModuleEvidence("embedding", "embedding", "R", [found])


def rows(rng, dims, tokens=256):
    return rng.standard_normal((dims, tokens)).astype(np.float32)


@pytest.mark.parametrize("dims", [24, 48, 256])
def test_an_embedding_at_the_stated_correlation_is_accused(dims):
    rng = np.random.default_rng(dims)
    criteria = Criteria(power=0.9, effect_floor=0.0)
    (chance,) = judge([embedding(rows(rng, dims), rows(rng, dims))], criteria)
    assert chance.word == "no-dependence-found"
    rho = chance.power
    found = 0
    for _ in range(60):
        r = rows(rng, dims)
        c = rho * r + np.float32(np.sqrt(1 - rho**2)) * rows(rng, dims)
        (finding,) = judge([embedding(c.astype(np.float32), r)], criteria)
        found += finding.word == "reused"
    assert found >= 0.8 * 60  # 0.9, less three standard errors
    # And it is not a bound so loose that it says nothing.
    weak = np.float32(rho / 3)
    missed = 0
    for _ in range(20):
        r = rows(rng, dims)
        (finding,) = judge([embedding(weak * r + rows(rng, dims), r)], criteria)
        missed += finding.word != "reused"
    assert missed >= 15


def test_wider_streams_and_smaller_families_find_fainter_copies():
    rng = np.random.default_rng(0)
    narrow, wide = (embedding(rows(rng, d), rows(rng, d)) for d in (64, 512))
    (alone,) = judge([wide], Criteria())
    few, many = judge([narrow, wide], Criteria())
    assert many.power < few.power
    assert alone.power <= many.power


def test_eight_dims_are_not_testable_alone():
    rng = np.random.default_rng(1)
    (finding,) = judge([embedding(rows(rng, 8), rows(rng, 8))], Criteria())
    assert finding.word == "not-testable"
