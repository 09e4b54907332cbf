# SPDX-License-Identifier: Apache-2.0
"""The tensors of a GGUF file, as they were before they were converted to it.

Converters change some weights: rows of queries and keys are reordered for another
convention of rotary positions, and some norms are stored as one plus their gain
(``gguf_rows.toml``). Both are undone here, so that the same weights give the same
values in every format.
"""

from __future__ import annotations

import math
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass, replace
from functools import cache
from importlib import resources
from typing import TYPE_CHECKING, Any, Final

import numpy as np

from parentage.artifact.contents import Contents
from parentage.artifact.entry import Entry, Problem, shown
from parentage.artifact.format.gguf import GgufHeader, GgufTensor, read_gguf_header
from parentage.artifact.format.gguf_values import Value
from parentage.artifact.format.layout import check_layout
from parentage.artifact.matrices import as_matrix
from parentage.artifact.quantised.ggml import DECODERS, Blocks, block_types
from parentage.artifact.values import Floats, Index, Matrix, Plain, Values
from parentage.errors import DtypeError, LayoutError

if TYPE_CHECKING:
    from parentage.artifact.source.base import File

_ADVICE: Final = "The file is damaged or newer than this program: download it again."
_LONGEST_LIST: Final = 512
_LONGEST_TEXT: Final = 2000
_MOST_BASES: Final = 16
_MOST_KEYS: Final = 2000


def read_gguf_contents(file: File) -> Contents:
    """The tensors of an open GGUF file; only its header is read.

    Raises:
        HeaderError: the header is not what the format prescribes.
        LayoutError: tensors overlap, or rows do not end with a block.
        TruncatedError: the file ends before its data.
        DtypeError: a tensor has an unknown format, or the file is big-endian.
    """
    header = read_gguf_header(file)
    if header.big_endian:
        raise DtypeError(
            "is stored with the high byte first",
            file=file.label,
            expected="a little-endian file",
            advice="Convert it with gguf_convert_endian.py of llama.cpp.",
        )
    found = Contents()
    entries = [_entry(file, tensor) for tensor in header.tensors]
    padded = [_padded(entry, header.alignment, file.size) for entry in entries]
    found.problems += check_layout(padded, header.data_start, file.size, file.label)
    rows = _Rows(header.metadata)
    for entry, tensor in zip(entries, header.tensors, strict=True):
        found.add(entry, rows.undone(entry, _values(file, entry, tensor)))
    found.config = _config(header.metadata)
    found.metadata = {
        key: value
        for key, value in header.metadata.items()
        if isinstance(value, str) and len(value) <= _LONGEST_TEXT
    }
    found.problems += _claims(header, file.label)
    return found


def _entry(file: File, tensor: GgufTensor) -> Entry:
    kind = block_types().get(tensor.type)
    if kind is None:
        raise DtypeError(
            f"is stored in format {tensor.type} of ggml",
            file=file.label,
            tensor=shown(tensor.name),
            expected="a format that this program knows",
            advice=_ADVICE,
        )
    columns = tensor.shape[-1] if tensor.shape else 1
    if columns % kind.elements:
        raise LayoutError(
            f"has rows of {columns} numbers in blocks of {kind.elements}",
            file=file.label,
            tensor=shown(tensor.name),
            offset=tensor.offset,
            expected=f"a multiple of {kind.elements}",
            advice=_ADVICE,
        )
    size = math.prod(tensor.shape) // kind.elements * kind.size
    return Entry(
        tensor.name,
        kind.name,
        tensor.shape,
        file.name,
        tensor.offset,
        tensor.offset + size,
    )


def _values(file: File, entry: Entry, tensor: GgufTensor) -> Values:
    if entry.dtype in DECODERS:
        kind = block_types()[tensor.type]
        return Blocks(file, entry.begin, entry.shape, kind)
    return Plain(file, entry)


def _padded(entry: Entry, alignment: int, size: int) -> Entry:
    """The tensor with the gap that the alignment leaves after it."""
    end = min(-(-entry.end // alignment) * alignment, size)
    return replace(entry, end=max(entry.end, end))


@cache
def _changes() -> dict[str, Any]:
    file = resources.files("parentage.artifact.format") / "gguf_rows.toml"
    return tomllib.loads(file.read_text("utf-8"))


class _Rows:
    """What was done to the weights of an architecture, and its undoing."""

    def __init__(self, metadata: Mapping[str, Value]) -> None:
        word = metadata.get("general.architecture")
        changes = _changes()
        self._paired = word in changes["paired"]
        self._shifted = word in changes["gains_plus_one"]
        self._queries = metadata.get(f"{word}.attention.head_count")
        self._keys = metadata.get(f"{word}.attention.head_count_kv", self._queries)

    def undone(self, entry: Entry, values: Values) -> Values:
        """The values of a tensor as they were before the conversion."""
        changes = _changes()
        if self._paired:
            heads = 0
            if entry.name.endswith(tuple(changes["queries"])):
                heads = _heads(self._queries, entry.name)
            elif entry.name.endswith(tuple(changes["keys"])):
                heads = _heads(self._keys, entry.name)
            if heads and entry.shape:
                vector = len(entry.shape) == 1
                rows = entry.shape[0] if vector else math.prod(entry.shape[:-1])
                if rows % (2 * heads) == 0:
                    return Unpaired(as_matrix(entry, values), rows // heads, vector)
        if self._shifted and entry.name.endswith(changes["gains"]):
            return Shifted(as_matrix(entry, values), -1.0)
        return values


def _heads(found: Value | None, name: str) -> int:
    """Number of heads in the layer of a tensor; 0 where it is not said."""
    if isinstance(found, np.ndarray) and found.dtype.kind in "iu":
        parts = name.split(".")
        layer = int(parts[1]) if len(parts) > 1 and parts[1].isdecimal() else 0
        found = int(found[layer]) if layer < len(found) else 0
    good = isinstance(found, int) and not isinstance(found, bool) and 0 < found < 2**20
    return found if good and isinstance(found, int) else 0


@dataclass(frozen=True)
class Unpaired(Matrix):
    """Rows of heads put back from pairs ``(2i, 2i+1)`` to ``(i, i + half)``.

    Attributes:
        inner: the stored matrix.
        head: rows of a head.
        vector: whether it is a bias: its numbers are the rows.
    """

    inner: Matrix
    head: int
    vector: bool

    def __post_init__(self) -> None:
        object.__setattr__(self, "shape", self.inner.shape)

    def cells(self, rows: Index, columns: Index) -> Floats:
        """Values at some rows and columns."""
        if self.vector:
            return self.inner.cells(rows, self._stored(columns))
        return self.inner.cells(self._stored(rows), columns)

    def _stored(self, rows: Index) -> Index:
        head, place = np.divmod(rows, self.head)
        side, pair = np.divmod(place, self.head // 2)
        stored: Index = head * self.head + 2 * pair + side
        return stored


@dataclass(frozen=True)
class Shifted(Matrix):
    """Values with a constant added."""

    inner: Matrix
    constant: float

    def __post_init__(self) -> None:
        object.__setattr__(self, "shape", self.inner.shape)

    def cells(self, rows: Index, columns: Index) -> Floats:
        """Values at some rows and columns."""
        return self.inner.cells(rows, columns) + np.float32(self.constant)


def _config(metadata: Mapping[str, Value]) -> dict[str, object]:
    """The metadata without tokens and other long values."""
    found: dict[str, object] = {}
    for key, value in metadata.items():
        if len(found) == _MOST_KEYS:
            break
        if isinstance(value, np.ndarray):
            if value.size <= _LONGEST_LIST:
                found[key] = value.tolist()
        elif isinstance(value, int | float | bool):
            found[key] = value
        elif isinstance(value, str):
            found[key] = value[:_LONGEST_TEXT]
    if "tokenizer.ggml.tokens" in metadata:
        tokens = metadata["tokenizer.ggml.tokens"]
        word = metadata.get("general.architecture")
        if isinstance(tokens, tuple) and isinstance(word, str):
            found.setdefault(f"{word}.vocab_size", len(tokens))
    return found


def _claims(header: GgufHeader, file: str) -> list[Problem]:
    """What the file says of its own descent: repeated, and never taken as evidence."""
    named = []
    for number in range(_MOST_BASES):
        for word in ("repo_url", "name"):
            value = header.metadata.get(f"general.base_model.{number}.{word}")
            if isinstance(value, str):
                named.append(shown(value))
                break
    if not named:
        return []
    message = f"the file says that it was made from {', '.join(named)}"
    return [Problem("claimed-base", "info", message, file)]
