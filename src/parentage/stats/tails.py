# SPDX-License-Identifier: Apache-2.0
"""Tail probabilities in log10, far below what a double can hold.

Every function returns ``log10 p`` (at most 0). None of them underflows: p-values of
1e-3000 are ordinary here.
"""

from __future__ import annotations

import math
from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

LOG10_E = math.log10(math.e)
LN2 = math.log(2.0)


def _ln_choose(n: int, k: int) -> float:
    return math.lgamma(n + 1) - math.lgamma(k + 1) - math.lgamma(n - k + 1)


def log10_binomial_tail(successes: int, trials: int) -> float:
    """``log10 P(X >= successes)`` for ``X ~ Binomial(trials, 1/2)``, exactly.

    Args:
        successes: observed number, 0 to ``trials``.
        trials: number of fair coins.

    Raises:
        ValueError: if the counts are impossible.

    The upper tail is summed in logarithms outward from ``successes``. Below the
    middle the complement is summed instead, so the result is exact on both sides.
    """
    if not 0 <= successes <= trials:
        message = f"{successes} successes in {trials} trials"
        raise ValueError(message)
    if successes == 0:
        return 0.0
    if 2 * successes > trials:
        return _ln_upper(successes, trials) * LOG10_E
    ln_lower = _ln_upper(trials - successes + 1, trials)
    return math.log1p(-math.exp(ln_lower)) * LOG10_E


def _ln_upper(k: int, n: int) -> float:
    """``ln P(X >= k)`` for ``k > n/2``: the terms fall from the first on."""
    first = _ln_choose(n, k) - n * LN2
    # Terms fall at least like (n-k)/(k+1) each, so few of them matter.
    count = min(n - k, 40 + int(40 * math.sqrt(n)))
    if count <= 0:
        return min(first, 0.0)
    i = np.arange(k, k + count, dtype=np.float64)
    ratios = np.cumsum(np.log(n - i) - np.log(i + 1.0))
    return min(first + math.log1p(float(np.exp(ratios).sum())), 0.0)


def binomial_critical(trials: int, log10_alpha: float) -> int | None:
    """Smallest count whose upper tail is at most ``10**log10_alpha``.

    Returns ``None`` where even ``trials`` heads are not rare enough.
    """
    if -trials * math.log10(2.0) > log10_alpha:
        return None
    low, high = trials // 2, trials
    while low < high:
        middle = (low + high) // 2
        if log10_binomial_tail(middle, trials) <= log10_alpha:
            high = middle
        else:
            low = middle + 1
    return low


def log10_normal_tail(z: float) -> float:
    """``log10 P(Z >= z)`` of the standard normal (an approximation when used so)."""
    if z < 30:
        return math.log10(0.5 * math.erfc(z / math.sqrt(2.0)))
    series = 1 - 1 / z**2 + 3 / z**4 - 15 / z**6
    return (-z * z / 2 - math.log(z * math.sqrt(2 * math.pi))) * LOG10_E + math.log10(
        series
    )


def log10_fixed_points(total: int, groups: int) -> float:
    """Bound on the chance of ``total`` fixed points over independent groups.

    With an arbitrary map ``g`` and a uniform relabelling, the j-th factorial moment
    of the number of fixed points is at most 1 for every j. So one group gives
    ``P(K >= k) <= 1/k!`` and ``groups`` independent ones
    ``P(K >= k) <= exp(k - L) (L/k)^k`` for ``k > L`` (methods.md 9.1).
    """
    if total < 0 or groups < 1:
        message = f"{total} fixed points in {groups} groups"
        raise ValueError(message)
    bound = 0.0
    if groups == 1:
        bound = -math.lgamma(total + 1)
    if total > groups:
        bound = min(bound, total - groups + total * math.log(groups / total))
    return bound * LOG10_E


def log10_rademacher_tail(terms: NDArray[np.floating]) -> float:
    """Bound on ``P(sum of +-|d_k| >= sum of d_k)`` under fair independent signs.

    Chernoff: ``min over t of sum ln cosh(t d_k) - t sum d_k``. Exact whatever the
    magnitudes (conservative, never too small), since ``ln cosh`` is the exact
    cumulant of a sign.
    """
    d = np.asarray(terms, dtype=np.float64).ravel()
    scale = float(np.abs(d).max(initial=0.0))
    total = float(d.sum())
    if scale == 0.0 or total <= 0.0:
        return 0.0
    d = d / scale
    total /= scale

    def exponent(t: float) -> float:
        x = np.abs(t * d)
        return float((x + np.log1p(np.exp(-2 * x)) - LN2).sum()) - t * total

    low, high = 0.0, 1.0
    while exponent(2 * high) < exponent(high) and high < 1e6:
        high *= 2
    high *= 2
    golden = (math.sqrt(5) - 1) / 2
    for _ in range(60):
        a, b = high - golden * (high - low), low + golden * (high - low)
        if exponent(a) < exponent(b):
            high = b
        else:
            low = a
    return min(exponent((low + high) / 2), 0.0) * LOG10_E


def log10_fisher(log10_ps: Sequence[float]) -> float:
    """Fisher's combination of *independent* p-values, in closed form.

    ``-2 sum ln p`` is chi-square with ``2L`` degrees of freedom under the null, whose
    tail at ``2x`` is ``exp(-x) sum_{i<L} x^i/i!``. Discrete p-values only make it
    conservative. Never use it on tests that share a symmetry group.
    """
    if not log10_ps:
        return 0.0
    x = -sum(log10_ps) / LOG10_E
    if x <= 0:
        return 0.0
    terms = [i * math.log(x) - math.lgamma(i + 1) for i in range(len(log10_ps))]
    top = max(terms)
    return min(-x + top + math.log(sum(math.exp(t - top) for t in terms)), 0.0) * (
        LOG10_E
    )


def bonferroni(log10_p: float, family: float) -> float:
    """``log10`` of the p-value times the size of its family, at most 0."""
    return min(0.0, log10_p + math.log10(max(family, 1.0)))
