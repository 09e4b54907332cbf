# SPDX-License-Identifier: Apache-2.0
"""Organisations: teams, agencies, companies."""

from __future__ import annotations

from sqlalchemy import select
from sqlalchemy.orm import Session

from parentage.errors import RefusedError
from parentage.web.permissions import Actor, require
from parentage.web.services.base import SLUG, add, get, line_of, note
from parentage.web.services.views import OrganisationView
from parentage.web.tables import Organisation


def organisation_view(row: Organisation) -> OrganisationView:
    """An organisation as it is shown."""
    return OrganisationView(id=row.id, slug=row.slug, name=row.name)


def organisations(db: Session, actor: Actor) -> tuple[OrganisationView, ...]:
    """All organisations, by name."""
    require(actor, "organisation.read")
    rows = db.scalars(select(Organisation).order_by(Organisation.name))
    return tuple(map(organisation_view, rows))


def make_organisation(
    db: Session, actor: Actor, *, slug: str, name: str
) -> OrganisationView:
    """Enter an organisation.

    Raises:
        ConflictError: the short name is taken.
        RefusedError: a name is not taken.
    """
    require(actor, "organisation.manage")
    if not SLUG.fullmatch(slug):
        raise RefusedError(
            f"the short name '{slug[:70]}' is not taken",
            expected="1 to 64 of a-z, 0-9 and '-', a letter or digit at the ends",
        )
    row = Organisation(slug=slug, name=line_of(name, "the name"))
    add(db, row, f"the short name '{slug}' is taken")
    note(db, actor, "organisation.create", f"organisation:{row.id}", name=row.name)
    db.commit()
    return organisation_view(row)


def rename_organisation(
    db: Session, actor: Actor, number: int, *, name: str
) -> OrganisationView:
    """Give an organisation another name."""
    require(actor, "organisation.manage")
    row: Organisation = get(db, Organisation, number, "organisation")
    row.name = line_of(name, "the name")
    note(db, actor, "organisation.change", f"organisation:{row.id}", name=row.name)
    db.commit()
    return organisation_view(row)
