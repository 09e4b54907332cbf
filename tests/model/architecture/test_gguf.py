# SPDX-License-Identifier: Apache-2.0
"""GGUF metadata give the same architecture as the config of the same model."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from parentage.artifact.format.gguf import read_gguf_header
from parentage.artifact.source.local import LocalFile
from parentage.errors import ConfigError
from parentage.model.architecture import read_architecture, read_gguf

# The keys that llama.cpp's converter writes for these two models.
QWEN3 = {
    "general.architecture": "qwen3",
    "qwen3.block_count": 36,
    "qwen3.context_length": 40960,
    "qwen3.embedding_length": 4096,
    "qwen3.feed_forward_length": 12288,
    "qwen3.attention.head_count": 32,
    "qwen3.attention.head_count_kv": 8,
    "qwen3.attention.key_length": 128,
    "qwen3.attention.value_length": 128,
    "qwen3.attention.layer_norm_rms_epsilon": 1e-6,
    "qwen3.rope.freq_base": 1000000.0,
    "tokenizer.ggml.tokens": ["a"] * 151936,
}
DEEPSEEK = {
    "general.architecture": "deepseek2",
    "deepseek2.block_count": 61,
    "deepseek2.context_length": 163840,
    "deepseek2.embedding_length": 7168,
    "deepseek2.feed_forward_length": 18432,
    "deepseek2.attention.head_count": 128,
    "deepseek2.attention.head_count_kv": 1,
    "deepseek2.attention.q_lora_rank": 1536,
    "deepseek2.attention.kv_lora_rank": 512,
    "deepseek2.attention.key_length": 576,
    "deepseek2.attention.value_length": 512,
    "deepseek2.attention.key_length_mla": 192,
    "deepseek2.attention.value_length_mla": 128,
    "deepseek2.rope.dimension_count": 64,
    "deepseek2.rope.freq_base": 10000.0,
    "deepseek2.rope.scaling.type": "yarn",
    "deepseek2.rope.scaling.factor": 40.0,
    "deepseek2.rope.scaling.original_context_length": 4096,
    "deepseek2.attention.layer_norm_rms_epsilon": 1e-6,
    "deepseek2.leading_dense_block_count": 3,
    "deepseek2.vocab_size": 129280,
    "deepseek2.expert_count": 256,
    "deepseek2.expert_used_count": 8,
    "deepseek2.expert_shared_count": 1,
    "deepseek2.expert_feed_forward_length": 2048,
    "deepseek2.expert_weights_scale": 2.5,
    "deepseek2.expert_weights_norm": True,
    "deepseek2.expert_gating_func": 2,
    "deepseek2.expert_group_count": 8,
    "deepseek2.expert_group_used_count": 4,
}


@pytest.mark.parametrize(
    ("metadata", "config"),
    [
        (QWEN3, "Qwen--Qwen3-8B_config.json"),
        (DEEPSEEK, "deepseek-ai--DeepSeek-V3_config.json"),
    ],
)
def test_both_files_of_one_model_agree(
    metadata: dict[str, Any], config: str, real_configs: Any
) -> None:
    one = read_gguf(metadata).components["text_decoder"]
    other = read_architecture(real_configs[config]).components["text_decoder"]
    # The files do not carry these: the correction of the router is a tensor, and the
    # prediction layer is left out by the converter.
    silent = {"router_bias", "num_mtp_layers", "attention_bias", "output_bias"}
    differing = {
        name: (one.value(name), other.value(name))
        for name in one.values()
        if other.value(name) is not None
        and one.value(name) != other.value(name)
        and name not in silent
    }
    assert differing == {}
    assert len(one.values()) > 25


def test_an_encoder_is_read_too() -> None:
    found = read_gguf(
        {
            "general.architecture": "clip",
            "clip.vision.embedding_length": 1152,
            "clip.vision.block_count": 27,
            "clip.vision.feed_forward_length": 4304,
            "clip.vision.attention.head_count": 16,
            "clip.vision.patch_size": 14,
        }
    )
    vision = found.components["vision_encoder"]
    assert vision.value("num_hidden_layers") == 27
    assert vision.value("patch_size") == 14


def test_a_file_of_the_reference_writer_is_read(tmp_path: Path) -> None:
    gguf = pytest.importorskip("gguf")
    writer = gguf.GGUFWriter(tmp_path / "model.gguf", "llama")
    writer.add_block_count(4)
    writer.add_embedding_length(64)
    writer.add_feed_forward_length([96, 96, 96, 96])
    writer.add_head_count(8)
    writer.add_head_count_kv([2, 2, 2, 2])
    writer.add_layer_norm_rms_eps(1e-5)
    writer.add_rope_freq_base(10000.0)
    writer.add_tensor("output_norm.weight", np.ones(64, np.float32))
    writer.write_header_to_file()
    writer.write_kv_data_to_file()
    writer.write_tensors_to_file()
    writer.close()
    with LocalFile(tmp_path / "model.gguf", root=tmp_path, name="model.gguf") as file:
        metadata = read_gguf_header(file).metadata
    found = read_gguf(metadata)
    text = found.components["text_decoder"]
    assert text.value("intermediate_size") == 96
    assert text.value("num_key_value_heads") == 2
    assert text.value("num_hidden_layers") == 4
    assert text.value("norm_eps") == 1e-5
    assert found.problems == ()


def test_no_architecture_is_one_clear_error() -> None:
    for metadata in (
        {},
        {"general.architecture": 3},
        {"general.architecture": "llama"},
    ):
        with pytest.raises(ConfigError):
            read_gguf(metadata)


KEYS = sorted(
    {*DEEPSEEK, "deepseek2.rope.scaling", "deepseek2.attention.sliding_window"}
)
VALUES = (
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=5)
) | st.lists(st.integers(), max_size=3)


@settings(max_examples=200, deadline=None)
@given(st.dictionaries(st.sampled_from(KEYS), VALUES))
def test_hostile_metadata_never_crash(changes: dict[str, Any]) -> None:
    try:
        found = read_gguf(DEEPSEEK | changes)
    except ConfigError:
        return
    assert set(found.components) == {"text_decoder"}
