# SPDX-License-Identifier: Apache-2.0
"""Do two orders of the same things agree: over all pairs, and between neighbours?

Kendall's tau counts all pairs of things, so two orders that merely follow the same
trend (frequent first) agree well without having anything to do with each other. Only
neighbours in one order tell whether the other order was copied: there the trend is
flat, and of two unrelated orders half of the neighbours agree, as for fair coins.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from numpy.typing import NDArray


def dense_ranks(values: NDArray[np.integer]) -> NDArray[np.int32]:
    """Ranks 0 ... n-1 of distinct integers that are not negative.

    By counting where the values are not spread much wider than their number,
    otherwise by sorting. Raises ``ValueError`` for repeated or negative values.
    """
    n = len(values)
    if n == 0:
        return np.zeros(0, dtype=np.int32)
    top = int(values.max())
    if int(values.min()) < 0:
        message = "ranks of values below 0"
        raise ValueError(message)
    if top < 64 * n + 1024:
        present = np.zeros(top + 1, dtype=np.int32)
        present[values] = 1
        before = np.cumsum(present, dtype=np.int32)
        distinct = int(before[-1])
        ranks: NDArray[np.int32] = before[values] - 1
    else:
        ordered, ranks = np.unique(values, return_inverse=True)
        distinct = len(ordered)
    if distinct != n:
        message = f"{n - distinct} of {n} values occur more than once"
        raise ValueError(message)
    return ranks.astype(np.int32, copy=False)


LEAF = 7
"""Binary digits that are left to direct comparison: groups of 128 values."""


def inversions(permutation: NDArray[np.integer]) -> int:
    """Number of pairs ``i < j`` with ``permutation[i] > permutation[j]``.

    One stable partition by each binary digit, highest first: among values that agree
    in all higher digits, a pair is inverted exactly if a 1 stands before a 0. Groups
    of 128 values are compared directly. O(n log n), vectorised. The values must be
    0 ... n-1, each once.
    """
    order = np.asarray(permutation, dtype=np.int32)
    n = len(order)
    here = np.arange(n, dtype=np.int32)
    total = 0
    for digit in range(max(n - 1, 0).bit_length() - 1, LEAF - 1, -1):
        start = (order >> (digit + 1)) << (digit + 1)
        ones = (order >> digit) & 1
        # Ones of the same group that stand before: a group's values stand together,
        # from position ``start`` on.
        before = np.cumsum(ones, dtype=np.int32)
        before -= ones
        before -= before[start]
        one = ones != 0
        ahead = np.where(one, 0, before)
        total += int(ahead.sum(dtype=np.int64))
        # A zero moves before all ones of its group, a one behind all zeros.
        places = np.where(one, start + (1 << digit) + before, here - before)
        moved = np.empty_like(order)
        moved[places] = order
        order = moved
    return total + _inversions_within(order)


def _inversions_within(order: NDArray[np.int32]) -> int:
    """Inversions inside groups of ``2**LEAF`` values that stand together."""
    size = 1 << LEAF
    groups = -(-len(order) // size)
    # What fills the last group is larger than all and behind them: never inverted.
    values = np.full(groups * size, size - 1, dtype=np.uint8)
    values[: len(order)] = order & (size - 1)
    table = np.ascontiguousarray(values.reshape(groups, size).T)
    return sum(
        int(np.count_nonzero(table[:-step] > table[step:])) for step in range(1, size)
    )


def kendall_tau(permutation: NDArray[np.integer]) -> float | None:
    """Kendall's tau of a permutation of 0 ... n-1 against the natural order.

    ``None`` for fewer than two values.
    """
    n = len(permutation)
    pairs = n * (n - 1) // 2
    return 1.0 - 2.0 * inversions(permutation) / pairs if pairs else None


@dataclass(frozen=True)
class Order:
    """How one order of ``n`` things looks in another.

    Attributes:
        n: number of things in both orders.
        tau: Kendall's tau, ``None`` for fewer than two.
        ascents: neighbours of the first order that stand the same way round in the
            second, out of ``n - 1``.
        successors: those that also follow each other directly in the second.
        prefix: how many things at the very start are the same in both.
    """

    n: int
    tau: float | None
    ascents: int
    successors: int
    prefix: int

    @property
    def agreement(self) -> float | None:
        """Share of neighbours that stand the same way round."""
        return self.ascents / (self.n - 1) if self.n > 1 else None


def compare_order(places: NDArray[np.integer]) -> Order:
    """Compare two orders: ``places[i]`` is where the first's ``i``-th thing stands.

    Args:
        places: distinct places in the second order, not negative; gaps are allowed.
    """
    ranks = dense_ranks(places)
    n = len(ranks)
    steps = np.diff(ranks)
    moved = np.flatnonzero(ranks != np.arange(n, dtype=np.int32))
    return Order(
        n=n,
        tau=kendall_tau(ranks),
        ascents=int((steps > 0).sum()),
        successors=int((steps == 1).sum()),
        prefix=int(moved[0]) if len(moved) else n,
    )
