# SPDX-License-Identifier: Apache-2.0
"""Forms that another site made are not taken.

A form holds a text derived from the visitor's cookie (or the session's) and the
portal's key; scripts send it as a header. Where the browser says where a request came
from, that must be here.
"""

from __future__ import annotations

from typing import Final
from urllib.parse import urlsplit

from starlette.requests import Request

from parentage.errors import ForbiddenError
from parentage.web.security.secret import derived, drawn, equal
from parentage.web.security.sessions import cookie_name
from parentage.web.settings import Settings

FIELD: Final = "csrf"
HEADER: Final = "X-CSRF-Token"
SAFE: Final = frozenset({"GET", "HEAD", "OPTIONS"})


def visitor_name(settings: Settings) -> str:
    """Name of the cookie of browsers that are not signed in."""
    return "__Host-visitor" if settings.secure else "visitor"


def visitor_of(request: Request, settings: Settings) -> str:
    """The visitor's cookie; drawn where there is none (the answer must set it)."""
    known = request.cookies.get(visitor_name(settings))
    if known and len(known) <= 64:
        return known
    made = getattr(request.state, "visitor", None)
    if made is None:
        made = request.state.visitor = drawn()
    return str(made)


def token_of(request: Request, settings: Settings) -> str:
    """What forms of this browser must hold."""
    basis = request.cookies.get(cookie_name(settings)) or visitor_of(request, settings)
    return derived(settings.key, "csrf", basis)


def check_origin(request: Request, settings: Settings) -> None:
    """Where the browser says where a request came from, that must be here.

    Raises:
        ForbiddenError: it came from another site.
    """
    site = request.headers.get("sec-fetch-site", "same-origin")
    origin = request.headers.get("origin")
    here = {urlsplit(settings.base_url).netloc, request.headers.get("host", "")}
    if site not in {"same-origin", "none"} or (
        origin is not None and urlsplit(origin).netloc not in here
    ):
        raise ForbiddenError("the form came from another site")


async def check_form(request: Request, settings: Settings) -> None:
    """Stop a form that does not come from one of our pages.

    Raises:
        ForbiddenError: it lacks the text, or came from another site.
    """
    if request.method in SAFE:
        return
    check_origin(request, settings)
    given = request.headers.get(HEADER)
    if given is None:
        kind = request.headers.get("content-type", "")
        if kind.startswith(("application/x-www-form-urlencoded", "multipart/")):
            found = (await request.form()).get(FIELD)
            given = found if isinstance(found, str) else None
    if given is None or not equal(given, token_of(request, settings)):
        raise ForbiddenError(
            "the form is too old or came from another site",
            advice="Load the page again and send it once more.",
        )
