# SPDX-License-Identifier: Apache-2.0
"""Scores, gates and closing of a stage. A panel member sees nobody else's numbers."""

from __future__ import annotations

import secrets
from collections.abc import Mapping
from decimal import Decimal, InvalidOperation
from typing import Any, Final

from sqlalchemy import delete, select
from sqlalchemy.orm import Session

from parentage.errors import (
    ConflictError,
    ForbiddenError,
    NoSuchPageError,
    RefusedError,
)
from parentage.program.score import score_stage
from parentage.program.scores import Ballot, Decision, Exclusion, Scores, Value, Vote
from parentage.program.stage import Stage as Definition
from parentage.report.canonical import canonical_json
from parentage.run.judge import judge_report, profiles_named
from parentage.verdict.profile import Both
from parentage.web.permissions import Actor, require
from parentage.web.services import ledger
from parentage.web.services.base import keep, note, text_of
from parentage.web.services.reports import stored
from parentage.web.services.stages import (
    VOTE,
    definition_of,
    digest_of,
    gates_of,
    items_of,
    not_closed,
    score_view,
    seat_view,
    stage_row,
    teams_of,
    visible,
)
from parentage.web.services.views import (
    GateOutcome,
    GateView,
    ItemView,
    ScoreView,
    SheetView,
    StageRow,
)
from parentage.web.tables import Gate, PanelSeat, Score, Stage, StoredReport, now

FROM_VERDICT: Final[dict[str, GateOutcome]] = {
    "satisfied": "pass",
    "violated": "fail",
    "inconclusive": "open",
}


def _seat(db: Session, actor: Actor, number: int) -> PanelSeat:
    seat = db.scalar(
        select(PanelSeat).where(
            PanelSeat.stage_id == number, PanelSeat.account_id == (actor.account or 0)
        )
    )
    if seat is None:
        raise ForbiddenError("whoever has no seat on the panel does not score")
    return seat


def sheet(db: Session, actor: Actor, number: int) -> SheetView:
    """What one scores oneself, and has scored.

    Raises:
        ForbiddenError: one has no seat.
    """
    require(actor, "stage.score")
    row = visible(db, actor, number)
    seat = _seat(db, actor, number)
    found = definition_of(row)
    scores = db.scalars(
        select(Score).where(Score.seat_id == seat.id).order_by(Score.id)
    )
    return SheetView(
        stage=stage_row(row),
        seat=seat_view(db, found, row, seat),
        items=tuple(i for i in items_of(found) if i.panel == seat.panel),
        teams=tuple(t for t in teams_of(row, found) if t.id not in seat.excluded),
        scores=tuple(score_view(score, seat.member) for score in scores),
    )


def _number(text: str | float, low: float, high: float, what: str) -> str:
    try:
        value = Decimal(str(text).strip())
    except InvalidOperation as error:
        raise RefusedError(f"{what} is no number") from error
    if not value.is_finite() or len(str(value)) > 30:
        raise RefusedError(f"{what} is no number")
    if not Decimal(str(low)) <= value <= Decimal(str(high)):
        raise RefusedError(f"{what} is off the scale", expected=f"{low:g} to {high:g}")
    return format(value.normalize(), "f")


def _open(row: Stage) -> None:
    if row.state != "open":
        raise ConflictError(f"the stage is {row.state}", expected="an open stage")


def _item(items: tuple[ItemView, ...], item: str, component: str = "") -> ItemView:
    for one in items:
        if one.id == item and one.component == component:
            return one
    raise RefusedError(
        f"the stage has no item '{item[:100]}' to enter here",
        expected=", ".join(dict.fromkeys(one.id for one in items))[:500],
    )


def enter_scores(
    db: Session,
    actor: Actor,
    number: int,
    values: Mapping[tuple[str, str], str | float],
    notes: Mapping[tuple[str, str], str] | None = None,
) -> SheetView:
    """Enter one's scores: all of them, or none.

    Args:
        db: a session that writes.
        actor: a panel member with a seat.
        number: of the stage.
        values: (item, team) -> value on the panel's scale.
        notes: (item, team) -> why, for the record.

    Raises:
        ForbiddenError: no seat, or a team that one is kept from.
        RefusedError: no such item or team, or off the scale.
        ConflictError: the stage is not open.
    """
    require(actor, "stage.score")
    row = _locked(db, actor, number)
    seat = _seat(db, actor, number)
    _open(row)
    items = tuple(i for i in items_of(definition_of(row)) if i.panel == seat.panel)
    for (item, team), value in values.items():
        one = _item(items, item)
        _team(row, team)
        if team in seat.excluded:
            raise ForbiddenError(f"one does not score '{team}': {seat.excluded[team]}")
        made = _number(value, one.lowest, one.highest, f"the score of '{team}'")
        why = text_of((notes or {}).get((item, team), ""), "the note", least=0)
        known = db.scalar(
            select(Score).where(
                Score.seat_id == seat.id, Score.item == item, Score.team == team
            )
        )
        if known is None:
            known = Score(
                stage_id=row.id, seat_id=seat.id, item=item, team=team, value=made
            )
            db.add(known)
        known.value, known.note, known.entered = made, why, now()
        known.account_id = actor.account or 0
        # Values stay out of the log, which administrators read.
        note(db, actor, "stage.score", f"stage:{row.id}", item=item, team=team)
    db.commit()
    return sheet(db, actor, number)


def _team(row: Stage, team: str) -> None:
    if team not in row.teams:
        raise RefusedError(
            f"the stage has no team '{team[:80]}'",
            expected=", ".join(sorted(row.teams)),
        )


def _locked(db: Session, actor: Actor, number: int) -> Stage:
    """A stage that nobody closes meanwhile."""
    visible(db, actor, number)
    row = db.scalar(
        select(Stage)
        .where(Stage.id == number)
        .with_for_update()
        .execution_options(populate_existing=True)
    )
    if row is None:
        raise NoSuchPageError(f"there is no stage {number}")
    return row


def enter_measurement(
    db: Session,
    actor: Actor,
    number: int,
    *,
    item: str,
    team: str,
    value: str | float,
    component: str = "",
    target: str | float | None = None,
    note_text: str = "",
) -> ScoreView:
    """Enter what an office measured, such as a benchmark.

    Raises:
        RefusedError: no such item, component or team, or off the scale.
        ConflictError: the stage is closed.
    """
    require(actor, "stage.enter")
    row = _locked(db, actor, number)
    not_closed(row)
    items = tuple(i for i in items_of(definition_of(row)) if i.panel is None)
    one = _item(items, item, component)
    _team(row, team)
    high = 1e6 if one.target else one.highest
    made = _number(value, one.lowest, high, "the value")
    aim = None
    if one.target:
        aim = _number(target if target is not None else "", 1e-9, 1e6, "the target")
    db.execute(
        delete(Score).where(
            Score.stage_id == row.id,
            Score.seat_id.is_(None),
            Score.item == item,
            Score.component == component,
            Score.team == team,
        )
    )
    entered = Score(
        stage_id=row.id,
        account_id=actor.account,
        item=item,
        component=component,
        team=team,
        value=made,
        target=aim,
        note=text_of(note_text, "the note", least=0),
    )
    db.add(entered)
    note(
        db,
        actor,
        "stage.enter",
        f"stage:{row.id}",
        item=item,
        component=component or None,
        team=team,
        value=made,
        aim=aim,
    )
    db.commit()
    return score_view(entered, "")


def _at_gate(
    db: Session, actor: Actor, number: int, team: str
) -> tuple[Stage, Definition]:
    """A stage that nobody closes meanwhile, with its definition, for a team of it."""
    require(actor, "stage.gate")
    row = _locked(db, actor, number)
    stage = definition_of(row)
    not_closed(row)
    _team(row, team)
    return row, stage


def gate_by_report(
    db: Session, actor: Actor, number: int, *, team: str, report_id: int
) -> GateView:
    """Let a stored report say what the gate says of a team, under the gate's profile.

    Raises:
        RefusedError: the stage has no profile, or the report is of another model.
        ConflictError: the stage is closed.
    """
    row, stage = _at_gate(db, actor, number, team)
    if stage.gate is None or stage.gate.profile is None:
        raise RefusedError("no profile is named for this stage's gate")
    kept, document = stored(db, report_id)
    model = row.teams[team].get("model")
    if model is None or kept.model_id != model:
        raise RefusedError(
            "the report is not of the model that the team enters with",
            expected=f"a report of model {model}",
        )
    (verdict,) = judge_report(document, profiles_named([stage.gate.profile]))
    failing = [r for r in verdict.rows if r.outcome == verdict.outcome]
    reasons = "; ".join(
        dict.fromkeys(
            f"{r.module or r.component}: {r.reason.text}" for r in failing[:20]
        )
    )
    return _gate(
        db,
        actor,
        row,
        team=team,
        criterion=None,
        source="verdict",
        outcome=FROM_VERDICT[verdict.outcome],
        reasons=reasons or verdict.outcome,
        report=kept,
        profile=stage.gate.profile,
    )


def gate_by_committee(
    db: Session,
    actor: Actor,
    number: int,
    *,
    team: str,
    outcome: GateOutcome,
    reasons: str,
    criterion: str | None = None,
) -> GateView:
    """Enter what the committee decided of a team, with reasons.

    Raises:
        RefusedError: no such criterion or outcome.
        ForbiddenError: somebody of the team's own organisation.
        ConflictError: the stage is closed.
    """
    row, stage = _at_gate(db, actor, number, team)
    if stage.gate is None:
        raise RefusedError("this stage has no gate")
    if actor.acts_for(row.teams[team].get("organisation")):
        raise ForbiddenError("nobody decides about their own organisation")
    known = {c.id for c in stage.gate.criteria}
    if criterion is not None and criterion not in known:
        raise RefusedError(
            f"the gate has no criterion '{criterion[:80]}'",
            expected=", ".join(sorted(known)),
        )
    if outcome not in FROM_VERDICT.values():
        raise RefusedError("this is no outcome", expected="pass, fail or open")
    return _gate(
        db,
        actor,
        row,
        team=team,
        criterion=criterion,
        source="committee",
        outcome=outcome,
        reasons=text_of(reasons, "the reasons", most=2000),
    )


def _gate(
    db: Session,
    actor: Actor,
    row: Stage,
    *,
    team: str,
    criterion: str | None,
    source: str,
    outcome: GateOutcome,
    reasons: str,
    report: StoredReport | None = None,
    profile: str = "",
) -> GateView:
    made = Gate(
        stage_id=row.id,
        team=team,
        criterion=criterion,
        source=source,
        report_id=None if report is None else report.id,
        profile=profile,
        outcome=outcome,
        reasons=reasons,
        by=actor.account,
    )
    db.add(made)
    db.flush()
    ledger.append(
        db,
        actor,
        "gate-decided",
        f"stage:{row.id}",
        {
            "team": team,
            "criterion": criterion,
            "by": source,
            "outcome": outcome,
            "reasons": reasons,
            "report": None if report is None else report.digest,
            "profile": profile,
        },
    )
    note(db, actor, "stage.gate", f"stage:{row.id}", team=team, outcome=outcome)
    db.commit()
    return next(g for g in gates_of(db, row.id) if g.id == made.id)


def scores_of(db: Session, row: Stage, stage: Definition) -> Scores:
    """All entered scores, as the library takes them."""
    seats = {
        seat.id: seat
        for seat in db.scalars(select(PanelSeat).where(PanelSeat.stage_id == row.id))
    }
    values, ballots, votes = [], [], []
    for score in db.scalars(
        select(Score).where(Score.stage_id == row.id).order_by(Score.id)
    ):
        if score.seat_id is None:
            values.append(
                Value(
                    team=score.team,
                    item=score.item,
                    component=score.component or None,
                    value=Decimal(score.value),
                    target=None if score.target is None else Decimal(score.target),
                )
            )
            continue
        member = seats[score.seat_id].member
        if score.item == VOTE:
            able = Decimal(score.value) > 0
            votes.append(Vote(member=member, team=score.team, able=able))
            continue
        part, item, *criterion = score.item.split(".")
        ballots.append(
            Ballot(
                member=member,
                team=score.team,
                item=f"{part}.{item}",
                criterion=criterion[0] if criterion else None,
                value=Decimal(score.value),
            )
        )
    known = {team.id for team in stage.teams}
    exclusions = [
        Exclusion(member=seat.member, team=team, reason=str(reason))
        for seat in seats.values()
        for team, reason in seat.excluded.items()
        if team in known
    ]
    return Scores(
        values=tuple(values),
        ballots=tuple(ballots),
        exclusions=tuple(exclusions),
        votes=tuple(votes),
    )


def decisions_of(db: Session, row: Stage) -> tuple[Decision, ...]:
    """All outcomes at the gate, as the library takes them."""
    made = []
    for gate in db.scalars(
        select(Gate).where(Gate.stage_id == row.id).order_by(Gate.id)
    ):
        report = (
            None if gate.report_id is None else db.get(StoredReport, gate.report_id)
        )
        made.append(
            Decision(
                team=gate.team,
                criterion=gate.criterion,
                outcome=gate.outcome,  # type: ignore[arg-type]  # only these are stored
                by=gate.source,  # type: ignore[arg-type]  # only these are stored
                reason=Both(en=gate.reasons, ko=gate.reasons),
                profile=gate.profile or None,
                report=None if report is None else report.digest,
            )
        )
    return tuple(made)


def computed(db: Session, row: Stage) -> dict[str, Any]:
    """What the library makes of everything that was entered."""
    stage = definition_of(row)
    result = score_stage(stage, scores_of(db, row, stage), decisions_of(db, row))
    plain: dict[str, Any] = result.model_dump(mode="json", by_alias=True)
    return plain


def close_stage(db: Session, actor: Actor, number: int) -> StageRow:
    """Close a stage: nothing is entered any more, the result is computed and public.

    The ledger keeps the digests of definition, scores and result, so that whoever is
    given the single scores later can check that they are those that counted.

    Raises:
        ConflictError: it is not open.
        ParentageError: entered scores contradict published figures.
    """
    require(actor, "stage.manage")
    row = _locked(db, actor, number)
    _open(row)
    stage = definition_of(row)
    scores = scores_of(db, row, stage).model_dump(mode="json")
    # Few numbers could be guessed from a digest without it.
    scores["nonce"] = secrets.token_hex(16)
    result = computed(db, row)
    row.state, row.closed, row.result = "closed", now(), result
    ledger.append(
        db,
        actor,
        "stage-closed",
        f"stage:{row.id}",
        {
            "slug": row.slug,
            "definition": digest_of(row),
            "scores": keep(db, canonical_json(scores), "scores"),
            "result": keep(db, canonical_json(result), "stage-result"),
            "order": result["order"],
            "advances": [
                team["team"]
                for team in result["teams"]
                if team["advance"]["outcome"] == "advances"
            ],
        },
    )
    note(db, actor, "stage.close", f"stage:{row.id}")
    db.commit()
    return stage_row(row)
