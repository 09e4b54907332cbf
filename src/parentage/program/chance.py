# SPDX-License-Identifier: Apache-2.0
"""The error of a share that was counted in independent draws."""

from __future__ import annotations

from typing import Final

from scipy.special import betaincinv

from parentage.program.simulation import Chance

CONFIDENCE: Final = 0.95


def chance_of(hits: int, draws: int) -> Chance:
    """A share with the interval of Clopper and Pearson, which never covers too rarely.

    Args:
        hits: draws in which it happened.
        draws: all of them, at least one.
    """
    tail = (1 - CONFIDENCE) / 2
    low = 0.0 if hits == 0 else float(betaincinv(hits, draws - hits + 1, tail))
    high = 1.0
    if hits < draws:
        high = float(betaincinv(hits + 1, draws - hits, 1 - tail))
    return Chance(share=hits / draws, low=round(low, 6), high=round(high, 6))
