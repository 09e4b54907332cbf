# SPDX-License-Identifier: Apache-2.0
"""Weights of the parents of a merge, and which kind of merge it is.

Simple explanations come first: one set of weights that adds up to one (linear), then
weights for each tensor that keep lengths (spherical), then sums over subsets of the
parents (TIES, DARE), for which a reference must be the common base. The first that
explains the candidate down to the rounding of its stored format is taken.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from itertools import pairwise
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from parentage.evidence.descent.limits import Limits
from parentage.evidence.descent.pieces import Piece, energy
from parentage.stats.affine_fit import (
    Products,
    correlations,
    intervals,
    products,
    solve,
)
from parentage.stats.patterns import (
    MOST_PARENTS,
    Pattern,
    TopChanges,
    random_drops,
    top_changes,
)

Array = NDArray[np.float64]
Method = Literal["linear", "spherical", "ties", "dare", "unknown"]

NOTHING = 0.02
"""Weights up to this size count as none."""

CERTAIN = 10.0
"""The arc must stand off the chord by this many standard deviations of rounding."""

SMALL_STEPS = 0.4
"""Share of changed values that moved by a step or two, above which changes are too
small for a value that stayed to mean anything."""

SETTLED = 0.97
"""A base that explains this share of the values needs no rival."""

FIRST_ELEMENTS = 15_000
FIRST_EXPLAINED = 0.7
"""What a first try on few elements must explain to be tried on more."""

MOST_ELEMENTS = 150_000
"""Elements over which subsets of parents are looked for; evenly thinned beyond."""


@dataclass(frozen=True)
class ParentShare:
    """What one reference gave.

    Attributes:
        reference: label.
        weight: its weight, as a share of the whole.
        low, high: 95 % interval from drawing whole tensors (of few tensors: runs of
            rows) with replacement.
        density: share of its changes that was kept, for sparse merges.
    """

    reference: str
    weight: float
    low: float
    high: float
    density: float | None = None


@dataclass(frozen=True)
class Mixture:
    """The candidate as a mixture of references.

    Attributes:
        method: see :data:`Method`; ``unknown`` where nothing explains it.
        parents: one row for each reference that the fit used.
        base: the reference that changes were counted from, for sparse merges.
        unexplained: share of the energy of the candidate's change (from its nearest
            reference) that is left; for sparse merges the share of values.
        floor: the same share that rounding the stored values would leave.
        explained: share of values within rounding, for sparse merges.
        layers: weights by layer: (layer, one weight for each parent).
        arc: share of the way from the chord to the arc; see the limits.
        kin: largest cosine between two parents' changes.
        elements: values that the fit rests on.
    """

    method: Method
    parents: tuple[ParentShare, ...]
    base: str | None
    unexplained: float
    floor: float
    explained: float | None
    layers: tuple[tuple[int | None, tuple[float, ...]], ...]
    arc: float | None
    kin: float
    elements: int
    notes: tuple[str, ...] = field(default=())


@dataclass(frozen=True)
class Fitted:
    """The sum-to-one fit, which further questions build on."""

    names: tuple[str, ...]
    anchor: str
    others: tuple[str, ...]
    pieces: tuple[Piece, ...]
    products: tuple[Products, ...]
    blocks: tuple[Products, ...]
    weights: Array
    residual: float
    energy: float
    rounding: float

    @property
    def by_name(self) -> dict[str, float]:
        """Weight of every reference, the anchor's included."""
        found = dict(zip(self.others, self.weights.tolist(), strict=True))
        return {self.anchor: 1.0 - sum(found.values()), **found}


def fit(pieces: Sequence[Piece], names: Sequence[str], anchor: str) -> Fitted:
    """Fit weights that add up to one.

    Args:
        pieces: all have all the names.
        names: at least two references.
        anchor: the one that differences are taken to.
    """
    others = tuple(n for n in names if n != anchor)
    inner = [
        products(
            p.values - p.references[anchor],
            [_less(p, name, anchor) for name in others],
        )
        for p in pieces
    ]
    found = solve(inner)
    halves = [
        products(
            part.values - part.references[anchor],
            [_less(part, name, anchor) for name in others],
        )
        for part in _blocks(pieces)
    ]
    rounding = sum(energy(p.step()) for p in pieces) / 12
    return Fitted(
        tuple(names),
        anchor,
        others,
        tuple(pieces),
        tuple(inner),
        tuple(halves),
        found.weights,
        found.residual,
        found.energy,
        rounding,
    )


FEW = 16
"""With fewer tensors than this, intervals draw runs of their rows instead."""


def _blocks(pieces: Sequence[Piece]) -> list[Piece]:
    """What intervals draw with replacement: tensors, or runs of rows of few tensors."""
    if len(pieces) >= FEW:
        return list(pieces)
    parts = []
    for piece in pieces:
        number = min(-(-FEW // len(pieces)), piece.values.shape[0])
        ends = np.linspace(0, piece.values.shape[0], number + 1).astype(int)
        parts += [
            replace(
                piece,
                values=piece.values[a:b],
                references={n: v[a:b] for n, v in piece.references.items()},
            )
            for a, b in pairwise(ends.tolist())
        ]
    return parts


def _less(piece: Piece, name: str, base: str) -> Array:
    found: Array = piece.references[name].astype(np.float64) - piece.references[base]
    return found


def mixture(
    fitted: Fitted,
    rng: np.random.Generator,
    limits: Limits,
    base: str | None = None,
) -> Mixture | None:
    """The first kind of merge that explains the candidate, or ``None``.

    Args:
        fitted: from :func:`fit`.
        rng: source of the bootstrap's draws.
        limits: where words begin.
        base: base of a sparse merge that other modules of the model showed.
    """
    found = _spherical(fitted, rng, limits)
    if found is not None:
        return found
    if fitted.residual <= limits.rounding * fitted.rounding:
        return _linear(fitted, rng)
    return sparse(fitted, rng, limits, base)


def _kin(fitted: Fitted, used: Sequence[str]) -> float:
    """Largest cosine between the changes of the parents that were used.

    Changes are counted from a reference that gave nothing, which may be their base;
    failing that from one of the parents, where two of them have no cosine.
    """
    idle = [n for n in fitted.names if n not in used]
    base = idle[0] if idle else used[0]
    names = [n for n in used if n != base]
    if len(names) < 2:
        return 0.0
    rows = [
        products(p.values, [_less(p, n, base) for n in names]) for p in fitted.pieces
    ]
    near = np.abs(correlations(rows))
    np.fill_diagonal(near, 0)
    return float(near.max())


def _used(parents: Sequence[ParentShare]) -> list[str]:
    return [p.reference for p in parents if abs(p.weight) > NOTHING]


def _share(value: float, whole: float) -> float:
    return value / whole if whole > 0 else 0.0


def linear_parents(fitted: Fitted, rng: np.random.Generator) -> tuple[ParentShare, ...]:
    """Weights of the sum-to-one fit with intervals."""
    ends = intervals(fitted.blocks, rng=rng)
    anchor = intervals([_for_anchor(p) for p in fitted.blocks], rng=rng)
    rows = dict(zip(fitted.others, ends.tolist(), strict=True))
    rows[fitted.anchor] = anchor[0].tolist()
    return tuple(
        ParentShare(name, fitted.by_name[name], *rows[name]) for name in fitted.names
    )


def _for_anchor(p: Products) -> Products:
    """Products after a change of variables: the anchor's weight first.

    ``1 - sum(w)`` replaces the first weight: with ``A`` the linear map from new to old
    weights and ``c`` its offset, the target becomes ``t - X c`` and the regressors
    ``X A``.
    """
    size = len(p.cross)
    turn = np.eye(size)
    turn[0] = -1.0
    offset = np.zeros(size)
    offset[0] = 1.0
    cross = turn.T @ (p.cross - p.gram @ offset)
    left = p.energy - 2 * offset @ p.cross + offset @ p.gram @ offset
    return Products(turn.T @ p.gram @ turn, cross, float(left))


def layer_weights(
    fitted: Fitted,
) -> tuple[tuple[int | None, tuple[float, ...]], ...]:
    """Weights fitted to each layer alone, in the order of the names."""
    rows = []
    found = {p.layer for p in fitted.pieces}
    for layer in sorted(found, key=lambda x: -1 if x is None else x):
        mine = [
            g
            for p, g in zip(fitted.pieces, fitted.products, strict=True)
            if p.layer == layer
        ]
        weights = solve(mine).weights
        row = dict(zip(fitted.others, weights.tolist(), strict=True))
        row[fitted.anchor] = 1.0 - float(weights.sum())
        rows.append((layer, tuple(row[n] for n in fitted.names)))
    return tuple(rows)


def _linear(fitted: Fitted, rng: np.random.Generator) -> Mixture:
    parents = linear_parents(fitted, rng)
    return Mixture(
        "linear",
        parents,
        None,
        _share(fitted.residual, fitted.energy),
        _share(fitted.rounding, fitted.energy),
        None,
        layer_weights(fitted),
        None,
        _kin(fitted, _used(parents)),
        sum(p.values.size for p in fitted.pieces),
    )


def _spherical(
    fitted: Fitted, rng: np.random.Generator, limits: Limits
) -> Mixture | None:
    """Weights for each tensor, free to add up to more than one.

    References that gave nothing are left out: parents of one family are almost
    parallel, and one too many makes the sum of the weights uncertain.
    """
    names = tuple(n for n in fitted.names if abs(fitted.by_name[n]) > NOTHING)
    if len(names) < 2:
        return None
    rows, left, arcs = [], 0.0, []
    for piece in fitted.pieces:
        found = solve([products(piece.values, [piece.references[n] for n in names])])
        left += found.residual
        rows.append(found.weights)
        arcs.append(_arc(piece, names, found.weights))
    if left > limits.rounding * fitted.rounding:
        return None
    gain = sum(a for a, _ in arcs)
    room = sum(b for _, b in arcs)
    noise = sum(energy(p.step()) / p.values.size / 12 for p in fitted.pieces) ** 0.5
    arc = gain / room if room > CERTAIN * noise else 0.0
    if arc < limits.arc:
        return None
    places = np.stack(
        [_places(p, names, w) for p, w in zip(fitted.pieces, rows, strict=True)]
    )
    sizes = np.array(
        [energy(p.values - p.references[fitted.anchor]) for p in fitted.pieces]
    )
    mean = _weighted(places, sizes)
    draws = rng.multinomial(len(sizes), np.full(len(sizes), 1 / len(sizes)), size=400)
    ends = np.quantile([_weighted(places, sizes * d) for d in draws], [0.025, 0.975], 0)
    layers = []
    numbers = {p.layer for p in fitted.pieces}
    for layer in sorted(numbers, key=lambda x: -1 if x is None else x):
        mine = np.array([p.layer == layer for p in fitted.pieces])
        layers.append((layer, tuple(_weighted(places[mine], sizes[mine]).tolist())))
    parents = tuple(
        ParentShare(n, float(w), float(a), float(b))
        for n, w, a, b in zip(names, mean, *ends, strict=True)
    )
    return Mixture(
        "spherical",
        parents,
        None,
        _share(left, fitted.energy),
        _share(fitted.rounding, fitted.energy),
        None,
        tuple(layers),
        arc,
        _kin(fitted, _used(parents)),
        sum(p.values.size for p in fitted.pieces),
    )


def _weighted(rows: Array, weight: Array) -> Array:
    total = float(weight.sum())
    if total <= 0:
        found: Array = rows.mean(0)
        return found
    mean: Array = weight @ rows / total
    return mean


def _arc(piece: Piece, names: Sequence[str], weights: Array) -> tuple[float, float]:
    """How far the candidate is from the chord, and how far the arc is from it.

    Lengths in the direction of the mixture: a mean of vectors is shorter than the mean
    of their lengths; spherical interpolation makes up for it.
    """
    total = float(weights.sum())
    if total <= 0.5:
        return 0.0, 0.0
    even = weights / total
    lengths = [np.sqrt(energy(piece.references[n])) for n in names]
    mean = sum(w * piece.references[n] for w, n in zip(even, names, strict=True))
    chord = float(np.sqrt(energy(np.asarray(mean))))
    arc = float(even @ np.array(lengths))
    return total * chord - chord, max(arc - chord, 0.0)


def _places(piece: Piece, names: Sequence[str], weights: Array) -> Array:
    """Weights as places on the arc; exact for two parents, else scaled to one."""
    total = float(weights.sum())
    used = [i for i, w in enumerate(weights) if abs(w) > NOTHING]
    if len(used) == 2:
        a, b = (piece.references[names[i]].astype(np.float64).ravel() for i in used)
        length = np.sqrt((a @ a) * (b @ b))
        angle = float(np.arccos(np.clip(a @ b / length, -1, 1))) if length else 0.0
        if angle > 0.03:
            x, y = weights[used]
            place = np.arctan2(y * np.sin(angle), x + y * np.cos(angle)) / angle
            found = np.zeros(len(names))
            found[used] = 1 - place, place
            return found
    return weights / total if total else weights


def sparse(
    fitted: Fitted,
    rng: np.random.Generator,
    limits: Limits,
    known: str | None = None,
) -> Mixture | None:
    """TIES and DARE with any reference as the base that values equal.

    A small module may not show a base by itself; then the one that another module of
    the model showed is tried.
    """
    if len(fitted.names) - 1 > MOST_PARENTS:
        return None
    best: Mixture | None = None
    bases = [
        (1.0 if n == known else zero_excess(fitted.pieces, n), n) for n in fitted.names
    ]
    for _, base in sorted(bases, reverse=True):
        found = _sparse_from(base, fitted, rng)
        if found is None:
            continue
        if best is None or (found.explained or 0.0) > (best.explained or 0.0):
            best = found
        if (best.explained or 0.0) >= SETTLED:
            break
    if best is None or (best.explained or 0.0) < limits.pattern:
        return None
    return best


def _sparse_from(base: str, fitted: Fitted, rng: np.random.Generator) -> Mixture | None:
    """The better of the two kinds of sparse merge from one base.

    A small part of the elements is tried first, and ``None`` returned where neither
    kind comes near.
    """
    top, drops = _both(base, fitted, FIRST_ELEMENTS)
    if max(top.explained, drops.explained) < FIRST_EXPLAINED:
        return None
    top, drops = _both(base, fitted, MOST_ELEMENTS)
    parents = tuple(n for n in fitted.names if n != base)
    ties = top.explained >= drops.explained
    weights = top.weights if ties else drops.weights
    density = np.full(len(parents), top.density) if ties else drops.densities
    explained = top.explained if ties else drops.explained
    rows = tuple(
        ParentShare(n, float(w), float(w - half), float(w + half), float(d))
        for n, w, d, half in zip(
            parents, weights, density, _ends(fitted, base, parents, rng), strict=True
        )
    )
    return Mixture(
        "ties" if ties else "dare",
        rows,
        base,
        1.0 - explained,
        _share(fitted.rounding, fitted.energy),
        explained,
        layer_weights(fitted),
        None,
        _kin(fitted, _used(rows)),
        sum(p.values.size for p in fitted.pieces),
    )


def _both(base: str, fitted: Fitted, most: int) -> tuple[TopChanges, Pattern]:
    """Both kinds of sparse merge, on so many elements at most."""
    parents = [n for n in fitted.names if n != base]
    every = max(1, -(-sum(p.values.size for p in fitted.pieces) // most))
    changes, changed, steps = [], [], []
    for p in fitted.pieces:
        start = p.references[base].astype(np.float64)
        changes.append((p.values - start).ravel()[::every])
        changed.append(
            np.stack([(p.references[n] - start).ravel()[::every] for n in parents])
        )
        steps.append(p.step().astype(np.float64).ravel()[::every])
    drops = random_drops(
        np.concatenate(changes),
        np.concatenate(changed, axis=1),
        np.concatenate(steps),
    )
    return top_changes(changes, changed, steps), drops


def _ends(
    fitted: Fitted, base: str, parents: Sequence[str], rng: np.random.Generator
) -> Array:
    """Half widths of the intervals: those of the plain fit from the same base."""
    rows = [
        products(p.values - p.references[base], [_less(p, n, base) for n in parents])
        for p in _blocks(fitted.pieces)
    ]
    ends = intervals(rows, rng=rng, draws=200)
    half: Array = (ends[:, 1] - ends[:, 0]) / 2
    return half


def zero_excess(pieces: Sequence[Piece], reference: str) -> float:
    """Share of values equal to a reference's beyond what small changes account for.

    Training leaves a value as it was when the change is too small to be stored; then
    most of the others move by a step or two, and nothing is said. Dropped changes
    leave values as they were beside changes of many steps. Rows that stayed as a whole
    do not count.
    """
    zeros = near = total = 0
    for piece in pieces:
        if not piece.matrix:
            continue
        off = np.abs(piece.values - piece.references[reference]) / piece.step()
        moved = (off > 0.5).any(1)
        rows = off[moved]
        zeros += int(np.count_nonzero(rows <= 0.5))
        near += int(np.count_nonzero((rows > 0.5) & (rows <= 2.5)))
        total += rows.size
    if near > SMALL_STEPS * (total - zeros):
        return 0.0
    return max(0.0, (zeros - near) / total) if total else 0.0
