# SPDX-License-Identifier: Apache-2.0
"""The audit log, for administrators."""

from __future__ import annotations

from sqlalchemy import select
from sqlalchemy.orm import Session

from parentage.web.permissions import Actor, require
from parentage.web.services.base import bounds, count
from parentage.web.services.views import LogView, Page
from parentage.web.tables import LogRow


def rows(
    db: Session,
    actor: Actor,
    *,
    action: str = "",
    account_id: int | None = None,
    offset: int = 0,
    limit: int = 50,
) -> Page[LogView]:
    """Who did what, newest first."""
    require(actor, "log.read")
    offset, limit = bounds(offset, limit)
    query = select(LogRow)
    if action:
        query = query.where(LogRow.action == action)
    if account_id is not None:
        query = query.where(LogRow.account_id == account_id)
    found = db.scalars(query.order_by(LogRow.id.desc()).offset(offset).limit(limit))
    return Page(
        items=tuple(
            LogView(
                id=row.id,
                at=row.at,
                actor=row.actor,
                action=row.action,
                target=row.target,
                address=row.address,
                details=row.details,
            )
            for row in found
        ),
        total=count(db, query.with_only_columns(LogRow.id)),
        offset=offset,
        limit=limit,
    )
