# SPDX-License-Identifier: Apache-2.0
"""Numbers, strings and arrays of a GGUF header, taken one after the other."""

from __future__ import annotations

import struct
from typing import TYPE_CHECKING

import numpy as np

from parentage.artifact.entry import shown
from parentage.errors import HeaderError, TruncatedError

if TYPE_CHECKING:
    from parentage.artifact.source.base import File

Value = int | float | bool | str | np.ndarray | tuple[bytes, ...] | tuple["Value", ...]
"""One value of the metadata."""

MAX_HEADER = 2**28
"""Longest header in bytes. One with 102,400 tokens has 4 million."""

MAX_STRINGS = 4_000_000
"""Most strings in all arrays together: what bounds the memory of a header."""

_MAX_DEPTH = 4
# An array in an array counts as many strings: it may become a numpy array.
_ARRAY_COST = 64
_BLOCK = 2**22
_BOOL, _STRING, _ARRAY = 7, 8, 9
# Codes of `struct` and numpy by number of the type.
_CODES = {0: "B", 1: "b", 2: "H", 3: "h", 4: "I", 5: "i", 6: "f", 7: "?"}
_CODES |= {10: "Q", 11: "q", 12: "d"}
_ADVICE = "The file is damaged or not GGUF: download it again."


class Cursor:
    """A place in a file that moves forward.

    Reads ahead in blocks, so that a header of a million short strings does not take
    a million system calls.

    Attributes:
        big_endian: whether numbers are stored with the high byte first.
    """

    def __init__(self, file: File) -> None:
        self.big_endian = False
        self._file = file
        self._buffer = b""
        self._start = 0  # where the buffer begins in the file
        self._at = 0  # place in the buffer
        self._strings = 0

    @property
    def offset(self) -> int:
        """The place in the file."""
        return self._start + self._at

    @property
    def left(self) -> int:
        """Number of bytes from here to the end of the file."""
        return self._file.size - self.offset

    def malformed(self, message: str, expected: str) -> HeaderError:
        """The error of a malformed header, with the place."""
        return HeaderError(
            message,
            file=self._file.label,
            offset=self.offset,
            expected=expected,
            advice=_ADVICE,
        )

    def take(self, length: int) -> bytes:
        """The next ``length`` bytes.

        Raises:
            TruncatedError: the file ends before.
            HeaderError: the header is longer than the limit.
        """
        at = self._at
        end = at + length
        if end > len(self._buffer):
            self._fill(length)
            at, end = 0, length
        self._at = end
        return self._buffer[at:end]

    def _fill(self, length: int) -> None:
        """Have at least ``length`` bytes in the buffer, from here on."""
        start = self.offset
        if length > self._file.size - start:
            raise TruncatedError(
                f"the header claims {length} bytes, beyond the end of the file",
                file=self._file.label,
                offset=start,
                expected=f"at most {self._file.size - start} bytes",
                advice=_ADVICE,
            )
        if start + length > MAX_HEADER:
            message = f"the header has more than {start + length} bytes"
            raise self.malformed(message, f"at most {MAX_HEADER}")
        wanted = min(max(length, _BLOCK), self._file.size - start)
        self._buffer = self._file.pread(start, wanted)
        self._start, self._at = start, 0

    def number(self, code: str) -> int:
        """The next integer, of a format of ``struct``."""
        form = struct.Struct((">" if self.big_endian else "<") + code)
        found: int = form.unpack(self.take(form.size))[0]
        return found

    def raw_text(self, most: int) -> bytes:
        """The next string, as bytes of at most ``most``."""
        length = self.number("Q")
        if length > most:
            message = f"a string of {length} bytes"
            raise self.malformed(message, f"at most {most} bytes")
        return self.take(length)

    def text(self, most: int = MAX_HEADER) -> str:
        """The next string.

        Raises:
            HeaderError: it is not UTF-8, or too long.
        """
        raw = self.raw_text(most)
        try:
            return raw.decode("utf-8")
        except UnicodeDecodeError:
            message = f"a string {shown(repr(raw[:40]))} is not UTF-8"
            raise self.malformed(message, "UTF-8") from None

    def value(self, kind: int, key: str, depth: int = 0) -> Value:
        """The next value, of the type with the number ``kind``.

        Raises:
            HeaderError: there is no such type, or the arrays are too many or too deep.
        """
        if kind == _STRING:
            return self.text()
        if kind == _ARRAY:
            return self._array(key, depth)
        code = self._code(kind, key)
        size = struct.calcsize("<" + code)
        order = ">" if self.big_endian else "<"
        found: int | float | bool = struct.unpack(order + code, self.take(size))[0]
        return found

    def _code(self, kind: int, key: str) -> str:
        if kind not in _CODES:
            message = f"key '{shown(key)}' has a value of type {kind}"
            raise self.malformed(message, "a type from 0 to 12")
        return _CODES[kind]

    def _array(self, key: str, depth: int) -> Value:
        kind, count = self.number("I"), self.number("Q")
        if kind in (_STRING, _ARRAY):
            smallest = 8 if kind == _STRING else 12
        else:
            smallest = struct.calcsize("<" + self._code(kind, key))
        if count > self.left // smallest:
            message = f"key '{shown(key)}' has an array of {count} values"
            raise self.malformed(message, f"at most {self.left // smallest}")
        if kind in (_STRING, _ARRAY):
            self._strings += count if kind == _STRING else count * _ARRAY_COST
            if self._strings > MAX_STRINGS:
                message = f"key '{shown(key)}' has an array of {count} values"
                raise self.malformed(message, f"at most {MAX_STRINGS} strings in all")
        if kind == _STRING:
            return tuple([self.raw_text(MAX_HEADER) for _ in range(count)])
        if kind == _ARRAY:
            if depth >= _MAX_DEPTH:
                message = f"key '{shown(key)}' has arrays in arrays"
                raise self.malformed(message, f"at most {_MAX_DEPTH} levels")
            return tuple([self._array(key, depth + 1) for _ in range(count)])
        code = "u1" if kind == _BOOL else np.dtype(_CODES[kind]).str[1:]
        dtype = np.dtype(code).newbyteorder(">" if self.big_endian else "<")
        values = np.frombuffer(self.take(count * smallest), dtype=dtype)
        values = values.astype(values.dtype.newbyteorder("="))
        return values != 0 if kind == _BOOL else values
