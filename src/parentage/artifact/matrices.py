# SPDX-License-Identifier: Apache-2.0
"""Matrices made of others: turned, added, multiplied."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from parentage.artifact.entry import Entry
from parentage.artifact.values import Floats, Index, Matrix, Part, Plain, Values


class Numbers(Matrix):
    """Plain numbers as rows and columns of float32."""

    def __init__(self, part: Part) -> None:
        self.shape = part.entry.shape
        self._part = part

    def cells(self, rows: Index, columns: Index) -> Floats:
        """Values at some rows and columns."""
        return self._part.floats(rows, columns)


def as_matrix(entry: Entry, values: Values) -> Matrix:
    """The values of a tensor by rows and columns, whatever its format."""
    if isinstance(values, Matrix):
        return values
    if isinstance(values, Plain):
        return Numbers(Part(values.file, entry))
    message = f"{type(values).__name__} is neither plain nor a matrix"
    raise TypeError(message)


@dataclass(frozen=True)
class Turned(Matrix):
    """The last two axes of another matrix exchanged."""

    inner: Matrix

    def __post_init__(self) -> None:
        *lead, rows, columns = self.inner.shape
        object.__setattr__(self, "shape", (*lead, columns, rows))

    def cells(self, rows: Index, columns: Index) -> Floats:
        """Values at some rows and columns."""
        high, wide = self.inner.shape[-2:]
        front, inner = np.divmod(rows, wide)
        out = np.empty((len(rows), len(columns)), np.float32)
        for number in np.unique(front):
            here = front == number
            out[here] = self.inner.cells(number * high + columns, inner[here]).T
        return out


@dataclass(frozen=True)
class Product(Matrix):
    """``left @ right * scale`` of two thin matrices."""

    left: Matrix
    right: Matrix
    scale: float

    def __post_init__(self) -> None:
        shape = (self.left.shape[0], self.right.shape[1])
        object.__setattr__(self, "shape", shape)

    def cells(self, rows: Index, columns: Index) -> Floats:
        """Values at some rows and columns: thin stripes of both are read."""
        inner = np.arange(self.right.shape[0], dtype=np.int64)
        left = self.left.cells(rows, inner)
        right = self.right.cells(inner, columns)
        found: Floats = (left @ right) * np.float32(self.scale)
        return found


@dataclass(frozen=True)
class Sum(Matrix):
    """Two matrices of one shape, added."""

    first: Matrix
    second: Matrix

    def __post_init__(self) -> None:
        object.__setattr__(self, "shape", self.first.shape)

    def cells(self, rows: Index, columns: Index) -> Floats:
        """Values at some rows and columns."""
        found: Floats = self.first.cells(rows, columns) + self.second.cells(
            rows, columns
        )
        return found
