# SPDX-License-Identifier: Apache-2.0
"""Sign-in by name and password, second factor, sign-out."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Form, Request
from starlette.responses import Response

from parentage.errors import PortalError
from parentage.web.asking import Asker, Config, Db, address_of
from parentage.web.pages.rendering import go, render
from parentage.web.security import sessions
from parentage.web.settings import Settings

router = APIRouter()


def keep_session(answer: Response, settings: Settings, cookie: str) -> Response:
    """Give the browser its session."""
    answer.set_cookie(
        sessions.cookie_name(settings),
        cookie,
        secure=settings.secure,
        httponly=True,
        samesite="lax",
        path="/",
        max_age=int(settings.session_hours * 3600),
    )
    return answer


@router.get("/sign-in")
def form(request: Request, actor: Asker) -> Response:
    """The form."""
    return render(request, "sign_in.html", actor, error=None, step="password")


@router.post("/sign-in")
def sign_in(
    request: Request,
    db: Db,
    settings: Config,
    name: Annotated[str, Form(max_length=64)],
    password: Annotated[str, Form(max_length=1000)],
) -> Response:
    """Begin a session, or ask for the second factor."""
    try:
        started = sessions.sign_in(
            db, settings, name=name, password=password, address=address_of(request)
        )
    except PortalError as error:
        return render(request, "sign_in.html", status=401, error=error, step="password")
    if started.second_factor:
        answer = go(request, "/sign-in/code")
    else:
        answer = go(request, "/")
    return keep_session(answer, settings, started.cookie)


@router.get("/sign-in/code")
def code_form(request: Request, actor: Asker) -> Response:
    """The form for the second factor."""
    return render(request, "sign_in.html", actor, error=None, step="code")


@router.post("/sign-in/code")
def code(
    request: Request,
    db: Db,
    settings: Config,
    code: Annotated[str, Form(max_length=20)],
) -> Response:
    """Complete a session with a code."""
    cookie = request.cookies.get(sessions.cookie_name(settings), "")
    try:
        started = sessions.second_factor(
            db, settings, cookie=cookie, code=code, address=address_of(request)
        )
    except PortalError as error:
        return render(request, "sign_in.html", status=401, error=error, step="code")
    return keep_session(go(request, "/"), settings, started.cookie)


@router.post("/sign-out")
def sign_out(request: Request, db: Db, settings: Config, actor: Asker) -> Response:
    """End the session."""
    sessions.sign_out(db, actor)
    answer = go(request, "/")
    answer.delete_cookie(
        sessions.cookie_name(settings), path="/", secure=settings.secure, httponly=True
    )
    return answer
