# SPDX-License-Identifier: Apache-2.0
"""A submission manifest: what a maker states about every component of a model.

TOML or JSON, ``parentage.manifest/1``; described in ``docs/commands/declared.md``.
Nothing in it is evidence, and nothing in it changes a finding about weights: it is held
against the evidence, row by row.
"""

from __future__ import annotations

import hashlib
import json
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Any, Final, Literal

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from parentage.artifact.entry import shown
from parentage.artifact.format.jsontext import Limits, parse_object
from parentage.errors import DeclarationError
from parentage.verdict.toml_file import parse_toml, read_written
from parentage.verdict.toml_lines import Path as Keys
from parentage.verdict.toml_problems import Found, with_lines
from parentage.verdict.vocabulary import Component, Item

MAX_BYTES: Final = 4_000_000

Short = Annotated[str, Field(min_length=1, max_length=300)]

Stated = Literal[
    "identical",
    "frozen-external",
    "fine-tuned-external",
    "merged",
    "upcycled",
    "architecture-only",
    "re-implemented",
    "own",
]


class _Part(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class StatedComponent(_Part):
    """What is stated about one component, or one module of it.

    Attributes:
        component: which.
        module: name in the report, where the statement is about one module only.
        provenance: class that the maker states.
        source: model it comes from; must be named unless it is the maker's own.
        licence: of the source, as an SPDX expression.
        share: of the model's parameters, between 0 and 1.
        parameters: number of parameters.
        initialisation: how the initial weights were made, such as seed and digest.
        trainable_steps: optimiser steps in which it was trained; 0 for frozen.
        evidence: what is handed in: digests of checkpoints, links to logs.
    """

    component: Component
    module: Short | None = None
    provenance: Stated
    source: Short | None = None
    licence: Short | None = None
    share: Annotated[float, Field(ge=0, le=1)] | None = None
    parameters: Annotated[int, Field(ge=0)] | None = None
    initialisation: Short | None = None
    trainable_steps: Annotated[int, Field(ge=0)] | None = None
    evidence: tuple[Short, ...] = ()


class StatedRelease(_Part):
    """Something that is published, or is said not to be.

    Attributes:
        item: what.
        published: whether it is.
        licence: under which it is published.
        link: where.
    """

    item: Item
    published: bool = True
    licence: Short | None = None
    link: Short | None = None


class Manifest(_Part):
    """A whole manifest.

    Attributes:
        schema_: ``parentage.manifest/1``.
        model: name of the model.
        licence: of the whole, as an SPDX expression.
        profile: definition that the maker claims to meet.
        contact: whom to ask.
        own_models: earlier models of the same maker, that may be continued.
        components, releases: see there.
    """

    schema_: Literal["parentage.manifest/1"] = Field(alias="schema")
    model: Short
    licence: Short | None = None
    profile: Short | None = None
    contact: Short | None = None
    own_models: tuple[Short, ...] = ()
    components: tuple[StatedComponent, ...] = ()
    releases: tuple[StatedRelease, ...] = ()


@dataclass(frozen=True)
class LoadedManifest:
    """A manifest with what reports say of its file."""

    manifest: Manifest
    file: str
    digest: str


def load_manifest(path: str | Path) -> LoadedManifest:
    """Read a manifest; ``.json`` is JSON, everything else TOML.

    Raises:
        DeclarationError: it cannot be read, or says something wrong; all problems are
            listed, with their lines where the file is TOML.
    """
    name = shown(str(path))
    raw = read_written(
        path,
        MAX_BYTES,
        DeclarationError,
        expected="a manifest (parentage.manifest/1) in TOML or JSON",
    )
    lines: dict[Keys, int] | None = None
    if Path(path).suffix.casefold() == ".json":
        data = _json(raw, name)
    else:
        data, lines = parse_toml(raw, name, DeclarationError)
    found: list[Found] = []
    manifest = None
    try:
        manifest = Manifest.model_validate_json(json.dumps(data, default=str))
    except ValidationError as error:
        found += [
            (tuple(item["loc"]), f"{_dotted(item['loc'])}: {item['msg']}")
            for item in error.errors(include_url=False, include_input=False)
        ]
    found += _checks(data)
    if found or manifest is None:
        raise DeclarationError.of(name, with_lines(found, lines))
    return LoadedManifest(manifest, name, hashlib.sha256(raw).hexdigest())


def _dotted(keys: tuple[int | str, ...]) -> str:
    return ".".join(str(key) for key in keys)


def _json(raw: bytes, file: str) -> dict[str, Any]:
    return parse_object(
        raw,
        Limits(depth=20, values=200_000),
        error=DeclarationError,
        file=file,
        advice="See docs/commands/declared.md.",
    )


def _checks(data: dict[str, Any]) -> list[Found]:
    """What types cannot say: sources are named, and nothing is stated twice."""
    found: list[Found] = []
    seen: set[tuple[object, object]] = set()
    rows = data.get("components")
    for number, row in enumerate(rows if isinstance(rows, list) else []):
        if not isinstance(row, dict):
            continue
        at: Keys = ("components", number)
        own = row.get("provenance") in {"own", None}
        if not own and "source" not in row:
            found.append((at, f"components.{number}: 'source' is missing"))
        if row.get("provenance") == "own" and "source" in row:
            found.append(
                (
                    (*at, "source"),
                    f"components.{number}: contradiction: 'own' with a source",
                )
            )
        if row.get("provenance") == "frozen-external" and row.get("trainable_steps"):
            found.append(
                (
                    (*at, "trainable_steps"),
                    f"components.{number}: contradiction: frozen, but trained",
                )
            )
        key = (str(row.get("component")), str(row.get("module")))
        if key in seen:
            found.append((at, f"components.{number}: stated twice"))
        seen.add(key)
    return found
