# SPDX-License-Identifier: Apache-2.0
"""Who asks."""

from __future__ import annotations

from fastapi import APIRouter

from parentage.web.asking import Asker, Db
from parentage.web.services import accounts
from parentage.web.services.views import MeView

router = APIRouter(tags=["account"])


@router.get("/me")
def me(db: Db, actor: Asker) -> MeView:
    """Who asks, and what they may do."""
    return accounts.me(db, actor)
