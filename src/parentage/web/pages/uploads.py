# SPDX-License-Identifier: Apache-2.0
"""Reports and fingerprints that were made elsewhere."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, File, Form, Request, UploadFile
from starlette.responses import Response

from parentage.web.asking import Asker, Config, Db, action
from parentage.web.pages.models import number_of
from parentage.web.pages.rendering import go, render
from parentage.web.permissions import require
from parentage.web.services import models, reports, search

router = APIRouter()

MOST = 200


@router.get("/upload", openapi_extra=action("report.upload"))
def form(
    request: Request,
    db: Db,
    actor: Asker,
    settings: Config,
    model: int | None = None,
) -> Response:
    """The two forms."""
    require(actor, "report.upload")
    rows = models.models(
        db,
        actor,
        organisation_id=actor.organisation if actor.role == "submitter" else None,
        limit=MOST,
    ).items
    versions = [
        (str(version.id), f"{row.name}, {version.label}")
        for row in rows
        if model in {None, row.id}
        for version in models.versions_of(db, settings, row.id)
    ]
    return render(
        request,
        "upload.html",
        actor,
        section="reports",
        models=[(str(row.id), row.name) for row in rows],
        versions=versions,
        chosen="" if model is None else str(model),
    )


@router.post("/upload/report", openapi_extra=action("report.upload"))
def report(
    request: Request,
    db: Db,
    settings: Config,
    actor: Asker,
    file: Annotated[UploadFile, File()],
    model: Annotated[str, Form(max_length=20)] = "",
) -> Response:
    """Take a report."""
    row = reports.upload_report(
        db, actor, settings, file.file.read(), model_id=number_of(model)
    )
    return go(request, f"/reports/{row.id}", "uploaded")


@router.post("/upload/fingerprint", openapi_extra=action("fingerprint.upload"))
def fingerprint(
    request: Request,
    db: Db,
    settings: Config,
    actor: Asker,
    file: Annotated[UploadFile, File()],
    version: Annotated[int, Form()],
) -> Response:
    """Take a fingerprint."""
    row = search.upload_fingerprint(
        db, actor, settings, file.file.read(), version_id=version
    )
    return go(request, f"/models/{row.model_id}", "uploaded")
