# SPDX-License-Identifier: Apache-2.0
"""What a test would have found: no "no dependence" without this number."""

from __future__ import annotations

import math
from collections.abc import Sequence
from statistics import NormalDist

from parentage.stats.tails import binomial_critical

_NORMAL = NormalDist()


def heads_probability(correlation: float, features: float) -> float:
    """Chance that a coin agrees when unit rows have that element correlation.

    ``P(<c, r> > 0)`` with ``r = rho c + sqrt(1 - rho^2) noise`` over ``features``
    independent features: ``Phi(rho sqrt(features) / sqrt(1 - rho^2))``.
    """
    if correlation >= 1:
        return 1.0
    return _NORMAL.cdf(
        correlation * math.sqrt(features) / math.sqrt(1 - correlation**2)
    )


def detectable_correlation(
    groups: Sequence[tuple[int, float]],
    log10_alpha: float,
    probability: float = 0.99,
) -> float | None:
    """Smallest element correlation found with the given probability.

    Args:
        groups: (coins, effective features of a coin) for each group pooled into the
            one binomial.
        log10_alpha: level the p-value must reach, after correction for the family.
        probability: wanted probability of detection.

    Returns:
        The correlation, or ``None`` where no correlation would be found because
        there are too few coins. Normal approximation of the sum of heads.
    """
    trials = sum(n for n, _ in groups)
    critical = binomial_critical(trials, log10_alpha)
    if critical is None:
        return None
    margin = _NORMAL.inv_cdf(probability)

    def found(correlation: float) -> bool:
        mean = variance = 0.0
        for n, features in groups:
            p = heads_probability(correlation, features)
            mean += n * p
            variance += n * p * (1 - p)
        return mean - margin * math.sqrt(variance) >= critical - 0.5

    low, high = 0.0, 1.0
    if not found(high):
        return None
    for _ in range(50):
        middle = (low + high) / 2
        if found(middle):
            high = middle
        else:
            low = middle
    return high
