# SPDX-License-Identifier: Apache-2.0
"""Reads what a model's maker says of it: card, config, GGUF metadata, manifest."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from parentage.artifact.entry import shown
from parentage.artifact.source.place import Location
from parentage.model.card import Card, read_card
from parentage.report.verdict_declared import (
    DeclarationSource,
    Initialisation,
    ReleaseItem,
)
from parentage.verdict.manifest import LoadedManifest, load_manifest
from parentage.verdict.vocabulary import Class

RELATIONS: Final[dict[str, Class]] = {
    "finetune": "fine-tuned-external",
    "adapter": "fine-tuned-external",
    "merge": "merged",
    "quantized": "frozen-external",
}
"""``base_model_relation`` of model cards -> provenance class."""

TRAINED_ON_TAGS: Final = frozenset({"finetuned", "fine-tuned", "finetune"})
"""Tags that say a model was trained further, and name no model."""

MAX_BASES: Final = 20


@dataclass(frozen=True)
class Said:
    """Everything that was read.

    Attributes:
        card: the model card, if there is one.
        manifest: the submission manifest, if one was given.
        sources: the files.
        statements: what they say about components.
        releases: what they say is published.
        withheld: items of the manifest that are said not to be published.
        licence: of the whole, with the place that states it.
        own_models: models that the maker calls its own.
        tags: words that could be mistaken for a statement.
        architectures: (class or type, where), of the config.
        new_version: of the card.
        folder_name: left over in the config (``_name_or_path``).
    """

    card: Card | None
    manifest: LoadedManifest | None
    sources: tuple[DeclarationSource, ...]
    statements: tuple[Initialisation, ...]
    releases: tuple[ReleaseItem, ...]
    withheld: tuple[str, ...]
    licence: tuple[str, str] | None
    own_models: tuple[str, ...]
    tags: tuple[str, ...]
    architectures: tuple[tuple[str, str], ...]
    new_version: str | None
    folder_name: str | None = None


def read_declarations(
    path: Location | None,
    config: Mapping[str, object],
    manifest: str | Path | None = None,
) -> Said:
    """What is said about the model at ``path``.

    Args:
        path: its folder or file of weights; the card is looked for beside them.
            ``None`` leaves the card out.
        config: of the model, or the metadata of its GGUF file.
        manifest: a submission manifest, if there is one.

    Raises:
        DeclarationError: a card or manifest cannot be read.
    """
    card = _card_beside(path) if path is not None else None
    loaded = load_manifest(manifest) if manifest is not None else None
    gguf = "general.architecture" in config
    sources = []
    if card is not None:
        sources.append(
            DeclarationSource(kind="card", file=card.file, digest=card.digest)
        )
    if config:
        text = json.dumps(config, sort_keys=True, default=str)
        sources.append(
            DeclarationSource(
                kind="gguf" if gguf else "config",
                file="GGUF metadata" if gguf else "config.json",
                digest=hashlib.sha256(text.encode()).hexdigest(),
            )
        )
    if loaded is not None:
        sources.append(
            DeclarationSource(kind="manifest", file=loaded.file, digest=loaded.digest)
        )
    statements = [
        *(_of_card(card) if card else ()),
        *_of_metadata(config),
        *(_of_manifest(loaded) if loaded else ()),
    ]
    releases = [
        ReleaseItem(
            item=r.item,
            licence=r.licence,
            link=r.link,
            where=f"{loaded.file}: releases.{n}",
        )
        for n, r in enumerate(loaded.manifest.releases if loaded else ())
        if loaded is not None and r.published
    ]
    if card is not None:
        releases.append(
            ReleaseItem(item="model-card", licence=None, link=None, where=card.file)
        )
    return Said(
        card=card,
        manifest=loaded,
        sources=tuple(sources),
        statements=tuple(statements),
        releases=tuple(releases),
        withheld=tuple(
            r.item
            for r in (loaded.manifest.releases if loaded else ())
            if not r.published
        ),
        licence=_licence(card, config, loaded),
        own_models=loaded.manifest.own_models if loaded else (),
        tags=tuple(
            t
            for t in (card.get("tags") if card else ())
            if t.casefold() in TRAINED_ON_TAGS
        ),
        architectures=tuple(_architectures(config)),
        new_version=next(iter(card.get("new_version")), None) if card else None,
        folder_name=_text(config.get("_name_or_path")),
    )


def _text(value: object) -> str | None:
    return shown(value) if isinstance(value, str) and value else None


def _of_card(card: Card) -> Iterator[Initialisation]:
    """``base_model`` with its relation, and the same in tags of the hub."""
    relation = next(iter(card.get("base_model_relation")), "")
    bases = dict.fromkeys(card.get("base_model"), relation)
    for tag in card.get("tags"):
        # Written by the hub: base_model:finetune:org/name
        kind, _, rest = tag.partition(":")
        if kind == "base_model" and rest:
            word, _, name = rest.partition(":")
            if name and word in RELATIONS:
                bases.setdefault(name, word)
            elif not name:
                bases.setdefault(word, "")
    for base, word in list(bases.items())[:MAX_BASES]:
        line = card.lines.get("base_model") or card.lines.get("tags")
        yield Initialisation(
            component="decoder-weights",
            module=None,
            source=base,
            provenance=RELATIONS.get(word, "unknown"),
            licence=None,
            where=f"{card.file}:{line}: base_model",
        )


def _of_metadata(config: Mapping[str, object]) -> Iterator[Initialisation]:
    """``general.base_model.*`` of GGUF."""
    for number in range(MAX_BASES):
        for word in ("repo_url", "name"):
            key = f"general.base_model.{number}.{word}"
            value = config.get(key)
            if isinstance(value, str) and value:
                yield Initialisation(
                    component="decoder-weights",
                    module=None,
                    source=shown(value),
                    provenance="unknown",
                    licence=None,
                    where=f"GGUF: {key}",
                )
                break


def _of_manifest(loaded: LoadedManifest) -> Iterator[Initialisation]:
    for number, row in enumerate(loaded.manifest.components):
        yield Initialisation(
            component=row.component,
            module=row.module,
            source=row.source,
            provenance=row.provenance,
            licence=row.licence,
            share=row.share,
            steps=row.trainable_steps,
            where=f"{loaded.file}: components.{number}",
        )


def _licence(
    card: Card | None, config: Mapping[str, object], loaded: LoadedManifest | None
) -> tuple[str, str] | None:
    """The licence of the whole: manifest, else card, else GGUF metadata."""
    if loaded is not None and loaded.manifest.licence:
        return loaded.manifest.licence, f"{loaded.file}: licence"
    if card is not None:
        word = next(iter(card.get("license")), None)
        if word == "other":
            word = next(iter(card.get("license_name")), word)
        if word:
            return word, f"{card.file}:{card.lines.get('license', 1)}: license"
    value = config.get("general.license")
    if isinstance(value, str) and value:
        return shown(value), "GGUF: general.license"
    return None


def stated_licence(
    path: Location, config: Mapping[str, object]
) -> tuple[str, str] | None:
    """Licence of a model by its own card or metadata, with the place.

    Raises:
        DeclarationError: its card cannot be read.
    """
    return _licence(_card_beside(path), config, None)


def _card_beside(path: Location) -> Card | None:
    """The card of a folder, or beside a file; a base with an adapter is no path."""
    if not path.exists():
        return None
    return read_card(path if path.is_dir() else path.parent)


def _architectures(config: Mapping[str, object]) -> Iterator[tuple[str, str]]:
    names = config.get("architectures")
    for name in names if isinstance(names, list) else []:
        if isinstance(name, str):
            yield shown(name), "config.json: architectures"
    kind = config.get("model_type")
    if isinstance(kind, str):
        yield shown(kind), "config.json: model_type"
