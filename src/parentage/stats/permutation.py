# SPDX-License-Identifier: Apache-2.0
"""The permutation trace: how much more same-numbered units agree than others.

``T = sum_i <c_i, r_i>`` against its distribution when the candidate's units are
relabelled uniformly. Mean and variance are known in closed form from small Gram
matrices; the whole ``n x n`` matrix is never needed.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray


@dataclass(frozen=True)
class Trace:
    """Observed trace with the moments of its permutation distribution."""

    observed: float
    mean: float
    variance: float
    units: int

    @property
    def z(self) -> float:
        """Standardised trace (0 where the distribution is a single point)."""
        if self.variance <= 0:
            return 0.0
        return (self.observed - self.mean) / float(np.sqrt(self.variance))


def trace(candidate: NDArray[np.float32], reference: NDArray[np.float32]) -> Trace:
    """Trace of the cross-Gram matrix and its exact permutation moments.

    Args:
        candidate, reference: ``(n, f)``.

    For a matrix ``a`` and a uniform permutation, ``E sum a_{i,s(i)} = sum_ij a_ij/n``
    and the variance is ``sum_ij (a_ij - row_i - col_j + mean)^2 / (n-1)``
    (Hoeffding 1951). With ``a = C R^T`` the centred matrix is the product of the
    column-centred factors, so its squared norm is ``<C'C, R'R>`` over features.
    """
    n = candidate.shape[0]
    c = candidate.astype(np.float64)
    r = reference.astype(np.float64)
    observed = float(np.einsum("ij,ij->", c, r))
    mean = float(c.sum(axis=0) @ r.sum(axis=0)) / n
    c -= c.mean(axis=0)
    r -= r.mean(axis=0)
    if c.shape[1] <= n:
        square = float(np.einsum("ij,ij->", c.T @ c, r.T @ r))
    else:
        square = float(np.square(c @ r.T).sum())
    return Trace(observed, mean, square / max(n - 1, 1), n)


def monte_carlo_rank(
    blocks: list[tuple[NDArray[np.float32], NDArray[np.float32]]],
    *,
    draws: int,
    rng: np.random.Generator,
) -> float:
    """p-value of the summed traces by rank among random relabellings.

    Args:
        blocks: independent groups (one a layer), each ``(n, f)`` for both models.
        draws: number of relabellings; the smallest p is ``1/(draws + 1)``.
        rng: source of the relabellings.

    Every group is relabelled on its own; groups are scaled to unit variance first.
    Exact at any sample size (the observed labelling is one of the draws).
    """
    observed = 0.0
    drawn = np.zeros(draws)
    for candidate, reference in blocks:
        moments = trace(candidate, reference)
        if moments.variance <= 0:
            continue
        scale = float(np.sqrt(moments.variance))
        gram = candidate.astype(np.float64) @ reference.astype(np.float64).T
        n = gram.shape[0]
        observed += float(np.trace(gram)) / scale
        order = rng.permuted(np.tile(np.arange(n), (draws, 1)), axis=1)
        drawn += gram[order, np.arange(n)[None, :]].sum(axis=1) / scale
    # Summation order differs between the two, so equality needs a tolerance.
    ties = drawn >= observed - 1e-9 * max(1.0, abs(observed))
    return float((1 + ties.sum()) / (draws + 1))
