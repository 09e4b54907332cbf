# SPDX-License-Identifier: Apache-2.0
"""The header of a GGUF file, read as if a stranger had written it.

The file is a magic word, a version, two counts, that many key/value pairs and tensor
descriptions, and, from the next multiple of the alignment, the data. Only the header
is read here. Every count and length is compared with what is left of the file before
anything is allocated for it.

Source: the specification in ggml's ``docs/gguf.md``, versions 2 and 3.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from parentage.artifact.entry import shown
from parentage.artifact.format.gguf_values import Cursor, Value
from parentage.errors import LayoutError

if TYPE_CHECKING:
    from collections.abc import Mapping

    from parentage.artifact.source.base import File

MAGIC = b"GGUF"
MAX_TENSORS = 200_000
"""Most tensors in one file, as for safetensors."""

MAX_KEYS = 100_000
"""Most keys; published files have fewer than a hundred."""

_MAX_NAME = 2**16 - 1
_MAX_AXES = 8
_MAX_ELEMENTS = 2**59
_SMALLEST_PAIR = 8 + 4 + 1
_SMALLEST_TENSOR = 8 + 4 + 4 + 8
_ALIGNMENT = "general.alignment"
_VERSIONS = (2, 3)


@dataclass(frozen=True, slots=True)
class GgufTensor:
    """Where a tensor lies, as the header says.

    Attributes:
        name: its name.
        shape: lengths of the axes, row-major: the order of the file, reversed.
        type: number of the storage format in ggml's list.
        offset: first byte, counted from the start of the file.
    """

    name: str
    shape: tuple[int, ...]
    type: int
    offset: int


@dataclass(frozen=True, slots=True)
class GgufHeader:
    """What the header of a file says.

    Attributes:
        version: of the format.
        metadata: key/value pairs in order. Arrays of numbers are numpy arrays, arrays
            of strings tuples of bytes, nested arrays tuples.
        tensors: the tensors in order.
        alignment: of tensors, in bytes.
        data_start: where the data begins.
        big_endian: whether numbers are stored with the high byte first.
    """

    version: int
    metadata: Mapping[str, Value]
    tensors: tuple[GgufTensor, ...]
    alignment: int
    data_start: int
    big_endian: bool = False


def read_gguf_header(file: File) -> GgufHeader:
    """Read and check the header of an open GGUF file.

    Raises:
        HeaderError: the header is not what the format prescribes.
        LayoutError: a tensor begins outside the file or off the alignment.
        TruncatedError: the file ends before the header does.
    """
    cursor = Cursor(file)
    magic = cursor.take(4)
    if magic != MAGIC:
        raise cursor.malformed(f"starts with {magic!r}", "the four letters GGUF")
    version = _version(cursor)
    tensors = _count(cursor, "tensors", MAX_TENSORS, _SMALLEST_TENSOR)
    keys = _count(cursor, "keys", MAX_KEYS, _SMALLEST_PAIR)
    metadata: dict[str, Value] = {}
    for _ in range(keys):
        key = cursor.text(_MAX_NAME)
        if key in metadata:
            raise cursor.malformed(f"duplicate key '{shown(key)}'", "unique keys")
        metadata[key] = cursor.value(cursor.number("I"), key)
    alignment = metadata.get(_ALIGNMENT, 32)
    if type(alignment) is not int or alignment < 8 or alignment & (alignment - 1):
        message = f"{_ALIGNMENT} is {shown(repr(alignment))}"
        raise cursor.malformed(message, "a power of two from 8 on")
    found = [_tensor(cursor) for _ in range(tensors)]
    start = -(-cursor.offset // alignment) * alignment
    return GgufHeader(
        version,
        metadata,
        _placed(file, found, start, alignment),
        alignment,
        start,
        cursor.big_endian,
    )


def _version(cursor: Cursor) -> int:
    version = cursor.number("I")
    if version not in _VERSIONS:
        swapped = int.from_bytes(version.to_bytes(4, "little"), "big")
        if swapped not in _VERSIONS:
            message = f"version {version} of the format"
            raise cursor.malformed(message, "version 2 or 3")
        cursor.big_endian = True
        return swapped
    return version


def _count(cursor: Cursor, what: str, most: int, smallest: int) -> int:
    count = cursor.number("Q")
    most = min(most, cursor.left // smallest)
    if count > most:
        message = f"claims {count} {what}"
        raise cursor.malformed(message, f"at most {most} in a file of this size")
    return count


def _tensor(cursor: Cursor) -> GgufTensor:
    name = cursor.text(_MAX_NAME)
    axes = cursor.number("I")
    if axes > _MAX_AXES:
        message = f"tensor '{shown(name)}' has {axes} axes"
        raise cursor.malformed(message, f"at most {_MAX_AXES}")
    shape = tuple(cursor.number("Q") for _ in range(axes))
    elements = 1
    for axis in shape:
        elements *= axis or 1
    if elements > _MAX_ELEMENTS:
        message = f"tensor '{shown(name)}' has the shape {shape}"
        raise cursor.malformed(message, "at most 2**59 elements")
    kind = cursor.number("I")
    return GgufTensor(name, shape[::-1], kind, cursor.number("Q"))


def _placed(
    file: File, found: list[GgufTensor], start: int, alignment: int
) -> tuple[GgufTensor, ...]:
    """The tensors with offsets from the start of the file."""
    seen: set[str] = set()
    placed = []
    for tensor in found:
        offset = start + tensor.offset
        problem = None
        if tensor.name in seen:
            problem = "is listed twice", "unique names"
        elif tensor.offset % alignment:
            problem = f"begins at {tensor.offset}", f"a multiple of {alignment}"
        elif offset > file.size:
            problem = f"begins at byte {offset}", f"at most {file.size}"
        if problem:
            raise LayoutError(
                problem[0],
                file=file.label,
                tensor=shown(tensor.name),
                expected=problem[1],
                advice="The file is damaged: download it again.",
            )
        seen.add(tensor.name)
        placed.append(GgufTensor(tensor.name, tensor.shape, tensor.type, offset))
    return tuple(placed)
