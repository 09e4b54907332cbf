# SPDX-License-Identifier: Apache-2.0
"""One way to work through many tasks: processes of this machine, or a cluster.

A task is a function of plain data that gives plain data and depends on nothing else, so
it may be run again anywhere. Each result is written to the ledger as it arrives, under
a key made of everything that decides it. So lost workers, repeated tasks and a driver
that is started again change no result and lose none that was finished.
"""

from __future__ import annotations

import hashlib
import json
import os
from collections.abc import Callable, Iterator, Mapping, Sequence
from concurrent.futures import FIRST_COMPLETED, Future, ProcessPoolExecutor, wait
from concurrent.futures.process import BrokenProcessPool
from dataclasses import dataclass
from multiprocessing import get_context
from pathlib import Path
from typing import Any, Final, Protocol

from parentage.errors import ParentageError
from parentage.run.fingerprint import write_bytes

RETRIES: Final = 3
"""How often a task is run again after the worker that ran it was lost."""

Plain = dict[str, Any]
Task = Callable[[Plain], Plain]
Progress = Callable[[str, int, int], None]


@dataclass(frozen=True)
class Work:
    """One call of a task.

    Attributes:
        key: digest of everything that decides the result, see :func:`key_of`.
        label: what a reader calls it.
        payload: the task's argument.
    """

    key: str
    label: str
    payload: Plain


@dataclass(frozen=True)
class Outcome:
    """What became of one call: a value, or why there is none.

    Attributes:
        work: the call.
        value: what the task gave, ``None`` where it failed.
        error: the error as plain data, ``None`` where it did not.
        kept: whether the value came from the ledger.
    """

    work: Work
    value: Plain | None
    error: Plain | None
    kept: bool = False


class Executor(Protocol):
    """What runs tasks."""

    def run(self, task: Task, works: Sequence[Work]) -> Iterator[Outcome]:
        """Outcomes in the order in which they arrive; one for each work."""


def key_of(**parts: object) -> str:
    """A digest of what decides a result."""
    text = json.dumps(parts, sort_keys=True, separators=(",", ":"), default=str)
    return hashlib.sha256(text.encode()).hexdigest()


class Ledger:
    """Results in a folder, one file each, whole or not there.

    Args:
        folder: where; it is made where it is missing.
    """

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        folder.mkdir(parents=True, exist_ok=True)

    def get(self, key: str) -> Plain | None:
        """The result of a key, if it is there and whole."""
        try:
            found = json.loads((self._folder / f"{key}.json").read_bytes())
        except (OSError, ValueError):
            return None
        return found if isinstance(found, dict) else None

    def put(self, key: str, value: Mapping[str, Any]) -> None:
        """Write a result for good."""
        write_bytes(self._folder / f"{key}.json", json.dumps(value).encode())


def work_through(
    executor: Executor,
    task: Task,
    works: Sequence[Work],
    *,
    ledger: Ledger | None = None,
    progress: Progress | None = None,
) -> list[Outcome]:
    """Run a task on every work that the ledger has no result of.

    Args:
        executor: what runs it.
        task: a function of a module, so that other processes find it.
        works: what to run it on; equal keys are run once.
        ledger: where results are kept, if anywhere.
        progress: told about each outcome.

    Returns:
        The outcomes in the order of ``works``, whatever order they arrived in. A
        failed one is an outcome, too, and is tried again by the next call.
    """
    done: dict[str, Outcome] = {}
    todo: dict[str, Work] = {}
    for work in works:
        value = ledger.get(work.key) if ledger is not None else None
        if value is not None:
            done[work.key] = Outcome(work, value, None, kept=True)
        else:
            todo.setdefault(work.key, work)
    for outcome in executor.run(task, list(todo.values())):
        if outcome.value is not None and ledger is not None:
            ledger.put(outcome.work.key, outcome.value)
        done[outcome.work.key] = outcome
        if progress is not None:
            progress(outcome.work.label, len(done), len(works))
    return [
        Outcome(w, done[w.key].value, done[w.key].error, done[w.key].kept)
        for w in works
    ]


def guarded(task: Task, payload: Plain) -> tuple[Plain | None, Plain | None]:
    """A task's value, or its error as plain data; runs in the worker."""
    try:
        return task(payload), None
    except ParentageError as error:
        return None, error.to_json()
    except Exception as error:
        text = f"{type(error).__name__}: {error}"
        return None, ParentageError(f"internal error, {text}").to_json()


def lost(work: Work) -> Outcome:
    """The outcome of a task whose workers were lost again and again."""
    error = ParentageError(
        f"the worker was lost {RETRIES + 1} times",
        file=work.label,
        advice="See whether it needs more memory than there is.",
    )
    return Outcome(work, None, error.to_json())


class Here:
    """Runs tasks in this process, one by one."""

    def run(self, task: Task, works: Sequence[Work]) -> Iterator[Outcome]:
        """See :class:`Executor`."""
        for work in works:
            yield Outcome(work, *guarded(task, work.payload))


class Processes:
    """Runs tasks in processes of this machine.

    Args:
        workers: how many; by default one for each core.
    """

    def __init__(self, workers: int | None = None) -> None:
        self.workers = workers or os.cpu_count() or 1

    def run(self, task: Task, works: Sequence[Work]) -> Iterator[Outcome]:
        """See :class:`Executor`."""
        left = {work.key: work for work in works}
        losses = 0
        while left:
            # After a loss nobody can say which task is to blame: the next rounds
            # take fewer at a time, so that the blameless ones get through.
            width = self.workers if losses == 0 else 1
            seen = len(left)
            for outcome in self._round(task, list(left.values()), width):
                del left[outcome.work.key]
                yield outcome
            if not left:
                return
            losses = losses + 1 if len(left) == seen else 1
            if losses > RETRIES:
                work = next(iter(left.values()))
                del left[work.key]
                losses = 0
                yield lost(work)

    def _round(
        self, task: Task, works: Sequence[Work], width: int
    ) -> Iterator[Outcome]:
        """One pool's outcomes; ends early where a worker is lost."""
        # Fresh interpreters: forked ones would share open databases.
        pool = ProcessPoolExecutor(width, mp_context=get_context("spawn"))
        try:
            waiting: dict[Future[tuple[Plain | None, Plain | None]], Work] = {}
            queue = list(reversed(works))
            while queue or waiting:
                while queue and len(waiting) < 2 * width:
                    work = queue.pop()
                    waiting[pool.submit(guarded, task, work.payload)] = work
                for future in wait(waiting, return_when=FIRST_COMPLETED).done:
                    work = waiting.pop(future)
                    yield Outcome(work, *future.result())
        except BrokenProcessPool:
            return
        finally:
            pool.shutdown(wait=True, cancel_futures=True)


def executor_of(
    engine: str, *, workers: int | None = None, address: str | None = None
) -> Executor:
    """The executor that was asked for.

    Args:
        engine: ``local`` or ``ray``.
        workers: processes of ``local``; 1 stays in this one.
        address: of a Ray cluster; ``local`` or ``None`` starts one here.

    Raises:
        UsageError: Ray is not installed.
    """
    if engine == "ray":
        from parentage.run.executor_ray import Ray  # noqa: PLC0415

        return Ray(address, workers)
    return Here() if workers == 1 else Processes(workers)
