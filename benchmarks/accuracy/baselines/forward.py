# SPDX-License-Identifier: Apache-2.0
"""Forward pass of a Llama-shaped decoder in numpy: what enters each feed-forward.

MATCH is defined on the hidden states of running models. Plain Llama shapes only:
RMSNorm, rotary positions in the halves convention of transformers, shared key heads,
SwiGLU, no biases and no query-key norms.
"""

from __future__ import annotations

import math
from collections.abc import Mapping

import numpy as np
from numpy.typing import NDArray

from benchmarks.accuracy.baselines.loaded import (
    Floats,
    Loaded,
    UndefinedError,
    feed_forward,
    roles,
    stream_rows,
    trunk,
)

NEEDED = {
    *("q_proj", "k_proj", "v_proj", "o_proj", "input_norm", "pre_feedforward_norm"),
    *("gate_proj", "up_proj", "down_proj"),
}


def feed_forward_inputs(loaded: Loaded, tokens: NDArray[np.intp]) -> list[Floats]:
    """Normalised hidden states ``(width, positions)`` at each layer's feed-forward.

    Args:
        loaded: the model.
        tokens: sequences of token numbers, one a row.
    """
    module = trunk(loaded)
    settings = loaded.config.get("text_config", loaded.config)
    settings = settings if isinstance(settings, Mapping) else {}
    rope = settings.get("rope_parameters") or settings
    theta = float(rope.get("rope_theta", 10000.0))
    eps = float(settings.get("rms_norm_eps", 1e-6))
    x = stream_rows(loaded)[tokens]
    result = []
    for layer in range(module.layers):
        tensors = roles(module, layer)
        if set(tensors) != NEEDED:
            message = f"{loaded.name}: layer {layer} is not that of a plain Llama"
            raise UndefinedError(message)
        part = {role: loaded.get(t) for role, t in tensors.items()}
        x = x + _attend(_norm(x, part["input_norm"], eps), part, theta)
        h = _norm(x, part["pre_feedforward_norm"], eps)
        result.append(h.reshape(-1, h.shape[-1]).T)
        (block,) = feed_forward(loaded, module, layer)
        gate = h @ block["gate"].T
        x = x + (gate / (1 + np.exp(-gate)) * (h @ block["up"].T)) @ block["down"]
    if not all(np.isfinite(h).all() for h in result):
        message = f"{loaded.name}: the hidden states are not finite"
        raise UndefinedError(message)
    return result


def _norm(x: Floats, gain: Floats, eps: float) -> Floats:
    scale = np.sqrt((x * x).mean(-1, keepdims=True) + np.float32(eps))
    normed: Floats = x / scale * gain
    return normed


def _turn(x: Floats, theta: float) -> Floats:
    """Rotary positions of ``(batch, head, position, dim)``."""
    half = x.shape[-1] // 2
    speed = theta ** -(np.arange(half) / half)
    angle = np.arange(x.shape[-2])[:, None] * speed
    cos, sin = np.cos(angle).astype(np.float32), np.sin(angle).astype(np.float32)
    a, b = x[..., :half], x[..., half:]
    return np.concatenate([a * cos - b * sin, b * cos + a * sin], axis=-1)


def _attend(h: Floats, part: Mapping[str, Floats], theta: float) -> Floats:
    heads, dims = part["q_proj"].shape[:2]
    q, k, v = (
        np.repeat(
            np.einsum("bsd,hkd->bhsk", h, part[role], optimize=True),
            heads // part[role].shape[0],
            axis=1,
        )
        for role in ("q_proj", "k_proj", "v_proj")
    )
    logits = _turn(q, theta) @ _turn(k, theta).swapaxes(-1, -2) / math.sqrt(dims)
    n = h.shape[1]
    logits = np.where(np.tri(n, dtype=bool), logits, -np.inf)
    share = np.exp(logits - logits.max(-1, keepdims=True))
    share /= share.sum(-1, keepdims=True)
    out: Floats = np.einsum("bhsk,hkd->bsd", share @ v, part["o_proj"], optimize=True)
    return out
