# SPDX-License-Identifier: Apache-2.0
"""The architectures that are trained from nothing, each at one small size."""

from __future__ import annotations

from functools import cache
from types import SimpleNamespace

import numpy as np
import torch
from numpy.typing import NDArray
from transformers import (
    DeepseekV3ForCausalLM,
    GPTNeoXConfig,
    GPTNeoXForCausalLM,
    LlamaForCausalLM,
    PreTrainedModel,
    SiglipVisionConfig,
    SiglipVisionModel,
)
from zoo.recipes import decoder, images, moe, tokenizer
from zoo.recipes.data import Batch, Batches


class Reader(torch.nn.Module):
    """A vision encoder with a layer that says what stands in each corner."""

    def __init__(self, encoder: PreTrainedModel, answers: int) -> None:
        super().__init__()
        self.encoder = encoder
        self.answer = torch.nn.Linear(encoder.config.hidden_size, answers)

    def forward(
        self, pixel_values: torch.Tensor, labels: torch.Tensor
    ) -> SimpleNamespace:
        """Return an object with the ``loss``."""
        states = self.encoder(pixel_values=pixel_values).last_hidden_state
        guess = self.answer(states.mean(1))
        loss = torch.nn.functional.binary_cross_entropy_with_logits(guess, labels)
        return SimpleNamespace(loss=loss)


@cache
def answers(data_seed: int) -> NDArray[np.float32]:
    """For each picture: size, colour and shape in each corner, as zeros and ones."""
    words = [*images.SIZES, *images.COLOURS, *images.SHAPES]
    captions = images.gallery(data_seed)[1]
    table = np.zeros((len(captions), len(images.CORNERS), len(words)), np.float32)
    for row, caption in enumerate(captions):
        for phrase in caption.rstrip(".").split(" and "):
            said, _, corner = phrase.partition(" at the ")
            place = list(images.CORNERS).index(corner)
            for word in said.split()[1:]:
                table[row, place, words.index(word)] = 1
    return table.reshape(len(captions), -1)


def picture_batches(*, seed: int, data_seed: int, rows: int = 32) -> Batches:
    """Pictures with what stands in their corners."""
    pictures = images.gallery(data_seed)[0]
    table = answers(data_seed)

    def batch(step: int) -> Batch:
        chosen = np.random.default_rng((seed, step)).integers(0, len(table), rows)
        pixels = pictures[chosen].astype(np.float32) / 127.5 - 1
        return {
            "pixel_values": torch.from_numpy(pixels),
            "labels": torch.from_numpy(table[chosen]),
        }

    return batch


def network(architecture: str) -> PreTrainedModel:
    """A freshly initialised network.

    Args:
        architecture: ``llama``, ``gpt_neox``, ``moe`` or ``vision``.
    """
    if architecture == "llama":
        return LlamaForCausalLM(decoder.config(64, 6, 160, 4, 2, 16))
    if architecture == "moe":
        return DeepseekV3ForCausalLM(moe.config(layers=3, intermediate=160))
    if architecture == "vision":
        settings = SiglipVisionConfig(
            hidden_size=64,
            num_hidden_layers=4,
            intermediate_size=256,
            num_attention_heads=4,
            image_size=32,
            patch_size=8,
            vision_use_head=False,
        )
        return SiglipVisionModel(settings)
    neox = GPTNeoXConfig(
        vocab_size=512,
        hidden_size=64,
        num_hidden_layers=6,
        num_attention_heads=4,
        intermediate_size=256,
        max_position_embeddings=256,
        bos_token_id=tokenizer.BEGIN,
        eos_token_id=tokenizer.END,
        tie_word_embeddings=False,
    )
    return GPTNeoXForCausalLM(neox)
