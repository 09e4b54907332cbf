# SPDX-License-Identifier: Apache-2.0
"""Shapes fill the fields without a config, and contradict one that is wrong."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from parentage.model import describe
from parentage.model.architecture import architecture_of_model, read_architecture
from parentage.model.families import load_families

# Latent attention's head sizes are all in the shapes; without a config, plain heads
# cannot be told from the shapes alone unless their norms show the size.
SIZES = (
    "hidden_size",
    "num_hidden_layers",
    "intermediate_size",
    "vocab_size",
    "kv_lora_rank",
    "q_lora_rank",
    "qk_rope_head_dim",
    "qk_nope_head_dim",
    "v_head_dim",
    "num_routed_experts",
    "moe_intermediate_size",
    "first_dense_layers",
)


def test_config_and_shapes_agree_on_recorded_models(recorded: Any) -> None:
    assert architecture_of_model(recorded.describe()).contradictions == ()


@pytest.mark.parametrize(
    "name",
    ["llama", "qwen3", "deepseek_v3", "axk1", "qwen3_moe_stacked", "olmo2", "gpt2"],
)
def test_shapes_alone_give_the_sizes(name: str, load_recorded: Any) -> None:
    recorded = load_recorded(name)
    stated = read_architecture(recorded.config).components["text_decoder"]
    recorded.config.clear()
    seen = architecture_of_model(recorded.describe()).components["text_decoder"]
    for field in SIZES:
        if stated.value(field) is not None and seen.value(field) is not None:
            assert seen.value(field) == stated.value(field), field
            assert seen.fields[field].source == "from shapes"
    for field in ("hidden_size", "num_hidden_layers", "vocab_size"):
        assert seen.value(field) == stated.value(field)
    placement = stated.value("norm_placement")
    assert seen.value("norm_placement") == placement
    assert seen.value("gated") == stated.value("gated")


@pytest.mark.parametrize(
    ("key", "field", "wrong"),
    [
        ("num_hidden_layers", "num_hidden_layers", 64),
        ("vocab_size", "vocab_size", 50_000),
        ("intermediate_size", "intermediate_size", 11),
        ("tie_word_embeddings", "tie_word_embeddings", True),
    ],
)
def test_a_config_that_says_something_else_is_reported(
    key: str, field: str, wrong: Any, load_recorded: Any
) -> None:
    recorded = load_recorded("llama")
    right = recorded.config[key]
    found = architecture_of_model(recorded.describe(**{key: wrong}))
    [only] = [c for c in found.contradictions if c.field == field]
    assert (only.stated, only.shapes) == (wrong, right)
    # Shapes are facts: theirs is the value that counts.
    assert found.components["text_decoder"].value(field) == right


def test_experts_are_read_off_the_tensors(load_recorded: Any) -> None:
    recorded = load_recorded("deepseek_v3")
    found = architecture_of_model(recorded.describe(n_routed_experts=999))
    [only] = found.contradictions
    assert (only.field, only.stated, only.shapes) == ("num_routed_experts", 999, 4)


@dataclass(frozen=True)
class Entry:
    dtype: str
    shape: tuple[int, ...]


SUFFIXES = sorted({s for family in load_families() for s in family.rules})
NAMES = st.builds(
    lambda front, suffix, number: front + suffix.replace("#", number),
    st.sampled_from(["", "model.", "visual."]),
    st.sampled_from(SUFFIXES),
    st.sampled_from(["0", "1", "7"]),
)
ENTRIES = st.builds(
    lambda shape, dtype: Entry(dtype, tuple(shape)),
    st.lists(st.sampled_from([0, 1, 2, 3, 4, 8]), max_size=4),
    st.sampled_from(["BF16", "F32", "U8", "I32"]),
)


@settings(max_examples=150, deadline=None)
@given(
    st.dictionaries(NAMES, ENTRIES, max_size=15),
    st.dictionaries(
        st.sampled_from(["hidden_size", "num_hidden_layers", "model_type", "n_embd"]),
        st.integers(-2, 9) | st.text(max_size=3) | st.none(),
    ),
)
def test_whatever_the_tensors_are_it_ends(entries: Any, config: Any) -> None:
    found = architecture_of_model(describe("x", entries, config))
    for component in found.components.values():
        for name, filled in component.fields.items():
            if filled.source == "from shapes" and name == "num_hidden_layers":
                assert filled.value >= 1  # type: ignore[operator]
    found.to_dict()
