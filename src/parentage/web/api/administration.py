# SPDX-License-Identifier: Apache-2.0
"""Accounts, organisations, the audit log."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Query
from pydantic import Field

from parentage.web.api.inputs import Body, Limit, Number, Offset, Text
from parentage.web.asking import Asker, Db, action
from parentage.web.permissions import Role
from parentage.web.services import accounts, audit_log, organisations
from parentage.web.services.views import AccountView, LogView, OrganisationView, Page

router = APIRouter(tags=["administration"])


class AccountBody(Body):
    """An account to make."""

    name: Annotated[str, Field(min_length=1, max_length=64)]
    role: Role
    password: Annotated[str, Field(max_length=1000)] | None = None
    display: Annotated[str, Field(max_length=200)] = ""
    email: Annotated[str, Field(max_length=254)] | None = None
    organisation_id: Annotated[int, Field(ge=1, le=2**62)] | None = None


class AccountChange(Body):
    """What is left out stays."""

    role: Role | None = None
    active: bool | None = None
    display: Annotated[str, Field(max_length=200)] | None = None
    organisation_id: Annotated[int, Field(ge=1, le=2**62)] | None = None
    password: Annotated[str, Field(max_length=1000)] | None = None
    reset_totp: bool = False


class OrganisationBody(Body):
    """An organisation to enter."""

    slug: Annotated[str, Field(min_length=1, max_length=64)]
    name: Annotated[str, Field(min_length=1, max_length=200)]


class OrganisationChange(Body):
    """Another name."""

    name: Annotated[str, Field(min_length=1, max_length=200)]


@router.get("/accounts", openapi_extra=action("account.manage"))
def list_accounts(
    db: Db, actor: Asker, offset: Offset = 0, limit: Limit = 50
) -> Page[AccountView]:
    """Accounts by name."""
    return accounts.accounts(db, actor, offset=offset, limit=limit)


@router.post("/accounts", status_code=201, openapi_extra=action("account.manage"))
def create_account(db: Db, actor: Asker, body: AccountBody) -> AccountView:
    """Make an account."""
    return accounts.create_account(db, actor, **body.model_dump())


@router.patch("/accounts/{number}", openapi_extra=action("account.manage"))
def change_account(
    db: Db, actor: Asker, number: Number, body: AccountChange
) -> AccountView:
    """Change an account; its sessions end."""
    return accounts.change_account(db, actor, number, **body.model_dump())


@router.get("/organisations", openapi_extra=action("organisation.read"))
def list_organisations(db: Db, actor: Asker) -> tuple[OrganisationView, ...]:
    """Organisations by name."""
    return organisations.organisations(db, actor)


@router.post(
    "/organisations", status_code=201, openapi_extra=action("organisation.manage")
)
def make_organisation(db: Db, actor: Asker, body: OrganisationBody) -> OrganisationView:
    """Enter an organisation."""
    return organisations.make_organisation(db, actor, slug=body.slug, name=body.name)


@router.patch("/organisations/{number}", openapi_extra=action("organisation.manage"))
def rename_organisation(
    db: Db, actor: Asker, number: Number, body: OrganisationChange
) -> OrganisationView:
    """Give an organisation another name."""
    return organisations.rename_organisation(db, actor, number, name=body.name)


@router.get("/log", openapi_extra=action("log.read"))
def log(
    db: Db,
    actor: Asker,
    act: Text = "",
    account: Annotated[int | None, Query(ge=1, le=2**62)] = None,
    offset: Offset = 0,
    limit: Limit = 50,
) -> Page[LogView]:
    """Who did what, newest first."""
    return audit_log.rows(
        db, actor, action=act, account_id=account, offset=offset, limit=limit
    )
