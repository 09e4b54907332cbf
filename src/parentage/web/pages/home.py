# SPDX-License-Identifier: Apache-2.0
"""The first page, what the words mean, and the reader's language and colours."""

from __future__ import annotations

from typing import Annotated, Final

from fastapi import APIRouter, Form, Request, Response

from parentage.report import format as fmt
from parentage.web.asking import Asker, Config, Db, action
from parentage.web.pages.rendering import (
    LANGUAGE_COOKIE,
    THEME_COOKIE,
    THEMES,
    back_to,
    go,
    render,
)
from parentage.web.permissions import ROLES, actions
from parentage.web.services.home import home
from parentage.web.services.reports import profiles
from parentage.web.settings import Settings

router = APIRouter()

YEAR: Final = 365 * 24 * 3600


@router.get("/", openapi_extra=action("model.read"))
def first(request: Request, db: Db, actor: Asker) -> Response:
    """What the portal answers, and what is new."""
    return render(request, "home.html", actor, home=home(db, actor))


@router.get("/method")
def method(request: Request, actor: Asker) -> Response:
    """Findings, profiles and roles in words."""
    return render(
        request,
        "method.html",
        actor,
        meanings=fmt.MEANINGS,
        profiles=profiles(),
        roles=ROLES,
        actions=tuple(actions().values()),
    )


@router.post("/language")
def choose_language(
    request: Request,
    settings: Config,
    language: Annotated[str, Form(max_length=8)],
    back: Annotated[str, Form(max_length=2000)] = "/",
) -> Response:
    """Remember the reader's language."""
    known = language in settings.languages
    return _remember(
        request, settings, LANGUAGE_COOKIE, language if known else "", back
    )


@router.post("/theme")
def choose_theme(
    request: Request,
    settings: Config,
    theme: Annotated[str, Form(max_length=8)],
    back: Annotated[str, Form(max_length=2000)] = "/",
) -> Response:
    """Remember whether the reader wants it light or dark."""
    known = theme in THEMES
    return _remember(request, settings, THEME_COOKIE, theme if known else "", back)


def _remember(
    request: Request, settings: Settings, name: str, value: str, back: str
) -> Response:
    answer = go(request, back_to(back))
    if value:
        answer.set_cookie(
            name,
            value,
            max_age=YEAR,
            secure=settings.secure,
            httponly=True,
            samesite="lax",
        )
    return answer
