# SPDX-License-Identifier: Apache-2.0
"""Is there a parent that is not among the references?

Something always remains where training went on. It speaks of an unlisted parent only
if a listed one is present as averaging would leave it: with one fractional share in
every matrix and every singular direction alike, or with some changes dropped and
others kept. Where two fine-tunes merely went a similar way, their common share is
larger in strong directions than in weak ones.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

import numpy as np

from parentage.evidence.descent.limits import Limits
from parentage.evidence.descent.merge import Array, Fitted, _less, zero_excess
from parentage.evidence.descent.pieces import Piece, core, energy
from parentage.stats.affine_fit import products, solve
from parentage.stats.uniform_share import Share, uniform_share

Sign = Literal["share-of-whole", "share-of-change", "dropped-changes"]


@dataclass(frozen=True)
class Remainder:
    """What no listed reference explains.

    Attributes:
        sign: why it is no mere training: see :data:`Sign`.
        reference: the reference that the sign is about.
        share: its share.
        excess, ratio, chance: how evenly the share is spread; see
            :class:`parentage.stats.uniform_share.Share`.
        unexplained: share of the energy of the candidate's change that is left.
        floor: the same share that rounding would leave.
    """

    sign: Sign
    reference: str
    share: float
    excess: float
    ratio: float
    chance: float
    unexplained: float
    floor: float


FEWEST = 4
"""Matrices inside layers without which nothing is said: one matrix alone does not
show whether a share is the same everywhere."""


def uniform(found: Share | None, limits: Limits) -> bool:
    """Whether a share is fractional, well measured and the same everywhere."""
    if found is None or found.chance > limits.precision:
        return False
    least, most = limits.fraction
    even = found.ratio <= limits.ratio or found.excess <= limits.excess
    return least <= found.mean <= most and even


def shares_of_change(fitted: Fitted) -> list[tuple[str, Share]]:
    """How evenly each reference's own part of the change is present."""
    found = []
    pieces = core(fitted.pieces)
    if not pieces:
        return []
    weights = dict(zip(fitted.others, fitted.weights.tolist(), strict=True))
    for name in fitted.others:
        rest = [n for n in fitted.others if n != name]
        along = _along(fitted, name, rest)
        directions, targets = [], []
        for piece in pieces:
            columns = {n: _less(piece, n, fitted.anchor) for n in fitted.others}
            own = columns[name] - sum(
                (a * columns[n] for a, n in zip(along, rest, strict=True)),
                np.zeros_like(columns[name]),
            )
            left = piece.values.astype(np.float64) - piece.references[fitted.anchor]
            for n in fitted.others:
                left = left - weights[n] * columns[n]
            directions.append(own)
            targets.append(left + weights[name] * own)
        share = uniform_share(directions, targets)
        if share is not None:
            found.append((name, share))
    return found


def _along(fitted: Fitted, name: str, rest: Sequence[str]) -> Array:
    """What the other references' changes explain of one reference's."""
    if not rest:
        return np.zeros(0)
    rows = [
        products(
            _less(p, name, fitted.anchor),
            [_less(p, n, fitted.anchor) for n in rest],
        )
        for p in fitted.pieces
    ]
    return solve(rows).weights


def share_of_whole(pieces: Sequence[Piece], reference: str) -> Share | None:
    """How much of the reference itself is left, and how evenly."""
    inner = core([p for p in pieces if reference in p.references])
    return uniform_share(
        [p.references[reference].astype(np.float64) for p in inner],
        [p.values.astype(np.float64) for p in inner],
    )


def remainder(
    pieces: Sequence[Piece],
    names: Sequence[str],
    fitted: Fitted | None,
    nearest: str,
    limits: Limits,
) -> Remainder | None:
    """The sign of an unlisted parent, if there is one.

    Args:
        pieces: all have all the names.
        names: references that the module is related to.
        fitted: the sum-to-one fit, if there are two references or more.
        nearest: the reference that changed least.
        limits: see :class:`parentage.evidence.descent.limits.Limits`.
    """
    if sum(p.inner for p in pieces) < FEWEST:
        return None
    moved = sum(energy(p.values - p.references[nearest]) for p in pieces)
    rounding = sum(energy(p.step()) for p in pieces) / 12
    left = fitted.residual if fitted is not None else moved
    whole = fitted.energy if fitted is not None else moved
    if whole <= 0 or left <= limits.rounding * rounding:
        return None
    rest = left / whole, rounding / whole
    found = share_of_whole(pieces, nearest)
    if found is not None and uniform(found, limits):
        return _remainder("share-of-whole", nearest, found, rest)
    if fitted is not None:
        for name, share in shares_of_change(fitted):
            if uniform(share, limits):
                return _remainder("share-of-change", name, share, rest)
    excess, name = max((zero_excess(pieces, n), n) for n in names)
    if excess >= limits.zeros:
        return Remainder("dropped-changes", name, excess, 0.0, 0.0, 0.0, *rest)
    return None


def _remainder(
    sign: Sign, name: str, share: Share, rest: tuple[float, float]
) -> Remainder:
    return Remainder(
        sign, name, share.mean, share.excess, share.ratio, share.chance, *rest
    )
