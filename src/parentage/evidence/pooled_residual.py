# SPDX-License-Identifier: Apache-2.0
"""Tests on the residual stream: ONE relabelling, so ONE p-value for each statistic.

All tensors of a stream (norm gains, biases, embeddings, patch filters) share the
relabelling of its dims. Pooling their vectors as if each were independent is the
mistake that turned r = 0.013 into "significant"; here the vectors are put side by
side as features of a residual dim, and dims are exchanged in pairs.

Null: the whole stream's initial weights were drawn independently of the reference.
So these tests can say that *the stream* depends on the reference, but not that this
tensor was copied: own tensors trained together with reused ones fall into the reused
ones' basis. The judge therefore asks for more where the stream is known to be shared.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from parentage.evidence.base import Evidence, Subject
from parentage.evidence.layer_map import expected_heads
from parentage.evidence.residual_profile import damped, without_bulk
from parentage.evidence.samples import Floats
from parentage.stats.blocks import BLOCK, block_grams, block_starts, log10_blocks
from parentage.stats.coins import Part, count, mismatched_cosine, swap_profile
from parentage.stats.fixed_points import count_fixed_points
from parentage.stats.tails import bonferroni, log10_binomial_tail, log10_fixed_points

Dims = NDArray[np.int64]
Piece = tuple[Dims, Floats, Floats]
"""(dims, candidate, reference) of one tensor; arrays are ``(dims, features)``."""


@dataclass(frozen=True)
class _Pairs:
    """Swap coins and fixed points of a few tensors of one stream."""

    heads: int
    trials: int
    effect: float
    features: float
    swap_p: float
    fixed: int
    fixed_p: float


def pooled_residual(
    module: str,
    block: str,
    pieces: list[Piece],
    *,
    method: str,
    reason: str | None = None,
) -> Evidence:
    """Swap coins and fixed points over residual dims; the smaller p, times two.

    Args:
        module, block: what the tensors belong to.
        pieces: (dims, candidate, reference) with ``(dims, features)`` arrays.
        method: id of the evidence.
        reason: why it cannot run, if so.
    """
    if reason is not None or not pieces:
        return _untested(module, block, method, reason)
    found = _pairs(pieces)
    return _evidence(
        Subject(module, block),
        method,
        found,
        log10_p=bonferroni(min(found.swap_p, found.fixed_p), 2),
        effect=found.effect,
        details={"tensors": len(pieces)},
    )


def embedding_columns(
    module: str, block: str, pieces: list[Piece], *, reason: str | None = None
) -> Evidence:
    """Swap coins, fixed points, ranks of blocks of dims; the smallest p, times three.

    Args:
        module, block: what the tensors belong to.
        pieces: (dims, candidate, reference) with ``(dims, features)`` arrays as
            stored. Coins and fixed points are taken without the bulk, ranks in the
            damped metric (:mod:`parentage.evidence.residual_profile`).
        reason: why it cannot run, if so.

    The effect is the larger of the two element correlations, of the profiles without
    their bulk and of the damped ones: noise hides the first, an own bulk the second.
    """
    method = "embedding-columns"
    if reason is not None or not pieces:
        return _untested(module, block, method, reason)
    found = _pairs([(ids, without_bulk(c), without_bulk(r)) for ids, c, r in pieces])
    blocks = _blocks(pieces)
    return _evidence(
        Subject(module, block),
        method,
        found,
        log10_p=bonferroni(min(found.swap_p, found.fixed_p, blocks.log10_p), 3),
        effect=max(found.effect, blocks.effect),
        details={
            "tensors": len(pieces),
            "blocks": blocks.count,
            "log10 p of blocks": blocks.log10_p,
            "effective features in blocks": blocks.features,
        },
    )


def _untested(module: str, block: str, method: str, reason: str | None) -> Evidence:
    return Evidence(
        method,
        "exact",
        Subject(module, block),
        "heads",
        None,
        0,
        residual_group=True,
        reason=reason
        or "no trained tensor of the residual stream was read in both models",
    )


def _evidence(
    subject: Subject,
    method: str,
    found: _Pairs,
    *,
    log10_p: float,
    effect: float,
    details: dict[str, object],
) -> Evidence:
    mean, sd = expected_heads(found.trials)
    return Evidence(
        method,
        "exact",
        subject,
        "heads",
        found.heads,
        found.trials,
        log10_p=log10_p,
        effect=effect,
        null_mean=mean,
        null_sd=sd,
        residual_group=True,
        details={
            "fixed points": found.fixed,
            "log10 p of swap coins": found.swap_p,
            "log10 p of fixed points": found.fixed_p,
            "effective features": found.features,
            **details,
        },
    )


def _pairs(pieces: list[Piece]) -> _Pairs:
    parts = []
    fixed, groups_p = 0, 0.0
    for ids, c, r in pieces:
        # Pairs are (2k, 2k+1): an odd first dim has no partner among those read.
        odd = int(ids[0]) % 2
        pairs = ids[odd : odd + (len(ids) - odd) // 2 * 2 : 2] // 2
        parts.append(
            Part(pairs, swap_profile(c[None, odd:]), swap_profile(r[None, odd:]))
        )
        k = count_fixed_points(
            np.ascontiguousarray(c[:2048]), np.ascontiguousarray(r[:2048])
        )
        p = log10_fixed_points(k, 1)
        if p <= groups_p:
            fixed, groups_p = k, p
    coins = count(parts)
    heads, trials = int(coins.heads[0, 0]), int(coins.trials[0, 0])
    return _Pairs(
        heads,
        trials,
        float(coins.correlation[0, 0]),
        coins.features,
        log10_binomial_tail(heads, trials) if trials else 0.0,
        fixed,
        bonferroni(groups_p, len(pieces)),
    )


@dataclass(frozen=True)
class _Blocks:
    """Ranks of blocks of dims, all tensors of a stream added up."""

    count: int
    log10_p: float
    effect: float
    features: float


def _blocks(pieces: list[Piece]) -> _Blocks:
    grams: dict[int, NDArray[np.float64]] = {}
    cross = left = right = features = 0.0
    for ids, candidate, reference in pieces:
        c, r = damped(candidate, reference)
        energy = float(np.vdot(c, c)), float(np.vdot(r, r))
        if min(energy) <= 0:
            continue
        scale = len(ids) / float(np.sqrt(energy[0] * energy[1]))
        starts = block_starts(ids)
        for start, gram in zip(starts, block_grams(starts, c, r), strict=True):
            number = int(ids[start]) // BLOCK
            # Tensors of a stream share the order of its dims: their products add up.
            grams[number] = grams.get(number, 0.0) + gram * scale
        cross += float(np.vdot(c, r)) * scale
        left += energy[0] * scale
        right += energy[1] * scale
        features += 1.0 / mismatched_cosine(Part(ids, c[None], r[None]))
    if not grams:
        return _Blocks(0, 0.0, 0.0, 1.0)
    return _Blocks(
        len(grams),
        log10_blocks(np.stack(list(grams.values()))),
        cross / float(np.sqrt(left * right)),
        features,
    )
