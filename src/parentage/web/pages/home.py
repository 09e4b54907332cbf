# SPDX-License-Identifier: Apache-2.0
"""The first page, what the words mean, and the reader's language and colours."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Annotated, Final

from fastapi import APIRouter, Form, Request, Response

from parentage.report import format as fmt
from parentage.web.asking import Asker, Config, Db, action, settings_of
from parentage.web.pages.rendering import (
    LANGUAGE_COOKIE,
    THEME_COOKIE,
    THEMES,
    go,
    render,
)
from parentage.web.permissions import ROLES, actions
from parentage.web.security import cookies
from parentage.web.security.paths import inside
from parentage.web.services.home import home
from parentage.web.services.reports import profiles
from parentage.web.settings import Settings

router = APIRouter()


@dataclass(frozen=True)
class Operation:
    """Something that programs may ask for."""

    method: str
    path: str
    text: str
    scope: str


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


@router.get("/developers")
def developers(request: Request, actor: Asker) -> Response:
    """What programs may ask for; made from the app's own description."""
    described = request.app.openapi()
    rows = [
        Operation(
            method=method.upper(),
            path=path,
            text=str(found.get("description") or found.get("summary", "")),
            scope=scope_of(str(found.get("x-parentage-action", ""))),
        )
        for path, methods in described["paths"].items()
        for method, found in methods.items()
    ]
    return render(
        request,
        "developers.html",
        actor,
        operations=rows,
        base=settings_of(request).base_url,
    )


def scope_of(name: str) -> str:
    """What an API token needs for an action; nothing where everybody may."""
    found = actions().get(name)
    return "" if found is None or "public" in found.roles else found.scope


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
    answer = go(request, inside(back))
    if value:
        cookies.put(answer, settings, name, value, seconds=YEAR)
    return answer
