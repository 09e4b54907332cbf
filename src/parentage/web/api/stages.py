# SPDX-License-Identifier: Apache-2.0
"""Stages: made, opened, scored blind, gated, closed, simulated."""

from __future__ import annotations

from typing import Annotated, Any

from fastapi import APIRouter
from pydantic import Field

from parentage.program.simulation import SimulationResult
from parentage.web.api.inputs import Body, Number
from parentage.web.asking import Asker, Db, action
from parentage.web.services import stage_scores, stage_simulation, stages
from parentage.web.services.views import (
    GateOutcome,
    GateView,
    ScoreView,
    SeatView,
    SheetView,
    StageRow,
    StageView,
)

router = APIRouter(tags=["stages"])
Name = Annotated[str, Field(min_length=1, max_length=100)]


class StageBody(Body):
    """A stage to make."""

    slug: Name
    definition: Annotated[str, Field(max_length=1_000_000)]
    teams: Annotated[dict[str, int], Field(max_length=200)] = {}


class SeatBody(Body):
    """A seat on a panel."""

    account_id: Annotated[int, Field(ge=1, le=2**62)]
    panel: Name
    member: Name
    excluded: Annotated[dict[str, str], Field(max_length=200)] = {}


class OneScore(Body):
    """A score."""

    item: Annotated[str, Field(max_length=300)]
    team: Name
    value: Annotated[str, Field(max_length=30)]
    note: Annotated[str, Field(max_length=20_000)] = ""


class ScoresBody(Body):
    """One's scores: all of them are entered, or none."""

    scores: Annotated[list[OneScore], Field(min_length=1, max_length=5000)]


class MeasurementBody(Body):
    """What an office measured."""

    item: Annotated[str, Field(max_length=300)]
    team: Name
    value: Annotated[str, Field(max_length=30)]
    component: Annotated[str, Field(max_length=100)] = ""
    target: Annotated[str, Field(max_length=30)] | None = None
    note: Annotated[str, Field(max_length=20_000)] = ""


class GateBody(Body):
    """An outcome at the gate: by a stored report, or by the committee with reasons."""

    team: Name
    report_id: Annotated[int, Field(ge=1, le=2**62)] | None = None
    outcome: GateOutcome | None = None
    criterion: Annotated[str, Field(max_length=100)] | None = None
    reasons: Annotated[str, Field(max_length=2000)] = ""


class SimulationBody(Body):
    """Changes to look at."""

    points: Annotated[dict[str, float], Field(max_length=50)] = {}
    noise: Annotated[float, Field(ge=0, le=1)] | None = None
    seed: Annotated[int, Field(ge=0, lt=2**31)] = 0


@router.get("/stages", openapi_extra=action("stage.read"))
def list_stages(db: Db, actor: Asker) -> tuple[StageRow, ...]:
    """Stages, newest first."""
    return stages.stages(db, actor)


@router.post("/stages", status_code=201, openapi_extra=action("stage.manage"))
def create_stage(db: Db, actor: Asker, body: StageBody) -> StageView:
    """Make a stage from a definition; it is a draft until it is opened."""
    number = stages.create_stage(
        db,
        actor,
        slug=body.slug,
        definition=body.definition.encode(),
        teams=body.teams,
    )
    return stages.stage(db, actor, number)


@router.get("/stages/{number}", openapi_extra=action("stage.read"))
def one_stage(db: Db, actor: Asker, number: Number) -> StageView:
    """A stage with what its reader may see."""
    return stages.stage(db, actor, number)


@router.post("/stages/{number}/open", openapi_extra=action("stage.manage"))
def open_stage(db: Db, actor: Asker, number: Number) -> StageRow:
    """Let the panel score."""
    return stages.open_stage(db, actor, number)


@router.post("/stages/{number}/close", openapi_extra=action("stage.manage"))
def close_stage(db: Db, actor: Asker, number: Number) -> StageRow:
    """Close a stage: the result is computed and public."""
    return stage_scores.close_stage(db, actor, number)


@router.post(
    "/stages/{number}/seats", status_code=201, openapi_extra=action("stage.manage")
)
def seat(db: Db, actor: Asker, number: Number, body: SeatBody) -> SeatView:
    """Give an account a seat on a panel."""
    return stages.seat_member(db, actor, number, **body.model_dump())


@router.get("/stages/{number}/sheet", openapi_extra=action("stage.score"))
def sheet(db: Db, actor: Asker, number: Number) -> SheetView:
    """What one scores oneself, and has scored."""
    return stage_scores.sheet(db, actor, number)


@router.put("/stages/{number}/sheet", openapi_extra=action("stage.score"))
def enter_scores(db: Db, actor: Asker, number: Number, body: ScoresBody) -> SheetView:
    """Enter one's scores."""
    values: dict[tuple[str, str], Any] = {
        (s.item, s.team): s.value for s in body.scores
    }
    notes = {(s.item, s.team): s.note for s in body.scores}
    return stage_scores.enter_scores(db, actor, number, values, notes)


@router.post(
    "/stages/{number}/measurements",
    status_code=201,
    openapi_extra=action("stage.enter"),
)
def measure(db: Db, actor: Asker, number: Number, body: MeasurementBody) -> ScoreView:
    """Enter what an office measured."""
    return stage_scores.enter_measurement(
        db,
        actor,
        number,
        item=body.item,
        team=body.team,
        value=body.value,
        component=body.component,
        target=body.target,
        note_text=body.note,
    )


@router.post(
    "/stages/{number}/gates", status_code=201, openapi_extra=action("stage.gate")
)
def gate(db: Db, actor: Asker, number: Number, body: GateBody) -> GateView:
    """Enter an outcome at the gate."""
    if body.report_id is not None:
        return stage_scores.gate_by_report(
            db, actor, number, team=body.team, report_id=body.report_id
        )
    return stage_scores.gate_by_committee(
        db,
        actor,
        number,
        team=body.team,
        outcome=body.outcome or "open",
        reasons=body.reasons,
        criterion=body.criterion,
    )


@router.post("/stages/{number}/simulation", openapi_extra=action("stage.read"))
def simulation(
    db: Db, actor: Asker, number: Number, body: SimulationBody
) -> SimulationResult:
    """How a closed stage would move under other points and noise."""
    return stage_simulation.simulate(
        db, actor, number, points=body.points, noise=body.noise, seed=body.seed
    )
