# SPDX-License-Identifier: Apache-2.0
"""Fixed points: how many units have their own number as nearest neighbour."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

TILE = 1024


def count_fixed_points(
    candidate: NDArray[np.float32], reference: NDArray[np.float32]
) -> int:
    """Units whose nearest unit of the reference (by cosine) has the same number.

    Args:
        candidate, reference: ``(n, f)``, the same units of both models.

    Returns:
        The number of fixed points of ``i -> argmax_j cos(c_i, r_j)``. Units of norm
        zero never count, and neither does a tie (identical reference units), so
        that constant tensors give none.
    """
    c = _unit_rows(candidate)
    r = _unit_rows(reference)
    n = c.shape[0]
    fixed = 0
    for start in range(0, n, TILE):
        rows = np.arange(start, min(n, start + TILE))
        similarity = c[rows] @ r.T
        own = similarity[rows - start, rows].copy()
        similarity[rows - start, rows] = -np.inf
        # A margin above float noise: copies of one unit must not count as matches.
        other = similarity.max(axis=1) if n > 1 else np.full(len(rows), -np.inf)
        fixed += int(((own > other + 1e-6) & (own > 0)).sum())
    return fixed


def _unit_rows(rows: NDArray[np.float32]) -> NDArray[np.float32]:
    norms = np.linalg.norm(rows, axis=1, keepdims=True)
    out: NDArray[np.float32] = np.divide(
        rows, norms, out=np.zeros_like(rows), where=norms > 0
    )
    return out
