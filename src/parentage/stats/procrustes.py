# SPDX-License-Identifier: Apache-2.0
"""A common basis of two residual streams, from rows that are known to correspond.

A basis is a pair of matrices ``(d_candidate, r)`` and ``(d_reference, r)`` with
orthonormal columns: rows of either model times its matrix are coordinates in which
they can be compared. ``r`` is smaller than a width where widths differ, or where too
few corresponding rows are known to turn all of it.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from parentage.stats.assignment import assign, unit_rows

if TYPE_CHECKING:
    from numpy.typing import NDArray

    Floats = NDArray[np.float32]

RANK_FLOOR = 1e-4
"""Directions below this share of the largest singular value are left out."""


@dataclass(frozen=True)
class Basis:
    """Coordinates common to two residual streams.

    Attributes:
        kind: ``identity``, ``permutation`` or ``rotation``.
        left, right: ``(d_candidate, r)`` and ``(d_reference, r)``.
    """

    kind: str
    left: Floats
    right: Floats


def identity(width: int) -> Basis:
    """Every dim is where it was."""
    eye = np.eye(width, dtype=np.float32)
    return Basis("identity", eye, eye)


def rotation(candidate: Floats, reference: Floats) -> Basis:
    """Orthogonal Procrustes: the rotation that carries one set of rows to the other.

    Args:
        candidate, reference: corresponding rows ``(n, d_candidate)`` and
            ``(n, d_reference)``.

    ``argmin ||C Q - R||`` over partial isometries is the polar factor ``U V^T`` of
    ``C^T R = U S V^T`` (Schoenemann 1966). ``U`` and ``V`` themselves are the basis.
    With fewer rows than dims only the span of the rows is turned; nothing is claimed
    about the rest.
    """
    n = len(candidate)
    if n < min(candidate.shape[1], reference.shape[1]):
        left, small = np.linalg.qr(candidate.T.astype(np.float64))
        right, other = np.linalg.qr(reference.T.astype(np.float64))
        u, s, vt = np.linalg.svd(small @ other.T)
        u, v = left @ u, right @ vt.T
    else:
        cross = candidate.T.astype(np.float64) @ reference
        u, s, vt = np.linalg.svd(cross, full_matrices=False)
        v = vt.T
    keep = s > RANK_FLOOR * s.max(initial=0.0)
    return Basis(
        "rotation", u[:, keep].astype(np.float32), v[:, keep].astype(np.float32)
    )


def permutation(candidate: Floats, reference: Floats) -> Basis:
    """The signed permutation (or selection) of dims that fits corresponding rows.

    Dims are matched one to one by the absolute cosine of their columns; the sign is
    that of the cosine.
    """
    similarity = unit_rows(candidate.T) @ unit_rows(reference.T).T
    rows, columns = assign(np.abs(similarity))
    steps = np.arange(len(rows))
    left = np.zeros((candidate.shape[1], len(rows)), dtype=np.float32)
    right = np.zeros((reference.shape[1], len(rows)), dtype=np.float32)
    left[rows, steps] = np.where(similarity[rows, columns] < 0, -1.0, 1.0)
    right[columns, steps] = 1.0
    return Basis("permutation", left, right)
