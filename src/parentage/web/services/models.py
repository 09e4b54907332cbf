# SPDX-License-Identifier: Apache-2.0
"""Models and their versions: entered by reference, known by reports."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from sqlalchemy import func, or_, select
from sqlalchemy.orm import Session

from parentage.report.load import parse_report
from parentage.web.permissions import Actor, require
from parentage.web.security.references import checked_reference, shown_reference
from parentage.web.services import ledger
from parentage.web.services.base import (
    add,
    bounds,
    bytes_of,
    count,
    get,
    line_of,
    note,
    organisation_of,
    pattern_of,
    text_of,
)
from parentage.web.services.organisations import organisation_view
from parentage.web.services.views import ModelRow, ModuleView, Page, VersionView
from parentage.web.settings import Settings
from parentage.web.tables import Challenge, Model, StoredReport, Version


def version_view(row: Version, settings: Settings, reports: int = 0) -> VersionView:
    """A version as it is shown: what the operator's folders are called is left out."""
    return VersionView(
        id=row.id,
        model_id=row.model_id,
        label=row.label,
        reference=_public(row, settings),
        fingerprint=row.fingerprint,
        note=row.note,
        created=row.created,
        reports=reports,
    )


def _public(row: Version, settings: Settings) -> str:
    return shown_reference(row.reference, settings) if row.reference else ""


def model_rows(db: Session, rows: Sequence[Model]) -> tuple[ModelRow, ...]:
    """Models as rows of a list, with three queries for all of them."""
    numbers = [row.id for row in rows]
    versions = _counts(
        db,
        select(Version.model_id, func.count())
        .where(Version.model_id.in_(numbers))
        .group_by(Version.model_id),
    )
    challenges = _counts(
        db,
        select(Challenge.model_id, func.count())
        .where(Challenge.model_id.in_(numbers), Challenge.state != "decided")
        .group_by(Challenge.model_id),
    )
    newest = (
        select(func.max(StoredReport.id))
        .where(StoredReport.model_id.in_(numbers))
        .group_by(StoredReport.model_id)
    )
    latest = {
        model: (number, finding, created)
        for number, model, finding, created in db.execute(
            select(
                StoredReport.id,
                StoredReport.model_id,
                StoredReport.finding,
                StoredReport.created,
            ).where(StoredReport.id.in_(newest))
        )
    }
    made = []
    for row in rows:
        number, finding, created = latest.get(row.id, (None, None, None))
        made.append(
            ModelRow(
                id=row.id,
                name=row.name,
                organisation=None
                if row.organisation is None
                else organisation_view(row.organisation),
                family=row.family,
                versions=versions.get(row.id, 0),
                finding=finding,  # type: ignore[arg-type]  # checked by the schema
                report_id=number,
                reported=created,
                challenges=challenges.get(row.id, 0),
                created=row.created,
            )
        )
    return tuple(made)


def _counts(db: Session, query: Any) -> dict[int, int]:  # noqa: ANN401
    return dict(db.execute(query).all())


def models(
    db: Session,
    actor: Actor,
    *,
    query: str = "",
    organisation_id: int | None = None,
    offset: int = 0,
    limit: int = 50,
) -> Page[ModelRow]:
    """Models by name, or those whose name or family holds some words."""
    require(actor, "model.read")
    offset, limit = bounds(offset, limit)
    chosen = select(Model)
    for word in query.split()[:8]:
        pattern = pattern_of(word)
        chosen = chosen.where(
            or_(
                Model.name.ilike(pattern, escape="\\"),
                Model.family.ilike(pattern, escape="\\"),
            )
        )
    if organisation_id is not None:
        chosen = chosen.where(Model.organisation_id == organisation_id)
    rows = db.scalars(chosen.order_by(Model.name).offset(offset).limit(limit)).all()
    return Page(
        items=model_rows(db, rows),
        total=count(db, chosen.with_only_columns(Model.id)),
        offset=offset,
        limit=limit,
    )


def create_model(
    db: Session,
    actor: Actor,
    settings: Settings,
    *,
    name: str,
    organisation_id: int | None = None,
    description: str = "",
    licence: str = "",
    declared_base: str = "",
    family: str = "",
    released: str = "",
    version: str = "1",
    reference: str = "",
) -> int:
    """Register a model with its first version; returns its number.

    Args:
        db: a session that writes.
        actor: a submitter (for their own organisation), a verifier, an administrator.
        settings: decide which references are taken.
        name: unique; public.
        organisation_id: whose it is; a submitter's own where left out.
        description: what it is.
        licence: SPDX expression, as the maker states it.
        declared_base: what the maker says it descends from.
        family: a word that groups models.
        released: date, as the maker states it.
        version: label of the first version.
        reference: where its weights are: a Hub reference, an https address or a path
            below a folder that the operator opened; may be left out.

    Raises:
        ConflictError: the name is taken.
        RefusedError: a value or the reference is not taken.
    """
    if organisation_id is None and actor.role == "submitter":
        organisation_id = actor.organisation
    require(actor, "model.create", own=actor.acts_for(organisation_id))
    organisation_of(db, organisation_id)
    row = Model(
        name=line_of(name, "the name"),
        organisation_id=organisation_id,
        description=text_of(description, "the description", least=0),
        licence=line_of(licence, "the licence", least=0),
        declared_base=line_of(declared_base, "the declared base", least=0, most=500),
        family=line_of(family, "the family", least=0, most=100),
        released=line_of(released, "the date", least=0, most=32),
        created_by=actor.account,
    )
    add(db, row, f"a model called '{row.name}' is registered")
    made = _version(db, actor, settings, row, label=version, reference=reference)
    note(db, actor, "model.create", f"model:{row.id}", name=row.name)
    ledger.append(
        db,
        actor,
        "model-registered",
        f"model:{row.id}",
        {"name": row.name, "version": made.label, "reference": _public(made, settings)},
    )
    db.commit()
    return row.id


def _version(
    db: Session,
    actor: Actor,
    settings: Settings,
    model: Model,
    *,
    label: str,
    reference: str,
    text: str = "",
) -> Version:
    row = Version(
        model_id=model.id,
        label=line_of(label, "the version", most=100),
        reference=checked_reference(reference, settings) if reference.strip() else "",
        note=text_of(text, "the note", least=0),
        created_by=actor.account,
    )
    add(db, row, f"the model has a version '{row.label}'")
    return row


def add_version(
    db: Session,
    actor: Actor,
    settings: Settings,
    model_id: int,
    *,
    label: str,
    reference: str = "",
    note_text: str = "",
) -> VersionView:
    """Add a version to a model.

    Raises:
        ConflictError: the label is taken.
    """
    model = editable(db, actor, model_id)
    made = _version(
        db,
        actor,
        settings,
        model,
        label=label,
        reference=reference,
        text=note_text,
    )
    note(db, actor, "version.create", f"model:{model.id}", label=made.label)
    ledger.append(
        db,
        actor,
        "version-added",
        f"model:{model.id}",
        {
            "label": made.label,
            "reference": _public(made, settings),
            "note": made.note,
        },
    )
    db.commit()
    return version_view(made, settings)


def editable(db: Session, actor: Actor, model_id: int) -> Model:
    """A model that somebody may change.

    Raises:
        ForbiddenError: it is another organisation's.
    """
    require(actor, "model.edit")
    model: Model = get(db, Model, model_id, "model")
    require(actor, "model.edit", own=actor.acts_for(model.organisation_id))
    return model


def change_model(
    db: Session,
    actor: Actor,
    model_id: int,
    *,
    description: str | None = None,
    licence: str | None = None,
    declared_base: str | None = None,
    family: str | None = None,
    released: str | None = None,
) -> None:
    """Change what a model's page says; what is left out stays."""
    row = editable(db, actor, model_id)
    if description is not None:
        row.description = text_of(description, "the description", least=0)
    for field, value, most in (
        ("licence", licence, 200),
        ("declared_base", declared_base, 500),
        ("family", family, 100),
        ("released", released, 32),
    ):
        if value is not None:
            setattr(row, field, line_of(value, field, least=0, most=most))
    note(db, actor, "model.change", f"model:{row.id}")
    db.commit()


def versions_of(
    db: Session, settings: Settings, model_id: int
) -> tuple[VersionView, ...]:
    """A model's versions, newest first."""
    reports = _counts(
        db,
        select(StoredReport.version_id, func.count())
        .where(StoredReport.model_id == model_id)
        .group_by(StoredReport.version_id),
    )
    rows = db.scalars(
        select(Version).where(Version.model_id == model_id).order_by(Version.id.desc())
    )
    return tuple(version_view(row, settings, reports.get(row.id, 0)) for row in rows)


def modules_of(db: Session, model_id: int) -> tuple[ModuleView, ...]:
    """A model's modules by its latest report; none where there is no report."""
    row = db.scalar(
        select(StoredReport)
        .where(StoredReport.model_id == model_id)
        .order_by(StoredReport.id.desc())
        .limit(1)
    )
    if row is None:
        return ()
    report = parse_report(bytes_of(db, row.digest).decode("utf-8"), file="report")
    families = {module.name: module.family for module in report.candidate.modules}
    return tuple(
        ModuleView(
            name=module.name,
            family=families.get(module.name, ""),
            parameters=module.parameters,
            share=module.share,
            finding=module.finding,
            reference=module.reference,
            effect=module.effect,
            log10_p_adjusted=module.log10_p_adjusted,
            report_id=row.id,
        )
        for module in report.modules
    )
