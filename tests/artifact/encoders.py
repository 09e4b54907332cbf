# SPDX-License-Identifier: Apache-2.0
"""A bundled model in every format, written by the formats' own libraries or by hand.

Loaded by ``conftest.py`` and handed to tests as the fixture ``encoders``.
"""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import ml_dtypes  # noqa: F401  (before safetensors, which looks its formats up)
import numpy as np
from safetensors.numpy import load_file, save_file

ZOO = Path(__file__).parents[2] / "zoo" / "models"

GGUF_NAMES = {
    "model.embed_tokens.weight": "token_embd.weight",
    "model.norm.weight": "output_norm.weight",
    "lm_head.weight": "output.weight",
    "self_attn.q_proj.weight": "attn_q.weight",
    "self_attn.k_proj.weight": "attn_k.weight",
    "self_attn.v_proj.weight": "attn_v.weight",
    "self_attn.o_proj.weight": "attn_output.weight",
    "mlp.gate_proj.weight": "ffn_gate.weight",
    "mlp.up_proj.weight": "ffn_up.weight",
    "mlp.down_proj.weight": "ffn_down.weight",
    "input_layernorm.weight": "attn_norm.weight",
    "post_attention_layernorm.weight": "ffn_norm.weight",
}


def weights(name: str) -> dict[str, np.ndarray]:
    """Tensors of a bundled model as float32."""
    stored = load_file(ZOO / name / "model.safetensors")
    return {key: value.astype(np.float32) for key, value in stored.items()}


def config(name: str) -> dict:
    return json.loads((ZOO / name / "config.json").read_text())


def linear(name: str, array: np.ndarray) -> bool:
    """Whether quantisers touch a tensor: matrices inside the layers."""
    return array.ndim == 2 and "layers" in name


def folder(path: Path, name: str, tensors: dict[str, np.ndarray], **quantisation):
    """A folder with safetensors and a config."""
    path.mkdir(parents=True, exist_ok=True)
    save_file(
        {k: np.ascontiguousarray(v) for k, v in tensors.items()},
        path / "model.safetensors",
    )
    found = config(name)
    if quantisation:
        found["quantization_config"] = quantisation
    (path / "config.json").write_text(json.dumps(found))
    return path


def copy(path: Path, name: str) -> Path:
    shutil.copytree(ZOO / name, path)
    return path


def gguf_name(name: str) -> str:
    if name in GGUF_NAMES:
        return GGUF_NAMES[name]
    _, _, layer, rest = name.split(".", 3)
    return f"blk.{layer}.{GGUF_NAMES[rest]}"


def paired(array: np.ndarray, heads: int) -> np.ndarray:
    """Rows of heads as llama.cpp's converter puts them (LlamaModel.permute)."""
    size = array.shape[0] // heads
    split = array.reshape(heads, 2, size // 2, *array.shape[1:])
    return split.swapaxes(1, 2).reshape(array.shape)


def gguf(path: Path, name: str, kind: str) -> Path:
    """One GGUF file of a bundled Llama, quantised by the format's own library."""
    import gguf as library

    settings = config(name)
    writer = library.GGUFWriter(str(path), "llama")
    writer.add_name(name)
    writer.add_context_length(settings["max_position_embeddings"])
    writer.add_embedding_length(settings["hidden_size"])
    writer.add_block_count(settings["num_hidden_layers"])
    writer.add_feed_forward_length(settings["intermediate_size"])
    writer.add_head_count(settings["num_attention_heads"])
    writer.add_head_count_kv(settings["num_key_value_heads"])
    writer.add_rope_dimension_count(settings["head_dim"])
    writer.add_layer_norm_rms_eps(settings["rms_norm_eps"])
    writer.add_string("general.base_model.0.name", "somebody's base")
    heads = {
        "self_attn.q_proj": settings["num_attention_heads"],
        "self_attn.k_proj": settings["num_key_value_heads"],
    }
    for key, plain in weights(name).items():
        count = heads.get(key.removesuffix(".weight").split(".", 3)[-1])
        array = paired(plain, count) if count else plain
        form = library.GGMLQuantizationType.F32
        if array.ndim > 1:
            form = library.GGMLQuantizationType[kind]
            if array.shape[-1] % library.GGML_QUANT_SIZES[form][0]:
                form = library.GGMLQuantizationType.Q8_0
        packed = library.quants.quantize(np.ascontiguousarray(array), form)
        writer.add_tensor(gguf_name(key), packed, raw_dtype=form)
    writer.write_header_to_file()
    writer.write_kv_data_to_file()
    writer.write_tensors_to_file()
    writer.close()
    return path


FORMATS = {
    "GGUF Q8_0": lambda path, name: gguf(path / "model.gguf", name, "Q8_0"),
    "GGUF Q4_0": lambda path, name: gguf(path / "model.gguf", name, "Q4_0"),
    "GGUF Q5_1": lambda path, name: gguf(path / "model.gguf", name, "Q5_1"),
    "GGUF MXFP4": lambda path, name: gguf(path / "model.gguf", name, "MXFP4"),
    "GGUF TQ2_0": lambda path, name: gguf(path / "model.gguf", name, "TQ2_0"),
}
"""Format -> writes a bundled model in it into a folder."""
