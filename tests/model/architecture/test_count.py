# SPDX-License-Identifier: Apache-2.0
"""Parameters recomputed from the fields are those that the tensors have."""

from __future__ import annotations

import tomllib
from pathlib import Path
from typing import Any

import pytest

from parentage.artifact import open_checkpoint
from parentage.model import describe
from parentage.model.architecture import (
    Count,
    NotCounted,
    architecture_of_model,
    count_parameters,
    count_stored,
    read_architecture,
)

ZOO = Path(__file__).parents[3] / "zoo" / "models"
# Two texts towers that are no decoders, and one decoder with cross-attention.
UNCOUNTED = {"clip", "clip_vision", "siglip", "siglip_vision", "vit", "vit_base"}
# Parts of the base class's save that its config speaks of but that it does not hold.
WITHOUT_HEAD = {"llama_base"}
MERGED = {"qwen2_vl", "qwen2_5_vl", "hyperclovax_vision_v2"}
# Billions of parameters as their makers publish them (model cards and reports), to the
# digits given. DeepSeek-V3's 671B is without the prediction layers.
PUBLISHED = {
    "deepseek-ai--DeepSeek-V3_config.json": (671, 0.5, 37.6),
    "deepseek-ai--DeepSeek-V2_inference_config_236B.json": (236, 0.5, 21.4),
    "deepseek-ai--DeepSeek-V2-Lite_inference_config_16B.json": (15.7, 0.05, 2.7),
    "moonshotai--Kimi-K2-Instruct_config.json": (1026, 0.6, 32.9),
    "Qwen--Qwen3-0.6B_config.json": (0.6, 0.05, None),
    "Qwen--Qwen3-1.7B_config.json": (1.7, 0.05, None),
    "Qwen--Qwen3-8B_config.json": (8.2, 0.05, None),
    "Qwen--Qwen3-30B-A3B_config.json": (30.5, 0.05, 3.35),
    "Qwen--Qwen3-235B-A22B_config.json": (235, 0.5, 22.2),
    "Qwen--Qwen3-Coder-480B-A35B-Instruct_config.json": (480, 0.5, 35.5),
    "meta-llama--Meta-Llama-3.1-8B_config.json": (8.03, 0.005, None),
    "meta-llama--Meta-Llama-3.1-70B_config.json": (70.6, 0.05, None),
    "meta-llama--Meta-Llama-3.1-405B_config.json": (405.9, 0.1, None),
    "mistralai--Mistral-7B-Instruct-v0.3_config.json": (7.25, 0.005, None),
    "mistralai--Mixtral-8x7B-v0.1_config.json": (46.7, 0.05, 12.9),
    "mistralai--Mixtral-8x22B-v0.1_config.json": (141, 0.5, 39.2),
    "openai--gpt-oss-120b_config.json": (116.83, 0.005, None),
    "openai--gpt-oss-20b_config.json": (20.91, 0.01, None),
    "tencent--Hunyuan-A13B_config.json": (80, 0.5, 13),
    "zai-org--GLM-5_config.json": (744, 0.5, None),
    "LGAI-EXAONE--EXAONE-4.0-1.2B_config.json": (1.28, 0.005, None),
    "LGAI-EXAONE--EXAONE-4.0-32B_config.json": (32.0, 0.05, None),
}


def test_recorded_models_are_counted_exactly_part_by_part(recorded: Any) -> None:
    model = recorded.describe()
    found = architecture_of_model(model)
    component = found.component("text_decoder")
    if component is None:
        assert recorded.name in UNCOUNTED
        return
    counted = count_parameters(component)
    if recorded.name == "whisper":
        assert isinstance(counted, NotCounted)
        assert "cross-attention" in counted.reason
        return
    assert isinstance(counted, Count)
    stored = count_stored(model)
    parts = dict(counted.parts)
    if recorded.name in WITHOUT_HEAD:
        assert parts.pop("head") == counted.parts["embedding"]
    assert {k: v for k, v in parts.items() if v} == {
        k: v for k, v in stored.items() if v
    }


def test_recorded_encoders_are_counted_exactly(load_recorded: Any) -> None:
    for name in MERGED:
        model = load_recorded(name).describe()
        found = architecture_of_model(model).component("vision_encoder")
        counted = count_parameters(found)
        assert isinstance(counted, Count)
        module = model.module("vision_encoder")
        assert counted.total - counted.parts["merger"] == module.parameters


@pytest.mark.parametrize("folder", sorted(p.name for p in ZOO.iterdir() if p.is_dir()))
def test_bundled_models_are_counted_exactly(folder: str) -> None:
    with open_checkpoint(ZOO / folder) as checkpoint:
        model = describe(folder, checkpoint.entries, checkpoint.config)
    found = architecture_of_model(model)
    component = found.component("text_decoder")
    assert component is not None
    counted = count_parameters(component)
    assert isinstance(counted, Count)
    stored = count_stored(model)
    assert counted.total == sum(stored.values())
    assert found.contradictions == ()


@pytest.mark.parametrize("file", PUBLISHED)
def test_published_sizes_are_met(file: str, real_configs: Any) -> None:
    total, tolerance, active = PUBLISHED[file]
    component = read_architecture(real_configs[file]).component("text_decoder")
    counted = count_parameters(component)
    assert isinstance(counted, Count)
    assert counted.total / 1e9 == pytest.approx(total, abs=tolerance)
    if active is not None:
        assert counted.active / 1e9 == pytest.approx(active, abs=0.3)


def test_the_contested_encoder_has_the_parameters_its_config_implies(
    real_configs: Any,
) -> None:
    name = "naver-hyperclovax--HyperCLOVAX-SEED-Think-32B_vision_config.yaml"
    found = read_architecture(real_configs[name]).component("vision_encoder")
    counted = count_parameters(found)
    assert isinstance(counted, Count)
    # 32 blocks 634.9M, patches 1.5M, merger 52.4M.
    assert counted.total == 688_841_984


# Sizes their makers publish, against the facts that were typed in from other sources.
FACTS = {
    "A.X-K1": (519, 0.5, 33),
    "Solar-Open-100B": (102.6, 0.1, 12),
    "GLM-4.5-Air": (106, 1, 12),
    "K-EXAONE-236B": (236, 1, 23),
    "HyperCLOVAX-SEED-Think-32B": (32.6, 0.05, None),
}


@pytest.mark.parametrize("name", FACTS)
def test_typed_in_facts_meet_the_published_sizes(name: str) -> None:
    file = ZOO.parents[1] / "background" / "architecture_facts.toml"
    models = tomllib.loads(file.read_text(encoding="utf-8"))["model"]
    [config] = [m["config"] for m in models if m["name"] == name]
    counted = count_parameters(read_architecture(config).components["text_decoder"])
    assert isinstance(counted, Count)
    total, tolerance, active = FACTS[name]
    assert counted.total / 1e9 == pytest.approx(total, abs=tolerance)
    if active is not None:
        assert counted.active / 1e9 == pytest.approx(active, abs=1.5)


def test_what_was_assumed_is_said(real_configs: Any) -> None:
    """``params.json`` does not say that this model ties its embeddings."""
    found = read_architecture(real_configs["tt--Llama-3.2-1B-Instruct_params.json"])
    counted = count_parameters(found.components["text_decoder"])
    assert isinstance(counted, Count)
    assert "tie_word_embeddings" in counted.assumed
    # Published: 1.24 billion, which is the count without a head of its own.
    assert (counted.total - counted.parts["head"]) / 1e9 == pytest.approx(
        1.236, abs=5e-4
    )
    stated = read_architecture(real_configs["Qwen--Qwen3-8B_config.json"])
    complete = count_parameters(stated.components["text_decoder"])
    assert isinstance(complete, Count)
    assert complete.assumed == ()


def test_what_the_fields_do_not_determine_is_not_guessed() -> None:
    config = {"hidden_size": 64, "num_hidden_layers": 2, "vocab_size": 10}
    counted = count_parameters(read_architecture(config).components["text_decoder"])
    assert isinstance(counted, NotCounted)
    assert "num_attention_heads" in counted.reason
