# SPDX-License-Identifier: Apache-2.0
"""Errors as answers: a status for each kind, one form for all."""

from __future__ import annotations

import logging
import secrets
from typing import Any, Final

from fastapi import FastAPI, Request
from fastapi.exceptions import RequestValidationError
from pydantic import BaseModel
from sqlalchemy.exc import OperationalError
from starlette.exceptions import HTTPException
from starlette.responses import JSONResponse, Response

from parentage import errors
from parentage.web.pages.errors import page as errors_page

LOG: Final = logging.getLogger("parentage.web")

STATUS: Final[dict[type[errors.ParentageError], int]] = {
    errors.SignInError: 401,
    errors.ForbiddenError: 403,
    errors.NoSuchPageError: 404,
    errors.ConflictError: 409,
    errors.TooLargeError: 413,
    errors.RefusedError: 422,
    errors.TooOftenError: 429,
    errors.RegistryError: 503,
    errors.MissingExtraError: 501,
}
"""Statuses; every other error of ours is about what was sent: 422."""


class Problem(BaseModel):
    """What is wrong, as the command line says it, too."""

    code: str
    message: str
    file: str | None = None
    tensor: str | None = None
    offset: int | None = None
    expected: str | None = None
    advice: str | None = None
    problems: list[dict[str, Any]] | None = None


class ProblemAnswer(BaseModel):
    """The body of every answer that is an error."""

    error: Problem


RESPONSES: Final[dict[int | str, dict[str, Any]]] = {
    status: {"model": ProblemAnswer}
    for status in (400, 401, 403, 404, 405, 409, 413, 415, 422, 429, 503)
}
"""For the OpenAPI description of every route."""


def status_of(error: errors.ParentageError) -> int:
    """The status of an error."""
    for kind in type(error).__mro__:
        if kind in STATUS:
            return STATUS[kind]
    return 422


def wants_json(request: Request) -> bool:
    """Whether a program asks, not a browser."""
    path = request.url.path
    return path.startswith(("/api/", "/health", "/ready", "/metrics"))


def install(app: FastAPI) -> None:
    """Turn every error into an answer; what went wrong inside shows in the log only."""

    @app.exception_handler(errors.ParentageError)
    async def ours(request: Request, error: errors.ParentageError) -> Response:
        return answer(request, status_of(error), error)

    @app.exception_handler(RequestValidationError)
    async def invalid(request: Request, error: RequestValidationError) -> Response:
        first = error.errors()[0]
        where = ".".join(str(part) for part in first["loc"])
        return answer(
            request, 422, errors.RefusedError(f"'{where}': {first['msg']}"[:500])
        )

    @app.exception_handler(HTTPException)
    async def http(request: Request, error: HTTPException) -> Response:
        kinds: dict[int, errors.ParentageError] = {
            404: errors.NoSuchPageError("there is no such page"),
            405: errors.RefusedError("this is not done here in this way"),
            400: errors.RefusedError("the request cannot be read"),
        }
        ours = kinds.get(error.status_code, errors.PortalError(str(error.detail)[:300]))
        return answer(request, error.status_code, ours, dict(error.headers or {}))

    @app.exception_handler(OperationalError)
    async def database(request: Request, error: OperationalError) -> Response:
        LOG.error("the database failed", exc_info=error)
        return answer(
            request,
            503,
            errors.RegistryError("the database does not answer", advice="Try later."),
            {"Retry-After": "5"},
        )

    @app.exception_handler(Exception)
    async def inside(request: Request, error: Exception) -> Response:
        number = secrets.token_hex(4)
        LOG.error("internal error %s", number, exc_info=error)
        return answer(
            request,
            500,
            errors.PortalError(
                f"internal error {number}",
                advice="Tell the operator this number, please.",
            ),
        )


def answer(
    request: Request,
    status: int,
    error: errors.ParentageError,
    headers: dict[str, str] | None = None,
) -> Response:
    """An error as JSON, or as a page for browsers."""
    headers = dict(headers or {})
    if status == 401:
        headers["WWW-Authenticate"] = 'Bearer realm="parentage"'
    if wants_json(request):
        return JSONResponse({"error": error.to_json()}, status, headers)
    page = errors_page(request, error, status)
    page.headers.update(headers)
    return page
