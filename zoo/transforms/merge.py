# SPDX-License-Identifier: Apache-2.0
"""Merges of models of one shape; TIES and DARE need the base they all started from."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from zoo.transforms.weights import Array, Weights


def linear(
    models: Sequence[Weights], *, shares: Sequence[float] | None = None
) -> Weights:
    """Weighted mean of the weights.

    Args:
        models: the parents.
        shares: their shares; equal ones by default.
    """
    shares = shares or [1 / len(models)] * len(models)
    pairs = list(zip(shares, models, strict=True))
    return models[0].map(
        lambda name, _: sum_arrays([s * m.tensors[name] for s, m in pairs])
    )


def slerp(models: Sequence[Weights], *, share: float = 0.5) -> Weights:
    """Spherical interpolation tensor by tensor; more than two are merged in turn.

    Args:
        models: the parents.
        share: place between the merge so far (0) and the next parent (1).
    """
    merged = models[0]
    for other in models[1:]:
        ours, theirs = merged.tensors, other.tensors
        merged = merged.map(
            lambda name, _, a=ours, b=theirs: _arc(a[name], b[name], share)  # type: ignore[misc]
        )
    return merged


def ties(
    models: Sequence[Weights], *, base: Weights, density: float = 0.5, scale: float = 1
) -> Weights:
    """TIES: keep the largest changes, elect a sign, average those that agree.

    Args:
        models: the parents.
        base: what they were fine-tuned from.
        density: share of the changes of each tensor that is kept.
        scale: factor on the merged change.
    """

    def change(name: str, start: Array) -> Array:
        deltas = np.stack([_trim(m.tensors[name] - start, density) for m in models])
        sign = np.sign(deltas.sum(0))
        agree = (np.sign(deltas) == sign) & (deltas != 0)
        count = np.maximum(agree.sum(0), 1)
        merged: Array = start + scale * (deltas * agree).sum(0) / count
        return merged.astype(np.float32)

    return base.map(change)


def dare(
    models: Sequence[Weights], *, base: Weights, seed: int, density: float = 0.5
) -> Weights:
    """DARE: drop changes at random, scale up the rest, take the mean of the parents.

    Args:
        models: the parents.
        base: what they were fine-tuned from.
        seed: seed of the drops.
        density: share of the changes that is kept.
    """
    rng = np.random.default_rng(seed)

    def change(name: str, start: Array) -> Array:
        kept = [
            (m.tensors[name] - start) * (rng.random(start.shape) < density) / density
            for m in models
        ]
        merged: Array = start + sum_arrays(kept) / len(models)
        return merged.astype(np.float32)

    return base.map(change)


def sum_arrays(arrays: Sequence[Array]) -> Array:
    """Sum in F32."""
    total = np.zeros(arrays[0].shape, np.float32)
    for array in arrays:
        total += array.astype(np.float32)
    return total


def _trim(delta: Array, density: float) -> Array:
    keep = max(1, round(density * delta.size))
    limit = np.partition(np.abs(delta).ravel(), delta.size - keep)[delta.size - keep]
    trimmed: Array = np.where(np.abs(delta) >= limit, delta, 0)
    return trimmed


def _arc(a: Array, b: Array, share: float) -> Array:
    x, y = a.astype(np.float64), b.astype(np.float64)
    lengths = np.linalg.norm(x) * np.linalg.norm(y)
    cosine = float(np.sum(x * y) / lengths) if lengths else 1.0
    if abs(cosine) > 0.9995:
        mixed: Array = (1 - share) * x + share * y
    else:
        angle = np.arccos(cosine)
        mixed = np.sin((1 - share) * angle) * x + np.sin(share * angle) * y
        mixed /= np.sin(angle)
    return mixed.astype(np.float32)
