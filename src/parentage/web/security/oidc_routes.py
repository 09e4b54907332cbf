# SPDX-License-Identifier: Apache-2.0
"""The way to the provider of OpenID Connect, and back."""

from __future__ import annotations

from functools import lru_cache
from typing import Annotated

from fastapi import APIRouter, Depends, Form, Query, Request
from starlette.responses import RedirectResponse, Response

from parentage.web.asking import Config, address_of, form_checked, state_of
from parentage.web.database import writing
from parentage.web.security import cookies, oidc
from parentage.web.settings import Settings

router = APIRouter(include_in_schema=False)


@lru_cache(maxsize=4)
def provider_of(settings: Settings) -> oidc.Provider:
    """The provider of these settings, with what is known of it."""
    return oidc.Provider(settings)


@router.get("/sign-in/oidc")
def depart(
    settings: Config, path: Annotated[str, Query(alias="next", max_length=500)] = "/"
) -> Response:
    """To the provider, by a link."""
    return _away(settings, path)


@router.post("/sign-in/oidc", dependencies=[Depends(form_checked)])
def depart_by_form(
    settings: Config, path: Annotated[str, Form(alias="next", max_length=500)] = "/"
) -> Response:
    """To the provider, by a form."""
    return _away(settings, path)


def _away(settings: Settings, path: str) -> Response:
    departure = oidc.depart(provider_of(settings), path)
    answer = RedirectResponse(departure.url, 303)
    name = oidc.cookie_name(settings)
    cookies.put(answer, settings, name, departure.cookie, seconds=oidc.AGE)
    return answer


@router.get("/sign-in/oidc/callback")
def arrive(request: Request, settings: Config) -> Response:
    """Back from the provider: a GET by its nature, bound to the browser by a cookie."""
    cookie = request.cookies.get(oidc.cookie_name(settings), "")
    provider = provider_of(settings)
    url = f"{provider.redirect}?{request.url.query}"
    with writing(state_of(request).engine) as db:
        started, path = oidc.arrive(
            db, provider, url=url, cookie=cookie, address=address_of(request)
        )
    answer = RedirectResponse(path, 303)
    cookies.keep_session(answer, settings, started.cookie)
    cookies.drop(answer, settings, oidc.cookie_name(settings))
    return answer
