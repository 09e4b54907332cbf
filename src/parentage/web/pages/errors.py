# SPDX-License-Identifier: Apache-2.0
"""Errors as pages."""

from __future__ import annotations

from fastapi import Request
from starlette.responses import Response

from parentage.errors import ParentageError
from parentage.web.pages import words
from parentage.web.pages.rendering import language_of, render
from parentage.web.permissions import PUBLIC, Actor


def page(request: Request, error: ParentageError, status: int) -> Response:
    """An error as a page, with what to do about it."""
    return render(
        request,
        "error.html",
        asking(request),
        status=status,
        number=status,
        title=words.status(language_of(request), status),
        error=error,
    )


def asking(request: Request) -> Actor:
    """Who asked, as far as that was found out before something went wrong."""
    found = getattr(request.state, "actor", None)
    return found if isinstance(found, Actor) else PUBLIC
