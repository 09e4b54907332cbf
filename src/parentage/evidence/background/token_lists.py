# SPDX-License-Identifier: Apache-2.0
"""Many vocabularies in one small file: hashes, ids and order, and no text.

Each different token is stored once, as the leading bits of its hash, in the order in
which the vocabularies first mention it. A vocabulary is then a list of numbers that
mostly go up by one. Everything is cut into planes of bytes and compressed (xz).

Layout after decompression: magic, length of the head (4 bytes, little endian), head
(JSON), hashes, scripts, then codes, ids and order of each vocabulary.
"""

from __future__ import annotations

import json
import lzma
import struct
from typing import TYPE_CHECKING, Any

import numpy as np

from parentage.errors import UnreadableError
from parentage.evidence.tokenizer.scripts import SCRIPTS
from parentage.evidence.tokenizer.vocabulary import BITS, Vocabulary

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

MAGIC = b"parentage token lists 1\n"
STORED_BITS = 48
MAX_BYTES = 2**27
"""Most bytes after decompression: several times what is shipped."""

_ADVICE = "Install the package again."


def pack(vocabularies: Sequence[Vocabulary]) -> bytes:
    """The vocabularies as bytes, before compression."""
    short = [v.shortened(STORED_BITS) for v in vocabularies]
    joined = np.concatenate(short)
    distinct, first, codes = np.unique(joined, return_index=True, return_inverse=True)
    by_mention = np.argsort(first)
    number = np.empty(len(distinct), dtype=np.int64)
    number[by_mention] = np.arange(len(distinct))
    codes = number[codes]
    scripts = np.concatenate([v.scripts for v in vocabularies])[first[by_mention]]
    parts = [
        _planes(distinct[by_mention] >> np.uint64(BITS - STORED_BITS), STORED_BITS),
        scripts.astype(np.uint8).tobytes(),
    ]
    entries = []
    start = 0
    for v in vocabularies:
        own = codes[start : start + v.size]
        start += v.size
        places = np.flatnonzero(v.order >= 0)
        ranked = np.empty(len(places), dtype=np.int64)
        ranked[v.order[places]] = places
        parts += [_steps(own), _steps(v.ids), _steps(ranked)]
        entries.append(
            {
                "name": v.name,
                "algorithm": v.algorithm,
                "learned": v.learned,
                "tokens": v.size,
                "places": len(ranked),
            }
        )
    head = json.dumps(
        {"bits": STORED_BITS, "distinct": len(distinct), "vocabularies": entries},
        separators=(",", ":"),
    ).encode()
    return b"".join((MAGIC, struct.pack("<I", len(head)), head, *parts))


def compress(raw: bytes) -> bytes:
    """What is shipped."""
    return lzma.compress(raw, preset=9)


def decompress(raw: bytes, file: str) -> bytes:
    """What :func:`pack` made.

    Raises:
        UnreadableError: the file is damaged or larger than any that is shipped.
    """
    machine = lzma.LZMADecompressor(lzma.FORMAT_XZ, memlimit=2**28)
    try:
        found = machine.decompress(raw, MAX_BYTES + 1)
    except lzma.LZMAError as error:
        raise _damaged(file, str(error)) from error
    if len(found) > MAX_BYTES or not machine.eof:
        raise _damaged(file, "it does not end where it should")
    return found


def unpack(raw: bytes, file: str) -> tuple[Vocabulary, ...]:
    """The vocabularies in what :func:`pack` made.

    Raises:
        UnreadableError: the content is not what its head says.
    """
    try:
        return _unpack(raw)
    except (ValueError, KeyError, TypeError, IndexError, struct.error) as error:
        raise _damaged(file, str(error)) from error


def _unpack(raw: bytes) -> tuple[Vocabulary, ...]:
    if not raw.startswith(MAGIC):
        message = "it does not start as such a file does"
        raise ValueError(message)
    reader = _Reader(raw, len(MAGIC) + 4)
    (length,) = struct.unpack_from("<I", raw, len(MAGIC))
    head: dict[str, Any] = json.loads(reader.take(length))
    bits, distinct = int(head["bits"]), int(head["distinct"])
    hashes = reader.planes(distinct, bits) << np.uint64(BITS - bits)
    scripts = np.frombuffer(reader.take(distinct), dtype=np.uint8)
    if distinct and int(scripts.max()) >= len(SCRIPTS):
        message = "a script without a name"
        raise ValueError(message)
    found = []
    for entry in head["vocabularies"]:
        size, places = int(entry["tokens"]), int(entry["places"])
        codes = reader.steps(size, distinct)
        ids = reader.steps(size, 2**31)
        ranked = reader.steps(places, size)
        order = np.full(size, -1, dtype=np.int32)
        order[ranked] = np.arange(places, dtype=np.int32)
        found.append(
            Vocabulary(
                name=str(entry["name"]),
                algorithm=str(entry["algorithm"]),
                bits=bits,
                hashes=hashes[codes],
                ids=ids.astype(np.int32),
                order=order,
                learned=bool(entry["learned"]),
                scripts=scripts[codes],
            )
        )
    if reader.at != len(raw):
        message = "bytes are left over"
        raise ValueError(message)
    return tuple(found)


class _Reader:
    """Takes what was packed from a buffer, piece by piece."""

    def __init__(self, raw: bytes, at: int) -> None:
        self.raw = raw
        self.at = at

    def take(self, count: int) -> bytes:
        if not 0 <= count <= len(self.raw) - self.at:
            message = f"{count} bytes at {self.at} of {len(self.raw)}"
            raise ValueError(message)
        self.at += count
        return self.raw[self.at - count : self.at]

    def planes(self, count: int, bits: int) -> NDArray[np.uint64]:
        # Looked at before anything is made that is as large as promised.
        left = len(self.raw) - self.at
        if bits not in range(8, BITS + 1, 8) or not 0 <= count * bits // 8 <= left:
            message = f"{count} numbers of {bits} bits at {self.at}"
            raise ValueError(message)
        values = np.zeros(count, dtype=np.uint64)
        for _ in range(bits // 8):
            values <<= np.uint64(8)
            values |= np.frombuffer(self.take(count), dtype=np.uint8)
        return values

    def steps(self, count: int, limit: int) -> NDArray[np.int64]:
        folded = self.planes(count, 32).astype(np.int64)
        values = np.cumsum((folded >> 1) ^ -(folded & 1))
        if count and not 0 <= int(values.min()) <= int(values.max()) < limit:
            message = f"numbers beyond {limit}"
            raise ValueError(message)
        return values


def _planes(values: NDArray[np.uint64], bits: int) -> bytes:
    """The bytes of all values, highest byte of each first."""
    shifts = range(bits - 8, -1, -8)
    return b"".join((values >> np.uint64(s)).astype(np.uint8).tobytes() for s in shifts)


def _steps(values: NDArray[np.integer]) -> bytes:
    """Differences of neighbours, folded so that small ones of either sign are small."""
    wide = values.astype(np.int64)
    steps = wide - np.concatenate(([0], wide[:-1]))
    folded = (steps << 1) ^ (steps >> 63)
    return _planes(folded.astype(np.uint64), 32)


def _damaged(file: str, what: str) -> UnreadableError:
    return UnreadableError(
        f"damaged ({what})",
        file=file,
        expected="token lists as shipped",
        advice=_ADVICE,
    )
