# SPDX-License-Identifier: Apache-2.0
"""The one pass over two models: many that sum slabs, and one that adds in order."""

from __future__ import annotations

import threading
from collections import deque
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from concurrent.futures.process import BrokenProcessPool
from dataclasses import dataclass
from typing import Final, Protocol

from parentage.artifact.checkpoint import Checkpoint
from parentage.artifact.fused import Fused
from parentage.run.diff_pairs import TensorPair
from parentage.run.diff_state import State
from parentage.run.diff_sums import Worker
from parentage.run.diff_tiles import Side, Slab, in_stored_order, slabs
from parentage.run.diff_workers import Workers
from parentage.stats.difference import Sums

Advance = Callable[[int], None]
"""Told how many pairs of values were done."""

_VALUES: Final = 1 << 24
"""Most values that are handed over at once: a few milliseconds of work, beside which
what handing over costs is little."""

_TOGETHER: Final = 64
"""Most slabs that are handed over at once: small tensors are many."""


@dataclass(frozen=True)
class Job:
    """A run of slabs that is handed over at once, at most 2^24 values.

    Attributes:
        parts: the number of the pair and the slab.
        last: whether the pair ends with that slab.
    """

    parts: tuple[tuple[int, Slab], ...]
    last: tuple[bool, ...]


class _Pool(Protocol):
    """What sums jobs: threads, or processes."""

    def submit(self, parts: tuple[tuple[int, Slab], ...]) -> Future[list[Sums]]:
        """Sums of each part, some time."""

    def close(self) -> None:
        """Wait for what is under way, and drop the rest."""


class Threads:
    """Threads of this process, which read what they sum with ``pread``."""

    def __init__(
        self,
        sides: Sequence[tuple[Side, Side] | None],
        count: int,
        fused: Fused | None,
    ) -> None:
        self._sides = sides
        self._fused = fused
        self._own = threading.local()
        self._pool = ThreadPoolExecutor(count, thread_name_prefix="diff")

    def submit(self, parts: tuple[tuple[int, Slab], ...]) -> Future[list[Sums]]:
        """See :class:`_Pool`."""
        return self._pool.submit(self._work, parts)

    def close(self) -> None:
        """See :class:`_Pool`."""
        self._pool.shutdown(wait=True, cancel_futures=True)

    def _work(self, parts: tuple[tuple[int, Slab], ...]) -> list[Sums]:
        if not hasattr(self._own, "worker"):
            self._own.worker = Worker(self._fused)
        worker: Worker = self._own.worker
        return worker.all_sums(self._sides, parts)


def scan(
    pairs: Sequence[TensorPair],
    checkpoints: tuple[Checkpoint, Checkpoint],
    state: State,
    *,
    workers: int,
    processes: bool,
    fused: Fused | None,
    advance: Advance,
) -> list[Sums]:
    """Sums of every comparable pair, in order, going on where ``state`` ended.

    Memory does not grow with the models: at most a few slabs are under way.

    Args:
        pairs: which tensors are held against which.
        checkpoints: the two models.
        state: what an earlier scan had done; sums are added to it.
        workers: how many sum side by side.
        processes: whether they are processes that read through maps, see
            :mod:`parentage.run.diff_workers`. When one of them is lost, threads do
            what is left, and say what is wrong with the file if that was the reason.
        fused: compiled sums, if there are.
        advance: told about progress.

    Raises:
        ArtifactError: a file cannot be read any more, or parts of a quantised weight
            contradict each other.
    """
    if processes:
        sides = _sides(pairs, checkpoints, mapped=True)
        try:
            _work_off(Workers(sides, workers, fused), sides, state, workers, advance)
        except BrokenProcessPool:
            pass
        else:
            return state.finished
    sides = _sides(pairs, checkpoints, mapped=False)
    _work_off(Threads(sides, workers, fused), sides, state, workers, advance)
    return state.finished


def _work_off(
    pool: _Pool,
    sides: Sequence[tuple[Side, Side] | None],
    state: State,
    workers: int,
    advance: Advance,
) -> None:
    waiting: deque[tuple[Job, Future[list[Sums]]]] = deque()
    try:
        for job in _jobs(sides, state):
            waiting.append((job, pool.submit(job.parts)))
            if len(waiting) > 2 * workers:
                _take(waiting, state, advance)
        while waiting:
            _take(waiting, state, advance)
    finally:
        pool.close()


def _take(
    waiting: deque[tuple[Job, Future[list[Sums]]]], state: State, advance: Advance
) -> None:
    job, future = waiting.popleft()
    for last, found in zip(job.last, future.result(), strict=True):
        state.add(found, last=last)
        advance(found.pairs)


def _sides(
    pairs: Sequence[TensorPair],
    checkpoints: tuple[Checkpoint, Checkpoint],
    *,
    mapped: bool,
) -> list[tuple[Side, Side] | None]:
    found: list[tuple[Side, Side] | None] = []
    for pair in pairs:
        if pair.a is None or pair.b is None:
            found.append(None)
            continue
        left, right = in_stored_order(pair.a, pair.b)
        found.append(
            (
                Side(checkpoints[0], left, mapped=mapped),
                Side(checkpoints[1], right, mapped=mapped),
            )
        )
    return found


def _jobs(sides: Sequence[tuple[Side, Side] | None], state: State) -> Iterator[Job]:
    parts: list[tuple[int, Slab]] = []
    ends: list[bool] = []
    size = 0
    for index, slab, last in _slabs(sides, len(state.finished), state.slabs):
        if parts and (size + slab.size > _VALUES or len(parts) == _TOGETHER):
            yield Job(tuple(parts), tuple(ends))
            parts, ends, size = [], [], 0
        parts.append((index, slab))
        ends.append(last)
        size += slab.size
    if parts:
        yield Job(tuple(parts), tuple(ends))


def _slabs(
    sides: Sequence[tuple[Side, Side] | None], done: int, part: int
) -> Iterator[tuple[int, Slab, bool]]:
    """Number of the pair, slab, and whether the pair ends with it, from a place on."""
    for index, both in enumerate(sides):
        if index < done or both is None:
            continue
        for number, slab in enumerate(slabs(both[0].shape)):
            if index == done and number < part:
                continue
            yield index, slab, slab.first + slab.size >= both[0].size
