# SPDX-License-Identifier: Apache-2.0
"""Claimed labels: exact under the null, powerful, and another order is named."""

from itertools import permutations

import numpy as np
import pytest

from parentage.stats.claimed import fit_claim


def table_of(label, rng, strength):
    table = rng.standard_normal((len(label), int(label.max()) + 1))
    table[np.arange(len(label)), label] += strength
    return table


def test_p_values_are_uniform_where_labels_mean_nothing():
    rng = np.random.default_rng(5)
    label = np.repeat(np.arange(3), 8)
    found = [
        fit_claim(rng.standard_normal((24, 3)), label, seed=i, deals=199)
        for i in range(200)
    ]
    for p in ([f.p for f in found], [f.best_p for f in found]):
        below = [np.mean(np.array(p) <= level) for level in (0.05, 0.2, 0.5)]
        assert np.allclose(below, (0.05, 0.2, 0.5), atol=(0.05, 0.09, 0.11))


def test_the_p_value_is_that_of_all_deals():
    rng = np.random.default_rng(8)
    label = np.array([0, 0, 1, 1, 2, 2])
    table = table_of(label, rng, 1.0)
    scaled = (table - table.mean(0)) / table.std(0)
    rows = np.arange(6)
    value = scaled[rows, label].mean()
    every = [scaled[rows, list(d)].mean() for d in permutations(label.tolist())]
    exact = np.mean(np.array(every) >= value - 1e-12)
    found = fit_claim(table, label, deals=20_000)
    assert found.value == pytest.approx(value)
    assert found.p == pytest.approx(exact, abs=4 * np.sqrt(exact / 20_000) + 1e-4)


def test_true_labels_are_found_and_swapped_ones_named():
    rng = np.random.default_rng(2)
    label = np.repeat(np.arange(4), 12)
    table = table_of(label, rng, 1.2)
    own = fit_claim(table, label, deals=999)
    assert own.p == own.best_p == 0.001
    assert own.renamed == (0, 1, 2, 3)
    turned = fit_claim(table, 3 - label, deals=999)
    assert turned.p > 0.5
    assert (turned.best_p, turned.renamed) == (0.001, (3, 2, 1, 0))
