# SPDX-License-Identifier: Apache-2.0
"""What would have been found: the number that goes with every non-detection."""

from __future__ import annotations

import math
from collections.abc import Iterator

from parentage.evidence.base import Evidence
from parentage.evidence.module import ModuleEvidence
from parentage.stats.blocks import detectable_by_blocks
from parentage.stats.power import detectable_correlation
from parentage.verdict.finding import Criteria


def detectable(item: ModuleEvidence, family: int, criteria: Criteria) -> float | None:
    """Smallest element correlation that would have accused this module.

    Args:
        item: the module's evidence.
        family: number of exact tests in the audit.
        criteria: level, and the probability that goes with the statement.

    Returns:
        The correlation, or ``None`` where no copy could be told from chance.
    """
    level = criteria.log10_alpha - math.log10(family) - item.search
    groups = [g for g in item.coin_groups() if g[0] > 0]
    if groups:
        return detectable_correlation(groups, level, criteria.power)
    found = [
        power
        for e in item.evidence
        if e.residual_group and e.n > 0
        for power in _residual_power(e, level, criteria.power)
    ]
    return min(found, default=None)


def _residual_power(e: Evidence, level: float, power: float) -> Iterator[float]:
    """What the statistics of one residual test find, each paying for the others."""

    def detail(name: str, otherwise: float) -> float:
        return float(str(e.details.get(name, otherwise)))

    blocks = int(detail("blocks", 0))
    level -= math.log10(3 if blocks else 2)
    coins = [(e.n, detail("effective features", 1.0))]
    features = detail("effective features in blocks", 1.0)
    for found in (
        detectable_correlation(coins, level, power),
        detectable_by_blocks(blocks, features, level, power),
    ):
        if found is not None:
            yield found
