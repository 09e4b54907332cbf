# SPDX-License-Identifier: Apache-2.0
"""Registries: each content once, all or nothing, whoever writes at the same time."""

import json
import multiprocessing
import signal
import struct
import subprocess
import sys
import time
import zipfile

import pytest
from sqlalchemy import text

from parentage.errors import ParentageError, RegistryError, UsageError
from parentage.registry.archive import export_registry, import_registry
from parentage.registry.container import to_bytes
from parentage.registry.database import open_engine, parse_url
from parentage.registry.store import Registry, prepare


@pytest.fixture(scope="session")
def items(small):
    return [prepare(to_bytes(made)) for made in small.values()]


def test_content_is_kept_once(url, items):
    with Registry(url) as registry:
        assert registry.add(items) == [True] * len(items)
        assert registry.add(items[::-1]) == [False] * len(items)
        assert registry.count() == len(items)
        assert [row.digest for row in registry.rows()] == [i.digest for i in items]
        assert registry.verify() == []
        row = registry.find("moe-a")
        assert registry.file(row.id) == items[2].file
        assert registry.find(row.digest[:10]) == row
    with Registry(url) as again:
        assert again.count() == len(items)
        assert again.name == registry.name


def test_what_is_not_there_is_said(url, items):
    with Registry(url) as registry:
        registry.add(items[:2])
        with pytest.raises(RegistryError, match="no fingerprint"):
            registry.find("nobody")
        number = registry.find("decoder-a").id
        assert registry.remove([number]) == 1
        assert registry.remove([number]) == 0
        with pytest.raises(RegistryError):
            registry.file(number)
        assert registry.count() == 1


def test_a_failed_addition_leaves_nothing(url, items):
    def some():
        yield from items[:3]
        message = "no more"
        raise RuntimeError(message)

    with Registry(url) as registry:
        with pytest.raises(RuntimeError):
            registry.add(some())
        assert registry.count() == 0


def _write(url, files, ready, go):
    registry = Registry(url)
    ready.release()
    go.wait()
    for file in files:
        registry.add([prepare(file)])
    registry.close()


def test_writers_at_the_same_time_lose_nothing(url, items):
    context = multiprocessing.get_context("spawn")
    ready, go = context.Semaphore(0), context.Event()
    files = [item.file for item in items]
    # Each writes all, in another order: every one of them meets the others' rows.
    jobs = [
        context.Process(target=_write, args=(url, files[n:] + files[:n], ready, go))
        for n in (0, 4, 8)
    ]
    for job in jobs:
        job.start()
    for _ in jobs:
        ready.acquire()
    go.set()
    for job in jobs:
        job.join(60)
        assert job.exitcode == 0
    with Registry(url) as registry:
        assert sorted(r.digest for r in registry.rows()) == sorted(
            i.digest for i in items
        )
        assert registry.verify() == []


class TestArchives:
    @pytest.fixture
    def archive(self, tmp_path, items):
        with Registry(str(tmp_path / "source.db")) as registry:
            registry.add(items)
            export_registry(registry, tmp_path / "a.zip", registry.rows())
            export_registry(registry, tmp_path / "b.zip", list(registry.rows())[::-1])
        return tmp_path / "a.zip"

    def test_there_and_back(self, archive, items, url):
        assert archive.read_bytes() == (archive.parent / "b.zip").read_bytes()
        with Registry(url) as registry:
            assert import_registry(registry, archive) == (len(items), len(items))
            assert import_registry(registry, archive) == (len(items), 0)
            assert registry.verify() == []
            assert {r.digest for r in registry.rows()} == {i.digest for i in items}

    @pytest.mark.parametrize(
        "damage", ["flip", "cut", "missing", "extra", "digest", "manifest", "text"]
    )
    def test_damage_takes_nothing_in(self, archive, tmp_path, damage):
        bad = tmp_path / "bad.zip"
        with zipfile.ZipFile(archive) as source:
            files = {name: source.read(name) for name in source.namelist()}
        first = sorted(files)[0]
        manifest = json.loads(files["manifest.json"])
        if damage == "flip":
            files[first] = files[first][:-9] + b"x" + files[first][-8:]
        elif damage == "missing":
            del files[first]
        elif damage == "extra":
            files["../../evil"] = b"x"
        elif damage == "digest":
            entry = manifest["fingerprints"][0]
            entry["digest"], old = "0" * 64, entry["digest"]
            files[f"fingerprints/{'0' * 64}.fingerprint"] = files.pop(
                f"fingerprints/{old}.fingerprint"
            )
            files["manifest.json"] = json.dumps(manifest).encode()
        elif damage == "manifest":
            manifest["fingerprints"][0]["sha256"] = 7
            files["manifest.json"] = json.dumps(manifest).encode()
        with zipfile.ZipFile(bad, "w") as target:
            for name, data in files.items():
                target.writestr(name, data)
        if damage == "cut":
            bad.write_bytes(archive.read_bytes()[:-400])
        if damage == "text":
            bad.write_text("no archive")
        with Registry(str(tmp_path / "r.db")) as registry:
            with pytest.raises(ParentageError):
                import_registry(registry, bad)
            assert registry.count() == 0

    @pytest.mark.parametrize(
        ("at", "number", "said"),
        [
            (6, 99, "zip file version 9.9"),
            (8, 1 << 0, "is encrypted"),
            (8, 1 << 5, "compressed patched data"),
            (10, 97, "compression method is not supported"),
        ],
    )
    def test_what_zipfile_does_not_know_is_an_error(
        self, archive, tmp_path, at, number, said
    ):
        """Version needed, flags and method of the manifest, in its two headers."""
        data = bytearray(archive.read_bytes())
        central = data.rindex(b"PK\x01\x02")
        (local,) = struct.unpack_from("<L", data, central + 42)
        assert data[local : local + 4] == b"PK\x03\x04"
        struct.pack_into("<H", data, central + at, number)
        struct.pack_into("<H", data, local + at - 2, number)
        bad = tmp_path / "bad.zip"
        bad.write_bytes(data)
        with Registry(str(tmp_path / "r.db")) as registry:
            with pytest.raises(RegistryError, match=said):
                import_registry(registry, bad)
            assert registry.count() == 0

    @pytest.mark.parametrize(
        "method", [zipfile.ZIP_DEFLATED, zipfile.ZIP_BZIP2, zipfile.ZIP_LZMA]
    )
    def test_packed_again_it_is_read_and_its_damage_found(
        self, archive, items, tmp_path, method
    ):
        packed = tmp_path / "packed.zip"
        with zipfile.ZipFile(archive) as source, zipfile.ZipFile(packed, "w") as target:
            for name in source.namelist():
                target.writestr(name, source.read(name), method)
            begin = target.getinfo("manifest.json").header_offset
        data = bytearray(packed.read_bytes())
        # Behind the local header, the name and what LZMA says of itself.
        begin += 30 + len("manifest.json") + 9
        data[begin : begin + 40] = b"\xff" * 40
        bad = tmp_path / "bad.zip"
        bad.write_bytes(data)
        with Registry(str(tmp_path / "r.db")) as registry:
            with pytest.raises(RegistryError, match=r"manifest\.json"):
                import_registry(registry, bad)
            assert registry.count() == 0
            assert import_registry(registry, packed) == (len(items), len(items))

    def test_a_killed_import_leaves_nothing_half_done(self, archive, items, tmp_path):
        """Killed inside the transaction, at several moments."""
        target = tmp_path / "killed.db"
        Registry(str(target)).close()
        code = (
            "import sys, time\n"
            "from pathlib import Path\n"
            "from parentage.registry import archive, store\n"
            "add = store.Registry._add\n"
            "def slow(self, connection, item):\n"
            "    done = add(self, connection, item)\n"
            "    print('row', flush=True); time.sleep(0.05)\n"
            "    return done\n"
            "store.Registry._add = slow\n"
            "r = store.Registry(sys.argv[1])\n"
            "archive.import_registry(r, Path(sys.argv[2]))\n"
        )
        for moment in (1, len(items) - 1):
            job = subprocess.Popen(
                [sys.executable, "-c", code, str(target), str(archive)],
                stdout=subprocess.PIPE,
            )
            for _ in range(moment):
                assert job.stdout.readline()
            job.send_signal(signal.SIGKILL)
            job.wait()
            job.stdout.close()
            with Registry(str(target)) as registry:
                assert registry.count() == 0
        with Registry(str(target)) as registry:
            assert import_registry(registry, archive)[1] == len(items)
            assert registry.verify() == []


def test_damage_in_the_database_is_found(tmp_path, items):
    with Registry(str(tmp_path / "r.db")) as registry:
        registry.add(items[:3])
        with registry.engine.connect() as connection:
            connection.execute(
                text("UPDATE contents SET file = :f WHERE fingerprint = 2"),
                {"f": items[4].file},
            )
            connection.execute(
                text("UPDATE fingerprints SET sketch = x'00' WHERE id=1")
            )
            connection.commit()
        problems = registry.verify()
    assert len(problems) >= 2
    assert any("another one" in p for p in problems)
    assert any("sketch" in p for p in problems)


def test_urls():
    assert parse_url("x/y.db").database == "x/y.db"
    assert parse_url("postgresql://u@h/n").drivername == "postgresql+psycopg"
    for bad in ("mysql://u@h/n", "://"):
        with pytest.raises(UsageError):
            parse_url(bad)


@pytest.mark.services
def test_passwords_are_not_shown(monkeypatch):
    with pytest.raises(RegistryError) as error:
        open_engine("postgresql://tester:secret@127.0.0.1:1/none?connect_timeout=2")
    assert "secret" not in str(error.value)


def test_a_newer_registry_is_refused(tmp_path):
    Registry(str(tmp_path / "r.db")).close()
    engine = open_engine(str(tmp_path / "r.db"))
    with engine.begin() as connection:
        connection.execute(text("UPDATE alembic_version SET version_num = '9999'"))
    engine.dispose()
    with pytest.raises(RegistryError, match="9999"):
        Registry(str(tmp_path / "r.db"))


def test_migrations_make_the_tables_of_the_code(url):
    """What the first migration makes is what ``tables.py`` says."""
    from alembic.autogenerate import compare_metadata
    from alembic.migration import MigrationContext

    from parentage.registry.tables import METADATA

    engine = open_engine(url)
    with engine.connect() as connection:
        context = MigrationContext.configure(connection)
        changes = compare_metadata(context, METADATA)
    engine.dispose()
    # Databases differ in how they keep comments, which decide nothing.
    kinds = [c[0] for c in changes if isinstance(c, tuple)]
    assert [k for k in kinds if "comment" not in k] == []


@pytest.mark.services
def test_openers_at_the_same_time_make_tables_once(postgres):
    context = multiprocessing.get_context("spawn")
    jobs = [context.Process(target=Registry, args=(postgres,)) for _ in range(4)]
    for job in jobs:
        job.start()
    for job in jobs:
        job.join(60)
        assert job.exitcode == 0
    time.sleep(0)


@pytest.mark.services
def test_texts_come_back_from_a_database_without_a_language(postgres_server, small):
    """SQL_ASCII is what a server makes where no locale is set; drivers give bytes."""
    from benchmarks.registry.postgres import new_database

    url = new_database(postgres_server, f"a{time.time_ns()}", encoding="SQL_ASCII")
    with Registry(url) as registry:
        registry.add([prepare(to_bytes(f)) for f in small.values()])
        names = {row.name for row in registry.rows()}
    assert names == set(small)
