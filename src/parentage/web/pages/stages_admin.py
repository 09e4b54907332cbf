# SPDX-License-Identifier: Apache-2.0
"""Stages: made, opened, closed; seats, measurements and gates."""

from __future__ import annotations

from typing import Annotated, cast

from fastapi import APIRouter, Form, Request
from starlette.responses import Response

from parentage.web.asking import Asker, Db, action
from parentage.web.pages.models import number_of
from parentage.web.pages.rendering import go, render
from parentage.web.pages.stages import Fields
from parentage.web.permissions import require
from parentage.web.services import choices, models, stage_scores, stages
from parentage.web.services.views import GateOutcome

router = APIRouter()

MOST = 200
Line = Annotated[str, Form(max_length=300)]
Words = Annotated[str, Form(max_length=20_000)]


@router.get("/stages/new", openapi_extra=action("stage.manage"))
def new(request: Request, db: Db, actor: Asker, start: str = "") -> Response:
    """The form for a stage; it may start from a shipped definition."""
    require(actor, "stage.manage")
    shipped = stages.shipped()
    return render(
        request,
        "stage_new.html",
        actor,
        section="stages",
        shipped=shipped,
        start=start,
        definition=choices.shipped_text(start) if start in shipped else "",
        models=models.models(db, actor, limit=MOST).items,
    )


@router.post("/stages/new", openapi_extra=action("stage.manage"))
def create(
    request: Request,
    db: Db,
    actor: Asker,
    slug: Line,
    definition: Annotated[str, Form(max_length=1_000_000)],
    teams: Words = "",
) -> Response:
    """Make a stage; ``teams`` has a line for each team: its id = its model's number."""
    entered: dict[str, int] = {}
    for line in teams.splitlines():
        team, _, model = line.partition("=")
        found = number_of(model)
        if team.strip() and found is not None:
            entered[team.strip()] = found
    number = stages.create_stage(
        db,
        actor,
        slug=slug.strip(),
        definition=definition.replace("\r\n", "\n").encode(),
        teams=entered,
    )
    return go(request, f"/stages/{number}", "saved")


@router.post("/stages/{number}/open", openapi_extra=action("stage.manage"))
def open_stage(request: Request, db: Db, actor: Asker, number: int) -> Response:
    """Let the panel score."""
    stages.open_stage(db, actor, number)
    return go(request, f"/stages/{number}", "opened")


@router.post("/stages/{number}/close", openapi_extra=action("stage.manage"))
def close_stage(request: Request, db: Db, actor: Asker, number: int) -> Response:
    """Close a stage and compute its result."""
    stage_scores.close_stage(db, actor, number)
    return go(request, f"/stages/{number}", "closed")


@router.post("/stages/{number}/seats", openapi_extra=action("stage.manage"))
def seat(
    request: Request,
    db: Db,
    actor: Asker,
    number: int,
    account: Annotated[int, Form()],
    panel: Line,
    member: Line,
    excluded: Annotated[list[str], Form()] = [],  # noqa: B006 - never changed
    reason: Line = "",
) -> Response:
    """Give an account a seat; it is kept from the teams that are named."""
    stages.seat_member(
        db,
        actor,
        number,
        account_id=account,
        panel=panel,
        member=member,
        excluded=dict.fromkeys(excluded, reason),
    )
    return go(request, f"/stages/{number}#seats", "saved")


@router.post("/stages/{number}/measurements", openapi_extra=action("stage.enter"))
def measurements(
    request: Request, db: Db, actor: Asker, number: int, fields: Fields
) -> Response:
    """Enter what was measured: fields ``value|ITEM|COMPONENT|TEAM``, ``target|…``."""
    targets = {
        key.partition("|")[2]: str(text)
        for key, text in fields.multi_items()
        if key.startswith("target|")
    }
    for key, text in fields.multi_items():
        kind, _, rest = key.partition("|")
        parts = rest.split("|")
        if kind != "value" or len(parts) != 3 or not str(text).strip():
            continue
        item, component, team = parts
        stage_scores.enter_measurement(
            db,
            actor,
            number,
            item=item,
            component=component,
            team=team,
            value=str(text),
            target=targets.get(rest) or None,
        )
    return go(request, f"/stages/{number}#measurements", "saved")


@router.post("/stages/{number}/gate/report", openapi_extra=action("stage.gate"))
def gate_by_report(
    request: Request,
    db: Db,
    actor: Asker,
    number: int,
    team: Line,
    report: Annotated[int, Form()],
) -> Response:
    """Let a stored report speak at the gate."""
    stage_scores.gate_by_report(db, actor, number, team=team, report_id=report)
    return go(request, f"/stages/{number}#gate", "saved")


@router.post("/stages/{number}/gate/committee", openapi_extra=action("stage.gate"))
def gate_by_committee(
    request: Request,
    db: Db,
    actor: Asker,
    number: int,
    team: Line,
    outcome: Line,
    reasons: Words,
    criterion: Line = "",
) -> Response:
    """Enter what the committee decided."""
    stage_scores.gate_by_committee(
        db,
        actor,
        number,
        team=team,
        outcome=cast("GateOutcome", outcome),  # the service refuses any other
        reasons=reasons,
        criterion=criterion or None,
    )
    return go(request, f"/stages/{number}#gate", "saved")
