# SPDX-License-Identifier: Apache-2.0
"""Answers about scores that are partly unknown: what holds for every possible score.

The possible scores are those that keep every cell within its bounds and agree with
every published figure up to its rounding. They form a set given by linear inequalities,
some unknowns whole numbers:

* cells of a stage that rounds are multiples of its last decimal;
* "the highest is 13.4" needs a choice of the team that has it, unless it is named;
  where teams are named, they are all that have it;
* on an item where the best has all points, points are k times the raw score with one
  unknown k for all teams, which keeps every ratio (see
  :class:`parentage.program.cells.Scale`);
* "how many stand above" counts with one choice per pair.

Every bound is the optimum over that set, so it is as tight as the figures allow, and
bounds of ranks hold for all teams at once, not pair by pair. Two assumptions: figures
are rounded, to the nearest, to the decimals they are printed with; and without
rounding of cells, scores nearer than :data:`EQUAL` of all points count as equal.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from fractions import Fraction
from typing import Final

from parentage.program.cells import Cells
from parentage.program.exact import Ends, Terms, pairs_of, terms_of
from parentage.program.paths import TOTAL
from parentage.program.scores import Figure
from parentage.program.stage import Stage
from parentage.program.system import TOLERANCE, System

EQUAL: Final = 1e-5
"""Share of all points below which a difference is none, where cells are not rounded.
A hundred times what the solver's tolerance can blur."""


INF: Final = float("inf")

_Open = tuple[dict[int, float], float, float]
"""A difference between two teams, and its bounds."""


class Unknown:
    """Answers where some cells have bounds.

    Args:
        stage: the plan.
        cells: what was entered.
        criteria: bounds of the criteria that are asked for.
        figures: what was published.
        without: numbers of figures that are left out.
    """

    def __init__(
        self,
        stage: Stage,
        cells: Cells,
        criteria: Mapping[tuple[str, str], Ends],
        figures: Sequence[Figure],
        without: frozenset[int] = frozenset(),
    ) -> None:
        self._stage = stage
        self._teams = [team.id for team in stage.teams]
        decimals = None if stage.rounding is None else stage.rounding.decimals
        self._unit = 1 if decimals is None else 10**decimals
        self._big = float(stage.points) * self._unit
        self._step = 0.5 if decimals is not None else EQUAL * self._big
        self._system = System()
        self._number: dict[tuple[str, str], int] = {}
        for key, cell in cells.cells.items():
            self._number[key] = self._system.unknown(
                self._float(cell.low),
                self._float(cell.high),
                whole=decimals is not None,
            )
        self._scales(cells, blur=0.0 if decimals is None else 0.5)
        self._criteria(criteria, blur=0.0 if decimals is None else 0.5)
        for number, figure in enumerate(figures):
            if number not in without:
                self._figure(figure, number)
        self._cache: dict[tuple[tuple[int, float], ...], Ends] = {}

    @property
    def system(self) -> System:
        """The inequalities; scores in units of the last decimal."""
        return self._system

    @property
    def unit(self) -> int:
        """How many of the system's units make a point."""
        return self._unit

    def columns(self, keys: Sequence[tuple[str, str]]) -> list[int]:
        """Numbers of cells, by team and item."""
        return [self._number[key] for key in keys]

    def narrowed(self) -> System:
        """The same set without whole scores, as narrow as whole ones make it.

        Cells, parts, totals and sums over teams get the bounds that they have with
        whole numbers, so that what is known stays known.
        """
        system = self._system.copy()
        items = [path for path, _ in self._stage.items()]
        for team in self._teams:
            for path in items:
                number = self._number[team, path]
                ends = self.ends(terms_of(self._stage, team, path))
                system.low[number], system.high[number] = map(self._float, ends)
                system.whole[number] = False
            for path in (TOTAL, *(part.id for part in self._stage.parts)):
                ends = self.ends(terms_of(self._stage, team, path))
                low, high = map(self._float, ends)
                system.row(self._path(team, path), low, high)
        for path in items:
            terms: dict[tuple[str, str], Fraction] = {}
            for team in self._teams:
                terms.update(terms_of(self._stage, team, path))
            low, high = map(self._float, self.ends(terms))
            system.row(self._sum(terms), low, high)
        return system

    def ends(self, terms: Terms) -> Ends:
        """See :class:`parentage.program.exact.Answers`.

        Raises:
            ValueError: nothing fits; callers set figures aside first.
        """
        summed = self._sum(terms)
        key = tuple(sorted(summed.items()))
        mirror = tuple((number, -factor) for number, factor in key)
        if mirror in self._cache:
            low, high = self._cache[mirror]
            return -high, -low
        if key not in self._cache:
            found = self._system.bounds(summed)
            if found is None:
                raise ValueError("no scores fit the figures")
            self._cache[key] = self._points(found[0]), self._points(found[1])
        return self._cache[key]

    def highest(self, path: str) -> Ends:
        """See :class:`parentage.program.exact.Answers`."""
        scores = [self._path(team, path) for team in self._teams]
        system = self._system.copy()
        top = system.unknown(-self._big, self._big)
        for score in scores:
            system.row({top: 1.0, **_minus(score)}, 0.0, INF)
        least = system.least({top: 1.0})
        most = max(self.ends(terms_of(self._stage, t, path))[1] for t in self._teams)
        return self._points(_value(least)), most

    def gap(self, path: str) -> Ends:
        """See :class:`parentage.program.exact.Answers`."""
        scores = [self._path(team, path) for team in self._teams]
        system = self._system.copy()
        top, bottom = (system.unknown(-self._big, self._big) for _ in range(2))
        for score in scores:
            system.row({top: 1.0, **_minus(score)}, 0.0, INF)
            system.row({bottom: -1.0, **score}, 0.0, INF)
        least = system.least({top: 1.0, bottom: -1.0})
        most = max(
            self.ends(self._difference(a, b, path))[1]
            for a in self._teams
            for b in self._teams
        )
        return self._points(_value(least)), most

    def above(self, team: str, path: str, others: Sequence[str]) -> tuple[int, int]:
        """See :class:`parentage.program.exact.Answers`."""
        return self._count(team, path, others, self._step)

    def level(self, team: str, path: str, others: Sequence[str]) -> tuple[int, int]:
        """See :class:`parentage.program.exact.Answers`."""
        return self._count(team, path, others, -self._step / 2)

    def holds(self, figure: Figure) -> tuple[bool, bool]:
        """See :class:`parentage.program.exact.Answers`."""
        can = self._system.copy()
        for pair in pairs_of(figure, self._teams):
            can.row(self._pair(*pair, figure.of), self._step, INF)
        false = any(
            self._fits(self._pair(a, b, figure.of), -INF, self._step / 2)
            for a, b in pairs_of(figure, self._teams)
        )
        return can.feasible(), false

    def _fits(self, terms: Mapping[int, float], low: float, high: float) -> bool:
        system = self._system.copy()
        system.row(terms, low, high)
        return system.feasible()

    def _count(
        self, team: str, path: str, others: Sequence[str], step: float
    ) -> tuple[int, int]:
        """How many differences to a team reach ``step``, at least and at most."""
        certain, open_ = 0, []
        own = self.ends(terms_of(self._stage, team, path))
        for other in others:
            its = self.ends(terms_of(self._stage, other, path))
            ends = its[0] - own[1], its[1] - own[0]
            if own[0] != own[1] and its[0] != its[1]:
                # Scores that hang together may lie closer than their ranges say.
                ends = self.ends(self._difference(other, team, path))
            low, high = (float(end) * self._unit for end in ends)
            if low > step - TOLERANCE:
                certain += 1
            elif high > step - TOLERANCE:
                open_.append((self._pair(other, team, path), low, high))
        if len(open_) <= 1:
            return certain, certain + len(open_)
        return certain + self._fewest(open_, step), certain + self._most(open_, step)

    def _fewest(self, open_: Sequence[_Open], step: float) -> int:
        """At least so many of these differences reach ``step``."""
        below = step - 2 * TOLERANCE
        none = self._system.copy()
        for terms, _, _ in open_:
            none.row(terms, -INF, below)
        if none.feasible():
            return 0
        system = self._system.copy()
        choices = {}
        for terms, _, high in open_:
            choice = system.unknown(0, 1, whole=True)
            choices[choice] = 1.0
            system.row({**terms, choice: below - high}, -INF, below)
        return round(_value(system.least(choices)))

    def _most(self, open_: Sequence[_Open], step: float) -> int:
        """At most so many of these differences reach ``step``."""
        every = self._system.copy()
        for terms, _, _ in open_:
            every.row(terms, step, INF)
        if every.feasible():
            return len(open_)
        system = self._system.copy()
        choices = {}
        for terms, low, _ in open_:
            choice = system.unknown(0, 1, whole=True)
            choices[choice] = -1.0
            system.row({**terms, choice: low - step}, low, INF)
        return -round(_value(system.least(choices)))

    def _scales(self, cells: Cells, blur: float) -> None:
        """Points are k times the raw score, and somebody has all of them."""
        system = self._system
        for scale in cells.scales:
            points = self._float(scale.points)
            factor = system.unknown(self._float(scale.low), self._float(scale.high))
            choices = {}
            for team in self._teams:
                cell = cells.cells[team, scale.item]
                x = self._number[team, scale.item]
                low, high = float(cell.raw_low), float(cell.raw_high)
                system.row({x: 1.0, factor: -low}, -blur, INF)
                system.row({x: 1.0, factor: -high}, -INF, blur)
                system.row({factor: low}, 0.0, points)
                best = system.unknown(0, 1, whole=True)
                choices[best] = 1.0
                # The best has all points, and its raw score times k is all of them.
                system.row({x: 1.0, best: -points}, 0.0, INF)
                system.row({factor: high, best: -points}, 0.0, INF)
            system.row(choices, 1.0, INF)

    def _criteria(self, criteria: Mapping[tuple[str, str], Ends], blur: float) -> None:
        """Criteria that add up to their item, as far as rounding lets them."""
        sums: dict[tuple[str, str], dict[int, float]] = {}
        for (team, path), ends in criteria.items():
            number = self._system.unknown(*map(self._float, ends))
            self._number[team, path] = number
            sums.setdefault((team, path.rpartition(".")[0]), {})[number] = 1.0
        for key, terms in sums.items():
            self._system.row({**terms, self._number[key]: -1.0}, -blur, blur)

    def _figure(self, figure: Figure, origin: int) -> None:
        if figure.kind in {"order", "first"}:
            for a, b in pairs_of(figure, self._teams):
                terms = self._pair(a, b, figure.of)
                self._system.row(terms, self._step, INF, origin)
            return
        value, reach = Fraction(figure.value or 0), Fraction(figure.reach)
        low, high = self._float(value - reach), self._float(value + reach)
        if figure.kind == "score":
            terms = self._path(figure.team or "", figure.of)
            self._system.row(terms, low, high, origin)
        elif figure.kind == "average":
            n = len(self._teams)
            terms = {}
            for team in self._teams:
                terms.update(self._path(team, figure.of))
            self._system.row(terms, low * n, high * n, origin)
        elif figure.kind == "top":
            self._top(figure, low, high, origin)
        else:
            self._gap(figure.of, low, high, origin)

    def _top(self, figure: Figure, low: float, high: float, origin: int) -> None:
        system = self._system
        scores = {team: self._path(team, figure.of) for team in self._teams}
        for team, score in scores.items():
            if team in figure.teams:
                system.row(score, low, high, origin)
            elif not figure.teams:
                system.row(score, -INF, high, origin)
        for best in figure.teams:
            for other in self._teams:
                if other not in figure.teams:
                    terms = self._pair(best, other, figure.of)
                    system.row(terms, self._step, INF, origin)
        if not figure.teams:
            self._one_of(scores.values(), low, origin)

    def _gap(self, path: str, low: float, high: float, origin: int) -> None:
        """Nobody is further apart, and some highest and some lowest are that far."""
        system = self._system
        scores = [self._path(team, path) for team in self._teams]
        top, bottom = (system.unknown(0.0, self._big) for _ in range(2))
        for score in scores:
            system.row({top: 1.0, **_minus(score)}, 0.0, INF, origin)
            system.row({bottom: -1.0, **score}, 0.0, INF, origin)
        self._one_of(({**s, top: -1.0} for s in scores), 0.0, origin)
        self._one_of(({**_minus(s), bottom: 1.0} for s in scores), 0.0, origin)
        system.row({top: 1.0, bottom: -1.0}, low, high, origin)

    def _one_of(
        self,
        rows: Iterable[Mapping[int, float]],
        low: float,
        origin: int,
    ) -> None:
        """At least one of these sums reaches ``low``."""
        wide = 2 * self._big
        choices = {}
        for terms in rows:
            choice = self._system.unknown(0, 1, whole=True)
            choices[choice] = 1.0
            self._system.row({**terms, choice: -wide}, low - wide, INF, origin)
        self._system.row(choices, 1.0, INF, origin)

    def _path(self, team: str, path: str) -> dict[int, float]:
        return self._sum(terms_of(self._stage, team, path))

    def _difference(self, a: str, b: str, path: str) -> Terms:
        terms = terms_of(self._stage, a, path)
        if a == b:
            return {key: Fraction(0) for key in terms}
        return {**terms, **terms_of(self._stage, b, path, Fraction(-1))}

    def _pair(self, a: str, b: str, path: str) -> dict[int, float]:
        return self._sum(self._difference(a, b, path))

    def _sum(self, terms: Terms) -> dict[int, float]:
        return {self._number[key]: float(w) for key, w in terms.items()}

    def _float(self, value: Fraction) -> float:
        return float(value * self._unit)

    def _points(self, value: float) -> Fraction:
        """From the solver's number to points, blurred by its tolerance."""
        near = round(value)
        if abs(value - near) < 100 * TOLERANCE:
            return Fraction(near, self._unit)
        return Fraction(round(value / self._unit * 10**7), 10**7)


def _minus(score: Mapping[int, float]) -> dict[int, float]:
    return {number: -factor for number, factor in score.items()}


def _value(found: tuple[float, list[float]] | None) -> float:
    if found is None:
        raise ValueError("no scores fit the figures")
    return found[0]
