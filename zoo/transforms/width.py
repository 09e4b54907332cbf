# SPDX-License-Identifier: Apache-2.0
"""Narrower models: neurons, key-value groups or residual dims removed."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray
from zoo.transforms.weights import Weights, attention, mlp

Index = NDArray[np.intp]


def _kept(importance: NDArray[Any], keep: int, *, resorted: bool) -> Index:
    """The most important units, in their old order or by falling importance."""
    best = np.argsort(-importance, kind="stable")[:keep]
    return best if resorted else np.sort(best)


def prune_neurons(model: Weights, *, keep: int, resorted: bool = False) -> Weights:
    """Keep the neurons with the largest weights.

    Args:
        model: the model.
        keep: neurons kept in each layer.
        resorted: order them by importance instead of as they were.
    """
    pruned = model.copy()
    for layer in range(model.layers):
        gate, up, down = (
            pruned.tensors[mlp(layer, r)] for r in ("gate_proj", "up_proj", "down_proj")
        )
        importance = np.linalg.norm(up, axis=1) * np.linalg.norm(down, axis=0)
        index = _kept(importance, keep, resorted=resorted)
        pruned.tensors[mlp(layer, "gate_proj")] = gate[index]
        pruned.tensors[mlp(layer, "up_proj")] = up[index]
        pruned.tensors[mlp(layer, "down_proj")] = down[:, index]
    pruned.config["intermediate_size"] = keep
    return pruned


def prune_heads(model: Weights, *, keep: int, resorted: bool = False) -> Weights:
    """Keep the key-value groups (and their query heads) with the largest weights.

    Args:
        model: the model.
        keep: key-value groups kept in each layer.
        resorted: order them by importance instead of as they were.
    """
    pruned = model.copy()
    groups, dim, width = model.kv_heads, model.head_dim, model.width
    each = model.heads // groups
    for layer in range(model.layers):
        grids = {"q_proj": each * dim, "k_proj": dim, "v_proj": dim}
        out = pruned.tensors[attention(layer, "o_proj")].reshape(width, groups, -1)
        index = _kept(np.linalg.norm(out, axis=(0, 2)), keep, resorted=resorted)
        for role, rows in grids.items():
            name = attention(layer, role)
            grid = pruned.tensors[name].reshape(groups, rows, width)
            pruned.tensors[name] = grid[index].reshape(-1, width)
        kept = out[:, index].reshape(width, -1)
        pruned.tensors[attention(layer, "o_proj")] = kept
    pruned.config |= {
        "num_attention_heads": keep * each,
        "num_key_value_heads": keep,
        "head_dim": dim,
    }
    return pruned


def prune_residual(model: Weights, *, keep: int, resorted: bool = False) -> Weights:
    """Keep the residual dims with the largest embedding, in every tensor.

    Args:
        model: the model.
        keep: new width.
        resorted: order the dims by importance instead of as they were.
    """
    importance = np.linalg.norm(model.tensors["model.embed_tokens.weight"], axis=0)
    index = _kept(importance, keep, resorted=resorted)
    pruned = model.map(lambda name, a: a.take(index, axis=residual_axis(name)))
    pruned.config |= {"hidden_size": keep, "head_dim": model.head_dim}
    return pruned


def residual_axis(name: str) -> int:
    """Axis of a Llama-shaped decoder's tensor that runs over the residual stream."""
    if "norm" in name or "o_proj" in name or "down_proj" in name:
        return 0
    return 1
