# SPDX-License-Identifier: Apache-2.0
"""Accounts, organisations and the audit log, for administrators."""

from __future__ import annotations

from typing import Annotated, cast

from fastapi import APIRouter, Form, Request
from starlette.responses import Response

from parentage.web.asking import Asker, Db, action
from parentage.web.pages import words
from parentage.web.pages.models import number_of, organisation_choices
from parentage.web.pages.rendering import go, language_of, render
from parentage.web.permissions import ROLES, Role
from parentage.web.services import accounts, audit_log, choices, organisations

router = APIRouter()

Line = Annotated[str, Form(max_length=254)]
Secret = Annotated[str, Form(max_length=1000)]
Number = Annotated[str, Form(max_length=20)]


def _roles(request: Request) -> list[tuple[str, str]]:
    lang = language_of(request)
    return [(role, words.word(lang, role, "role")) for role in ROLES[1:]]


@router.get("/admin", openapi_extra=action("account.manage"))
def page(request: Request, db: Db, actor: Asker, offset: int = 0) -> Response:
    """Accounts and organisations."""
    return render(
        request,
        "admin.html",
        actor,
        section="admin",
        list=accounts.accounts(db, actor, offset=offset),
        organisation_rows=organisations.organisations(db, actor),
        organisations=organisation_choices(db, actor),
        roles=_roles(request),
    )


@router.post("/admin/accounts", openapi_extra=action("account.manage"))
def make_account(
    request: Request,
    db: Db,
    actor: Asker,
    name: Line,
    role: Line,
    display: Line = "",
    email: Line = "",
    password: Secret = "",
    organisation: Number = "",
) -> Response:
    """Make an account."""
    accounts.create_account(
        db,
        actor,
        name=name,
        role=cast("Role", role),  # the service refuses any other
        display=display,
        email=email or None,
        password=password or None,
        organisation_id=number_of(organisation),
    )
    return go(request, "/admin", "saved")


@router.get("/admin/accounts/{number}", openapi_extra=action("account.manage"))
def account(request: Request, db: Db, actor: Asker, number: int) -> Response:
    """The form that changes an account."""
    return render(
        request,
        "admin_account.html",
        actor,
        section="admin",
        account=choices.one_account(db, actor, number),
        organisations=organisation_choices(db, actor),
        roles=_roles(request),
    )


@router.post("/admin/accounts/{number}", openapi_extra=action("account.manage"))
def change_account(
    request: Request,
    db: Db,
    actor: Asker,
    number: int,
    display: Line,
    role: Line,
    organisation: Number = "",
    password: Secret = "",
    active: Number = "",
    reset_totp: Number = "",
) -> Response:
    """Change an account."""
    accounts.change_account(
        db,
        actor,
        number,
        role=cast("Role", role),  # the service refuses any other
        active=bool(active),
        display=display,
        organisation_id=number_of(organisation),
        password=password or None,
        reset_totp=bool(reset_totp),
    )
    return go(request, "/admin", "saved")


@router.post("/admin/organisations", openapi_extra=action("organisation.manage"))
def make_organisation(
    request: Request, db: Db, actor: Asker, slug: Line, org_name: Line
) -> Response:
    """Add an organisation."""
    organisations.make_organisation(db, actor, slug=slug, name=org_name)
    return go(request, "/admin#organisations", "saved")


@router.get("/admin/log", openapi_extra=action("log.read"))
def log(request: Request, db: Db, actor: Asker, offset: int = 0) -> Response:
    """The audit log, newest first."""
    rows = audit_log.rows(db, actor, offset=offset)
    return render(request, "admin_log.html", actor, section="admin", list=rows)
