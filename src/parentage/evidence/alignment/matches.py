# SPDX-License-Identifier: Apache-2.0
"""Units of two models that were found to be the same, and how far the rest agrees.

Neurons are matched by their gate rows and scored on their up rows and down columns;
heads are matched by their query-key products and scored on their value-output
products. What is scored took no part in the matching.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from parentage.evidence.alignment.bases import mean_best
from parentage.evidence.alignment.units import SHARED, Floats, Heads, Neurons, Stream
from parentage.stats.assignment import assign, mutual_nearest, unit_rows
from parentage.stats.procrustes import Basis

Index = NDArray[np.int64]

SEARCH_ROWS = 256
"""Neurons of the candidate by which the partner of an MLP is looked for."""

FEWEST = 16
"""So many matched neurons are scored at least, and a twentieth of those read."""

MOST_HEAD_DIMS = 4096
"""Heads of layers with more query dims are not matched: the table is its square."""


@dataclass(frozen=True)
class NeuronMatch:
    """Neurons of a candidate's MLP with their counterparts in a reference's.

    Attributes:
        layer, expert, reference_layer, reference_expert: which MLPs.
        units: neurons of the candidate's MLP that were read.
        rows, columns: matched neurons of both.
        match: mean cosine by which all of the candidate's neurons find their best.
        up, down: cosines of the matched neurons' other sides; ``up`` is ``None``
            without a gate.
        signed: whether the candidate's signs are coins.
    """

    layer: int | None
    expert: int | None
    reference_layer: int | None
    reference_expert: int | None
    units: int
    rows: Index
    columns: Index
    match: float
    up: Floats | None
    down: Floats
    signed: bool

    @property
    def block(self) -> str:
        """Part of the candidate's layer, in the words of a description."""
        if self.expert is None:
            return "mlp"
        return "shared_experts" if self.expert == SHARED else "experts"

    @property
    def product(self) -> float:
        """Mean over matched neurons of the product of the two cosines.

        Flipping a neuron changes both, so it sees no flips; and unlike a mean of
        absolute values it has mean zero where the cosines have nothing in common.
        Without a gate nothing can be flipped, and the cosine itself is taken.
        """
        if not len(self.rows):
            return 0.0
        values = self.down if self.up is None else self.up * self.down
        return float(values.mean())

    @property
    def effect(self) -> float:
        """Element correlation of the sides that were not used for matching."""
        return self.product if self.up is None else signed_root(self.product)


@dataclass(frozen=True)
class HeadMatch:
    """Heads of a candidate's layer with their counterparts in a reference's.

    Attributes:
        layer, reference_layer: which layers.
        groups: matched key-value heads ``(candidate, reference)``.
        heads: matched query heads ``(candidate, reference)``.
        match: mean cosine of the query-key products of matched heads.
        product: mean cosine of the value-output products of matched heads.
        block: part of a layer, in the words of a description.
    """

    layer: int | None
    reference_layer: int | None
    groups: tuple[tuple[int, int], ...]
    heads: tuple[tuple[int, int], ...]
    match: float
    product: float
    block: str = "attention"

    @property
    def effect(self) -> float:
        """Element correlation of the products that were not used for matching."""
        return signed_root(self.product)


def signed_root(value: float) -> float:
    """Square root that keeps the sign."""
    return math.copysign(math.sqrt(abs(value)), value)


def match_neurons(
    candidate: Stream, reference: Stream, basis: Basis
) -> list[NeuronMatch]:
    """Every MLP of the candidate with the MLP of the reference that fits best.

    The partner is chosen by gate rows alone.
    """
    others = [unit_rows(n.match @ basis.right) for n in reference.neurons]
    found = []
    for own in candidate.neurons:
        rows = unit_rows(own.match @ basis.left)
        fits = [
            (mean_best(rows[:SEARCH_ROWS] @ o.T), -i)
            for i, (o, n) in enumerate(zip(others, reference.neurons, strict=True))
            if (n.up is None) == (own.up is None) and len(o)
        ]
        if not fits or not len(rows):
            continue
        score, position = max(fits)
        partner = reference.neurons[-position]
        table = rows @ others[-position].T
        found.append(_neuron_match(own, partner, score, table, basis))
    return found


def _neuron_match(
    own: Neurons, partner: Neurons, score: float, table: Floats, basis: Basis
) -> NeuronMatch:
    rows, columns = _sure(table, *mutual_nearest(table))

    def cosine(left: Floats, right: Floats) -> Floats:
        a = unit_rows(left[rows] @ basis.left)
        b = unit_rows(right[columns] @ basis.right)
        out: Floats = np.einsum("ij,ij->i", a, b)
        return out

    both = own.up is not None and partner.up is not None
    return NeuronMatch(
        own.layer,
        own.expert,
        partner.layer,
        partner.expert,
        len(table),
        rows,
        columns,
        score,
        cosine(own.up, partner.up) if both else None,  # type: ignore[arg-type]
        cosine(own.down, partner.down),
        own.signed,
    )


def _sure(table: Floats, rows: Index, columns: Index) -> tuple[Index, Index]:
    """Matches at least half as close as the closest, and not too few of them.

    Of neurons that were pruned away, or lie outside what was read, some are matched
    with strangers; by their gate rows these are far less alike.
    """
    closeness = table[rows, columns]
    least = max(FEWEST, len(table) // 20)
    if len(rows) <= least:
        return rows, columns
    floor = min(float(closeness.max()) / 2, float(np.sort(closeness)[-least]))
    keep = closeness >= floor
    return rows[keep], columns[keep]


def match_heads(
    candidate: Stream, reference: Stream, basis: Basis
) -> list[tuple[HeadMatch, Heads, Heads]]:
    """Every layer's heads with those of the reference's layer that fits best.

    The partner is chosen by query-key products alone. The heads are returned in the
    coordinates of the basis.
    """
    others = [_turned(h, basis.right) for h in reference.heads if _small(h)]
    found = []
    for heads in candidate.heads:
        same = [o for o in others if _comparable(heads, o)]
        if not same or not _small(heads):
            continue
        own = _turned(heads, basis.left)
        tables = [_products(own, o, "query", "key") for o in same]
        fits = [_matched(table, own, o) for table, o in zip(tables, same, strict=True)]
        best = int(np.argmax([score for score, _, _ in fits]))
        score, groups, pairs = fits[best]
        values = _products(own, same[best], "output", "value")
        product = float(np.mean([values[a, b] for a, b in pairs])) if pairs else 0.0
        match = HeadMatch(heads.layer, same[best].layer, groups, pairs, score, product)
        found.append((match, own, same[best]))
    return found


def _small(heads: Heads) -> bool:
    return bool(heads.query.shape[0] * heads.query.shape[1] <= MOST_HEAD_DIMS)


def _comparable(a: Heads, b: Heads) -> bool:
    dims = ((h.query.shape[1], h.value.shape[1]) for h in (a, b))
    return len(set(dims)) == 1


def _turned(heads: Heads, matrix: Floats) -> Heads:
    return Heads(
        heads.layer,
        heads.query @ matrix,
        heads.key @ matrix,
        heads.value @ matrix,
        heads.output @ matrix,
        heads.rotary,
    )


def _products(own: Heads, other: Heads, wide: str, shared: str) -> Floats:
    """Cosine of ``wide^T shared`` (a ``d x d`` product) for every pair of heads.

    ``<A^T B, C^T D> = <A C^T, B D^T>``, so nothing of size ``d x d`` is formed.
    It is the same whatever invertible map was put between the two sides of a head.
    """
    a, c = getattr(own, wide), getattr(other, wide)
    left = np.arange(len(a)) // own.group
    right = np.arange(len(c)) // other.group
    b = getattr(own, shared)[np.minimum(left, len(own.key) - 1)]
    d = getattr(other, shared)[np.minimum(right, len(other.key) - 1)]

    def inner(w: Floats, x: Floats, y: Floats, z: Floats) -> Floats:
        first = np.einsum("hik,gjk->hgij", w, y, optimize=True)
        second = np.einsum("hik,gjk->hgij", x, z, optimize=True)
        out: Floats = np.einsum("hgij,hgij->hg", first, second)
        return out

    def length(w: Floats, x: Floats) -> Floats:
        first = np.einsum("hik,hjk->hij", w, w, optimize=True)
        second = np.einsum("hik,hjk->hij", x, x, optimize=True)
        out: Floats = np.sqrt(np.maximum(np.einsum("hij,hij->h", first, second), 0))
        return out

    scale = length(a, b)[:, None] * length(c, d)[None, :]
    table = inner(a, b, c, d)
    out: Floats = np.divide(table, scale, out=np.zeros_like(table), where=scale > 0)
    return out


def _matched(
    table: Floats, own: Heads, other: Heads
) -> tuple[float, tuple[tuple[int, int], ...], tuple[tuple[int, int], ...]]:
    """Key-value heads one to one, then the query heads inside each pair of them."""
    a, b = own.group, other.group
    rows, columns = len(table) // a, table.shape[1] // b
    grid = table[: rows * a, : columns * b].reshape(rows, a, columns, b)
    groups = list(_pairs(grid.max(axis=3).mean(axis=1)))
    pairs = [
        (g * a + i, h * b + j) for g, h in groups for i, j in _pairs(grid[g, :, h, :])
    ]
    score = float(np.mean([table[i, j] for i, j in pairs])) if pairs else -1.0
    return score, tuple(groups), tuple(pairs)


def _pairs(table: Floats) -> Sequence[tuple[int, int]]:
    rows, columns = assign(table)
    return list(zip(rows.tolist(), columns.tolist(), strict=True))
