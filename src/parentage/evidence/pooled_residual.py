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

CONSTANT_NORM = 0.005
"""Relative spread of squared row norms below which a table is taken for a fixed one.

Rows of sines and cosines all have the same norm; rows of a random table of width d
spread by sqrt(2/d), which is 0.02 even at d = 4096.
"""


def is_position_table(sample: Sample) -> bool:
    """Whether a position table looks like one of sines and cosines, up to scale.

    The table may sit under its own role or among rows of unknown role. Rows of zeros
    (a class token) are passed over.
    """
    if sample.role not in {"position_embedding", "residual_rows"}:
        return False
    for side in (sample.candidate, sample.reference):
        for table in side:
            squares = np.square(table.astype(np.float64)).sum(axis=1)
            squares = squares[squares > 0]
            if len(squares) >= 8 and squares.std() < CONSTANT_NORM * squares.mean():
                return True
    return False


BULK = 2
"""Directions that are taken out of an embedding's profile.

One is enough for independent output matrices; more of them cost power on noisy
copies (docs/calibration.md).
"""


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
        # A vector of another width is none of this stream.
        if sample.axes != ("residual",) or (
            left and sample.candidate.shape[1] != len(left[0])
        ):
            continue
        for i, j in sample.same_layers():
            c, r = sample.candidate[i], sample.reference[j]
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
            if sample is None or len(sample.axes) < 2 or not sample.candidate.size:
                continue
            rows = unit_rows(sample, block)
            if rows is None or len(rows[0]) < 2:
                continue
            ids, c, r = rows
            for i, j in sample.same_layers():
                found.append((role, ids, without_bulk(c[i]), without_bulk(r[j])))
    return found


def without_bulk(profile: Floats) -> Floats:
    """A profile without the few directions that dominate all of its units.

    Output matrices have a large common part (token frequency), which leaves a coin
    with hardly more than one independent feature. The mean over features and the
    leading directions in feature space are taken out of each model on its own.
    Relabelling units commutes with this, so exactness is not touched.

    Args:
        profile: ``(units, features)``.
    """
    units, features = profile.shape
    out: Floats = profile - profile.mean(axis=1, keepdims=True)
    k = min(BULK, min(units, features) // 4)
    if k < 1:
        return out
    start = np.random.default_rng(0).standard_normal((features, k), dtype=np.float32)
    basis = np.linalg.qr(start)[0]
    for _ in range(4):
        basis = np.linalg.qr(out.T @ (out @ basis))[0]
    rest: Floats = out - (out @ basis) @ basis.T
    return rest


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
