# SPDX-License-Identifier: Apache-2.0
"""Vision-language models: a SigLIP encoder, a projector and a Llama decoder."""

from __future__ import annotations

from pathlib import Path

import torch
from transformers import (
    LlavaConfig,
    LlavaForConditionalGeneration,
    SiglipVisionConfig,
)
from zoo.recipes import decoder, storage, tokenizer
from zoo.recipes.data import caption_batches
from zoo.recipes.training import Curve, train

ENCODER = "model.vision_tower."


def config(
    vision_width: int = 64,
    vision_layers: int = 4,
    vision_intermediate: int = 256,
    vision_heads: int = 4,
    image: int = 32,
    patch: int = 8,
    width: int = 64,
    layers: int = 4,
    intermediate: int = 192,
) -> LlavaConfig:
    """A small LLaVA; the decoder reads the encoder's last, normalised layer."""
    vision = SiglipVisionConfig(
        hidden_size=vision_width,
        num_hidden_layers=vision_layers,
        intermediate_size=vision_intermediate,
        num_attention_heads=vision_heads,
        image_size=image,
        patch_size=patch,
        vision_use_head=False,
    )
    vision.tie_last_hidden_states = True
    text = decoder.config(width, layers, intermediate, heads=4, kv_heads=2)
    return LlavaConfig(
        vision_config=vision,
        text_config=text,
        image_token_index=tokenizer.IMAGE,
        image_seq_length=(image // patch) ** 2,
        vision_feature_layer=-1,
        vision_feature_select_strategy="full",
        tie_word_embeddings=False,
    )


def load(folder: Path) -> LlavaForConditionalGeneration:
    """Read a saved vision-language model, in full precision."""
    return LlavaForConditionalGeneration.from_pretrained(folder, dtype=torch.float32)


def pretrain(
    folder: Path,
    *,
    init_seed: int,
    seed: int,
    steps: int = 1500,
    lr: float = 2e-3,
    encoder_of: str | None = None,
    encoder_lr: float | None = None,
    data_seed: int = 0,
    **shape: int,
) -> Curve:
    """Train a vision-language model to caption pictures.

    Args:
        folder: where to write it; a donor lies beside it.
        init_seed: seed of the initial weights (all of them, before any copy).
        seed: seed of the order of the data.
        steps: steps of training.
        lr: highest learning rate.
        encoder_of: folder name of the model whose vision encoder is copied.
        encoder_lr: highest learning rate of the encoder; ``0`` freezes it, ``None``
            stands for ``lr``.
        data_seed: seed of the pictures.
        **shape: arguments of :func:`config`.

    Returns:
        The loss curve.
    """
    storage.seed_everything(init_seed)
    settings = config(**shape)
    model = LlavaForConditionalGeneration(settings)
    if encoder_of is not None:
        storage.copy_parameters(model, load(folder.parent / encoder_of), [ENCODER])
    if encoder_lr == 0:
        model.model.vision_tower.requires_grad_(False)
    rates = {ENCODER: (lr if encoder_lr is None else encoder_lr) / lr}
    batches = caption_batches(
        seed=seed,
        data_seed=data_seed,
        image_tokens=settings.image_seq_length,
        size=shape.get("image", 32),
    )
    curve = train(model, batches, steps=steps, lr=lr, rates=rates)
    storage.save(model, folder)
    return curve
