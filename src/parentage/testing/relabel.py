# SPDX-License-Identifier: Apache-2.0
"""Random relabellings that leave a network's function and its initial law alone.

Applied to the candidate of an independent pair they draw a fresh member of its orbit:
under the null hypothesis it is as likely as the model itself, so exact p-values over
many relabellings must be uniform (or above uniform where they are conservative).
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable
from typing import Any

import numpy as np
from numpy.typing import NDArray

from parentage.evidence.units import rotary_classes
from parentage.model.description import Module, Tensor
from parentage.testing.memory import MemoryCheckpoint, canonical, describe_arrays

STREAMS = (("text_decoder", "embedding", "head", "projector"), ("vision_encoder",))
"""Modules that write to or read from one residual stream."""

NEURON_SIGNED = {"up_proj", "up_bias", "down_proj"}


def relabel(model: MemoryCheckpoint, rng: np.random.Generator) -> MemoryCheckpoint:
    """A copy of the model with every symmetry applied at random."""
    copy = MemoryCheckpoint(
        {n: a.copy() for n, a in model.arrays.items()}, model.config, model.name
    )
    description = describe_arrays(copy)
    for module in description.modules:
        for members in _units(module.tensors):
            _neurons(copy.arrays, members, rng)
        _experts(copy.arrays, module, rng)
        _attention(copy.arrays, module, rng)
    for stream in STREAMS:
        chosen = [m for m in description.modules if m.name in stream]
        _residual(copy.arrays, chosen, rng)
    return copy


def _units(tensors: Iterable[Tensor]) -> list[list[Tensor]]:
    groups: dict[tuple[object, ...], list[Tensor]] = defaultdict(list)
    for t in tensors:
        if "neuron" in t.axes:
            groups[t.block, t.layer, t.expert].append(t)
    return list(groups.values())


def _neurons(
    arrays: dict[str, NDArray[Any]], members: list[Tensor], rng: np.random.Generator
) -> None:
    n = members[0].shape[0]
    order = rng.permutation(n)
    sign = rng.choice(np.array([-1.0, 1.0], dtype=np.float32), n)
    glu = any(t.role == "gate_proj" for t in members)
    for t in members:
        array = canonical(arrays, t)
        array[...] = array[order]
        if glu and t.role in NEURON_SIGNED:
            array *= sign.reshape(-1, *[1] * (array.ndim - 1)).astype(array.dtype)


def _experts(
    arrays: dict[str, NDArray[Any]], module: Module, rng: np.random.Generator
) -> None:
    layers = sorted({t.layer for t in module.tensors if t.block == "router"}, key=str)
    for layer in layers:
        own = [t for t in module.tensors if t.layer == layer]
        experts = sorted({t.expert for t in own if t.expert is not None})
        order = rng.permutation(len(experts))
        for t in own:
            if t.block == "router":
                array = canonical(arrays, t)
                array[...] = array[order]
        for role in {t.role for t in own if t.expert is not None}:
            by_expert = {t.expert: t for t in own if t.role == role}
            old = [canonical(arrays, by_expert[e]).copy() for e in experts]
            for place, source in enumerate(order):
                canonical(arrays, by_expert[experts[place]])[...] = old[source]


def _attention(
    arrays: dict[str, NDArray[Any]], module: Module, rng: np.random.Generator
) -> None:
    layers: dict[tuple[str, int | None], dict[str, Tensor]] = defaultdict(dict)
    for t in module.tensors:
        if t.block in {"attention", "cross_attention"}:
            layers[t.block, t.layer][t.role] = t
    for found in layers.values():
        roles = {role: canonical(arrays, t) for role, t in found.items()}
        if "v_proj" in roles:
            _values(roles, rng)
            _queries(roles, module, rng)
        if "v_b_proj" in roles:
            _latent(roles, rng)


def _signs(rng: np.random.Generator, *shape: int) -> NDArray[np.float32]:
    return rng.choice(np.array([-1.0, 1.0], dtype=np.float32), shape)


def _values(roles: dict[str, NDArray[Any]], rng: np.random.Generator) -> None:
    kv_heads, dims = roles["v_proj"].shape[:2]
    sign = _signs(rng, kv_heads, dims)
    roles["v_proj"] *= sign[:, :, None]
    if "v_bias" in roles:
        roles["v_bias"] *= sign
    group = roles["o_proj"].shape[0] // kv_heads
    roles["o_proj"] *= np.repeat(sign, group, axis=0)[:, :, None]


def _queries(
    roles: dict[str, NDArray[Any]], module: Module, rng: np.random.Generator
) -> None:
    kv_heads, dims = roles["k_proj"].shape[:2]
    attention = module.attention
    classes = rotary_classes(dims, attention.rotary_dims if attention else None)
    sign = _signs(rng, kv_heads, dims)[:, classes]
    group = roles["q_proj"].shape[0] // kv_heads
    wide = np.repeat(sign, group, axis=0)
    roles["k_proj"] *= sign[:, :, None]
    roles["q_proj"] *= wide[:, :, None]
    if "k_bias" in roles:
        roles["k_bias"] *= sign
    if "q_bias" in roles:
        roles["q_bias"] *= wide


def _latent(roles: dict[str, NDArray[Any]], rng: np.random.Generator) -> None:
    value = _signs(rng, *roles["v_b_proj"].shape[:2])
    roles["v_b_proj"] *= value[:, :, None]
    roles["o_proj"] *= value[:, :, None]
    query = roles["q_b_nope" if "q_b_nope" in roles else "q_nope"]
    nope = _signs(rng, *roles["k_b_proj"].shape[:2])
    roles["k_b_proj"] *= nope[:, :, None]
    query *= nope[:, :, None]
    rotary = roles["q_b_rope" if "q_b_rope" in roles else "q_rope"]
    dims = roles["k_rope_proj"].shape[0]
    turn = _signs(rng, dims)[rotary_classes(dims, dims)]
    roles["k_rope_proj"] *= turn[:, None]
    rotary *= turn[None, :, None]
    latent = _signs(rng, roles["kv_a_proj"].shape[0])
    roles["kv_a_proj"] *= latent[:, None]
    for role in ("k_b_proj", "v_b_proj"):
        roles[role] *= latent
    if "q_a_proj" in roles:
        latent = _signs(rng, roles["q_a_proj"].shape[0])
        roles["q_a_proj"] *= latent[:, None]
        for role in ("q_b_nope", "q_b_rope"):
            roles[role] *= latent


def _residual(
    arrays: dict[str, NDArray[Any]], modules: list[Module], rng: np.random.Generator
) -> None:
    tensors = [t for m in modules for t in m.tensors if "residual" in t.axes]
    if not tensors:
        return
    width = tensors[0].shape[tensors[0].axes.index("residual")]
    order = rng.permutation(width)
    for t in tensors:
        axis = t.axes.index("residual")
        array = canonical(arrays, t)
        array[...] = np.take(array, order, axis=axis)
