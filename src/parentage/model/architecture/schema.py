# SPDX-License-Identifier: Apache-2.0
"""The fields of an architecture, read once from ``fields.toml``.

One list serves every source (configs, GGUF metadata, shapes) and every reader of
the values, so that a field is described in one place only.
"""

from __future__ import annotations

import tomllib
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from importlib import resources
from typing import Any, Final

from parentage.errors import DescriptionError

COMPONENTS: Final = ("text_decoder", "vision_encoder", "audio_encoder")
"""Kinds of components that have an architecture of their own."""

LEVELS: Final = ("quantitative", "module", "architecture")
"""Classes of difference, smallest first."""

KINDS: Final = frozenset({"size", "count", "number", "flag", "word", "list"})
PARTS: Final = frozenset({"design", "vocabulary", "context"})
_SIDES: Final = dict(zip(("text", "vision", "audio"), COMPONENTS, strict=True))
_KEYS: Final = frozenset(
    {
        "name",
        "group",
        "unit",
        "kind",
        "level",
        "appears",
        "part",
        "retunable",
        "parent",
        "gguf",
    }
    | {"retunable", "optional"}
    | set(_SIDES)
)


@dataclass(frozen=True, slots=True)
class Field:
    """One field of an architecture.

    Attributes:
        name: the field's own word.
        group: the part of the design it belongs to.
        unit: what the value counts.
        kind: ``size`` (positive), ``count``, ``number``, ``flag``, ``word``, ``list``.
        level: class of difference when the value changes.
        appears: class of difference when one side has none of it at all.
        part: ``design``, ``vocabulary`` or ``context``; only design carries bits.
        retunable: whether later stages of training change it without a new design.
        optional: whether a config that leaves it out has no such part.
        parent: the field that this one mostly follows from, or empty.
        keys: per component, the config keys that fill it, first one first.
        gguf: key of GGUF metadata after the architecture's name, or empty.
    """

    name: str
    group: str
    unit: str
    kind: str
    level: str
    appears: str
    part: str
    retunable: bool
    optional: bool
    parent: str
    keys: Mapping[str, tuple[str, ...]]
    gguf: str


def build(entries: list[dict[str, Any]], file: str) -> dict[str, Field]:
    """The fields of a parsed table.

    Raises:
        DescriptionError: naming the field, where an entry breaks the schema.
    """
    fields: dict[str, Field] = {}
    for entry in entries:
        name = str(entry.get("name", "?"))
        if not _KEYS.issuperset(entry):
            raise DescriptionError(
                f"{name}: unknown keys {sorted(set(entry) - _KEYS)}", file=file
            )
        field = Field(
            name=name,
            group=entry["group"],
            unit=entry["unit"],
            kind=entry["kind"],
            level=entry["level"],
            appears=entry.get("appears", entry["level"]),
            part=entry.get("part", "design"),
            retunable=entry.get("retunable", entry.get("part", "design") != "design"),
            optional=entry.get("optional", False),
            parent=entry.get("parent", ""),
            keys={c: tuple(entry[s]) for s, c in _SIDES.items() if s in entry},
            gguf=entry.get("gguf", ""),
        )
        good = (
            field.kind in KINDS
            and field.part in PARTS
            and {field.level, field.appears} <= set(LEVELS)
            and name not in fields
        )
        if not good:
            raise DescriptionError(f"{name}: not a field", file=file)
        fields[name] = field
    for field in fields.values():
        if field.parent and field.parent not in fields:
            raise DescriptionError(f"{field.name}: unknown parent", file=file)
    return fields


def _read(name: str) -> dict[str, Any]:
    file = resources.files("parentage.model.architecture") / name
    return tomllib.loads(file.read_text("utf-8"))


@cache
def fields() -> Mapping[str, Field]:
    """Every field by name, in reading order."""
    return build(_read("fields.toml")["field"], "fields.toml")


def fields_of(component: str) -> tuple[Field, ...]:
    """The fields that a kind of component has."""
    return tuple(f for f in fields().values() if component in f.keys)


@cache
def _conventions() -> tuple[dict[str, Any], tuple[dict[str, Any], ...]]:
    data = _read("conventions.toml")
    return data["standard"], tuple(data["convention"])


def conventions(
    component: str, types: frozenset[str]
) -> tuple[dict[str, Any], dict[str, Any]]:
    """What a config leaves unsaid.

    Args:
        component: kind of component.
        types: every ``model_type`` that the config names.

    Returns:
        What the code of these model types fixes, and what is usual; the first is
        empty where the model types are not known.
    """
    side = next(s for s, c in _SIDES.items() if c == component)
    standard, entries = _conventions()
    found: dict[str, Any] = {}
    for entry in entries:
        if types.intersection(entry["types"]):
            found.update(entry.get(side, {}))
    return found, standard[side]
