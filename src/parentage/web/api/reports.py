# SPDX-License-Identifier: Apache-2.0
"""Reports: taken as they are, given back as they came."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Query, Request
from starlette.concurrency import run_in_threadpool
from starlette.responses import Response

from parentage.web.api.inputs import Limit, Number, Offset, Text
from parentage.web.asking import Asker, Config, Db, action
from parentage.web.services import reports
from parentage.web.services.views import (
    ComparisonView,
    Page,
    ProfileRow,
    ReportRow,
    ReportView,
)

router = APIRouter(tags=["reports"])
_JSON_BODY = {
    "requestBody": {
        "required": True,
        "content": {"application/json": {"schema": {"type": "object"}}},
    }
}


@router.get("/reports", openapi_extra=action("report.read"))
def list_reports(
    db: Db,
    actor: Asker,
    model: Annotated[int | None, Query(ge=1, le=2**62)] = None,
    finding: Text = "",
    offset: Offset = 0,
    limit: Limit = 50,
) -> Page[ReportRow]:
    """Reports, newest first."""
    return reports.reports(
        db, actor, model_id=model, finding=finding, offset=offset, limit=limit
    )


@router.post(
    "/reports",
    status_code=201,
    openapi_extra={**action("report.upload"), **_JSON_BODY},
)
async def upload_report(
    request: Request,
    db: Db,
    actor: Asker,
    settings: Config,
    model: Annotated[int | None, Query(ge=1, le=2**62)] = None,
    version: Annotated[int | None, Query(ge=1, le=2**62)] = None,
) -> ReportRow:
    """Take a report (``parentage.report/1``) made elsewhere; its bytes are kept."""
    content = await request.body()
    return await run_in_threadpool(
        reports.upload_report,
        db,
        actor,
        settings,
        content,
        model_id=model,
        version_id=version,
    )


@router.get("/reports/{number}", openapi_extra=action("report.read"))
def one_report(db: Db, actor: Asker, number: Number) -> ReportView:
    """A report with its document."""
    return reports.report(db, actor, number)


@router.get(
    "/reports/{number}/file",
    response_class=Response,
    responses={200: {"content": {"application/json": {}}}},
    openapi_extra=action("report.read"),
)
def report_file(db: Db, actor: Asker, number: Number) -> Response:
    """The stored bytes, exactly as they came; their SHA-256 is the ETag."""
    digest, content = reports.report_file(db, actor, number)
    return Response(
        content,
        media_type="application/json",
        headers={
            "ETag": f'"{digest}"',
            "Content-Disposition": f'attachment; filename="report-{number}.json"',
        },
    )


@router.get("/profiles", openapi_extra=action("report.read"))
def profiles() -> tuple[ProfileRow, ...]:
    """The shipped profiles."""
    return reports.profiles()


@router.get("/compare", openapi_extra=action("report.read"))
def compare(
    db: Db,
    actor: Asker,
    report: Annotated[list[int], Query(min_length=1, max_length=6)],
    profile: Annotated[list[str] | None, Query(max_length=20)] = None,
) -> ComparisonView:
    """Stored reports judged under profiles, side by side."""
    return reports.compare(db, actor, report, profile or [])
