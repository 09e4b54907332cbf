# SPDX-License-Identifier: Apache-2.0
"""Fingerprints of the bundled models, made once, and a PostgreSQL of one's own."""

import contextlib
import json
import os
import shutil
import socket
import subprocess
import tempfile
import time
from pathlib import Path

import pytest

from parentage.run.fingerprint import fingerprint

ZOO = Path(__file__).parents[2] / "zoo"
# Where Debian's packages put it; the newest, if there are several.
BIN = max(
    Path("/usr/lib/postgresql").glob("*/bin"),
    key=lambda path: int(path.parent.name),
    default=Path("/nowhere"),
)


def manifest():
    return json.loads((ZOO / "manifest.json").read_text())


@pytest.fixture(scope="session")
def zoo():
    return ZOO


@pytest.fixture(scope="session")
def fingerprints():
    """Whole ones (the models are small) and small ones, by name."""
    return {
        size: {
            row["id"]: fingerprint(ZOO / row["path"], size=size)
            for row in manifest()["models"]
        }
        for size in (4_000_000, 300_000)
    }


@pytest.fixture(scope="session")
def small(fingerprints):
    return fingerprints[300_000]


@pytest.fixture(autouse=True)
def _own_folders(tmp_path, monkeypatch):
    """Nothing of the user's is read or written."""
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    monkeypatch.setenv("XDG_DATA_HOME", str(tmp_path / "data"))
    monkeypatch.delenv("PARENTAGE_DATABASE_URL", raising=False)


@pytest.fixture(scope="session")
def postgres_server():
    """URL of the maintenance database of a private cluster."""
    if not (BIN / "initdb").exists():
        pytest.skip("PostgreSQL is not installed")
    root = os.geteuid() == 0
    folder = Path(tempfile.mkdtemp(prefix="parentage-postgres-"))
    if root:
        shutil.chown(folder, "postgres", "postgres")

    def run(*words):
        # initdb and the server refuse to run as root.
        line = ["runuser", "-u", "postgres", "--"] if root else []
        subprocess.run(
            [*line, *map(str, words)], check=True, capture_output=True, cwd="/"
        )

    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    data = folder / "data"
    try:
        run(BIN / "initdb", "-D", data, "-A", "trust", "-U", "tester", "--no-sync")
        options = f"-p {port} -h 127.0.0.1 -k {folder} -F"
        run(
            BIN / "pg_ctl",
            "-D",
            data,
            "-w",
            "-l",
            folder / "log",
            "-o",
            options,
            "start",
        )
        yield f"postgresql://tester@127.0.0.1:{port}/postgres"
    finally:
        with contextlib.suppress(subprocess.CalledProcessError):
            run(BIN / "pg_ctl", "-D", data, "-m", "immediate", "-w", "stop")
        time.sleep(0.1)
        shutil.rmtree(folder, ignore_errors=True)


@pytest.fixture
def postgres(postgres_server):
    """URL of an empty database."""
    import psycopg

    name = f"t{time.time_ns()}"
    with psycopg.connect(postgres_server, autocommit=True) as connection:
        connection.execute(f"CREATE DATABASE {name}")
    return postgres_server.rsplit("/", 1)[0] + "/" + name


@pytest.fixture(params=["sqlite", pytest.param("postgres", marks=pytest.mark.services)])
def url(request, tmp_path):
    if request.param == "sqlite":
        return f"sqlite:///{tmp_path / 'registry.db'}"
    return request.getfixturevalue("postgres")
