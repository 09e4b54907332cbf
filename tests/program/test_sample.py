# SPDX-License-Identifier: Apache-2.0
"""Draws from sets whose even distribution is known in closed form."""

import numpy as np
import pytest
from scipy import stats

from parentage.errors import ParentageError
from parentage.program.sample import draw
from parentage.program.system import System

DRAWS = 4000


def simplex(size, scale=1.0, low=0.0):
    system = System()
    numbers = [system.unknown(low, scale) for _ in range(size)]
    system.row(dict.fromkeys(numbers, 1.0), scale, scale)
    return system


def test_a_box_is_filled_evenly():
    system = System()
    for high in (1.0, 30.0, 0.01):
        system.unknown(0.0, high)
    points, ways = draw(system, DRAWS, 0)
    assert ways == 1
    for column, high in zip(points.T, (1.0, 30.0, 0.01), strict=True):
        # At 1e-4 a correct walk fails once in ten thousand seeds; the seed is fixed.
        assert stats.kstest(column / high, "uniform").pvalue > 1e-4


@pytest.mark.parametrize("size", [3, 8, 12])
def test_a_simplex_has_beta_margins(size):
    points, _ = draw(simplex(size), DRAWS, 1)
    assert np.allclose(points.sum(axis=1), 1.0)
    for column in points.T[:3]:
        assert stats.kstest(column, stats.beta(1, size - 1).cdf).pvalue > 1e-4


def test_a_long_thin_set_is_filled_along_its_whole_length():
    # A sliver 1000 times longer than wide, across both axes.
    system = System()
    x, y = system.unknown(0.0, 100.0), system.unknown(0.0, 100.0)
    system.row({x: 1.0, y: -1.0}, -0.05, 0.05)
    points, _ = draw(system, DRAWS, 2)
    assert stats.kstest(points[:, 0] / 100, "uniform").pvalue > 1e-4
    assert np.abs(points[:, 0] - points[:, 1]).max() <= 0.05 + 1e-9


def test_every_draw_fits():
    system = simplex(6, 10.0)
    system.row({0: 1.0, 1: -1.0}, 0.5, np.inf)
    points, _ = draw(system, 500, 3)
    assert (points >= -1e-9).all()
    assert (points[:, 0] - points[:, 1] >= 0.5 - 1e-6).all()


def test_a_single_point_is_drawn_every_time():
    points, _ = draw(simplex(3, 0.0), 5, 0)
    assert np.allclose(points, 0.0)


def test_ways_to_choose_are_equally_likely():
    # Somebody has 10: either of two, and the other anything below.
    system = System()
    numbers = [system.unknown(0.0, 10.0) for _ in range(2)]
    choices = {}
    for number in numbers:
        choice = system.unknown(0, 1, whole=True)
        choices[choice] = 1.0
        system.row({number: 1.0, choice: -10.0}, 0.0, np.inf)
    system.row(choices, 1.0, np.inf)
    points, ways = draw(system, DRAWS, 4)
    assert ways == 2
    first = points[:, 0] > 10 - 1e-9
    assert stats.binomtest(int(first.sum()), DRAWS).pvalue > 1e-4
    assert stats.kstest(points[first, 1] / 10, "uniform").pvalue > 1e-4


def test_the_same_seed_gives_the_same_draws():
    assert np.array_equal(draw(simplex(4), 50, 9)[0], draw(simplex(4), 50, 9)[0])
    assert not np.array_equal(draw(simplex(4), 50, 9)[0], draw(simplex(4), 50, 8)[0])


def test_nothing_that_fits_is_an_error():
    system = simplex(2)
    system.row({0: 1.0}, 2.0, 3.0)
    with pytest.raises(ParentageError, match="no scores fit"):
        draw(system, 5, 0)
