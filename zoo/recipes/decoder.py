# SPDX-License-Identifier: Apache-2.0
"""Llama-shaped decoders, and what can be made from one that exists."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path

import torch
from transformers import LlamaConfig, LlamaForCausalLM
from zoo.recipes import storage, tokenizer
from zoo.recipes.data import text_batches
from zoo.recipes.training import Curve, train

STORIES = {"stories": 1.0}


def config(
    width: int = 96,
    layers: int = 6,
    intermediate: int = 256,
    heads: int = 6,
    kv_heads: int = 3,
    head_dim: int = 16,
) -> LlamaConfig:
    """A small Llama with its own matrix for the head."""
    return LlamaConfig(
        vocab_size=512,
        hidden_size=width,
        num_hidden_layers=layers,
        intermediate_size=intermediate,
        num_attention_heads=heads,
        num_key_value_heads=kv_heads,
        head_dim=head_dim,
        max_position_embeddings=256,
        bos_token_id=tokenizer.BEGIN,
        eos_token_id=tokenizer.END,
        tie_word_embeddings=False,
    )


def load(folder: Path) -> LlamaForCausalLM:
    """Read a saved decoder, in full precision."""
    return LlamaForCausalLM.from_pretrained(folder, dtype=torch.float32)


def pretrain(
    folder: Path,
    *,
    init_seed: int,
    seed: int,
    steps: int = 2000,
    lr: float = 2.5e-3,
    corpora: Mapping[str, float] = STORIES,
    data_seed: int = 0,
    **shape: int,
) -> Curve:
    """Train a decoder from its own initialisation.

    Args:
        folder: where to write it.
        init_seed: seed of the initial weights.
        seed: seed of the order of the data.
        steps: steps of training.
        lr: highest learning rate.
        corpora: share of each corpus.
        data_seed: seed of the corpora.
        **shape: arguments of :func:`config`.

    Returns:
        The loss curve.
    """
    storage.seed_everything(init_seed)
    model = LlamaForCausalLM(config(**shape))
    batches = text_batches(corpora, seed=seed, data_seed=data_seed)
    curve = train(model, batches, steps=steps, lr=lr)
    storage.save(model, folder)
    return curve


def descend(
    folder: Path,
    *,
    parent: str,
    seed: int,
    steps: int,
    lr: float,
    corpora: Mapping[str, float],
    data_seed: int = 0,
) -> Curve:
    """Train an existing decoder on: a fine-tune or a continued pretraining.

    Args:
        folder: where to write it; the parent lies beside it.
        parent: folder name of the parent.
        seed: seed of the order of the data.
        steps: steps of training.
        lr: highest learning rate.
        corpora: share of each corpus.
        data_seed: seed of the corpora.

    Returns:
        The loss curve.
    """
    storage.seed_everything(seed)
    model = load(folder.parent / parent)
    batches = text_batches(corpora, seed=seed, data_seed=data_seed)
    curve = train(model, batches, steps=steps, lr=lr)
    storage.save(model, folder)
    return curve


def graft(
    folder: Path,
    *,
    parent: str,
    layers: Sequence[int],
    init_seed: int,
    seed: int,
    steps: int,
    lr: float,
    corpora: Mapping[str, float] = STORIES,
    data_seed: int = 0,
) -> Curve:
    """Take some layers of a parent, initialise all the rest, and train everything.

    Args:
        folder: where to write it; the parent lies beside it.
        parent: folder name of the parent.
        layers: numbers of the layers that are taken.
        init_seed: seed of the other initial weights.
        seed: seed of the order of the data.
        steps: steps of training.
        lr: highest learning rate.
        corpora: share of each corpus.
        data_seed: seed of the corpora.

    Returns:
        The loss curve.
    """
    source = load(folder.parent / parent)
    storage.seed_everything(init_seed)
    model = LlamaForCausalLM(source.config)
    storage.copy_parameters(model, source, [f"model.layers.{n}." for n in layers])
    batches = text_batches(corpora, seed=seed, data_seed=data_seed)
    curve = train(model, batches, steps=steps, lr=lr)
    storage.save(model, folder)
    return curve
