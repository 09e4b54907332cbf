# SPDX-License-Identifier: Apache-2.0
import numpy as np
import pytest
from scipy.stats import binomtest

from parentage.stats.rates import clopper_pearson, conformal_p, percentile


@pytest.mark.parametrize(("k", "n"), [(0, 300), (1, 300), (7, 7), (3, 11), (0, 1)])
def test_bounds_are_scipys_exact_ones(k, n):
    expected = binomtest(k, n).proportion_ci(0.95, method="exact")
    assert clopper_pearson(k, n) == pytest.approx((expected.low, expected.high))


def test_nothing_is_known_without_trials():
    assert clopper_pearson(0, 0) == (0.0, 1.0)


def test_more_events_than_trials_are_refused():
    with pytest.raises(ValueError, match="3 events in 2 trials"):
        clopper_pearson(3, 2)


def test_conformal_p_is_uniform_for_exchangeable_values():
    rng = np.random.default_rng(1)
    ps = [conformal_p(x[0], x[1:]) for x in rng.normal(size=(2000, 20))]
    for level in (0.05, 0.25, 0.5):
        assert np.mean(np.array(ps) <= level) == pytest.approx(level, abs=0.03)


def test_percentile_counts_ties_half():
    controls = np.array([1.0, 2.0, 2.0, 3.0])
    assert percentile(2.0, controls) == 50.0
    assert percentile(9.0, controls) == 100.0
    assert percentile(0.0, np.zeros(0)) is None
