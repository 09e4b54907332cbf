# SPDX-License-Identifier: Apache-2.0
"""The public ledger."""

from __future__ import annotations

from fastapi import APIRouter
from starlette.responses import StreamingResponse

from parentage.web.api.inputs import Limit, Offset, Text
from parentage.web.asking import Asker, Db, action
from parentage.web.services import ledger
from parentage.web.services.views import ChainHead, ChainView, EntryView, Page

router = APIRouter(tags=["ledger"])


@router.get("/ledger", openapi_extra=action("ledger.read"))
def entries(
    db: Db, actor: Asker, kind: Text = "", offset: Offset = 0, limit: Limit = 50
) -> Page[EntryView]:
    """Entries, newest first."""
    return ledger.entries(db, actor, offset=offset, limit=limit, kind=kind)


@router.get("/ledger/head", openapi_extra=action("ledger.read"))
def head(db: Db) -> ChainHead:
    """Where the ledger stands; keep it, to see later that nothing was cut off."""
    return ledger.head(db)


@router.get("/ledger/verify", openapi_extra=action("ledger.read"))
def verify(db: Db, actor: Asker) -> ChainView:
    """Follow the whole ledger as it is stored."""
    return ledger.verify(db, actor)


@router.get(
    "/ledger/file",
    response_class=StreamingResponse,
    responses={200: {"content": {"application/jsonl": {}}}},
    openapi_extra=action("ledger.read"),
)
def download(db: Db, actor: Asker) -> StreamingResponse:
    """The whole ledger, one entry on each line, for ``parentage ledger verify``."""
    return StreamingResponse(
        ledger.download(db, actor),
        media_type="application/jsonl",
        headers={"Content-Disposition": 'attachment; filename="ledger.jsonl"'},
    )
