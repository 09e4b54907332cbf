# SPDX-License-Identifier: Apache-2.0
"""Other vocabularies: rows appended, or embedding and head made anew."""

from __future__ import annotations

import numpy as np
from zoo.transforms.weights import Array, Weights


def _is_vocabulary(name: str) -> bool:
    return "embed_tokens" in name or "lm_head" in name or "embed_out" in name


def extend(model: Weights, *, tokens: int, seed: int) -> Weights:
    """Append tokens whose rows are the mean row with some noise.

    Args:
        model: the model.
        tokens: new size of the vocabulary.
        seed: seed of the noise.
    """
    rng = np.random.default_rng(seed)

    def change(name: str, array: Array) -> Array:
        if not _is_vocabulary(name):
            return array.copy()
        size = (tokens - len(array), array.shape[1])
        noise = rng.standard_normal(size, dtype=np.float32) * array.std(0)
        rows: Array = array.mean(0) + np.float32(0.3) * noise
        return np.concatenate([array, rows.astype(np.float32)])

    extended = model.map(change)
    extended.config["vocab_size"] = tokens
    return extended


def replace(model: Weights, *, tokens: int, seed: int) -> Weights:
    """Give the body an embedding and a head for another tokenizer.

    Args:
        model: the model.
        tokens: size of the new vocabulary.
        seed: seed of the new rows.
    """
    rng = np.random.default_rng(seed)

    def change(name: str, array: Array) -> Array:
        if not _is_vocabulary(name):
            return array.copy()
        fresh = rng.standard_normal((tokens, array.shape[1]), dtype=np.float32)
        return np.float32(0.02) * fresh

    replaced = model.map(change)
    replaced.config["vocab_size"] = tokens
    return replaced
