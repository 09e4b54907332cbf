# SPDX-License-Identifier: Apache-2.0
"""Stages: the list."""

from __future__ import annotations

from fastapi import APIRouter, Request
from starlette.responses import Response

from parentage.web.asking import Asker, Db, action
from parentage.web.pages.rendering import render
from parentage.web.services import stages

router = APIRouter()


@router.get("/stages", openapi_extra=action("stage.read"))
def page_of_list(request: Request, db: Db, actor: Asker) -> Response:
    """All stages."""
    return render(
        request, "stages.html", actor, section="stages", list=stages.stages(db, actor)
    )
