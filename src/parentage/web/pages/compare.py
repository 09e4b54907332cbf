# SPDX-License-Identifier: Apache-2.0
"""Reports under all profiles, side by side."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Query, Request
from starlette.responses import Response

from parentage.web.asking import Asker, Db, action
from parentage.web.pages.rendering import render
from parentage.web.services import reports

router = APIRouter()

OFFERED = 30
"""Reports that the form offers; any other is named in the address."""


@router.get("/compare", openapi_extra=action("report.read"))
def page(
    request: Request,
    db: Db,
    actor: Asker,
    report: Annotated[list[int], Query(max_length=50)] = [],  # noqa: B006 - never changed
) -> Response:
    """The form and, once reports are chosen, their verdicts."""
    latest = reports.reports(db, actor, limit=OFFERED).items
    named = [n for n in dict.fromkeys(report) if n not in {row.id for row in latest}]
    further = tuple(
        reports.report_row_of(db, actor, n)[0] for n in named[: reports.MOST_COMPARED]
    )
    return render(
        request,
        "compare.html",
        actor,
        section="compare",
        choices=further + latest,
        chosen=set(report),
        comparison=reports.compare(db, actor, report) if report else None,
    )
