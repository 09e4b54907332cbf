# SPDX-License-Identifier: Apache-2.0
"""Descriptive similarity of two aligned arrays. Never a reason to accuse."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray


@dataclass(frozen=True)
class Similarity:
    """Aligned similarity of two arrays of equal shape.

    Attributes:
        cosine: raw cosine; near 1 for any two vectors whose mean is large against
            their spread, related or not.
        shuffled: the same after one array was shuffled: what remains is no evidence.
        pearson: correlation after each array's own mean is removed.
        relative_l2: ``|c - r| / |r|``.
        changed: share of elements that differ in value.
    """

    cosine: float
    shuffled: float
    pearson: float
    relative_l2: float
    changed: float


def _cosine(a: NDArray[np.float64], b: NDArray[np.float64]) -> float:
    scale = float(np.linalg.norm(a) * np.linalg.norm(b))
    return float(a @ b) / scale if scale > 0 else 0.0


def similarity(
    candidate: NDArray[np.floating],
    reference: NDArray[np.floating],
    rng: np.random.Generator,
) -> Similarity:
    """Describe how alike two arrays of equal shape are, element by element."""
    a = np.asarray(candidate, dtype=np.float64).ravel()
    b = np.asarray(reference, dtype=np.float64).ravel()
    norm = float(np.linalg.norm(b))
    return Similarity(
        cosine=_cosine(a, b),
        shuffled=_cosine(a, rng.permutation(b)),
        pearson=_cosine(a - a.mean(), b - b.mean()),
        relative_l2=float(np.linalg.norm(a - b)) / norm if norm > 0 else 0.0,
        changed=float(np.mean(a != b)) if a.size else 0.0,
    )
