# SPDX-License-Identifier: Apache-2.0
"""Challenges: filed with their numbers, checked, replied to, decided."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Annotated, cast

from fastapi import APIRouter, File, Form, Request, UploadFile
from starlette.responses import Response

from parentage.report.claim_html import render_claim
from parentage.report.claim_words import headline
from parentage.web.asking import Asker, Config, Db, Jobs, action
from parentage.web.pages.documents import SHELF
from parentage.web.pages.models import number_of
from parentage.web.pages.rendering import go, language_of, numbered, render
from parentage.web.permissions import require
from parentage.web.services import challenges, choices, models, reports
from parentage.web.services.views import Decision

router = APIRouter()

MOST = 200
Words = Annotated[str, Form(max_length=20_000)]
Line = Annotated[str, Form(max_length=300)]


@dataclass(frozen=True)
class Given:
    """What the form for a challenge holds at first."""

    title: str = ""
    statement: str = ""


@router.get("/challenges", openapi_extra=action("challenge.read"))
def page_of_list(
    request: Request, db: Db, actor: Asker, state: str = "", offset: int = 0
) -> Response:
    """Challenges, newest first."""
    found = challenges.challenges(db, actor, state=state[:20], offset=offset)
    return render(
        request,
        "challenges.html",
        actor,
        section="challenges",
        list=found,
        state=state[:20],
    )


@router.get("/challenges/new", openapi_extra=action("challenge.file"))
def new(
    request: Request, db: Db, actor: Asker, settings: Config, model: str = ""
) -> Response:
    """The form for a challenge."""
    require(actor, "challenge.file")
    rows = models.models(db, actor, limit=MOST).items
    return render(
        request,
        "challenge_new.html",
        actor,
        section="challenges",
        models=[(str(row.id), row.name) for row in rows],
        versions=[
            (str(version.id), f"{name}, {version.label}")
            for name, version in choices.readable_versions(db, actor, settings)
        ],
        chosen=model,
        given=Given(),
    )


@router.post("/challenges/new", openapi_extra=action("challenge.file"))
def file_one(
    request: Request,
    db: Db,
    settings: Config,
    queue: Jobs,
    actor: Asker,
    model: Annotated[int, Form()],
    title: Line,
    statement: Words,
    claim: Annotated[UploadFile, File()],
    tables: Annotated[list[UploadFile], File()] = [],  # noqa: B006 - never changed
    name0: Line = "",
    name1: Line = "",
    name2: Line = "",
    version0: Line = "",
    version1: Line = "",
    version2: Line = "",
) -> Response:
    """File a challenge."""
    named = ((name0, version0), (name1, version1), (name2, version2))
    number = challenges.file_challenge(
        db,
        actor,
        settings,
        queue,
        model_id=model,
        title=title,
        statement=statement,
        claim=claim.file.read(),
        claim_name=claim.filename or "claim.yaml",
        # A browser sends one nameless file where none was chosen.
        tables={t.filename: t.file.read() for t in tables if t.filename},
        model_versions={
            name.strip(): found
            for name, version in named
            if name.strip() and (found := number_of(version)) is not None
        },
    )
    return go(request, f"/challenges/{number}", "filed")


@router.get("/challenges/{number}", openapi_extra=action("challenge.read"))
def page(request: Request, db: Db, actor: Asker, number: int) -> Response:
    """A challenge with all that happened to it."""
    found = challenges.challenge(db, actor, number)
    lang = language_of(request)
    parts, summary = None, ""
    if (check := found.check) is not None:
        digest = choices.check_digest(db, actor, number)
        parts = SHELF.get(digest, lang.code, lambda: render_claim(check, lang))
        summary = " ".join(headline(check, lang))
    model_reports = reports.reports(db, actor, model_id=found.row.model_id).items
    return render(
        request,
        "challenge.html",
        actor,
        section="challenges",
        c=found,
        parts=parts,
        summary=summary,
        decisions=challenges.DECISIONS,
        reports=[(str(row.id), numbered(lang, row)) for row in model_reports],
    )


@router.get("/challenges/{number}/files/{name}", openapi_extra=action("challenge.read"))
def stored_file(db: Db, actor: Asker, number: int, name: str) -> Response:
    """The claim or one of its raw tables, as it was filed."""
    content = challenges.table_file(db, actor, number, name)
    return Response(
        content,
        media_type="application/octet-stream",
        headers={"Content-Disposition": f'attachment; filename="{name}"'},
    )


@router.post("/challenges/{number}/reply", openapi_extra=action("challenge.reply"))
def reply(
    request: Request, db: Db, actor: Asker, number: int, statement: Words
) -> Response:
    """Reply for the named team."""
    entry = challenges.reply(db, actor, number, statement=statement)
    return go(request, f"/challenges/{number}#e{entry.seq}", "replied")


@router.post("/challenges/{number}/decide", openapi_extra=action("challenge.decide"))
def decide(
    request: Request,
    db: Db,
    actor: Asker,
    number: int,
    decision: Line,
    reasons: Words,
    report: Annotated[str, Form(max_length=20)] = "",
) -> Response:
    """Decide a challenge."""
    entry = challenges.decide(
        db,
        actor,
        number,
        decision=cast("Decision", decision),  # the service refuses any other
        reasons=reasons,
        report_id=number_of(report),
    )
    return go(request, f"/challenges/{number}#e{entry.seq}", "decided")
