# SPDX-License-Identifier: Apache-2.0
"""Sparse merges, element by element: which parents' changes reached each weight.

TIES and DARE take a parent's change at some elements and drop it at others. DARE
multiplies every kept change by one number per parent: with the base and the parents at
hand the change of an element is one of few sums, one for each subset of parents, and
the nearest one says which were kept there. TIES keeps the largest changes, elects a
sign and takes the mean of those that agree: given a density it is fully determined, so
densities are tried.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

Array = NDArray[np.float64]
Bools = NDArray[np.bool_]

ROUNDS = 8
MOST_PARENTS = 4
CLEAR = 4.0
"""A kept change counts as visible when it moves an element by that many steps."""


@dataclass(frozen=True)
class Pattern:
    """What was kept of each parent.

    Attributes:
        weights: average coefficient of each parent's change over the elements,
            weighed by the squared change: the effective weight.
        densities: share of elements at which the parent's change was kept, among
            those at which it would be visible.
        by_size: probability that a kept change is larger than a dropped one of the
            same parent: 0.5 for random drops, towards 1 where small ones are dropped.
        explained: share of elements within rounding of a sum over a subset: of all,
            or of the changed ones, if less.
    """

    weights: Array
    densities: Array
    by_size: Array
    explained: float


def random_drops(change: Array, parents: Array, step: Array) -> Pattern:
    """Find the subset of parents at every element, and a number for each parent.

    Args:
        change: ``(n,)`` candidate less base.
        parents: ``(k, n)`` parents less base, ``k <= 4``.
        step: ``(n,)`` step of the candidate's stored format at each element.

    Raises:
        ValueError: too many parents.
    """
    number = len(parents)
    if number > MOST_PARENTS:
        message = f"at most {MOST_PARENTS} parents, not {number}"
        raise ValueError(message)
    kept = np.array([[(s >> i) & 1 for i in range(number)] for s in range(2**number)])
    found = [
        _rounds(change, parents, kept, start)
        for start in _starts(change, parents, step)
    ]
    choice, coefficients, _ = min(found, key=lambda f: f[2])
    applied = kept[choice].T * coefficients[:, None]
    return _summary(change, parents, step, applied)


def _starts(change: Array, parents: Array, step: Array) -> list[Array]:
    """First coefficients: weights of the plain fit over a density, by several ways."""
    number = len(parents)
    moved = np.abs(parents).max(0) > CLEAR * step
    zeros = float(np.mean(np.abs(change[moved]) <= step[moved])) if moved.any() else 0
    density = 1 - min(max(zeros, 1e-3), 0.999) ** (1 / number)
    weights, *_ = np.linalg.lstsq(parents @ parents.T, parents @ change, rcond=1e-10)
    return [weights / density, np.full(number, 1 / (number * density))]


def _rounds(
    change: Array, parents: Array, kept: NDArray[np.intp], coefficients: Array
) -> tuple[NDArray[np.intp], Array, float]:
    choice = np.zeros(change.shape, dtype=np.intp)
    loss = np.inf
    for _ in range(ROUNDS):
        best = change**2  # the empty subset
        choice = np.zeros(change.shape, dtype=np.intp)
        for number, subset in enumerate(kept[1:], start=1):
            off = (change - (subset * coefficients) @ parents) ** 2
            nearer = off < best
            best = np.where(nearer, off, best)
            choice[nearer] = number
        total = float(best.sum())
        if total >= loss * (1 - 1e-6):
            break
        loss = total
        x = parents * kept[choice].T
        solved, *_ = np.linalg.lstsq(x @ x.T, x @ change, rcond=1e-10)
        coefficients = np.asarray(solved, dtype=np.float64)
    return choice, coefficients, loss


def _summary(change: Array, parents: Array, step: Array, applied: Array) -> Pattern:
    number = len(parents)
    energy = (parents**2).sum(1)
    weights = (applied * parents**2).sum(1) / np.where(energy > 0, energy, 1)
    densities, sizes = np.zeros(number), np.full(number, 0.5)
    for parent in range(number):
        size = np.abs(parents[parent])
        visible = size > CLEAR * step
        kept = applied[parent] != 0
        if visible.any():
            densities[parent] = float(kept[visible].mean())
            sizes[parent] = _larger(size[visible & kept], size[visible & ~kept])
    hit = np.abs(change - (applied * parents).sum(0)) <= step
    return Pattern(weights, densities, sizes, _explained([hit], [change], [step]))


def _explained(hits: list[Bools], changes: list[Array], steps: list[Array]) -> float:
    """Share of elements that were hit: of all, or of the changed ones, if less.

    Where most elements did not change at all, "nothing was kept" explains them
    whatever made the rest.
    """
    hit = np.concatenate(hits)
    moved = np.abs(np.concatenate(changes)) > np.concatenate(steps)
    if not moved.any():
        return 0.0
    return float(min(hit.mean(), hit[moved].mean()))


def _larger(kept: Array, dropped: Array) -> float:
    """Probability that one of the first is larger than one of the second."""
    if not kept.size or not dropped.size:
        return 0.5
    order = np.sort(dropped)
    below = np.searchsorted(order, kept, side="left")
    not_above = np.searchsorted(order, kept, side="right")
    return float((below + not_above).mean() / 2 / dropped.size)


@dataclass(frozen=True)
class TopChanges:
    """The recipe of a TIES merge, found by trying densities.

    Attributes:
        density: share of each tensor's changes that was kept.
        scale: factor on the merged change.
        weights: effective weights, as in :class:`Pattern`.
        explained: share of elements within rounding of what the recipe gives, in
            the same way.
    """

    density: float
    scale: float
    weights: Array
    explained: float


def top_changes(
    changes: list[Array], parents: list[Array], steps: list[Array]
) -> TopChanges:
    """Try TIES at every density: keep the largest, elect a sign, take the mean.

    Args:
        changes: for each tensor ``(n,)`` candidate less base.
        parents: for each tensor ``(k, n)`` parents less base.
        steps: for each tensor ``(n,)`` steps of the candidate's format.
    """
    coarse = [_try(changes, parents, steps, d) for d in np.arange(0.05, 1.01, 0.05)]
    best = max(coarse, key=lambda t: t.explained)
    fine = [
        _try(changes, parents, steps, d)
        for d in best.density + np.arange(-0.04, 0.041, 0.01)
        if 0 < d <= 1
    ]
    return max([best, *fine], key=lambda t: t.explained)


def _try(
    changes: list[Array], parents: list[Array], steps: list[Array], density: float
) -> TopChanges:
    shares = [_elected(p, density) for p in parents]
    predicted = [(s * p).sum(0) for s, p in zip(shares, parents, strict=True)]
    scale = _scale(changes, predicted, steps)
    hits = [
        np.abs(c - scale * p) <= s
        for c, p, s in zip(changes, predicted, steps, strict=True)
    ]
    energy = np.sum([(p**2).sum(1) for p in parents], axis=0)
    applied = np.sum(
        [(s * p**2).sum(1) for s, p in zip(shares, parents, strict=True)], axis=0
    )
    weights = scale * applied / np.where(energy > 0, energy, 1)
    explained = _explained(hits, changes, steps)
    return TopChanges(float(density), scale, weights, explained)


def _scale(changes: list[Array], predicted: list[Array], steps: list[Array]) -> float:
    """Median of change over prediction, where both are well above rounding.

    A median, because elements near the limit of what was kept may be foretold wrongly
    and have large changes.
    """
    ratios = [
        c[clear] / p[clear]
        for c, p, s in zip(changes, predicted, steps, strict=True)
        for clear in [(np.abs(p) > 8 * s) & (np.abs(c) > s)]
    ]
    found = np.concatenate(ratios) if ratios else np.zeros(0)
    return float(np.median(found)) if found.size else 1.0


def _elected(parents: Array, density: float) -> Array:
    """Coefficient of each parent at each element, before the scale."""
    size = np.abs(parents)
    keep = max(1, round(density * size.shape[1]))
    limit = np.partition(size, size.shape[1] - keep, axis=1)[:, size.shape[1] - keep]
    kept = np.where(size >= limit[:, None], parents, 0.0)
    sign = np.sign(kept.sum(0))
    agree = (np.sign(kept) == sign) & (kept != 0)
    found: Array = agree / np.maximum(agree.sum(0), 1)
    return found
