# SPDX-License-Identifier: Apache-2.0
"""Part of a model taken, all the rest initialised anew."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from zoo.transforms.weights import BLOCKS, Array, Weights, layer_of


def initialised(model: Weights, *, seed: int, spread: float = 0.02) -> Weights:
    """A model of the same shape with fresh weights: normal matrices, gains of one."""
    rng = np.random.default_rng(seed)

    def change(name: str, array: Array) -> Array:
        if "norm" in name and array.ndim == 1:
            return np.full(array.shape, 0 if name.endswith("bias") else 1, np.float32)
        if array.ndim == 1:
            return np.zeros(array.shape, np.float32)
        fresh = rng.standard_normal(array.shape, dtype=np.float32)
        return np.float32(spread) * fresh

    return model.map(change)


def take(model: Weights, *, parts: Sequence[str], seed: int) -> Weights:
    """Keep some parts of a parent.

    Args:
        model: the parent.
        parts: ``attention``, ``mlp``, ``embedding``, ``head`` or ``layer-N``.
        seed: seed of everything else.
    """
    fresh = initialised(model, seed=seed)
    return fresh.map(
        lambda name, array: model.tensors[name].copy() if taken(name, parts) else array
    )


def taken(name: str, parts: Sequence[str]) -> bool:
    """Whether a tensor belongs to one of the parts."""
    for part in parts:
        if part in BLOCKS and BLOCKS[part] in name:
            return True
        if part == "embedding" and "embed" in name:
            return True
        if part == "head" and "lm_head" in name:
            return True
        if part == f"layer-{layer_of(name)}":
            return True
    return False
