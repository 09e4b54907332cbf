# SPDX-License-Identifier: Apache-2.0
"""Search: models, reports, challenges, and fingerprints of the registry."""

from __future__ import annotations

import re
from collections.abc import Iterator
from contextlib import contextmanager
from threading import Lock
from typing import Final

from sqlalchemy import or_, select
from sqlalchemy.orm import Session

from parentage.artifact.entry import shown
from parentage.errors import ConflictError, NoSuchPageError
from parentage.registry.container import from_bytes
from parentage.registry.store import Registry, Row, prepare
from parentage.registry.tables import FINGERPRINTS
from parentage.report.screen_document import ScreenDocument
from parentage.run.screen import screen
from parentage.web.permissions import Actor, require
from parentage.web.security import limits
from parentage.web.services import ledger
from parentage.web.services.base import get, note, pattern_of
from parentage.web.services.challenges import challenge_row
from parentage.web.services.models import editable, model_rows
from parentage.web.services.reports import report_row
from parentage.web.services.views import FingerprintView, SearchView
from parentage.web.settings import Settings
from parentage.web.tables import Challenge, Model, StoredReport, Version

MOST: Final = 25
"""Of each kind."""

LONGEST: Final = 200


_open: Final[dict[str, Registry]] = {}
_lock = Lock()


@contextmanager
def registry_of(settings: Settings) -> Iterator[Registry]:
    """The registry, opened once for each process."""
    with _lock:
        if settings.registry not in _open:
            _open[settings.registry] = Registry(settings.registry)
        found = _open[settings.registry]
    yield found


def close_registry(settings: Settings) -> None:
    """Let go of the registry's connections."""
    with _lock:
        found = _open.pop(settings.registry, None)
    if found is not None:
        found.close()


def search(db: Session, actor: Actor, settings: Settings, query: str) -> SearchView:
    """What holds all words of a query in its name, or begins with it as a digest."""
    require(actor, "registry.search")
    query = query.replace("\x00", "").strip()[:LONGEST]
    words = query.split()[:8]
    if not words:
        return SearchView(
            query=query, models=(), fingerprints=(), reports=(), challenges=()
        )
    patterns = [pattern_of(word) for word in words]
    models = db.scalars(
        select(Model)
        .where(
            *(
                or_(
                    Model.name.ilike(p, escape="\\"),
                    Model.family.ilike(p, escape="\\"),
                    Model.description.ilike(p, escape="\\"),
                )
                for p in patterns
            )
        )
        .order_by(Model.name)
        .limit(MOST)
    ).all()
    digest = query.lower()
    by_digest = len(digest) >= 8 and not set(digest) - set("0123456789abcdef")
    named = [StoredReport.candidate.ilike(p, escape="\\") for p in patterns]
    reports = db.scalars(
        select(StoredReport)
        .where(
            or_(
                StoredReport.digest.startswith(digest),
                StoredReport.candidate_digest.startswith(digest),
            )
            if by_digest
            else StoredReport.id.in_(select(StoredReport.id).where(*named))
        )
        .order_by(StoredReport.id.desc())
        .limit(MOST)
    ).all()
    challenges = db.scalars(
        select(Challenge)
        .where(*(Challenge.title.ilike(p, escape="\\") for p in patterns))
        .order_by(Challenge.id.desc())
        .limit(MOST)
    ).all()
    return SearchView(
        query=query,
        models=model_rows(db, models),
        fingerprints=_fingerprints(db, settings, patterns, digest if by_digest else ""),
        reports=tuple(map(report_row, reports)),
        challenges=tuple(challenge_row(db, row) for row in challenges),
    )


def _fingerprints(
    db: Session, settings: Settings, patterns: list[str], digest: str
) -> tuple[FingerprintView, ...]:
    columns = [FINGERPRINTS.c[name] for name in Row.__dataclass_fields__]
    query = select(*columns).order_by(FINGERPRINTS.c.name).limit(MOST)
    if digest:
        query = query.where(
            or_(
                FINGERPRINTS.c.digest.startswith(digest),
                FINGERPRINTS.c.model_digest.startswith(digest),
            )
        )
    else:
        query = query.where(
            *(FINGERPRINTS.c.name.ilike(p, escape="\\") for p in patterns)
        )
    with registry_of(settings) as registry, registry.engine.connect() as connection:
        rows = [Row(*row) for row in connection.execute(query)]
    return _views(db, rows)


def _views(db: Session, rows: list[Row]) -> tuple[FingerprintView, ...]:
    found: dict[str | None, int] = dict(
        db.execute(
            select(Version.fingerprint, Version.model_id).where(
                Version.fingerprint.in_([row.digest for row in rows])
            )
        ).all()
    )
    return tuple(
        FingerprintView(
            digest=row.digest,
            name=row.name,
            revision=row.revision,
            model_digest=row.model_digest,
            parameters=row.parameters,
            size=row.size,
            added=row.added,
            model_id=found.get(row.digest),
        )
        for row in rows
    )


def upload_fingerprint(
    db: Session,
    actor: Actor,
    settings: Settings,
    content: bytes,
    *,
    version_id: int,
) -> FingerprintView:
    """Take a fingerprint of a version into the registry.

    Args:
        db: a session that writes.
        actor: a submitter (for a model of their organisation), a verifier, an
            administrator.
        settings: where the registry is.
        content: the file that ``parentage fingerprint`` wrote.
        version_id: whose it is.

    Raises:
        FingerprintError: it is damaged, or of an unknown version.
        ConflictError: the version has another one.
        TooOftenError: too many uploads.
    """
    require(actor, "fingerprint.upload")
    limits.limited(db, f"upload:{actor.account}", settings.uploads_per_hour)
    version: Version = get(db, Version, version_id, "version")
    editable(db, actor, version.model_id)
    item = prepare(content, "the fingerprint")
    if version.fingerprint not in {None, item.digest}:
        raise ConflictError("the version has another fingerprint")
    with registry_of(settings) as registry:
        # Its own transaction: a fingerprint without a version does no harm.
        registry.add([item])
        row = registry.find(item.digest)
    version.fingerprint = item.digest
    version.content = item.made.identity.digest
    note(db, actor, "fingerprint.store", f"version:{version.id}", digest=item.digest)
    ledger.append(
        db,
        actor,
        "fingerprint-added",
        f"model:{version.model_id}",
        {"version": version.label, "fingerprint": item.digest},
    )
    db.commit()
    return _views(db, [row])[0]


def fingerprint_file(actor: Actor, settings: Settings, digest: str) -> bytes:
    """A fingerprint of the registry as a file.

    Raises:
        NoSuchPageError: there is none.
    """
    require(actor, "registry.search")
    if not re.fullmatch(r"[0-9a-f]{8,64}", digest):
        raise NoSuchPageError("there is no such fingerprint")
    with registry_of(settings) as registry, registry.engine.connect() as connection:
        query = select(FINGERPRINTS.c.id).where(
            FINGERPRINTS.c.digest.startswith(digest)
        )
        found = connection.scalars(query.limit(2)).all()
        if len(found) != 1:
            raise NoSuchPageError("there is no such fingerprint, or several")
    return registry.file(found[0])


def screen_fingerprint(
    db: Session, actor: Actor, settings: Settings, content: bytes
) -> ScreenDocument:
    """Hold a fingerprint against everything in the registry; nothing is kept.

    Raises:
        FingerprintError: it is damaged.
        TooOftenError: too many screenings.
    """
    require(actor, "registry.screen")
    limits.limited(db, f"screen:{actor.account}", settings.uploads_per_hour)
    db.commit()
    candidate = from_bytes(content, "the fingerprint")
    with registry_of(settings) as registry:
        return screen(
            candidate,
            registry,
            lineage=False,
            threads=1,
            command=("parentage", "screen", shown(candidate.identity.name)),
        )
