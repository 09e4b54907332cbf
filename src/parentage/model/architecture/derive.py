# SPDX-License-Identifier: Apache-2.0
"""What follows from written values, and what the code of a model type fixes.

Rules fill only what is empty, and name themselves in the value's ``key``. Values that
mean nothing in a design (the number of key heads under latent attention) are taken out.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Final

from parentage.model.architecture.architecture import Filled
from parentage.model.architecture.pattern import layer_pattern
from parentage.model.architecture.schema import fields
from parentage.model.architecture.values import MAX_COUNT, Value

Table = Mapping[str, object]
_MOST_LAYERS: Final = 1024


class _Draft:
    """Filled fields under construction."""

    def __init__(self, table: Table, filled: dict[str, Filled], fixed: Table) -> None:
        self.table = table
        self.filled = filled
        self.fixed = fixed

    def has(self, name: str) -> bool:
        return name in self.filled

    def number(self, name: str) -> int:
        found = self.filled.get(name)
        return found.value if found and isinstance(found.value, int) else 0

    def put(self, name: str, value: Value, rule: str, source: str = "derived") -> None:
        """Fill a field that is empty."""
        if name not in self.filled:
            self.filled[name] = Filled(value, source, rule)

    def replace(self, name: str, value: Value, rule: str) -> None:
        self.filled[name] = Filled(value, "derived", rule)

    def drop(self, *names: str) -> None:
        for name in names:
            self.filled.pop(name, None)

    def default(self, name: str, value: Value, rule: str) -> None:
        self.put(name, value, rule, "defaulted")


def derive(
    kind: str,
    table: Table,
    filled: dict[str, Filled],
    fixed: Table,
    usual: Table,
) -> None:
    """Complete the fields of one component.

    Args:
        kind: kind of component.
        table: the section of the config that speaks of it.
        filled: the fields that it states; completed in place.
        fixed: what the code of the model type fixes.
        usual: what most designs have where nothing is said.
    """
    draft = _Draft(table, filled, fixed)
    if kind == "text_decoder":
        _sizes(draft)
        _attention(draft)
        _experts(draft)
        _layers(draft)
        _norms(draft)
        _conventions(draft, fixed, "code of the model type")
        _conventions(draft, usual, "usual")
        _after(draft)
    else:
        _encoder(draft)
        _conventions(draft, fixed, "code of the model type")
        _conventions(draft, usual, "usual")
    _output_bias(draft)


def _output_bias(draft: _Draft) -> None:
    bias = draft.filled.get("attention_bias")
    if bias is None:
        return
    if bias.key in {"qkv_bias", "add_qkv_bias"}:
        draft.put("output_bias", False, bias.key)
    else:
        draft.put("output_bias", bias.value, "attention_bias", bias.source)


def _conventions(draft: _Draft, table: Table, rule: str) -> None:
    for name, value in table.items():
        if name not in fields():
            continue
        if isinstance(value, list):
            draft.default(name, tuple(value), rule)
        elif isinstance(value, int | float | str):
            draft.default(name, value, rule)


def _whole(value: object) -> int:
    if isinstance(value, bool) or not isinstance(value, int):
        return 0
    return value if 0 < value <= MAX_COUNT else 0


def _sizes(draft: _Draft) -> None:
    """Feed-forward widths that dialects write in their own way."""
    table, hidden = draft.table, draft.number("hidden_size")
    if "dim" in table and _whole(table.get("hidden_dim")):
        draft.put("intermediate_size", _whole(table["hidden_dim"]), "hidden_dim")
    multiple = _whole(table.get("multiple_of"))
    if multiple and hidden and not draft.has("intermediate_size"):
        factor = table.get("ffn_dim_multiplier", 1.0)
        width = int(2 * 4 * hidden / 3)
        if isinstance(factor, int | float) and 0 < factor < 64:
            width = int(factor * width)
        rule = "ffn_dim_multiplier, multiple_of"
        draft.put("intermediate_size", -(-width // multiple) * multiple, rule)
    train = _whole(table.get("mlp_hidden_size"))
    if train and not draft.has("intermediate_size"):
        gated = table.get("activation_type") == "swiglu"
        draft.put(
            "intermediate_size", train // 2 if gated else train, "mlp_hidden_size"
        )
    ratio = _whole(table.get("mlp_ratio"))
    if ratio and hidden and not draft.has("intermediate_size"):
        gated = table.get("activation_type") == "swiglu"
        draft.put("intermediate_size", hidden * ratio // (1 + gated), "mlp_ratio")
    if draft.fixed.get("intermediate_counts_both_halves") and draft.has(
        "intermediate_size"
    ):
        both = draft.number("intermediate_size")
        draft.replace("intermediate_size", max(both // 2, 1), "intermediate_size / 2")
    if "n_embd" in table and hidden:
        draft.default("intermediate_size", 4 * hidden, "4 * hidden_size")
    for key in ("layer_types", "layers_block_type", "hybrid_override_pattern"):
        layers = table.get(key)
        if isinstance(layers, list | str) and 0 < len(layers) <= _MOST_LAYERS:
            draft.put("num_hidden_layers", len(layers), key)


_FIXED_FIRST: Final = (
    "attention_kind",
    "num_attention_heads",
    "num_key_value_heads",
    "head_dim",
)


def _attention(draft: _Draft) -> None:
    table = draft.table
    for name in _FIXED_FIRST:
        if isinstance(value := draft.fixed.get(name), int | str):
            draft.default(name, value, "code of the model type")
    heads = draft.number("num_attention_heads")
    if table.get("multi_query_attention") is False:
        draft.drop("num_key_value_heads")
    if table.get("multi_query") is True:
        draft.put("num_key_value_heads", 1, "multi_query")
    latent = draft.number("kv_lora_rank") > 0
    ratios = table.get("compress_ratios")
    if latent:
        draft.drop("num_key_value_heads", "head_dim", "partial_rotary_factor")
        draft.default("q_lora_rank", 0, "full queries")
        sparse = draft.number("index_topk") > 0
        draft.put(
            "attention_kind",
            "latent, sparse index" if sparse else "latent",
            "kv_lora_rank",
        )
    elif isinstance(ratios, list) and ratios:
        draft.put("attention_kind", "compressed, sparse index", "compress_ratios")
    elif heads:
        draft.put("attention_kind", "softmax heads", "num_attention_heads")
    if not latent:
        if heads:
            draft.default("num_key_value_heads", heads, "num_attention_heads")
        hidden = draft.number("hidden_size")
        if heads and hidden and hidden % heads == 0:
            draft.put("head_dim", hidden // heads, "hidden_size / heads")
        if draft.number("v_head_dim") == draft.number("head_dim"):
            draft.drop("v_head_dim")
    _head_norms(draft)


def _head_norms(draft: _Draft) -> None:
    table = draft.table
    if isinstance(use := table.get("use_qk_norm"), bool):
        wide = table.get("qk_norm_type") == "per_layer"
        word = ("all heads" if wide else "per head") if use else "none"
        draft.put("qk_norm", word, "use_qk_norm")
    sinks = [table.get(f"add_{k}_attention_sink_bias") for k in ("swa", "full")]
    if True in sinks:
        draft.put("attention_sinks", True, "add_swa_attention_sink_bias")


def _experts(draft: _Draft) -> None:
    table = draft.table
    if table.get("enable_moe_block") is False:
        draft.drop("num_routed_experts")
    if draft.number("num_routed_experts") == 0:
        draft.put("feed_forward_kind", "dense", "no routed experts")
        draft.drop(*(f.name for f in _EXPERT_FIELDS if f.name != "feed_forward_kind"))
        return
    draft.put("feed_forward_kind", "experts", "num_routed_experts")
    for name in ("num_shared_experts", "scoring_function", "norm_topk_prob"):
        if isinstance(value := draft.fixed.get(name), int | str):
            draft.default(name, value, "code of the model type")
    _dense_layers(draft)
    both = _whole(table.get("intermediate_size"))
    if _whole(table.get("intermediate_size_mlp")) and both:
        draft.put("moe_intermediate_size", both, "intermediate_size")
        draft.replace(
            "intermediate_size",
            _whole(table["intermediate_size_mlp"]),
            "intermediate_size_mlp",
        )
    elif not draft.has("moe_intermediate_size") and draft.has("intermediate_size"):
        # Every layer has experts, so that the one width is theirs.
        moved = draft.filled.pop("intermediate_size")
        draft.filled["moe_intermediate_size"] = moved
    if draft.has("moe_intermediate_size") and not draft.number("first_dense_layers"):
        # Declared, but no layer uses it.
        draft.drop("intermediate_size")
    shared = draft.number("shared_intermediate_size")
    draft.put("num_shared_experts", int(shared > 0), "shared_intermediate_size")
    method = table.get("topk_method")
    if isinstance(method, str):
        draft.put("router_bias", method == "noaux_tc", "topk_method")
    if draft.fixed.get("router_bias") is True:
        draft.default("router_bias", True, "code of the model type")
    draft.default("router_bias", False, "none stated")
    draft.default("n_group", 1, "no groups stated")
    draft.default("topk_group", 1, "no groups stated")
    draft.default("routed_scaling_factor", 1.0, "none stated")


def _dense_layers(draft: _Draft) -> None:
    """How many layers come before the first one with experts."""
    table = draft.table
    freq, only = table.get("moe_layer_freq"), table.get("mlp_only_layers")
    if isinstance(freq, list) and 0 < len(freq) <= _MOST_LAYERS:
        dense = next((i for i, on in enumerate(freq) if on), len(freq))
        draft.put("first_dense_layers", dense, "moe_layer_freq")
    if isinstance(only, list) and only == list(range(len(only))):
        draft.put("first_dense_layers", len(only), "mlp_only_layers")
    kinds = table.get("mlp_layer_types")
    if isinstance(kinds, list) and "sparse" in kinds[:_MOST_LAYERS]:
        draft.put("first_dense_layers", kinds.index("sparse"), "mlp_layer_types")
    draft.default("first_dense_layers", 0, "none stated")


_EXPERT_FIELDS: Final = tuple(f for f in fields().values() if f.group == "experts")


def _layers(draft: _Draft) -> None:
    table = draft.table
    stated = layer_pattern(table)
    window = draft.number("sliding_window")
    if table.get("use_sliding_window") is False or window <= 0:
        draft.drop("sliding_window")
        window = 0
    fixed = draft.fixed.get("layer_pattern")
    if stated is not None:
        draft.put("layer_pattern", *stated)
    elif isinstance(fixed, str):
        draft.default("layer_pattern", fixed, "code of the model type")
    elif window:
        chunk = draft.filled["sliding_window"].key == "attention_chunk_size"
        draft.put("layer_pattern", "C" if chunk else "L", "sliding_window")
    else:
        draft.default("layer_pattern", "G", "none stated")
    pattern = str(draft.filled["layer_pattern"].value)
    if not any(letter in pattern for letter in "LC"):
        draft.drop("sliding_window")
        draft.default("sliding_window", 0, "layer_pattern")
    mixer = "attention"
    if "R" in pattern:
        mixer = "attention and linear attention"
    elif "M" in pattern:
        mixer = "attention and state space"
    draft.put("mixer", mixer, "layer_pattern")
    if mixer == "attention":
        recurrent = (f.name for f in fields().values() if f.group == "recurrent")
        draft.drop(*(name for name in recurrent if name != "mixer"))


def _norms(draft: _Draft) -> None:
    eps = draft.filled.get("norm_eps")
    table = draft.table
    if eps is not None and eps.key == "rms_norm_eps":
        draft.put("norm_kind", "rms", eps.key)
    elif isinstance(rms := table.get("rmsnorm"), bool):
        draft.put("norm_kind", "rms" if rms else "layer", "rmsnorm")
    elif table.get("layer_norm_with_affine") is False:
        draft.put("norm_kind", "layer, without weights", "layer_norm_with_affine")
    elif table.get("layer_norm_type") == "default":
        draft.put("norm_kind", "layer", "layer_norm_type")
    if table.get("attention_layer_norm") is True:
        draft.put("qk_norm", "all heads", "attention_layer_norm")
    if table.get("include_bias") is False:
        draft.put("attention_bias", False, "include_bias")


def _after(draft: _Draft) -> None:
    """What follows once the conventions are in."""
    if not draft.number("num_routed_experts"):
        draft.drop(*(f.name for f in _EXPERT_FIELDS if f.name != "feed_forward_kind"))
    turned, size = _whole(draft.table.get("rotary_dim")), draft.number("head_dim")
    if 0 < turned <= size:
        draft.put("partial_rotary_factor", turned / size, "rotary_dim / head_dim")
    draft.default("partial_rotary_factor", 1.0, "none stated")
    if draft.number("kv_lora_rank"):
        draft.drop("partial_rotary_factor")
    draft.default("rope_scaling_kind", "default", "none stated")
    draft.default("mlp_bias", False, "none stated")


def _encoder(draft: _Draft) -> None:
    table = draft.table
    for name in ("patch_size", "image_size"):
        value = table.get(name)
        if isinstance(value, list) and len(set(map(repr, value))) == 1:
            side = _whole(value[0])
            if side:
                draft.put(name, side, name)
    inner = _whole(table.get("embed_dim", draft.fixed.get("embed_dim")))
    outer = _whole(table.get("hidden_size"))
    if inner and outer:
        # The second Qwen-VL calls the decoder's width `hidden_size` here.
        draft.replace("hidden_size", inner, "embed_dim")
        draft.put("out_hidden_size", outer, "hidden_size")
    ratio = table.get("mlp_ratio")
    hidden = draft.number("hidden_size")
    if isinstance(ratio, int | float) and not isinstance(ratio, bool) and hidden:
        width = hidden * ratio if math.isfinite(ratio) and 0 < ratio < 64 else 0
        if width:
            draft.put("intermediate_size", round(width), "mlp_ratio")
    heads = draft.number("num_attention_heads")
    if heads:
        draft.default("num_key_value_heads", heads, "num_attention_heads")
        draft.default("attention_kind", "softmax heads", "num_attention_heads")
    eps = draft.filled.get("norm_eps")
    if eps is not None and "norm_kind" not in draft.fixed:
        kind = "rms" if eps.key == "rms_norm_eps" else "layer"
        draft.put("norm_kind", kind, eps.key)
