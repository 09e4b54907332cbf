# SPDX-License-Identifier: Apache-2.0
"""Scores drawn evenly from all that are possible.

"Evenly" is a choice: no possible set of scores is taken to be likelier than another.
The set is a union of polytopes, one for each way to make the choices that it leaves
(which team is the best of an item, say); each way is taken to be equally likely. Within
one, points are drawn by hit-and-run: from a point inside, move to a random place on the
chord in a random direction, many times. Pilots learn the shape of the set; every draw
is then the end of a walk of its own, so that draws are all but independent. The numbers
of steps are enough for the means and spreads of shapes whose distribution is known
(``tests/program/test_sample.py``).
"""

from __future__ import annotations

from typing import Final

import numpy as np
from numpy.typing import NDArray

from parentage.errors import ParentageError
from parentage.program.system import TOLERANCE, System

Array = NDArray[np.float64]

STEPS: Final = 20
"""Steps of each walk for every dimension, from where one of the pilots ended."""

PILOTS: Final = 400
"""Walks that learn the shape of the set and forget where they began."""

ROUNDS: Final = 4
PILOT_STEPS: Final = 16
"""Steps of the pilots for every dimension in each round; the directions are shaped
anew after it."""

MOST_WAYS: Final = 64
"""Ways to make the choices that are looked at; more are an error."""

FLAT: Final = 1e-5
"""A side that is never further away than this is an equation."""


def draw(system: System, draws: int, seed: int) -> tuple[Array, int]:
    """Points of a system, one row each, and in how many ways its choices can be made.

    Args:
        system: its whole unknowns with bounds 0 and 1 are choices; others are drawn
            as if they could be fractions.
        draws: how many.
        seed: of the generator.

    Raises:
        ParentageError: nothing fits, or there are too many ways.
    """
    rng = np.random.default_rng(seed)
    ways = _ways(system)
    which = rng.integers(len(ways), size=draws)
    points = np.empty((draws, len(system.low)))
    for number, way in enumerate(ways):
        rows = np.flatnonzero(which == number)
        if len(rows):
            points[rows] = _walk(way, len(rows), rng)
    return points, len(ways)


def _choices(system: System) -> list[int]:
    return [
        n
        for n, whole in enumerate(system.whole)
        if whole and system.low[n] == 0 and system.high[n] == 1
    ]


def _ways(system: System) -> list[System]:
    """One system without whole numbers for each way to make the choices."""
    choices = _choices(system)
    # Of "at least one of these", a way takes exactly one: two are an edge of either.
    search = system.copy()
    chosen = set(choices)
    search.rows = [
        (terms, low, 1.0 if set(terms) <= chosen and low == 1.0 else high, origin)
        for terms, low, high, origin in search.rows
    ]
    ways: list[System] = []
    while True:
        found = search.least({})
        if found is None:
            break
        if len(ways) == MOST_WAYS:
            raise ParentageError(
                f"what is unknown can be chosen in more than {MOST_WAYS} ways",
                advice="State which team is the best of each item",
            )
        taken = {n: round(found[1][n]) for n in choices}
        way = search.copy()
        way.whole = [False] * len(way.whole)
        for n, value in taken.items():
            way.low[n] = way.high[n] = float(value)
        ways.append(way)
        if not choices:
            break
        # Not this way again.
        ones = sum(taken.values())
        search.row(
            {n: 1.0 if value else -1.0 for n, value in taken.items()}, -np.inf, ones - 1
        )
    if not ways:
        raise ParentageError("no scores fit the figures")
    return ways


def _sides(system: System) -> tuple[Array, Array]:
    """Every bound and row as ``matrix @ x <= right``."""
    size = len(system.low)
    unit = np.eye(size)
    parts = [unit, -unit]
    right = [np.array(system.high), -np.array(system.low)]
    for terms, low, high, _ in system.rows:
        row = np.zeros(size)
        for n, factor in terms.items():
            row[n] = factor
        for sign, end in ((1.0, high), (-1.0, -low)):
            if np.isfinite(end):
                parts.append(sign * row[None])
                right.append(np.array([end]))
    matrix, ends = np.concatenate(parts), np.concatenate(right)
    keep = np.isfinite(ends)
    return matrix[keep], ends[keep]


def _walk(system: System, count: int, rng: np.random.Generator) -> Array:
    matrix, right = _sides(system)
    flat, inside = [], []
    for row, end in zip(matrix, right, strict=True):
        found = system.least({int(n): float(row[n]) for n in np.flatnonzero(row)})
        if found is None:
            raise ParentageError("no scores fit the figures")
        inside.append(found[1])
        flat.append(end - found[0] < FLAT * (1 + abs(end)))
    # The mean of points that are each as far as can be from one side is off them all.
    start = np.mean(inside, axis=0)
    flat_rows = matrix[np.array(flat)]
    basis = np.eye(len(start))
    if len(flat_rows):
        _, sizes, turned = np.linalg.svd(flat_rows)
        rank = int((sizes > TOLERANCE * sizes[0]).sum())
        basis = turned[rank:].T
    if not basis.shape[1]:
        return np.tile(start, (count, 1))
    inner = _Inside(
        matrix[~np.array(flat)] @ basis,
        right[~np.array(flat)] - matrix[~np.array(flat)] @ start,
    )
    # Corners first: the set may be a thousand times longer than it is wide.
    shape = _shape((np.array(inside) - start) @ basis)
    size = basis.shape[1]
    pilots = np.zeros((PILOTS, size))
    for _ in range(ROUNDS):
        pilots = inner.walk(pilots, shape, PILOT_STEPS * size, rng)
        shape = _shape(pilots)
    begin = pilots[rng.integers(len(pilots), size=count)]
    made: Array = start + inner.walk(begin, shape, STEPS * size, rng) @ basis.T
    return made


def _shape(points: Array) -> Array:
    """What turns directions that are alike into directions shaped like the points."""
    spread = np.atleast_2d(np.cov(points.T))
    values, vectors = np.linalg.eigh(spread)
    shape: Array = vectors * np.sqrt(np.maximum(values, values.max() * 1e-12))
    return shape


class _Inside:
    """The points with ``rows @ z <= room``, of which 0 is one."""

    def __init__(self, rows: Array, room: Array) -> None:
        self._rows = rows
        self._room = room

    def walk(
        self, begin: Array, shape: Array, steps: int, rng: np.random.Generator
    ) -> Array:
        """Ends of walks from each of these points, of so many steps."""
        z = begin.copy()
        left = self._room - z @ self._rows.T
        for _ in range(steps):
            direction = rng.standard_normal(z.shape) @ shape.T
            speed = direction @ self._rows.T
            with np.errstate(divide="ignore", invalid="ignore"):
                time = np.maximum(left, 0.0) / speed
            forward = np.where(speed > 0, time, np.inf).min(axis=1)
            back = np.where(speed < 0, time, -np.inf).max(axis=1)
            move = back + (forward - back) * rng.random(len(z))
            z += move[:, None] * direction
            left -= move[:, None] * speed
        return z
