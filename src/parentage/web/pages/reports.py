# SPDX-License-Identifier: Apache-2.0
"""Reports: list, page with everything down to the numbers, and their bytes."""

from __future__ import annotations

from fastapi import APIRouter, Request
from starlette.responses import HTMLResponse, Response

from parentage.report.html import render_html
from parentage.report.page_both import render_both
from parentage.web.asking import Asker, Db, action
from parentage.web.pages.documents import SHELF
from parentage.web.pages.rendering import language_of, render
from parentage.web.security.headers import DOCUMENT_CSP
from parentage.web.services import reports

router = APIRouter()


@router.get("/reports", openapi_extra=action("report.read"))
def page_of_list(
    request: Request, db: Db, actor: Asker, finding: str = "", offset: int = 0
) -> Response:
    """Reports, newest first."""
    found = reports.reports(db, actor, finding=finding[:40], offset=offset)
    return render(
        request,
        "reports.html",
        actor,
        section="reports",
        list=found,
        finding=finding[:40],
    )


@router.get("/reports/{number}", openapi_extra=action("report.read"))
def page(request: Request, db: Db, actor: Asker, number: int) -> Response:
    """A report: headline, modules, and for each its evidence and numbers."""
    row, later = reports.report_row_of(db, actor, number)
    lang = language_of(request)
    parts = SHELF.get(
        row.digest,
        lang.code,
        lambda: render_html(reports.report(db, actor, number).document, lang),
    )
    return render(
        request,
        "report_page.html",
        actor,
        section="reports",
        row=row,
        later=later,
        parts=parts,
    )


@router.get("/reports/{number}/file", openapi_extra=action("report.read"))
def file(db: Db, actor: Asker, number: int) -> Response:
    """A report's bytes, exactly as they came."""
    digest, content = reports.report_file(db, actor, number)
    name = f"report-{number}-{digest[:12]}.json"
    return Response(
        content,
        media_type="application/json",
        headers={"Content-Disposition": f'attachment; filename="{name}"'},
    )


@router.get("/reports/{number}/page", openapi_extra=action("report.read"))
def alone(db: Db, actor: Asker, number: int) -> Response:
    """A report as one page in both languages, to be kept."""
    html = render_both(reports.report(db, actor, number).document)
    return HTMLResponse(html, headers={"Content-Security-Policy": DOCUMENT_CSP})
