# SPDX-License-Identifier: Apache-2.0
"""Disguises of single units that leave the outputs of a Llama-shaped decoder alone."""

from __future__ import annotations

import numpy as np
from zoo.transforms.weights import MLP, Weights, attention, mlp


def permute_neurons(model: Weights, *, seed: int) -> Weights:
    """Shuffle the neurons of every layer."""
    rng = np.random.default_rng(seed)
    hidden = model.copy()
    for layer in range(model.layers):
        order = rng.permutation(model.neurons)
        for role in MLP:
            name = mlp(layer, role)
            axis = 1 if role == "down_proj" else 0
            hidden.tensors[name] = hidden.tensors[name].take(order, axis=axis)
    return hidden


def permute_heads(model: Weights, *, seed: int) -> Weights:
    """Shuffle the key-value groups, and the query heads inside each group."""
    rng = np.random.default_rng(seed)
    hidden = model.copy()
    groups, dim, width = model.kv_heads, model.head_dim, model.width
    each = model.heads // groups
    for layer in range(model.layers):
        outer = rng.permutation(groups)
        inner = np.stack([rng.permutation(each) for _ in range(groups)])
        order = (outer[:, None] * each + inner).ravel()
        for role, index in (("q_proj", order), ("k_proj", outer), ("v_proj", outer)):
            name = attention(layer, role)
            grid = hidden.tensors[name].reshape(len(index), dim, width)
            hidden.tensors[name] = grid[index].reshape(-1, width)
        name = attention(layer, "o_proj")
        grid = hidden.tensors[name].reshape(width, model.heads, dim)
        hidden.tensors[name] = grid[:, order].reshape(width, -1)
    return hidden


def flip_neurons(model: Weights, *, seed: int) -> Weights:
    """Change the sign of random neurons in up and down together."""
    rng = np.random.default_rng(seed)
    hidden = model.copy()
    for layer in range(model.layers):
        sign = rng.choice(np.array([-1, 1], np.float32), model.neurons)
        hidden.tensors[mlp(layer, "up_proj")] *= sign[:, None]
        hidden.tensors[mlp(layer, "down_proj")] *= sign
    return hidden


def flip_values(model: Weights, *, seed: int) -> Weights:
    """Change the sign of random value dims in value and output together."""
    rng = np.random.default_rng(seed)
    hidden = model.copy()
    shape = (model.kv_heads, model.head_dim)
    for layer in range(model.layers):
        sign = rng.choice(np.array([-1, 1], np.float32), shape)
        hidden.tensors[attention(layer, "v_proj")] *= sign.reshape(-1, 1)
        wide = np.repeat(sign, model.heads // model.kv_heads, axis=0)
        hidden.tensors[attention(layer, "o_proj")] *= wide.ravel()
    return hidden


def flip_rotary_pairs(model: Weights, *, seed: int) -> Weights:
    """Change the sign of random rotary pairs in queries and keys together."""
    rng = np.random.default_rng(seed)
    hidden = model.copy()
    groups, half = model.kv_heads, model.head_dim // 2
    for layer in range(model.layers):
        sign = rng.choice(np.array([-1, 1], np.float32), (groups, half))
        rows = np.concatenate([sign, sign], axis=1)  # dims i and i + half turn together
        hidden.tensors[attention(layer, "k_proj")] *= rows.reshape(-1, 1)
        wide = np.repeat(rows, model.heads // groups, axis=0)
        hidden.tensors[attention(layer, "q_proj")] *= wide.reshape(-1, 1)
    return hidden


def permute_values(model: Weights, *, seed: int) -> Weights:
    """Shuffle the value dims inside every key-value head."""
    rng = np.random.default_rng(seed)
    hidden = model.copy()
    groups, dim, width = model.kv_heads, model.head_dim, model.width
    each = model.heads // groups
    for layer in range(model.layers):
        orders = [rng.permutation(dim) for _ in range(groups)]
        rows = np.concatenate([g * dim + order for g, order in enumerate(orders)])
        columns = np.concatenate(
            [h * dim + orders[h // each] for h in range(model.heads)]
        )
        name = attention(layer, "v_proj")
        hidden.tensors[name] = hidden.tensors[name].reshape(-1, width)[rows]
        name = attention(layer, "o_proj")
        hidden.tensors[name] = hidden.tensors[name][:, columns]
    return hidden


def rescale_neurons(model: Weights, *, seed: int, spread: float = 1.0) -> Weights:
    """Multiply up and divide down by a random factor for each neuron.

    Args:
        model: the model.
        seed: seed of the factors.
        spread: standard deviation of their logarithm.
    """
    rng = np.random.default_rng(seed)
    hidden = model.copy()
    for layer in range(model.layers):
        factor = np.exp(spread * rng.standard_normal(model.neurons)).astype(np.float32)
        hidden.tensors[mlp(layer, "up_proj")] *= factor[:, None]
        hidden.tensors[mlp(layer, "down_proj")] /= factor
    return hidden
