# SPDX-License-Identifier: Apache-2.0
"""The queue that workers take jobs from; a row in the database says all about each.

The queue only says "look at job 7": a number that is lost or comes twice does no harm,
because a worker takes a job by changing its row, and looks for rows that wait.
Messages are JSON: what lies in a queue is not unpickled.
"""

from __future__ import annotations

import json
import os
from collections.abc import Callable
from typing import Any, Final

from huey import Huey, PostgresHuey, SqliteHuey
from huey.registry import Message
from huey.serializer import Serializer

from parentage.registry.database import parse_url
from parentage.web.settings import Settings

NAME: Final = "portal"


class JsonSerializer(Serializer):  # type: ignore[misc]  # the library has no types
    """Messages as JSON lists."""

    def _serialize(self, data: Any) -> bytes:  # noqa: ANN401
        return json.dumps(list(data)).encode()

    def _deserialize(self, data: bytes) -> Any:  # noqa: ANN401
        return Message(*json.loads(data))


class Queue:
    """Numbers of jobs that wait.

    Args:
        settings: where it lies: a PostgreSQL database holds it, too; otherwise it is a
            file of the data folder.
    """

    def __init__(self, settings: Settings) -> None:
        self.settings = settings
        self.huey: Huey = _open(settings)
        self._perform: Callable[[int], None] | None = None
        self._task: Any = self.huey.task(name="job")(self._run)

    def put(self, job: int) -> None:
        """Tell the workers of a job; call it after the job's row is committed."""
        self._task(job)

    def close(self) -> None:
        """Let go of the connection of this thread."""
        self.huey.storage.close()

    def work(self, perform: Callable[[int], None]) -> None:
        """Say how a job is done, in a process that does them."""
        self._perform = perform

    def _run(self, job: int) -> None:
        if self._perform is None:
            raise RuntimeError("this process does no jobs")
        self._perform(job)


def _open(settings: Settings) -> Huey:
    url = parse_url(settings.database)
    common: dict[str, Any] = {"results": False, "serializer": JsonSerializer()}
    if url.get_backend_name() == "postgresql":
        plain = url.set(drivername="postgresql")
        return PostgresHuey(
            NAME, dsn=plain.render_as_string(hide_password=False), **common
        )
    settings.data.mkdir(parents=True, exist_ok=True)
    file = settings.data / "queue.db"
    # Only the operator reads what waits.
    os.close(os.open(file, os.O_RDWR | os.O_CREAT, 0o600))
    return SqliteHuey(NAME, filename=str(file), **common)
