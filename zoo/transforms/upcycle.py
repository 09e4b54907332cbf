# SPDX-License-Identifier: Apache-2.0
"""Dense to mixture of experts: each expert starts as a copy of the MLP."""

from __future__ import annotations

import numpy as np
from zoo.transforms.weights import Array, Weights, mlp

ROLES = {"gate_proj": "w1", "up_proj": "w3", "down_proj": "w2"}


def upcycle(
    model: Weights,
    *,
    experts: int,
    seed: int,
    noise: float = 0.0,
    shuffle: bool = False,
) -> Weights:
    """Turn a Llama-shaped decoder into a Mixtral-shaped one.

    Args:
        model: the dense model.
        experts: number of experts.
        seed: seed of routers, noise and shuffles.
        noise: size of the noise added to each expert, relative to the weights.
        shuffle: give the neurons of every expert an order of its own.
    """
    rng = np.random.default_rng(seed)
    tensors: dict[str, Array] = {}
    for name, array in model.tensors.items():
        if ".mlp." not in name:
            tensors[name] = array.copy()
    for layer in range(model.layers):
        block = f"model.layers.{layer}.block_sparse_moe"
        router = rng.standard_normal((experts, model.width), dtype=np.float32)
        tensors[f"{block}.gate.weight"] = np.float32(0.02) * router
        for expert in range(experts):
            order = np.arange(model.neurons)
            if shuffle:
                rng.shuffle(order)
            for role, short in ROLES.items():
                array = model.tensors[mlp(layer, role)].astype(np.float32)
                array = array.take(order, axis=1 if role == "down_proj" else 0)
                if noise:
                    extra = rng.standard_normal(array.shape, dtype=np.float32)
                    array += np.float32(noise * array.std()) * extra
                tensors[f"{block}.experts.{expert}.{short}.weight"] = array
    config = {
        **model.config,
        "model_type": "mixtral",
        "architectures": ["MixtralForCausalLM"],
        "num_local_experts": experts,
        "num_experts_per_tok": 2,
        "router_aux_loss_coef": 0.001,
        "sliding_window": None,
    }
    for gone in ("mlp_bias", "attention_bias", "pretraining_tp"):
        config.pop(gone, None)
    return Weights(tensors, config)
