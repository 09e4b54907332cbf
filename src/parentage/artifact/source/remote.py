# SPDX-License-Identifier: Apache-2.0
"""Files whose every read costs a round trip: fetched ahead, side by side."""

from __future__ import annotations

import threading
from bisect import bisect_right
from collections.abc import Callable, Iterable, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from functools import cache
from typing import Final

from parentage.artifact.entry import shown
from parentage.artifact.source.base import File
from parentage.artifact.source.retry import Policy
from parentage.artifact.source.spans import Span, coalesce
from parentage.errors import TruncatedError, UnreadableError

AHEAD: Final = 1 << 16
"""Bytes that a short read fetches where formats are read in small steps."""

_EXACT: Final = (".safetensors", ".json", ".txt", ".model")
"""Formats whose reads are whole already."""

Fetch = Callable[[int, int], bytes]
"""Gives the bytes ``[begin, end)``, all of them, or raises."""


@cache
def _pool() -> ThreadPoolExecutor:
    return ThreadPoolExecutor(
        Policy.from_environment().connections, thread_name_prefix="parentage-fetch"
    )


def side_by_side(calls: Sequence[Callable[[], object]]) -> list[object]:
    """Make several calls at once; the first error of theirs is raised."""
    futures = [_pool().submit(call) for call in calls]
    return [future.result() for future in futures]


class RemoteFile(File):
    """A file that is fetched by ranges.

    Ranges are fetched once: what :meth:`prefetch` began is waited for by the reads
    that need it. ``bytes_read`` counts what was asked for, gaps included, and no
    repetition, so that it does not depend on what had to be tried twice.

    Args:
        name: its name in the checkpoint.
        size: length in bytes.
        fetch: gives its bytes, from any thread.
        unchanged: raises if the file is another one by now.
        sha256: of the whole file, as its source states it.
    """

    remote = True

    def __init__(
        self,
        name: str,
        size: int,
        fetch: Fetch,
        unchanged: Callable[[], None] | None = None,
        sha256: str | None = None,
    ) -> None:
        self.name = name
        self.sha256 = sha256
        self.label = shown(name)
        self.size = size
        self._fetch = fetch
        self._unchanged = unchanged
        self._lock = threading.Lock()
        self._bytes_read = 0
        self._open = True
        self._table = _Table()
        self._page = _Table()

    @property
    def bytes_read(self) -> int:
        """Number of bytes fetched so far, each range counted once."""
        return self._bytes_read

    def prefetch(self, ranges: Iterable[tuple[int, int]]) -> None:
        """Begin to fetch ranges; see :meth:`File.prefetch`."""
        wanted = list(ranges)
        for offset, length in wanted:
            self._require(offset, length)
        self._table = self._begin(coalesce(wanted))

    def pread(self, offset: int, length: int) -> bytes:
        """The bytes ``[offset, offset + length)``; see :meth:`File.pread`."""
        self._require(offset, length)
        if length <= 0:
            return b""
        for table in (self._table, self._page):
            found = table.take(offset, length)
            if found is not None:
                return found
        wanted = length
        if length < AHEAD and not self.name.lower().endswith(_EXACT):
            wanted = min(AHEAD, self.size - offset)
        table = self._begin(coalesce([(offset, wanted)]))
        self._page = table
        return table.give(offset, length)

    def read_into(self, offset: int, buffer: memoryview) -> None:
        """Fill ``buffer``; see :meth:`File.read_into`."""
        buffer[:] = self.pread(offset, buffer.nbytes)

    def read_runs(
        self, offsets: Sequence[int], length: int, buffer: memoryview
    ) -> None:
        """Fill ``buffer`` with runs; see :meth:`File.read_runs`."""
        if not offsets or not length:
            return
        self._require(max(offsets), length)
        table = self._table
        if not all(table.covers(offset, length) for offset in offsets):
            table = self._begin(coalesce((offset, length) for offset in offsets))
        parts = [table.give(offset, length) for offset in offsets]
        buffer[:] = b"".join(parts)

    def check_unchanged(self) -> None:
        """Nothing where every answer was compared with the first one's tag."""
        if self._unchanged is not None:
            self._unchanged()

    def close(self, *, verify: bool = True) -> None:
        """Forget what was fetched; with ``verify``, ask whether it is unchanged."""
        if self._open and verify:
            self.check_unchanged()
        self._open = False
        self._table, self._page = _Table(), _Table()

    def _begin(self, spans: list[Span]) -> _Table:
        with self._lock:
            self._bytes_read += sum(end - begin for begin, end in spans)
        if len(spans) == 1 and threading.current_thread().name.startswith("parentage-"):
            # Already in the pool: waiting for another of its threads could last.
            done: Future[bytes] = Future()
            done.set_result(self._fetch(*spans[0]))
            return _Table(spans, [done])
        return _Table(spans, [_pool().submit(self._fetch, *span) for span in spans])

    def _require(self, offset: int, length: int) -> None:
        if not self._open:
            message = "read after it was closed"
            raise UnreadableError(message, file=self.label)
        if offset < 0 or offset + length > self.size:
            raise TruncatedError(
                f"the file ends at byte {self.size}",
                file=self.label,
                offset=offset,
                expected=f"{length} bytes, up to byte {offset + length}",
                advice="Download or copy the file again.",
            )


class _Table:
    """Spans of a file that are there or on their way."""

    def __init__(
        self, spans: Sequence[Span] = (), data: Sequence[Future[bytes]] = ()
    ) -> None:
        self._begins = [begin for begin, _ in spans]
        self._spans = spans
        self._data = data

    def covers(self, offset: int, length: int) -> bool:
        """Whether all bytes of a range are in it."""
        end = offset + length
        at = bisect_right(self._begins, offset) - 1
        if at < 0:
            return False
        while at < len(self._spans) and self._spans[at][0] <= offset:
            offset = self._spans[at][1]
            if offset >= end:
                return True
            at += 1
        return False

    def take(self, offset: int, length: int) -> bytes | None:
        """The bytes of a range, or ``None`` if they are not in it."""
        return self.give(offset, length) if self.covers(offset, length) else None

    def give(self, offset: int, length: int) -> bytes:
        """The bytes of a range that is covered, as soon as they are there."""
        at = bisect_right(self._begins, offset) - 1
        begin, end = self._spans[at]
        if offset + length <= end:
            return self._data[at].result()[offset - begin : offset - begin + length]
        parts = []
        while length > 0:
            begin, end = self._spans[at]
            part = min(end - offset, length)
            parts.append(self._data[at].result()[offset - begin :][:part])
            offset, length, at = offset + part, length - part, at + 1
        return b"".join(parts)
