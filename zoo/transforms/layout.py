# SPDX-License-Identifier: Apache-2.0
"""The same weights stored otherwise: other names, fused tensors, split tensors."""

from __future__ import annotations

import numpy as np
from zoo.transforms.weights import Array, Weights, attention, mlp

RENAMES = (
    ("model.embed_tokens.", "net.token_table."),
    ("model.layers.", "net.blocks."),
    ("model.norm.", "net.last_norm."),
    ("lm_head.", "net.to_logits."),
    ("input_layernorm.", "pre_attention_norm."),
    ("post_attention_layernorm.", "pre_ffn_norm."),
    ("self_attn.q_proj.", "mixer.query."),
    ("self_attn.k_proj.", "mixer.key."),
    ("self_attn.v_proj.", "mixer.value."),
    ("self_attn.o_proj.", "mixer.out."),
    ("mlp.gate_proj.", "ffn.gate."),
    ("mlp.up_proj.", "ffn.up."),
    ("mlp.down_proj.", "ffn.down."),
)


def rename(model: Weights) -> Weights:
    """Names that no library uses; the config names no known architecture either."""
    tensors: dict[str, Array] = {}
    for name, array in model.tensors.items():
        new = name
        for old, word in RENAMES:
            new = new.replace(old, word)
        tensors[new] = array.copy()
    config = {**model.config, "model_type": "other", "architectures": ["Other"]}
    return Weights(tensors, config)


def fuse(model: Weights) -> Weights:
    """Phi-3's layout: queries, keys and values in one tensor, gate and up in one."""
    tensors = {n: a.copy() for n, a in model.tensors.items()}
    for layer in range(model.layers):
        parts = [tensors.pop(attention(layer, f"{r}_proj")) for r in "qkv"]
        tensors[attention(layer, "qkv_proj")] = np.concatenate(parts)
        parts = [tensors.pop(mlp(layer, r)) for r in ("gate_proj", "up_proj")]
        tensors[mlp(layer, "gate_up_proj")] = np.concatenate(parts)
    config = {
        **model.config,
        "model_type": "phi3",
        "architectures": ["Phi3ForCausalLM"],
        "pad_token_id": 0,
    }
    return Weights(tensors, config)


def split(model: Weights) -> Weights:
    """Undo GPT-NeoX's fused queries, keys and values, which alternate by head."""
    tensors: dict[str, Array] = {}
    for name, array in model.tensors.items():
        if "query_key_value" not in name:
            tensors[name] = array.copy()
            continue
        grid = array.reshape(model.heads, 3, model.head_dim, *array.shape[1:])
        for n, word in enumerate(("q_proj", "k_proj", "v_proj")):
            part = grid[:, n].reshape(-1, *array.shape[1:])
            tensors[name.replace("query_key_value", word)] = part.copy()
    return Weights(tensors, dict(model.config))
