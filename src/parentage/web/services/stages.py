# SPDX-License-Identifier: Apache-2.0
"""Stages: made from a definition, opened, shown to each reader as far as they may see.

Single scores stay with who entered them until the stage is closed; then administrators
see them, and everybody the result, in which panel members have numbers for names.
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from typing import Any, Final

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from parentage.errors import ConflictError, NoSuchPageError, RefusedError
from parentage.program.check_scores import ballot_scale, raw_scale
from parentage.program.load_stage import parse_stage, shipped_stages
from parentage.program.stage import Item
from parentage.program.stage import Stage as Definition
from parentage.verdict.profile import Both
from parentage.web.permissions import Actor, may, require
from parentage.web.services import ledger
from parentage.web.services.base import SLUG, account_name, add, get, line_of, note
from parentage.web.services.views import (
    CriterionView,
    GateView,
    ItemView,
    ScoreView,
    SeatView,
    StageRow,
    StageView,
    TeamView,
)
from parentage.web.tables import Account, Gate, Model, PanelSeat, Score, Stage, now

MOST_DEFINITION: Final = 1_000_000
VOTE: Final = "vote"
"""What a member enters in a wildcard round: 1 if the team can compete, 0 if not."""


def stage_row(row: Stage) -> StageRow:
    """A stage as a row of a list."""
    return StageRow(
        id=row.id,
        slug=row.slug,
        title={str(key): str(value) for key, value in row.title.items()},
        state=row.state,  # type: ignore[arg-type]  # only these are stored
        teams=len(row.teams),
        opened=row.opened,
        closed=row.closed,
    )


def stages(db: Session, actor: Actor) -> tuple[StageRow, ...]:
    """All stages that are no drafts (for administrators: all), newest first."""
    require(actor, "stage.read")
    query = select(Stage).order_by(Stage.id.desc())
    if actor.role != "administrator":
        query = query.where(Stage.state != "draft")
    return tuple(map(stage_row, db.scalars(query)))


def shipped() -> dict[str, dict[str, str]]:
    """Definitions that come with the package: id -> title."""
    return {
        name: {"en": loaded.stage.title.en, "ko": loaded.stage.title.ko}
        for name, loaded in shipped_stages().items()
    }


def definition_of(row: Stage) -> Definition:
    """The definition of a stage; it was checked when it was entered."""
    return parse_stage(row.definition.encode(), file=f"stage {row.slug}")


def create_stage(
    db: Session,
    actor: Actor,
    *,
    slug: str,
    definition: bytes,
    teams: Mapping[str, int] | None = None,
) -> int:
    """Make a stage from a definition; it is a draft until it is opened.

    Args:
        db: a session that writes.
        actor: an administrator.
        slug: its short name in addresses.
        definition: TOML (``docs/stages.md``).
        teams: team of the definition -> model that it enters with. A team's
            organisation is its model's.

    Returns:
        The stage's number.

    Raises:
        StageError: the definition is wrong; the message lists everything that is.
        ConflictError: the short name is taken.
        RefusedError: a team is named that the definition does not know.
    """
    require(actor, "stage.manage")
    if not SLUG.fullmatch(slug):
        raise RefusedError("the short name is not taken", expected="a-z, 0-9 and '-'")
    if len(definition) > MOST_DEFINITION:
        raise RefusedError("the definition is too large", expected="1000000 bytes")
    stage = parse_stage(definition, file="the definition")
    row = Stage(
        slug=slug,
        title={"en": stage.title.en, "ko": stage.title.ko},
        definition=definition.decode("utf-8"),
        teams=_teams(db, stage, teams or {}),
    )
    add(db, row, f"the short name '{slug}' is taken")
    note(db, actor, "stage.create", f"stage:{row.id}", slug=slug)
    db.commit()
    return row.id


def _teams(
    db: Session, stage: Definition, given: Mapping[str, int]
) -> dict[str, dict[str, int | None]]:
    known = {team.id for team in stage.teams}
    unknown = set(given) - known
    if unknown:
        raise RefusedError(
            f"the stage has no team '{min(unknown)[:80]}'",
            expected=", ".join(sorted(known)),
        )
    found: dict[str, dict[str, int | None]] = {}
    for team in sorted(known):
        model: Model | None = None
        if team in given:
            model = get(db, Model, given[team], "model")
        found[team] = {
            "model": None if model is None else model.id,
            "organisation": None if model is None else model.organisation_id,
        }
    return found


def open_stage(db: Session, actor: Actor, number: int) -> StageRow:
    """Let the panel score; the definition's digest goes into the ledger.

    Raises:
        ConflictError: it is no draft.
    """
    require(actor, "stage.manage")
    row: Stage = get(db, Stage, number, "stage")
    if row.state != "draft":
        raise ConflictError(f"the stage is {row.state}")
    row.state, row.opened = "open", now()
    seats = db.scalars(select(PanelSeat).where(PanelSeat.stage_id == row.id))
    ledger.append(
        db,
        actor,
        "stage-opened",
        f"stage:{row.id}",
        {
            "slug": row.slug,
            "definition": digest_of(row),
            "teams": row.teams,
            "seats": sorted([seat.panel, seat.member] for seat in seats),
        },
    )
    note(db, actor, "stage.open", f"stage:{row.id}")
    db.commit()
    return stage_row(row)


def not_closed(row: Stage) -> None:
    """Stop what is done to a stage before its end.

    Raises:
        ConflictError: it is closed.
    """
    if row.state == "closed":
        raise ConflictError("the stage is closed")


def digest_of(row: Stage) -> str:
    """SHA-256 of a stage's definition."""
    return hashlib.sha256(row.definition.encode()).hexdigest()


def seat_member(
    db: Session,
    actor: Actor,
    number: int,
    *,
    account_id: int,
    panel: str,
    member: str,
    excluded: Mapping[str, str] | None = None,
) -> SeatView:
    """Give an account a seat on a panel of a stage.

    Teams of the account's own organisation are kept from it, whatever is given.

    Args:
        db: a session that writes.
        actor: an administrator.
        number: of the stage.
        account_id: of a panel member.
        panel: id of a panel of the definition.
        member: what the scores call them, such as ``expert-3``.
        excluded: team -> reason, for conflicts of interest.

    Raises:
        RefusedError: no such panel or team, or the account's role is another.
        ConflictError: the stage is closed, or the seat is taken.
    """
    require(actor, "stage.manage")
    row: Stage = get(db, Stage, number, "stage")
    account: Account = get(db, Account, account_id, "account")
    stage = definition_of(row)
    not_closed(row)
    if account.role != "panel":
        raise RefusedError("only panel members are seated", expected="role 'panel'")
    if panel not in {one.id for one in stage.panels}:
        raise RefusedError(
            f"the stage has no panel '{panel[:80]}'",
            expected=", ".join(one.id for one in stage.panels) or "a stage with panels",
        )
    reasons = {
        team: line_of(reason, "the reason") for team, reason in (excluded or {}).items()
    }
    unknown = set(reasons) - set(row.teams)
    if unknown:
        raise RefusedError(f"the stage has no team '{min(unknown)[:80]}'")
    for team, entry in row.teams.items():
        owner = entry.get("organisation")
        if owner is not None and owner == account.organisation_id:
            reasons.setdefault(team, "the member's own organisation")
    seat = PanelSeat(
        stage_id=row.id,
        account_id=account.id,
        panel=panel,
        member=line_of(member, "the member's name", most=100),
        excluded=reasons,
    )
    taken = db.scalar(
        select(PanelSeat.id).where(
            PanelSeat.stage_id == row.id,
            (PanelSeat.account_id == account.id) | (PanelSeat.member == seat.member),
        )
    )
    if taken is not None:
        raise ConflictError("the account has a seat, or the name is taken")
    db.add(seat)
    db.flush()
    note(
        db,
        actor,
        "stage.seat",
        f"stage:{row.id}",
        account=account.id,
        panel=panel,
        member=seat.member,
        excluded=reasons,
    )
    db.commit()
    db.refresh(seat)
    return seat_view(db, stage, row, seat)


def items_of(stage: Definition) -> tuple[ItemView, ...]:
    """Everything that a number can be entered for."""
    found = []
    for part in stage.parts:
        for item in part.items:
            path = f"{part.id}.{item.id}"
            for suffix, component, title, points in _entries(item):
                if item.panel is not None:
                    low, high = ballot_scale(stage, item, suffix or None)
                else:
                    low, top = raw_scale(item)
                    high = top if top is not None else item.points
                found.append(
                    ItemView(
                        id=f"{path}.{suffix}" if suffix else path,
                        part=part.id,
                        component=component,
                        panel=item.panel,
                        title=both(title),
                        part_title=both(part.title),
                        points=float(points),
                        lowest=float(low),
                        highest=float(high),
                        target=item.scaling == "target",
                    )
                )
    if stage.advance.kind == "wildcard" and stage.advance.panel is not None:
        found.append(
            ItemView(
                id=VOTE,
                part=VOTE,
                component="",
                panel=stage.advance.panel,
                title=both(stage.advance.text),
                part_title=both(stage.title),
                points=1.0,
                lowest=0.0,
                highest=1.0,
                target=False,
            )
        )
    return tuple(found)


def _entries(item: Item) -> list[tuple[str, str, Both, Any]]:
    """(criterion, component, title, points) of what is entered for an item."""
    if item.panel is not None and item.criteria:
        return [(c.id, "", c.title, c.points) for c in item.criteria]
    if item.panel is None and item.components:
        return [("", c.id, c.title, item.points) for c in item.components]
    return [("", "", item.title, item.points)]


def both(text: Both) -> dict[str, str]:
    """A text in both languages."""
    return {"en": text.en, "ko": text.ko}


def teams_of(row: Stage, stage: Definition) -> tuple[TeamView, ...]:
    """The teams with the models that they enter with."""
    return tuple(
        TeamView(
            id=team.id,
            title=both(team.name),
            model_name=team.model,
            model_id=row.teams.get(team.id, {}).get("model"),
            organisation_id=row.teams.get(team.id, {}).get("organisation"),
        )
        for team in stage.teams
    )


def seat_view(db: Session, stage: Definition, row: Stage, seat: PanelSeat) -> SeatView:
    """A seat, with how many scores it has entered."""
    items = [item for item in items_of(stage) if item.panel == seat.panel]
    entered = db.scalar(select(func.count(Score.id)).where(Score.seat_id == seat.id))
    return SeatView(
        id=seat.id,
        account_id=seat.account_id,
        name=seat.account.name,
        panel=seat.panel,
        member=seat.member,
        excluded={str(k): str(v) for k, v in seat.excluded.items()},
        entered=entered or 0,
        due=len(items) * (len(row.teams) - len(seat.excluded)),
    )


def score_view(row: Score, member: str) -> ScoreView:
    """A score as who may see it sees it."""
    return ScoreView(
        member=member,
        item=row.item,
        component=row.component,
        team=row.team,
        value=float(row.value),
        target=None if row.target is None else float(row.target),
        note=row.note,
        entered=row.entered,
    )


def gates_of(db: Session, number: int) -> tuple[GateView, ...]:
    """The latest outcome of each criterion, by side."""
    rows = db.scalars(select(Gate).where(Gate.stage_id == number).order_by(Gate.id))
    latest = {(row.team, row.criterion, row.source): row for row in rows}
    return tuple(
        GateView(
            id=row.id,
            team=row.team,
            criterion=row.criterion,
            source=row.source,  # type: ignore[arg-type]  # only these are stored
            report_id=row.report_id,
            profile=row.profile,
            outcome=row.outcome,  # type: ignore[arg-type]  # only these are stored
            reasons=row.reasons,
            at=row.at,
            by=account_name(db, row.by),
        )
        for row in sorted(latest.values(), key=lambda row: row.id)
    )


def visible(db: Session, actor: Actor, number: int) -> Stage:
    """A stage that a reader may see.

    Raises:
        NoSuchPageError: there is none, or it is still a draft.
    """
    require(actor, "stage.read")
    row: Stage = get(db, Stage, number, "stage")
    if row.state == "draft" and actor.role != "administrator":
        raise NoSuchPageError(f"there is no stage {number}")
    return row


def stage(db: Session, actor: Actor, number: int) -> StageView:
    """A stage with what its reader may see."""
    row = visible(db, actor, number)
    found = definition_of(row)
    manages = may(actor, "stage.manage")
    closed = row.state == "closed"
    seats = db.scalars(
        select(PanelSeat).where(PanelSeat.stage_id == number).order_by(PanelSeat.id)
    ).all()
    scores: list[ScoreView] = []
    measured: list[ScoreView] = []
    names = {seat.id: seat.member for seat in seats}
    for score in db.scalars(
        select(Score).where(Score.stage_id == number).order_by(Score.id)
    ):
        if score.seat_id is None:
            if closed or manages:
                measured.append(score_view(score, ""))
        elif closed and may(actor, "stage.scores"):
            scores.append(score_view(score, names[score.seat_id]))
    gate = found.gate
    return StageView(
        row=stage_row(row),
        definition=row.definition,
        digest=digest_of(row),
        items=items_of(found),
        panels={panel.id: both(panel.title) for panel in found.panels},
        teams=teams_of(row, found),
        criteria=()
        if gate is None
        else tuple(
            CriterionView(id=c.id, title=both(c.title), text=both(c.text))
            for c in gate.criteria
        ),
        profile=None if gate is None else gate.profile,
        gates=gates_of(db, number),
        seats=tuple(seat_view(db, found, row, seat) for seat in seats)
        if manages
        else (),
        scores=tuple(scores),
        measured=tuple(measured),
        result=_result(row, actor),
        entries=ledger.entries_of(db, f"stage:{number}"),
        may_score=row.state == "open"
        and any(seat.account_id == actor.account for seat in seats)
        and may(actor, "stage.score"),
        may_gate=not closed and gate is not None and may(actor, "stage.gate"),
        may_manage=manages,
    )


def _result(row: Stage, actor: Actor) -> dict[str, Any] | None:
    """The result; names of panel members are for administrators."""
    if row.result is None or may(actor, "stage.scores"):
        return row.result
    return without_names(row.result)


def without_names(result: dict[str, Any]) -> dict[str, Any]:
    """A result whose panel members have no names."""
    made: dict[str, Any] = {**result, "teams": []}
    for team in result["teams"]:
        items = []
        for item in team["items"]:
            panel = item.get("panel")
            if panel is not None:
                panel = {
                    **panel,
                    "members": [{**m, "name": None} for m in panel["members"]],
                    "excluded": [
                        {**e, "name": f"{n + 1}"}
                        for n, e in enumerate(panel["excluded"])
                    ],
                }
            items.append({**item, "panel": panel})
        made["teams"].append({**team, "items": items})
    return made
