# SPDX-License-Identifier: Apache-2.0
"""Stretches of a curve that lie on a straight line up to rounding."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

import numpy as np
import numpy.typing as npt

Floats = npt.NDArray[np.float64]

SHORTEST: Final = 6


@dataclass(frozen=True)
class Straight:
    """A stretch on a line.

    Attributes:
        start: index of its first value.
        length: values in it.
        log10_p: bound on the chance of such a stretch anywhere, by counting.
    """

    start: int
    length: int
    log10_p: float


def resolution(values: Floats) -> float:
    """Distance between two neighbouring values that can be written: ``1e-4``, say.

    0 where values carry more than eight decimals, as numbers that were never rounded
    do.
    """
    for digits in range(9):
        scaled = values * 10.0**digits
        if np.all(np.abs(scaled - np.round(scaled)) < 1e-4 + 1e-9 * np.abs(scaled)):
            return float(10.0**-digits)
    return 0.0


def straight_runs(values: Floats, steps: Floats) -> list[Straight]:
    """Stretches of at least :data:`SHORTEST` values on a sloping line.

    A stretch is on a line if every second difference is within twice the rounding.
    How often that happens by chance is counted beside the stretch, over as many values
    again on each side.

    Args:
        values: the curve in order.
        steps: their steps; lines are looked for only where steps are evenly spaced.
    """
    if len(values) < SHORTEST + 2:
        return []
    grain = max(resolution(values), 1e-9 * float(np.max(np.abs(values))))
    second = np.abs(np.diff(values, 2))
    even = np.abs(np.diff(steps, 2)) < 0.5
    on_line = (second <= 2.01 * grain) & even
    edges = np.flatnonzero(np.diff(np.r_[False, on_line, False].astype(int)))
    found = []
    for start, end in zip(edges[::2], edges[1::2], strict=True):
        length = int(end - start) + 2
        stretch = values[start : start + length]
        rise = abs(stretch[-1] - stretch[0])
        # A level stretch, and one of a few grains, is what rounding makes of a plateau.
        if length < SHORTEST or rise <= 4 * grain:
            continue
        around = max(100, length)
        beside = np.r_[on_line[max(0, start - around) : start], on_line[end:][:around]]
        share = (beside.sum() + 1) / (len(beside) + 2)
        log10_p = (end - start) * np.log10(share) + np.log10(len(values))
        found.append(Straight(int(start), length, float(min(log10_p, 0.0))))
    return sorted(found, key=lambda s: s.log10_p)
