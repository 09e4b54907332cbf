# SPDX-License-Identifier: Apache-2.0
"""All pages: every form must come from one of them."""

from fastapi import APIRouter, Depends

from parentage.web.asking import form_checked
from parentage.web.pages import (
    account,
    admin,
    challenges,
    compare,
    home,
    jobs,
    ledger,
    lineage,
    models,
    reports,
    search,
    sign_in,
    stages,
    stages_admin,
    styles,
    uploads,
)

router = APIRouter(include_in_schema=False, dependencies=[Depends(form_checked)])
for part in (
    home,
    sign_in,
    models,
    uploads,
    jobs,
    reports,
    compare,
    challenges,
    ledger,
    stages_admin,  # before the stages, of which "new" would be one
    stages,
    lineage,
    search,
    account,
    admin,
    styles,
):
    router.include_router(part.router)
