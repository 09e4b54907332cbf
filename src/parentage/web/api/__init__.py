# SPDX-License-Identifier: Apache-2.0
"""The portal as JSON: ``/api/v1``."""

from fastapi import APIRouter

from parentage.web.api import account
from parentage.web.problems import RESPONSES

router = APIRouter(prefix="/api/v1", responses=RESPONSES)
router.include_router(account.router)
