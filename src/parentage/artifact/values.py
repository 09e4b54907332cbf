# SPDX-License-Identifier: Apache-2.0
"""Where the values of a tensor come from: plain numbers, or numbers to be decoded.

Every format ends in one of two kinds. :class:`Plain` is an array of numbers in a
file. :class:`Matrix` is anything else, seen as rows and columns (the last axis): it
answers for any set of rows and columns and reads only the blocks that cover them.
"""

from __future__ import annotations

import math
from abc import ABC, abstractmethod
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Protocol

import numpy as np
from numpy.typing import NDArray

from parentage.artifact.dtypes import DTYPES, to_float32, undecodable
from parentage.artifact.entry import Entry, shown
from parentage.artifact.tiles import Range, runs
from parentage.errors import LayoutError

if TYPE_CHECKING:
    from parentage.artifact.source.base import File

Floats = NDArray[np.float32]
Index = NDArray[np.int64]

_RUNS_AT_ONCE = 1 << 16
_CELLS_AT_ONCE = 1 << 20


class Values(Protocol):
    """The values of one tensor."""

    def read(self, grid: tuple[int, ...], select: tuple[Range, ...]) -> NDArray[Any]:
        """A rectangle of the tensor seen in the shape ``grid``, which fits it."""


@dataclass(frozen=True, slots=True)
class Plain:
    """Numbers that lie in a file one after the other, in row-major order."""

    file: File
    entry: Entry

    def read(self, grid: tuple[int, ...], select: tuple[Range, ...]) -> NDArray[Any]:
        """A rectangle in the stored format; only its own bytes are read.

        Raises:
            DtypeError: the format is listed but not decoded.
            TruncatedError: the file was cut short meanwhile.
        """
        entry = self.entry
        kind = DTYPES[entry.dtype].numpy
        if kind is None:
            place = {"file": shown(entry.file), "tensor": shown(entry.name)}
            raise undecodable(entry.dtype, **place)
        offsets, length = runs(grid, select)
        width = length * kind.itemsize
        raw = np.empty(len(offsets) * width, np.uint8)
        view = raw.data
        for first in range(0, len(offsets), _RUNS_AT_ONCE):
            part = offsets[first : first + _RUNS_AT_ONCE] * kind.itemsize + entry.begin
            target = view[first * width : (first + len(part)) * width]
            self.file.read_runs(part.tolist(), width, target)
        # Bytes other than 0 and 1 would make a bool that is neither.
        flat: NDArray[Any] = raw != 0 if kind == np.bool_ else raw.view(kind)
        return flat.reshape(tuple(stop - start for start, stop in select))

    def ranges(
        self, grid: tuple[int, ...], select: tuple[Range, ...]
    ) -> list[tuple[int, int]]:
        """The (offset, length) ranges of the file that :meth:`read` reads."""
        kind = DTYPES[self.entry.dtype].numpy
        if kind is None:
            return []
        offsets, length = runs(grid, select)
        width = length * kind.itemsize
        places = offsets * kind.itemsize + self.entry.begin
        return [(place, width) for place in places.tolist()]


class Matrix(ABC):
    """Values that must be computed, by rows and columns.

    Attributes:
        shape: shape of the tensor; its last axis are the columns, all others rows.
    """

    shape: tuple[int, ...]

    @property
    def columns(self) -> int:
        """Length of the last axis."""
        return self.shape[-1] if self.shape else 1

    @abstractmethod
    def cells(self, rows: Index, columns: Index) -> Floats:
        """Values at some rows and columns, in their order, which may be any."""

    def read(self, grid: tuple[int, ...], select: tuple[Range, ...]) -> Floats:
        """A rectangle, decoded some rows at a time."""
        shape = tuple(stop - start for start, stop in select)
        if 0 in shape:
            return np.empty(shape, np.float32)
        split = _split(grid, self.columns)
        if split is None:
            return self._scattered(grid, select).reshape(shape)
        rows = _numbers(grid[:split], select[:split])
        columns = _numbers(grid[split:], select[split:])
        return self._table(rows, columns).reshape(shape)

    def _table(self, rows: Index, columns: Index) -> Floats:
        out = np.empty((len(rows), len(columns)), np.float32)
        step = max(1, _CELLS_AT_ONCE // max(len(columns), 1))
        with np.errstate(all="ignore"):  # scales of damaged blocks are NaN or infinite
            for first in range(0, len(rows), step):
                part = rows[first : first + step]
                out[first : first + step] = self.cells(part, columns)
        return out

    def _scattered(self, grid: tuple[int, ...], select: tuple[Range, ...]) -> Floats:
        """A rectangle of a grid whose axes do not end where rows end."""
        flat = _numbers(grid, select)
        rows, columns = np.divmod(flat, self.columns)
        out = np.empty(len(flat), np.float32)
        for row in np.unique(rows):
            here = rows == row
            out[here] = self._table(np.array([row]), columns[here])[0]
        return out


@dataclass(frozen=True)
class Part:
    """A stored tensor that belongs to a quantised weight, as rows and columns."""

    file: File
    entry: Entry

    @property
    def columns(self) -> int:
        """Length of the last axis."""
        return self.entry.shape[-1] if self.entry.shape else 1

    @property
    def rows(self) -> int:
        """Number of rows: the product of the other axes."""
        return math.prod(self.entry.shape[:-1])

    def take(self, rows: Index, columns: Index) -> NDArray[Any]:
        """Stored numbers at some rows and columns."""
        kind = DTYPES[self.entry.dtype].numpy
        if kind is None:
            raise undecodable(self.entry.dtype, tensor=shown(self.entry.name))
        size = kind.itemsize
        up, rows_back = _unique(rows)
        across, columns_back = _unique(columns)
        spans = [(a * size, b * size) for a, b in spans_of(across)]
        raw = fetch(self.file, self.entry.begin, self.columns * size, up, spans)
        table = raw.view(kind)
        if rows_back is not None:
            table = table[rows_back]
        return table if columns_back is None else table[:, columns_back]

    def floats(self, rows: Index, columns: Index) -> Floats:
        """The same as float32."""
        return to_float32(
            np.ascontiguousarray(self.take(rows, columns)), self.entry.dtype
        )

    def wrong(self, message: str, expected: str) -> LayoutError:
        """The error of a part that does not fit the others."""
        return LayoutError(
            message,
            file=shown(self.entry.file),
            tensor=shown(self.entry.name),
            offset=self.entry.begin,
            expected=expected,
            advice="The parts of this weight do not belong together: save it again.",
        )


def fetch(
    file: File, begin: int, row_bytes: int, rows: Index, spans: list[Range]
) -> NDArray[np.uint8]:
    """Some byte ranges of some rows of a table of bytes.

    Args:
        file: where it lies.
        begin: its first byte.
        row_bytes: bytes of a row.
        rows: numbers of rows, in any order.
        spans: half-open byte ranges in a row.

    Returns:
        For each row the bytes of all spans, one after the other.
    """
    widths = [stop - start for start, stop in spans]
    if spans == [(0, row_bytes)] and row_bytes:
        whole = np.empty((len(rows), row_bytes), np.uint8)
        at = 0
        for start, stop in _stretches(rows):
            view = whole[at : at + stop - start].reshape(-1).data
            file.read_into(begin + start * row_bytes, view)
            at += stop - start
        return whole
    out = np.empty((len(rows), sum(widths)), np.uint8)
    at = 0
    for (start, _), width in zip(spans, widths, strict=True):
        part = np.empty(len(rows) * width, np.uint8)
        offsets = begin + rows * row_bytes + start
        file.read_runs(offsets.tolist(), width, part.data)
        out[:, at : at + width] = part.reshape(len(rows), width)
        at += width
    return out


def spans_of(numbers: Index) -> list[Range]:
    """Half-open ranges that cover rising numbers, no number more."""
    breaks = np.flatnonzero(np.diff(numbers) != 1) + 1
    parts = np.split(numbers, breaks)
    return [(int(p[0]), int(p[-1]) + 1) for p in parts if len(p)]


def _stretches(rows: Index) -> list[Range]:
    """Rows in their order, neighbours taken together."""
    return spans_of(rows)


def _unique(numbers: Index) -> tuple[Index, Index | None]:
    """Rising numbers, and where each one stands among them if that is not in order."""
    if len(numbers) < 2 or bool((np.diff(numbers) > 0).all()):
        return numbers, None
    found, back = np.unique(numbers, return_inverse=True)
    return found, back.astype(np.int64)


def _split(grid: tuple[int, ...], columns: int) -> int | None:
    """Where the axes begin that make up a row, or ``None``."""
    size = 1
    for axis in range(len(grid), -1, -1):
        if size == columns:
            return axis
        if axis:
            size *= grid[axis - 1]
    return None


def _numbers(grid: tuple[int, ...], select: tuple[Range, ...]) -> Index:
    """Flat numbers of the elements of a rectangle, in row-major order."""
    flat = np.zeros(1, np.int64)
    for size, (start, stop) in zip(grid, select, strict=True):
        axis = np.arange(start, stop, dtype=np.int64)
        flat = (flat[:, None] * size + axis).reshape(-1)
    return flat
