# SPDX-License-Identifier: Apache-2.0
"""From a config, of whatever dialect, to an architecture.

HF configs (nested or not), ``params.json``, DeepSeek's inference configs and the like
are all tables of keys; ``fields.toml`` says which key fills which field. Whatever is
malformed becomes a :class:`~.architecture.Problem`, never a crash.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Final

from parentage.errors import ConfigError
from parentage.model.architecture.architecture import (
    Architecture,
    Component,
    Filled,
    Problem,
)
from parentage.model.architecture.derive import derive
from parentage.model.architecture.schema import COMPONENTS, conventions, fields_of
from parentage.model.architecture.values import NotAValueError, clean, shown
from parentage.model.settings import model_types, section, sections

MAX_PROBLEMS: Final = 64

_MORE_SECTIONS: Final = {
    "text_decoder": ("llm_cfg", "llm_config"),
    "vision_encoder": ("vision_tower_cfg", "vision_encoder"),
    "audio_encoder": ("sound_tower_cfg",),
}
_NEEDED: Final = ("hidden_size", "num_hidden_layers")
_VISION: Final = ("patch_size", "spatial_patch_size")
_AUDIO: Final = ("num_mel_bins", "max_source_positions")


def read_architecture(
    config: Mapping[str, object],
    *,
    name: str = "",
    component: str | None = None,
) -> Architecture:
    """The architecture that a config states.

    Args:
        config: a parsed config, in any of the dialects that ``fields.toml`` knows.
        name: how the model is referred to.
        component: the kind of component that the config speaks of, where it is a part
            of a model's config; by default that is found out.

    Returns:
        Every component that the config describes, each value with its source.

    Raises:
        ConfigError: the config describes no component.
    """
    problems: list[Problem] = []
    components: dict[str, Component] = {}
    for kind, table in _tables(config, component):
        found = _component(kind, table, config, problems)
        if found is not None:
            components[kind] = found
    if not components:
        raise ConfigError(
            "describes no architecture",
            file=name or None,
            expected="a width and a number of layers, such as hidden_size",
            advice="Give the config.json that belongs to the weights.",
        )
    return Architecture(name, components, tuple(problems[:MAX_PROBLEMS]))


def _tables(
    config: Mapping[str, object], component: str | None
) -> Iterator[tuple[str, Mapping[str, object]]]:
    if component is not None:
        yield component, config
        return
    inner = config.get("model")
    if isinstance(inner, dict) and "n_layers" in inner:
        config = inner
    alone = _alone(config)
    if alone is not None:
        yield alone, config
        return
    named = list(sections(config))
    for kind in COMPONENTS:
        more = [t for key, t in named if key in _MORE_SECTIONS[kind]]
        table = more[0] if more else section(config, kind, alone=False)
        if kind == "vision_encoder" and table is config:
            continue
        if table:
            yield kind, table


def _alone(config: Mapping[str, object]) -> str | None:
    """The kind of tower that a config is about, where it is about one only."""
    nested = any(key.endswith(("_config", "_cfg")) for key, _ in sections(config))
    if nested or "vocab_size" in config:
        return None
    if any(key in config for key in _VISION):
        return "vision_encoder"
    if any(key in config for key in _AUDIO):
        return "audio_encoder"
    return None


def look_up(table: Mapping[str, object], key: str) -> object:
    """What stands under a key with dots, or ``None``."""
    found: object = table
    for part in key.split("."):
        if not isinstance(found, Mapping):
            return None
        found = found.get(part)
    return found


def _component(
    kind: str,
    table: Mapping[str, object],
    config: Mapping[str, object],
    problems: list[Problem],
) -> Component | None:
    filled: dict[str, Filled] = {}
    for field in fields_of(kind):
        for key in field.keys[kind]:
            value = look_up(table, key)
            if value is None and key == "tie_word_embeddings":
                value = config.get(key) if kind == "text_decoder" else None
            if value is None:
                continue
            try:
                filled[field.name] = Filled(clean(field.kind, value), "stated", key)
            except NotAValueError as wrong:
                if not _harmless(field.name, value):
                    problem = Problem(kind, field.name, key, shown(value), str(wrong))
                    problems.append(problem)
                continue
            break
    own = table.get("model_type")
    own = own if isinstance(own, str) and len(own) <= 64 else ""
    outer = model_types(config)
    types = frozenset({own}) if own and kind != "text_decoder" else outer
    fixed, usual = conventions(kind, types)
    if kind != "text_decoder" and not fixed:
        fixed, usual = conventions(kind, outer)
    derive(kind, table, filled, fixed, usual)
    if not any(name in filled and _is_read(filled[name]) for name in _NEEDED):
        return None
    order = [f.name for f in fields_of(kind)]
    kept = {name: filled[name] for name in order if name in filled}
    return Component(kind, own, kept, known_type=bool(fixed))


def _is_read(filled: Filled) -> bool:
    return filled.source != "defaulted"


def _harmless(name: str, value: object) -> bool:
    """Whether a value of another type is a known way of writing something else.

    Lists of two equal lengths are read by the rules; ``0`` and ``-1`` switch a window
    or a group off.
    """
    if name in {"patch_size", "image_size", "sliding_window", "first_dense_layers"}:
        return isinstance(value, list) or value in (0, -1, False)
    return value == 0 and not isinstance(value, str | list)
