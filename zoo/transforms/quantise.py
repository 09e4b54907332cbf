# SPDX-License-Identifier: Apache-2.0
"""Fewer bits: round-to-nearest integers, and eight-bit floats."""

from __future__ import annotations

import ml_dtypes
import numpy as np
from zoo.transforms.weights import Array, Weights


def round_to_nearest(model: Weights, *, bits: int, group: int = 32) -> Weights:
    """Quantise each group of a row symmetrically, then turn it back into floats.

    Args:
        model: the model; vectors, embedding and head are left alone.
        bits: bits of a weight.
        group: neighbouring weights of a row that share a scale.
    """
    top = 2 ** (bits - 1) - 1

    def change(name: str, array: Array) -> Array:
        if not quantised(name, array):
            return array.copy()
        size = group if array.shape[-1] % group == 0 else array.shape[-1]
        parts = array.reshape(*array.shape[:-1], -1, size)
        scale = np.abs(parts).max(-1, keepdims=True) / top
        codes = np.clip(np.rint(parts / np.where(scale == 0, 1, scale)), -top - 1, top)
        whole: Array = (codes * scale).astype(np.float32).reshape(array.shape)
        return whole

    return model.map(change)


def fp8(model: Weights, *, stored: bool = True) -> Weights:
    """Cast matrices to E4M3 floats without a scale.

    Args:
        model: the model; vectors, embedding and head are left alone.
        stored: keep the eight-bit format instead of turning it back into F32.
    """

    def change(name: str, array: Array) -> Array:
        if not quantised(name, array):
            return array.copy()
        small = array.astype(ml_dtypes.float8_e4m3fn)
        return small if stored else small.astype(np.float32)

    return model.map(change)


def quantised(name: str, array: Array) -> bool:
    """Whether quantisers touch a tensor: matrices inside the layers."""
    return array.ndim > 1 and "embed" not in name and "lm_head" not in name
