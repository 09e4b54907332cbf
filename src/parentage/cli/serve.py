# SPDX-License-Identifier: Apache-2.0
"""``parentage serve``: the portal as a server, with a worker beside it."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import click

from parentage.cli.options import debug_option, json_option
from parentage.cli.outcome import CLEAR
from parentage.cli.portal import portal_options, settings_from


@click.command(name="serve")
@click.option("--host", default="127.0.0.1", show_default=True)
@click.option("--port", type=click.IntRange(1, 65535), default=8000, show_default=True)
@click.option(
    "--base-url",
    metavar="URL",
    help="The address that readers use; by default http://HOST:PORT.",
)
@click.option(
    "--processes",
    type=click.IntRange(1, 64),
    default=1,
    show_default=True,
    help="Of the server.",
)
@click.option(
    "--worker/--no-worker",
    default=True,
    show_default=True,
    help="Whether jobs are done here, in a process of their own.",
)
@portal_options()
@json_option("the address, before it is served")
@debug_option()
def command(
    host: str,
    port: int,
    base_url: str | None,
    processes: int,
    *,
    worker: bool,
    data: Path | None,
    database_url: str | None,
    as_json: bool,
) -> int:
    """Serve the portal.

    Make the first administrator with `parentage portal account NAME`. Settings are
    variables that begin with PARENTAGE_PORTAL_ (docs/portal.md); put a server that
    speaks https in front.
    """
    from parentage.web.settings import PREFIX

    if base_url is None and PREFIX + "BASE_URL" not in os.environ:
        base_url = f"http://{host}:{port}"
    settings = settings_from(data=data, database_url=database_url, base_url=base_url)
    # Processes of the server and the worker read the settings from here.
    os.environ[PREFIX + "DATA"] = str(settings.data.absolute())
    os.environ[PREFIX + "DATABASE_URL"] = settings.database
    os.environ[PREFIX + "BASE_URL"] = settings.base_url
    import uvicorn

    from parentage.web.database import open_database

    open_database(settings.database).dispose()
    if as_json:
        click.echo(json.dumps({"url": settings.base_url}))
    else:
        click.echo(f"{settings.base_url} (tables are up to date)", err=True)
    # The library raises the signal again when it has ended: the worker must end, too.
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(CLEAR))
    with _worker(wanted=worker):
        uvicorn.run(
            "parentage.web.app:from_environment",
            factory=True,
            host=host,
            port=port,
            workers=processes if processes > 1 else None,
            log_level="warning",
            server_header=False,
            proxy_headers=False,
            timeout_graceful_shutdown=10,
            timeout_keep_alive=75,  # longer than proxies in front keep theirs
        )
    return CLEAR


@contextmanager
def _worker(*, wanted: bool) -> Iterator[None]:
    """A worker in a process of its own, started again where it ends."""
    if not wanted:
        yield
        return
    stop = threading.Event()
    line = [sys.executable, "-m", "parentage.cli.main", "portal", "worker"]
    held: list[subprocess.Popen[bytes]] = []

    def keep() -> None:
        while not stop.is_set():
            held[:] = [subprocess.Popen(line)]  # noqa: S603 - our own line
            while held[0].poll() is None and not stop.wait(0.5):
                pass
            if not stop.is_set():
                click.echo("parentage: the worker ended and is started again", err=True)
                time.sleep(2)

    thread = threading.Thread(target=keep, daemon=True)
    thread.start()
    try:
        yield
    finally:
        stop.set()
        thread.join()
        for process in held:
            process.send_signal(signal.SIGTERM)
            try:
                process.wait(15)
            except subprocess.TimeoutExpired:
                process.kill()
