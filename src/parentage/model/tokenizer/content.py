# SPDX-License-Identifier: Apache-2.0
"""The bytes of tokenizer files, with a limit on every size."""

from __future__ import annotations

import zlib
from typing import TYPE_CHECKING, Any

from parentage.artifact.format.jsontext import Limits, parse_object
from parentage.artifact.source.place import open_file
from parentage.errors import TokenizerError

if TYPE_CHECKING:
    from parentage.artifact.source.place import Location

MAX_BYTES = 2**26
"""Largest file, also after decompression: twice the largest published ones."""

MAX_LINES = 2**21
"""Most lines of a list: as many as there may be ids or merges."""

# Configurations write "no limit" as an integer of 31 digits.
_LIMITS = Limits(depth=64, values=6_000_000, wide=MAX_BYTES, digits=64)
_GZIP = b"\x1f\x8b"
_ADVICE = "The file is damaged or not a tokenizer: download it again."


def read_bytes(path: Location) -> bytes:
    """What a file holds, decompressed if it is gzip.

    Raises:
        UnreadableError: it is missing, forbidden or not a regular file.
        TokenizerError: it is too large, or gzip that is damaged.
    """
    with open_file(path) as file:
        if file.size > MAX_BYTES:
            message = f"has {file.size} bytes"
            expected = f"at most {MAX_BYTES} bytes"
            raise TokenizerError(
                message, file=file.label, expected=expected, advice=_ADVICE
            )
        raw = file.pread(0, file.size)
        return _inflate(raw, file.label) if raw.startswith(_GZIP) else raw


def _inflate(raw: bytes, label: str) -> bytes:
    stream = zlib.decompressobj(wbits=31)
    try:
        found = stream.decompress(raw, MAX_BYTES + 1)
    except zlib.error as error:
        raise TokenizerError(
            f"damaged gzip ({error})", file=label, expected="gzip", advice=_ADVICE
        ) from error
    if len(found) > MAX_BYTES:
        expected = f"at most {MAX_BYTES} bytes after decompression"
        raise TokenizerError(
            "decompresses without end", file=label, expected=expected, advice=_ADVICE
        )
    if not stream.eof:
        raise TokenizerError(
            "the gzip stream is cut short",
            file=label,
            expected="a complete gzip stream",
            advice=_ADVICE,
        )
    return found


def parse_json(raw: bytes, label: str) -> dict[str, Any]:
    """The JSON object in ``raw``.

    Raises:
        TokenizerError: it is not one, or too deep, or too large.
    """
    return parse_object(raw, _LIMITS, error=TokenizerError, file=label, advice=_ADVICE)


def check_lines(raw: bytes, label: str) -> None:
    """Refuse a file of too many lines, each of which will take memory of its own.

    Raises:
        TokenizerError: there are more than :data:`MAX_LINES`.
    """
    lines = raw.count(b"\n")
    if lines > MAX_LINES:
        message, expected = f"has {lines} lines", f"at most {MAX_LINES}"
        raise TokenizerError(message, file=label, expected=expected, advice=_ADVICE)


def decode_text(raw: bytes, label: str) -> str:
    """The text in ``raw``.

    Raises:
        TokenizerError: it is not UTF-8.
    """
    try:
        return raw.decode("utf-8")
    except UnicodeDecodeError as error:
        raise TokenizerError(
            "not UTF-8 text",
            file=label,
            offset=error.start,
            expected="text in UTF-8",
            advice=_ADVICE,
        ) from error
