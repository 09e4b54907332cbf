# SPDX-License-Identifier: Apache-2.0
"""All routes of pages together."""

from fastapi import APIRouter, Depends

from parentage.web.asking import form_checked
from parentage.web.pages import home, sign_in

router = APIRouter(include_in_schema=False, dependencies=[Depends(form_checked)])
router.include_router(home.router)
router.include_router(sign_in.router)
