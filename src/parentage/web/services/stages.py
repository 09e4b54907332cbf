# SPDX-License-Identifier: Apache-2.0
"""Stages: entered as data, scored by panels blind to each other, closed, computed."""

from __future__ import annotations

from sqlalchemy import select
from sqlalchemy.orm import Session

from parentage.web.permissions import Actor, require
from parentage.web.services.views import StageRow
from parentage.web.tables import Stage


def stage_row(row: Stage) -> StageRow:
    """A stage as a row of a list."""
    return StageRow(
        id=row.id,
        slug=row.slug,
        title={str(key): str(value) for key, value in row.title.items()},
        state=row.state,  # type: ignore[arg-type] - only these are stored
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
