# SPDX-License-Identifier: Apache-2.0
"""Fingerprints: taken, given back, screened."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Query, Request
from starlette.concurrency import run_in_threadpool
from starlette.responses import Response

from parentage.report.screen_document import ScreenDocument
from parentage.web.asking import Asker, Config, Db, action
from parentage.web.services import search
from parentage.web.services.views import FingerprintView

router = APIRouter(tags=["registry"])
_BYTES = {
    "requestBody": {
        "required": True,
        "content": {
            "application/octet-stream": {
                "schema": {"type": "string", "format": "binary"}
            }
        },
    }
}


@router.post(
    "/fingerprints",
    status_code=201,
    openapi_extra={**action("fingerprint.upload"), **_BYTES},
)
async def upload(
    request: Request,
    db: Db,
    actor: Asker,
    settings: Config,
    version: Annotated[int, Query(ge=1, le=2**62)],
) -> FingerprintView:
    """Take the file that ``parentage fingerprint`` wrote, for a version."""
    content = await request.body()
    return await run_in_threadpool(
        search.upload_fingerprint, db, actor, settings, content, version_id=version
    )


@router.get(
    "/fingerprints/{digest}/file",
    response_class=Response,
    responses={200: {"content": {"application/octet-stream": {}}}},
    openapi_extra=action("registry.search"),
)
def fingerprint_file(actor: Asker, settings: Config, digest: str) -> Response:
    """A fingerprint as a file."""
    return Response(
        search.fingerprint_file(actor, settings, digest),
        media_type="application/octet-stream",
        headers={"Content-Disposition": "attachment"},
    )


@router.post("/screen", openapi_extra={**action("registry.screen"), **_BYTES})
async def screen(
    request: Request, db: Db, actor: Asker, settings: Config
) -> ScreenDocument:
    """Hold a fingerprint against everything in the registry; nothing is kept."""
    content = await request.body()
    return await run_in_threadpool(
        search.screen_fingerprint, db, actor, settings, content
    )
