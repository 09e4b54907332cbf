# SPDX-License-Identifier: Apache-2.0
"""The bound on Adam's steps holds for any gradients and is reached by some."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from parentage.stats.adam import bounded, motion_bound, state_bound, step_bound


def steps_of(gradients, b1, b2):
    m = v = 0.0
    for t, g in enumerate(gradients, 1):
        m = b1 * m + (1 - b1) * g
        v = b2 * v + (1 - b2) * g * g
        if v > 0:
            yield t, m, v, abs(m) / (1 - b1**t) / np.sqrt(v / (1 - b2**t))


@given(
    st.lists(st.floats(-1e3, 1e3), min_size=1, max_size=40),
    st.sampled_from([(0.9, 0.95), (0.9, 0.999), (0.8, 0.99), (0.0, 0.9)]),
)
@settings(max_examples=200, deadline=None)
def test_no_gradients_exceed_the_bound(gradients, betas):
    for t, m, v, step in steps_of(gradients, *betas):
        limit = float(step_bound(*betas, np.array([t]))[0])
        assert step <= limit * (1 + 1e-9)
        # Gradients whose squares underflow lose digits in both moments.
        assert abs(m) <= state_bound(*betas) * np.sqrt(v) * (1 + 1e-6) + 1e-150


@pytest.mark.parametrize("betas", [(0.9, 0.95), (0.9, 0.999)])
def test_the_bound_is_reached(betas):
    b1, b2 = betas
    n = 30
    # Cauchy and Schwarz are equal where the gradients grow as (b1 / b2)^age.
    worst = [(b1 / b2) ** (n - t) for t in range(1, n + 1)]
    *_, (_, _, _, step) = steps_of(worst, b1, b2)
    assert step == pytest.approx(float(step_bound(b1, b2, np.array([n]))[0]))


def test_first_step_is_one_and_unbounded_where_it_is():
    assert float(step_bound(0.9, 0.999, np.array([1]))[0]) == pytest.approx(1)
    assert np.isinf(step_bound(0.99, 0.9, np.array([5]))[0])
    assert np.isinf(state_bound(0.99, 0.9))
    rates = np.full(10, 1e-3)
    fresh = motion_bound(rates, 100, betas=(0.9, 0.95))
    known = motion_bound(rates, 100, betas=(0.9, 0.95), fresh=False)
    assert 0 < known <= fresh


@given(st.integers(0, 5000), st.lists(st.floats(0, 1), min_size=1, max_size=30))
@settings(max_examples=100, deadline=None)
def test_motion_is_the_sum_of_rates_times_steps(first, rates):
    betas, rates = (0.9, 0.999), np.array(rates)
    each = [
        float(step_bound(*betas, np.array([first + i + 1.0]))[0]) for i in range(30)
    ]
    known = motion_bound(rates, first, betas=betas, fresh=False)
    assert known == pytest.approx(sum(r * b for r, b in zip(rates, each, strict=False)))
    # Begun anew anywhere, a step is no larger than at the worst count.
    fresh = motion_bound(rates, first, betas=betas)
    worst = max(
        float(step_bound(*betas, np.arange(1.0, 2e5)).max()), state_bound(*betas)
    )
    assert fresh == pytest.approx(rates.sum() * worst)


def test_the_motion_that_worst_gradients_make_is_bounded():
    betas, n, rate = (0.9, 0.95), 60, 1e-3
    worst = [(betas[0] / betas[1]) ** (n - t) for t in range(1, n + 1)]
    moved = sum(rate * step for *_, step in steps_of(worst, *betas))
    bound = motion_bound(np.full(n, rate), 0, betas=betas, fresh=False)
    assert 0.4 * bound < moved <= bound * (1 + 1e-12)


def test_only_decays_that_adam_can_have_lead_to_a_bound():
    assert bounded((0.9, 0.95))
    assert bounded((0.0, 0.5))
    for betas in [(0.9, 1.0), (0.9, 0.0), (1.0, 0.95), (-0.1, 0.95)]:
        assert not bounded(betas)
