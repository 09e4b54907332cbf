# SPDX-License-Identifier: Apache-2.0
"""Mixture-of-experts decoders in the style of DeepSeek-V3."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path

import torch
from transformers import DeepseekV3Config, DeepseekV3ForCausalLM
from zoo.recipes import storage, tokenizer
from zoo.recipes.data import text_batches
from zoo.recipes.decoder import STORIES
from zoo.recipes.training import Curve, train


def config(
    width: int = 64,
    layers: int = 4,
    intermediate: int = 192,
    expert_width: int = 32,
    experts: int = 8,
    heads: int = 4,
) -> DeepseekV3Config:
    """Latent attention, one dense layer, then routed experts and a shared one."""
    return DeepseekV3Config(
        vocab_size=512,
        hidden_size=width,
        num_hidden_layers=layers,
        intermediate_size=intermediate,
        moe_intermediate_size=expert_width,
        num_attention_heads=heads,
        num_key_value_heads=heads,
        q_lora_rank=32,
        kv_lora_rank=24,
        qk_nope_head_dim=16,
        qk_rope_head_dim=8,
        v_head_dim=16,
        n_routed_experts=experts,
        num_experts_per_tok=2,
        n_shared_experts=1,
        n_group=1,
        topk_group=1,
        first_k_dense_replace=1,
        num_mtp_layers=0,
        max_position_embeddings=256,
        bos_token_id=tokenizer.BEGIN,
        eos_token_id=tokenizer.END,
        tie_word_embeddings=False,
    )


def balancer(
    model: torch.nn.Module, experts: int, rate: float = 1e-3
) -> Callable[[], None]:
    """Balance the experts as DeepSeek-V3 does, by a bias instead of a loss.

    Args:
        model: the model whose routers are watched.
        experts: number of routed experts.
        rate: how far a bias moves in one step.

    Returns:
        The function to call after each step.
    """
    loads: list[tuple[torch.Tensor, torch.Tensor]] = []

    def watch(router: torch.nn.Module, _: object, output: object) -> None:
        assert isinstance(output, tuple)
        bias = router.e_score_correction_bias
        assert isinstance(bias, torch.Tensor)
        loads.append((bias, torch.bincount(output[2].flatten(), minlength=experts)))

    for name, module in model.named_modules():
        if name.endswith("mlp.gate"):
            module.register_forward_hook(watch)

    def step() -> None:
        for bias, load in loads:
            bias.add_(torch.sign(load.float().mean() - load), alpha=rate)
        loads.clear()

    return step


def pretrain(
    folder: Path,
    *,
    init_seed: int,
    seed: int,
    steps: int = 1500,
    lr: float = 2.5e-3,
    corpora: Mapping[str, float] = STORIES,
    data_seed: int = 0,
    **shape: int,
) -> Curve:
    """Train a mixture-of-experts decoder from its own initialisation.

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
    settings = config(**shape)
    model = DeepseekV3ForCausalLM(settings)
    balance = balancer(model, settings.n_routed_experts)
    batches = text_batches(corpora, seed=seed, data_seed=data_seed)
    curve = train(model, batches, steps=steps, lr=lr, after_step=balance)
    storage.save(model, folder)
    return curve
