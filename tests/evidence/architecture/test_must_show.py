# SPDX-License-Identifier: Apache-2.0
"""The disputed cases whose answer is public: what the comparison must show."""

from __future__ import annotations

from typing import Any

from parentage.evidence.architecture import (
    compare_architectures,
    find,
    nearest,
    stated_agreement,
)
from parentage.model.architecture import read_architecture


def test_axk1_is_nearest_to_deepseek_v3_and_differs_in_what_was_published(
    facts: Any,
) -> None:
    found = find(facts["A.X-K1"], exclude=["skt"], model="A.X-K1")
    first = found.nearest[0]
    assert first.reference == "deepseek-ai/DeepSeek-V3"
    assert found.word == "near"
    # The published table: heads, routed experts, first dense layers, vocabulary, and
    # "extra" (a norm after the experts, no layer of multi-token prediction).
    assert set(first.names("different")) == {
        "num_attention_heads",
        "num_routed_experts",
        "first_dense_layers",
        "norm_placement",
        "num_mtp_layers",
    }
    assert first.names("different", "vocabulary") == ("vocab_size",)
    # That table is silent on the context, which differs as well.
    assert set(first.names("different", "context")) <= {
        "max_position_embeddings",
        "rope_scaling_kind",
        "rope_scaling_factor",
        "original_positions",
    }
    same = set(first.names("equal"))
    assert same >= {
        "hidden_size",
        "num_hidden_layers",
        "intermediate_size",
        "moe_intermediate_size",
        "q_lora_rank",
        "kv_lora_rank",
        "qk_rope_head_dim",
        "qk_nope_head_dim",
        "v_head_dim",
        "experts_per_token",
        "num_shared_experts",
        "n_group",
        "topk_group",
        "routed_scaling_factor",
        "scoring_function",
        "rope_theta",
    }
    assert first.difference == "module"
    assert first.difference_text.ko == "모듈·블록 레벨 등 질적 변형"
    assert first.derived_size.others == ("norm_placement",)
    assert not first.derived_size.complete


def test_solar_open_is_nearest_to_glm_45_among_what_came_before_it(facts: Any) -> None:
    rows = nearest(facts["Solar-Open-100B"], exclude=["upstage"], before="2025-12", k=3)
    assert rows[0].reference == "zai-org/GLM-4.5-Air"
    assert set(rows[0].names("different")) == {
        "num_hidden_layers",
        "num_attention_heads",
        "attention_bias",
        "moe_intermediate_size",
        "first_dense_layers",
        "partial_rotary_factor",
        "num_mtp_layers",
    } - set(rows[0].names("unclear"))
    # It is not called near: what the two share is common.
    assert rows[0].word == "own"


def test_yi_is_nearest_to_llama_and_a_common_convention(entry: Any) -> None:
    found = find(entry("Yi-6B"), exclude=["01-ai"], model="Yi-6B", before="2023-11")
    assert found.nearest[0].reference == "meta-llama/Llama-2-7B"
    assert found.nearest[0].names("different") == ("num_key_value_heads",)
    assert found.word == "common"
    everything = find(entry("Yi-6B"), exclude=["01-ai"], model="Yi-6B")
    assert everything.nearest[0].reference == "meta-llama/Llama-2-7B"


def test_common_values_are_a_common_convention_even_when_all_agree(entry: Any) -> None:
    one = entry("Llama-2-7B")
    found = find(one, exclude=["meta-llama"], model="Llama-2-7B")
    assert found.word == "common"
    assert found.nearest[0].different_bits < 1
    assert "weights" in found.sentence.en
    assert "가중치" in found.sentence.ko


def test_vision_encoders_stand_on_the_published_scale(real_config: Any) -> None:
    own = real_config(
        "naver-hyperclovax--HyperCLOVAX-SEED-Think-32B_vision_config.yaml"
    )
    scale = [
        stated_agreement(own, real_config(name)["vision_config"])
        for name in (
            "tt--Qwen2.5-VL-32B-Instruct_config.json",
            "tt--Qwen2.5-VL-72B-Instruct_config.json",
            "tt--Qwen2.5-VL-3B-Instruct_config.json",
            "LGAI-EXAONE--EXAONE-4.5-33B_config.json",
        )
    ]
    counts = [(found.equal, found.compared) for found in scale]
    assert counts == [(7, 7), (13, 14), (12, 14), (10, 16)]
    assert scale[1].differing == ("out_hidden_size",)
    assert scale[2].differing == ("intermediate_size", "out_hidden_size")


def test_the_contested_encoder_shares_the_architecture(real_config: Any) -> None:
    own = read_architecture(
        real_config("naver-hyperclovax--HyperCLOVAX-SEED-Think-32B_vision_config.yaml"),
        name="HyperCLOVAX-SEED-Think-32B",
    )
    words, bits = [], []
    for name in (
        "tt--Qwen2.5-VL-32B-Instruct_config.json",
        "tt--Qwen2.5-VL-72B-Instruct_config.json",
        "tt--Qwen2.5-VL-3B-Instruct_config.json",
        "LGAI-EXAONE--EXAONE-4.5-33B_config.json",
    ):
        other = read_architecture(real_config(name), name=name)
        found = compare_architectures(
            own, other, exclude=["naver-hyperclovax", "Qwen", "LGAI-EXAONE"]
        ).component("vision_encoder")
        assert found is not None
        words.append(found.word)
        bits.append(found.net_bits)
    assert words == ["shared", "near", "near", "near"]
    assert bits == sorted(bits, reverse=True)


def test_the_audio_encoder_is_shown_and_not_judged(real_config: Any) -> None:
    own = real_config("naver-hyperclovax--OmniServe_qwen2-audio-encoder_config.json")
    config = real_config("sophgo--Qwen2_Audio_config.json")
    counted = stated_agreement(own, config["audio_config"])
    assert (counted.equal, counted.compared) == (9, 9)
    component = read_architecture(own).components["audio_encoder"]
    found = find(component, exclude=["naver-hyperclovax"])
    assert found.word == "unweighed"
    assert found.nearest[0].reference.startswith("Qwen/Qwen2")
    assert found.nearest[0].names("different") == ()


def test_a_candidate_is_never_its_own_neighbour(facts: Any) -> None:
    rows = nearest(facts["A.X-K1"], exclude=["skt"], k=500)
    assert not [r for r in rows if r.reference.startswith("skt/")]
    by_name = nearest(facts["A.X-K1"], model="A.X-K1", k=500)
    assert not [r for r in by_name if r.reference == "skt/A.X-K1"]
    # Without that the match would be trivial.
    trivial = nearest(facts["A.X-K1"], k=1)[0]
    assert trivial.reference == "skt/A.X-K1"
    assert trivial.word == "shared"
