# SPDX-License-Identifier: Apache-2.0
"""Runs of equal values at different places: pasted stretches of a log.

Two noisy curves rarely agree to the last digit for several values in a row. How rarely
is counted from the curve itself: the share of nearby values that equal a value is the
chance that another place holds it too.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

import numpy as np
import numpy.typing as npt

Floats = npt.NDArray[np.float64]

SHORTEST: Final = 6
"""Runs are looked for from this length on."""

NEAR: Final = 200
"""Values on each side among which the chance of a value is counted."""

CROWDED: Final = 20
"""A pattern that occurs more often than this is no trace of a copy."""


@dataclass(frozen=True)
class Repeat:
    """A run of equal values.

    Attributes:
        a, b: index of its first value in the first and the second sequence.
        length: values in the run.
        log10_p: bound on the chance of such a run anywhere, by counting.
    """

    a: int
    b: int
    length: int
    log10_p: float


def repeated_runs(first: Floats, second: Floats | None = None) -> list[Repeat]:
    """Runs of equal values in one sequence, or in two.

    Args:
        first: values in order.
        second: those of another log; ``None`` looks within the first.

    Returns:
        Longest possible runs of at least :data:`SHORTEST` values, most unlikely
        first. Runs of one sequence with itself do not overlap.
    """
    within = second is None
    other = first if second is None else second
    if min(len(first), len(other)) < SHORTEST:
        return []
    places: dict[bytes, list[int]] = {}
    for j in range(len(other) - SHORTEST + 1):
        piece = other[j : j + SHORTEST]
        if len(np.unique(piece)) >= SHORTEST // 2:
            places.setdefault(piece.tobytes(), []).append(j)
    chance = _log10_chance(first)
    pairs = np.log10(len(first)) + np.log10(len(other))
    found: list[Repeat] = []
    done: dict[int, int] = {}  # offset -> index in first up to which it is covered
    for i in range(len(first) - SHORTEST + 1):
        where = places.get(first[i : i + SHORTEST].tobytes(), [])
        if len(where) > CROWDED:
            continue
        for j in where:
            offset = j - i
            if (within and offset < SHORTEST) or done.get(offset, -1) >= i:
                continue
            length = _length(first, other, i, j, offset if within else None)
            done[offset] = i + length - 1
            log10_p = float(chance[i : i + length].sum() + pairs)
            found.append(Repeat(i, j, length, min(log10_p, 0.0)))
    return sorted(found, key=lambda r: r.log10_p)


def _length(a: Floats, b: Floats, i: int, j: int, most: int | None) -> int:
    room = min(len(a) - i, len(b) - j, most or len(a))
    differ = np.flatnonzero(a[i : i + room] != b[j : j + room])
    return int(differ[0]) if len(differ) else room


def _log10_chance(values: Floats) -> Floats:
    """For each value the log10 share of values near it that are equal to it.

    A value that is alone counts as one in all the values near it: with a finer look
    it would be rarer still, so the bound errs towards chance.
    """
    _, codes = np.unique(values, return_inverse=True)
    count = len(values)
    shares = np.empty(count)
    window: dict[int, int] = {}
    low = high = 0
    for i in range(count):
        while high < min(count, i + NEAR + 1):
            window[codes[high]] = window.get(codes[high], 0) + 1
            high += 1
        while low < i - NEAR:
            window[codes[low]] -= 1
            low += 1
        shares[i] = window[codes[i]] / (high - low)
    return np.log10(shares)
