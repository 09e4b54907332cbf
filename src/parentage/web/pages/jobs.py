# SPDX-License-Identifier: Apache-2.0
"""Audits are asked for here, and followed while they run."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Annotated

from fastapi import APIRouter, Form, Request
from sqlalchemy.orm import Session
from starlette.responses import Response

from parentage.errors import NoSuchPageError
from parentage.web.asking import Asker, Config, Db, Jobs, action
from parentage.web.pages.models import found_bases, number_of
from parentage.web.pages.rendering import go, render
from parentage.web.permissions import Actor, require
from parentage.web.services import choices, jobs
from parentage.web.services.model_page import model_page
from parentage.web.services.reports import profiles
from parentage.web.services.views import ModelView, VersionView
from parentage.web.settings import Settings

router = APIRouter()

MEGABYTE = 1_000_000


@dataclass(frozen=True)
class Other:
    """A version that an audit may be held against."""

    id: int
    name: str
    label: str
    suggested: bool


def version_and_model(
    db: Session, actor: Actor, settings: Settings, number: int
) -> tuple[VersionView, ModelView]:
    """A version with its model's page.

    Raises:
        NoSuchPageError: there is no such version.
    """
    model = model_page(db, actor, settings, choices.model_of_version(db, actor, number))
    for version in model.versions:
        if version.id == number:
            return version, model
    raise NoSuchPageError(f"there is no version {number}")


def others_of(
    db: Session, actor: Actor, settings: Settings, model: ModelView
) -> list[Other]:
    """Versions of other models that can be read; likely ones first."""
    likely = {*found_bases(model), *model.declared_base.replace(",", " ").split()}
    found = [
        Other(version.id, name, version.label, name in likely)
        for name, version in choices.readable_versions(db, actor, settings)
        if version.model_id != model.row.id
    ]
    return sorted(found, key=lambda other: (not other.suggested, other.name, other.id))


@router.get("/audits/new", openapi_extra=action("audit.run"))
def new(
    request: Request, db: Db, actor: Asker, settings: Config, version: int
) -> Response:
    """The form for an audit."""
    require(actor, "audit.run")
    chosen, model = version_and_model(db, actor, settings, version)
    return render(
        request,
        "audit_new.html",
        actor,
        section="models",
        model=model,
        version=chosen,
        others=others_of(db, actor, settings, model),
        profiles=profiles(),
    )


@router.post("/audits/new", openapi_extra=action("audit.run"))
def start(
    request: Request,
    db: Db,
    settings: Config,
    queue: Jobs,
    actor: Asker,
    version: Annotated[int, Form()],
    against_version: Annotated[list[int], Form()] = [],  # noqa: B006 - never changed
    against: Annotated[str, Form(max_length=20_000)] = "",
    profile: Annotated[list[str], Form()] = [],  # noqa: B006 - never changed
    budget: Annotated[str, Form(max_length=20)] = "64",
    seed: Annotated[str, Form(max_length=20)] = "0",
) -> Response:
    """Ask for an audit."""
    number = jobs.submit_audit(
        db,
        actor,
        settings,
        queue,
        version_id=version,
        against_versions=against_version,
        against=[line.strip() for line in against.splitlines() if line.strip()],
        profiles=profile,
        budget=(number_of(budget) or 0) * MEGABYTE,
        seed=-1 if (found := number_of(seed)) is None else found,
    )
    return go(request, f"/jobs/{number}", "started")


@router.get("/jobs", openapi_extra=action("job.read"))
def page_of_list(request: Request, db: Db, actor: Asker, offset: int = 0) -> Response:
    """Jobs that one may follow."""
    found = jobs.jobs(db, actor, offset=offset)
    return render(request, "jobs.html", actor, section="jobs", list=found)


@router.get("/jobs/{number}", openapi_extra=action("job.read"))
def page(request: Request, db: Db, actor: Asker, number: int) -> Response:
    """A job; without scripts it is followed by loading the page again."""
    job = jobs.job(db, actor, number)
    return render(request, "job.html", actor, section="jobs", job=job)


@router.get("/jobs/{number}/progress", openapi_extra=action("job.read"))
def progress(request: Request, db: Db, actor: Asker, number: int) -> Response:
    """The part of a job's page that changes."""
    job = jobs.job(db, actor, number)
    return render(request, "job_progress.html", actor, job=job)


@router.post("/jobs/{number}/cancel", openapi_extra=action("job.cancel"))
def cancel(request: Request, db: Db, actor: Asker, number: int) -> Response:
    """Tell a job to stop."""
    jobs.cancel_job(db, actor, number)
    return go(request, f"/jobs/{number}", "cancelled")


@router.post("/jobs/{number}/resume", openapi_extra=action("job.cancel"))
def resume(
    request: Request, db: Db, queue: Jobs, actor: Asker, number: int
) -> Response:
    """Take a job up again."""
    jobs.resume_job(db, actor, queue, number)
    return go(request, f"/jobs/{number}", "resumed")
