# SPDX-License-Identifier: Apache-2.0
"""The first page."""

from __future__ import annotations

from fastapi import APIRouter, Request
from starlette.responses import Response

from parentage.web.asking import Asker, Db, action
from parentage.web.pages.rendering import render
from parentage.web.services.home import home

router = APIRouter()


@router.get("/", openapi_extra=action("model.read"))
def first(request: Request, db: Db, actor: Asker) -> Response:
    """What the portal answers, and what is new."""
    return render(request, "home.html", actor, home=home(db, actor))
