# SPDX-License-Identifier: Apache-2.0
"""Templates and what all of them are given."""

from __future__ import annotations

from functools import cache
from pathlib import Path

from jinja2 import Environment, FileSystemLoader, StrictUndefined
from starlette.requests import Request
from starlette.responses import HTMLResponse, RedirectResponse, Response

from parentage.web.asking import settings_of
from parentage.web.permissions import PUBLIC, Actor, allowed
from parentage.web.security import csrf

TEMPLATES = Path(__file__).parents[1] / "templates"


@cache
def environment() -> Environment:
    """Where templates are found; everything is escaped."""
    return Environment(
        loader=FileSystemLoader(TEMPLATES),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )


def render(
    request: Request,
    template: str,
    actor: Actor = PUBLIC,
    *,
    status: int = 200,
    headers: dict[str, str] | None = None,
    **values: object,
) -> Response:
    """A page."""
    settings = settings_of(request)
    html = (
        environment()
        .get_template(template)
        .render(
            request=request,
            path=request.url.path,
            settings=settings,
            actor=actor,
            can=allowed(actor),
            csrf=csrf.token_of(request, settings),
            lang=settings.languages[0],
            **values,
        )
    )
    answer = HTMLResponse(html, status, headers)
    keep_visitor(request, answer)
    return answer


def keep_visitor(request: Request, answer: Response) -> None:
    """Set the cookie that forms of browsers without a session are derived from."""
    made = getattr(request.state, "visitor", None)
    if made is not None:
        settings = settings_of(request)
        answer.set_cookie(
            csrf.visitor_name(settings),
            made,
            secure=settings.secure,
            httponly=True,
            samesite="lax",
            path="/",
        )


def go(request: Request, path: str) -> Response:
    """After a form was taken: another page of the portal, to be fetched anew."""
    assert path.startswith("/")  # noqa: S101 - never elsewhere
    assert not path.startswith("//")  # noqa: S101
    answer = RedirectResponse(path, 303)
    keep_visitor(request, answer)
    return answer
