# SPDX-License-Identifier: Apache-2.0
"""How far a module has moved from each reference: nothing, little or much."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

from parentage.evidence.descent.limits import Limits
from parentage.evidence.descent.pieces import Piece, energy

Extent = Literal["none", "light", "moderate", "heavy"]


@dataclass(frozen=True)
class Change:
    """The distance of the candidate's module from one reference.

    Attributes:
        reference: label.
        relative: length of the difference over the length of the reference, matrices
            only.
        equal: share of all values read that are the same.
        frozen: share of the tensors that are the same throughout.
        elements: values compared.
        layers: relative change of each layer (``None``: outside layers).
    """

    reference: str
    relative: float
    equal: float
    frozen: float
    elements: int
    layers: tuple[tuple[int | None, float], ...]


def change(pieces: Sequence[Piece], reference: str) -> Change:
    """Measure the change against one reference over all pieces that have it."""
    mine = [p for p in pieces if reference in p.references and not p.square]
    shares = [p.equal(reference) for p in mine]
    sizes = [p.values.size for p in mine]
    total = sum(sizes)
    moved: dict[int | None, list[float]] = {}
    for piece in mine:
        if piece.matrix:
            other = piece.references[reference]
            row = moved.setdefault(piece.layer, [0.0, 0.0])
            row[0] += energy(piece.values - other)
            row[1] += energy(other)
    return Change(
        reference,
        _relative([sum(r[i] for r in moved.values()) for i in (0, 1)]),
        sum(s * n for s, n in zip(shares, sizes, strict=True)) / max(total, 1),
        sum(s == 1.0 for s in shares) / max(len(shares), 1),
        total,
        tuple(
            (layer, _relative(moved[layer]))
            for layer in sorted(moved, key=lambda x: -1 if x is None else x)
        ),
    )


def _relative(sums: Sequence[float]) -> float:
    return math.sqrt(sums[0] / sums[1]) if sums[1] > 0 else 0.0


def extent(found: Change, limits: Limits) -> Extent:
    """The word for a change."""
    if found.equal == 1.0:
        return "none"
    if found.relative < limits.light:
        return "light"
    return "heavy" if found.relative >= limits.heavy else "moderate"
