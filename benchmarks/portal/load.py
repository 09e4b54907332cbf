# SPDX-License-Identifier: Apache-2.0
"""Readers and writers for minutes on PostgreSQL; then the server is killed under load.

``python -m benchmarks.portal.load --seconds 300 --rate 60 --json load.json``

200 readers, each with a connection of its own, ask for pages and API answers with
pauses such that all together make ``--rate`` requests a second; 10 writers add versions
to models as fast as one every ``--pause`` seconds each. Server, database and readers
share this machine. Afterwards every acknowledged write is looked for in the database.
In the second part the server's processes get SIGKILL while writers write, and are
started again; what was acknowledged before must be there.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import os
import random
import signal
import socket
import subprocess
import sys
import tempfile
import time
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import timedelta
from pathlib import Path
from typing import Any

from sqlalchemy import select

from benchmarks.registry.postgres import free_port, private_server
from parentage.web.database import open_database, reading, writing
from parentage.web.permissions import Actor
from parentage.web.security.secret import TOKEN_PREFIX, digest, drawn
from parentage.web.security.times import later
from parentage.web.services import accounts, models, organisations, reports
from parentage.web.settings import Settings
from parentage.web.tables import Model, Token, Version

ZOO = Path(__file__).parents[2] / "zoo" / "models"


@dataclass
class Seen:
    """What readers and writers saw."""

    seconds: list[float] = field(default_factory=list)
    writes: list[float] = field(default_factory=list)
    errors: list[str] = field(default_factory=list)
    acknowledged: set[str] = field(default_factory=set)
    statuses: dict[int, int] = field(default_factory=dict)
    late: int = 0


def seed(settings: Settings, many: int) -> str:
    """Models with a report each; gives a token that may add versions."""
    line = [sys.executable, "-m", "parentage.cli.main", "audit"]
    line += [str(ZOO / "vlm-frozen"), "--against", str(ZOO / "vlm-donor")]
    line += ["--json", "--no-cache"]
    done = subprocess.run(line, capture_output=True, check=False)
    plain = json.loads(done.stdout)
    root = Actor(name="operator", role="administrator")
    with writing(open_database(settings.database)) as db:
        team = organisations.make_organisation(db, root, slug="team", name="Team")
        account = accounts.make_account(
            db, name="writer", role="verifier", organisation_id=team.id
        )
        actor = Actor(account=account.id, name="writer", role="verifier")
        token = TOKEN_PREFIX + drawn()
        db.add(
            Token(
                digest=digest(token),
                account_id=account.id,
                name="load",
                scopes=["read", "submit"],
                expires=later(timedelta(days=1)),
            )
        )
        db.commit()
        for number in range(many):
            name = f"model-{number:04d}"
            family = f"f{number % 40}"
            models.create_model(db, actor, settings, name=name, family=family)
            plain["candidate"]["name"] = name
            content = json.dumps(plain).encode()
            report = reports.parsed(content)
            model = db.get(Model, number + 1)
            reports.store_report(
                db, actor, content, report, origin="upload", model=model
            )
            db.commit()
    return token


class Server:
    """The server in processes of its own."""

    def __init__(self, settings: Settings, port: int, processes: int) -> None:
        self.settings, self.port, self.processes = settings, port, processes
        self.process: subprocess.Popen[bytes] | None = None

    def start(self) -> None:
        """Start it and wait until it is ready."""
        env = {**os.environ, "PARENTAGE_PORTAL_SECRET_KEY": "load"}
        line = [sys.executable, "-m", "parentage.cli.main", "serve", "--no-worker"]
        line += ["--port", str(self.port), "--processes", str(self.processes)]
        line += ["--data", str(self.settings.data)]
        line += ["--database", self.settings.database_url]
        self.process = subprocess.Popen(
            line, env=env, stderr=subprocess.DEVNULL, start_new_session=True
        )
        until = time.monotonic() + 60
        while time.monotonic() < until:
            with (
                suppress(OSError),
                socket.create_connection(("127.0.0.1", self.port), timeout=1) as link,
            ):
                link.sendall(b"GET /ready HTTP/1.0\r\n\r\n")
                if b" 200 " in link.recv(100):
                    return
            time.sleep(0.1)
        raise RuntimeError("the server did not become ready")

    def kill(self) -> None:
        """SIGKILL to all of its processes at once."""
        assert self.process is not None
        os.killpg(self.process.pid, signal.SIGKILL)
        self.process.wait()


class Link:
    """One connection that is kept, with as little work as possible on this side."""

    def __init__(self, port: int) -> None:
        self.port = port
        self.reader: asyncio.StreamReader | None = None
        self.writer: asyncio.StreamWriter | None = None

    async def ask(self, head: str, body: bytes = b"") -> tuple[int, bytes]:
        """Status and body of an answer."""
        if self.writer is None:
            self.reader, self.writer = await asyncio.open_connection(
                "127.0.0.1", self.port
            )
        assert self.reader is not None
        try:
            self.writer.write(
                f"{head} HTTP/1.1\r\nHost: 127.0.0.1\r\n".encode()
                if body == b""
                else f"{head}\r\nContent-Length: {len(body)}\r\n".encode()
            )
            self.writer.write(b"\r\n" + body)
            await self.writer.drain()
            top = (await self.reader.readuntil(b"\r\n\r\n")).decode("latin-1")
            status = int(top.split(" ", 2)[1])
            fields = dict(
                line.lower().split(": ", 1) for line in top.split("\r\n")[1:] if line
            )
            if "content-length" in fields:
                return status, await self.reader.readexactly(
                    int(fields["content-length"])
                )
            parts = []
            while size := int((await self.reader.readuntil(b"\r\n")).strip(), 16):
                parts.append((await self.reader.readexactly(size + 2))[:-2])
            await self.reader.readexactly(2)
            return status, b"".join(parts)
        except BaseException:
            self.writer.close()
            self.writer = None
            raise


async def read(
    port: int, paths: list[str], until: float, every: float, seed_: int, seen: Seen
) -> None:
    """One reader: asks, waits, asks; late starts are counted, not skipped."""
    rng = random.Random(seed_)
    link = Link(port)
    due = time.monotonic() + rng.random() * every
    while (clock := time.monotonic()) < until:
        if due > clock:
            await asyncio.sleep(due - clock)
        elif clock - due > every:
            seen.late += 1
        began = time.perf_counter()
        path = rng.choice(paths)
        try:
            status, _ = await asyncio.wait_for(link.ask(f"GET {path}"), 30)
        except (OSError, asyncio.IncompleteReadError, TimeoutError) as error:
            seen.errors.append(f"read {path}: {type(error).__name__}")
            await asyncio.sleep(0.2)
        else:
            seen.seconds.append(time.perf_counter() - began)
            seen.statuses[status] = seen.statuses.get(status, 0) + 1
            if status != 200:
                seen.errors.append(f"read {path}: status {status}")
        due += every * (0.5 + rng.random())


async def write(
    port: int, token: str, number: int, until: float, pause: float, seen: Seen
) -> None:
    """One writer: adds versions with labels that are drawn once."""
    rng = random.Random(1000 + number)
    link = Link(port)
    count = 0
    while time.monotonic() < until:
        count += 1
        label = f"w{number}-{time.monotonic_ns():x}-{count}"
        body = json.dumps({"label": label}).encode()
        head = (
            f"POST /api/v1/models/{1 + rng.randrange(50)}/versions HTTP/1.1\r\n"
            f"Host: 127.0.0.1\r\nAuthorization: Bearer {token}\r\n"
            "Content-Type: application/json"
        )
        began = time.perf_counter()
        try:
            status, answer = await asyncio.wait_for(link.ask(head, body), 30)
        except (OSError, asyncio.IncompleteReadError, TimeoutError) as error:
            seen.errors.append(f"write: {type(error).__name__}")
            await asyncio.sleep(0.2)
        else:
            if status == 201:
                seen.acknowledged.add(label)
                seen.writes.append(time.perf_counter() - began)
            else:
                seen.errors.append(f"write: status {status} {answer[:200]!r}")
        await asyncio.sleep(pause * (0.5 + rng.random()))


async def load(
    port: int, token: str, options: argparse.Namespace, seconds: float, paths: list[str]
) -> Seen:
    """Readers and writers together."""
    seen = Seen()
    until = time.monotonic() + seconds
    every = options.readers / options.rate
    await asyncio.gather(
        *(read(port, paths, until, every, n, seen) for n in range(options.readers)),
        *(
            write(port, token, n, until, options.pause, seen)
            for n in range(options.writers)
        ),
    )
    return seen


async def answered(port: int, many: int) -> list[str]:
    """What readers ask for: of these, what the portal has."""
    rng = random.Random(0)
    some = [rng.randrange(1, many + 1) for _ in range(20)]
    wanted = ["/", "/models", "/reports", "/challenges", "/stages", "/ledger"]
    wanted += [f"/models/{n}" for n in some] + [f"/reports/{n}" for n in some[:8]]
    wanted += ["/api/v1/home", "/api/v1/models", "/api/v1/reports"]
    wanted += [f"/api/v1/models/{n}" for n in some[:8]]
    link, found = Link(port), []
    for path in wanted:
        status, _ = await link.ask(f"GET {path}")
        if status == 200:
            found.append(path)
    return found


def missing(settings: Settings, labels: set[str]) -> int:
    """How many acknowledged writes are not in the database."""
    with reading(open_database(settings.database)) as db:
        there = set(db.scalars(select(Version.label)))
    return len(labels - there)


def quantile(values: list[float], share: float) -> float:
    """In milliseconds."""
    ordered = sorted(values)
    return round(1000 * ordered[min(int(share * len(ordered)), len(ordered) - 1)], 1)


def main() -> None:
    """See the module."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--seconds", type=float, default=300)
    parser.add_argument(
        "--warm", type=float, default=30, help="seconds before, counted by themselves"
    )
    parser.add_argument("--readers", type=int, default=200)
    parser.add_argument("--writers", type=int, default=10)
    parser.add_argument("--rate", type=float, default=60, help="reads a second")
    parser.add_argument("--pause", type=float, default=2.0, help="of a writer, seconds")
    parser.add_argument("--models", type=int, default=300)
    parser.add_argument("--processes", type=int, default=2)
    parser.add_argument("--kills", type=int, default=3)
    parser.add_argument("--json", type=Path)
    options = parser.parse_args()
    with private_server(durable=True) as url, tempfile.TemporaryDirectory() as folder:
        settings = Settings.load(data=Path(folder), database_url=url)
        token = seed(settings, options.models)
        port = free_port()
        server = Server(settings, port, options.processes)
        server.start()
        try:
            paths = asyncio.run(answered(port, options.models))
            cold = asyncio.run(load(port, token, options, options.warm, paths))
            began = time.monotonic()
            seen = asyncio.run(load(port, token, options, options.seconds, paths))
            took = time.monotonic() - began
            result: dict[str, Any] = {
                "cores": os.cpu_count(),
                "readers": options.readers,
                "writers": options.writers,
                "seconds": round(took, 1),
                "paths": len(paths),
                "reads": len(seen.seconds),
                "reads_per_second": round(len(seen.seconds) / took, 1),
                "late": seen.late,
                "p50_ms": quantile(seen.seconds, 0.5),
                "p95_ms": quantile(seen.seconds, 0.95),
                "p99_ms": quantile(seen.seconds, 0.99),
                "worst_ms": quantile(seen.seconds, 1.0),
                "writes": len(seen.acknowledged),
                "write_p99_ms": quantile(seen.writes, 0.99),
                "errors": len(seen.errors),
                "first_errors": seen.errors[:5],
                "lost_writes": missing(settings, seen.acknowledged),
                "first_seconds": {
                    "seconds": options.warm,
                    "p99_ms": quantile(cold.seconds, 0.99),
                    "worst_ms": quantile(cold.seconds, 1.0),
                    "errors": len(cold.errors),
                },
            }
            print(json.dumps(result, indent=2), flush=True)
            result["killed"] = []
            for _ in range(options.kills):
                result["killed"].append(killed(server, settings, token, options, paths))
            print(json.dumps(result["killed"], indent=2))
        finally:
            with suppress(ProcessLookupError):
                server.kill()
    if options.json:
        options.json.write_text(json.dumps(result, indent=2) + "\n")


def killed(
    server: Server,
    settings: Settings,
    token: str,
    options: argparse.Namespace,
    paths: list[str],
) -> dict[str, Any]:
    """SIGKILL in the middle of ten seconds of load; what was acknowledged is there."""
    fast = argparse.Namespace(**{**vars(options), "pause": 0.05})

    async def run() -> Seen:
        task = asyncio.create_task(load(server.port, token, fast, 12, paths))
        await asyncio.sleep(5)
        await asyncio.to_thread(server.kill)
        await asyncio.to_thread(server.start)
        return await task

    seen = asyncio.run(run())
    return {
        "acknowledged": len(seen.acknowledged),
        "errors_while_down": len(seen.errors),
        "lost_writes": missing(settings, seen.acknowledged),
    }


if __name__ == "__main__":
    main()
