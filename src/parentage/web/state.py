# SPDX-License-Identifier: Apache-2.0
"""What an app has."""

from __future__ import annotations

from dataclasses import dataclass

from sqlalchemy import Engine

from parentage.web.jobs.queue import Queue
from parentage.web.settings import Settings


@dataclass(frozen=True)
class State:
    """Settings, database, queue."""

    settings: Settings
    engine: Engine
    queue: Queue

    def close(self) -> None:
        """Let go of all connections."""
        self.queue.close()
        self.engine.dispose()
