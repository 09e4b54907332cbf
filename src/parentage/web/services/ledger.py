# SPDX-License-Identifier: Apache-2.0
"""The public ledger: written in turn, read and downloaded by anyone."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any, Final

from sqlalchemy import select
from sqlalchemy.orm import Session

from parentage.report.canonical import canonical_json
from parentage.web.chain import FIELDS, digest_of, follow
from parentage.web.permissions import Actor, require
from parentage.web.services.base import bounds, count
from parentage.web.services.views import ChainHead, ChainView, EntryView, Page
from parentage.web.tables import Entry, LedgerHead, now

KINDS: Final = (
    "model-registered",
    "version-added",
    "fingerprint-added",
    "report-published",
    "challenge-filed",
    "challenge-checked",
    "challenge-replied",
    "challenge-decided",
    "stage-opened",
    "gate-decided",
    "stage-closed",
)
"""Kinds of entries."""


def append(
    db: Session, actor: Actor, kind: str, subject: str, payload: dict[str, Any]
) -> EntryView:
    """Write an entry after the last one; others wait until this transaction ends.

    Not committed here: an entry stands or falls with what it tells of.
    """
    assert kind in KINDS, kind  # noqa: S101 - a mistake of ours
    head = db.scalars(
        select(LedgerHead)
        .where(LedgerHead.id == 1)
        .with_for_update()
        .execution_options(populate_existing=True)
    ).one()
    plain: dict[str, Any] = {
        "seq": head.seq + 1,
        "at": now(),
        "kind": kind,
        "subject": subject,
        "actor": actor.name,
        "payload": payload,
        "previous": head.digest,
    }
    digest = digest_of(plain)
    text = canonical_json(payload).decode()
    db.add(Entry(**{**plain, "payload": text}, digest=digest))
    head.seq, head.digest = plain["seq"], digest
    db.flush()
    return EntryView(**plain, digest=digest)


def view(row: Entry) -> EntryView:
    """An entry as it is shown."""
    plain = {name: getattr(row, name) for name in FIELDS}
    return EntryView(**{**plain, "payload": json.loads(row.payload)}, digest=row.digest)


def entries_of(db: Session, subject: str) -> tuple[EntryView, ...]:
    """All that happened to something, oldest first."""
    rows = db.scalars(select(Entry).where(Entry.subject == subject).order_by(Entry.seq))
    return tuple(map(view, rows))


def entries(
    db: Session, actor: Actor, *, offset: int = 0, limit: int = 50, kind: str = ""
) -> Page[EntryView]:
    """Entries, newest first."""
    require(actor, "ledger.read")
    offset, limit = bounds(offset, limit)
    query = select(Entry)
    if kind:
        query = query.where(Entry.kind == kind)
    total = count(db, query.with_only_columns(Entry.seq)) if kind else head(db).seq
    rows = db.scalars(query.order_by(Entry.seq.desc()).offset(offset).limit(limit))
    return Page(items=tuple(map(view, rows)), total=total, offset=offset, limit=limit)


def head(db: Session) -> ChainHead:
    """Where the ledger stands."""
    found = db.get(LedgerHead, 1, populate_existing=True)
    assert found is not None  # noqa: S101 - the first migration wrote it
    return ChainHead(seq=found.seq, digest=found.digest)


def _plain(db: Session) -> Iterator[dict[str, Any]]:
    rows = db.scalars(
        select(Entry).order_by(Entry.seq).execution_options(yield_per=500)
    )
    for row in rows:
        yield view(row).model_dump()


def verify(db: Session, actor: Actor) -> ChainView:
    """Follow the whole ledger as it is stored."""
    require(actor, "ledger.read")
    top = head(db)
    chain = follow(_plain(db), expected={top.seq: top.digest} if top.seq else {})
    problems = list(chain.problems)
    if chain.head != top.digest and chain.intact:
        problems.append("the last entry is not the one that the portal knows as last")
    return ChainView(
        entries=chain.entries,
        head=chain.head,
        intact=not problems,
        problems=tuple(problems),
    )


def download(db: Session, actor: Actor) -> Iterator[bytes]:
    """The ledger as ``parentage ledger verify`` reads it: one entry on each line."""
    require(actor, "ledger.read")
    for plain in _plain(db):
        yield canonical_json(plain) + b"\n"
