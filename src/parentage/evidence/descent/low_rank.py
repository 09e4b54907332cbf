# SPDX-License-Identifier: Apache-2.0
"""Was a low-rank update added? Ranks of the differences above rounding noise."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from parentage.evidence.descent.limits import Limits
from parentage.evidence.descent.pieces import Piece
from parentage.stats.spectrum import Spectrum, spectrum


@dataclass(frozen=True)
class Ranks:
    """Ranks of the differences of the matrices inside layers.

    Attributes:
        rank: most frequent rank of the changed matrices; their median where none is
            frequent.
        full: median of the largest possible ranks.
        share: share of the changed matrices of at most that rank with a cliff behind.
        effective: median number of singular values that hold 99 % of the energy.
        matrices: changed matrices looked at.
        low: whether the update is called low-rank.
        example: singular values of one of them, over the noise edge.
    """

    rank: int
    full: int
    share: float
    effective: int
    matrices: int
    low: bool
    example: tuple[float, ...]


def ranks(pieces: Sequence[Piece], reference: str, limits: Limits) -> Ranks | None:
    """Rank profile of the difference to one reference; ``None`` without changes."""
    inner = [p for p in pieces if p.inner and reference in p.references]
    # Runs of few rows cut every rank; where squares were read they speak alone.
    inner = [p for p in inner if p.square] or inner
    found = [
        s
        for p in inner
        for s in [difference_spectrum(p, reference)]
        if s.values[0] > 2 * s.edge and s.full >= 8
    ]
    if not found:
        return None
    numbers = [s.rank for s in found]
    full = int(np.median([s.full for s in found]))
    counts = np.bincount(numbers)
    frequent = counts.max() >= len(found) / 2
    rank = int(counts.argmax()) if frequent else int(np.median(numbers))
    narrow = [
        0 < s.rank <= limits.low_rank * s.full and s.drop >= limits.cliff for s in found
    ]
    share = float(np.mean(narrow))
    return Ranks(
        rank,
        full,
        share,
        int(np.median([s.effective for s in found])),
        len(found),
        share >= limits.low_rank_share,
        _example(found, rank),
    )


def difference_spectrum(piece: Piece, reference: str) -> Spectrum:
    """Spectrum of one difference, with the noise that rounding it left."""
    noise = piece.step() / np.float32(np.sqrt(12))
    return spectrum(piece.values - piece.references[reference], noise)


def _example(found: Sequence[Spectrum], rank: int) -> tuple[float, ...]:
    chosen = next((s for s in found if s.rank == rank), found[0])
    scale = chosen.edge if chosen.edge > 0 else 1.0
    return tuple(float(v / scale) for v in chosen.values[:128])
