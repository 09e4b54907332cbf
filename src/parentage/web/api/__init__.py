# SPDX-License-Identifier: Apache-2.0
"""The portal as JSON: ``/api/v1``."""

from fastapi import APIRouter

from parentage.web.api import (
    account,
    administration,
    challenges,
    jobs,
    ledger,
    models,
    registry,
    reports,
    stages,
)
from parentage.web.problems import RESPONSES

router = APIRouter(prefix="/api/v1", responses=RESPONSES)
for _part in (
    account,
    models,
    reports,
    jobs,
    challenges,
    stages,
    ledger,
    registry,
    administration,
):
    router.include_router(_part.router)
