# SPDX-License-Identifier: Apache-2.0
"""Which requests fetch a set of ranges: neighbours together, large ones in parts."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Final

GAP: Final = 4096
"""Bytes between two ranges that are rather read than answered with one request more.

They count as read. At 100 MB/s and 16 connections one request with 50 ms of latency
takes as long as 300 kB, but the bytes are what a budget limits: 4 kB keeps what is
read in vain below a twentieth of a plan's rectangles, whose size is 32 kB and more.
"""

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
        gap: ranges with at most so many bytes between them are taken together.
        longest: spans are cut so that none is longer.
    """
    merged: list[list[int]] = []
    for offset, length in sorted(ranges):
        if length <= 0:
            continue
        end = offset + length
        if merged and offset - merged[-1][1] <= gap:
            merged[-1][1] = max(merged[-1][1], end)
        else:
            merged.append([offset, end])
    return [
        (start, min(start + longest, end))
        for begin, end in merged
        for start in range(begin, end, longest)
    ]
