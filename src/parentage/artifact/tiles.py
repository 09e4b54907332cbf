# SPDX-License-Identifier: Apache-2.0
"""Which runs of bytes a rectangle of a stored tensor consists of."""

from __future__ import annotations

import math

import numpy as np
from numpy.typing import NDArray

from parentage.artifact.entry import Entry, shown
from parentage.errors import DescriptionError

Range = tuple[int, int]


def check_tile(entry: Entry, grid: tuple[int, ...], select: tuple[Range, ...]) -> None:
    """Refuse a grid or ranges that do not belong to the tensor.

    Raises:
        DescriptionError: the grid has another number of elements, or a range lies
            outside it.
    """
    if any(size < 0 for size in grid) or math.prod(grid) != entry.size:
        raise DescriptionError(
            f"the grid {grid} has {math.prod(grid)} elements",
            file=shown(entry.file),
            tensor=shown(entry.name),
            expected=f"{entry.size} elements, those of shape {list(entry.shape)}",
            advice="The description does not fit the stored tensor.",
        )
    if len(grid) != len(select) or any(
        not 0 <= start <= stop <= size
        for (start, stop), size in zip(select, grid, strict=True)
    ):
        raise DescriptionError(
            f"the ranges {select} do not fit the grid {grid}",
            file=shown(entry.file),
            tensor=shown(entry.name),
            expected="one half-open range inside each axis",
            advice="The description does not fit the stored tensor.",
        )


def runs(
    grid: tuple[int, ...], select: tuple[Range, ...]
) -> tuple[NDArray[np.int64], int]:
    """Contiguous runs of elements that a rectangle consists of, in row-major order.

    Trailing axes that are taken whole melt into one run, so that rows of a matrix
    are one run and a band of columns is one run per row.

    Args:
        grid: shape of the array.
        select: half-open range on each axis, inside the grid.

    Returns:
        The element offset of each run and the common length of the runs.
    """
    if any(start == stop for start, stop in select):
        return np.empty(0, np.int64), 0
    axis, length = len(grid), 1
    while axis and select[axis - 1] == (0, grid[axis - 1]):
        axis -= 1
        length *= grid[axis]
    base = 0
    stride = length
    if axis:
        axis -= 1
        start, stop = select[axis]
        base, stride = start * length, length * grid[axis]
        length *= stop - start
    offsets = np.full(1, base, np.int64)
    for outer in range(axis - 1, -1, -1):
        start, stop = select[outer]
        steps = np.arange(start, stop, dtype=np.int64) * stride
        offsets = (steps[:, None] + offsets[None, :]).reshape(-1)
        stride *= grid[outer]
    return offsets, length
