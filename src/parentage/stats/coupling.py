# SPDX-License-Identifier: Apache-2.0
"""How two noisy curves move together from one step to the next.

Level and slope are taken out by the mean of the neighbours of each value, and what is
left is ranked in short windows, so that neither a trend that both curves have nor
changes of the noise along them count. What remains is whether the same single steps
stick out of both.
"""

from __future__ import annotations

from typing import Final

import numpy as np
import numpy.typing as npt

Floats = npt.NDArray[np.float64]

SIDE: Final = 8
"""Neighbours on each side that a value is held against."""

WINDOW: Final = 50
"""Values that are ranked together."""


def without_trend(values: Floats, side: int = SIDE) -> Floats:
    """Each value less the mean of its neighbours; beyond the ends the curve is turned.

    Args:
        values: at least ``side + 1`` of them.
        side: neighbours on each side.
    """
    kernel = np.r_[np.ones(side), 0.0, np.ones(side)] / (2 * side)
    around = np.pad(values, side, mode="reflect", reflect_type="odd")
    rest: Floats = values - np.convolve(around, kernel, "valid")
    return rest


def coupling(a: Floats, b: Floats) -> float:
    """Correlation of the windowed ranks of two curves without their trends.

    Args:
        a, b: of equal length, at least two windows long, in the order of steps.

    Returns:
        Between -1 and 1. Of curves whose noise is independent its mean is 0 and its
        standard deviation about ``1 / sqrt(n)``; ``nan`` where one has no noise.
    """
    ranks = [_ranked(without_trend(curve)) for curve in (a, b)]
    scale = np.sqrt(np.sum(ranks[0] ** 2) * np.sum(ranks[1] ** 2))
    return float(np.sum(ranks[0] * ranks[1]) / scale) if scale > 0 else float("nan")


def centred_ranks(values: Floats) -> Floats:
    """Ranks over their number, less their mean; ties share their mean rank."""
    _, place, count = np.unique(values, return_inverse=True, return_counts=True)
    middle = np.cumsum(count) - (count - 1) / 2
    ranks = middle[place] / max(len(values), 1)
    centred: Floats = ranks - ranks.mean()
    return centred


def _ranked(values: Floats) -> Floats:
    """Ranks within windows."""
    parts = np.array_split(values, max(1, len(values) // WINDOW))
    return np.concatenate([centred_ranks(part) for part in parts])
