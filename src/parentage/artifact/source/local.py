# SPDX-License-Identifier: Apache-2.0
"""Ranges of bytes of a local file, inside a folder that the file cannot leave."""

from __future__ import annotations

import os
import stat
import threading
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from parentage.artifact.entry import shown
from parentage.artifact.source.base import File
from parentage.errors import (
    LayoutError,
    TruncatedError,
    UnreadableError,
    UnsafePathError,
)

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from numpy.typing import NDArray

# Above this length one copy costs more than the slice of a memoryview.
_SMALL_RUN = 4096


def resolve_inside(path: Path, root: Path, *, file: str) -> Path:
    """The real path of ``path``, which must lie in ``root``.

    Symlinks are followed and judged by where they end. A snapshot in the cache of
    the Hugging Face hub is a folder of links into the ``blobs`` beside it; those,
    and only those, count as inside.

    Raises:
        UnsafePathError: it leads out of ``root``, or in circles. Whether the file is
            there is not checked.
    """
    try:
        real_root = root.resolve(strict=True)
        real = path.resolve()
    except (OSError, RuntimeError, ValueError) as error:
        # A loop of links, a name that is too long, or one with a NUL in it.
        message = f"is not a usable path ({shown(str(error))})"
        raise UnsafePathError(
            message,
            file=file,
            expected="a path to a file inside the model's folder",
            advice="Rename the file, or replace the link by the file itself.",
        ) from error
    if not any(real.is_relative_to(home) for home in _homes(real_root)):
        raise UnsafePathError(
            "leads out of the model's folder and was not opened",
            file=file,
            expected=f"a path inside {shown(str(root))}",
            advice="Copy the file into the folder, or name it directly.",
        )
    return real


def _homes(real_root: Path) -> tuple[Path, ...]:
    """Folders that count as inside a root."""
    for folder in real_root.parents:
        cache = folder.parent
        if folder.name == "snapshots" and cache.name.startswith("models--"):
            return real_root, cache / "blobs"
    return (real_root,)


class LocalFile(File):
    """A regular file that is read by ranges.

    Reading is by ``pread``, not through a memory map: if the file is cut short
    while it is mapped, touching the lost pages kills the process with SIGBUS, and
    no error can be reported. A short ``pread`` ends in one clear
    :class:`~parentage.errors.TruncatedError`. It also needs no shared position, so
    any number of threads may read at once. :meth:`map` is for processes that are
    there to be lost.

    Args:
        path: the file.
        root: folder that it must not lead out of; by default its own.
        name: its name in the checkpoint; by default the last part of the path.

    Attributes:
        path: the file, as it was asked for.
        name: its name in the checkpoint.
        label: the name, made safe to print.
        size: length in bytes when it was opened.

    Raises:
        UnsafePathError: ``path`` leads out of ``root``.
        UnreadableError: it is missing, forbidden or not a regular file.
    """

    def __init__(
        self, path: Path, *, root: Path | None = None, name: str | None = None
    ) -> None:
        self.path = path
        self.name = name or path.name
        self.label = shown(self.name)
        self._fd = -1
        self._lock = threading.Lock()
        self._bytes_read = 0
        real = resolve_inside(path, root or path.parent, file=self.label)
        # O_NONBLOCK: opening a FIFO would otherwise wait for a writer for ever.
        flags = os.O_RDONLY | os.O_CLOEXEC | os.O_NOFOLLOW | os.O_NONBLOCK
        try:
            self._fd = os.open(real, flags)
        except OSError as error:
            message = f"cannot be opened: {error.strerror or error}"
            raise UnreadableError(
                message,
                file=self.label,
                expected="a readable file",
                advice="Check its permissions, and whether the download finished.",
            ) from error
        status = os.fstat(self._fd)
        if not stat.S_ISREG(status.st_mode):
            self._shut()
            message = f"is a {_kind(status.st_mode)}"
            raise UnreadableError(
                message,
                file=self.label,
                expected="a regular file",
                advice="Name a file that holds weights.",
            )
        self.size = status.st_size
        self._opened = (status.st_size, status.st_mtime_ns)

    @property
    def version(self) -> str:
        """Changes when the file is written to: its time of modification."""
        return str(self._opened[1])

    @property
    def bytes_read(self) -> int:
        """Number of bytes read so far, counted exactly."""
        return self._bytes_read

    def pread(self, offset: int, length: int) -> bytes:
        """The bytes ``[offset, offset + length)``.

        Raises:
            TruncatedError: the file ends before; nothing is allocated then.
        """
        self._require(offset, length)
        with self._system_errors():
            data = os.pread(self._fd, length, offset)
        self._count(len(data))
        if len(data) < length:
            # One call gives at most 2 GB, and nothing where the file was cut.
            if not data:
                raise self._short(offset, length, offset)
            data += self.pread(offset + len(data), length - len(data))
        return data

    def read_into(self, offset: int, buffer: memoryview) -> None:
        """Fill ``buffer`` (contiguous bytes) from ``offset``, without copying.

        Raises:
            TruncatedError: the file ends before the buffer is full.
        """
        done, length = 0, buffer.nbytes
        self._require(offset, length)
        while done < length:
            with self._system_errors():
                got = os.preadv(self._fd, (buffer[done:],), offset + done)
            if not got:
                raise self._short(offset, length, offset + done)
            done += got
        self._count(length)

    def map(self, offset: int, length: int) -> NDArray[np.uint8]:
        """The bytes ``[offset, offset + length)`` where the system keeps them.

        Nothing is copied, which is most of the time of a scan that adds up little.
        Only for a process whose loss another one notices: reading pages that the file
        has lost meanwhile ends it with SIGBUS. The map goes with the array.

        Raises:
            TruncatedError: the file ends before.
        """
        import mmap  # noqa: PLC0415 - few need it

        self._require(offset, length)
        if not length:
            return np.empty(0, np.uint8)
        # A map begins with a page. It is private and writable, though nobody writes:
        # compiled loops have no variant for arrays that are read-only.
        skipped = offset % mmap.ALLOCATIONGRANULARITY
        with self._system_errors():
            try:
                held = mmap.mmap(
                    self._fd,
                    skipped + length,
                    access=mmap.ACCESS_COPY,
                    offset=offset - skipped,
                )
            except ValueError as error:
                raise self._short(offset, length, os.fstat(self._fd).st_size) from error
        self._count(length)
        return np.frombuffer(held, np.uint8, length, skipped)

    def read_runs(
        self, offsets: Sequence[int], length: int, buffer: memoryview
    ) -> None:
        """Fill ``buffer`` with runs of ``length`` bytes, one for each offset.

        Raises:
            TruncatedError: the file ends inside a run.
        """
        if length > _SMALL_RUN:
            for index, offset in enumerate(offsets):
                start = index * length
                self.read_into(offset, buffer[start : start + length])
            return
        if not offsets:
            return
        self._require(max(offsets), length)
        fd, pread = self._fd, os.pread
        with self._system_errors():
            data = b"".join([pread(fd, length, offset) for offset in offsets])
        if len(data) != buffer.nbytes:
            # A regular file gives short runs only where it ends.
            raise self._short(max(offsets), length, os.fstat(fd).st_size)
        buffer[:] = data
        self._count(len(data))

    def check_unchanged(self) -> None:
        """Refuse a file that was written to since it was opened.

        Raises:
            TruncatedError: it is shorter now.
            LayoutError: its size or modification time differs.
        """
        status = os.fstat(self._fd)
        now = (status.st_size, status.st_mtime_ns)
        if now == self._opened:
            return
        kind = TruncatedError if status.st_size < self.size else LayoutError
        message = f"changed while it was read: now {status.st_size} bytes"
        raise kind(
            message,
            file=self.label,
            expected=f"{self.size} bytes, unmodified since it was opened",
            advice="Wait until the writing has ended and run again.",
        )

    def close(self, *, verify: bool = True) -> None:
        """Close the file; with ``verify``, check first that it is unchanged."""
        if self._fd < 0:
            return
        try:
            if verify:
                self.check_unchanged()
        finally:
            self._shut()

    def __del__(self) -> None:
        self._shut()

    def _shut(self) -> None:
        fd, self._fd = self._fd, -1
        if fd >= 0:
            os.close(fd)

    def _count(self, length: int) -> None:
        with self._lock:
            self._bytes_read += length

    def _require(self, offset: int, length: int) -> None:
        if self._fd < 0:
            message = "read after it was closed"
            raise UnreadableError(message, file=self.label)
        if offset + length > self.size:
            raise self._short(offset, length, self.size)

    @contextmanager
    def _system_errors(self) -> Iterator[None]:
        try:
            yield
        except OSError as error:
            raise UnreadableError(
                f"cannot be read: {error.strerror or error}",
                file=self.label,
                expected="a readable file",
                advice="Check the disk or the network drive that it lies on.",
            ) from error

    def _short(self, offset: int, length: int, found: int) -> TruncatedError:
        message = f"the file ends at byte {found}"
        return TruncatedError(
            message,
            file=self.label,
            offset=offset,
            expected=f"{length} bytes, up to byte {offset + length}",
            advice="Download or copy the file again.",
        )


def _kind(mode: int) -> str:
    kinds = {
        stat.S_ISDIR: "folder",
        stat.S_ISFIFO: "named pipe",
        stat.S_ISCHR: "character device",
        stat.S_ISBLK: "block device",
        stat.S_ISSOCK: "socket",
    }
    return next((word for test, word in kinds.items() if test(mode)), "special file")
