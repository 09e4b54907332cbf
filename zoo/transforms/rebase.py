# SPDX-License-Identifier: Apache-2.0
"""Disguises of the residual stream that leave the outputs of a decoder alone."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray
from zoo.transforms import disguise
from zoo.transforms.weights import Array, Weights, attention, mlp
from zoo.transforms.width import residual_axis


def permute_residual(model: Weights, *, seed: int) -> Weights:
    """Shuffle the dims of the residual stream in every tensor."""
    order = np.random.default_rng(seed).permutation(model.width)
    return model.map(lambda name, a: a.take(order, axis=residual_axis(name)))


def fold_gains(model: Weights) -> Weights:
    """Move norm gains into the matrices that follow; the gains become one."""
    folded = model.copy()
    readers = {"model.norm.weight": ["lm_head.weight"]}
    for layer in range(model.layers):
        stem = f"model.layers.{layer}"
        readers[f"{stem}.input_layernorm.weight"] = [
            attention(layer, role) for role in ("q_proj", "k_proj", "v_proj")
        ]
        readers[f"{stem}.post_attention_layernorm.weight"] = [
            mlp(layer, role) for role in ("gate_proj", "up_proj")
        ]
    for gain, names in readers.items():
        for name in names:
            folded.tensors[name] *= folded.tensors[gain]
        folded.tensors[gain] = np.ones(model.width, np.float32)
    return folded


def rotate_residual(model: Weights, *, seed: int) -> Weights:
    """Fold the gains, then turn the residual stream by a random rotation."""
    rng = np.random.default_rng(seed)
    turn: NDArray[np.float64]
    turn, upper = np.linalg.qr(rng.standard_normal((model.width, model.width)))
    turn *= np.sign(np.diag(upper))

    def change(name: str, array: Array) -> Array:
        if array.ndim == 1:
            return array.copy()
        wide = array.astype(np.float64)
        turned = turn.T @ wide if residual_axis(name) == 0 else wide @ turn
        return np.asarray(turned, np.float32)

    return fold_gains(model).map(change)


def everything(model: Weights, *, seed: int) -> Weights:
    """Every disguise, one after the other."""
    hidden = rotate_residual(permute_residual(model, seed=seed), seed=seed + 1)
    units: tuple[Callable[..., Weights], ...] = (
        disguise.permute_neurons,
        disguise.permute_heads,
        disguise.flip_neurons,
        disguise.flip_values,
        disguise.rescale_neurons,
    )
    for number, change in enumerate(units):
        hidden = change(hidden, seed=seed + 2 + number)
    return hidden


def every_symmetry(model: Weights, *, seed: int) -> Weights:
    """Every disguise, and the signs and orders that those leave alone."""
    hidden = everything(model, seed=seed)
    hidden = disguise.flip_rotary_pairs(hidden, seed=seed + 10)
    return disguise.permute_values(hidden, seed=seed + 11)
