# SPDX-License-Identifier: Apache-2.0
"""Every run of the suite tries the same examples, and no test sees another's cache."""

import contextlib
import os
import shutil
import socket
import subprocess
import tempfile
import time
from pathlib import Path

import pytest
from hypothesis import settings

# Where Debian's packages put it; the newest, if there are several.
BIN = max(
    Path("/usr/lib/postgresql").glob("*/bin"),
    key=lambda path: int(path.parent.name),
    default=Path("/nowhere"),
)

settings.register_profile("fixed", derandomize=True)
settings.load_profile("fixed")


@pytest.fixture(autouse=True)
def _own_cache(tmp_path_factory, monkeypatch):
    """A cache that no other test and no earlier run has filled."""
    place = tmp_path_factory.mktemp("cache") / "parentage"
    monkeypatch.setenv("PARENTAGE_CACHE_DIR", str(place))


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
