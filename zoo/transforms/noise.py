# SPDX-License-Identifier: Apache-2.0
"""Noise added until only a given correlation with the parent is left."""

from __future__ import annotations

import numpy as np
from zoo.transforms.weights import Array, Weights


def add(model: Weights, *, correlation: float, seed: int) -> Weights:
    """Mix each tensor with noise of its own mean and spread.

    Args:
        model: the model.
        correlation: of every element with the parent's.
        seed: seed of the noise.
    """
    rng = np.random.default_rng(seed)
    rest = np.sqrt(1 - correlation**2)

    def change(_: str, array: Array) -> Array:
        mean, spread = array.mean(), array.std()
        noise = rng.standard_normal(array.shape, dtype=np.float32) * spread
        mixed: Array = mean + correlation * (array - mean) + rest * noise
        return mixed.astype(np.float32)

    return model.map(change)
