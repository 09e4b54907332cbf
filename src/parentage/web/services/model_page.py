# SPDX-License-Identifier: Apache-2.0
"""All that a model's own page shows."""

from __future__ import annotations

from sqlalchemy.orm import Session

from parentage.web.permissions import Actor, may, require
from parentage.web.services import challenges, jobs, ledger, models, reports
from parentage.web.services.base import get
from parentage.web.services.views import ModelView
from parentage.web.settings import Settings
from parentage.web.tables import Model


def model_page(db: Session, actor: Actor, settings: Settings, number: int) -> ModelView:
    """A model with versions, modules, reports, challenges and jobs.

    Raises:
        NoSuchPageError: there is no such model.
    """
    require(actor, "model.read")
    row: Model = get(db, Model, number, "model")
    own = actor.acts_for(row.organisation_id)
    return ModelView(
        row=models.model_rows(db, [row])[0],
        description=row.description,
        licence=row.licence,
        declared_base=row.declared_base,
        released=row.released,
        versions=models.versions_of(db, settings, number),
        modules=models.modules_of(db, number),
        reports=reports.reports(db, actor, model_id=number, limit=100).items,
        challenges=challenges.challenges(db, actor, model_id=number, limit=100).items,
        jobs=jobs.jobs(db, actor, model_id=number, limit=20).items
        if may(actor, "job.read", own=own)
        else (),
        entries=ledger.entries_of(db, f"model:{number}"),
        may_edit=may(actor, "model.edit", own=own),
        may_audit=may(actor, "audit.run", own=own),
    )
