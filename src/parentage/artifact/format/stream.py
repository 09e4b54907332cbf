# SPDX-License-Identifier: Apache-2.0
"""A range of a file, taken one piece after the other."""

from __future__ import annotations

from typing import TYPE_CHECKING

from parentage.errors import TruncatedError

if TYPE_CHECKING:
    from parentage.artifact.source.base import File

_BLOCK = 1 << 16


class Stream:
    """A place in a range of a file that moves forward, read ahead in blocks.

    Args:
        file: the file.
        begin, end: the range.
        advice: what the reader of an error can do.
        ahead: bytes to read at once.
    """

    def __init__(
        self,
        file: File,
        begin: int,
        end: int,
        advice: str,
        *,
        ahead: int = _BLOCK,
    ) -> None:
        self._ahead = ahead
        self.file = file
        self.end = end
        self.advice = advice
        self._buffer = b""
        self._start = begin
        self._at = 0

    @property
    def offset(self) -> int:
        """The place in the file."""
        return self._start + self._at

    @property
    def left(self) -> int:
        """Bytes from here to the end of the range."""
        return self.end - self.offset

    def take(self, length: int) -> bytes:
        """The next ``length`` bytes.

        Raises:
            TruncatedError: the range ends before; nothing is allocated then.
        """
        end = self._at + length
        if end > len(self._buffer):
            start = self.offset
            if length > self.end - start:
                raise TruncatedError(
                    f"{length} bytes are promised and {self.end - start} are left",
                    file=self.file.label,
                    offset=start,
                    expected=f"at most {self.end - start} bytes",
                    advice=self.advice,
                )
            wanted = min(max(length, self._ahead), self.end - start)
            self._buffer = self.file.pread(start, wanted)
            self._start, self._at, end = start, 0, length
        found = self._buffer[self._at : end]
        self._at = end
        return found

    def number(self, length: int) -> int:
        """The next bytes as an integer, low byte first, without a sign."""
        return int.from_bytes(self.take(length), "little")

    def line(self, most: int) -> bytes | None:
        """Up to the next line feed, which is left out; ``None`` if it is too far."""
        found = bytearray()
        while len(found) <= most:
            byte = self.take(1)
            if byte == b"\n":
                return bytes(found)
            found += byte
        return None

    def skip(self, length: int) -> None:
        """Pass over bytes without reading them.

        Raises:
            TruncatedError: the range ends before.
        """
        if length > self.left:
            self.take(length)
        if self._at + length <= len(self._buffer):
            self._at += length
        else:
            self._start, self._at, self._buffer = self.offset + length, 0, b""
