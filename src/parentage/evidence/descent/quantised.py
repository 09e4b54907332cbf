# SPDX-License-Identifier: Apache-2.0
"""Is the module a rounded copy, and of which of several kindred references?"""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass

from parentage.evidence.descent.limits import Limits
from parentage.evidence.descent.pieces import Piece, digits
from parentage.stats.rounding import FLOAT8, Grid, find_grid, residual, rounded

MOST = 1 << 16
"""Values of a matrix in which its grid is looked for."""

STORED = {"F8_E4M3": "fp8-e4m3", "F8_E5M2": "fp8-e5m2"}


@dataclass(frozen=True)
class Rounding:
    """How well one reference fits as what was rounded.

    Attributes:
        reference: label.
        residual: root mean square difference in units of what rounding to the grid
            leaves; about 1 for the copied reference.
        same: share of the values that the plain rule would make of it.
        on_grid: whether the reference lies on the same grid itself, so that which of
            the two was rounded cannot be seen.
    """

    reference: str
    residual: float
    same: float
    on_grid: bool


@dataclass(frozen=True)
class Quantised:
    """A grid under the candidate's matrices.

    Attributes:
        scheme: ``int4``, ``int8``, ``fp8-e4m3`` and so on.
        group: neighbours that share a scale; 0: a row, or no scale.
        share: share of the matrices inside layers that lie on it.
        candidates: references, best first.
    """

    scheme: str
    group: int
    share: float
    candidates: tuple[Rounding, ...]


def quantised(
    pieces: Sequence[Piece], references: Sequence[str], limits: Limits
) -> Quantised | None:
    """Find the grid, and rank references by the smallest rounding residual."""
    matrices = [p for p in pieces if p.inner and not p.square]
    grids = [(p, grid(p)) for p in matrices]
    counts = Counter((g.scheme, g.group) for _, g in grids if g is not None)
    if not counts:
        return None
    (scheme, group), number = counts.most_common(1)[0]
    if number < limits.grid_share * len(matrices):
        return None
    mine = [(p, g) for p, g in grids if g and (g.scheme, g.group) == (scheme, group)]
    found = [r for r in (_against(mine, name) for name in references) if r]
    found.sort(key=lambda r: (r.residual, -r.same))
    if not found or (scheme, group) == _scheme_of(matrices, found[0].reference):
        return None  # the reference is rounded alike: nothing was rounded in between
    return Quantised(scheme, group, number / len(matrices), tuple(found))


def stored_rounded(pieces: Sequence[Piece], reference: str) -> bool:
    """Whether matrices are stored as eight-bit floats, and the reference's are not.

    As values they count as the reference's, cast; as copies they are rounded ones.
    """
    return any(
        p.dtype in STORED and p.dtypes[reference] not in STORED
        for p in pieces
        if p.inner and reference in p.references
    )


def grid(piece: Piece) -> Grid | None:
    """The grid of the candidate's values in one piece."""
    return _grid(piece, None)


def _grid(piece: Piece, reference: str | None) -> Grid | None:
    dtype = piece.dtype if reference is None else piece.dtypes[reference]
    values = piece.values if reference is None else piece.references[reference]
    if dtype in STORED:
        return Grid(STORED[dtype], 0, 0.0)
    values = values[: max(1, MOST // values.shape[1])]
    if not values.any():
        return None
    return find_grid(values, *digits(dtype, values))


def _scheme_of(matrices: Sequence[Piece], reference: str) -> tuple[str, int] | None:
    grids = [
        g
        for p in matrices[:8]
        if reference in p.references
        for g in [_grid(p, reference)]
    ]
    if not grids or any(g is None for g in grids):
        return None
    return Counter((g.scheme, g.group) for g in grids if g).most_common(1)[0][0]


def _against(mine: Sequence[tuple[Piece, Grid]], name: str) -> Rounding | None:
    total = 0.0
    elements = same = 0
    held = [(p, g) for p, g in mine if name in p.references]
    for piece, found in held:
        squares, number = residual(piece.values, piece.references[name], found)
        total += squares
        elements += number
        other = rounded(piece.references[name], found)
        if other is not None:
            near = abs(other - piece.values) <= piece.step()
            same += int(near.sum())
    if not elements:
        return None
    theirs = _scheme_of([p for p, _ in held], name)
    return Rounding(
        name,
        math.sqrt(total / elements),
        same / elements,
        theirs is not None and (theirs[0] in FLOAT8 or theirs[0].startswith("int")),
    )
