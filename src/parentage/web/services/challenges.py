# SPDX-License-Identifier: Apache-2.0
"""Challenges: a claim with its numbers, checked, replied to, decided; all in public."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any, Final

from sqlalchemy import select
from sqlalchemy.orm import Session

from parentage.errors import ConflictError, ForbiddenError, RefusedError
from parentage.report.claim_document import ClaimDocument
from parentage.run.claim_yaml import load_claim
from parentage.web.jobs.queue import Queue
from parentage.web.permissions import Actor, may, require
from parentage.web.security import limits
from parentage.web.security.uploads import in_folder
from parentage.web.services import jobs, ledger
from parentage.web.services.base import (
    account_name,
    bounds,
    bytes_of,
    count,
    get,
    keep,
    line_of,
    note,
    text_of,
)
from parentage.web.services.views import (
    ChallengeRow,
    ChallengeView,
    Decision,
    EntryView,
    Page,
)
from parentage.web.settings import Settings
from parentage.web.tables import Challenge, Job, Model, StoredReport, Version

NAME: Final = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,98}")
MOST_TABLES: Final = 20
MOST_CLAIM: Final = 2_000_000
DECISIONS: Final = ("upheld", "partly-upheld", "dismissed", "withdrawn")


def challenge_row(db: Session, row: Challenge) -> ChallengeRow:
    """A challenge as a row of a list."""
    return ChallengeRow(
        id=row.id,
        title=row.title,
        model_id=row.model_id,
        model=row.model.name,
        state=row.state,  # type: ignore[arg-type]  # only these are stored
        outcome=row.check_outcome,
        decision=row.decision,  # type: ignore[arg-type]  # only these are stored
        by=account_name(db, row.created_by),
        created=row.created,
    )


def challenges(
    db: Session,
    actor: Actor,
    *,
    model_id: int | None = None,
    state: str = "",
    offset: int = 0,
    limit: int = 50,
) -> Page[ChallengeRow]:
    """Challenges, newest first."""
    require(actor, "challenge.read")
    offset, limit = bounds(offset, limit)
    query = select(Challenge)
    if model_id is not None:
        query = query.where(Challenge.model_id == model_id)
    if state:
        query = query.where(Challenge.state == state)
    rows = db.scalars(query.order_by(Challenge.id.desc()).offset(offset).limit(limit))
    return Page(
        items=tuple(challenge_row(db, row) for row in rows),
        total=count(db, query.with_only_columns(Challenge.id)),
        offset=offset,
        limit=limit,
    )


def file_challenge(
    db: Session,
    actor: Actor,
    settings: Settings,
    queue: Queue,
    *,
    model_id: int,
    title: str,
    statement: str,
    claim: bytes,
    claim_name: str = "claim.yaml",
    tables: Mapping[str, bytes] | None = None,
    model_versions: Mapping[str, int] | None = None,
) -> int:
    """File a claim against a model; it is checked in the background.

    Args:
        db: a session that writes.
        actor: anyone who is signed in.
        settings: how many uploads an hour are taken.
        queue: told of the check.
        model_id: the model that it is about.
        title: a line.
        statement: what is claimed, in words.
        claim: a claim file (YAML, or CSV of numbers; ``docs/claims.md``).
        claim_name: its name, which says the form: ``.yaml``, ``.yml`` or ``.csv``.
        tables: raw tables that it names, by their names.
        model_versions: names that the claim gives to models -> versions to read.

    Returns:
        The challenge's number.

    Raises:
        ClaimError: the claim is malformed.
        RefusedError: a name or size is not taken.
        TooOftenError: too many uploads.
    """
    require(actor, "challenge.file")
    limits.limited(db, f"upload:{actor.account}", settings.uploads_per_hour)
    model: Model = get(db, Model, model_id, "model")
    files = dict(tables or {})
    _check_names(claim_name, files)
    if len(claim) > MOST_CLAIM:
        raise RefusedError("the claim is too large", expected=f"{MOST_CLAIM} bytes")
    with in_folder({**files, claim_name: claim}) as folder:
        load_claim(folder / claim_name)
    references = {}
    for name, number in (model_versions or {}).items():
        version: Version = get(db, Version, number, "version")
        if not version.reference:
            raise RefusedError(f"version {number} has no reference to read")
        references[line_of(name, "the model's name", most=100)] = version.id
    row = Challenge(
        model_id=model.id,
        title=line_of(title, "the title", most=300),
        claim=keep(db, claim, "claim"),
        claim_name=claim_name,
        tables={name: keep(db, data, "table") for name, data in sorted(files.items())},
        created_by=actor.account,
    )
    db.add(row)
    db.flush()
    words = text_of(statement, "the statement")
    ledger.append(
        db,
        actor,
        "challenge-filed",
        f"challenge:{row.id}",
        {
            "model": model.name,
            "title": row.title,
            "statement": words,
            "claim": row.claim,
            "tables": row.tables,
        },
    )
    note(db, actor, "challenge.file", f"challenge:{row.id}", model=model.id)
    number = row.id
    jobs.enqueue(
        db,
        actor,
        queue,
        kind="claim",
        model_id=model.id,
        subject=f"challenge:{number}",
        payload={"challenge": number, "models": references, "labels": [row.title]},
    )
    return number


def _check_names(claim_name: str, files: Mapping[str, bytes]) -> None:
    if not NAME.fullmatch(claim_name) or not claim_name.lower().endswith(
        (".yaml", ".yml", ".csv")
    ):
        raise RefusedError(
            "the claim's name is not taken", expected="NAME.yaml, .yml or .csv"
        )
    if len(files) > MOST_TABLES or claim_name in files:
        raise RefusedError(
            "the tables are not taken", expected=f"at most {MOST_TABLES}, other names"
        )
    for name in files:
        if not NAME.fullmatch(name) or not name.lower().endswith((".csv", ".json")):
            raise RefusedError(
                f"the table's name '{name[:99]}' is not taken",
                expected="NAME.csv or .json of letters, digits, '.', '_' and '-'",
            )


def _conflict(row: Challenge, actor: Actor) -> bool:
    """Whether somebody is a party: of the named team, or who filed it."""
    return row.created_by == actor.account or actor.acts_for(row.model.organisation_id)


def challenge(db: Session, actor: Actor, number: int) -> ChallengeView:
    """A challenge with all that happened to it.

    Raises:
        NoSuchPageError: there is none.
    """
    require(actor, "challenge.read")
    row: Challenge = get(db, Challenge, number, "challenge")
    entries = ledger.entries_of(db, f"challenge:{number}")
    check = None
    if row.check is not None:
        check = ClaimDocument.model_validate_json(bytes_of(db, row.check))
    job = db.scalar(
        select(Job.id)
        .where(Job.subject == f"challenge:{number}")
        .order_by(Job.id.desc())
        .limit(1)
    )
    return ChallengeView(
        row=challenge_row(db, row),
        statement=str(entries[0].payload["statement"]) if entries else "",
        claim=bytes_of(db, row.claim).decode("utf-8", "replace"),
        claim_name=row.claim_name,
        tables=row.tables,
        check=check,
        job_id=job,
        entries=entries,
        may_reply=row.decision is None
        and may(
            actor, "challenge.reply", own=actor.acts_for(row.model.organisation_id)
        ),
        may_decide=row.decision is None
        and may(actor, "challenge.decide")
        and not _conflict(row, actor),
    )


def table_file(db: Session, actor: Actor, number: int, name: str) -> bytes:
    """A file of a challenge: the claim, or one of its raw tables.

    Raises:
        NoSuchPageError: there is none of that name.
    """
    require(actor, "challenge.read")
    row: Challenge = get(db, Challenge, number, "challenge")
    files = {row.claim_name: row.claim, **row.tables}
    return bytes_of(db, str(files.get(name, "none")))


def reply(db: Session, actor: Actor, number: int, *, statement: str) -> EntryView:
    """Reply for the named team.

    Raises:
        ForbiddenError: somebody of another organisation.
        ConflictError: it is decided.
    """
    require(actor, "challenge.reply")
    row: Challenge = get(db, Challenge, number, "challenge")
    require(actor, "challenge.reply", own=actor.acts_for(row.model.organisation_id))
    _undecided(row)
    entry = ledger.append(
        db,
        actor,
        "challenge-replied",
        f"challenge:{row.id}",
        {"statement": text_of(statement, "the reply")},
    )
    row.state = "replied"
    note(db, actor, "challenge.reply", f"challenge:{row.id}")
    db.commit()
    return entry


def decide(
    db: Session,
    actor: Actor,
    number: int,
    *,
    decision: Decision,
    reasons: str,
    report_id: int | None = None,
) -> EntryView:
    """Decide a challenge, with reasons.

    Raises:
        ForbiddenError: a party decides its own case.
        ConflictError: it is decided.
    """
    require(actor, "challenge.decide")
    row: Challenge = get(db, Challenge, number, "challenge")
    if _conflict(row, actor):
        raise ForbiddenError(
            "who filed a challenge, or belongs to the named team, does not decide it"
        )
    _undecided(row)
    if decision not in DECISIONS:
        raise RefusedError("this is no decision", expected=", ".join(DECISIONS))
    payload: dict[str, Any] = {
        "decision": decision,
        "reasons": text_of(reasons, "the reasons"),
        "check": row.check,
        "check_outcome": row.check_outcome,
    }
    if report_id is not None:
        found: StoredReport = get(db, StoredReport, report_id, "report")
        payload["report"] = {"id": found.id, "digest": found.digest}
    entry = ledger.append(
        db, actor, "challenge-decided", f"challenge:{row.id}", payload
    )
    row.state, row.decision = "decided", decision
    note(db, actor, "challenge.decide", f"challenge:{row.id}", decision=decision)
    db.commit()
    return entry


def _undecided(row: Challenge) -> None:
    if row.decision is not None:
        raise ConflictError(f"the challenge is decided: {row.decision}")
