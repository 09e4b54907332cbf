# SPDX-License-Identifier: Apache-2.0
"""The best alignment of two residual streams, and what it scores on other tensors."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from parentage.evidence.alignment.bases import bases
from parentage.evidence.alignment.coins import (
    Flips,
    first_of_copies,
    head_flips,
    neuron_flips,
)
from parentage.evidence.alignment.matches import (
    HeadMatch,
    NeuronMatch,
    match_heads,
    match_neurons,
)
from parentage.evidence.alignment.units import Floats, Stream
from parentage.evidence.residual_profile import without_bulk
from parentage.stats.assignment import unit_rows
from parentage.stats.procrustes import Basis

ENOUGH = 0.5
"""An effect beyond which no further basis is tried: nothing independent comes near."""


@dataclass(frozen=True)
class TokenScore:
    """Agreement of token rows that took no part in finding the basis.

    Attributes:
        role: ``token_embedding`` or ``lm_head`` (or ``patch_embedding``).
        cosine: mean cosine of equal tokens, in the coordinates of the basis.
        tokens: how many.
    """

    role: str
    cosine: float
    tokens: int


@dataclass(frozen=True)
class Alignment:
    """One residual stream laid in another.

    Attributes:
        basis: which kind of basis fits best, in words.
        dims: how many coordinates are common.
        neurons, heads: the matched units, layer by layer.
        tokens: agreement of embedding and output rows.
        flips: coins of every kind and layer.
        alone: layers of the candidate that may be counted together.
        frame: the basis itself.
    """

    basis: str
    dims: int
    neurons: tuple[NeuronMatch, ...]
    heads: tuple[HeadMatch, ...]
    tokens: tuple[TokenScore, ...]
    flips: tuple[Flips, ...]
    alone: frozenset[int | None]
    frame: Basis

    def effect(self, block: str) -> float | None:
        """Largest effect of any layer of ``mlp`` or ``attention``."""
        effects = [
            m.effect for m in (self.heads if block == ATTENTION else self.neurons)
        ]
        return max(effects, default=None)


MLP, ATTENTION = "mlp", "attention"


def align(candidate: Stream, reference: Stream) -> Alignment | None:
    """Try every basis, cheapest first, and keep the one whose held-out scores are best.

    Returns:
        ``None`` where no basis applies or no unit could be matched in any.
    """
    chosen: tuple[float, str, Basis] | None = None
    for name, basis in bases(candidate, reference):
        score = _held_out(candidate, reference, basis)
        if score is None:
            continue
        if chosen is None or score > chosen[0]:
            chosen = (score, name, basis)
        if score >= ENOUGH:
            break
    if chosen is None:
        return None
    _, name, basis = chosen
    neurons = match_neurons(candidate, reference, basis)
    heads = match_heads(candidate, reference, basis)
    return Alignment(
        name,
        basis.left.shape[1],
        tuple(neurons),
        tuple(match for match, _, _ in heads),
        tuple(_token_scores(candidate, reference, basis)),
        (*neuron_flips(neurons), *head_flips(heads)),
        frozenset(first_of_copies(candidate)),
        basis,
    )


def _held_out(candidate: Stream, reference: Stream, basis: Basis) -> float | None:
    """The largest effect of any layer, of neurons if there are any, else of heads."""
    neurons = match_neurons(candidate, reference, basis)
    if neurons:
        return max(match.effect for match in neurons)
    heads = match_heads(candidate, reference, basis)
    return max((match.effect for match, _, _ in heads), default=None)


def _token_scores(
    candidate: Stream, reference: Stream, basis: Basis
) -> list[TokenScore]:
    found = []
    sides = (
        ("token_embedding", candidate.tokens, reference.tokens),
        ("lm_head", candidate.outputs, reference.outputs),
    )
    for role, own, other in sides:
        if own is None or other is None:
            continue
        count = min(len(own), len(other))
        rows = slice(1, count, 2)  # a basis from tokens saw the even ones
        a = unit_rows(_spread(own[rows] @ basis.left))
        b = unit_rows(_spread(other[rows] @ basis.right))
        if len(a) < 2:
            continue
        cosine = float(np.einsum("ij,ij->i", a, b).mean())
        found.append(TokenScore(role, cosine, len(a)))
    return found


def _spread(rows: Floats) -> Floats:
    """Rows without what all tokens have in common: mean and token frequency."""
    return np.ascontiguousarray(without_bulk(np.ascontiguousarray(rows.T)).T)
