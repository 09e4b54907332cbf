# SPDX-License-Identifier: Apache-2.0
"""Where the files in a zip archive lie, as far as PyTorch uses the format.

Only stored entries are given out: PyTorch compresses nothing, and an archive that
does could grow without bound. The list at the end of the archive is compared with the
head of each entry, entries must not overlap, and no name may lead out of a folder.

Source: PKWARE's APPNOTE, sections 4.3 and 4.5.3 (64-bit sizes).
"""

from __future__ import annotations

import struct
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from parentage.artifact.entry import shown
from parentage.errors import HeaderError, LayoutError, UnsafePathError

if TYPE_CHECKING:
    from parentage.artifact.source.base import File

MAX_ENTRIES: Final = 200_000
MAX_LIST: Final = 64_000_000

_TAIL: Final = 22 + 65535
_END: Final = struct.Struct("<4s4H2IH")
_END64: Final = struct.Struct("<4sQ2H2I4Q")
_LOCATOR: Final = struct.Struct("<4sIQI")
_LISTED: Final = struct.Struct("<4s6H3I5H2I")
_HEAD: Final = struct.Struct("<4s5H3I2H")
_BIG16, _BIG32 = 0xFFFF, 0xFFFFFFFF
_ADVICE: Final = "The archive is damaged or forged: download or save it again."


@dataclass(frozen=True, slots=True)
class ZipEntry:
    """A stored file of an archive.

    Attributes:
        name: its name.
        begin, end: where its bytes lie in the archive.
    """

    name: str
    begin: int
    end: int


@dataclass(frozen=True, slots=True)
class _Listed:
    name: bytes
    head: int
    size: int


def read_entries(file: File) -> dict[str, ZipEntry]:
    """The files of an archive by name; their contents are not read.

    Raises:
        HeaderError: it is no archive, or has what PyTorch never writes.
        LayoutError: entries overlap or lie outside.
        UnsafePathError: a name leads out of the archive's folder.
    """
    start, size, count = _directory(file)
    raw = file.pread(start, size)
    listed: list[_Listed] = []
    at = 0
    for _ in range(count):
        item, at = _one(file, raw, at, start)
        listed.append(item)
    found: dict[str, ZipEntry] = {}
    cursor, previous = 0, ""
    for item in sorted(listed, key=lambda i: i.head):
        entry = _placed(file, item, start)
        if item.head < cursor:
            raise _layout(
                file, item.head, f"'{shown(entry.name)}' overlaps '{shown(previous)}'"
            )
        if entry.name in found:
            message = f"lists '{shown(entry.name)}' twice"
            raise _malformed(file, start, message, "unique names")
        found[entry.name] = entry
        cursor, previous = entry.end, entry.name
    return found


def _directory(file: File) -> tuple[int, int, int]:
    """Where the list of entries begins, its length, and how many there are."""
    length = min(file.size, _TAIL)
    tail = file.pread(file.size - length, length)
    at = tail.rfind(b"PK\x05\x06")
    if at < 0 or len(tail) - at < _END.size:
        raise _malformed(file, None, "has no list of entries", "a zip archive")
    _, disk, first, here, count, size, start, _ = _END.unpack_from(tail, at)
    place = file.size - length + at
    if _BIG16 in (here, count) or _BIG32 in (size, start):
        where = place - _LOCATOR.size
        if where < 0:
            raise _malformed(file, place, "has no 64-bit list", "a zip archive")
        magic, _, end64, _ = _LOCATOR.unpack(file.pread(where, _LOCATOR.size))
        if magic == b"PK\x06\x07":
            if end64 + _END64.size > file.size:
                raise _layout(file, where, "its list lies outside")
            record = _END64.unpack(file.pread(end64, _END64.size))
            if record[0] != b"PK\x06\x06":
                raise _malformed(file, end64, "has no 64-bit list", "a zip archive")
            disk, first, here, count, size, start = record[4:10]
    if disk or first or here != count:
        raise _malformed(file, place, "is one of several disks", "one whole archive")
    if count > MAX_ENTRIES or size > MAX_LIST:
        message = f"lists {count} entries in {size} bytes"
        raise _malformed(
            file, place, message, f"at most {MAX_ENTRIES} entries in {MAX_LIST} bytes"
        )
    if start + size > place or count * _LISTED.size > size:
        raise _layout(file, place, f"its list of {size} bytes at {start} lies outside")
    return start, size, count


def _one(file: File, raw: bytes, at: int, base: int) -> tuple[_Listed, int]:
    if len(raw) - at < _LISTED.size or raw[at : at + 4] != b"PK\x01\x02":
        raise _malformed(file, base + at, "its list ends early", "one item per entry")
    fields = _LISTED.unpack_from(raw, at)
    flags, method = fields[3], fields[4]
    packed, size = fields[8], fields[9]
    names, extras, notes = fields[10:13]
    head = fields[16]
    name = raw[at + _LISTED.size : at + _LISTED.size + names]
    extra = raw[at + _LISTED.size + names :][:extras]
    if len(name) != names or len(extra) != extras:
        raise _malformed(file, base + at, "its list ends early", "whole names")
    if _BIG32 in (packed, size, head):
        size, packed, head = _wide(file, extra, (size, packed, head), base + at)
    title = shown(name.decode("utf-8", "replace"))
    if flags & 1:
        raise _malformed(file, base + at, f"'{title}' is encrypted", "plain entries")
    if method or packed != size:
        raise _malformed(
            file,
            base + at,
            f"'{title}' is compressed: {packed} bytes become {size}",
            "stored entries, as PyTorch writes them",
        )
    return _Listed(name, head, size), at + _LISTED.size + names + extras + notes


def _wide(file: File, extra: bytes, sizes: tuple[int, int, int], at: int) -> list[int]:
    """64-bit sizes out of the extra field that holds those which overflow."""
    found = list(sizes)
    place = 0
    while place + 4 <= len(extra):
        kind, length = struct.unpack_from("<2H", extra, place)
        block = extra[place + 4 : place + 4 + length]
        place += 4 + length
        if kind != 1:
            continue
        for number, size in enumerate(sizes):
            if size == _BIG32:
                if len(block) < 8:
                    break
                found[number] = int.from_bytes(block[:8], "little")
                block = block[8:]
    if _BIG32 in found:
        raise _malformed(file, at, "has no 64-bit size", "sizes of each entry")
    return found


def _placed(file: File, item: _Listed, limit: int) -> ZipEntry:
    """The place of an entry, by its own head."""
    try:
        name = item.name.decode("utf-8")
    except UnicodeDecodeError:
        name = item.name.decode("latin-1")
    parts = name.replace("\\", "/").split("/")
    if ".." in parts or name.startswith(("/", "\\")) or "\0" in name or ":" in parts[0]:
        raise UnsafePathError(
            f"holds '{shown(name)}', which leads out of its folder",
            file=file.label,
            offset=item.head,
            expected="plain names",
            advice="Do not use this model before you know who made it.",
        )
    if item.head + _HEAD.size > limit:
        raise _layout(file, item.head, f"'{shown(name)}' lies outside")
    head = _HEAD.unpack(file.pread(item.head, _HEAD.size))
    names, extras = head[9], head[10]
    begin = item.head + _HEAD.size + names + extras
    end = begin + item.size
    if head[0] != b"PK\x03\x04" or names != len(item.name) or head[3]:
        message = f"the head of '{shown(name)}' is not what the list says"
        raise _malformed(file, item.head, message, "heads that agree with the list")
    if end > limit:
        raise _layout(file, item.head, f"'{shown(name)}' ends at byte {end}")
    if file.pread(item.head + _HEAD.size, names) != item.name:
        message = f"'{shown(name)}' has another name in its own head"
        raise _malformed(file, item.head, message, "heads that agree with the list")
    return ZipEntry(name, begin, end)


def _malformed(
    file: File, offset: int | None, message: str, expected: str
) -> HeaderError:
    return HeaderError(
        message, file=file.label, offset=offset, expected=expected, advice=_ADVICE
    )


def _layout(file: File, offset: int, message: str) -> LayoutError:
    return LayoutError(
        message,
        file=file.label,
        offset=offset,
        expected=f"entries one after the other in {file.size} bytes",
        advice=_ADVICE,
    )
