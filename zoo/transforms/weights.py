# SPDX-License-Identifier: Apache-2.0
"""A model in memory: its tensors by name in the layout of transformers, its config."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from parentage.testing.memory import MemoryCheckpoint
from parentage.testing.memory import load as load_checkpoint
from parentage.testing.synthetic import FORMATS, write_model

Array = NDArray[Any]
ATTENTION = ("q_proj", "k_proj", "v_proj", "o_proj")
MLP = ("gate_proj", "up_proj", "down_proj")
BLOCKS = {"attention": "self_attn.", "mlp": "mlp."}


@dataclass
class Weights:
    """Tensors (F32 unless a transformation stores them otherwise) and config."""

    tensors: dict[str, Array]
    config: dict[str, Any]

    @property
    def layers(self) -> int:
        """Number of layers."""
        return int(self.config["num_hidden_layers"])

    @property
    def width(self) -> int:
        """Width of the residual stream."""
        return int(self.config["hidden_size"])

    @property
    def neurons(self) -> int:
        """Neurons of an MLP."""
        return int(self.config["intermediate_size"])

    @property
    def heads(self) -> int:
        """Query heads."""
        return int(self.config["num_attention_heads"])

    @property
    def kv_heads(self) -> int:
        """Key and value heads."""
        return int(self.config.get("num_key_value_heads", self.heads))

    @property
    def head_dim(self) -> int:
        """Dims of a head."""
        return int(self.config.get("head_dim") or self.width // self.heads)

    def copy(self) -> Weights:
        """A deep copy of the tensors, with a config of its own."""
        return Weights(
            {n: a.copy() for n, a in self.tensors.items()}, dict(self.config)
        )

    def map(self, change: Callable[[str, Array], Array]) -> Weights:
        """The same model with every tensor changed."""
        return Weights(
            {name: change(name, array) for name, array in self.tensors.items()},
            dict(self.config),
        )


def attention(layer: int, role: str) -> str:
    """Name of an attention matrix of a Llama-shaped decoder."""
    return f"model.layers.{layer}.self_attn.{role}.weight"


def mlp(layer: int, role: str) -> str:
    """Name of an MLP matrix of a Llama-shaped decoder."""
    return f"model.layers.{layer}.mlp.{role}.weight"


def layer_of(name: str) -> int | None:
    """Number of the layer that a tensor belongs to."""
    parts = name.split(".")
    for before, part in pairwise(parts):
        if before in {"layers", "h", "blocks"} and part.isdigit():
            return int(part)
    return None


def load(folder: Path) -> Weights:
    """Read a small model as F32."""
    checkpoint = load_checkpoint(folder)
    return Weights(checkpoint.arrays, dict(checkpoint.config))


def store(weights: Weights, folder: Path, dtype: str = "BF16") -> None:
    """Write a model; tensors that a transformation left in F8 stay so."""
    kind = FORMATS[dtype]
    tensors: Mapping[str, Array] = {
        name: np.ascontiguousarray(array if array.itemsize == 1 else array.astype(kind))
        for name, array in weights.tensors.items()
    }
    names = {"BF16": "bfloat16", "F32": "float32"}
    write_model(folder, tensors, {**weights.config, "dtype": names[dtype]})


def in_memory(weights: Weights, name: str = "memory") -> MemoryCheckpoint:
    """The model as the tests read it."""
    return MemoryCheckpoint(dict(weights.tensors), dict(weights.config), name)
