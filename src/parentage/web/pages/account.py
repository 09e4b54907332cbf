# SPDX-License-Identifier: Apache-2.0
"""One's own account: tokens, second factor, password."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Form, Request
from starlette.responses import Response

from parentage.web.asking import Asker, Config, Db, action
from parentage.web.pages.models import number_of
from parentage.web.pages.rendering import go, render
from parentage.web.permissions import require, scopes
from parentage.web.services import accounts, tokens
from parentage.web.services.views import NewToken, TotpSetup
from parentage.web.settings import Settings

router = APIRouter()

Secret = Annotated[str, Form(max_length=1000)]
Code = Annotated[str, Form(max_length=20)]


def _page(
    request: Request,
    db: Db,
    actor: Asker,
    *,
    fresh: NewToken | None = None,
    setup: TotpSetup | None = None,
) -> Response:
    require(actor, "account.self")
    me = accounts.me(db, actor).account
    return render(
        request,
        "account.html",
        actor,
        section="account",
        account=me,
        tokens=tokens.tokens(db, actor),
        scopes=scopes(),
        fresh=fresh,
        setup=setup,
    )


@router.get("/account", openapi_extra=action("account.self"))
def page(
    request: Request, db: Db, settings: Config, actor: Asker, setup: bool = False
) -> Response:
    """The page; with ``setup`` it shows a new secret for an authenticator app."""
    require(actor, "account.self")
    made = _setup(db, actor, settings) if setup else None
    return _page(request, db, actor, setup=made)


def _setup(db: Db, actor: Asker, settings: Settings) -> TotpSetup:
    return accounts.begin_totp(db, actor, settings)


@router.post("/account/tokens", openapi_extra=action("token.manage"))
def make_token(
    request: Request,
    db: Db,
    actor: Asker,
    name: Secret,
    days: Code = "90",
    scope: Annotated[list[str], Form()] = [],  # noqa: B006 - never changed
) -> Response:
    """Make a token and show it, this one time: the answer is not a redirection."""
    made = tokens.make_token(
        db, actor, name=name, wanted=scope, days=number_of(days) or 0
    )
    return _page(request, db, actor, fresh=made)


@router.post("/account/tokens/{number}/revoke", openapi_extra=action("token.manage"))
def revoke(request: Request, db: Db, actor: Asker, number: int) -> Response:
    """Make a token count no more."""
    tokens.revoke_token(db, actor, number)
    return go(request, "/account", "revoked")


@router.post("/account/second-factor", openapi_extra=action("account.self"))
def turn_on(
    request: Request, db: Db, actor: Asker, secret: Secret, code: Code, password: Secret
) -> Response:
    """Turn the second factor on."""
    accounts.set_totp(db, actor, secret_text=secret, code=code, password=password)
    return go(request, "/account", "saved")


@router.post("/account/second-factor/off", openapi_extra=action("account.self"))
def turn_off(request: Request, db: Db, actor: Asker, code: Code) -> Response:
    """Turn the second factor off."""
    accounts.drop_totp(db, actor, code=code)
    return go(request, "/account", "saved")


@router.post("/account/password", openapi_extra=action("account.self"))
def change_password(
    request: Request, db: Db, actor: Asker, old: Secret, new: Secret
) -> Response:
    """Change one's password."""
    accounts.change_password(db, actor, old=old, new=new)
    return go(request, "/account", "saved")
