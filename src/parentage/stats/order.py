# SPDX-License-Identifier: Apache-2.0
"""The order test: matches that run upward, as after pruning in order.

Units of a narrower model are matched to their nearest units of a wider one. Had the
candidate's units been numbered at random, any ``k`` of the matches would run upward
with probability at most ``1/k!``; so the longest strictly increasing subsequence has
``P(length >= k) <= C(n, k) / k!`` (methods.md 9.3), whatever the matching rule.
"""

from __future__ import annotations

import bisect
import math

import numpy as np
from numpy.typing import NDArray

from parentage.stats.tails import LOG10_E


def longest_increasing(values: NDArray[np.integer]) -> NDArray[np.int64]:
    """Positions of a longest strictly increasing subsequence (patience sorting)."""
    tails: list[int] = []
    where: list[int] = []
    before = np.full(len(values), -1, dtype=np.int64)
    for i, value in enumerate(values.tolist()):
        at = bisect.bisect_left(tails, value)
        if at == len(tails):
            tails.append(value)
            where.append(i)
        else:
            tails[at] = value
            where[at] = i
        before[i] = where[at - 1] if at else -1
    chain = []
    i = where[-1] if where else -1
    while i >= 0:
        chain.append(i)
        i = int(before[i])
    return np.array(chain[::-1], dtype=np.int64)


def log10_order(length: int, units: int) -> float:
    """Bound on the chance of an increasing run of that length among ``units``."""
    if not 0 <= length <= units:
        message = f"an increasing run of {length} among {units}"
        raise ValueError(message)
    choose = (
        math.lgamma(units + 1)
        - math.lgamma(length + 1)
        - math.lgamma(units - length + 1)
    )
    return min(0.0, (choose - math.lgamma(length + 1)) * LOG10_E)


def nearest(
    candidate: NDArray[np.float32], reference: NDArray[np.float32]
) -> tuple[NDArray[np.int64], NDArray[np.float32]]:
    """For every candidate row the nearest reference row by cosine, and that cosine."""

    def unit(rows: NDArray[np.float32]) -> NDArray[np.float32]:
        norms = np.linalg.norm(rows, axis=1, keepdims=True)
        out: NDArray[np.float32] = np.divide(
            rows, norms, out=np.zeros_like(rows), where=norms > 0
        )
        return out

    similarity = unit(candidate) @ unit(reference).T
    best = np.argmax(similarity, axis=1)
    return best.astype(np.int64), similarity[np.arange(len(best)), best]
