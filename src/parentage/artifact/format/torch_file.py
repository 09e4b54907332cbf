# SPDX-License-Identifier: Apache-2.0
"""The tensors of a PyTorch file (``.bin``, ``.pt``, ``.pth``), which is not unpickled.

A file is a zip archive with the pickle ``data.pkl`` and one entry for each storage; or,
before 2020, four pickles in a row, a list of keys, and for each key a length and the
numbers. Both are read by ranges.
"""

from __future__ import annotations

import math
from collections import Counter
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

import numpy as np

from parentage.artifact.contents import Contents
from parentage.artifact.dtypes import SAFETENSORS, to_float32
from parentage.artifact.entry import Entry, Problem, shown
from parentage.artifact.format.pickle_machine import Machine, StoredTensor
from parentage.artifact.format.stream import Stream
from parentage.artifact.format.zip_entries import read_entries
from parentage.artifact.values import Floats, Index, Matrix, Plain, spans_of
from parentage.errors import HeaderError, LayoutError

if TYPE_CHECKING:
    from parentage.artifact.source.base import File

ZIP: Final = b"PK\x03\x04"
LEGACY: Final = b"\x80\x02\x8a\nl\xfc\x9cF"
"""How a file of before 2020 begins: a pickle of the magic number."""

MAX_PICKLE: Final = 32_000_000
MAX_TENSORS: Final = 200_000
_MAGIC: Final = 0x1950A86A20F9469CFC6C
_VERSION: Final = 1001
_MOST_DEPTH: Final = 8
_ADVICE: Final = "The file is damaged or not a PyTorch file: download or save it again."
# Keys under which training puts the model; without them its names are those of others.
_WRAPPERS: Final = ("state_dict", "model_state_dict", "model", "module", "weights")

_Storages = dict[str, tuple[int, int]]


def read_torch(file: File) -> Contents:
    """The tensors of an open PyTorch file; only its pickle is read.

    Raises:
        HeaderError: it needs anything but tensors, or is not a PyTorch file.
        LayoutError: a tensor reaches beyond its storage, or a storage beyond the file.
        TruncatedError: the file ends early.
        UnsafePathError: an entry of the archive leads out of it.
    """
    if file.pread(0, min(4, file.size)) == ZIP:
        found, storages = _zipped(file)
    else:
        found, storages = _legacy(file)
    contents = Contents()
    seen: dict[StoredTensor, str] = {}
    tied: list[str] = []
    tensors, problems = _tensors(file, found)
    for name, tensor in tensors.items():
        if tensor in seen:
            tied.append(f"{shown(name)} is {shown(seen[tensor])}")
            continue
        seen[tensor] = name
        _add(contents, file, name, tensor, storages)
    contents.problems = problems
    if tied:
        message = f"{len(tied)} tensors are other ones once more: {', '.join(tied[:4])}"
        contents.problems.append(Problem("tied", "info", message, file.label))
    return contents


def _zipped(file: File) -> tuple[object, _Storages]:
    entries = read_entries(file)
    pickles = [name for name in entries if name.split("/")[-1] == "data.pkl"]
    if len(pickles) != 1:
        raise HeaderError(
            f"holds {len(pickles)} entries called data.pkl",
            file=file.label,
            expected="one, as torch.save writes",
            advice="This archive is not a PyTorch model: name another file.",
        )
    root = pickles[0].removesuffix("data.pkl")
    order = entries.get(f"{root}byteorder")
    if order is not None and file.pread(
        order.begin, min(8, order.end - order.begin)
    ) not in (
        b"little",
        b"",
    ):
        raise HeaderError(
            "is stored with the high byte first",
            file=file.label,
            offset=order.begin,
            expected="a little-endian file",
            advice="Save it once more on another machine.",
        )
    place = entries[pickles[0]]
    if place.end - place.begin > MAX_PICKLE:
        raise _long(file, place.begin, place.end - place.begin)
    stream = Stream(file, place.begin, place.end, _ADVICE)
    found = Machine(stream).run()
    prefix = f"{root}data/"
    return found, {
        name.removeprefix(prefix): (entry.begin, entry.end)
        for name, entry in entries.items()
        if name.startswith(prefix)
    }


def _legacy(file: File) -> tuple[object, _Storages]:
    stream = Stream(file, 0, min(file.size, MAX_PICKLE), _ADVICE)
    magic, version = Machine(stream).run(), Machine(stream).run()
    if magic != _MAGIC or version != _VERSION:
        raise HeaderError(
            "does not begin with the magic number of torch.save",
            file=file.label,
            offset=0,
            expected="a zip archive, or a file of torch.save",
            advice=_ADVICE,
        )
    system = Machine(stream).run()
    if not isinstance(system, dict) or system.get("little_endian") is not True:
        raise HeaderError(
            "is stored with the high byte first",
            file=file.label,
            offset=0,
            expected="a little-endian file",
            advice="Save it once more on another machine.",
        )
    found = Machine(stream).run()
    keys = Machine(stream).run()
    if not isinstance(keys, list) or not all(isinstance(k, str) for k in keys):
        raise HeaderError(
            "has no list of storages",
            file=file.label,
            offset=stream.offset,
            expected="a list of keys",
            advice=_ADVICE,
        )
    sizes = _sizes(found)
    storages: _Storages = {}
    at = stream.offset
    for key in keys:
        head = Stream(file, at, file.size, _ADVICE, ahead=8)
        count = head.number(8)
        width = sizes.get(key, 1)
        if count * width > file.size - at - 8:
            raise LayoutError(
                f"storage '{shown(key)}' of {count} numbers lies outside",
                file=file.label,
                offset=at,
                expected=f"at most {file.size - at - 8} bytes",
                advice=_ADVICE,
            )
        storages[key] = (at + 8, at + 8 + count * width)
        at = storages[key][1]
    return found, storages


def _sizes(found: object) -> dict[str, int]:
    """Bytes of a number of each storage, which the file itself does not say."""
    return {
        tensor.storage.key: SAFETENSORS[tensor.storage.dtype].itemsize
        for tensor in _walk(found, "", set(), 0).values()
    }


def _long(file: File, offset: int, size: int) -> HeaderError:
    return HeaderError(
        f"its pickle has {size} bytes",
        file=file.label,
        offset=offset,
        expected=f"at most {MAX_PICKLE}",
        advice=_ADVICE,
    )


def _tensors(
    file: File, found: object
) -> tuple[dict[str, StoredTensor], list[Problem]]:
    """Tensors by name, out of the part of a checkpoint that is the model."""
    chosen = found
    if isinstance(found, dict) and not _direct(found):
        inside = {k: _walk(v, "", set(), 0) for k, v in found.items()}
        best = max(
            (k for k in _WRAPPERS if inside.get(k)),
            key=lambda k: len(inside[k]),
            default=None,
        )
        if best is not None:
            chosen = found[best]
    tensors = _walk(chosen, "", set(), 0)
    if not tensors:
        raise HeaderError(
            "holds no tensors",
            file=file.label,
            expected="a dict of tensors by name",
            advice="Name the file with the weights of the model.",
        )
    rest = len(_walk(found, "", set(), 0)) - len(tensors) if chosen is not found else 0
    if not rest:
        return tensors, []
    message = (
        f"{rest} more tensors that are not the model's (of training) were left out"
    )
    return tensors, [Problem("unread-tensors", "info", message, file.label)]


def _direct(found: dict[object, object]) -> bool:
    kinds = Counter(isinstance(value, StoredTensor) for value in found.values())
    return kinds[True] > 0


def _walk(
    found: object, front: str, seen: set[int], depth: int
) -> dict[str, StoredTensor]:
    """Tensors in nested dicts, under names with dots; each dict once."""
    if not isinstance(found, dict) or id(found) in seen or depth > _MOST_DEPTH:
        return {}
    seen.add(id(found))
    tensors: dict[str, StoredTensor] = {}
    for key, value in found.items():
        if len(tensors) > MAX_TENSORS:
            break
        name = f"{front}{key}" if isinstance(key, str | int) else ""
        if isinstance(value, StoredTensor) and name:
            tensors[name] = value
        elif isinstance(value, dict) and name and len(name) < 1000:
            tensors |= _walk(value, f"{name}.", seen, depth + 1)
    return tensors


def _add(
    contents: Contents,
    file: File,
    name: str,
    tensor: StoredTensor,
    storages: _Storages,
) -> None:
    """Add a tensor, after its view was held against its storage."""
    storage, width = tensor.storage, SAFETENSORS[tensor.dtype].itemsize

    def wrong(message: str, expected: str) -> LayoutError:
        return LayoutError(
            message,
            file=file.label,
            tensor=shown(name),
            expected=expected,
            advice=_ADVICE,
        )

    if storage.key not in storages:
        raise wrong(f"has no storage '{shown(storage.key)}'", "one that is in the file")
    begin, end = storages[storage.key]
    own = SAFETENSORS[storage.dtype].itemsize
    begin += storage.base * own
    if storage.numel * own > end - begin:
        message = f"says its storage has {storage.numel} numbers of {storage.dtype}"
        raise wrong(message, f"{max(end - begin, 0)} bytes")
    shape, size = tensor.shape, math.prod(tensor.shape)
    last = sum((n - 1) * s for n, s in zip(shape, tensor.strides, strict=True))
    if size and (tensor.offset + last + 1) * width > storage.numel * own:
        message = f"reaches number {tensor.offset + last} of its storage"
        raise wrong(message, f"at most {storage.numel * own // width} numbers")
    if size > (end - begin) and 0 in tensor.strides:
        message = f"repeats numbers to the shape {list(shape)}"
        raise wrong(message, "tensors no larger than the file")
    start = begin + tensor.offset * width
    entry = Entry(
        name,
        tensor.dtype,
        shape,
        file.name,
        start,
        start + (size * width if size else 0),
    )
    if not size or tensor.strides == _row_major(shape, tensor.strides):
        contents.add(entry, Plain(file, entry))
        return
    stop = start + (last + 1) * width
    entry = Entry(name, tensor.dtype, shape, file.name, start, stop)
    contents.add(entry, Strided(file, entry, tensor.strides))


def _row_major(shape: tuple[int, ...], strides: tuple[int, ...]) -> tuple[int, ...]:
    """Strides without gaps; those of axes of length 1 are as they are."""
    found, step = list(strides), 1
    for axis in range(len(shape) - 1, -1, -1):
        if shape[axis] != 1:
            found[axis] = step
            step *= shape[axis]
    return tuple(found)


@dataclass(frozen=True)
class Strided(Matrix):
    """A view that is not in row-major order, such as a transposed matrix."""

    file: File
    entry: Entry
    strides: tuple[int, ...]

    def __post_init__(self) -> None:
        object.__setattr__(self, "shape", self.entry.shape)

    def cells(self, rows: Index, columns: Index) -> Floats:
        """Values at some rows and columns; neighbours in storage are read together."""
        base = np.zeros(len(rows), np.int64)
        rest = rows
        for length, stride in zip(
            self.shape[-2::-1], self.strides[-2::-1], strict=True
        ):
            rest, place = np.divmod(rest, length)
            base += place * stride
        places = base[:, None] + columns * self.strides[-1]
        chosen, back = np.unique(places, return_inverse=True)
        kind = SAFETENSORS[self.entry.dtype].numpy
        if kind is None:
            message = f"{self.entry.dtype} is no format of torch"
            raise TypeError(message)
        raw = np.empty(len(chosen) * kind.itemsize, np.uint8)
        at = 0
        by_width: dict[int, list[tuple[int, int]]] = {}
        for start, stop in spans_of(chosen):
            width = (stop - start) * kind.itemsize
            by_width.setdefault(width, []).append((at, start * kind.itemsize))
            at += width
        for width, spans in by_width.items():
            part = np.empty(len(spans) * width, np.uint8)
            offsets = [self.entry.begin + start for _, start in spans]
            self.file.read_runs(offsets, width, part.data)
            targets = np.array([to for to, _ in spans])[:, None] + np.arange(width)
            raw[targets] = part.reshape(len(spans), width)
        values = to_float32(raw.view(kind), self.entry.dtype)
        found: Floats = values[back.reshape(places.shape)]
        return found
