# SPDX-License-Identifier: Apache-2.0
"""Answers about scores that are all known: fractions, and no solver.

:class:`Answers` is what both this and :mod:`parentage.program.unknown` answer to.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from fractions import Fraction
from itertools import pairwise
from typing import Protocol

from parentage.program.cells import Cells
from parentage.program.paths import items_under
from parentage.program.scores import Figure
from parentage.program.stage import Stage

Terms = Mapping[tuple[str, str], Fraction]
"""(team, ``part.item`` or ``part.item.criterion``) -> weight."""

Ends = tuple[Fraction, Fraction]


class Answers(Protocol):
    """Bounds of sums of scores, and of how many teams stand above one."""

    def ends(self, terms: Terms) -> Ends:
        """Least and greatest value of a weighted sum of points."""

    def highest(self, path: str) -> Ends:
        """Least and greatest value of the highest score of a path."""

    def gap(self, path: str) -> Ends:
        """Least and greatest distance between the highest and lowest score."""

    def above(self, team: str, path: str, others: Sequence[str]) -> tuple[int, int]:
        """How many of the others have strictly more: at least, at most."""

    def level(self, team: str, path: str, others: Sequence[str]) -> tuple[int, int]:
        """How many of the others have as much or more: at least, at most."""

    def holds(self, figure: Figure) -> tuple[bool, bool]:
        """Whether a published order can be true, and whether it can be false."""


def pairs_of(figure: Figure, teams: Sequence[str]) -> list[tuple[str, str]]:
    """Pairs (better, worse) that an order says."""
    named = figure.teams
    if figure.kind == "order":
        return list(pairwise(named))
    return [(a, b) for a in named for b in teams if b not in named]


def terms_of(
    stage: Stage, team: str, path: str, weight: Fraction | None = None
) -> dict[tuple[str, str], Fraction]:
    """A team's score of a path as a sum over cells."""
    one = Fraction(1) if weight is None else weight
    under = items_under(stage, path) or (path,)
    return {(team, name): one for name in under}


class Exact:
    """Answers where every cell has one value.

    Args:
        stage: the plan.
        cells: all of one value.
        criteria: points of criteria, by team and path, as far as they are known.
    """

    def __init__(
        self, stage: Stage, cells: Cells, criteria: Mapping[tuple[str, str], Ends]
    ) -> None:
        self._stage = stage
        self._ends: dict[tuple[str, str], Ends] = {
            key: (cell.low, cell.high) for key, cell in cells.cells.items()
        }
        self._ends.update(criteria)
        self._teams = [team.id for team in stage.teams]

    def ends(self, terms: Terms) -> Ends:
        """See :class:`Answers`."""
        low = high = Fraction(0)
        for key, weight in terms.items():
            ends = sorted(weight * end for end in self._ends[key])
            low, high = low + ends[0], high + ends[1]
        return low, high

    def highest(self, path: str) -> Ends:
        """See :class:`Answers`."""
        best = max(self._score(team, path) for team in self._teams)
        return best, best

    def gap(self, path: str) -> Ends:
        """See :class:`Answers`."""
        scores = [self._score(team, path) for team in self._teams]
        return max(scores) - min(scores), max(scores) - min(scores)

    def above(self, team: str, path: str, others: Sequence[str]) -> tuple[int, int]:
        """See :class:`Answers`."""
        own = self._score(team, path)
        count = sum(self._score(other, path) > own for other in others)
        return count, count

    def level(self, team: str, path: str, others: Sequence[str]) -> tuple[int, int]:
        """See :class:`Answers`."""
        own = self._score(team, path)
        count = sum(self._score(other, path) >= own for other in others)
        return count, count

    def holds(self, figure: Figure) -> tuple[bool, bool]:
        """See :class:`Answers`."""
        true = all(
            self._score(a, figure.of) > self._score(b, figure.of)
            for a, b in pairs_of(figure, self._teams)
        )
        return true, not true

    def _score(self, team: str, path: str) -> Fraction:
        return self.ends(terms_of(self._stage, team, path))[0]
