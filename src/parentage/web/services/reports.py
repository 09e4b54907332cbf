# SPDX-License-Identifier: Apache-2.0
"""Reports: taken as bytes, checked against the schema, kept exactly as they came."""

from __future__ import annotations

from collections.abc import Sequence

from sqlalchemy import select
from sqlalchemy.orm import Session

from parentage.errors import ConflictError, ProfileError, RefusedError, ReportError
from parentage.report.document import Report
from parentage.report.language import LANGUAGES, Language
from parentage.report.load import parse_report
from parentage.report.sentences import say_headline
from parentage.run.judge import judge_report, profiles_named
from parentage.verdict.load_profile import shipped_profiles
from parentage.web.permissions import Actor, require
from parentage.web.security import limits
from parentage.web.services import ledger
from parentage.web.services.base import bounds, bytes_of, count, get, keep, note
from parentage.web.services.views import (
    ComparedReport,
    ComparisonView,
    Page,
    ProfileRow,
    ReportRow,
    ReportView,
)
from parentage.web.settings import Settings
from parentage.web.tables import Model, Relation, StoredReport, Version

MOST_COMPARED = 6
"""Reports that are compared at once at most."""


def report_row(row: StoredReport) -> ReportRow:
    """A report as a row of a list."""
    return ReportRow(
        id=row.id,
        digest=row.digest,
        candidate=row.candidate,
        references=tuple(row.references),
        model_id=row.model_id,
        model=None if row.model is None else row.model.name,
        version_id=row.version_id,
        job_id=row.job_id,
        origin=row.origin,  # type: ignore[arg-type]  # only these are stored
        finding=row.finding,  # type: ignore[arg-type]  # checked by the schema
        headline=row.headline,
        headlines={"en": row.headline, **(row.headlines or {})},
        coverage=row.coverage,
        made=row.made,
        created=row.created,
    )


def reports(
    db: Session,
    actor: Actor,
    *,
    model_id: int | None = None,
    finding: str = "",
    offset: int = 0,
    limit: int = 50,
) -> Page[ReportRow]:
    """Reports, newest first."""
    require(actor, "report.read")
    offset, limit = bounds(offset, limit)
    query = select(StoredReport)
    if model_id is not None:
        query = query.where(StoredReport.model_id == model_id)
    if finding:
        query = query.where(StoredReport.finding == finding)
    rows = db.scalars(
        query.order_by(StoredReport.id.desc()).offset(offset).limit(limit)
    )
    return Page(
        items=tuple(map(report_row, rows)),
        total=count(db, query.with_only_columns(StoredReport.id)),
        offset=offset,
        limit=limit,
    )


def parsed(content: bytes) -> Report:
    """A report from bytes that somebody sent.

    Raises:
        ReportError: it is none.
    """
    try:
        text = content.decode("utf-8")
    except UnicodeDecodeError as error:
        raise ReportError("is not UTF-8 text", offset=error.start) from error
    return parse_report(text, file="the report")


def store_report(
    db: Session,
    actor: Actor,
    content: bytes,
    report: Report,
    *,
    origin: str,
    model: Model | None,
    version_id: int | None = None,
    job_id: int | None = None,
) -> StoredReport:
    """Keep a report, its relations and the ledger's entry; not committed here.

    Raises:
        ConflictError: the very same bytes are stored already.
    """
    digest = keep(db, content, "report")
    known = db.scalar(select(StoredReport).where(StoredReport.digest == digest))
    if known is not None:
        raise ConflictError(
            "this report is stored already", expected=f"see report {known.id}"
        )
    row = StoredReport(
        digest=digest,
        model_id=None if model is None else model.id,
        version_id=version_id,
        job_id=job_id,
        origin=origin,
        candidate=report.candidate.name[:300],
        candidate_digest=report.candidate.digest[:64],
        references=[reference.name[:300] for reference in report.references],
        finding=report.finding,
        headline=report.headline,
        headlines={code: say_headline(report, Language(code)) for code in LANGUAGES},
        coverage=report.coverage,
        made=report.created[:32],
        created_by=actor.account,
    )
    db.add(row)
    db.flush()
    db.add_all(relations(row.id, row.candidate, report))
    note(db, actor, "report.store", f"report:{row.id}", digest=digest, origin=origin)
    ledger.append(
        db,
        actor,
        "report-published",
        f"model:{model.id}" if model is not None else f"report:{row.id}",
        {
            "report": row.id,
            "digest": digest,
            "origin": origin,
            "candidate": row.candidate,
            "references": list(row.references),
            "finding": row.finding,
        },
    )
    return row


def relations(number: int, candidate: str, report: Report) -> list[Relation]:
    """What a report says, module by module and reference by reference."""
    return [
        Relation(
            report_id=number,
            candidate=candidate,
            reference=outcome.reference[:300],
            module=module.name[:100],
            parameters=module.parameters,
            share=module.share,
            finding=outcome.finding,
            effect=outcome.effect,
            log10_p=outcome.log10_p_adjusted,
        )
        for module in report.modules
        for outcome in module.outcomes
    ]


def upload_report(
    db: Session,
    actor: Actor,
    settings: Settings,
    content: bytes,
    *,
    model_id: int | None = None,
    version_id: int | None = None,
) -> ReportRow:
    """Take a report that was made elsewhere.

    Args:
        db: a session that writes.
        actor: a submitter (for a model of their organisation), a verifier, an
            administrator.
        settings: how many uploads an hour are taken.
        content: the bytes of ``parentage audit --json``; they are kept as they are.
        model_id: whose report it is; by default the model of the candidate's name.
        version_id: of which version.

    Raises:
        ReportError: it is no report of a known version.
        ConflictError: it is stored already.
        ForbiddenError: the model is another organisation's.
        TooOftenError: too many uploads.
    """
    require(actor, "report.upload")
    limits.limited(db, f"upload:{actor.account}", settings.uploads_per_hour)
    model: Model | None = None
    if version_id is not None:
        version: Version = get(db, Version, version_id, "version")
        model = version.model
    elif model_id is not None:
        model = get(db, Model, model_id, "model")
    if model is not None:
        _require_own(actor, model)
    report = parsed(content)
    if model is None:
        model = db.scalar(select(Model).where(Model.name == report.candidate.name))
        _require_own(actor, model)
    row = store_report(
        db,
        actor,
        content,
        report,
        origin="upload",
        model=model,
        version_id=version_id,
    )
    db.commit()
    db.refresh(row)
    return report_row(row)


def _require_own(actor: Actor, model: Model | None) -> None:
    own = model is not None and actor.acts_for(model.organisation_id)
    require(actor, "report.upload", own=own)


def stored(db: Session, number: int) -> tuple[StoredReport, Report]:
    """A report's row and its document.

    Raises:
        NoSuchPageError: there is none.
    """
    row: StoredReport = get(db, StoredReport, number, "report")
    return row, parsed(bytes_of(db, row.digest))


def report(db: Session, actor: Actor, number: int) -> ReportView:
    """A report with its document, and later ones of the same model."""
    row, later = report_row_of(db, actor, number)
    document = parsed(bytes_of(db, row.digest))
    return ReportView(row=row, document=document, later=later)


def report_row_of(
    db: Session, actor: Actor, number: int
) -> tuple[ReportRow, tuple[ReportRow, ...]]:
    """A report's row without its document, and later reports of the same model.

    Raises:
        NoSuchPageError: there is none.
    """
    require(actor, "report.read")
    row: StoredReport = get(db, StoredReport, number, "report")
    later: Sequence[StoredReport] = ()
    if row.model_id is not None:
        later = db.scalars(
            select(StoredReport)
            .where(StoredReport.model_id == row.model_id, StoredReport.id > row.id)
            .order_by(StoredReport.id.desc())
            .limit(20)
        ).all()
    return report_row(row), tuple(map(report_row, later))


def report_file(db: Session, actor: Actor, number: int) -> tuple[str, bytes]:
    """Digest and bytes of a report, exactly as they came."""
    require(actor, "report.read")
    row: StoredReport = get(db, StoredReport, number, "report")
    return row.digest, bytes_of(db, row.digest)


def profiles() -> tuple[ProfileRow, ...]:
    """The shipped profiles."""
    return tuple(
        ProfileRow(
            id=loaded.profile.id,
            version=str(loaded.profile.version),
            title={"en": loaded.profile.title.en, "ko": loaded.profile.title.ko},
            stance={"en": loaded.profile.stance.en, "ko": loaded.profile.stance.ko},
        )
        for loaded in shipped_profiles().values()
    )


def compare(
    db: Session,
    actor: Actor,
    numbers: Sequence[int],
    names: Sequence[str] = (),
) -> ComparisonView:
    """Stored reports judged under profiles, side by side.

    Args:
        db: a session.
        actor: anyone.
        numbers: of reports.
        names: ids of shipped profiles; all of them if none is named.

    Raises:
        ProfileError: there is no such shipped profile.
        RefusedError: none, or too many reports.
    """
    require(actor, "report.read")
    chosen = list(dict.fromkeys(numbers))
    if not 1 <= len(chosen) <= MOST_COMPARED:
        raise RefusedError(
            f"{len(chosen)} reports are named", expected=f"1 to {MOST_COMPARED}"
        )
    shipped = shipped_profiles()
    for name in names:
        # A profile by file would read files of the server.
        if name not in shipped:
            raise ProfileError(
                f"there is no profile '{name[:80]}'", expected=", ".join(shipped)
            )
    loaded = profiles_named(list(names))
    order = {one.profile.id: n for n, one in enumerate(loaded)}
    rows = [stored(db, number) for number in chosen]
    return ComparisonView(
        profiles=tuple(
            sorted(
                (row for row in profiles() if row.id in order),
                key=lambda row: order[row.id],
            )
        ),
        reports=tuple(
            ComparedReport(row=report_row(row), verdicts=judge_report(found, loaded))
            for row, found in rows
        ),
    )
