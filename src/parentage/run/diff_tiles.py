# SPDX-License-Identifier: Apache-2.0
"""A tensor cut into slabs, and slabs into tiles.

How a tensor is cut follows from its shape alone, and sums of tiles are added in order:
numbers do not depend on the number of threads, and on storage only by rounding, where
both models store a tensor transposed and it is left so.
"""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import dataclass, replace
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from parentage.artifact.checkpoint import Checkpoint
from parentage.artifact.dtypes import DTYPES
from parentage.model.description import Range, Tensor, View

SLAB: Final = 1 << 22
"""Most values of a slab: what a thread holds of a tensor that is stored otherwise."""

TILE: Final = 1 << 17
"""Values of a tile for numpy: what fits into the caches beside the room that its sums
need, and few enough for sums in single precision."""

FUSED_TILE: Final = 1 << 18
"""Values of a tile for compiled sums, which need no room and are taken in blocks."""


@dataclass(frozen=True, slots=True)
class Slab:
    """A part of a canonical array: a run of its values in row-major order.

    Attributes:
        ranges: one half-open range per canonical axis.
        first: row-major number of its first value.
        size: number of its values.
    """

    ranges: tuple[Range, ...]
    first: int
    size: int


def slabs(shape: tuple[int, ...], limit: int = SLAB) -> Iterator[Slab]:
    """Cut an array along its leading axes, in row-major order."""
    yield from _slabs(shape, limit, (), 0)


def _slabs(
    shape: tuple[int, ...], limit: int, front: tuple[Range, ...], first: int
) -> Iterator[Slab]:
    size = math.prod(shape)
    if size <= limit or not shape:
        yield Slab((*front, *((0, n) for n in shape)), first, size)
        return
    row = size // shape[0]
    if row > limit:
        for i in range(shape[0]):
            yield from _slabs(shape[1:], limit, (*front, (i, i + 1)), first + i * row)
        return
    step = limit // row
    rest = tuple((0, n) for n in shape[1:])
    for i in range(0, shape[0], step):
        stop = min(i + step, shape[0])
        yield Slab((*front, (i, stop), *rest), first + i * row, (stop - i) * row)


def in_stored_order(a: Tensor, b: Tensor) -> tuple[Tensor, Tensor]:
    """Both tensors with their axes as they are stored, if both store them alike.

    A pair that both models store transposed needs no transposing: sums do not depend
    on the order of the values, apart from rounding.
    """
    orders = (a.view.order, b.view.order)
    ranks = [sorted(range(len(o)), key=o.__getitem__) for o in orders]
    if ranks[0] != ranks[1] or ranks[0] == sorted(ranks[0]):
        return a, b
    first, second = (
        replace(t, view=replace(t.view, order=tuple(sorted(t.view.order))))
        for t in (a, b)
    )
    return first, second


class Side:
    """Tiles of one model's tensor in canonical order.

    Args:
        checkpoint: the model.
        tensor: the tensor.
        mapped: whether numbers that lie plain in a file are read where the system
            keeps them; only in a process that may be lost.

    Attributes:
        dtype: stored number format.
        shape: of the canonical array.
        size: number of its values.
    """

    def __init__(
        self, checkpoint: Checkpoint, tensor: Tensor, *, mapped: bool = False
    ) -> None:
        self._checkpoint = checkpoint
        self._view = tensor.view
        self._mapped = mapped
        self.dtype = tensor.dtype
        self.shape = tensor.shape
        self.size = tensor.size
        run = flat_offset(tensor.view)
        plain = run is not None and checkpoint.lies_plain(tensor.view.tensor)
        self._run = run if plain else None

    def tiles(
        self, slab: Slab, room: NDArray[np.uint8], tile: int
    ) -> Iterator[NDArray[Any]]:
        """The values of a slab in the stored or decoded format, tile by tile.

        Args:
            slab: which.
            room: at least eight bytes for each value of a tile; the next tile
                overwrites it.
            tile: values of a tile.
        """
        if self._run is None or self._mapped:
            values = self._load(slab) if self._run is None else self._map(slab)
            for start in range(0, slab.size, tile):
                yield values[start : start + tile]
            return
        name = self._view.tensor
        kind = stored_kind(self.dtype)
        for start in range(0, slab.size, tile):
            length = min(tile, slab.size - start)
            held = room[: length * kind.itemsize].view(kind)
            self._checkpoint.fill(name, self._run + slab.first + start, held)
            yield held

    def _map(self, slab: Slab) -> NDArray[Any]:
        first = (self._run or 0) + slab.first
        return self._checkpoint.mapped(self._view.tensor, first, slab.size)

    def _load(self, slab: Slab) -> NDArray[Any]:
        view = self._view
        found = self._checkpoint.scan(view.tensor, view.grid, view.narrow(slab.ranges))
        dropped = tuple(a for a in range(len(view.grid)) if a not in view.order)
        found = np.squeeze(found, axis=dropped) if dropped else found
        found = found.transpose(np.argsort(np.argsort(view.order)))
        return np.ascontiguousarray(found).reshape(-1)


def stored_kind(dtype: str) -> np.dtype[Any]:
    """The format in memory of a stored one that is decoded."""
    kind = DTYPES[dtype].numpy
    if kind is None:
        message = f"{dtype} is not decoded"
        raise TypeError(message)
    return kind


def flat_offset(view: View) -> int | None:
    """Where a view begins if it is one run of the stored numbers, else ``None``."""
    kept = [a for a in range(len(view.grid)) if a in view.order]
    if list(view.order) != kept:
        return None
    offset, stride, whole = 0, 1, True
    for size, (start, stop) in zip(
        reversed(view.grid), reversed(view.select), strict=True
    ):
        if not whole and stop - start != 1:
            return None
        whole = whole and (start, stop) == (0, size)
        offset += start * stride
        stride *= size
    return offset
