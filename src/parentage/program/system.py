# SPDX-License-Identifier: Apache-2.0
"""A set of linear inequalities, some unknowns whole numbers, and what follows of it.

Solved by HiGHS (``scipy.optimize.milp``). Bounds hold up to its tolerance;
:data:`TOLERANCE` is what callers allow for it.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Final

import numpy as np
from scipy.optimize import Bounds, LinearConstraint, milp
from scipy.sparse import csr_array

from parentage.errors import ParentageError

TOLERANCE: Final = 1e-6

Sum = Mapping[int, float]
"""Unknown -> its coefficient."""


@dataclass
class System:
    """Unknowns with bounds, and rows ``low <= sum <= high``, each with its origin.

    Attributes:
        low, high, whole: of each unknown.
        rows: (sum, low, high, origin); the origin is the number of a figure or
            ``None``.
    """

    low: list[float] = field(default_factory=list)
    high: list[float] = field(default_factory=list)
    whole: list[bool] = field(default_factory=list)
    rows: list[tuple[Sum, float, float, int | None]] = field(default_factory=list)
    _built: Any = None

    def unknown(self, low: float, high: float, *, whole: bool = False) -> int:
        """Add an unknown and return its number."""
        self.low.append(low)
        self.high.append(high)
        self.whole.append(whole)
        self._built = None
        return len(self.low) - 1

    def row(
        self, terms: Sum, low: float, high: float, origin: int | None = None
    ) -> None:
        """Add ``low <= sum of coefficient x unknown <= high``."""
        self.rows.append((terms, low, high, origin))
        self._built = None

    def copy(self, without: frozenset[int] = frozenset()) -> System:
        """The same, without the rows of these origins."""
        return System(
            list(self.low),
            list(self.high),
            list(self.whole),
            [row for row in self.rows if row[3] not in without],
        )

    def set_aside(self, weights: Mapping[int, float]) -> frozenset[int]:
        """Origins of least total weight without whose rows something fits.

        Args:
            weights: how much setting an origin aside costs.

        Raises:
            ParentageError: nothing fits even without any of them.
        """
        loose = System(list(self.low), list(self.high), list(self.whole))
        gone = {origin: loose.unknown(0, 1, whole=True) for origin in weights}
        for terms, low, high, origin in self.rows:
            if origin is None:
                loose.row(terms, low, high)
                continue
            # Beyond what the sum can reach, the row says nothing.
            ends = [
                sum(min(f * self.low[n], f * self.high[n]) for n, f in terms.items()),
                sum(max(f * self.low[n], f * self.high[n]) for n, f in terms.items()),
            ]
            if low > ends[0]:
                loose.row({**terms, gone[origin]: low - ends[0]}, low, np.inf)
            if high < ends[1]:
                loose.row({**terms, gone[origin]: high - ends[1]}, -np.inf, high)
        found = loose.least({gone[o]: w for o, w in weights.items()})
        if found is None:
            raise ParentageError("the entered scores contradict each other")
        return frozenset(o for o, n in gone.items() if found[1][n] > 0.5)

    def least(self, terms: Sum) -> tuple[float, list[float]] | None:
        """The least value of a sum and where it is taken; ``None`` if nothing fits.

        Raises:
            ParentageError: the solver gives up, which bounded unknowns rule out.
        """
        if self._built is None:
            self._built = self._build()
        cost = np.zeros(len(self.low))
        for number, factor in terms.items():
            cost[number] = factor
        made = milp(
            cost,
            integrality=np.array(self.whole, dtype=int),
            bounds=Bounds(np.array(self.low), np.array(self.high)),
            constraints=self._built,
        )
        if made.status == 2:
            return None
        if made.x is None:
            raise ParentageError(f"the solver gave up: {made.message}")
        return float(made.fun), [float(x) for x in made.x]

    def bounds(self, terms: Sum) -> tuple[float, float] | None:
        """Least and greatest value of a sum; ``None`` if nothing fits."""
        low = self.least(terms)
        if low is None:
            return None
        high = self.least({n: -f for n, f in terms.items()})
        return None if high is None else (low[0], -high[0])

    def feasible(self) -> bool:
        """Whether anything fits all rows."""
        return self.least({}) is not None

    def _build(self) -> Any:  # noqa: ANN401 - scipy is not typed
        if not self.rows:
            return ()
        data, columns, starts = [], [], [0]
        for terms, _, _, _ in self.rows:
            columns += list(terms)
            data += list(terms.values())
            starts.append(len(data))
        shape = (len(self.rows), len(self.low))
        matrix = csr_array((data, columns, starts), shape=shape, dtype=float)
        lows = np.array([row[1] for row in self.rows])
        highs = np.array([row[2] for row in self.rows])
        return LinearConstraint(matrix, lows, highs)
