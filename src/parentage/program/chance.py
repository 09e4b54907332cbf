# SPDX-License-Identifier: Apache-2.0
"""The error of a share that was counted in independent draws."""

from __future__ import annotations

from parentage.program.simulation import Chance
from parentage.stats.rates import clopper_pearson


def chance_of(hits: int, draws: int) -> Chance:
    """A share with the interval of Clopper and Pearson, which never covers too rarely.

    Args:
        hits: draws in which it happened.
        draws: all of them, at least one.
    """
    low, high = clopper_pearson(hits, draws)
    return Chance(share=hits / draws, low=round(low, 6), high=round(high, 6))
