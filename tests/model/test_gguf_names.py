# SPDX-License-Identifier: Apache-2.0
"""Names of GGUF get the roles that the same tensors have under their own names.

The names are those of the format's own library: its map from transformers' names.
"""

from __future__ import annotations

import math
from collections import Counter

import pytest

from parentage.model import describe

gguf = pytest.importorskip("gguf")
CASES = {
    "llama": ("LLAMA", "gguf"),
    "qwen2": ("QWEN2", "gguf"),
    "qwen3": ("QWEN3", "gguf"),
    "gemma2": ("GEMMA2", "gguf"),
    "gemma3_text": ("GEMMA3", "gguf"),
    "olmo2": ("OLMO2", "gguf"),
    "exaone4": ("EXAONE4", "gguf"),
    "qwen3_moe_stacked": ("QWEN3MOE", "gguf"),
    "phi3": ("PHI3", "gguf_fused"),
    "glm4": ("GLM4", "gguf_fused"),
    "gpt2": ("GPT2", "gguf_plain"),
    "deepseek_v3_stacked": ("DEEPSEEK2", "gguf_latent"),
}


def renamed(recorded, architecture):
    """Entries under the names of GGUF; stacked gate and up in two."""
    word = gguf.MODEL_ARCH[architecture]
    known = gguf.get_tensor_name_map(word, 64)
    found, plain = {}, {}
    for name, entry in recorded.entries.items():
        if name.endswith("experts.gate_up_proj"):
            half = type(entry)(
                entry.dtype, (entry.shape[0], entry.shape[1] // 2, entry.shape[2])
            )
            stem = f"blk.{name.split('.')[2]}"
            found |= {f"{stem}.ffn_{w}_exps.weight": half for w in ("gate", "up")}
            plain[name] = entry
            continue
        title = known.get_name(name, try_suffixes=(".weight", ".bias"))
        if name.endswith("experts.down_proj"):
            title = f"blk.{name.split('.')[2]}.ffn_down_exps.weight"
        if title is None:
            continue
        if architecture == "GPT2" and "blk" in title and len(entry.shape) == 2:
            entry = type(entry)(entry.dtype, entry.shape[::-1])  # noqa: PLW2901
        found[title], plain[name] = entry, recorded.entries[name]
    return found, plain


@pytest.mark.parametrize("name", CASES)
def test_roles(load_recorded, check_description, name):
    recorded = load_recorded(name)
    architecture, family = CASES[name]
    entries, plain = renamed(recorded, architecture)
    sizes = [sum(math.prod(e.shape) for e in x.values()) for x in (entries, plain)]
    assert sizes[0] == sizes[1]
    assert len(plain) > 0.9 * len(recorded.entries)
    expected = describe(name, plain, recorded.config)
    config = dict(recorded.config) | {
        "model_type": gguf.MODEL_ARCH_NAMES[gguf.MODEL_ARCH[architecture]]
    }
    found = describe(name, entries, config)
    check_description(found, entries)
    assert {m.family for m in found.modules} == {family}
    ours, theirs = (
        Counter(
            (t.module, t.role, t.block, t.layer, t.expert, t.shape)
            for m in model.modules
            for t in m.tensors
        )
        for model in (found, expected)
    )
    assert ours == theirs
    for a, b in zip(found.modules, expected.modules, strict=True):
        assert (a.name, a.attention) == (b.name, b.attention)
        assert (a.signed_glu, a.symmetric_residual) == (
            b.signed_glu,
            b.symmetric_residual,
        )


def test_metadata_are_a_config(make_entry):
    entries = {
        "blk.0.attn_q.weight": make_entry(64, 32),
        "blk.0.attn_k.weight": make_entry(16, 32),
        "blk.0.attn_norm.weight": make_entry(32),
        "rope_freqs.weight": make_entry(8),
    }
    metadata = {
        "general.architecture": "llama",
        "llama.attention.head_count": 8,
        "llama.attention.head_count_kv": 2,
        "llama.embedding_length": 32,
        "llama.attention.key_length": 8,
    }
    model = describe("x", entries, metadata)
    (decoder,) = model.modules
    assert (decoder.attention.heads, decoder.attention.kv_heads) == (8, 2)
    assert decoder.attention.head_dim == 8
    assert [b.name for b in model.buffers] == ["rope_freqs.weight"]
    assert model.config["num_attention_heads"] == 8
    for broken in ({"general.architecture": ""}, {"general.architecture": "x" * 99}):
        assert describe("x", entries, metadata | broken).parameters == 64 * 32 + 544
