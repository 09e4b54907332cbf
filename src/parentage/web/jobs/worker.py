# SPDX-License-Identifier: Apache-2.0
"""A worker: takes jobs, does them, says how far it is, and gives none up.

A job is taken by changing its row, so that only one worker has it. While it runs, its
row is touched every few seconds. A worker that starts, and every worker now and then,
puts back what a lost worker had: audits find what was computed in the evidence cache.
"""

from __future__ import annotations

import logging
import os
import socket
import threading
import time
from collections.abc import Callable
from contextlib import contextmanager, suppress
from datetime import timedelta
from typing import TYPE_CHECKING, Any, Final

from sqlalchemy import Engine, select, update
from sqlalchemy.exc import SQLAlchemyError

from parentage.errors import ParentageError
from parentage.run.executor import Ledger, Work, executor_of, key_of, work_through
from parentage.web.database import reading, writing
from parentage.web.jobs import tasks
from parentage.web.jobs.queue import Queue
from parentage.web.permissions import Actor
from parentage.web.security.times import before
from parentage.web.services import ledger
from parentage.web.services.base import bytes_of, keep
from parentage.web.services.reports import parsed, store_report
from parentage.web.settings import Settings
from parentage.web.tables import Account, Challenge, Job, JobEvent, Model, Version, now

if TYPE_CHECKING:
    from collections.abc import Iterator

LOG: Final = logging.getLogger("parentage.web.jobs")

BEAT: Final = 5.0
"""Seconds between two signs of life."""

LOST: Final = timedelta(seconds=45)
"""A job without a sign of life for so long has lost its worker."""

MOST_ATTEMPTS: Final = 5
"""A job whose workers are lost so often is given up: it may be what kills them."""


class StoppedError(Exception):
    """Somebody asked the job to stop, or another worker has it."""


class Worker:
    """Does jobs.

    Args:
        settings: the portal's.
        engine: its database.
        queue: where numbers of jobs arrive.
        name: unique among workers; by default machine and process.
    """

    def __init__(
        self, settings: Settings, engine: Engine, queue: Queue, name: str = ""
    ) -> None:
        self.settings = settings
        self.engine = engine
        self.queue = queue
        self.name = name or f"{socket.gethostname()}:{os.getpid()}"
        queue.work(self.perform)

    # ---- which jobs

    def recover(self) -> list[int]:
        """Put back jobs whose workers are gone, and tell the queue of all that wait.

        Returns:
            Numbers of the jobs that were put back.
        """
        host = self.name.rsplit(":", 1)[0]
        with writing(self.engine) as db:
            running = db.scalars(select(Job).where(Job.state == "running")).all()
            lost = [row for row in running if self._lost(row, host)]
            for row in lost:
                if row.cancel:
                    row.state, row.finished = "cancelled", now()
                elif row.attempts >= MOST_ATTEMPTS:
                    error = ParentageError(
                        f"the worker was lost {row.attempts} times",
                        advice="See whether it needs more memory than there is.",
                    )
                    row.state, row.finished = "failed", now()
                    row.error = error.to_json()
                else:
                    row.state = "queued"
                db.add(JobEvent(job_id=row.id, text="the worker was lost"))
            db.commit()
            waiting = list(
                db.scalars(select(Job.id).where(Job.state == "queued").order_by(Job.id))
            )
        if waiting and not self.queue.huey.pending_count():
            for number in waiting:
                self.queue.put(number)
        return [row.id for row in lost]

    def _lost(self, row: Job, host: str) -> bool:
        if row.beat is None or row.beat < before(LOST):
            return True
        machine, _, process = row.worker.rpartition(":")
        if machine != host or row.worker in _ACTIVE:
            return False
        return row.worker == self.name or not _alive(process)

    # ---- one job

    def perform(self, number: int) -> None:
        """Do a job, if it waits; every outcome is written to its row."""
        if not self._take(number):
            return
        with reading(self.engine) as db:
            job = db.get(Job, number)
            assert job is not None  # noqa: S101 - it was just taken
            payload, kind = dict(job.payload), job.kind
        steps = _Steps(self.engine, number, self.name)
        try:
            with steps.beating():
                if kind == "audit":
                    self._audit(number, payload, steps)
                else:
                    self._claim(number, payload, steps)
        except StoppedError:
            self._end(number, "cancelled")
        except ParentageError as error:
            self._end(number, "failed", error)
        except SQLAlchemyError:
            # The row cannot be written either: it is put back when it is found lost.
            LOG.exception("job %s: the database failed", number)
        except Exception:
            LOG.exception("job %s failed", number)
            self._end(
                number,
                "failed",
                ParentageError(
                    "internal error", advice="The operator finds it in the log."
                ),
            )

    def _take(self, number: int) -> bool:
        with writing(self.engine) as db:
            taken = db.execute(
                update(Job)
                .where(Job.id == number, Job.state == "queued")
                .values(
                    state="running",
                    worker=self.name,
                    beat=now(),
                    started=now(),
                    attempts=Job.attempts + 1,
                    step="",
                    done=0,
                    total=0,
                )
            )
            db.commit()
            return bool(getattr(taken, "rowcount", 0))

    def _end(
        self, number: int, state: str, error: ParentageError | None = None
    ) -> None:
        with writing(self.engine) as db:
            db.execute(
                update(Job)
                .where(Job.id == number, Job.worker == self.name)
                .where(Job.state == "running")
                .values(
                    state=state,
                    finished=now(),
                    error=None if error is None else error.to_json(),
                )
            )
            db.add(JobEvent(job_id=number, text=state))
            db.commit()

    def _audit(self, number: int, payload: dict[str, Any], steps: _Steps) -> None:
        text = self._report_text(payload, steps)
        content = text.encode()
        with writing(self.engine) as db:
            job = steps.still_mine(db)
            version = db.get(Version, payload["version"])
            model = None if version is None else db.get(Model, version.model_id)
            row = store_report(
                db,
                self._owner(job),
                content,
                parsed(content),
                origin="audit",
                model=model,
                version_id=payload["version"],
                job_id=number,
            )
            job.state, job.result, job.finished = "done", row.digest, now()
            job.done = job.total = max(job.total, 1)
            db.add(JobEvent(job_id=number, text="done", done=1, total=1))
            db.commit()

    def _report_text(self, payload: dict[str, Any], steps: _Steps) -> str:
        settings = self.settings
        heavy = (
            settings.engine == "ray"
            and tasks.size_of(payload["references"][0], settings)
            >= settings.heavy_parameters
        )
        if not heavy:
            return tasks.run_audit(payload, settings, steps).to_json()
        steps("on the cluster", 0, 1)
        wanted = {
            "job": payload,
            "data": str(settings.data),
            "settings": {
                "local_roots": [str(root) for root in settings.local_roots],
                "fetch_hosts": list(settings.fetch_hosts),
                "fetch_proxy": settings.fetch_proxy,
            },
        }
        (outcome,) = work_through(
            executor_of("ray", address=settings.ray_address or None),
            tasks.remote_audit,
            [Work(key_of(**payload), payload["labels"][0], wanted)],
            ledger=Ledger(settings.data / "results"),
        )
        if outcome.value is None:
            error = outcome.error or {}
            raise ParentageError(
                str(error.get("message", "the task was lost")),
                file=error.get("file"),
                expected=error.get("expected"),
                advice=error.get("advice"),
            )
        return str(outcome.value["report"])

    def _claim(self, number: int, payload: dict[str, Any], steps: _Steps) -> None:
        with reading(self.engine) as db:
            challenge = db.get(Challenge, payload["challenge"])
            assert challenge is not None  # noqa: S101 - never deleted
            files = {
                name: bytes_of(db, digest)
                for name, digest in {
                    **challenge.tables,
                    challenge.claim_name: challenge.claim,
                }.items()
            }
            models = {}
            for name, version in payload["models"].items():
                found = db.get(Version, version)
                if found is not None:
                    models[name] = found.reference
            claim_name = challenge.claim_name
        steps("checking the claim", 0, 1)
        document = tasks.run_claim(claim_name, files, models, self.settings)
        content = document.model_dump_json(by_alias=True, indent=2).encode()
        with writing(self.engine) as db:
            job = steps.still_mine(db)
            row = db.get(Challenge, payload["challenge"])
            assert row is not None  # noqa: S101 - never deleted
            row.check = keep(db, content, "claim-check")
            row.check_outcome = document.judgement.outcome
            if row.state == "open":
                row.state = "checked"
            ledger.append(
                db,
                Actor(name="parentage"),
                "challenge-checked",
                f"challenge:{row.id}",
                {"outcome": row.check_outcome, "check": row.check, "job": number},
            )
            job.state, job.result, job.finished = "done", row.check, now()
            job.done = job.total = 1
            db.add(JobEvent(job_id=number, text="done", done=1, total=1))
            db.commit()

    def _owner(self, job: Job) -> Actor:
        with reading(self.engine) as db:
            account = db.get(Account, job.created_by) if job.created_by else None
            if account is None:
                return Actor(name="parentage")
            return Actor(account=account.id, name=account.name)


_ACTIVE: Final[set[str]] = set()
"""Names of workers of this very process that are at work (tests run several)."""


def _alive(process: str) -> bool:
    if not process.isdigit():
        return True  # Named by somebody: only its signs of life tell.
    try:
        os.kill(int(process), 0)
    except ProcessLookupError:
        return False
    except PermissionError:
        return True
    return True


class _Steps:
    """Progress of one job: written at most a few times a second."""

    def __init__(self, engine: Engine, number: int, worker: str) -> None:
        self.engine = engine
        self.number = number
        self.worker = worker
        self._stop = threading.Event()
        self._wanted = threading.Event()
        self._last = 0.0
        self._step = ""

    def __call__(self, what: str, done: int, total: int) -> None:
        """Note a step.

        Raises:
            StoppedError: the job was asked to stop, or another worker has it.
        """
        if self._wanted.is_set():
            raise StoppedError
        clock = time.monotonic()
        if what == self._step and clock - self._last < 0.3:
            return
        new, self._step, self._last = what != self._step, what, clock
        with writing(self.engine) as db:
            self.still_mine(db, step=what[:300], done=done, total=total)
            if new:
                db.add(
                    JobEvent(
                        job_id=self.number, text=what[:300], done=done, total=total
                    )
                )
            db.commit()

    def still_mine(self, db: Any, **values: object) -> Job:  # noqa: ANN401
        """The job's row, locked; with a sign of life and perhaps a step.

        Raises:
            StoppedError: see :meth:`__call__`.
        """
        row: Job | None = db.scalar(
            select(Job).where(Job.id == self.number).with_for_update()
        )
        if row is None or row.worker != self.worker or row.state != "running":
            raise StoppedError
        if row.cancel:
            raise StoppedError
        row.beat = now()
        for name, value in values.items():
            setattr(row, name, value)
        return row

    @contextmanager
    def beating(self) -> Iterator[None]:
        """Signs of life from a thread, which also learns whether to stop."""
        _ACTIVE.add(self.worker)
        thread = threading.Thread(target=self._beat, daemon=True)
        thread.start()
        try:
            yield
        finally:
            self._stop.set()
            thread.join()
            _ACTIVE.discard(self.worker)

    def _beat(self) -> None:
        while not self._stop.wait(BEAT):
            with suppress(SQLAlchemyError):
                try:
                    with writing(self.engine) as db:
                        self.still_mine(db)
                        db.commit()
                except StoppedError:
                    self._wanted.set()


def work(
    worker: Worker, *, every: float = 20.0, ready: Callable[[], None] | None = None
) -> None:
    """Do jobs until the process is told to end.

    Args:
        worker: who.
        every: seconds between two looks for jobs whose workers are lost.
        ready: called once jobs are taken.
    """
    worker.recover()
    stop = threading.Event()

    def look() -> None:
        while not stop.wait(every):
            try:
                worker.recover()
            except (SQLAlchemyError, ParentageError):
                LOG.exception("lost jobs were not looked for")

    threading.Thread(target=look, daemon=True).start()
    consumer = worker.queue.huey.create_consumer(
        workers=worker.settings.job_threads,
        periodic=False,
        worker_type="thread",
        max_delay=1.0,
        graceful_signal="TERM",
        shutdown_timeout=5,
    )
    if ready is not None:
        ready()
    try:
        consumer.run()
    finally:
        stop.set()
