# SPDX-License-Identifier: Apache-2.0
"""Configs of every dialect fill one list of fields; hostile ones never crash."""

from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from parentage.errors import ConfigError, DescriptionError
from parentage.model.architecture import fields, read_architecture
from parentage.model.architecture.read import MAX_PROBLEMS
from parentage.model.architecture.schema import COMPONENTS, build

LLAMA = {
    "model_type": "llama",
    "hidden_size": 4096,
    "num_hidden_layers": 32,
    "num_attention_heads": 32,
    "num_key_value_heads": 8,
    "intermediate_size": 14336,
    "vocab_size": 128256,
    "rms_norm_eps": 1e-5,
    "rope_theta": 500000.0,
}
# Files of the data folder that are no model's architecture.
NOT_ARCHITECTURES = {
    "THUDM--GLM-10B_ds_config.json",
    "naver-hyperclovax--HyperCLOVAX-SEED-Think-32B_preprocessor_config.json",
    "naver-hyperclovax--HyperCLOVAX-SEED-Think-32B_track_a_encoder_config.json",
}


def text(config: dict[str, Any]) -> Any:
    component = read_architecture(config).component("text_decoder")
    assert component is not None
    return component


def test_every_value_says_where_it_is_from() -> None:
    found = text(LLAMA)
    assert found.fields["hidden_size"].source == "stated"
    assert found.fields["hidden_size"].key == "hidden_size"
    assert (found.value("head_dim"), found.fields["head_dim"].source) == (
        128,
        "derived",
    )
    assert found.fields["tie_word_embeddings"].source == "defaulted"
    assert found.value("num_key_value_heads") == 8


def test_key_heads_default_to_heads() -> None:
    config = {k: v for k, v in LLAMA.items() if k != "num_key_value_heads"}
    found = text(config)
    assert found.value("num_key_value_heads") == 32
    assert found.fields["num_key_value_heads"].source == "defaulted"


def test_params_json_is_the_same_architecture() -> None:
    params = {
        "dim": 4096,
        "n_layers": 32,
        "n_heads": 32,
        "n_kv_heads": 8,
        "vocab_size": 128256,
        "ffn_dim_multiplier": 1.3,
        "multiple_of": 1024,
        "norm_eps": 1e-5,
        "rope_theta": 500000.0,
    }
    one, other = text(params).values(), text(LLAMA).values()
    for name in ("hidden_size", "num_hidden_layers", "intermediate_size", "head_dim"):
        assert one[name] == other[name]
    assert one["intermediate_size"] == 14336


def test_two_dialects_of_deepseek_agree(real_configs: Any) -> None:
    inference = text(
        real_configs["deepseek-ai--DeepSeek-V3_inference_config_671B.json"]
    )
    hub = text(real_configs["deepseek-ai--DeepSeek-V3_config.json"])
    differing = {
        name
        for name, value in inference.values().items()
        if name in hub.values()
        and hub.value(name) != value
        and name not in inference.guessed()
    }
    assert differing == set()
    assert len(inference.values()) > 25


def test_a_nested_config_gives_both_components(real_configs: Any) -> None:
    found = read_architecture(real_configs["LGAI-EXAONE--EXAONE-4.5-33B_config.json"])
    assert set(found.components) == {"text_decoder", "vision_encoder"}
    vision = found.components["vision_encoder"]
    assert vision.value("num_hidden_layers") == 28
    assert vision.value("num_key_value_heads") == 8
    assert vision.value("full_attention_blocks") == (6, 13, 20, 27)
    assert found.components["text_decoder"].value("hidden_size") == 5120


def test_every_real_config_is_read_or_clearly_refused(real_configs: Any) -> None:
    assert len(real_configs) >= 192
    refused = set()
    for name, config in real_configs.items():
        try:
            found = read_architecture(config, name=name)
        except ConfigError as error:
            refused.add(error.file)
            continue
        json.dumps(found.to_dict())
        assert found.problems == (), name
        for component in found.components.values():
            assert component.value("hidden_size"), name
            assert component.value("num_hidden_layers"), name
    assert refused == NOT_ARCHITECTURES


@pytest.mark.parametrize(
    "value",
    [-1, 0, True, 1 << 40, 2.5, float("nan"), "many", [1, 2], {"a": 1}, [[[]]]],
)
def test_a_bad_value_is_a_listed_problem(value: Any) -> None:
    found = read_architecture({**LLAMA, "intermediate_size": value})
    component = found.components["text_decoder"]
    assert component.value("intermediate_size") is None
    assert component.value("hidden_size") == 4096
    if value not in (0,):
        assert [p.field for p in found.problems] == ["intermediate_size"]
        assert "whole number" in found.problems[0].expected


def test_a_list_that_repeats_one_value_is_that_value() -> None:
    found = text({**LLAMA, "intermediate_size": [14336] * 32})
    assert found.value("intermediate_size") == 14336


@pytest.mark.parametrize("config", [{}, {"hidden_size": 8, "x": 1}, {"a": {"b": {}}}])
def test_nothing_to_read_is_one_clear_error(config: dict[str, Any]) -> None:
    if "hidden_size" in config:
        assert text(config).value("num_hidden_layers") is None
        return
    with pytest.raises(ConfigError, match="no architecture"):
        read_architecture(config, name="config.json")


KEYS = sorted({k for f in fields().values() for keys in f.keys.values() for k in keys})
PLAIN = (
    st.none()
    | st.booleans()
    | st.integers()
    | st.floats()
    | st.text(max_size=8)
    | st.sampled_from(["qwen2_5_vl", "deepseek_v3", "full_attention", "LLLG"])
)
TREES = st.recursive(
    PLAIN,
    lambda inner: (
        st.lists(inner, max_size=4)
        | st.dictionaries(st.sampled_from([*KEYS, "text_config"]), inner, max_size=4)
    ),
    max_leaves=12,
)
MORE = [
    "text_config",
    "vision_config",
    "audio_config",
    "layer_types",
    "moe_layer_freq",
    "mlp_only_layers",
    "linear_attn_config",
    "rope_scaling",
    "mlp_ratio",
    "multiple_of",
    "ffn_dim_multiplier",
    "use_sliding_window",
    "model_type",
    "compress_ratios",
    "hybrid_override_pattern",
    "sliding_window_pattern",
    "full_attention_interval",
    "mlp_layer_types",
    "rotary_dim",
    "model",
]


@settings(max_examples=400, deadline=None)
@given(st.dictionaries(st.sampled_from([*KEYS, *MORE]), TREES, max_size=14))
def test_anything_is_read_or_refused(config: dict[str, Any]) -> None:
    try:
        found = read_architecture(config)
    except ConfigError:
        return
    assert len(found.problems) <= MAX_PROBLEMS
    for kind, component in found.components.items():
        assert kind in COMPONENTS
        for name, filled in component.fields.items():
            assert kind in fields()[name].keys
            assert isinstance(filled.value, bool | int | float | str | tuple)
            if fields()[name].kind == "size":
                assert filled.value >= 1  # type: ignore[operator]


def test_deep_nesting_ends() -> None:
    config: dict[str, Any] = {"hidden_size": 8}
    for _ in range(2000):
        config = {"text_config": config}
    with pytest.raises(ConfigError):
        read_architecture(config)


def test_the_list_of_fields_is_well_formed() -> None:
    for field in fields().values():
        assert not field.parent or field.parent != field.name
        assert field.keys, field.name
    for field in fields().values():
        seen, parent = {field.name}, field.parent
        while parent:
            assert parent not in seen
            seen.add(parent)
            parent = fields()[parent].parent


def test_a_broken_list_names_the_field() -> None:
    good = {
        "name": "a",
        "group": "size",
        "unit": "u",
        "kind": "size",
        "level": "module",
    }
    assert set(build([good], "x")) == {"a"}
    for change in ({"kind": "shape"}, {"level": "huge"}, {"colour": "red"}):
        with pytest.raises(DescriptionError, match="a: "):
            build([good | change], "x")
    with pytest.raises(DescriptionError, match="parent"):
        build([good | {"parent": "b"}], "x")
