# SPDX-License-Identifier: Apache-2.0
"""Ways in which one residual stream may lie in another, cheapest first.

Each is found from rows that are later not scored: a rotation from the embedding is
judged on neurons and heads, one from gate rows on the up and down sides.
"""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from parentage.evidence.alignment.signatures import signatures
from parentage.evidence.alignment.units import Floats, Stream
from parentage.stats.assignment import mutual_nearest
from parentage.stats.procrustes import Basis, identity, permutation, rotation

IDENTITY = "identity"
"""Name of the basis in which every dim is where it was."""

MOST_TOKENS = 4096
"""Token rows that a basis is found from."""

WIDEST = 2048
"""Widest stream that is aligned without tokens: the forms cost ``width^2``."""

ROUNDS = 12
"""Rounds of matching and turning; few are needed once most matches are right."""

GAIN = 1e-3
"""Rounds end when the mean cosine of matches rises by less."""


def bases(candidate: Stream, reference: Stream) -> Iterator[tuple[str, Basis]]:
    """Name and basis of every way that applies, made only when asked for."""
    if candidate.width == reference.width:
        yield IDENTITY, identity(candidate.width)
    shared = _shared_tokens(candidate, reference)
    if shared is not None:
        # Half of the tokens; the other half says whether the basis holds.
        own, other = (side[::2][:MOST_TOKENS] for side in shared)
        yield "permutation of dims, from tokens", permutation(own, other)
        yield "rotation, from tokens", rotation(own, other)
    found = _without_tokens(candidate, reference)
    if found is not None:
        yield "rotation, without tokens", found


def _shared_tokens(
    candidate: Stream, reference: Stream
) -> tuple[Floats, Floats] | None:
    if candidate.tokens is None or reference.tokens is None:
        return None
    count = min(len(candidate.tokens), len(reference.tokens))
    if count < 4:
        return None
    return candidate.tokens[:count], reference.tokens[:count]


def _without_tokens(candidate: Stream, reference: Stream) -> Basis | None:
    """A rotation from neurons that are recognised by their signatures."""
    sides = (candidate, reference)
    if any(not s.neurons or not s.whole or s.width > WIDEST for s in sides):
        return None
    own, other = signatures(candidate), signatures(reference)
    partners: list[int] = []
    pairs: _Pairs = []
    for row in own:
        tables = {i: row @ o.T for i, o in enumerate(other) if _alike(row, o)}
        if not tables:
            return None
        best = max(tables, key=lambda i: (mean_best(tables[i]), -i))
        partners.append(best)
        pairs.append((*mutual_nearest(tables[best]), tables[best]))
    basis = _turned(candidate, reference, partners, pairs)
    before = -1.0
    for _ in range(ROUNDS):
        if basis is None:
            return None
        aligned = [
            (n.match @ basis.left) @ (reference.neurons[p].match @ basis.right).T
            for n, p in zip(candidate.neurons, partners, strict=True)
        ]
        pairs = [(*mutual_nearest(table), table) for table in aligned]
        now = float(np.mean([mean_best(table) for table in aligned]))
        if now < before + GAIN:
            break
        before = now
        basis = _turned(candidate, reference, partners, pairs)
    return basis


def _alike(own: Floats, other: Floats) -> bool:
    return own.shape[1] == other.shape[1] and len(own) > 0 and len(other) > 0


def mean_best(table: Floats) -> float:
    """Mean similarity of every row to its most similar column."""
    return float(table.max(axis=1).mean())


_Pairs = list[tuple[np.ndarray, np.ndarray, Floats]]


def _turned(
    candidate: Stream, reference: Stream, partners: list[int], pairs: _Pairs
) -> Basis | None:
    """Procrustes on matched rows, those that agree more counting more."""
    left, right = [], []
    for neurons, partner, (rows, columns, table) in zip(
        candidate.neurons, partners, pairs, strict=True
    ):
        weight = np.maximum(table[rows, columns], 0.0)[:, None] ** 2
        left.append(neurons.match[rows] * weight)
        right.append(reference.neurons[partner].match[columns])
    own, other = np.concatenate(left), np.concatenate(right)
    if len(own) < min(candidate.width, reference.width):
        return None
    return rotation(own, other)
