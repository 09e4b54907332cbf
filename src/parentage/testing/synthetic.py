# SPDX-License-Identifier: Apache-2.0
"""Llama-shaped models made of random numbers, of any size, for tests and benchmarks.

They stand for models at initialisation: units are exchangeable and sign-symmetric by
construction, so every exact test must be calibrated on them. Trained models with
known parentage are in ``zoo/``.
"""

from __future__ import annotations

import json
import struct
from collections.abc import Callable, Iterator, Mapping
from dataclasses import asdict, dataclass
from pathlib import Path

import ml_dtypes
import numpy as np
from numpy.typing import NDArray

Array = NDArray[np.generic]
Tensors = dict[str, Array]

FORMATS = {
    "BF16": ml_dtypes.bfloat16,
    "F16": np.float16,
    "F32": np.float32,
    "F64": np.float64,
    "F8_E4M3": ml_dtypes.float8_e4m3fn,
}
_NAMES = {np.dtype(v): k for k, v in FORMATS.items()} | {
    np.dtype(np.int64): "I64",
    np.dtype(np.uint8): "U8",
}


@dataclass(frozen=True)
class Shape:
    """Sizes of a Llama-shaped decoder, in the words of its config."""

    hidden_size: int = 64
    intermediate_size: int = 160
    num_hidden_layers: int = 4
    num_attention_heads: int = 4
    num_key_value_heads: int = 2
    vocab_size: int = 256

    @property
    def head_dim(self) -> int:
        """Dims of a head."""
        return self.hidden_size // self.num_attention_heads

    def config(self) -> dict[str, object]:
        """The ``config.json`` of such a model."""
        return {
            "model_type": "llama",
            "architectures": ["LlamaForCausalLM"],
            "head_dim": self.head_dim,
            "rms_norm_eps": 1e-6,
            "tie_word_embeddings": False,
            **asdict(self),
        }

    def shapes(self) -> dict[str, tuple[int, ...]]:
        """Stored tensors of such a model, in the names of transformers."""
        d, h = self.hidden_size, self.intermediate_size
        q = self.num_attention_heads * self.head_dim
        kv = self.num_key_value_heads * self.head_dim
        found: dict[str, tuple[int, ...]] = {
            "model.embed_tokens.weight": (self.vocab_size, d)
        }
        for i in range(self.num_hidden_layers):
            layer = f"model.layers.{i}"
            found |= {
                f"{layer}.input_layernorm.weight": (d,),
                f"{layer}.self_attn.q_proj.weight": (q, d),
                f"{layer}.self_attn.k_proj.weight": (kv, d),
                f"{layer}.self_attn.v_proj.weight": (kv, d),
                f"{layer}.self_attn.o_proj.weight": (d, q),
                f"{layer}.post_attention_layernorm.weight": (d,),
                f"{layer}.mlp.gate_proj.weight": (h, d),
                f"{layer}.mlp.up_proj.weight": (h, d),
                f"{layer}.mlp.down_proj.weight": (d, h),
            }
        return found | {
            "model.norm.weight": (d,),
            "lm_head.weight": (self.vocab_size, d),
        }


def random_tensors(
    shape: Shape,
    seed: int,
    *,
    parent: Callable[[str], Array] | None = None,
    correlation: float = 0.0,
) -> Iterator[tuple[str, NDArray[np.float32]]]:
    """Yield the tensors of a random model, one at a time.

    Args:
        shape: sizes.
        seed: of the whole model.
        parent: gives a parent's tensor by name, for a descendant.
        correlation: element correlation of the matrices with the parent's.
    """
    for number, (name, size) in enumerate(shape.shapes().items()):
        rng = np.random.default_rng([seed, number])
        values = rng.standard_normal(size, dtype=np.float32)
        if len(size) == 1:
            values = 1.0 + 0.05 * values
        else:
            if parent is not None and correlation:
                base = parent(name).astype(np.float32)
                base /= base.std()
                values *= np.float32(np.sqrt(1 - correlation**2))
                values += np.float32(correlation) * base
            values *= np.float32(0.02)
        yield name, values


def write_safetensors(
    path: Path, tensors: Mapping[str, Array], *, metadata: dict[str, str] | None = None
) -> None:
    """Write a safetensors file of arrays, in the order given."""
    shapes = {n: (_NAMES[a.dtype], a.shape, a.nbytes) for n, a in tensors.items()}
    with path.open("wb") as file:
        file.write(header(shapes, metadata))
        for array in tensors.values():
            file.write(np.ascontiguousarray(array).tobytes())


def header(
    tensors: Mapping[str, tuple[str, tuple[int, ...], int]],
    metadata: dict[str, str] | None = None,
) -> bytes:
    """Header of a safetensors file for (format, shape, bytes) by name."""
    table: dict[str, object] = {"__metadata__": metadata} if metadata else {}
    offset = 0
    for name, (dtype, shape, size) in tensors.items():
        table[name] = {
            "dtype": dtype,
            "shape": list(shape),
            "data_offsets": [offset, offset + size],
        }
        offset += size
    text = json.dumps(table).encode()
    text += b" " * (-len(text) % 8)
    return struct.pack("<Q", len(text)) + text


def write_model(
    folder: Path,
    tensors: Mapping[str, Array],
    config: Mapping[str, object],
    *,
    shards: int = 1,
) -> Path:
    """Write a model folder: config, and weights in one file or in shards."""
    folder.mkdir(parents=True, exist_ok=True)
    if config:
        (folder / "config.json").write_text(json.dumps(dict(config), indent=1))
    if shards == 1:
        write_safetensors(folder / "model.safetensors", tensors)
        return folder
    names = list(tensors)
    where: dict[str, str] = {}
    for n in range(shards):
        file = f"model-{n + 1:05d}-of-{shards:05d}.safetensors"
        part = {name: tensors[name] for name in names[n::shards]}
        write_safetensors(folder / file, part)
        where |= dict.fromkeys(part, file)
    (folder / "model.safetensors.index.json").write_text(
        json.dumps({"metadata": {}, "weight_map": where})
    )
    return folder


def random_model(shape: Shape, seed: int, dtype: str = "BF16") -> Tensors:
    """All tensors of a random model in a stored format."""
    kind = FORMATS[dtype]
    return {name: value.astype(kind) for name, value in random_tensors(shape, seed)}


def descendant(
    parent: Tensors, correlation: float, seed: int, *, only: str = ""
) -> Tensors:
    """A model whose matrices correlate with a parent's; gains stay the parent's.

    Args:
        parent: its tensors.
        correlation: of every element of every matrix with the parent's.
        seed: of the noise.
        only: part of the names to derive; other matrices become independent.
    """
    result: Tensors = {}
    for number, (name, array) in enumerate(parent.items()):
        rng = np.random.default_rng([seed, number])
        base = array.astype(np.float32)
        rho = correlation if only in name else 0.0
        if array.ndim == 1:
            result[name] = array if rho else _noise_like(base, rng).astype(array.dtype)
            continue
        noise = rng.standard_normal(base.shape, dtype=np.float32) * base.std()
        mixed = rho * base + np.sqrt(1 - rho**2) * noise
        result[name] = mixed.astype(array.dtype)
    return result


def _noise_like(
    base: NDArray[np.float32], rng: np.random.Generator
) -> NDArray[np.float32]:
    noise: NDArray[np.float32] = base.mean() + base.std() * rng.standard_normal(
        base.shape, dtype=np.float32
    )
    return noise
