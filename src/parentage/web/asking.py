# SPDX-License-Identifier: Apache-2.0
"""What every route is given: a session of the database, and who asks.

A request that may change something gets a session that takes its turn to write.
Nothing is looked up for readers who bring neither a cookie nor a token.
"""

from __future__ import annotations

from collections.abc import AsyncIterator
from typing import Annotated, Any

from fastapi import Depends, Request
from sqlalchemy.orm import Session
from starlette.concurrency import run_in_threadpool

from parentage.web.database import writing
from parentage.web.jobs.queue import Queue
from parentage.web.permissions import Actor, actions
from parentage.web.security import csrf, sessions
from parentage.web.services.tokens import actor_by_token
from parentage.web.settings import Settings
from parentage.web.state import State


def state_of(request: Request) -> State:
    """The app's state."""
    found: State = request.app.state.portal
    return found


def settings_of(request: Request) -> Settings:
    """The app's settings."""
    return state_of(request).settings


def queue_of(request: Request) -> Queue:
    """The app's queue of jobs."""
    return state_of(request).queue


async def session(request: Request) -> AsyncIterator[Session]:
    """A session for one request; what its service did not commit is undone."""
    engine = state_of(request).engine
    if request.method not in csrf.SAFE:
        engine = engine.execution_options(parentage_writes=True)
    made = Session(engine, expire_on_commit=False)
    try:
        yield made
    finally:
        # Here and not in a thread: requests that hold a thread may be waiting for the
        # very connection that this gives back.
        made.close()


def address_of(request: Request) -> str:
    """Where a request came from; proxies are believed as far as the settings say."""
    direct = request.client.host if request.client else ""
    trusted = settings_of(request).trusted_proxies
    if trusted:
        said = [
            part.strip()
            for part in request.headers.get("x-forwarded-for", "").split(",")
            if part.strip()
        ]
        if len(said) >= trusted:
            return said[-trusted][:64]
    return direct[:64]


async def actor(request: Request, db: Annotated[Session, Depends(session)]) -> Actor:
    """Who asks: by token, by cookie, or the public; errors are shown to them, too.

    Raises:
        SignInError: a token is brought that does not count.
        ForbiddenError: a form came from another site.
    """
    request.state.actor = await _actor(request, db)
    found: Actor = request.state.actor
    return found


async def _actor(request: Request, db: Session) -> Actor:
    settings = settings_of(request)
    address = address_of(request)
    head = request.headers.get("authorization", "")
    if head[:7].lower() == "bearer ":
        return await run_in_threadpool(actor_by_token, db, head[7:].strip(), address)
    cookie = request.cookies.get(sessions.cookie_name(settings))
    if not cookie:
        return Actor(address=address)
    if request.method not in csrf.SAFE:
        await csrf.check_form(request, settings)
    found = await run_in_threadpool(
        sessions.actor_by_cookie, db, settings, cookie, address
    )
    if found.stale and request.method in csrf.SAFE:
        await run_in_threadpool(_touch, request, found)
    elif found.stale:
        # This session took its turn to write: another one would wait for it forever.
        await run_in_threadpool(sessions.touch, db, found)
    request.state.actor = found
    return found


def _touch(request: Request, found: Actor) -> None:
    with writing(state_of(request).engine) as db:
        sessions.touch(db, found)


async def form_checked(request: Request) -> None:
    """For routers of pages: every form must come from one of them."""
    await csrf.check_form(request, settings_of(request))


Db = Annotated[Session, Depends(session)]
Asker = Annotated[Actor, Depends(actor)]
Config = Annotated[Settings, Depends(settings_of)]
Jobs = Annotated[Queue, Depends(queue_of)]


def action(name: str) -> dict[str, Any]:
    """Names, for a route, the action that its service checks.

    For ``openapi_extra``; the tests hold every route to it.
    """
    assert name in actions(), name  # noqa: S101 - a mistake of ours
    return {"x-parentage-action": name}
