# SPDX-License-Identifier: Apache-2.0
"""A config is a hint: garbage in it is noted or ignored, shapes win."""

from __future__ import annotations

import json
import os
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from parentage.model import describe
from parentage.model.geometry import Claims, claims, solve
from parentage.model.settings import model_types, section, sections

KEYS = st.sampled_from(
    [
        "hidden_size",
        "num_attention_heads",
        "num_key_value_heads",
        "head_dim",
        "model_type",
        "vocab_size",
        "partial_rotary_factor",
        "rope_parameters",
        "text_config",
        "vision_config",
        "qk_rope_head_dim",
        "v_head_dim",
    ]
)
VALUES = st.recursive(
    st.none()
    | st.booleans()
    | st.integers(-(2**70), 2**70)
    | st.floats()
    | st.text(max_size=5),
    lambda inner: (
        st.lists(inner, max_size=3) | st.dictionaries(KEYS, inner, max_size=4)
    ),
    max_leaves=12,
)


@settings(max_examples=150, suppress_health_check=list(HealthCheck), deadline=None)
@given(config=st.dictionaries(KEYS | st.text(max_size=4), VALUES, max_size=8))
@pytest.mark.parametrize("name", ["llama", "deepseek_v3", "llava", "gpt2"])
def test_garbage_never_breaks(
    load_recorded: Any, check_description: Any, name: Any, config: Any
) -> None:
    recorded = load_recorded(name)
    model = describe(name, recorded.entries, config)
    check_description(model, recorded.entries)
    assert model.unrecognised == ()


@pytest.mark.parametrize(
    ("claim", "word"),
    [
        ({"num_attention_heads": 5}, "heads"),
        ({"num_key_value_heads": 3}, "key/value heads"),
        ({"head_dim": 16}, "dims per head"),
    ],
)
def test_a_claim_against_the_shapes_is_noted(
    load_recorded: Any, claim: Any, word: Any
) -> None:
    recorded = load_recorded("llama")
    model = recorded.describe(**claim)
    attention = model.module("text_decoder").attention
    assert (attention.heads, attention.kv_heads, attention.head_dim) == (6, 2, 8)
    assert any("config says" in note and word in note for note in model.notes)


def test_no_config_keeps_rows_and_says_so(load_recorded: Any) -> None:
    model = describe("llama", load_recorded("llama").entries, {})
    roles = {t.role for m in model.modules for t in m.tensors}
    assert {"q_rows", "k_rows", "v_rows", "o_rows"} <= roles
    assert any("size of the heads" in note for note in model.notes)


def test_query_norm_tells_the_head_size() -> None:
    facts = {"q": 96, "k": 32, "v": 32, "o": 96, "q_norm": 16}
    assert solve(facts, Claims()).heads == 6
    wrong = solve(facts, Claims(heads=3, kv_heads=1, head_dim=32))
    assert (wrong.heads, wrong.kv_heads, wrong.head_dim) == (6, 2, 16)
    assert len(wrong.notes) == 3


def test_a_wide_query_norm_tells_nothing() -> None:
    facts = {"q": 96, "k": 32, "v": 32, "o": 96, "q_norm": 96}
    assert solve(facts, Claims()).heads is None


def test_depth_and_number_of_sections_are_bounded() -> None:
    deep: dict[str, object] = {}
    inner: Any = deep
    for _ in range(10_000):
        inner["x"] = {}
        inner = inner["x"]
    assert len(list(sections(deep))) <= 4
    wide: dict[str, object] = {f"k{i}": {} for i in range(100_000)}
    assert len(list(sections(wide))) <= 256


def _real_configs() -> Any:
    root = os.environ.get("PARENTAGE_DATA")
    return sorted(Path(root).glob("configs/*.json")) if root else []


def test_real_configs_are_read(load_recorded: Any) -> None:
    files = _real_configs()
    if not files:
        pytest.skip("PARENTAGE_DATA does not name a folder with configs")
    entries = {n: load_recorded(n).entries for n in ("llama", "deepseek_v3", "llava")}
    for file in files:
        config = json.loads(file.read_text(encoding="utf-8"))
        if not isinstance(config, dict):
            continue
        model_types(config)
        for kind in ("text_decoder", "vision_encoder", "audio_encoder"):
            for alone in (True, False):
                table = section(config, kind, alone=alone)
                claims(table, kind, rotary=True)
        for name, tensors in entries.items():
            assert describe(name, tensors, config).unrecognised == ()
