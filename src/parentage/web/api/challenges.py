# SPDX-License-Identifier: Apache-2.0
"""Challenges: filed with a claim, checked, replied to, decided."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Query
from pydantic import Base64Bytes, Field
from starlette.responses import Response

from parentage.web.api.inputs import Body, Limit, Number, Offset, Text
from parentage.web.asking import Asker, Config, Db, Jobs, action
from parentage.web.services import challenges
from parentage.web.services.views import (
    ChallengeRow,
    ChallengeView,
    Decision,
    EntryView,
    Page,
)

router = APIRouter(tags=["challenges"])


class ChallengeBody(Body):
    """A claim against a model. Files are base64."""

    model_id: Annotated[int, Field(ge=1, le=2**62)]
    title: Annotated[str, Field(min_length=1, max_length=300)]
    statement: Annotated[str, Field(min_length=1, max_length=20_000)]
    claim: Base64Bytes
    claim_name: Annotated[str, Field(max_length=100)] = "claim.yaml"
    tables: Annotated[dict[str, Base64Bytes], Field(max_length=20)] = {}
    model_versions: Annotated[dict[str, int], Field(max_length=20)] = {}


class ReplyBody(Body):
    """A reply."""

    statement: Annotated[str, Field(min_length=1, max_length=20_000)]


class DecisionBody(Body):
    """A decision with its reasons."""

    decision: Decision
    reasons: Annotated[str, Field(min_length=1, max_length=20_000)]
    report_id: Annotated[int, Field(ge=1, le=2**62)] | None = None


@router.get("/challenges", openapi_extra=action("challenge.read"))
def list_challenges(
    db: Db,
    actor: Asker,
    model: Annotated[int | None, Query(ge=1, le=2**62)] = None,
    state: Text = "",
    offset: Offset = 0,
    limit: Limit = 50,
) -> Page[ChallengeRow]:
    """Challenges, newest first."""
    return challenges.challenges(
        db, actor, model_id=model, state=state, offset=offset, limit=limit
    )


@router.post("/challenges", status_code=201, openapi_extra=action("challenge.file"))
def file_challenge(
    db: Db, actor: Asker, settings: Config, queue: Jobs, body: ChallengeBody
) -> ChallengeView:
    """File a claim; it is checked in the background."""
    plain = {name: getattr(body, name) for name in type(body).model_fields}
    number = challenges.file_challenge(db, actor, settings, queue, **plain)
    return challenges.challenge(db, actor, number)


@router.get("/challenges/{number}", openapi_extra=action("challenge.read"))
def one_challenge(db: Db, actor: Asker, number: Number) -> ChallengeView:
    """A challenge with all that happened to it."""
    return challenges.challenge(db, actor, number)


@router.get(
    "/challenges/{number}/files/{name}",
    response_class=Response,
    responses={200: {"content": {"application/octet-stream": {}}}},
    openapi_extra=action("challenge.read"),
)
def challenge_file(db: Db, actor: Asker, number: Number, name: str) -> Response:
    """The claim or a raw table of it, exactly as it came."""
    content = challenges.table_file(db, actor, number, name)
    return Response(
        content,
        media_type="application/octet-stream",
        headers={"Content-Disposition": "attachment"},
    )


@router.post(
    "/challenges/{number}/replies",
    status_code=201,
    openapi_extra=action("challenge.reply"),
)
def reply(db: Db, actor: Asker, number: Number, body: ReplyBody) -> EntryView:
    """Reply for the named team."""
    return challenges.reply(db, actor, number, statement=body.statement)


@router.post(
    "/challenges/{number}/decision",
    status_code=201,
    openapi_extra=action("challenge.decide"),
)
def decide(db: Db, actor: Asker, number: Number, body: DecisionBody) -> EntryView:
    """Decide a challenge, with reasons."""
    return challenges.decide(
        db,
        actor,
        number,
        decision=body.decision,
        reasons=body.reasons,
        report_id=body.report_id,
    )
