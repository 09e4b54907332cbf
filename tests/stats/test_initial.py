# SPDX-License-Identifier: Apache-2.0
"""Independent draws pass in every family, shape and number format; traces are seen."""

import numpy as np
import pytest
from scipy import stats as sps

from parentage.stats import initial as unit
from parentage.stats.initial import KURTOSIS, SHAPES, TESTS, cumulative, initial

REFERENCE = {
    "normal": sps.norm(),
    "uniform": sps.uniform(-(3**0.5), 2 * 3**0.5),
    "truncated-2": sps.truncnorm(-2, 2),
    "truncated-3": sps.truncnorm(-3, 3),
}


def draw(shape, size, rng, std=0.02):
    found = REFERENCE[shape].rvs(size=size, random_state=rng)
    return found / REFERENCE[shape].std() * std


@pytest.mark.parametrize("shape", SHAPES)
def test_families_are_those_of_scipy(shape):
    law = REFERENCE[shape]
    points = np.linspace(-4, 4, 201)
    expected = law.cdf(points * law.std())
    assert np.allclose(cumulative(points, shape), expected, atol=1e-12)
    assert KURTOSIS[shape] == pytest.approx(float(law.stats("k")) + 3, rel=1e-9)


@pytest.mark.parametrize("shape", SHAPES)
def test_p_values_of_independent_draws_are_not_too_small(shape):
    """Upper bounds or approximations: the share below 0.001 is at most about that."""
    rng = np.random.default_rng(SHAPES.index(shape))
    sizes = [(64, 64), (64, 300), (300, 64), (20, 800)]
    rows = []
    for number in range(300):
        matrix = draw(shape, sizes[number % len(sizes)], rng)
        found = initial(matrix, None, rng=rng, shapes=(shape,))
        rows.append([found.log10_p[name] for name in TESTS])
    table = np.array(rows)
    # 300 draws: 3 below 1e-3 would be met once in 30 times.
    assert ((table < -3).sum(axis=0) <= 3).all()
    assert table.min() > -6
    # None of the tests is a constant.
    assert (table.std(axis=0) > 0).all()


@pytest.mark.parametrize("shape", SHAPES)
def test_families_are_recognised(shape):
    rng = np.random.default_rng(8)
    found = initial(draw(shape, (512, 512), rng), None, rng=rng)
    assert found.shape == shape


@pytest.mark.parametrize("shape", SHAPES)
def test_rounding_does_not_matter(shape):
    rng = np.random.default_rng(7)
    cell = 0.05 * 0.02
    matrix = np.round(draw(shape, (256, 256), rng) / cell) * cell
    step = np.full(matrix.shape, cell)
    found = initial(matrix, step, rng=rng)
    assert found.std == pytest.approx(0.02, rel=0.02)
    assert found.worst[1] > -5
    # Without the draws inside the cells the steps themselves are seen.
    assert initial(matrix, None, rng=rng).worst[1] < found.worst[1]


def heavy(rng):
    return rng.standard_t(4, (128, 128))


def spiked(rng):
    a = rng.standard_normal((128, 128))
    u, v = rng.standard_normal((2, 128))
    return a + 25 * np.outer(u, v) / np.linalg.norm(u) / np.linalg.norm(v)


def uneven_rows(rng):
    return rng.standard_normal((128, 128)) * rng.uniform(0.8, 1.2, (128, 1))


def uneven_columns(rng):
    return uneven_rows(rng).T


def shifted(rng):
    return rng.standard_normal((128, 128)) + 0.1


@pytest.mark.parametrize(
    ("make", "test"),
    [
        (heavy, "shape"),
        (spiked, "spectrum"),
        (uneven_rows, "rows"),
        (uneven_columns, "columns"),
        (shifted, "mean"),
        (shifted, "signs"),
    ],
)
def test_every_trace_is_seen_by_its_test(make, test):
    found = initial(make(np.random.default_rng(3)), None, rng=np.random.default_rng(4))
    assert found.log10_p[test] < -9
    assert found.worst[1] < -8


def test_orthogonal_matrices_have_no_singular_value_beyond_the_edge():
    q, _ = np.linalg.qr(np.random.default_rng(5).standard_normal((128, 128)))
    found = initial(q, None, rng=np.random.default_rng(6))
    assert found.log10_p["spectrum"] == 0.0
    assert found.edge == pytest.approx(0.5, abs=0.01)


def test_constants_and_tiny_matrices():
    rng = np.random.default_rng(0)
    assert initial(np.zeros((8, 8)), None, rng=rng) is None
    assert initial(np.ones((2, 2)), None, rng=rng) is None
    small = initial(rng.standard_normal((8, 8)), None, rng=rng)
    assert small.edge is None
    assert "spectrum" not in small.log10_p


def test_bound_of_massart_holds():
    """The bound is never below the exact distribution of Kolmogorov and Smirnov."""
    values = np.random.default_rng(1).standard_normal(2000)
    exact = sps.kstest(values, "norm")
    bound = unit.shape_log10_p(values, "normal")
    assert 10**bound >= exact.pvalue * 0.999
