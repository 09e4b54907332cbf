# SPDX-License-Identifier: Apache-2.0
"""What describes a dim of the residual stream: its rows, and what to take out of them.

Everything here is done to each model on its own and commutes with relabelling its
units, so no test built on it loses exactness.
"""

from __future__ import annotations

import numpy as np

from parentage.evidence.samples import BlockSamples, Floats, Sample
from parentage.evidence.units import EMBEDDINGS, unit_rows

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
    """(role, dims, candidate, reference) of tensors known by their residual dims.

    The arrays are ``(dims, features)``, as stored.
    """
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
                found.append((role, ids, c[i], r[j]))
    return found


DAMPED = 16
"""Leading directions that are damped before a matched comparison."""


def leading(profile: Floats, k: int) -> Floats:
    """Orthonormal basis of about the ``k`` leading directions, ``(features, k)``."""
    features = profile.shape[1]
    start = np.random.default_rng(0).standard_normal((features, k), dtype=np.float32)
    basis: Floats = np.linalg.qr(start)[0].astype(np.float32)
    for _ in range(4):
        basis = np.linalg.qr(profile.T @ (profile @ basis))[0].astype(np.float32)
    return basis


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
    basis = leading(out, k)
    rest: Floats = np.asarray(out - (out @ basis) @ basis.T, dtype=np.float32)
    return rest


def damped(profile: Floats, other: Floats) -> tuple[Floats, Floats]:
    """Two profiles in the metric in which the first one's noise is about even.

    A copy under noise is found best by the plain inner product with what was copied,
    bulk and all; a model with a bulk of its own drowns in it. So the candidate's
    leading directions are damped by ``min(1, 2 m / (s^2 + m))``, where ``s^2`` is the
    energy of the direction and ``m`` the mean energy of a direction: what stands out
    of the candidate counts for little, what does not stand out counts in full. (With
    all directions this is the matched filter under the candidate's own covariance,
    ridge ``m``.)

    Args:
        profile: ``(units, features)`` of the candidate.
        other: the same of the reference; it is damped in the candidate's directions.

    Returns:
        Both with the mean over units taken out, and damped by the square root, so
        that their plain inner product is the one in the metric.
    """
    first: Floats = profile - profile.mean(axis=0)
    second: Floats = other - other.mean(axis=0)
    rank = min(first.shape)
    k = min(DAMPED, rank // 4)
    if k < 1:
        return first, second
    basis = leading(first, k)
    onto = first @ basis
    energy = np.square(onto).sum(axis=0, dtype=np.float64)
    mean = float(np.vdot(first, first)) / rank
    if mean <= 0:
        return first, second
    weight = np.sqrt(np.minimum(1.0, 2 * mean / (energy + mean)))
    less = (1.0 - weight).astype(np.float32)
    first = first - (onto * less) @ basis.T
    second = second - ((second @ basis) * less) @ basis.T
    return first, second
