# SPDX-License-Identifier: Apache-2.0
"""Health, readiness and numbers for Prometheus."""

from __future__ import annotations

import time
from typing import Final

from fastapi import APIRouter, Request
from prometheus_client import (
    CONTENT_TYPE_LATEST,
    CollectorRegistry,
    Counter,
    Gauge,
    Histogram,
    generate_latest,
)
from sqlalchemy import func, select, text
from sqlalchemy.exc import SQLAlchemyError
from starlette.responses import JSONResponse, Response
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from parentage import __version__
from parentage.errors import ForbiddenError
from parentage.web.asking import Config, state_of
from parentage.web.database import newest, reading, version_of
from parentage.web.security.secret import equal
from parentage.web.services import ledger
from parentage.web.tables import Job

router = APIRouter(include_in_schema=False)

BUCKETS: Final = (0.005, 0.01, 0.02, 0.05, 0.1, 0.2, 0.3, 0.5, 1, 2, 5, 10)


class Numbers:
    """What is counted in this process."""

    def __init__(self) -> None:
        self.registry = CollectorRegistry()
        self.requests = Counter(
            "parentage_requests",
            "Requests by method, route and status.",
            ("method", "route", "status"),
            registry=self.registry,
        )
        self.seconds = Histogram(
            "parentage_request_seconds",
            "Time to the end of an answer.",
            ("method", "route"),
            buckets=BUCKETS,
            registry=self.registry,
        )
        self.jobs = Gauge(
            "parentage_jobs", "Jobs by state.", ("state",), registry=self.registry
        )
        self.entries = Gauge(
            "parentage_ledger_entries", "Entries of the ledger.", registry=self.registry
        )
        self.version = Gauge(
            "parentage_version",
            "1, with the version.",
            ("version",),
            registry=self.registry,
        )
        self.version.labels(__version__).set(1)


class Measure:
    """Middleware that counts and times requests by route, never by path.

    Args:
        app: what is wrapped.
        numbers: where it is counted.
    """

    def __init__(self, app: ASGIApp, *, numbers: Numbers) -> None:
        self.app = app
        self.numbers = numbers

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """See the class."""
        if scope["type"] != "http":
            await self.app(scope, receive, send)
            return
        status, began = "500", time.perf_counter()

        async def sending(message: Message) -> None:
            nonlocal status
            if message["type"] == "http.response.start":
                status = str(message["status"])
            await send(message)

        try:
            await self.app(scope, receive, sending)
        finally:
            route = _route(scope)
            method = scope["method"] if scope["method"] in _METHODS else "other"
            self.numbers.requests.labels(method, route, status).inc()
            self.numbers.seconds.labels(method, route).observe(
                time.perf_counter() - began
            )


def _route(scope: Scope) -> str:
    """The route's pattern; some versions of the framework leave the prefix out."""
    pattern = str(getattr(scope.get("route"), "path", "other"))
    inside = scope["path"].startswith(API) and pattern != "other"
    return API + pattern if inside and not pattern.startswith(API) else pattern


API: Final = "/api/v1"
_METHODS: Final = frozenset({"GET", "HEAD", "POST", "PUT", "PATCH", "DELETE"})


@router.get("/health")
def health() -> JSONResponse:
    """The process answers."""
    return JSONResponse({"status": "ok", "version": __version__})


@router.get("/ready")
def ready(request: Request) -> JSONResponse:
    """The database answers and has the tables that this version wants."""
    engine = state_of(request).engine
    try:
        with engine.connect() as connection:
            connection.execute(text("SELECT 1"))
        version = version_of(engine)
    except SQLAlchemyError:
        return JSONResponse({"status": "the database does not answer"}, 503)
    if version != newest():
        return JSONResponse({"status": f"tables are of version {version}"}, 503)
    return JSONResponse({"status": "ready", "tables": version})


@router.get("/metrics")
def metrics(request: Request, settings: Config) -> Response:
    """Numbers for Prometheus; behind a token where the operator set one."""
    if settings.metrics_token:
        given = request.headers.get("authorization", "").removeprefix("Bearer ")
        if not equal(given, settings.metrics_token):
            raise ForbiddenError("the numbers are for the operator")
    numbers: Numbers = request.app.state.numbers
    with reading(state_of(request).engine) as db:
        counts: dict[str, int] = dict(
            db.execute(select(Job.state, func.count()).group_by(Job.state)).all()
        )
        for state in ("queued", "running", "done", "failed", "cancelled"):
            numbers.jobs.labels(state).set(counts.get(state, 0))
        numbers.entries.set(ledger.head(db).seq)
    return Response(generate_latest(numbers.registry), media_type=CONTENT_TYPE_LATEST)
