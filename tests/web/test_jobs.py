# SPDX-License-Identifier: Apache-2.0
"""Jobs: done, followed, stopped, taken up again after their worker was killed."""

import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from parentage.artifact.source import client as sources
from parentage.report.load import parse_report
from parentage.web.database import reading
from parentage.web.jobs.worker import MOST_ATTEMPTS, StoppedError, Worker
from parentage.web.tables import Job


@pytest.fixture(autouse=True)
def _usual_clients():
    yield
    sources.use_clients(None)


@pytest.fixture
def audit(seeded, paths):
    """Asks for an audit of a bundled model; gives its number."""
    client = seeded.client("verifier")

    def ask(candidate="vlm-frozen", label="2", **more):
        version = client.post(
            "/api/v1/models/1/versions",
            json={"label": label, "reference": paths[candidate]},
        ).json()["id"]
        body = {"version_id": version, "against": [paths["vlm-donor"]], **more}
        answer = client.post("/api/v1/audits", json={"budget": 4_000_000, **body})
        assert answer.status_code == 202, answer.text
        return answer.json()["id"]

    ask.client = client
    return ask


def job(seeded, number):
    with reading(seeded.engine) as db:
        return db.get(Job, number)


def test_audit_is_done_and_its_report_is_the_one_of_the_command_line(
    seeded, audit, report_bytes
):
    number = audit(profiles=["gov-minimum"])
    seeded.work()
    found = audit.client.get(f"/api/v1/jobs/{number}").json()
    assert found["state"] == "done", found
    assert found["share"] == 1.0
    assert len(found["events"]) > 1
    report = audit.client.get(f"/api/v1/reports/{found['report_id']}").json()
    assert report["row"]["origin"] == "audit"
    known = parse_report(report_bytes["frozen"].decode())
    ours = {m["name"]: m["finding"] for m in report["document"]["modules"]}
    assert ours == {m.name: m.finding for m in known.modules}
    assert report["document"]["verdicts"][0]["outcome"] == "violated"
    text = audit.client.get(f"/api/v1/reports/{found['report_id']}/file").text
    assert str(Path(__file__).parents[2]) not in text


def test_events_end_with_the_job(seeded, audit):
    number = audit()
    seeded.work()
    text = audit.client.get(f"/api/v1/jobs/{number}/events").text
    assert text.startswith("event: progress\ndata: {")
    assert text.endswith("event: end\ndata: {}\n\n")


def test_claim_is_checked_and_the_ledger_says_so(seeded):
    seeded.work()
    found = seeded.client().get("/api/v1/challenges/1").json()
    assert found["row"]["state"] == "checked"
    assert found["row"]["outcome"] == "cannot-support"
    assert found["check"]["judgement"]["cells"] == {"reproduces": 1}
    kinds = [entry["kind"] for entry in found["entries"]]
    assert kinds == ["challenge-filed", "challenge-checked"]


def test_waiting_job_is_cancelled_at_once_and_can_be_resumed(seeded, audit):
    number = audit()
    said = audit.client.post(f"/api/v1/jobs/{number}/cancel").json()
    assert said["state"] == "cancelled"
    seeded.work()
    assert job(seeded, number).state == "cancelled"
    assert audit.client.post(f"/api/v1/jobs/{number}/cancel").status_code == 409
    assert audit.client.post(f"/api/v1/jobs/{number}/resume").status_code == 200
    seeded.work()
    assert job(seeded, number).state == "done"


def test_running_job_stops_at_its_next_step(seeded, audit, monkeypatch):
    from parentage.web.jobs import tasks

    number = audit()

    def slow(payload, settings, progress):
        progress("first", 0, 2)
        audit.client.post(f"/api/v1/jobs/{number}/cancel")
        with pytest.raises(StoppedError):
            progress("second", 1, 2)
        raise StoppedError

    monkeypatch.setattr(tasks, "run_audit", slow)
    seeded.work()
    found = job(seeded, number)
    assert (found.state, found.step) == ("cancelled", "first")


def test_job_that_fails_says_why_and_can_be_resumed(seeded, audit, monkeypatch):
    from parentage.web.jobs import tasks

    number = audit()
    with monkeypatch.context() as patch:
        patch.setattr(tasks, "run_audit", lambda *_: 1 / 0)
        seeded.work()
    found = job(seeded, number)
    assert found.state == "failed"
    assert found.error["message"] == "internal error"
    audit.client.post(f"/api/v1/jobs/{number}/resume")
    seeded.work()
    assert job(seeded, number).state == "done"


def test_job_is_taken_by_one_worker_only(seeded, audit):
    number = audit()
    first = Worker(seeded.settings, seeded.engine, seeded.queue, "a:x")
    second = Worker(seeded.settings, seeded.engine, seeded.queue, "b:x")
    assert first._take(number)
    assert not second._take(number)
    assert second.recover() == []  # its sign of life is new


def test_job_of_a_lost_worker_is_put_back_and_given_up_in_the_end(seeded, audit):
    number = audit()
    lost = Worker(seeded.settings, seeded.engine, seeded.queue, "gone:x")
    for _ in range(MOST_ATTEMPTS):
        assert lost._take(number)
        with seeded.db() as db:
            db.get(Job, number).beat = "2020-01-01T00:00:00.000000+00:00"
            db.commit()
        other = Worker(seeded.settings, seeded.engine, seeded.queue, "other:x")
        assert other.recover() == [number]
    found = job(seeded, number)
    assert found.state == "failed"
    assert "lost" in found.error["message"]


def test_late_worker_does_not_overwrite_what_another_one_did(seeded, audit):
    number = audit()
    late = Worker(seeded.settings, seeded.engine, seeded.queue, "late:x")
    assert late._take(number)
    with seeded.db() as db:
        row = db.get(Job, number)
        row.worker, row.state = "other:x", "done"
        db.commit()
    late._end(number, "failed")
    assert job(seeded, number).state == "done"


SLOW = """
import sys, time
from parentage.web.jobs import tasks
inner = tasks.run_audit
def slow(payload, settings, progress):
    def step(*args):
        progress(*args)
        time.sleep(0.5)
    return inner(payload, settings, step)
tasks.run_audit = slow
from parentage.cli.main import main
sys.exit(main(["portal", "worker"]))
"""


def start(settings, code):
    env = {
        **os.environ,
        "PARENTAGE_PORTAL_DATA": str(settings.data),
        "PARENTAGE_PORTAL_SECRET_KEY": settings.secret_key,
        "PARENTAGE_PORTAL_LOCAL_ROOTS": str(settings.local_roots[0]),
    }
    return subprocess.Popen([sys.executable, "-c", code], env=env)


def wait(seeded, number, wanted, seconds=60):
    until = time.monotonic() + seconds
    while time.monotonic() < until:
        if wanted(job(seeded, number)):
            return job(seeded, number)
        time.sleep(0.05)
    raise AssertionError(f"job {number}: {job(seeded, number).state}")


def test_killed_worker_loses_nothing(seeded, audit):
    """SIGKILL in the middle; the next worker takes the job up and ends it."""
    number = audit()
    process = start(seeded.settings, SLOW)
    try:
        wait(seeded, number, lambda row: row.state == "running" and row.done > 0)
    finally:
        process.send_signal(signal.SIGKILL)
        process.wait()
    assert job(seeded, number).state == "running"
    process = start(seeded.settings, SLOW.replace("0.5", "0"))
    try:
        found = wait(seeded, number, lambda row: row.state == "done")
    finally:
        process.terminate()
        process.wait(20)
    assert found.attempts == 2
    assert len(seeded.client().get("/api/v1/reports").json()["items"]) == 2


def heavy_from_one(seeded):
    """Every audit goes to Ray, which starts here."""
    seeded.settings = seeded.settings.model_copy(
        update={"engine": "ray", "heavy_parameters": 1}
    )


def test_heavy_job_is_done_on_a_cluster_and_gives_the_same_report(seeded, audit):
    here = audit()
    seeded.work()
    heavy_from_one(seeded)
    there = audit(label="3")
    seeded.work()
    found = [audit.client.get(f"/api/v1/jobs/{n}").json() for n in (here, there)]
    assert [one["state"] for one in found] == ["done", "done"], found
    steps = [event["text"] for event in found[1]["events"]]
    assert "on the cluster" in steps
    reports = [
        audit.client.get(f"/api/v1/reports/{one['report_id']}").json()["document"]
        for one in found
    ]
    assert reports[0]["modules"] == reports[1]["modules"]


def test_error_of_a_heavy_job_is_the_one_of_the_model(seeded, audit):
    heavy_from_one(seeded)
    number = audit()
    with seeded.db() as db:
        row = db.get(Job, number)
        missing = str(Path(row.payload["references"][1]).parent / "not-there")
        row.payload = {
            **row.payload,
            "references": [row.payload["references"][0], missing],
        }
        db.commit()
    seeded.work()
    found = audit.client.get(f"/api/v1/jobs/{number}").json()
    assert found["state"] == "failed"
    assert "not-there" in str(found["error"])
