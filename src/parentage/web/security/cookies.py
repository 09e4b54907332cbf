# SPDX-License-Identifier: Apache-2.0
"""Cookies, all with the same protection: kept from scripts and from other sites."""

from __future__ import annotations

from starlette.responses import Response

from parentage.web.security import sessions
from parentage.web.settings import Settings


def put(
    answer: Response,
    settings: Settings,
    name: str,
    value: str,
    *,
    seconds: int | None = None,
) -> None:
    """Give the browser a cookie; without ``seconds`` it goes when the browser ends."""
    answer.set_cookie(
        name,
        value,
        max_age=seconds,
        secure=settings.secure,
        httponly=True,
        samesite="lax",
        path="/",
    )


def drop(answer: Response, settings: Settings, name: str) -> None:
    """Take a cookie away."""
    answer.delete_cookie(name, path="/", secure=settings.secure, httponly=True)


def keep_session(answer: Response, settings: Settings, cookie: str) -> Response:
    """Give the browser its session."""
    seconds = int(settings.session_hours * 3600)
    put(answer, settings, sessions.cookie_name(settings), cookie, seconds=seconds)
    return answer
