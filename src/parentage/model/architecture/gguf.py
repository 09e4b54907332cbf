# SPDX-License-Identifier: Apache-2.0
"""From GGUF metadata to an architecture.

Keys start with the word under ``general.architecture``. Latent attention is written in
its own way there: key and value lengths of the joint cache under ``attention.*_length``
and those of one head under ``*_length_mla``.
"""

from __future__ import annotations

from collections.abc import Mapping, Sized
from contextlib import suppress
from typing import Final

import numpy as np

from parentage.errors import ConfigError
from parentage.model.architecture.architecture import Architecture
from parentage.model.architecture.read import read_architecture
from parentage.model.architecture.schema import fields_of
from parentage.model.architecture.values import MAX_LIST

ARCHITECTURE: Final = "general.architecture"
"""Key by which GGUF metadata can be told from a config."""

_GATING: Final = {1: "softmax", 2: "sigmoid"}
_VISION: Final = "clip.vision"
_NORMS: Final = {
    "attention.layer_norm_rms_epsilon": "rms_norm_eps",
    "attention.layer_norm_epsilon": "layer_norm_eps",
}


def read_gguf(metadata: Mapping[str, object], *, name: str = "") -> Architecture:
    """The architecture that GGUF metadata states.

    Args:
        metadata: key-value pairs of the header: plain values, or numpy's.
        name: how the file is referred to.

    Raises:
        ConfigError: the metadata describe no component.
    """
    table, kind = config_of_metadata(metadata, name=name)
    return read_architecture(table, name=name, component=kind)


def config_of_metadata(
    metadata: Mapping[str, object], *, name: str = ""
) -> tuple[dict[str, object], str]:
    """GGUF metadata in the words of a config.

    Args:
        metadata: key-value pairs of the header: plain values, or numpy's.
        name: how the file is referred to.

    Returns:
        The config, and the kind of module that it is about.

    Raises:
        ConfigError: the metadata name no architecture.
    """
    metadata = {key: _plain(value) for key, value in metadata.items()}
    prefix = metadata.get(ARCHITECTURE)
    if not isinstance(prefix, str) or not prefix or len(prefix) > 64:
        raise ConfigError(
            "names no architecture",
            file=name or None,
            expected="a word under general.architecture",
            advice="Check that this is a model and not a vocabulary or an adapter.",
        )
    vision = f"{_VISION}.embedding_length" in metadata
    kind = "vision_encoder" if vision else "text_decoder"
    table = _table(metadata, _VISION if vision else prefix, kind)
    if not vision:
        _latent(table, metadata, prefix)
        tokens = metadata.get("tokenizer.ggml.tokens")
        if "vocab_size" not in table and isinstance(tokens, Sized):
            table["vocab_size"] = len(tokens)
    table["model_type"] = prefix
    return table, kind


def in_words_of_configs(config: Mapping[str, object]) -> Mapping[str, object]:
    """A config as it is, or GGUF metadata turned into one."""
    if not isinstance(config.get(ARCHITECTURE), str):
        return config
    with suppress(ConfigError):
        return config_of_metadata(config)[0]
    return config


def _plain(value: object) -> object:
    """Numbers and short arrays of numpy as plain values."""
    if isinstance(value, np.ndarray):
        return value.tolist() if value.size <= MAX_LIST else value
    return value.item() if isinstance(value, np.generic) else value


def _table(metadata: Mapping[str, object], prefix: str, kind: str) -> dict[str, object]:
    """GGUF's keys in the words of configs."""
    table: dict[str, object] = {}
    for field in fields_of(kind):
        value = metadata.get(f"{prefix}.{field.gguf}") if field.gguf else None
        if value is None or not field.keys[kind]:
            continue
        _place(table, field.keys[kind][0], value)
    for key, word in _NORMS.items():
        if (value := metadata.get(f"{prefix}.{key}")) is not None:
            table[word] = value
    gate = metadata.get(f"{prefix}.expert_gating_func")
    if isinstance(gate, int) and gate in _GATING:
        table["scoring_func"] = _GATING[gate]
    dims = metadata.get(f"{prefix}.rope.dimension_count")
    length = metadata.get(f"{prefix}.attention.key_length")
    if isinstance(dims, int) and isinstance(length, int) and 0 < dims < length:
        table["partial_rotary_factor"] = dims / length
    return table


def _place(table: dict[str, object], key: str, value: object) -> None:
    """Set a key with dots."""
    *outer, last = key.split(".")
    for part in outer:
        inner = table.setdefault(part, {})
        if not isinstance(inner, dict):
            return
        table = inner
    table[last] = value


def _latent(
    table: dict[str, object], metadata: Mapping[str, object], prefix: str
) -> None:
    """Sizes of one head of latent attention, from the lengths GGUF states."""

    def length(key: str) -> int:
        value = metadata.get(f"{prefix}.{key}")
        good = isinstance(value, int) and not isinstance(value, bool)
        return int(value) if good else 0  # type: ignore[call-overload]

    if not length("attention.kv_lora_rank"):
        return
    rope = length("rope.dimension_count")
    key = length("attention.key_length_mla") or length("attention.key_length")
    value = length("attention.value_length_mla") or length("attention.value_length")
    table.pop("partial_rotary_factor", None)
    if 0 < rope < key:
        table["qk_rope_head_dim"], table["qk_nope_head_dim"] = rope, key - rope
    if value:
        table["v_head_dim"] = value
