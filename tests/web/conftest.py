# SPDX-License-Identifier: Apache-2.0
"""A portal with one model, report, challenge and stage, and somebody of every role."""

from __future__ import annotations

import contextlib
import io
import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from parentage.cli.main import main

try:
    import argon2  # noqa: F401
    import authlib  # noqa: F401
    import fastapi  # noqa: F401
    import huey  # noqa: F401
    import pyotp  # noqa: F401
    from fastapi.testclient import TestClient
except ImportError as error:
    collect_ignore_glob = ["*.py", "*/*.py"]
    REASON = f"tests/web is left out: the extra 'web' is not installed ({error})"

    def pytest_report_header():
        return REASON
else:
    from parentage.artifact.source.client import use_clients
    from parentage.web.app import create_app
    from parentage.web.database import writing
    from parentage.web.jobs.worker import Worker
    from parentage.web.permissions import ROLES, Actor
    from parentage.web.security import passwords, sessions
    from parentage.web.security.secret import derived
    from parentage.web.services import (
        accounts,
        challenges,
        models,
        organisations,
        reports,
        stages,
    )
    from parentage.web.settings import Settings
    from parentage.web.tables import Account


def pytest_collection_modifyitems(items):
    """They need the extra 'web': `make test-services` installs it."""
    here = Path(__file__).parent
    for item in items:
        if here in Path(item.path).parents:
            item.add_marker(pytest.mark.services)


ZOO = Path(__file__).parents[2] / "zoo"
PASSWORD = "correct horse battery"
CLAIM = b"""\
format: parentage.claim-file/1
id: norm-cosine
title: The norm gains have cosine 0.99
candidate: vlm-frozen
reference: vlm-donor
tables:
  t: {path: t.csv}
numbers:
  - id: s
    title: cosine of norm gains
    statistic: cosine
    of: norm-gains
    says: derived
    claimed_at: "0.99"
    source: {table: t, column: cosine}
    cells:
      - {label: mean, printed: "0.375", take: mean}
"""
STAGE = (Path(__file__).parent / "stage.toml").read_text(encoding="utf-8")
TABLE = b"layer,cosine\n0,0.5\n1,0.25\n"


@dataclass
class Seeded:
    """The app and what is in it."""

    app: Any
    settings: Settings
    engine: Any
    queue: Any
    ids: dict[str, int]
    actors: dict[str, Any]

    def client(self, role="public", **more):
        """A browser that is signed in (or not); it sends the text against forgery."""
        client = TestClient(self.app, base_url="http://127.0.0.1:8000", **more)
        if role != "public":
            with writing(self.engine) as db:
                account = db.get(Account, self.ids[role])
                started = sessions.begin(
                    db, self.settings, account, address="test", second_factor=False
                )
            client.cookies.set("parentage", started.cookie)
            client.headers["X-CSRF-Token"] = derived(
                self.settings.key, "csrf", started.cookie
            )
        return client

    def db(self):
        """A session that writes."""
        return writing(self.engine)

    def work(self):
        """Do all jobs that wait."""
        worker = Worker(self.settings, self.engine, self.queue, "tests")
        while (task := self.queue.huey.dequeue()) is not None:
            self.queue.huey.execute(task)
        return worker


def csrf(client, path="/sign-in"):
    """The text that forms of this browser hold."""
    html = client.get(path).text
    return html.split('name="csrf" value="')[1].split('"')[0]


@pytest.fixture(scope="session", autouse=True)
def _cheap_hashes():
    """Passwords are hashed at a cost that suits tests."""
    from argon2 import PasswordHasher

    passwords._hasher.cache_clear()
    hasher = PasswordHasher(time_cost=1, memory_cost=64, parallelism=1)
    original, passwords._hasher = passwords._hasher, lambda: hasher
    passwords._nobody.cache_clear()
    yield
    passwords._hasher = original


@pytest.fixture(scope="session")
def paths():
    """The bundled models."""
    rows = json.loads((ZOO / "manifest.json").read_text())["models"]
    return {row["id"]: str(ZOO / row["path"]) for row in rows}


@pytest.fixture(scope="session")
def report_bytes(paths):
    """Reports of the bundled models: the frozen encoder, and its replacement."""
    made = {}
    for name, candidate in (("frozen", "vlm-frozen"), ("cured", "vlm-cured")):
        out = io.StringIO()
        with contextlib.redirect_stdout(out):
            line = ["audit", paths[candidate], "--against", paths["vlm-donor"]]
            main([*line, "--json", "--no-cache", "--budget", "4MB"])
        made[name] = out.getvalue().encode()
    return made


def seed(engine, settings, queue, report):
    """One of everything; returns numbers and actors."""
    root = Actor(name="operator", role="administrator")
    ids: dict[str, int] = {}
    actors = {"public": Actor()}
    with writing(engine) as db:
        team = organisations.make_organisation(db, root, slug="team", name="Team One")
        rival = organisations.make_organisation(db, root, slug="rival", name="Rival")
        ids |= {"organisation": team.id, "rival": rival.id}
        for role in ROLES[1:]:
            owner = team.id if role == "submitter" else None
            made = accounts.create_account(
                db,
                root,
                name=role,
                role=role,
                password=PASSWORD,
                organisation_id=owner,
            )
            ids[role] = made.id
            actors[role] = Actor(
                account=made.id, name=role, role=role, organisation=owner
            )
        challenger = accounts.create_account(
            db,
            root,
            name="challenger",
            role="submitter",
            password=PASSWORD,
            organisation_id=rival.id,
        )
        actors["challenger"] = Actor(
            account=challenger.id,
            name="challenger",
            role="submitter",
            organisation=rival.id,
        )
        ids["challenger"] = challenger.id
        ids["model"] = models.create_model(
            db,
            actors["submitter"],
            settings,
            name="vlm-frozen",
            family="vlm",
            description="A vision-language model",
            licence="Apache-2.0",
        )
        ids["version"] = models.versions_of(db, settings, ids["model"])[0].id
        ids["report"] = reports.upload_report(
            db, actors["verifier"], settings, report, version_id=ids["version"]
        ).id
        ids["challenge"] = challenges.file_challenge(
            db,
            actors["challenger"],
            settings,
            queue,
            model_id=ids["model"],
            title="The norm gains have cosine 0.99",
            statement="Cosines of 0.99 show that it is derived.",
            claim=CLAIM,
            tables={"t.csv": TABLE},
        )
        ids["stage"] = stages.create_stage(
            db,
            actors["administrator"],
            slug="phase",
            definition=STAGE.encode(),
            teams={"one": ids["model"]},
        )
        stages.seat_member(
            db,
            actors["administrator"],
            ids["stage"],
            account_id=ids["panel"],
            panel="experts",
            member="expert-1",
        )
        stages.open_stage(db, actors["administrator"], ids["stage"])
    return ids, actors


@pytest.fixture
def settings(tmp_path):
    return Settings(
        data=tmp_path / "portal", secret_key="a key for tests", local_roots=(ZOO,)
    )


@pytest.fixture
def seeded(settings, report_bytes):
    """A portal of one's own."""
    app = create_app(settings)
    state = app.state.portal
    ids, actors = seed(state.engine, settings, state.queue, report_bytes["frozen"])
    yield Seeded(app, settings, state.engine, state.queue, ids, actors)
    state.close()
    # Jobs that were done here have guarded what this process reads by.
    use_clients(None)
