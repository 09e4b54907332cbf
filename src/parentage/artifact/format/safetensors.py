# SPDX-License-Identifier: Apache-2.0
"""The header of a safetensors file, read as if a stranger had written it.

The file is eight bytes (length ``n`` of the header, little-endian), ``n`` bytes of
JSON that start with ``{``, and the data. Nothing is allocated before its length
has been compared with the file's.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING, TypeGuard

from parentage.artifact.dtypes import SAFETENSORS
from parentage.artifact.entry import Entry, Problem, shown
from parentage.artifact.format.jsontext import Limits, parse_object
from parentage.artifact.format.layout import check_layout
from parentage.errors import HeaderError, LayoutError, TruncatedError

if TYPE_CHECKING:
    from parentage.artifact.source.base import File

MAX_HEADER = 100_000_000
"""Longest header in bytes; the limit that the format's own library sets."""

MAX_TENSORS = 200_000
"""Most tensors in one file; models of a trillion weights have fewer in all of theirs.

Together with the number of JSON values it bounds the memory that a header takes.
"""

MAX_OFFSET = 2**63 - 1
PREFIX = 8
"""Bytes of the length that stands before the header."""

_METADATA = "__metadata__"
_FIELDS = frozenset({"dtype", "shape", "data_offsets"})
_MAX_AXES = 64
_MAX_ELEMENTS = 2**59
_INTEGERS = frozenset({int})
_LIMITS = Limits(depth=4, values=10 * MAX_TENSORS)
_ADVICE = "The file is damaged or not safetensors: download or save it again."


@dataclass(frozen=True, slots=True)
class Header:
    """What the header of a file says, checked against its size.

    Attributes:
        entries: the tensors by name, in the order of the header.
        metadata: free text of the writer.
        length: bytes of the header, the eight of the length included: where the
            data begins.
        problems: what is odd without being ambiguous.
    """

    entries: dict[str, Entry]
    metadata: dict[str, str]
    length: int
    problems: tuple[Problem, ...]


def read_header(file: File) -> Header:
    """Read and check the header of an open safetensors file.

    Raises:
        HeaderError: the header is not what the format prescribes.
        LayoutError: byte ranges overlap or disagree with shapes and formats.
        TruncatedError: the file ends before the bytes that it promises.
    """
    raw = _raw_header(file)
    if raw[:1] != b"{":
        message = f"the header starts with {raw[:1]!r}"
        raise _malformed(file, message, "'{'", offset=PREFIX)
    listed = parse_object(
        raw, _LIMITS, error=HeaderError, file=file.label, base=PREFIX, advice=_ADVICE
    )
    metadata = _metadata(file, listed.pop(_METADATA, {}))
    if len(listed) > MAX_TENSORS:
        message = f"the header lists {len(listed)} tensors"
        raise _malformed(file, message, f"at most {MAX_TENSORS}")
    start = PREFIX + len(raw)
    entries = {name: _entry(file, name, item, start) for name, item in listed.items()}
    problems = check_layout(entries.values(), start, file.size, file.label)
    return Header(entries, metadata, start, tuple(problems))


def header_size(file: File) -> int:
    """Bytes of the header with its length, as far as they can be there."""
    if file.size < PREFIX:
        return file.size
    length = int.from_bytes(file.pread(0, PREFIX), "little")
    return min(PREFIX + length, file.size, PREFIX + MAX_HEADER)


def _raw_header(file: File) -> bytes:
    if file.size < PREFIX:
        raise TruncatedError(
            f"the file has {file.size} bytes",
            file=file.label,
            offset=0,
            expected="at least 8 bytes, the length of the header",
            advice=_ADVICE,
        )
    length = int.from_bytes(file.pread(0, PREFIX), "little")
    if length > MAX_HEADER:
        message = f"claims a header of {length} bytes"
        raise _malformed(file, message, f"at most {MAX_HEADER} bytes", offset=0)
    if PREFIX + length > file.size:
        raise TruncatedError(
            f"claims a header of {length} bytes, beyond the end of the file",
            file=file.label,
            offset=0,
            expected=f"at most {file.size - PREFIX} bytes",
            advice=_ADVICE,
        )
    return file.pread(PREFIX, length)


def _metadata(file: File, found: object) -> dict[str, str]:
    if found is None:
        return {}  # MLX writes null, and the format's own library reads it
    if not isinstance(found, dict):
        message = f"{_METADATA} is a JSON {type(found).__name__}"
        raise _malformed(file, message, "an object of strings")
    for key, value in found.items():
        if not isinstance(value, str):
            message = f"{_METADATA} entry '{shown(key)}' is not a string"
            raise _malformed(file, message, "strings only")
    return found


def _entry(file: File, name: str, item: object, start: int) -> Entry:
    """The entry of one tensor; its offsets become absolute."""
    if not isinstance(item, dict) or not item.keys() >= _FIELDS:
        keys = sorted(item) if isinstance(item, dict) else type(item).__name__
        message = f"described by {shown(str(keys))}"
        raise _malformed(file, message, "dtype, shape and data_offsets", tensor=name)
    dtype, shape = item["dtype"], item["shape"]
    if not isinstance(dtype, str) or dtype not in SAFETENSORS:
        message = f"unknown dtype '{shown(str(dtype))}'"
        raise _malformed(file, message, f"one of {', '.join(SAFETENSORS)}", tensor=name)
    if not _naturals(shape) or len(shape) > _MAX_AXES:
        message = f"shape {shown(str(shape))} is malformed"
        expected = f"a list of at most {_MAX_AXES} integers >= 0"
        raise _malformed(file, message, expected, tensor=name)
    # Axes of length zero do not count: an empty array has strides, too.
    if math.prod(axis or 1 for axis in shape) > _MAX_ELEMENTS:
        message = f"shape {shown(str(shape))} has too many elements"
        raise _malformed(file, message, "at most 2**59 elements", tensor=name)
    bits = math.prod(shape) * int(SAFETENSORS[dtype].bits)
    begin, end = _range(file, name, item["data_offsets"], start)
    if bits != 8 * (end - begin):
        raise LayoutError(
            f"{end - begin} bytes for shape {shown(str(shape))} of {dtype}",
            file=file.label,
            tensor=shown(name),
            offset=begin,
            expected=f"{bits / 8:.10g} bytes" if bits % 8 else f"{bits // 8} bytes",
            advice=_ADVICE,
        )
    return Entry(name, dtype, tuple(shape), file.name, begin, end)


def _range(file: File, name: str, offsets: object, start: int) -> tuple[int, int]:
    if not _naturals(offsets) or len(offsets) != 2:
        message = f"data_offsets {shown(str(offsets))} are malformed"
        raise _malformed(file, message, "two integers >= 0", tensor=name)
    begin, end = offsets
    if begin > end:
        message = f"data_offsets {begin}..{end} are reversed"
        raise _malformed(file, message, "begin <= end", tensor=name)
    if end > MAX_OFFSET - start:
        message = f"data_offsets {begin}..{end} are out of range"
        raise _malformed(file, message, "offsets below 2**63", tensor=name)
    return start + begin, start + end


def _naturals(found: object) -> TypeGuard[list[int]]:
    """Whether it is a list of integers >= 0 (true and false are not integers)."""
    if not isinstance(found, list) or not _INTEGERS.issuperset(map(type, found)):
        return False
    return min(found, default=0) >= 0


def _malformed(
    file: File,
    message: str,
    expected: str,
    *,
    tensor: str | None = None,
    offset: int | None = None,
) -> HeaderError:
    return HeaderError(
        message,
        file=file.label,
        tensor=None if tensor is None else shown(tensor),
        offset=offset,
        expected=expected,
        advice=_ADVICE,
    )
