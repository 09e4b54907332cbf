# SPDX-License-Identifier: Apache-2.0
"""Search over models, fingerprints, reports and challenges."""

from __future__ import annotations

from fastapi import APIRouter, Request
from starlette.responses import Response

from parentage.web.asking import Asker, Config, Db, action
from parentage.web.pages.rendering import render
from parentage.web.services import search

router = APIRouter()


def _page(
    request: Request, db: Db, settings: Config, actor: Asker, template: str, q: str
) -> Response:
    query = q.strip()[:200]
    return render(
        request,
        template,
        actor,
        section="search",
        query=query,
        found=search.search(db, actor, settings, query) if query else None,
    )


@router.get("/search", openapi_extra=action("registry.search"))
def page(
    request: Request, db: Db, settings: Config, actor: Asker, q: str = ""
) -> Response:
    """The page."""
    return _page(request, db, settings, actor, "search.html", q)


@router.get("/search/results", openapi_extra=action("registry.search"))
def results(
    request: Request, db: Db, settings: Config, actor: Asker, q: str = ""
) -> Response:
    """What was found, for a page that shows it while one types."""
    return _page(request, db, settings, actor, "search_results.html", q)
