# SPDX-License-Identifier: Apache-2.0
"""The ledger: read, followed, taken home."""

from __future__ import annotations

from fastapi import APIRouter, Request
from starlette.responses import Response

from parentage.web.asking import Asker, Db, action
from parentage.web.pages.rendering import render
from parentage.web.services import ledger

router = APIRouter()


@router.get("/ledger", openapi_extra=action("ledger.read"))
def page(
    request: Request, db: Db, actor: Asker, offset: int = 0, verify: bool = False
) -> Response:
    """Entries, newest first; and whether they hold together."""
    return render(
        request,
        "ledger.html",
        actor,
        list=ledger.entries(db, actor, offset=offset),
        chain=ledger.verify(db, actor) if verify else None,
    )


@router.get("/ledger/file", openapi_extra=action("ledger.read"))
def file(db: Db, actor: Asker) -> Response:
    """All entries, one on each line, as ``parentage ledger verify`` reads them."""
    return Response(
        b"".join(ledger.download(db, actor)),
        media_type="application/x-ndjson",
        headers={"Content-Disposition": 'attachment; filename="ledger.jsonl"'},
    )
