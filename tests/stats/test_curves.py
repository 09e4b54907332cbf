# SPDX-License-Identifier: Apache-2.0
"""Statistics of curves against noise and formulas of known size."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from parentage.stats.curve_noise import noise_level, window_noise
from parentage.stats.power_law import fit_power_law
from parentage.stats.repeats import repeated_runs
from parentage.stats.schedules import Schedule, agreement
from parentage.stats.straight_runs import resolution, straight_runs


@given(st.integers(0, 1000), st.floats(1e-4, 10))
@settings(deadline=None, max_examples=30)
def test_noise_level_is_the_standard_deviation_whatever_the_slope(seed, sd):
    rng = np.random.default_rng(seed)
    curve = np.linspace(5, -3, 4000) + sd * rng.standard_normal(4000)
    assert noise_level(curve) == pytest.approx(sd, rel=0.12)


def test_independent_noise_on_a_power_law_does_not_wander():
    step = np.arange(4000.0)
    found = []
    for seed in range(40):
        noise = 0.05 * np.random.default_rng(seed).standard_normal(4000)
        fit = fit_power_law(step, 2 + 5 * (step + 40) ** -0.4 + noise)
        found.append(fit.wander)
        assert fit.exponent == pytest.approx(0.4, rel=0.4)
    assert 0.7 < np.mean(found) < 1.3
    assert max(found) < 2.2


def test_runs_of_equal_values_are_found_with_their_places_and_chance():
    rng = np.random.default_rng(3)
    values = np.round(rng.standard_normal(3000), 4)
    assert not repeated_runs(values)
    values[2000:2030] = values[100:130]
    (run,) = repeated_runs(values)
    assert (run.a, run.b, run.length) == (100, 2000, 30)
    assert run.log10_p < -40
    plateau = np.r_[rng.standard_normal(200), np.zeros(500)]
    assert not [r for r in repeated_runs(plateau) if r.log10_p < -1]


def test_coarse_values_repeat_by_chance_and_are_called_so():
    rng = np.random.default_rng(5)
    values = np.round(2 * rng.standard_normal(3000))
    assert all(run.log10_p > -6 for run in repeated_runs(values))


def test_lines_are_found_where_noise_surrounds_them():
    rng = np.random.default_rng(4)
    step = np.arange(2000.0)
    values = np.round(5 - step / 1000 + 0.05 * rng.standard_normal(2000), 4)
    assert not straight_runs(values, step)
    values[900:960] = np.round(np.linspace(4.1, 4.03, 60), 4)
    (line,) = straight_runs(values, step)[:1]
    assert line.start <= 901
    assert line.start + line.length >= 958
    assert line.log10_p < -30


def test_a_quiet_window_is_held_against_both_sides():
    rng = np.random.default_rng(6)
    values = rng.standard_normal(3000)
    assert np.nanmax(window_noise(values).drop) < 3
    values[1500:1800] *= 0.01
    assert window_noise(values).drop[32] > 50
    falling = np.r_[rng.standard_normal(1500), 0.01 * rng.standard_normal(1500)]
    assert np.nanmax(window_noise(falling).drop) < 3


@pytest.mark.parametrize("digits", range(1, 7))
def test_resolution_is_that_of_the_writer(digits):
    values = np.round(np.random.default_rng(1).standard_normal(200), digits)
    assert resolution(values) == pytest.approx(10.0**-digits)


@pytest.mark.parametrize("family", ["cosine", "linear", "wsd", "inverse-sqrt"])
def test_a_schedule_agrees_with_itself_and_with_no_other(family):
    step = np.arange(0.0, 1000)
    made = Schedule(family, 1e-3, 50, 1000, 1e-5, 200)
    rate = np.round(made.rate(step + 1), 7)
    same = agreement(made, step, rate, grain=1e-7, tolerance=0.01)
    assert same.off == 0
    for other in {"cosine", "linear", "wsd", "inverse-sqrt"} - {family}:
        wrong = Schedule(other, 1e-3, 50, 1000, 1e-5, 200)
        assert agreement(wrong, step, rate, grain=1e-7, tolerance=0.01).off > 0.3
