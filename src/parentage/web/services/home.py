# SPDX-License-Identifier: Apache-2.0
"""What the first page shows."""

from __future__ import annotations

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from parentage.web.permissions import Actor, require
from parentage.web.services import ledger, reports, stages
from parentage.web.services.views import HomeView
from parentage.web.tables import Challenge, Entry, Model, StoredReport

DECISIONS = ("challenge-decided", "gate-decided", "stage-closed")


def home(db: Session, actor: Actor) -> HomeView:
    """Counts, latest reports and decisions."""
    require(actor, "model.read")
    decided = db.scalars(
        select(Entry)
        .where(Entry.kind.in_(DECISIONS))
        .order_by(Entry.seq.desc())
        .limit(5)
    )
    return HomeView(
        models=db.scalar(select(func.count(Model.id))) or 0,
        reports=db.scalar(select(func.count(StoredReport.id))) or 0,
        challenges=db.scalar(select(func.count(Challenge.id))) or 0,
        open_challenges=db.scalar(
            select(func.count(Challenge.id)).where(Challenge.state != "decided")
        )
        or 0,
        stages=stages.stages(db, actor),
        latest_reports=reports.reports(db, actor, limit=5).items,
        latest_decisions=tuple(map(ledger.view, decided)),
        ledger=ledger.head(db),
    )
