# SPDX-License-Identifier: Apache-2.0
"""Matching of rows, and the p-values of Zhu et al. (2502.12292, algorithms 2 and 3).

The published p-values underflow to zero; here they are logarithms throughout.
"""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import scipy.stats
from numpy.typing import NDArray
from scipy.optimize import linear_sum_assignment
from scipy.special import betaln, hyp2f1

from benchmarks.accuracy.baselines.loaded import Floats

Order = NDArray[np.intp]


def cosines(a: Floats, b: Floats) -> NDArray[np.float64]:
    """Cosine of every row of ``a`` with every row of ``b``; 0 for rows of zeros."""
    left, right = _unit(a), _unit(b)
    return left @ right.T


def _unit(rows: NDArray[Any]) -> NDArray[np.float64]:
    rows = rows.astype(np.float64)
    size = np.linalg.norm(rows, axis=1, keepdims=True)
    result: NDArray[np.float64] = rows / np.where(size > 0, size, 1.0)
    return result


def cosine(a: NDArray[Any], b: NDArray[Any]) -> float:
    """Cosine of two arrays, flattened."""
    return float(cosines(a.reshape(1, -1), b.reshape(1, -1))[0, 0])


def best_assignment(similarity: NDArray[np.float64]) -> Order:
    """For each row of a square matrix its column, so that the sum is largest (LAP)."""
    columns: Order = linear_sum_assignment(similarity, maximize=True)[1]
    return columns


def spearman(a: Order, b: Order) -> float:
    """Spearman's rho of two permutations."""
    n = len(a)
    difference = (a - b).astype(np.float64)
    return 1 - 6 * float(difference @ difference) / (n * (n * n - 1.0))


def log10_p(rho: float, n: int) -> float:
    """One-sided ``log10`` p-value of Spearman's rho by the t law with n-2 degrees.

    The t law runs to zero as rho nears one; a permutation of n cannot be rarer than
    one in n!, which bounds the result.
    """
    least = -math.lgamma(n + 1) / math.log(10)
    x = 1 - rho * rho
    if n < 3 or (rho > 0 and x <= 0):
        return least
    t = rho * math.sqrt((n - 2) / max(x, 1e-300))
    p = float(scipy.stats.t.sf(t, n - 2))
    if p > 1e-200:
        return max(math.log10(p), least)
    a, b = (n - 2) / 2, 0.5
    ln = a * math.log(x) + b * math.log1p(-x) - math.log(2 * a) - betaln(a, b)
    ln += math.log(float(hyp2f1(a + b, 1, a + 1, x)))
    return max(float(ln) / math.log(10), least)
