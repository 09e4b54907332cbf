# SPDX-License-Identifier: Apache-2.0
"""Coupling sees shared noise and no shared trend; its spread is what is stated."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import stats

from parentage.stats.coupling import coupling, without_trend


@settings(deadline=None, max_examples=25)
@given(level=st.floats(-5, 5), slope=st.floats(-2, 2), n=st.integers(40, 200))
def test_a_line_is_taken_out_whole(level, slope, n):
    line = level + slope * np.arange(n)
    assert np.abs(without_trend(line)).max() < 1e-9 * (1 + np.abs(line).max())


def test_trends_alone_do_not_couple_and_shared_noise_does():
    rng = np.random.default_rng(3)
    x = np.arange(2000)
    a, b, shared = rng.standard_normal((3, 2000))
    fall = 5 * np.exp(-x / 300)
    assert abs(coupling(fall + 0.1 * a, fall + 0.1 * b)) < 4 / np.sqrt(2000)
    assert coupling(fall + 0.1 * (a + shared), 3 * fall + 0.2 * (b + shared)) > 0.4
    assert coupling(a, -a) == pytest.approx(-1)


def test_without_noise_there_is_no_number():
    assert np.isnan(coupling(np.zeros(200), np.arange(200.0) % 7))


def test_independent_noise_spreads_as_stated():
    rng = np.random.default_rng(11)
    found = np.array([coupling(*rng.standard_normal((2, 400))) for _ in range(400)])
    assert abs(found.mean()) < 4 / np.sqrt(400 * 400)
    assert found.std() * np.sqrt(400) == pytest.approx(1, abs=0.12)
    assert stats.kstest(found * np.sqrt(400), "norm").pvalue > 1e-3
