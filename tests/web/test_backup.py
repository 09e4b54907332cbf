# SPDX-License-Identifier: Apache-2.0
"""A backup gives the same pages elsewhere; old tables are upgraded without a loss."""

import json
import re
import shutil
import zipfile
from pathlib import Path

import pytest
from fastapi.testclient import TestClient

from parentage.errors import RegistryError, UsageError
from parentage.web.app import create_app
from parentage.web.backup import backup, restore
from parentage.web.database import open_database, version_of
from parentage.web.settings import Settings

FIRST = Path(__file__).parent / "backup-0001.zip"
"""Made by the first version of the tables; see ``record_backup.py``."""

PATHS = (
    *("/", "/api/v1/home", "/api/v1/models", "/api/v1/models/1", "/api/v1/lineage"),
    *("/api/v1/reports", "/api/v1/reports/1", "/api/v1/reports/1/file"),
    *("/api/v1/challenges/1", "/api/v1/challenges/1/files/t.csv"),
    *("/api/v1/stages/1", "/api/v1/ledger", "/api/v1/ledger/file"),
    *("/api/v1/ledger/verify", "/api/v1/search?query=vlm", "/api/v1/organisations"),
)


def seen(app):
    """What the public sees; without what is drawn anew for each visitor."""
    client = TestClient(app, base_url="http://127.0.0.1:8000")
    texts = {}
    for path in PATHS:
        answer = client.get(path)
        assert answer.status_code == 200, (path, answer.text[:300])
        texts[path] = (
            re.sub(r"\b[0-9a-f]{64}(?=\")", "", answer.text)
            if (path == "/")
            else answer.content
        )
    return texts


@pytest.fixture
def pages(seeded):
    """The portal with a checked claim and a fingerprint; what the public sees."""
    seeded.work()
    return seen(seeded.app)


def elsewhere(tmp_path, url=""):
    return Settings(data=tmp_path / "other", secret_key="another", database_url=url)


def test_backup_into_an_empty_server_gives_the_same_pages(seeded, pages, tmp_path):
    kept = backup(seeded.settings, tmp_path / "b.zip")
    assert (tmp_path / "b.zip").stat().st_mode & 0o077 == 0
    there = elsewhere(tmp_path)
    restored = restore(there, tmp_path / "b.zip")
    assert restored.rows == kept.rows
    app = create_app(there)
    assert seen(app) == pages
    # Whoever could sign in can do so there, and numbers go on.
    client = TestClient(app, base_url="http://127.0.0.1:8000")
    form = client.get("/sign-in").text
    csrf = re.search(r'name="csrf"\s+value="([^"]+)"', form).group(1)
    given = {"name": "verifier", "password": "correct horse battery", "csrf": csrf}
    answer = client.post("/sign-in", data=given, follow_redirects=False)
    assert answer.status_code == 303
    app.state.portal.close()


def test_backup_goes_from_sqlite_to_postgresql_and_back(
    seeded, pages, tmp_path, postgres
):
    backup(seeded.settings, tmp_path / "b.zip")
    there = elsewhere(tmp_path, postgres)
    restore(there, tmp_path / "b.zip")
    app = create_app(there)
    assert seen(app) == pages
    with app.state.portal.engine.connect() as connection:
        from sqlalchemy import insert

        from parentage.web.tables import Organisation

        made = insert(Organisation).values(slug="next", name="Next", created="x")
        assert connection.execute(made).inserted_primary_key[0] == 3
    app.state.portal.close()
    backup(there, tmp_path / "c.zip")
    back = Settings(data=tmp_path / "back", secret_key="another")
    restore(back, tmp_path / "c.zip")
    app = create_app(back)
    assert seen(app) == pages
    app.state.portal.close()


def test_restore_into_what_is_not_empty_is_refused(seeded, tmp_path):
    backup(seeded.settings, tmp_path / "b.zip")
    with pytest.raises(UsageError, match="not empty"):
        restore(seeded.settings, tmp_path / "b.zip")


@pytest.mark.parametrize(
    "spoil",
    [
        lambda file: file.write_bytes(b"x"),
        lambda file: shutil.copy(Path(__file__), file),
        lambda file: rewritten(file, "tables/portal_models.jsonl", b""),
        lambda file: rewritten(file, "manifest.json", b"{}"),
        lambda file: rewritten(file, "blobs/", b"other bytes"),
        lambda file: rewritten(file, "tables/portal_models.jsonl", b"[1]\nno row\n"),
        lambda file: rewritten(file, "tables/portal_blobs.jsonl", b"{}\n"),
        lambda file: patched(file, b"PK\x01\x02", 6, b"\x63\x00"),
        lambda file: patched(file, b"PK\x01\x02", 8, b"\x01\x00"),
        lambda file: patched(file, b"PK\x01\x02", 10, b"\x63\x00"),
        lambda file: patched(file, b"PK\x03\x04", 60, bytes(40)),
    ],
)
def test_damaged_backups_are_refused_and_leave_nothing(seeded, tmp_path, spoil):
    file = tmp_path / "b.zip"
    backup(seeded.settings, file)
    spoil(file)
    there = elsewhere(tmp_path)
    with pytest.raises(RegistryError):
        restore(there, file)
    client = TestClient(create_app(there))
    assert client.get("/api/v1/models").json()["total"] == 0


def patched(file, sign, offset, content):
    """The archive with other bytes after the first of such a sign."""
    data = bytearray(file.read_bytes())
    at = data.index(sign) + offset
    data[at : at + len(content)] = content
    file.write_bytes(bytes(data))


def rewritten(file, name, content):
    """The archive with one entry changed."""
    with zipfile.ZipFile(file) as old:
        entries = {n: old.read(n) for n in old.namelist()}
    known = next(n for n in entries if n.startswith(name))
    entries[known] = content
    with zipfile.ZipFile(file, "w") as new:
        for entry, data in entries.items():
            new.writestr(entry, data)


def test_first_tables_are_upgraded_and_keep_everything(tmp_path):
    """The recorded backup of version 0001 is restored as such, then upgraded."""
    there = elsewhere(tmp_path)
    kept = restore(there, FIRST)
    assert kept.version == "0001"
    engine = open_database(there.database, upgrade_to="")
    assert version_of(engine) == "0002"
    with zipfile.ZipFile(FIRST) as archive, engine.connect() as connection:
        for name, count in kept.rows.items():
            found = connection.exec_driver_sql(f"SELECT count(*) FROM {name}").scalar()
            assert found == count, name
            assert count == len(archive.read(f"tables/{name}.jsonl").splitlines())
    app = create_app(there, engine)
    client = TestClient(app, base_url="http://127.0.0.1:8000")
    assert client.get("/api/v1/ledger/verify").json()["intact"]
    # The lineage was not in the first tables: it comes from the stored reports.
    graph = client.get("/api/v1/lineage").json()
    assert [(e["child"], e["parent"], e["finding"]) for e in graph["edges"]] == [
        ("vlm-frozen", "vlm-donor", "identical")
    ]
    row = client.get("/api/v1/reports/1").json()["row"]
    assert row["headlines"]["en"] == row["headline"]
    engine.dispose()


def test_upgrade_of_a_database_in_place(tmp_path):
    """A database that is at the first version, with rows, is opened by this one."""
    there = elsewhere(tmp_path)
    from parentage.web import backup as module

    original = module.upgrade
    try:
        module.upgrade = lambda engine, to="": original(engine, to) if to else None
        restore(there, FIRST)
    finally:
        module.upgrade = original
    engine = open_database(there.database, upgrade_to="")
    assert version_of(engine) == "0001"
    engine.dispose()
    app = create_app(there)
    client = TestClient(app, base_url="http://127.0.0.1:8000")
    assert client.get("/ready").json()["tables"] == "0002"
    assert client.get("/api/v1/models").json()["total"] == 1
    assert len(client.get("/api/v1/lineage").json()["edges"]) == 1
    app.state.portal.close()


def test_manifest_says_what_is_there(seeded, tmp_path):
    kept = backup(seeded.settings, tmp_path / "b.zip")
    with zipfile.ZipFile(tmp_path / "b.zip") as archive:
        manifest = json.loads(archive.read("manifest.json"))
    assert manifest["rows"] == kept.rows
    assert "portal_sessions" not in manifest["rows"]
