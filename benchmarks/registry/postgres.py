# SPDX-License-Identifier: Apache-2.0
"""A PostgreSQL server of one's own, for tests and measurements."""

from __future__ import annotations

import contextlib
import os
import shutil
import socket
import subprocess
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path

BIN = max(
    Path("/usr/lib/postgresql").glob("*/bin"),
    key=lambda path: int(path.parent.name),
    default=Path("/nowhere"),
)
"""Where Debian puts the programs of its server."""


def installed() -> bool:
    """Whether there is a server to start."""
    return (BIN / "initdb").exists()


@contextlib.contextmanager
def private_server(
    parent: Path | None = None, *, durable: bool = False
) -> Iterator[str]:
    """A cluster in a folder of its own, which is removed in the end.

    Args:
        parent: where the folder is made.
        durable: writes reach the disk before they are acknowledged, as in service.

    Yields:
        URL of its maintenance database.
    """
    root = os.geteuid() == 0
    folder = Path(tempfile.mkdtemp(prefix="parentage-postgres-", dir=parent))
    if root:
        shutil.chown(folder, "postgres", "postgres")

    def run(*words: object) -> None:
        # initdb and the server refuse to run as root.
        line = ["runuser", "-u", "postgres", "--"] if root else []
        subprocess.run(
            [*line, *map(str, words)], check=True, capture_output=True, cwd="/"
        )

    port = free_port()
    data, control = folder / "data", BIN / "pg_ctl"
    try:
        run(BIN / "initdb", "-D", data, "-A", "trust", "-U", "tester", "--no-sync")
        options = f"-p {port} -h 127.0.0.1 -k {folder}" + ("" if durable else " -F")
        log = folder / "log"
        run(control, "-D", data, "-w", "-l", log, "-o", options, "start")
        yield f"postgresql://tester@127.0.0.1:{port}/postgres"
    finally:
        with contextlib.suppress(subprocess.CalledProcessError):
            run(
                control,
                "-D",
                data,
                "-m",
                "fast" if durable else "immediate",
                "-w",
                "stop",
            )
        time.sleep(0.1)
        shutil.rmtree(folder, ignore_errors=True)


def free_port() -> int:
    """A port that nobody listens on."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


def new_database(server: str, name: str, encoding: str = "UTF8") -> str:
    """URL of an empty database of a server."""
    import psycopg

    with psycopg.connect(server, autocommit=True) as connection:
        connection.execute(
            f"CREATE DATABASE {name} TEMPLATE template0 LOCALE 'C' "
            f"ENCODING '{encoding}'"
        )
    return server.rsplit("/", 1)[0] + "/" + name
