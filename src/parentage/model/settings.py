# SPDX-License-Identifier: Apache-2.0
"""Finding one's way in a config, whatever it holds.

Configs come from strangers: nothing here trusts a type, a sign or a depth.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Final

MAX_DEPTH: Final = 4
MAX_SECTIONS: Final = 256

_SECTIONS: Final[dict[str, tuple[str, ...]]] = {
    "vision_encoder": (
        "vision_config",
        "vision_encoder_config",
        "vision_tower_config",
        "vision_model_config",
        "visual_config",
        "vit_config",
        "image_config",
        "visual",
        "vision",
    ),
    "audio_encoder": (
        "audio_config",
        "audio_encoder_config",
        "audio_tower_config",
        "speech_config",
        "encoder_config",
    ),
    "text_decoder": (
        "text_config",
        "llm_config",
        "language_config",
        "language_model_config",
        "decoder_config",
        "thinker_config",
    ),
    "text_encoder": ("text_config", "text_encoder_config", "encoder_config"),
}


def sections(config: Mapping[str, object]) -> Iterator[tuple[str, dict[str, object]]]:
    """Every nested table with its key, outer ones first, down to a fixed depth."""
    layer: list[tuple[str, Mapping[str, object]]] = [("", config)]
    count = 0
    for _ in range(MAX_DEPTH):
        inner: list[tuple[str, Mapping[str, object]]] = []
        for _, table in layer:
            for key, value in table.items():
                if isinstance(value, dict) and isinstance(key, str):
                    count += 1
                    if count > MAX_SECTIONS:
                        return
                    yield key, value
                    inner.append((key, value))
        layer = inner


def model_types(config: Mapping[str, object]) -> frozenset[str]:
    """Every ``model_type`` found: hints that break ties."""
    tables: list[Mapping[str, object]] = [config]
    tables.extend(table for _, table in sections(config))
    found = (table.get("model_type") for table in tables)
    return frozenset(value for value in found if isinstance(value, str))


def section(
    config: Mapping[str, object], kind: str, *, alone: bool
) -> Mapping[str, object]:
    """The part of a config that speaks of one kind of module.

    Args:
        config: the whole config.
        kind: kind of module, such as ``vision_encoder``.
        alone: whether the model has no other kind of layered module, so that the outer
            config must be about this one.
    """
    nested = list(sections(config))
    for wanted in _SECTIONS.get(kind, ()):
        for key, table in nested:
            if key == wanted:
                inner = table.get("text_config")
                return inner if isinstance(inner, dict) else table
    side = "decoder" if kind == "text_decoder" else "encoder"
    if alone or kind == "text_decoder" or f"{side}_attention_heads" in config:
        return config
    return {}
