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

import numpy as np

from parentage.evidence.base import Evidence, Subject
from parentage.evidence.layer_map import expected_heads
from parentage.evidence.samples import BlockSamples, Floats, Sample
from parentage.evidence.units import EMBEDDINGS, unit_rows
from parentage.stats.coins import Part, count, swap_profile
from parentage.stats.fixed_points import count_fixed_points
from parentage.stats.tails import bonferroni, log10_binomial_tail, log10_fixed_points


def vector_profile(
    samples: list[Sample],
) -> tuple[Floats, Floats, int]:
    """All 1-D residual vectors of equal layers, side by side as features of a dim.

    Returns:
        ``(dims, vectors)`` for candidate and reference, each vector centred and
        scaled, and the number of vectors. Constant vectors (never trained) are left
        out: they say nothing.
    """
    left: list[Floats] = []
    right: list[Floats] = []
    for sample in samples:
        if sample.axes != ("residual",):
            continue
        where = {layer: i for i, layer in enumerate(sample.reference_layers)}
        for i, layer in enumerate(sample.candidate_layers):
            if layer not in where:
                continue
            c, r = sample.candidate[i], sample.reference[where[layer]]
            if c.std() > 0 and r.std() > 0:
                left.append((c - c.mean()) / c.std())
                right.append((r - r.mean()) / r.std())
    if not left:
        empty = np.zeros((0, 0), dtype=np.float32)
        return empty, empty, 0
    return np.stack(left, axis=1), np.stack(right, axis=1), len(left)


def embedding_profile(
    blocks: list[BlockSamples],
) -> list[tuple[str, np.ndarray[tuple[int], np.dtype[np.int64]], Floats, Floats]]:
    """(role, dims, candidate, reference) of tensors known by their residual dims."""
    found = []
    for block in blocks:
        for role in EMBEDDINGS:
            sample = block.samples.get(role)
            if sample is None or len(sample.axes) < 2:
                continue
            rows = unit_rows(sample, block)
            if rows is not None and len(rows[0]) >= 2:
                ids, c, r = rows
                # Layers never repeat here; several tensors of a role become features.
                for i in range(min(c.shape[0], r.shape[0])):
                    found.append((role, ids, c[i], r[i]))
    return found


def pooled_residual(
    module: str,
    block: str,
    pieces: list[tuple[np.ndarray[tuple[int], np.dtype[np.int64]], Floats, Floats]],
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
    subject = Subject(module, block)
    if reason is None and not pieces:
        reason = "no trained tensor of the residual stream was read in both models"
    if reason is not None:
        return Evidence(
            method,
            "exact",
            subject,
            "heads",
            None,
            0,
            residual_group=True,
            reason=reason,
        )
    parts = []
    fixed, groups_p = 0, 0.0
    for ids, c, r in pieces:
        even = ids[: len(ids) // 2 * 2]
        starts = int(even[0]) % 2 if len(even) else 0
        c, r, ids = c[starts:], r[starts:], ids[starts:]
        pairs = ids[: len(ids) // 2 * 2 : 2] // 2
        parts.append(Part(pairs, swap_profile(c[None]), swap_profile(r[None])))
        k = count_fixed_points(
            np.ascontiguousarray(c[:2048]), np.ascontiguousarray(r[:2048])
        )
        p = log10_fixed_points(k, 1)
        if p <= groups_p:
            fixed, groups_p = k, p
    coins = count(parts)
    heads, trials = int(coins.heads[0, 0]), int(coins.trials[0, 0])
    swap_p = log10_binomial_tail(heads, trials) if trials else 0.0
    fixed_p = bonferroni(groups_p, len(pieces))
    mean, sd = expected_heads(trials)
    return Evidence(
        method,
        "exact",
        subject,
        "heads",
        heads,
        trials,
        log10_p=bonferroni(min(swap_p, fixed_p), 2),
        effect=float(coins.correlation[0, 0]),
        null_mean=mean,
        null_sd=sd,
        residual_group=True,
        details={
            "fixed points": fixed,
            "log10 p of swap coins": swap_p,
            "log10 p of fixed points": fixed_p,
            "effective features": coins.features,
            "tensors": len(pieces),
        },
    )
