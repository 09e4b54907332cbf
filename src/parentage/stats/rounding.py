# SPDX-License-Identifier: Apache-2.0
"""Rounding: the grid that values lie on, and how well they are a reference's rounding.

Integers with a scale per group of neighbours in a stored row (symmetric, or with a
zero point), and eight-bit floats. The grid is looked for in the candidate alone; the
reference only says how far the values moved, in steps of that grid.
"""

from __future__ import annotations

from dataclasses import dataclass

import ml_dtypes
import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float32]

GROUPS = (32, 64, 128, 256, 0)
"""Neighbours in a row that share a scale; 0 stands for the whole row."""

BITS = (2, 3, 4, 5, 6, 8)

FLOAT8 = {
    "fp8-e4m3": ml_dtypes.float8_e4m3fn,
    "fp8-e5m2": ml_dtypes.float8_e5m2,
}


@dataclass(frozen=True)
class Grid:
    """A grid that values lie on.

    Attributes:
        scheme: ``int8``, ``int4`` and so on, ``fp8-e4m3`` or ``fp8-e5m2``.
        group: neighbours of a row that share a scale (0: the whole row; for floats
            without a scale also 0).
        distance: root mean square distance from the grid, in steps; 0.289 = 1/sqrt(12)
            where values do not know the grid.
    """

    scheme: str
    group: int
    distance: float


def spacing(values: NDArray[np.floating], digits: int, quantum: int) -> Floats:
    """Step of a stored float format at each value.

    Args:
        values: the values.
        digits: significant binary digits of the format.
        quantum: exponent of two of its smallest step.
    """
    _, exponent = np.frexp(np.asarray(values, dtype=np.float32))
    power = np.maximum(exponent - digits, quantum)
    step: Floats = np.ldexp(np.float32(1), power).astype(np.float32)
    return step


def grouped(rows: Floats, group: int) -> Floats | None:
    """Rows cut into groups, ``(rows, groups, size)``; ``None`` if they do not fit."""
    size = group or rows.shape[1]
    if size < 2 or rows.shape[1] % size or (group and rows.shape[1] <= group):
        return None
    return rows.reshape(rows.shape[0], -1, size)


def steps(parts: Floats, bits: int) -> Floats:
    """Step of a symmetric integer grid: the largest value is the largest code."""
    top = 2 ** (bits - 1) - 1
    scale: Floats = np.abs(parts).max(-1, keepdims=True) / np.float32(top)
    return scale


def on_grid(parts: Floats, step: Floats, noise: Floats | None = None) -> float:
    """Root mean square distance from the nearest multiple of the step, in steps.

    Values at the ends of a group are left out: they set the scale.

    Args:
        parts: groups along the last axis.
        step: step of each group.
        noise: step of the stored format at each value; only values at which it is
            below a quarter of the grid's step can say anything and are counted.
    """
    inner = np.abs(parts) < np.abs(parts).max(-1, keepdims=True)
    inner &= step > 0
    if noise is not None:
        inner &= noise < step / 4
    if inner.sum() < 16:
        return 1.0
    code = (parts / np.where(step > 0, step, 1))[inner]
    off = code - np.rint(code)
    return float(np.sqrt(np.mean(off.astype(np.float64) ** 2)))


def find_grid(rows: Floats, digits: int, quantum: int) -> Grid | None:
    """The coarsest grid that the values of a matrix lie on, or ``None``.

    Args:
        rows: stored rows; groups run along them.
        digits, quantum: of the stored format, whose own rounding is allowed for.
    """
    for name, kind in FLOAT8.items():
        if digits > 4 and rows.size >= 16 and _is_float8(rows, kind):
            return Grid(name, 0, 0.0)
    own = spacing(rows, digits, quantum)
    best: Grid | None = None
    for bits in BITS:
        for group in GROUPS:
            parts = grouped(rows, group)
            if parts is None:
                continue
            noise = own.reshape(parts.shape)
            distance = on_grid(parts, steps(parts, bits), noise)
            if distance < FREE / 2 and (
                best is None or distance < 0.75 * best.distance
            ):
                best = Grid(f"int{bits}", group, distance)
        if best is not None:
            return best
    return None


FREE = 1 / np.sqrt(12)
"""Distance from a grid, in steps, of values that do not know it."""


def _is_float8(rows: Floats, kind: type) -> bool:
    with np.errstate(over="ignore"):
        return bool((rows.astype(kind).astype(np.float32) == rows).all())


def rounded(rows: Floats, grid: Grid) -> Floats | None:
    """A reference's values rounded to a grid by the plain rule (nearest code)."""
    if grid.scheme in FLOAT8:
        with np.errstate(over="ignore"):
            return rows.astype(FLOAT8[grid.scheme]).astype(np.float32)
    parts = grouped(rows, grid.group)
    if parts is None:
        return None
    step = steps(parts, int(grid.scheme.removeprefix("int")))
    code = np.rint(parts / np.where(step > 0, step, 1))
    found: Floats = (code * step).astype(np.float32).reshape(rows.shape)
    return found


def residual(candidate: Floats, reference: Floats, grid: Grid) -> tuple[float, int]:
    """How far a reference lies from its supposed rounding.

    Returns:
        Sum of squared differences in units of the variance that rounding to this grid
        leaves (``step**2 / 12``), and the number of elements. Their quotient is about
        1 for the copied reference and larger for its kin.
    """
    if grid.scheme in FLOAT8:
        digits, quantum = (4, -9) if grid.scheme == "fp8-e4m3" else (3, -16)
        step = spacing(candidate, digits, quantum)
        off = (candidate - reference) / step
        return float(12 * np.sum(off.astype(np.float64) ** 2)), candidate.size
    parts = grouped(candidate, grid.group)
    if parts is None:
        return 0.0, 0
    step = steps(parts, int(grid.scheme.removeprefix("int")))
    other = reference.reshape(parts.shape)
    off = np.where(step > 0, (parts - other) / np.where(step > 0, step, 1), 0)
    return float(12 * np.sum(off.astype(np.float64) ** 2)), candidate.size
