# SPDX-License-Identifier: Apache-2.0
"""Batches: which tokens and pictures a training step sees, from a seed alone."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import cache

import numpy as np
import torch
from numpy.typing import NDArray
from zoo.recipes import images, text, tokenizer

Batch = dict[str, torch.Tensor]
Batches = Callable[[int], Batch]
"""Gives the batch of a step; the same step gives the same batch."""


@cache
def stream(corpus: str, seed: int, vocabulary: int = 512) -> NDArray[np.int64]:
    """A corpus as one line of tokens, each document closed by the end token."""
    shared = tokenizer.shared(vocabulary)
    encodings = shared.encode_batch(list(text.corpus(corpus, seed)))
    return np.concatenate([[*e.ids, tokenizer.END] for e in encodings]).astype(np.int64)


def text_batches(
    corpora: Mapping[str, float],
    *,
    seed: int,
    data_seed: int = 0,
    rows: int = 16,
    length: int = 80,
    vocabulary: int = 512,
) -> Batches:
    """Random windows of text.

    Args:
        corpora: share of the rows that come from each corpus.
        seed: seed of the order.
        data_seed: seed that the corpora were drawn with.
        rows: rows of a batch.
        length: tokens of a row.
        vocabulary: number of tokens of the tokenizer.

    Returns:
        The batches, for next-token prediction.
    """
    names = sorted(corpora)
    shares = np.array([corpora[name] for name in names]) / sum(corpora.values())

    def batch(step: int) -> Batch:
        rng = np.random.default_rng((seed, step))
        window = []
        for name in rng.choice(names, rows, p=shares).tolist():
            tokens = stream(name, data_seed, vocabulary)
            start = int(rng.integers(0, len(tokens) - length))
            window.append(tokens[start : start + length])
        ids = torch.from_numpy(np.stack(window))
        return {"input_ids": ids, "labels": ids}

    return batch


def caption_batches(
    *,
    seed: int,
    image_tokens: int,
    data_seed: int = 0,
    rows: int = 24,
    length: int = 40,
    size: int = 32,
) -> Batches:
    """Pictures with their captions; only the caption is predicted.

    Args:
        seed: seed of the order.
        image_tokens: places that a picture takes in the sequence.
        data_seed: seed that the pictures were drawn with.
        rows: pictures of a batch.
        length: tokens kept for the caption.
        size: height and width of a picture.

    Returns:
        The batches, in the form that LLaVA expects.
    """
    pictures, captions = images.gallery(data_seed, size=size)
    encodings = tokenizer.shared().encode_batch(list(captions))
    lead = [tokenizer.BEGIN] + [tokenizer.IMAGE] * image_tokens
    ids = np.full((len(captions), len(lead) + length), tokenizer.END, dtype=np.int64)
    labels = np.full_like(ids, -100)
    ids[:, : len(lead)] = lead
    for row, encoding in enumerate(encodings):
        tokens = [*encoding.ids, tokenizer.END][:length]
        ids[row, len(lead) : len(lead) + len(tokens)] = tokens
        labels[row, len(lead) : len(lead) + len(tokens)] = tokens

    def batch(step: int) -> Batch:
        chosen = np.random.default_rng((seed, step)).integers(0, len(ids), rows)
        pixels = pictures[chosen].astype(np.float32) / 127.5 - 1
        return {
            "input_ids": torch.from_numpy(ids[chosen]),
            "labels": torch.from_numpy(labels[chosen]),
            "pixel_values": torch.from_numpy(pixels),
        }

    return batch
