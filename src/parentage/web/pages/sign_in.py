# SPDX-License-Identifier: Apache-2.0
"""Sign-in by name and password, second factor, sign-out."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Form, Request
from starlette.responses import Response

from parentage.errors import PortalError
from parentage.web.asking import Asker, Config, Db, address_of
from parentage.web.pages.rendering import go, render
from parentage.web.security import cookies, sessions
from parentage.web.security.paths import inside
from parentage.web.settings import Settings

router = APIRouter()

NextPage = Annotated[str, Form(max_length=2000)]


def _form(
    request: Request,
    settings: Settings,
    step: str,
    *,
    error: PortalError | None = None,
    next_page: str = "/",
    name: str = "",
) -> Response:
    return render(
        request,
        "sign_in.html",
        status=200 if error is None else 401,
        error=error,
        step=step,
        local=settings.local_accounts,
        oidc=settings.oidc_name if settings.oidc_issuer else "",
        next=inside(next_page),
        name=name,
    )


@router.get("/sign-in")
def form(request: Request, settings: Config, next: str = "/") -> Response:  # noqa: A002
    """The form."""
    return _form(request, settings, "password", next_page=next)


@router.post("/sign-in")
def sign_in(
    request: Request,
    db: Db,
    settings: Config,
    name: Annotated[str, Form(max_length=64)],
    password: Annotated[str, Form(max_length=1000)],
    next: NextPage = "/",  # noqa: A002
) -> Response:
    """Begin a session, or ask for the second factor."""
    try:
        started = sessions.sign_in(
            db, settings, name=name, password=password, address=address_of(request)
        )
    except PortalError as error:
        return _form(
            request, settings, "password", error=error, next_page=next, name=name
        )
    if started.second_factor:
        answer = _form(request, settings, "code", next_page=next)
    else:
        answer = go(request, inside(next))
    return cookies.keep_session(answer, settings, started.cookie)


@router.get("/sign-in/code")
def code_form(request: Request, settings: Config) -> Response:
    """The form for the second factor."""
    return _form(request, settings, "code")


@router.post("/sign-in/code")
def code(
    request: Request,
    db: Db,
    settings: Config,
    code: Annotated[str, Form(max_length=20)],
    next: NextPage = "/",  # noqa: A002
) -> Response:
    """Complete a session with a code."""
    cookie = request.cookies.get(sessions.cookie_name(settings), "")
    try:
        started = sessions.second_factor(
            db, settings, cookie=cookie, code=code, address=address_of(request)
        )
    except PortalError as error:
        return _form(request, settings, "code", error=error, next_page=next)
    return cookies.keep_session(go(request, inside(next)), settings, started.cookie)


@router.post("/sign-out")
def sign_out(request: Request, db: Db, settings: Config, actor: Asker) -> Response:
    """End the session."""
    sessions.sign_out(db, actor)
    answer = go(request, "/", "signed-out")
    cookies.drop(answer, settings, sessions.cookie_name(settings))
    return answer
