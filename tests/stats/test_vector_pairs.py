# SPDX-License-Identifier: Apache-2.0
import math
from itertools import permutations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.stats import pearsonr

from parentage.stats import vector_pairs as vp

VALUES = st.lists(st.floats(-3, 3), min_size=3, max_size=6)


def moments(a, b):
    return vp.Moments(a.mean(), a.std(), b.mean(), b.std())


@given(st.integers(0, 10**6), st.floats(-2, 2), st.floats(0.01, 3))
def test_means_and_deviations_give_control_and_centring(seed, level, spread):
    rng = np.random.default_rng(seed)
    a, b = level + spread * rng.normal(size=(2, 50))
    m, plain = moments(a, b), vp.cosine(a, b)
    assert m.pearson_of(plain) == pytest.approx(pearsonr(a, b).statistic, abs=1e-9)
    assert vp.pearson(a, b) == pytest.approx(pearsonr(a, b).statistic, abs=1e-9)
    for constant in (1.0, -0.5):
        assert m.cosine_about(plain, constant) == pytest.approx(
            vp.cosine_about(a, b, constant), abs=1e-6
        )


def test_shuffled_cosine_is_the_mean_over_every_permutation():
    rng = np.random.default_rng(4)
    a, b = rng.normal(1, 0.5, (2, 6))
    every = [vp.cosine(a, np.array(p)) for p in permutations(b)]
    assert moments(a, b).shuffled_cosine == pytest.approx(np.mean(every), abs=1e-12)


def test_undefined_values_are_nan():
    zero, one = np.zeros(4), np.ones(4)
    assert math.isnan(vp.cosine(zero, one))
    assert math.isnan(vp.pearson(one, one))
    assert math.isnan(vp.relative_l2(one, zero))
    assert all(math.isnan(f(np.empty(0), np.empty(0))) for f in vp.FUNCTIONS.values())
    assert math.isnan(vp.Moments(0, 0, 1, 1).shuffled_cosine)
    assert math.isnan(vp.Moments(1, 0, 1, 1).pearson_of(1.0))


def test_distances():
    a, b = np.array([1.0, 2.0, 4.0]), np.array([1.0, 2.0, 2.0])
    assert vp.relative_l2(a, b) == pytest.approx(2 / 3)
    assert vp.mean_absolute_difference(a, b) == pytest.approx(2 / 3)
    assert vp.percentile_99_difference(a, b) == pytest.approx(1.96)
