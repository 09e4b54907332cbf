# SPDX-License-Identifier: Apache-2.0
"""Which requests fetch a set of ranges: neighbours together, large ones in parts."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Final

GAP: Final = 512
"""Bytes between two ranges that are rather read than answered with one request more.

The headers of a request and of its answer weigh about as much. They count as read.
"""

SHARE: Final = 32
"""Of what is wanted, one part in so many may be read in vain between ranges: what a
budget allows must not be exceeded by more."""

LONGEST: Final = 1 << 22
"""Bytes of one request: larger ranges are split, so that parts arrive side by side."""

Span = tuple[int, int]
"""Half-open byte range ``(begin, end)``."""


def coalesce(
    ranges: Iterable[tuple[int, int]], *, gap: int = GAP, longest: int = LONGEST
) -> list[Span]:
    """Spans that cover (offset, length) ranges, in rising order, without overlap.

    Args:
        ranges: what will be read, in any order, possibly overlapping.
        gap: ranges with at most so many bytes between them are taken together, as
            long as all gaps together are a small share of the ranges.
        longest: spans are cut so that none is longer.
    """
    wanted = sorted((offset, length) for offset, length in ranges if length > 0)
    room = sum(length for _, length in wanted) // SHARE
    merged: list[list[int]] = []
    for offset, length in wanted:
        end = offset + length
        between = offset - merged[-1][1] if merged else gap + 1
        if between <= 0 or (between <= gap and between <= room):
            room -= max(between, 0)
            merged[-1][1] = max(merged[-1][1], end)
        else:
            merged.append([offset, end])
    return [
        (start, min(start + longest, end))
        for begin, end in merged
        for start in range(begin, end, longest)
    ]
