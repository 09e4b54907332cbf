# SPDX-License-Identifier: Apache-2.0
"""Models, versions, home and search."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Query
from pydantic import Field

from parentage.web.api.inputs import Body, Limit, Number, Offset, Text
from parentage.web.asking import Asker, Config, Db, action
from parentage.web.services import lineage, model_page, models, search
from parentage.web.services.home import home
from parentage.web.services.views import (
    GraphView,
    HomeView,
    ModelRow,
    ModelView,
    Page,
    SearchView,
    VersionView,
)

router = APIRouter(tags=["models"])


class ModelBody(Body):
    """A model to register, with its first version."""

    name: Annotated[str, Field(min_length=1, max_length=200)]
    organisation_id: Annotated[int, Field(ge=1, le=2**62)] | None = None
    description: Annotated[str, Field(max_length=20_000)] = ""
    licence: Annotated[str, Field(max_length=200)] = ""
    declared_base: Annotated[str, Field(max_length=500)] = ""
    family: Annotated[str, Field(max_length=100)] = ""
    released: Annotated[str, Field(max_length=32)] = ""
    version: Annotated[str, Field(min_length=1, max_length=100)] = "1"
    reference: Annotated[str, Field(max_length=1000)] = ""


class ModelChange(Body):
    """What a model's page says; what is left out stays."""

    description: Annotated[str, Field(max_length=20_000)] | None = None
    licence: Annotated[str, Field(max_length=200)] | None = None
    declared_base: Annotated[str, Field(max_length=500)] | None = None
    family: Annotated[str, Field(max_length=100)] | None = None
    released: Annotated[str, Field(max_length=32)] | None = None


class VersionBody(Body):
    """A version to add."""

    label: Annotated[str, Field(min_length=1, max_length=100)]
    reference: Annotated[str, Field(max_length=1000)] = ""
    note: Annotated[str, Field(max_length=20_000)] = ""


@router.get("/home", openapi_extra=action("model.read"))
def first_page(db: Db, actor: Asker) -> HomeView:
    """Counts, latest reports and decisions."""
    return home(db, actor)


@router.get("/models", openapi_extra=action("model.read"))
def list_models(
    db: Db,
    actor: Asker,
    query: Text = "",
    organisation: Annotated[int | None, Query(ge=1, le=2**62)] = None,
    offset: Offset = 0,
    limit: Limit = 50,
) -> Page[ModelRow]:
    """Models by name."""
    return models.models(
        db,
        actor,
        query=query,
        organisation_id=organisation,
        offset=offset,
        limit=limit,
    )


@router.post("/models", status_code=201, openapi_extra=action("model.create"))
def create_model(db: Db, actor: Asker, settings: Config, body: ModelBody) -> ModelView:
    """Register a model with its first version."""
    number = models.create_model(db, actor, settings, **body.model_dump())
    return model_page.model_page(db, actor, settings, number)


@router.get("/models/{number}", openapi_extra=action("model.read"))
def one_model(db: Db, actor: Asker, settings: Config, number: Number) -> ModelView:
    """A model with versions, modules, reports and challenges."""
    return model_page.model_page(db, actor, settings, number)


@router.patch("/models/{number}", openapi_extra=action("model.edit"))
def change_model(
    db: Db, actor: Asker, settings: Config, number: Number, body: ModelChange
) -> ModelView:
    """Change what a model's page says."""
    models.change_model(db, actor, number, **body.model_dump())
    return model_page.model_page(db, actor, settings, number)


@router.post(
    "/models/{number}/versions", status_code=201, openapi_extra=action("model.edit")
)
def add_version(
    db: Db, actor: Asker, settings: Config, number: Number, body: VersionBody
) -> VersionView:
    """Add a version."""
    return models.add_version(
        db,
        actor,
        settings,
        number,
        label=body.label,
        reference=body.reference,
        note_text=body.note,
    )


@router.get("/lineage", openapi_extra=action("lineage.read"))
def graph(db: Db, actor: Asker) -> GraphView:
    """All known models and what is known of their descent."""
    return lineage.graph(db, actor)


@router.get("/search", openapi_extra=action("registry.search"))
def find(db: Db, actor: Asker, settings: Config, query: Text) -> SearchView:
    """Models, reports, challenges and fingerprints by words or digest."""
    return search.search(db, actor, settings, query)
