# SPDX-License-Identifier: Apache-2.0
"""Ranks among controls of which only the upper tail was kept."""

from __future__ import annotations

import math
from bisect import bisect_left
from dataclasses import dataclass


@dataclass(frozen=True)
class Tail:
    """Scores of known-independent comparisons.

    Attributes:
        count: number of controls.
        largest: the largest of them, rising; all of them where they are few.
    """

    count: int
    largest: tuple[float, ...]

    def __post_init__(self) -> None:
        if len(self.largest) > self.count or list(self.largest) != sorted(self.largest):
            message = f"{len(self.largest)} of {self.count} controls, or not rising"
            raise ValueError(message)

    @classmethod
    def of(cls, scores: list[float], keep: int) -> Tail:
        """The tail of scores, of which ``keep`` are kept."""
        return cls(len(scores), tuple(sorted(scores)[-keep:]))

    def log10_p(self, value: float) -> float:
        """``log10`` of ``(1 + number of controls at least as large) / (count + 1)``.

        Valid where the value is exchangeable with the controls, and never below
        ``1 / (count + 1)``: more cannot be known from them. At the smallest score that
        was kept and below it the answer is 0 (p = 1), which is never too small: equal
        ones may have been left out.
        """
        cut = len(self.largest) < self.count
        if not self.largest or (cut and value <= self.largest[0]):
            return 0.0
        above = len(self.largest) - bisect_left(self.largest, value)
        return math.log10((1 + above) / (self.count + 1))

    @property
    def floor(self) -> float:
        """The smallest ``log10 p`` that these controls can give."""
        return -math.log10(self.count + 1)

    @property
    def maximum(self) -> float | None:
        """The largest control."""
        return self.largest[-1] if self.largest else None
