# SPDX-License-Identifier: Apache-2.0
"""Jobs: asked for, followed live, stopped, taken up again."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from typing import Annotated, Final

from fastapi import APIRouter, Query, Request
from pydantic import Field
from starlette.concurrency import run_in_threadpool
from starlette.responses import StreamingResponse

from parentage.web.api.inputs import Body, Limit, Number, Offset, Text
from parentage.web.asking import Asker, Config, Db, Jobs, action, state_of
from parentage.web.database import reading
from parentage.web.permissions import Actor
from parentage.web.services import jobs
from parentage.web.services.views import JobView, Page
from parentage.web.state import State

router = APIRouter(tags=["jobs"])

LONGEST: Final = 3600.0
"""Seconds that a stream of progress lasts at most; browsers connect again."""


class AuditBody(Body):
    """An audit to run."""

    version_id: Annotated[int, Field(ge=1, le=2**62)]
    against_versions: Annotated[list[int], Field(max_length=20)] = []
    against: Annotated[list[str], Field(max_length=20)] = []
    profiles: Annotated[list[str], Field(max_length=20)] = []
    budget: Annotated[int, Field(ge=1_000_000, le=1_000_000_000)] = 64_000_000
    seed: Annotated[int, Field(ge=0, lt=2**31)] = 0


@router.get("/jobs", openapi_extra=action("job.read"))
def list_jobs(
    db: Db,
    actor: Asker,
    model: Annotated[int | None, Query(ge=1, le=2**62)] = None,
    state: Text = "",
    offset: Offset = 0,
    limit: Limit = 50,
) -> Page[JobView]:
    """Jobs that one may follow, newest first."""
    return jobs.jobs(db, actor, model_id=model, state=state, offset=offset, limit=limit)


@router.post("/audits", status_code=202, openapi_extra=action("audit.run"))
def run_audit(
    db: Db, actor: Asker, settings: Config, queue: Jobs, body: AuditBody
) -> JobView:
    """Ask for an audit; it runs in the background."""
    number = jobs.submit_audit(db, actor, settings, queue, **body.model_dump())
    return jobs.job(db, actor, number)


@router.get("/jobs/{number}", openapi_extra=action("job.read"))
def one_job(db: Db, actor: Asker, number: Number) -> JobView:
    """A job with its steps."""
    return jobs.job(db, actor, number)


@router.post("/jobs/{number}/cancel", openapi_extra=action("job.cancel"))
def cancel(db: Db, actor: Asker, number: Number) -> JobView:
    """Ask a job to stop."""
    return jobs.cancel_job(db, actor, number)


@router.post("/jobs/{number}/resume", openapi_extra=action("job.cancel"))
def resume(db: Db, actor: Asker, queue: Jobs, number: Number) -> JobView:
    """Take up a job that failed or was stopped."""
    return jobs.resume_job(db, actor, queue, number)


@router.get(
    "/jobs/{number}/events",
    response_class=StreamingResponse,
    responses={200: {"content": {"text/event-stream": {}}}},
    openapi_extra=action("job.read"),
)
def events(request: Request, db: Db, actor: Asker, number: Number) -> StreamingResponse:
    """Progress as server-sent events: ``progress`` with the job, then ``end``."""
    first = jobs.job(db, actor, number)
    return StreamingResponse(
        _stream(state_of(request), actor, number, first),
        media_type="text/event-stream",
        headers={"X-Accel-Buffering": "no"},
    )


def _look(state: State, actor: Actor, number: int) -> JobView:
    with reading(state.engine) as db:
        return jobs.job(db, actor, number)


async def _stream(
    state: State, actor: Actor, number: int, view: JobView
) -> AsyncIterator[str]:
    # Ends with the client's connection: the server cancels the generator then.
    loop = asyncio.get_running_loop()
    until, said = loop.time() + LONGEST, ""
    while loop.time() < until:
        text = view.model_dump_json()
        if text != said:
            said = text
            yield f"event: progress\ndata: {text}\n\n"
        else:
            yield ": still here\n\n"
        if view.ended:
            yield "event: end\ndata: {}\n\n"
            return
        await asyncio.sleep(0.7)
        view = await run_in_threadpool(_look, state, actor, number)
