# SPDX-License-Identifier: Apache-2.0
"""Models: list, page, registration, versions."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Annotated

from fastapi import APIRouter, Form, Request
from sqlalchemy.orm import Session
from starlette.responses import Response

from parentage.verdict.finding import ACCUSING
from parentage.web.asking import Asker, Config, Db, action
from parentage.web.pages.rendering import go, render
from parentage.web.permissions import Actor, require
from parentage.web.services import models
from parentage.web.services.model_page import model_page
from parentage.web.services.organisations import organisations
from parentage.web.services.views import ModelView, ModuleView

router = APIRouter()

Line = Annotated[str, Form(max_length=1000)]
Number = Annotated[str, Form(max_length=20)]
Words = Annotated[str, Form(max_length=20_000)]

WIDTH = 1000
"""Units of the bar of modules."""
LEAST = 6
"""Units of a module that would else not be seen."""


@dataclass(frozen=True)
class Given:
    """What the form for a new model holds at first."""

    name: str = ""
    organisation: str = ""
    version: str = ""
    reference: str = ""
    declared_base: str = ""
    licence: str = ""
    family: str = ""
    released: str = ""
    description: str = ""


@dataclass(frozen=True)
class Piece:
    """A module's part of the bar."""

    module: ModuleView
    x: float
    width: float


def number_of(text: str) -> int | None:
    """A number out of a form's field; none where it is empty or is none."""
    text = text.strip()
    return int(text) if text.isascii() and text.isdigit() and len(text) < 19 else None


def bar_of(modules: tuple[ModuleView, ...]) -> tuple[Piece, ...]:
    """Modules side by side by their share; small ones a little wider than they are."""
    widths = [max(LEAST, module.share * WIDTH) for module in modules]
    whole = sum(widths) or 1.0
    made, x = [], 0.0
    for module, width in zip(modules, widths, strict=True):
        part = width / whole * WIDTH
        made.append(Piece(module, x, max(part - 2, 1)))
        x += part
    return tuple(made)


def organisation_choices(db: Session, actor: Actor) -> list[tuple[str, str]]:
    """Organisations for a form."""
    return [(str(row.id), row.name) for row in organisations(db, actor)]


@router.get("/models", openapi_extra=action("model.read"))
def page_of_list(
    request: Request, db: Db, actor: Asker, q: str = "", offset: int = 0
) -> Response:
    """Models by name."""
    found = models.models(db, actor, query=q[:200], offset=offset)
    return render(
        request, "models.html", actor, section="models", list=found, query=q[:200]
    )


@router.get("/models/new", openapi_extra=action("model.create"))
def new(request: Request, db: Db, actor: Asker) -> Response:
    """The form for a new model."""
    require(actor, "model.create")
    return render(
        request,
        "model_new.html",
        actor,
        section="models",
        organisations=organisation_choices(db, actor),
        given=Given(),
    )


@router.post("/models/new", openapi_extra=action("model.create"))
def create(
    request: Request,
    db: Db,
    settings: Config,
    actor: Asker,
    name: Line,
    version: Line = "1",
    organisation: Number = "",
    reference: Line = "",
    declared_base: Line = "",
    licence: Line = "",
    family: Line = "",
    released: Line = "",
    description: Words = "",
) -> Response:
    """Register a model."""
    number = models.create_model(
        db,
        actor,
        settings,
        name=name,
        organisation_id=number_of(organisation),
        description=description,
        licence=licence,
        declared_base=declared_base,
        family=family,
        released=released,
        version=version,
        reference=reference,
    )
    return go(request, f"/models/{number}", "registered")


@router.get("/models/{number}", openapi_extra=action("model.read"))
def page(
    request: Request, db: Db, actor: Asker, settings: Config, number: int
) -> Response:
    """A model."""
    model = model_page(db, actor, settings, number)
    return render(
        request,
        "model.html",
        actor,
        section="models",
        model=model,
        bar=bar_of(model.modules),
        found=found_bases(model),
    )


def found_bases(model: ModelView) -> list[str]:
    """Models whose weights the latest report found, most parameters first."""
    shares: dict[str, float] = {}
    for module in model.modules:
        if module.finding in ACCUSING and module.reference:
            shares[module.reference] = shares.get(module.reference, 0) + module.share
    return sorted(shares, key=lambda name: (-shares[name], name))


@router.get("/models/{number}/edit", openapi_extra=action("model.edit"))
def edit(
    request: Request, db: Db, actor: Asker, settings: Config, number: int
) -> Response:
    """The form that changes what a model's page says."""
    models.editable(db, actor, number)
    model = model_page(db, actor, settings, number)
    return render(request, "model_edit.html", actor, section="models", model=model)


@router.post("/models/{number}/edit", openapi_extra=action("model.edit"))
def change(
    request: Request,
    db: Db,
    actor: Asker,
    number: int,
    declared_base: Line = "",
    licence: Line = "",
    family: Line = "",
    released: Line = "",
    description: Words = "",
) -> Response:
    """Change what a model's page says."""
    models.change_model(
        db,
        actor,
        number,
        description=description,
        licence=licence,
        declared_base=declared_base,
        family=family,
        released=released,
    )
    return go(request, f"/models/{number}", "saved")


@router.get("/models/{number}/versions/new", openapi_extra=action("model.edit"))
def new_version(
    request: Request, db: Db, actor: Asker, settings: Config, number: int
) -> Response:
    """The form for a version."""
    models.editable(db, actor, number)
    model = model_page(db, actor, settings, number)
    return render(request, "version_new.html", actor, section="models", model=model)


@router.post("/models/{number}/versions/new", openapi_extra=action("model.edit"))
def add_version(
    request: Request,
    db: Db,
    settings: Config,
    actor: Asker,
    number: int,
    label: Line,
    reference: Line = "",
    note: Words = "",
) -> Response:
    """Add a version."""
    models.add_version(
        db, actor, settings, number, label=label, reference=reference, note_text=note
    )
    return go(request, f"/models/{number}", "saved")
