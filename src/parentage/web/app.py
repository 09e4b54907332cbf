# SPDX-License-Identifier: Apache-2.0
"""The app: settings in, ASGI out."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

from fastapi import FastAPI
from sqlalchemy import Engine
from starlette.middleware.gzip import GZipMiddleware
from starlette.staticfiles import StaticFiles

from parentage import __version__
from parentage.web import problems
from parentage.web.api import router as api
from parentage.web.database import open_database
from parentage.web.jobs.queue import Queue
from parentage.web.metrics import Measure, Numbers
from parentage.web.metrics import router as metrics
from parentage.web.pages.routes import router as pages
from parentage.web.security.headers import SecurityHeaders
from parentage.web.security.oidc_routes import router as oidc
from parentage.web.security.rates import LimitRate
from parentage.web.security.sizes import LimitSize
from parentage.web.settings import Settings
from parentage.web.state import State

STATIC = Path(__file__).parent / "static"


def create_app(settings: Settings, engine: Engine | None = None) -> FastAPI:
    """The portal.

    Args:
        settings: what the operator decided.
        engine: the database, if it is open already.

    Raises:
        UsageError: a setting is wrong.
        RegistryError: the database cannot be used.
    """
    engine = engine or open_database(settings.database)
    # Drawn before two requests can ask for it at once.
    assert settings.key  # noqa: S101

    @asynccontextmanager
    async def lifespan(_: FastAPI) -> AsyncIterator[None]:
        yield
        app.state.portal.close()

    app = FastAPI(
        title="parentage portal",
        version=__version__,
        docs_url=None,  # its scripts would come from elsewhere
        redoc_url=None,
        openapi_url="/api/v1/openapi.json",
        lifespan=lifespan,
    )
    app.state.portal = State(settings, engine, Queue(settings))
    app.state.numbers = Numbers()
    app.include_router(metrics)
    app.include_router(oidc)
    app.include_router(api)
    app.include_router(pages)
    app.mount("/static", StaticFiles(directory=STATIC), name="static")
    problems.install(app)
    app.add_middleware(GZipMiddleware, minimum_size=2000, compresslevel=4)
    app.add_middleware(LimitSize, most=settings.max_upload)
    if settings.requests_per_minute:
        app.add_middleware(LimitRate, settings=settings)
    app.add_middleware(
        SecurityHeaders, secure=settings.secure, provider=settings.oidc_issuer
    )
    app.add_middleware(Measure, numbers=app.state.numbers)
    return app


def from_environment() -> FastAPI:
    """The portal of the settings in the environment, for servers that start apps."""
    return create_app(Settings.load())
