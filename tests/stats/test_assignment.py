# SPDX-License-Identifier: Apache-2.0
"""Matching of units by a table of similarities."""

import itertools

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from parentage.stats import assignment
from parentage.stats.assignment import assign, mutual_nearest, unit_rows

tables = st.tuples(st.integers(1, 5), st.integers(1, 5), st.integers(0, 10_000)).map(
    lambda s: np.random.default_rng(s[2]).standard_normal(s[:2])
)


@given(tables)
def test_mutual_pairs_are_largest_in_row_and_column(table):
    rows, columns = mutual_nearest(table)
    assert len(rows) >= 1  # the largest entry of all is always one
    for i, j in zip(rows, columns, strict=True):
        assert table[i, j] == table[i].max() == table[:, j].max()


@given(tables)
def test_assignment_is_the_best_of_all(table):
    rows, columns = assign(table)
    tall = table if table.shape[0] <= table.shape[1] else table.T
    n, m = tall.shape
    best = max(
        sum(tall[i, j] for i, j in enumerate(p))
        for p in itertools.permutations(range(m), n)
    )
    assert np.isclose(table[rows, columns].sum(), best)


def test_large_tables_are_matched_by_mutual_nearest_units(monkeypatch):
    monkeypatch.setattr(assignment, "MOST_ASSIGNED", 3)
    order = np.array([2, 0, 3, 1])
    rows, columns = assign(np.eye(4)[order])
    assert rows.tolist() == [0, 1, 2, 3]
    assert columns.tolist() == order.tolist()


def test_rows_of_zeros_stay_zero():
    rows = unit_rows(np.array([[3.0, 4.0], [0.0, 0.0]]))
    np.testing.assert_allclose(rows, [[0.6, 0.8], [0, 0]], rtol=1e-6)
    assert rows.dtype == np.float32


def test_empty_tables_have_no_pairs():
    assert [len(x) for x in mutual_nearest(np.zeros((0, 3)))] == [0, 0]
