# SPDX-License-Identifier: Apache-2.0
"""The wire format of protocol buffers, as far as tokenizers need it.

A message is a row of fields: a number that holds the field and how it is stored,
then the value. Every length is compared with what is left before it is used.
"""

from __future__ import annotations

import struct
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator

_MOST_VARINT = 10
_FLOAT = struct.Struct("<f")


class WireError(ValueError):
    """The bytes are not a message; ``offset`` says where.

    Attributes:
        message: what is wrong.
        offset: byte in the message.
    """

    def __init__(self, message: str, offset: int) -> None:
        self.message = message
        self.offset = offset
        super().__init__(message)


def fields(raw: bytes, begin: int, end: int) -> Iterator[tuple[int, int | bytes, int]]:
    """The fields of a message that lies in ``raw[begin:end]``.

    Yields:
        Number of the field; its value, an integer (varint) or bytes (a block, or the
        4 or 8 bytes of a fixed number); and where the value begins.

    Raises:
        WireError: the message is malformed.
    """
    at = begin
    while at < end:
        tag, at = _varint(raw, at, end)
        number, kind = tag >> 3, tag & 7
        if not number:
            message = "a field has the number 0"
            raise WireError(message, at)
        if kind == 0:
            start = at
            value, at = _varint(raw, at, end)
            yield number, value, start
            continue
        if kind == 2:
            length, at = _varint(raw, at, end)
        elif kind in (1, 5):
            length = 8 if kind == 1 else 4
        else:
            message = f"a field is stored in the way {kind}"
            raise WireError(message, at)
        if length > end - at:
            message = f"a field of {length} bytes where {end - at} are left"
            raise WireError(message, at)
        yield number, raw[at : at + length], at
        at += length


def _varint(raw: bytes, at: int, end: int) -> tuple[int, int]:
    value = 0
    for place in range(_MOST_VARINT):
        if at >= end:
            message = "the message ends within a number"
            raise WireError(message, at)
        part = raw[at]
        at += 1
        value |= (part & 127) << (7 * place)
        if part < 128:
            return value, at
    message = "a number has more than 10 bytes"
    raise WireError(message, at)


def signed(value: int | bytes) -> int | None:
    """A varint as a signed 64-bit integer; ``None`` if the field is no varint."""
    if not isinstance(value, int):
        return None
    value &= 2**64 - 1
    return value - 2**64 if value >> 63 else value


def float32(value: int | bytes) -> float | None:
    """A fixed field of 4 bytes as a number; ``None`` if it is another one."""
    if not isinstance(value, bytes) or len(value) != 4:
        return None
    found: float = _FLOAT.unpack(value)[0]
    return found
