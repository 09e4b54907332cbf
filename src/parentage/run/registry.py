# SPDX-License-Identifier: Apache-2.0
"""What can be done to a registry, with a document of what was done."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import asdict
from pathlib import Path

from parentage.artifact.entry import shown
from parentage.registry.archive import export_registry, import_registry
from parentage.registry.container import from_bytes, to_bytes
from parentage.registry.sample import Progress
from parentage.registry.store import Registry, Row, prepare
from parentage.report.screen_document import (
    FingerprintInfo,
    RegistryDocument,
    RegistryRow,
)
from parentage.run.fingerprint import fingerprint, fingerprint_info


def add_models(
    url: str | None, models: Sequence[str], *, progress: Progress | None = None
) -> RegistryDocument:
    """Put models, or files of fingerprints, into a registry: all of them, or none.

    Raises:
        ParentageError: one of them cannot be read, or the database fails.
    """
    items = []
    for done, model in enumerate(models):
        if progress is not None:
            progress(model, done, len(models))
        items.append(prepare(to_bytes(fingerprint(model)), shown(model)))
    with Registry(url) as registry:
        new = registry.add(items)
        digests = {i.digest for i, fresh in zip(items, new, strict=True) if fresh}
        rows = [r for i in items for r in registry.rows(name=i.made.identity.name)]
        added = {r.digest: r for r in rows if r.digest in digests}
        return _document(registry, "add", added.values(), changed=sum(new))


def list_models(url: str | None, name: str = "") -> RegistryDocument:
    """What a registry holds."""
    with Registry(url) as registry:
        return _document(registry, "list", registry.rows(name=name))


def show_model(url: str | None, word: str) -> FingerprintInfo:
    """One fingerprint of a registry.

    Raises:
        RegistryError: there is none of that name.
    """
    with Registry(url) as registry:
        row = registry.find(word)
        return fingerprint_info(from_bytes(registry.file(row.id), row.name))


def remove_models(url: str | None, words: Sequence[str]) -> RegistryDocument:
    """Remove fingerprints: all that are named, or none.

    Raises:
        RegistryError: there is none of a name.
    """
    with Registry(url) as registry:
        rows = {row.id: row for row in map(registry.find, words)}
        changed = registry.remove(list(rows))
        return _document(registry, "remove", rows.values(), changed=changed)


def export_models(
    url: str | None, file: Path, name: str = "", *, progress: Progress | None = None
) -> RegistryDocument:
    """Write fingerprints of a registry to an archive."""
    with Registry(url) as registry:
        rows = list(registry.rows(name=name))
        changed = export_registry(registry, file, rows, progress)
        return _document(registry, "export", (), changed=changed)


def import_models(
    url: str | None, file: Path, *, progress: Progress | None = None
) -> RegistryDocument:
    """Take all of an archive, or nothing.

    Raises:
        RegistryError: the archive is damaged.
    """
    with Registry(url) as registry:
        _, new = import_registry(registry, file, progress)
        return _document(registry, "import", (), changed=new)


def verify_models(
    url: str | None, *, progress: Progress | None = None
) -> RegistryDocument:
    """Read and check everything in a registry."""
    with Registry(url) as registry:
        problems = tuple(registry.verify(progress))
        return _document(registry, "verify", (), problems=problems)


def _document(
    registry: Registry,
    action: str,
    rows: Iterable[Row],
    *,
    changed: int = 0,
    problems: tuple[str, ...] = (),
) -> RegistryDocument:
    listed = []
    for row in rows:
        plain = asdict(row)
        plain.pop("id")
        listed.append(RegistryRow(**plain))
    return RegistryDocument(
        schema="parentage.registry/1",
        registry=registry.shown,
        count=registry.count(),
        action=action,
        changed=changed,
        rows=tuple(listed),
        problems=problems,
    )
