# SPDX-License-Identifier: Apache-2.0
"""How many parameters an architecture has, recomputed from its fields alone.

Each part is counted by itself, so that a difference from the stored tensors can be
placed. What the fields do not determine is not guessed: the reason is given instead.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

from parentage.model.architecture.architecture import Component

_NORMS_PER_LAYER: Final = {
    "pre": 2,
    "post": 2,
    "pre, parallel": 2,
    "pre, and post of experts": 2,
    "pre and post": 4,
}
_NUMBERS_PER_NORM: Final = {"rms": 1, "layer": 2, "layer, without weights": 0}


@dataclass(frozen=True, slots=True)
class Count:
    """Parameters of one component.

    Attributes:
        parts: parameters by part: ``embedding``, ``attention``, ``mlp``, ``experts``,
            ``shared_experts``, ``router``, ``norms``, ``head`` (``merger`` in
            encoders).
        total: their sum. Layers of multi-token prediction are not part of it.
        active: those that take part in computing one token.
        mtp: parameters of the layers of multi-token prediction, without the copies of
            embedding and head that some checkpoints store with them.
        assumed: fields that nobody states and that were taken as usual: if one of
            them is otherwise, so is the count.
    """

    parts: Mapping[str, int]
    total: int
    active: int
    mtp: int = 0
    assumed: tuple[str, ...] = ()

    def to_dict(self) -> dict[str, object]:
        """As plain data."""
        return {
            "parts": dict(self.parts),
            "total": self.total,
            "active": self.active,
            "mtp": self.mtp,
            "assumed": list(self.assumed),
        }


@dataclass(frozen=True, slots=True)
class NotCounted:
    """Why an architecture's parameters were not counted."""

    reason: str

    def to_dict(self) -> dict[str, object]:
        """As plain data."""
        return {"reason": self.reason}


def count_parameters(component: Component) -> Count | NotCounted:
    """The parameters that the fields of a component determine."""
    if component.kind == "text_decoder":
        return _decoder(component)
    if component.kind == "vision_encoder":
        return _vision(component)
    return NotCounted("audio encoders are not counted")


def _missing(c: Component, *names: str) -> str:
    return ", ".join(name for name in names if c.value(name) is None)


def _uncounted(c: Component) -> str:
    """The reason why a decoder cannot be counted, or nothing."""
    experts = c.value("feed_forward_kind") == "experts"
    needed = ["hidden_size", "num_hidden_layers", "num_attention_heads", "vocab_size"]
    if c.value("kv_lora_rank"):
        needed += ["qk_rope_head_dim", "qk_nope_head_dim", "v_head_dim"]
    else:
        needed += ["num_key_value_heads", "head_dim"]
    if not experts or c.whole("first_dense_layers"):
        needed.append("intermediate_size")
    if experts:
        needed += ["moe_intermediate_size", "experts_per_token"]
    pattern = str(c.value("layer_pattern"))
    if "R" in pattern:
        needed += _LINEAR
    if missing := _missing(c, *needed):
        return f"not stated: {missing}"
    return _uncounted_kind(c, pattern)


def _uncounted_kind(c: Component, pattern: str) -> str:
    kind = c.value("attention_kind")
    if kind not in {"softmax heads", "latent", "latent, sparse index"}:
        return f"attention of the kind '{kind}' is not counted"
    if c.value("attention_gate") and c.value("kv_lora_rank"):
        return "gated latent attention is not counted"
    if not set(pattern) <= set("GLCR"):
        return f"layers of the pattern '{pattern}' are not counted"
    if "R" in pattern and c.fields["linear_key_heads"].key != "linear_num_key_heads":
        return "linear attention of this kind is not counted"
    return ""


_ASSUMED: Final = (
    "tie_word_embeddings",
    "attention_bias",
    "mlp_bias",
    "qk_norm",
    "gated",
    "norm_kind",
    "norm_placement",
)
"""What changes the count and is often left unsaid."""

_LINEAR: Final = (
    "linear_key_heads",
    "linear_value_heads",
    "linear_key_dim",
    "linear_value_dim",
    "linear_kernel",
)


def _decoder(c: Component) -> Count | NotCounted:
    if reason := _uncounted(c):
        return NotCounted(reason)
    hidden, layers = c.whole("hidden_size"), c.whole("num_hidden_layers")
    pattern = str(c.value("layer_pattern"))
    linear = sum(pattern[i % len(pattern)] == "R" for i in range(layers))
    experts = c.whole("num_routed_experts")
    dense = min(c.whole("first_dense_layers"), layers) if experts else layers
    sparse = layers - dense
    norm = hidden * _NUMBERS_PER_NORM.get(str(c.value("norm_kind")), 1)
    norms = _NORMS_PER_LAYER.get(str(c.value("norm_placement")), 2)
    after = int(c.value("norm_placement") == "pre, and post of experts")
    width = c.whole("moe_intermediate_size")
    embedding = c.whole("vocab_size") * hidden
    positions = 0
    if c.value("position_kind") == "learned":
        positions = c.whole("max_position_embeddings") * hidden
    parts = {
        "embedding": embedding + positions,
        "attention": (layers - linear) * _attention(c) + linear * _linear(c),
        "mlp": dense * _mlp(c, c.whole("intermediate_size")),
        "experts": sparse * experts * _mlp(c, width),
        "shared_experts": sparse * _shared(c),
        "router": sparse * _router(c),
        "norms": (layers * norms + after * sparse) * norm + norm,
        "head": 0 if c.value("tie_word_embeddings") else embedding,
    }
    total = sum(parts.values())
    idle = sparse * max(experts - c.whole("experts_per_token"), 0) * _mlp(c, width)
    layer = _attention(c) + (norms + after) * norm
    if experts:
        layer += experts * _mlp(c, width) + _shared(c) + _router(c)
    else:
        layer += _mlp(c, c.whole("intermediate_size"))
    # A projection of two streams into one, and three norms.
    mtp = c.whole("num_mtp_layers") * (layer + 2 * hidden * hidden + 3 * norm)
    assumed = tuple(n for n in _ASSUMED if n in c.guessed() or c.value(n) is None)
    return Count(parts, total, total - idle, mtp, assumed)


def _attention(c: Component) -> int:
    hidden, heads = c.whole("hidden_size"), c.whole("num_attention_heads")
    if c.value("kv_lora_rank"):
        return _latent(c, hidden, heads)
    size, kv = c.whole("head_dim"), c.whole("num_key_value_heads")
    values = c.whole("v_head_dim") or size
    queries = heads * size * (2 if c.value("attention_gate") else 1)
    inputs = queries + kv * (size + values)
    count = hidden * (inputs + heads * values)
    if c.value("attention_bias"):
        count += inputs
    if c.value("output_bias"):
        count += hidden
    if c.value("qk_norm") == "per head":
        count += 2 * size
    elif c.value("qk_norm") == "all heads":
        count += (heads + kv) * size
    return count + (heads if c.value("attention_sinks") else 0)


def _latent(c: Component, hidden: int, heads: int) -> int:
    rank, cache = c.whole("q_lora_rank"), c.whole("kv_lora_rank")
    rope, plain = c.whole("qk_rope_head_dim"), c.whole("qk_nope_head_dim")
    values = c.whole("v_head_dim")
    rows = heads * (rope + plain)
    count = hidden * rank + rank + rank * rows if rank else hidden * rows
    count += hidden * (cache + rope) + cache
    count += cache * heads * (plain + values) + heads * values * hidden
    if c.value("attention_bias"):
        count += rank + cache + rope
    if c.value("output_bias"):
        count += hidden
    if c.value("attention_kind") == "latent, sparse index":
        index, size = c.whole("index_n_heads"), c.whole("index_head_dim")
        # Its queries, its one key with a norm that has an offset, its head weights.
        count += rank * index * size + hidden * size + 2 * size + hidden * index
    return count


def _linear(c: Component) -> int:
    """A layer of gated linear attention with a short convolution."""
    hidden = c.whole("hidden_size")
    heads, size = c.whole("linear_value_heads"), c.whole("linear_value_dim")
    keys = c.whole("linear_key_heads") * c.whole("linear_key_dim")
    mixed = 2 * keys + heads * size
    count = hidden * (mixed + heads * size + 2 * heads)
    count += mixed * c.whole("linear_kernel") + 2 * heads + size
    return count + heads * size * hidden


def _mlp(c: Component, width: int) -> int:
    hidden = c.whole("hidden_size")
    rows = 1 + bool(c.value("gated"))
    bias = rows * width + hidden if c.value("mlp_bias") else 0
    return (rows + 1) * hidden * width + bias


def _shared(c: Component) -> int:
    count = c.whole("num_shared_experts")
    width = c.whole("shared_intermediate_size")
    if not count:
        return 0
    if not width:
        return _mlp(c, count * c.whole("moe_intermediate_size"))
    stated = c.fields["shared_intermediate_size"].key
    # Where its width has a key of this name, a gate of its own weighs it.
    gate = c.whole("hidden_size") * (stated == "shared_expert_intermediate_size")
    return _mlp(c, width) + gate


def _router(c: Component) -> int:
    experts = c.whole("num_routed_experts")
    return experts * (c.whole("hidden_size") + bool(c.value("router_bias")))


def _vision(c: Component) -> Count | NotCounted:
    needed = ("hidden_size", "num_hidden_layers", "intermediate_size", "patch_size")
    merged = ("spatial_merge_size", "temporal_patch_size", "out_hidden_size", "gated")
    if missing := _missing(c, *needed, *merged):
        return NotCounted(f"not stated: {missing}")
    if c.value("num_position_embeddings") or c.value("deepstack_layers"):
        return NotCounted("encoders with tables of positions are not counted")
    hidden, layers = c.whole("hidden_size"), c.whole("num_hidden_layers")
    norm = hidden * _NUMBERS_PER_NORM.get(str(c.value("norm_kind")), 1)
    heads, kv = c.whole("num_attention_heads"), c.whole("num_key_value_heads")
    rows = hidden + 2 * (hidden * kv // heads if heads else hidden)
    attention = hidden * (rows + hidden)
    if c.value("attention_bias"):
        attention += rows
    if c.value("output_bias"):
        attention += hidden
    pixels = c.whole("patch_size") ** 2 * c.whole("temporal_patch_size")
    merge = c.whole("spatial_merge_size") ** 2 * hidden
    out = c.whole("out_hidden_size")
    parts = {
        "embedding": hidden * pixels * (c.whole("in_channels") or 3),
        "attention": layers * attention,
        "mlp": layers * _mlp(c, c.whole("intermediate_size")),
        "norms": layers * 2 * norm,
        "merger": norm + merge * merge + merge + merge * out + out,
    }
    total = sum(parts.values())
    return Count(parts, total, total)
