# SPDX-License-Identifier: Apache-2.0
"""Which unit of one model is which unit of another, by a table of similarities."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
from scipy.optimize import linear_sum_assignment

if TYPE_CHECKING:
    from numpy.typing import NDArray

MOST_ASSIGNED = 4096
"""Larger tables are matched by mutual nearest units: an assignment costs ``n^3``."""


def unit_rows(rows: NDArray[np.floating]) -> NDArray[np.float32]:
    """Rows (last axis) scaled to length one; rows of zeros stay zero."""
    lengths = np.linalg.norm(rows, axis=-1, keepdims=True)
    out = np.zeros(rows.shape, dtype=np.float32)
    np.divide(rows, lengths, out=out, where=lengths > 0, casting="same_kind")
    return out


def mutual_nearest(
    similarity: NDArray[np.floating],
) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """Pairs of rows and columns of which each is the other's most similar one.

    Units without a counterpart (pruned away, or not read) mostly stay alone, which
    an assignment would not let them. Ties go to the smaller number.

    Args:
        similarity: ``(n, m)``.

    Returns:
        Rows, rising, and the column of each. Empty where the table is.
    """
    if not similarity.size:
        empty = np.zeros(0, dtype=np.int64)
        return empty, empty
    forward = similarity.argmax(axis=1)
    backward = similarity.argmax(axis=0)
    rows = np.flatnonzero(backward[forward] == np.arange(len(forward)))
    return rows.astype(np.int64), forward[rows].astype(np.int64)


def assign(
    similarity: NDArray[np.floating],
) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """The one-to-one matching with the largest sum, rows rising.

    A rectangular table leaves units of the larger side alone. Above
    :data:`MOST_ASSIGNED` units, mutual nearest ones.
    """
    if max(similarity.shape, default=0) > MOST_ASSIGNED:
        return mutual_nearest(similarity)
    rows, columns = linear_sum_assignment(similarity, maximize=True)
    return rows.astype(np.int64), columns.astype(np.int64)
