# SPDX-License-Identifier: Apache-2.0
"""Rectangles of canonical tensors, put together from ranges of stored ones."""

from __future__ import annotations

import itertools
from collections.abc import Callable, Iterable
from typing import TypeVar

import numpy as np
from numpy.typing import DTypeLike, NDArray

from parentage.model.description import Range, View

Cut = tuple[tuple[Range, ...], ...]
"""For each canonical axis, half-open ranges."""

Kind = TypeVar("Kind", bound=np.generic)


def shape_of(cut: Cut) -> tuple[int, ...]:
    """Lengths of the axes of a rectangle."""
    return tuple(sum(b - a for a, b in axis) for axis in cut)


def read_rectangle(
    read: Callable[[str, tuple[int, ...], tuple[Range, ...]], NDArray[Kind]],
    view: View,
    cut: Cut,
    dtype: DTypeLike,
) -> NDArray[Kind]:
    """A rectangle in canonical axes.

    Args:
        read: gives ranges of a stored tensor: name, grid and one range an axis.
        view: of the canonical tensor.
        cut: half-open ranges on its canonical axes.
        dtype: format of what ``read`` gives.
    """
    out: NDArray[Kind] = np.empty(shape_of(cut), dtype=dtype)
    for choice in itertools.product(*(_placed(axis) for axis in cut)):
        ranges = tuple(r for r, _ in choice)
        place = tuple(p for _, p in choice)
        block = read(view.tensor, view.grid, view.narrow(ranges))
        dropped = [a for a in range(len(view.grid)) if a not in view.order]
        block = np.squeeze(block, axis=tuple(dropped)) if dropped else block
        # Position of each canonical axis among the grid axes that are left.
        out[place] = block.transpose(np.argsort(np.argsort(view.order)))
    return out


def _placed(axis: Iterable[Range]) -> list[tuple[Range, slice]]:
    placed, position = [], 0
    for start, stop in axis:
        placed.append(((start, stop), slice(position, position + stop - start)))
        position += stop - start
    return placed
