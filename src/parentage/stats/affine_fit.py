# SPDX-License-Identifier: Apache-2.0
"""Least squares of one set of weights on others, piece by piece and over all pieces.

A merge ``y = sum w_i x_i`` is linear in its parents however few of their elements are
read. Differences to one of the parents (the anchor) are fitted, so that weights that
add up to one need no constraint: the anchor gets what the others leave. In weights
themselves parents of one family are almost parallel; in differences they are not.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

Array = NDArray[np.float64]

SMALLEST = 1e-10
"""Directions whose energy is below this share of the largest are not fitted."""


@dataclass(frozen=True)
class Products:
    """Inner products of one piece: all that a fit needs of it.

    Attributes:
        gram: ``(k, k)`` products of the regressors.
        cross: ``(k,)`` products of the regressors with the target.
        energy: squared length of the target.
    """

    gram: Array
    cross: Array
    energy: float


@dataclass(frozen=True)
class Fit:
    """Weights with what they leave unexplained.

    Attributes:
        weights: ``(k,)`` one for each regressor.
        residual: squared length of what is left.
        energy: squared length of the target.
    """

    weights: Array
    residual: float
    energy: float

    @property
    def unexplained(self) -> float:
        """Share of the target's energy that is left; 0 for a target of zeros."""
        return self.residual / self.energy if self.energy > 0 else 0.0


def products(
    target: NDArray[np.floating], regressors: Sequence[NDArray[np.floating]]
) -> Products:
    """Inner products of a target with regressors of the same shape."""
    y = np.asarray(target, dtype=np.float64).ravel()
    x = np.stack([np.asarray(r, dtype=np.float64).ravel() for r in regressors])
    return Products(x @ x.T, x @ y, float(y @ y))


def solve(pieces: Sequence[Products], counts: Array | None = None) -> Fit:
    """One set of weights for all pieces together.

    Args:
        pieces: at least one.
        counts: how often each piece counts; once by default.
    """
    share = np.ones(len(pieces)) if counts is None else counts
    gram = sum(n * p.gram for n, p in zip(share, pieces, strict=True))
    cross = sum(n * p.cross for n, p in zip(share, pieces, strict=True))
    energy = float(sum(n * p.energy for n, p in zip(share, pieces, strict=True)))
    weights = _minimum(np.asarray(gram), np.asarray(cross))
    left = energy - 2 * weights @ cross + weights @ np.asarray(gram) @ weights
    return Fit(weights, max(float(left), 0.0), energy)


def _minimum(gram: Array, cross: Array) -> Array:
    """The shortest solution, after regressors are brought to one length."""
    scale = np.sqrt(np.diag(gram))
    scale = np.where(scale > 0, scale, 1.0)
    values, vectors = np.linalg.eigh(gram / np.outer(scale, scale))
    kept = values > SMALLEST * max(float(values[-1]), 1.0)
    inverse = np.where(kept, 1 / np.where(kept, values, 1.0), 0.0)
    found: Array = vectors @ (inverse * (vectors.T @ (cross / scale))) / scale
    return found


def intervals(
    pieces: Sequence[Products], *, rng: np.random.Generator, draws: int = 400
) -> Array:
    """95 % intervals of the weights by drawing whole pieces with replacement.

    Elements of one tensor are not independent of each other; whole tensors are drawn
    instead, so the intervals hold the variation from tensor to tensor.

    Args:
        pieces: at least one; with one alone the intervals have no width.
        rng: source of the draws.
        draws: number of resamples.

    Returns:
        ``(k, 2)`` lower and upper ends.
    """
    number = len(pieces)
    counts = rng.multinomial(number, np.full(number, 1 / number), size=draws)
    found = np.stack([solve(pieces, row.astype(np.float64)).weights for row in counts])
    ends: Array = np.quantile(found, [0.025, 0.975], axis=0).T
    return ends


def correlations(pieces: Sequence[Products]) -> Array:
    """``(k, k)`` cosines of the regressors over all pieces."""
    gram = np.asarray(sum(p.gram for p in pieces))
    scale = np.sqrt(np.diag(gram))
    scale = np.where(scale > 0, scale, 1.0)
    found: Array = gram / np.outer(scale, scale)
    return found


def spread(weights: Array, energy: Array) -> tuple[float, float]:
    """Mean and standard deviation of one weight over pieces, weighed by energy.

    Args:
        weights: ``(n,)`` the weight in each piece.
        energy: ``(n,)`` squared length of its regressor there.
    """
    total = float(energy.sum())
    if total <= 0:
        return 0.0, 0.0
    mean = float(weights @ energy) / total
    return mean, float(np.sqrt(((weights - mean) ** 2) @ energy / total))
