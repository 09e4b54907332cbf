# SPDX-License-Identifier: Apache-2.0
"""Jobs: asked for, followed, stopped, taken up again."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session

from parentage.artifact.source.locate import label_of
from parentage.errors import ConflictError, ProfileError, RefusedError
from parentage.verdict.load_profile import shipped_profiles
from parentage.web.jobs.queue import Queue
from parentage.web.permissions import Actor, require
from parentage.web.security.references import checked_reference
from parentage.web.services.base import bounds, count, get, note
from parentage.web.services.views import ENDED, JobEventView, JobView, Page
from parentage.web.settings import Settings
from parentage.web.tables import Job, JobEvent, Model, StoredReport, Version, now

MOST_REFERENCES = 20
MOST_BUDGET = 1_000_000_000


def job_view(db: Session, row: Job, *, events: bool = False) -> JobView:
    """A job as it is shown."""
    payload = row.payload
    model: Model | None = None if row.model_id is None else db.get(Model, row.model_id)
    report = db.scalar(select(StoredReport.id).where(StoredReport.job_id == row.id))
    steps: Sequence[JobEvent] = ()
    if events:
        steps = db.scalars(
            select(JobEvent)
            .where(JobEvent.job_id == row.id)
            .order_by(JobEvent.id.desc())
            .limit(200)
        ).all()[::-1]
    share = row.done / row.total if row.total else 0.0
    return JobView(
        id=row.id,
        kind=row.kind,  # type: ignore[arg-type]  # only these are stored
        state=row.state,  # type: ignore[arg-type]  # only these are stored
        model_id=row.model_id,
        model=None if model is None else model.name,
        candidate=payload.get("labels", [""])[0],
        references=tuple(payload.get("labels", [""])[1:]),
        profiles=tuple(payload.get("profiles", ())),
        step=row.step,
        done=row.done,
        total=row.total,
        share=1.0 if row.state == "done" else min(share, 1.0),
        error=row.error,
        report_id=report,
        challenge_id=payload.get("challenge"),
        cancel=row.cancel,
        attempts=row.attempts,
        created=row.created,
        started=row.started,
        finished=row.finished,
        events=tuple(
            JobEventView(at=s.at, text=s.text, done=s.done, total=s.total)
            for s in steps
        ),
    )


def _own(db: Session, actor: Actor, row: Job) -> bool:
    if row.created_by is not None and row.created_by == actor.account:
        return True
    model = None if row.model_id is None else db.get(Model, row.model_id)
    return model is not None and actor.acts_for(model.organisation_id)


def submit_audit(
    db: Session,
    actor: Actor,
    settings: Settings,
    queue: Queue,
    *,
    version_id: int,
    against_versions: Sequence[int] = (),
    against: Sequence[str] = (),
    profiles: Sequence[str] = (),
    budget: int = 64_000_000,
    seed: int = 0,
) -> int:
    """Ask for an audit of a version; returns the job's number.

    Args:
        db: a session that writes.
        actor: a verifier or an administrator.
        settings: decide which references are taken.
        queue: told of the job.
        version_id: the candidate; its reference is read.
        against_versions: versions of other models to hold it against.
        against: further references, as they are written.
        profiles: shipped profiles to judge the findings under.
        budget: bytes to read of each model at most.
        seed: decides which bytes.

    Raises:
        RefusedError: a version has no reference, or a value is not taken.
        ProfileError: there is no such profile.
    """
    require(actor, "audit.run")
    version: Version = get(db, Version, version_id, "version")
    others: list[Version] = [
        get(db, Version, number, "version") for number in against_versions
    ]
    if not 1 <= len(others) + len(against) <= MOST_REFERENCES:
        raise RefusedError(
            f"{len(others) + len(against)} references are named",
            expected=f"1 to {MOST_REFERENCES}",
        )
    if not 1_000_000 <= budget <= MOST_BUDGET or not 0 <= seed < 2**31:
        raise RefusedError(
            "budget or seed are wrong",
            expected=f"1000000 to {MOST_BUDGET} bytes, a seed from 0",
        )
    unknown = set(profiles) - set(shipped_profiles())
    if unknown:
        raise ProfileError(f"there is no profile '{min(unknown)[:80]}'")
    for one in (version, *others):
        if not one.reference:
            raise RefusedError(
                f"version {one.id} of '{one.model.name}' has no reference to read",
                advice="Add a version with a reference, or upload a report.",
            )
    references = [
        checked_reference(text, settings)
        for text in (version.reference, *(v.reference for v in others), *against)
    ]
    labels = [version.model.name, *(f"{v.model.name}" for v in others)]
    labels += [label_of(text) for text in against]
    payload: dict[str, Any] = {
        "version": version.id,
        "references": references,
        "labels": _unique(labels),
        "profiles": list(dict.fromkeys(profiles)),
        "budget": budget,
        "seed": seed,
    }
    return enqueue(
        db,
        actor,
        queue,
        kind="audit",
        model_id=version.model_id,
        subject=f"model:{version.model_id}",
        payload=payload,
    )


def _unique(labels: Sequence[str]) -> list[str]:
    made: list[str] = []
    for label in labels:
        name, number = label, 1
        while name in made:
            number += 1
            name = f"{label} ({number})"
        made.append(name)
    return made


def enqueue(
    db: Session,
    actor: Actor,
    queue: Queue,
    *,
    kind: str,
    model_id: int | None,
    subject: str,
    payload: dict[str, Any],
) -> int:
    """Write a job's row, commit, and tell the workers; returns its number."""
    row = Job(
        kind=kind,
        model_id=model_id,
        subject=subject,
        payload=payload,
        created_by=actor.account,
    )
    db.add(row)
    db.flush()
    note(db, actor, f"job.{kind}", f"job:{row.id}", subject=subject)
    db.commit()
    queue.put(row.id)
    return row.id


def jobs(
    db: Session,
    actor: Actor,
    *,
    model_id: int | None = None,
    state: str = "",
    offset: int = 0,
    limit: int = 50,
) -> Page[JobView]:
    """Jobs that somebody may follow, newest first."""
    require(actor, "job.read")
    offset, limit = bounds(offset, limit)
    query = select(Job)
    if model_id is not None:
        query = query.where(Job.model_id == model_id)
    if state:
        query = query.where(Job.state == state)
    if actor.role == "submitter":
        mine = select(Model.id).where(
            Model.organisation_id == actor.organisation,
            Model.organisation_id.is_not(None),
        )
        query = query.where((Job.created_by == actor.account) | Job.model_id.in_(mine))
    rows = db.scalars(query.order_by(Job.id.desc()).offset(offset).limit(limit)).all()
    return Page(
        items=tuple(job_view(db, row) for row in rows),
        total=count(db, query.with_only_columns(Job.id)),
        offset=offset,
        limit=limit,
    )


def job(db: Session, actor: Actor, number: int) -> JobView:
    """A job with its steps.

    Raises:
        NoSuchPageError: there is none.
        ForbiddenError: it is another organisation's.
    """
    require(actor, "job.read")
    row: Job = get(db, Job, number, "job")
    require(actor, "job.read", own=_own(db, actor, row))
    return job_view(db, row, events=True)


def cancel_job(db: Session, actor: Actor, number: int) -> JobView:
    """Ask a job to stop; one that waits stops at once.

    Raises:
        ConflictError: it has ended.
    """
    require(actor, "job.cancel")
    row: Job = get(db, Job, number, "job")
    require(actor, "job.cancel", own=_own(db, actor, row))
    if row.state in ENDED:
        raise ConflictError(f"the job has ended: {row.state}")
    row.cancel = True
    if row.state == "queued":
        row.state, row.finished = "cancelled", now()
    note(db, actor, "job.cancel", f"job:{row.id}")
    db.commit()
    return job_view(db, row, events=True)


def resume_job(db: Session, actor: Actor, queue: Queue, number: int) -> JobView:
    """Take up a job that failed or was stopped; what was computed is not made again.

    Raises:
        ConflictError: it waits, runs or is done.
    """
    require(actor, "job.cancel")
    row: Job = get(db, Job, number, "job")
    require(actor, "job.cancel", own=_own(db, actor, row))
    if row.state not in {"failed", "cancelled"}:
        raise ConflictError(f"the job is {row.state}")
    row.state, row.cancel, row.error = "queued", False, None
    row.finished, row.step, row.done, row.total = None, "", 0, 0
    note(db, actor, "job.resume", f"job:{row.id}")
    db.commit()
    queue.put(row.id)
    return job_view(db, row, events=True)
