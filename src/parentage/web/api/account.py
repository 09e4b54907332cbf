# SPDX-License-Identifier: Apache-2.0
"""Who asks, their password and second factor, their tokens."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter
from pydantic import Field

from parentage.web.api.inputs import Body, Number
from parentage.web.asking import Asker, Config, Db, action
from parentage.web.services import accounts, tokens
from parentage.web.services.views import MeView, NewToken, TokenView, TotpSetup

router = APIRouter(tags=["account"])


class NewTokenBody(Body):
    """What a token is for."""

    name: Annotated[str, Field(max_length=100)]
    scopes: Annotated[list[str], Field(max_length=20)]
    days: Annotated[int, Field(ge=1, le=366)] = 90


class PasswordBody(Body):
    """An old and a new password."""

    old: Annotated[str, Field(max_length=1000)]
    new: Annotated[str, Field(max_length=1000)]


class TotpBody(Body):
    """A secret of an authenticator app, with a code of it."""

    secret: Annotated[str, Field(max_length=64)]
    code: Annotated[str, Field(max_length=20)]
    password: Annotated[str, Field(max_length=1000)]


class CodeBody(Body):
    """A code of an authenticator app."""

    code: Annotated[str, Field(max_length=20)]


@router.get("/me")
def me(db: Db, actor: Asker) -> MeView:
    """Who asks, and what they may do."""
    return accounts.me(db, actor)


@router.get("/me/tokens", openapi_extra=action("token.manage"))
def list_tokens(db: Db, actor: Asker) -> tuple[TokenView, ...]:
    """One's own tokens, newest first."""
    return tokens.tokens(db, actor)


@router.post("/me/tokens", status_code=201, openapi_extra=action("token.manage"))
def make_token(db: Db, actor: Asker, body: NewTokenBody) -> NewToken:
    """Make a token; its text is given back this one time."""
    return tokens.make_token(
        db, actor, name=body.name, wanted=body.scopes, days=body.days
    )


@router.delete("/me/tokens/{number}", openapi_extra=action("token.manage"))
def revoke_token(db: Db, actor: Asker, number: Number) -> TokenView:
    """Make a token count no more."""
    return tokens.revoke_token(db, actor, number)


@router.post("/me/password", status_code=204, openapi_extra=action("account.self"))
def change_password(db: Db, actor: Asker, body: PasswordBody) -> None:
    """Change one's own password; all other sessions end."""
    accounts.change_password(db, actor, old=body.old, new=body.new)


@router.post("/me/totp/begin", openapi_extra=action("account.self"))
def begin_totp(db: Db, actor: Asker, settings: Config) -> TotpSetup:
    """A secret for an authenticator app; it counts once a code of it was given."""
    return accounts.begin_totp(db, actor, settings)


@router.post("/me/totp", status_code=204, openapi_extra=action("account.self"))
def set_totp(db: Db, actor: Asker, body: TotpBody) -> None:
    """Turn the second factor on."""
    accounts.set_totp(
        db, actor, secret_text=body.secret, code=body.code, password=body.password
    )


@router.post("/me/totp/off", status_code=204, openapi_extra=action("account.self"))
def drop_totp(db: Db, actor: Asker, body: CodeBody) -> None:
    """Turn the second factor off."""
    accounts.drop_totp(db, actor, code=body.code)
