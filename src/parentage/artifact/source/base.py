# SPDX-License-Identifier: Apache-2.0
"""What every source of bytes offers: files that are read by ranges."""

from __future__ import annotations

from abc import ABC, abstractmethod
from pathlib import PurePosixPath
from typing import TYPE_CHECKING, Self

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence
    from types import TracebackType


class File(ABC):
    """A file that is read by ranges, wherever it lies.

    Reading is safe from several threads at once.

    Attributes:
        name: its name in the checkpoint.
        label: the name, made safe to print.
        size: length in bytes when it was opened.
        remote: whether every read costs a round trip, so that asking ahead pays.
        sha256: of the whole file as its source states it, which nobody here has
            checked; ``None`` where the source states none.
    """

    name: str
    label: str
    size: int
    remote: bool = False
    sha256: str | None = None

    @property
    def suffix(self) -> str:
        """End of the name, in small letters."""
        return PurePosixPath(self.name).suffix.lower()

    @property
    @abstractmethod
    def bytes_read(self) -> int:
        """Number of bytes read so far, counted exactly."""

    @abstractmethod
    def pread(self, offset: int, length: int) -> bytes:
        """The bytes ``[offset, offset + length)``.

        Raises:
            TruncatedError: the file ends before; nothing is allocated then.
            SourceError: they could not be fetched.
        """

    @abstractmethod
    def read_into(self, offset: int, buffer: memoryview) -> None:
        """Fill ``buffer`` (contiguous bytes) from ``offset``.

        Raises:
            TruncatedError: the file ends before the buffer is full.
            SourceError: the bytes could not be fetched.
        """

    @abstractmethod
    def read_runs(
        self, offsets: Sequence[int], length: int, buffer: memoryview
    ) -> None:
        """Fill ``buffer`` with runs of ``length`` bytes, one for each offset.

        Raises:
            TruncatedError: the file ends inside a run.
            SourceError: the bytes could not be fetched.
        """

    def prefetch(  # noqa: B027 - only where reading costs a round trip
        self, ranges: Iterable[tuple[int, int]]
    ) -> None:
        """Begin to fetch (offset, length) ranges that will be read soon.

        Returns at once, and does nothing where reading costs no round trip. What an
        earlier call fetched is forgotten, so that memory holds one batch.
        """

    @abstractmethod
    def check_unchanged(self) -> None:
        """Refuse a file that was written to since it was opened.

        Raises:
            TruncatedError: it is shorter now.
            LayoutError: it was written to.
        """

    @abstractmethod
    def close(self, *, verify: bool = True) -> None:
        """Close the file; with ``verify``, check first that it is unchanged."""

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.close(verify=kind is None)
