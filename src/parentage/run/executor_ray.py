# SPDX-License-Identifier: Apache-2.0
"""Tasks on a Ray cluster, or on one that is started here for the purpose."""

from __future__ import annotations

import os
from collections.abc import Iterator, Sequence
from typing import Any, Final

from parentage.errors import RegistryError, UsageError
from parentage.run.executor import RETRIES, Outcome, Task, Work, guarded, lost

AHEAD: Final = 64
"""Tasks that are handed to the cluster before any has come back."""


class Ray:
    """Runs tasks on Ray; see :class:`parentage.run.executor.Executor`.

    Tasks of lost workers are run again by Ray. Nothing is reported to Ray's makers.

    Args:
        address: of a cluster, ``auto`` for the one that this machine belongs to, or
            ``local`` to start one here.
        workers: processors of a cluster that is started here.

    Raises:
        UsageError: Ray is not installed.
    """

    def __init__(self, address: str | None = None, workers: int | None = None) -> None:
        os.environ["RAY_USAGE_STATS_ENABLED"] = "0"
        # A busy machine takes its time to start a node.
        os.environ.setdefault("RAY_raylet_start_wait_time_s", "120")
        try:
            import ray  # noqa: PLC0415
        except ImportError as error:
            raise UsageError(
                "Ray is not installed",
                advice="Install it with `pip install 'parentage[ray]'`.",
            ) from error
        self._ray: Any = ray
        self._address = None if address in {None, "local"} else address
        self._workers = workers

    def run(self, task: Task, works: Sequence[Work]) -> Iterator[Outcome]:
        """See :class:`parentage.run.executor.Executor`."""
        ray = self._ray
        if not works:
            return
        mine = not ray.is_initialized()
        if mine:
            self._connect()
        try:
            yield from self._outcomes(task, works)
        finally:
            if mine:
                ray.shutdown()

    def _connect(self) -> None:
        options: dict[str, Any] = {"log_to_driver": False, "logging_level": "error"}
        if self._address is None:
            options |= {"num_cpus": self._workers, "include_dashboard": False}
        else:
            options["address"] = self._address
        try:
            self._ray.init(**options)
        except (ConnectionError, RuntimeError, ValueError) as error:
            raise RegistryError(
                f"Ray cannot be reached: {error}",
                file=self._address,
                expected="the address of a running cluster, or 'local'",
                advice="Start one with `ray start --head`.",
            ) from error

    def _outcomes(self, task: Task, works: Sequence[Work]) -> Iterator[Outcome]:
        ray = self._ray
        remote = ray.remote(max_retries=RETRIES, num_cpus=1)(guarded)
        queue = list(reversed(works))
        waiting: dict[Any, Work] = {}
        while queue or waiting:
            while queue and len(waiting) < AHEAD:
                work = queue.pop()
                waiting[remote.remote(task, work.payload)] = work
            done, _ = ray.wait(list(waiting), num_returns=1)
            for ref in done:
                work = waiting.pop(ref)
                try:
                    yield Outcome(work, *ray.get(ref))
                except ray.exceptions.RayError:
                    yield lost(work)
