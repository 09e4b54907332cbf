# SPDX-License-Identifier: Apache-2.0
"""A portal with one model, report, challenge and stage, and somebody of every role."""

import json
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import pytest

pytest.importorskip("fastapi", reason="needs the extra 'web'")
pytest.importorskip("huey", reason="needs the extra 'web'")
pytest.importorskip("argon2", reason="needs the extra 'web'")

from fastapi.testclient import TestClient

from parentage.cli.main import main
from parentage.web.app import create_app
from parentage.web.database import writing
from parentage.web.permissions import ROLES, Actor
from parentage.web.security import passwords
from parentage.web.services import accounts, challenges, models, organisations, reports
from parentage.web.settings import Settings
from parentage.web.tables import Stage

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
TABLE = b"layer,cosine\n0,0.5\n1,0.25\n"


@dataclass
class Seeded:
    """The app and what is in it."""

    app: Any
    settings: Settings
    engine: Any
    queue: Any
    ids: dict[str, int]
    actors: dict[str, Actor]

    def client(self, role="public"):
        """A browser that is signed in (or not)."""
        client = TestClient(self.app, base_url="http://127.0.0.1:8000")
        if role != "public":
            client.post(
                "/sign-in",
                data={"name": role, "password": PASSWORD, "csrf": csrf(client)},
                follow_redirects=False,
            )
        return client


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
    yield
    passwords._hasher = original


@pytest.fixture(scope="session")
def report_bytes(tmp_path_factory):
    """Reports of the bundled models: the frozen encoder, and its replacement."""
    import contextlib
    import io
    import os

    os.environ["PARENTAGE_CACHE_DIR"] = str(tmp_path_factory.mktemp("cache"))
    made = {}
    paths = {
        row["id"]: ZOO / row["path"]
        for row in json.loads((ZOO / "manifest.json").read_text())["models"]
    }
    for name, candidate in (("frozen", "vlm-frozen"), ("cured", "vlm-cured")):
        out = io.StringIO()
        with contextlib.redirect_stdout(out):
            line = [
                "audit",
                str(paths[candidate]),
                "--against",
                str(paths["vlm-donor"]),
            ]
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
        ids["version"] = models.versions_of(db, ids["model"])[0].id
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
        stage = Stage(
            slug="phase",
            title={"en": "Phase", "ko": "단계"},
            definition="",
            state="open",
            teams={},
        )
        db.add(stage)
        db.commit()
        ids["stage"] = stage.id
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
    state.engine.dispose()


__all__ = ["CLAIM", "PASSWORD", "TABLE", "Seeded", "csrf", "replace"]
