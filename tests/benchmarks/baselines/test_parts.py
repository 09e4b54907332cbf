# SPDX-License-Identifier: Apache-2.0
"""The statistics inside the baselines, against enumeration and scipy."""

import itertools
import math

import numpy as np
import pytest
import scipy.stats
from benchmarks.accuracy.baselines.assignment import (
    best_assignment,
    cosines,
    log10_p,
    spearman,
)
from benchmarks.accuracy.baselines.awm import align, hsic
from benchmarks.accuracy.baselines.match import match
from benchmarks.accuracy.baselines.spectra import (
    distance_correlation,
    effective_rank,
    path_cost,
)


def test_assignment_is_optimal():
    table = np.random.default_rng(0).standard_normal((6, 6))
    best = max(
        sum(table[i, o[i]] for i in range(6)) for o in itertools.permutations(range(6))
    )
    order = best_assignment(table)
    assert table[np.arange(6), order].sum() == pytest.approx(best)


def test_cosines_of_zero_rows_are_zero():
    a = np.array([[0, 0], [3, 4]], dtype=np.float32)
    np.testing.assert_allclose(cosines(a, a), [[0, 0], [0, 1]])


@pytest.mark.parametrize("n", [5, 60])
def test_spearman_and_its_p_value_equal_scipy(n):
    rng = np.random.default_rng(n)
    for _ in range(5):
        a, b = rng.permutation(n), rng.permutation(n)
        expected = scipy.stats.spearmanr(a, b, alternative="greater")
        assert spearman(a, b) == pytest.approx(expected.statistic)
        assert 10 ** log10_p(spearman(a, b), n) == pytest.approx(expected.pvalue)


def test_p_value_goes_on_below_the_smallest_double():
    rho = np.linspace(0.8, 0.999999, 4000)
    values = [log10_p(r, 400) for r in rho]
    steps = np.diff(values)
    assert (steps <= 0).all()
    assert values[-1] < -800  # a double ends near -308
    # no jump where the closed form takes over from the t law
    near = steps[(np.array(values[1:]) > -260) & (np.array(values[1:]) < -150)]
    assert np.abs(np.diff(near)).max() < 0.01
    assert log10_p(1.0, 400) == pytest.approx(-math.lgamma(401) / math.log(10))
    assert log10_p(1.0, 3) == pytest.approx(-math.log10(6))
    assert log10_p(-1.0, 50) == pytest.approx(0.0)


def test_match_pads_blocks_of_unequal_width():
    rng = np.random.default_rng(1)
    gate, up = rng.standard_normal((2, 30, 50)).astype(np.float32)
    kept = rng.permutation(30)[:20]
    rho, n = match((gate[kept], up[kept]), (gate, up), sign_fix=False)
    assert n == 30
    assert rho > 0.9  # only the ten padded rows may disagree


def test_unbiased_hsic_is_zero_on_average_and_cka_of_itself_is_one():
    rng = np.random.default_rng(2)
    values = []
    for _ in range(400):
        grams = []
        for _ in range(2):
            x = rng.standard_normal((12, 5))
            gram = x @ x.T
            np.fill_diagonal(gram, 0)
            grams.append(gram)
        values.append(hsic(*grams) / np.sqrt(hsic(grams[0], grams[0])))
    assert abs(np.mean(values)) < 4 * np.std(values) / 20


def test_align_finds_a_signed_selection():
    rng = np.random.default_rng(3)
    wide = rng.standard_normal((300, 20)).astype(np.float32)
    kept = rng.permutation(20)[:12]
    sign = rng.choice([-1.0, 1.0], 12)
    i, j, found = align((wide[:, kept] * sign).astype(np.float32), wide)
    assert (j == kept[i]).all()
    assert (found == sign[i]).all()


def test_layers_are_aligned_in_order():
    rng = np.random.default_rng(4)
    layers = rng.standard_normal((7, 9))
    kept = layers[[0, 1, 3, 4, 6]]
    same = ((layers[:, None] - layers) ** 2).mean(-1)
    some = ((layers[:, None] - kept) ** 2).mean(-1)
    none = ((layers[:, None] - rng.standard_normal((5, 9))) ** 2).mean(-1)
    assert path_cost(same) == 0
    assert 0 < path_cost(some) < 0.6 * path_cost(none)


def test_effective_rank_and_distance_correlation():
    assert effective_rank(np.ones(8)) == pytest.approx(8, abs=1)
    assert effective_rank(np.array([1.0, 1e-9, 1e-9])) == 2
    points = np.random.default_rng(5).standard_normal((40, 2))
    assert distance_correlation(points, 3 * points @ [[0, 1], [1, 0]] + 2) == (
        pytest.approx(1.0)
    )
    other = np.random.default_rng(6).standard_normal((40, 2))
    assert distance_correlation(points, other) < 0.6
