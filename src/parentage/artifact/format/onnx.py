# SPDX-License-Identifier: Apache-2.0
"""The weights of an ONNX file: its initialisers, here or in files beside it.

The file is one protocol buffer, walked by ranges: numbers are never loaded whole, and
the graph is only looked at for the names of its layers. Exporters write ``x @ W`` with
``W`` turned against the weight of the layer and often without its name; both are undone
where the node that multiplies tells the layer.

Source: onnx.proto3 of the ONNX project, IR version 3 and later.
"""

from __future__ import annotations

import math
import re
from collections.abc import Callable, Iterator
from contextlib import suppress
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Final

from parentage.artifact.contents import Contents
from parentage.artifact.dtypes import SAFETENSORS
from parentage.artifact.entry import Entry, Problem, shown
from parentage.artifact.format.stream import Stream
from parentage.artifact.matrices import Turned, as_matrix
from parentage.artifact.values import Plain
from parentage.errors import HeaderError, LayoutError

if TYPE_CHECKING:
    from parentage.artifact.source.base import File

MAX_TENSORS: Final = 200_000
MAX_NODES: Final = 2_000_000
_LONGEST_NAME: Final = 4096
_MOST_AXES: Final = 64
_MOST_WORDS: Final = 16
_MOST_ELEMENTS: Final = 2**59
_ADVICE: Final = "The file is damaged or not ONNX: download or export it again."
_TYPES: Final = {
    1: "F32", 2: "U8", 3: "I8", 4: "U16", 5: "I16", 6: "I32", 7: "I64", 9: "BOOL",
    10: "F16", 11: "F64", 12: "U32", 13: "U64", 14: "C64", 16: "BF16", 17: "F8_E4M3",
    18: "F8_E4M3FNUZ", 19: "F8_E5M2", 20: "F8_E5M2FNUZ",
}  # fmt: skip
_ANONYMOUS: Final = re.compile(r"onnx::\w+|\d+|[a-z_]*MatMul\w*")

_Span = tuple[int, int]


@dataclass(slots=True)
class _Tensor:
    name: str = ""
    kind: int = 0
    dims: list[int] = field(default_factory=list)
    raw: _Span | None = None
    other: bool = False
    outside: bool = False
    place: dict[str, str] = field(default_factory=dict)


def read_onnx(file: File, open_file: Callable[[str], File]) -> Contents:
    """The initialisers of an open ONNX file; no numbers are read.

    Args:
        file: the file.
        open_file: opens files beside it, which must not lead out of the folder.

    Raises:
        HeaderError: it is not a protocol buffer with a graph.
        LayoutError: a tensor has another number of bytes than its shape says.
        TruncatedError: a field is longer than what is left.
        UnsafePathError: external data lies outside of the folder.
    """
    tensors: list[_Tensor] = []
    layers: dict[str, str] = {}
    graphs = 0
    for number, value in _fields(file, 0, file.size):
        if number == 7 and isinstance(value, tuple):
            graphs += 1
            _graph(file, value, tensors, layers)
    if graphs != 1:
        raise _malformed(file, 0, f"holds {graphs} graphs", "one graph")
    found = Contents()
    left = 0
    for tensor in tensors:
        entry, source = _placed(file, tensor, open_file)
        if entry is None or source is None:
            left += 1
            continue
        name = _title(tensor.name, layers)
        if entry.name in layers and len(entry.shape) == 2:
            high, wide = entry.shape
            turned = Entry(
                name, entry.dtype, (wide, high), entry.file, entry.begin, entry.end
            )
            if name not in found.entries:
                found.add(turned, Turned(as_matrix(entry, Plain(source, entry))))
                continue
        if entry.name in found.entries:
            raise _malformed(
                file, None, f"lists '{shown(entry.name)}' twice", "unique names"
            )
        found.add(entry, Plain(source, entry))
    if not found.entries:
        raise _malformed(file, None, "holds no weights", "initialisers with numbers")
    if left:
        message = f"{left} initialisers are stored in a way that is not read"
        found.problems.append(Problem("unread-tensors", "warning", message, file.label))
    return found


def _title(name: str, layers: dict[str, str]) -> str:
    """The name of a weight that a node multiplies by."""
    if name not in layers:
        return name
    if not _ANONYMOUS.fullmatch(name):
        return name.replace(".MatMul.", ".")
    parts = [part for part in layers[name].split("/") if part]
    layer = ".".join(parts[:-1])
    return f"{layer}.weight" if layer else name


def _graph(
    file: File, span: _Span, tensors: list[_Tensor], layers: dict[str, str]
) -> None:
    nodes = 0
    for number, value in _fields(file, *span):
        if number == 5 and isinstance(value, tuple):
            tensors.append(_tensor(file, value))
            if len(tensors) > MAX_TENSORS:
                message = f"holds more than {MAX_TENSORS} initialisers"
                raise _malformed(file, value[0], message, f"at most {MAX_TENSORS}")
        elif number == 1 and isinstance(value, tuple):
            nodes += 1
            if nodes > MAX_NODES:
                message = f"holds more than {MAX_NODES} nodes"
                raise _malformed(file, value[0], message, f"at most {MAX_NODES}")
            _node(file, value, layers)


def _node(file: File, span: _Span, layers: dict[str, str]) -> None:
    """Note what a product with a weight is called."""
    inputs: list[str] = []
    name = kind = ""
    for number, value in _fields(file, *span):
        if not isinstance(value, tuple) or number not in (1, 3, 4):
            continue
        if value[1] - value[0] > _LONGEST_NAME or len(inputs) > 64:
            return
        text = file.pread(value[0], value[1] - value[0]).decode("utf-8", "replace")
        if number == 1:
            inputs.append(text)
        elif number == 3:
            name = text
        else:
            kind = text
    if kind == "MatMul" and len(inputs) == 2:
        layers.setdefault(inputs[1], name)


def _tensor(file: File, span: _Span) -> _Tensor:
    found = _Tensor()
    for number, value in _fields(file, *span):
        if number == 1:
            found.dims += _dims(file, value)
            if len(found.dims) > _MOST_AXES:
                message = f"has more than {_MOST_AXES} axes"
                raise _malformed(file, span[0], message, f"at most {_MOST_AXES}")
        elif number == 2 and isinstance(value, int):
            found.kind = value
        elif number == 8:
            found.name = _text(file, value)
        elif number == 9 and isinstance(value, tuple):
            found.raw = value
        elif number in (4, 10) and isinstance(value, tuple) and found.raw is None:
            found.raw = value  # packed numbers: the same bytes
        elif number in (4, 5, 6, 7, 10, 11):
            found.other = True
        elif number == 13 and isinstance(value, tuple):
            _external(file, value, found.place)
        elif number == 14:
            found.outside = value == 1
    return found


def _external(file: File, span: _Span, place: dict[str, str]) -> None:
    """One pair of words that say where the numbers lie."""
    pair = {1: "", 2: ""}
    for number, part in _fields(file, *span):
        if number in pair:
            pair[number] = _text(file, part)
    if len(place) < _MOST_WORDS:
        place[pair[1]] = pair[2]


def _dims(file: File, value: int | _Span) -> list[int]:
    if isinstance(value, int):
        return [value]
    found: list[int] = []
    stream = Stream(file, *value, _ADVICE)
    while stream.left and len(found) <= _MOST_AXES:
        found.append(_varint(stream))
    return found


def _text(file: File, value: int | _Span) -> str:
    if not isinstance(value, tuple) or value[1] - value[0] > _LONGEST_NAME:
        place = value[0] if isinstance(value, tuple) else None
        raise _malformed(file, place, "a name is too long", f"{_LONGEST_NAME} bytes")
    with suppress(UnicodeDecodeError):
        return file.pread(value[0], value[1] - value[0]).decode("utf-8")
    raise _malformed(file, value[0], "a name is not UTF-8", "UTF-8")


def _placed(
    file: File, tensor: _Tensor, open_file: Callable[[str], File]
) -> tuple[Entry | None, File | None]:
    """Where a tensor lies; ``None`` where it is stored in another way."""
    dtype = _TYPES.get(tensor.kind)
    if dtype is None or not tensor.name:
        return None, None

    def wrong(message: str, expected: str) -> LayoutError:
        return LayoutError(
            message,
            file=file.label,
            tensor=shown(tensor.name),
            expected=expected,
            advice=_ADVICE,
        )

    if any(not 0 <= n < 2**63 for n in tensor.dims):
        raise wrong(f"has the shape {shown(str(tensor.dims))}", "lengths from 0 on")
    if math.prod(n or 1 for n in tensor.dims) > _MOST_ELEMENTS:
        raise wrong("has too many elements", "at most 2**59")
    shape = tuple(tensor.dims)
    size = math.prod(shape) * SAFETENSORS[dtype].itemsize
    source, span = file, tensor.raw
    if tensor.outside or tensor.place:
        source = open_file(tensor.place.get("location", ""))
        begin = _decimal(tensor.place.get("offset", "0"))
        length = _decimal(tensor.place.get("length", str(size)))
        if begin is None or length is None or begin + length > source.size:
            place = shown(str(tensor.place))
            raise wrong(f"lies at {place}", f"a range of {source.size} bytes")
        span = (begin, begin + length)
    if span is None:
        if tensor.other or size:
            return None, None
        span = (0, 0)
    if span[1] - span[0] != size:
        message = f"{span[1] - span[0]} bytes for shape {list(shape)} of {dtype}"
        raise wrong(message, f"{size} bytes")
    return Entry(tensor.name, dtype, shape, source.name, *span), source


def _decimal(text: str) -> int | None:
    good = text.isascii() and text.isdigit() and len(text) < 20
    return int(text) if good else None


def _fields(file: File, begin: int, end: int) -> Iterator[tuple[int, int | _Span]]:
    """Fields of a message: number, and an integer or where its bytes lie."""
    # Little is read ahead: most of the file is numbers that are skipped.
    stream = Stream(file, begin, end, _ADVICE, ahead=256)
    while stream.left:
        at = stream.offset
        tag = _varint(stream)
        number, kind = tag >> 3, tag & 7
        if not number:
            raise _malformed(file, at, "a field has the number 0", "a message")
        if kind == 0:
            yield number, _varint(stream)
            continue
        if kind == 2:
            length = _varint(stream)
        elif kind in (1, 5):
            length = 8 if kind == 1 else 4
        else:
            raise _malformed(file, at, f"a field is stored in the way {kind}", "0 to 5")
        start = stream.offset
        stream.skip(length)
        yield number, (start, start + length)


def _varint(stream: Stream) -> int:
    value = 0
    for place in range(10):
        part = stream.take(1)[0]
        value |= (part & 127) << (7 * place)
        if part < 128:
            return value
    raise _malformed(stream.file, stream.offset, "a number of 11 bytes", "at most 10")


def _malformed(
    file: File, offset: int | None, message: str, expected: str
) -> HeaderError:
    return HeaderError(
        message, file=file.label, offset=offset, expected=expected, advice=_ADVICE
    )
