# SPDX-License-Identifier: Apache-2.0
"""Scores a stage: totals, ranks, gate outcomes, who goes on, and every step between."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from fractions import Fraction
from typing import TYPE_CHECKING

from parentage.program.advance import advance_results
from parentage.program.cells import Cell, Cells, cells_of
from parentage.program.check_figures import (
    WEIGHT,
    average,
    bounds,
    check_figures,
    routes,
)
from parentage.program.exact import Answers, Ends, Exact, terms_of
from parentage.program.gate import gate_result
from parentage.program.load_stage import check_scores
from parentage.program.panel import Tally
from parentage.program.paths import TOTAL, items_under, paths_of
from parentage.program.result import (
    AverageResult,
    Bounds,
    ExclusionStep,
    IndexResult,
    ItemResult,
    MemberStep,
    PanelStep,
    PartResult,
    Rank,
    StageResult,
    TeamResult,
    ValueStep,
)
from parentage.program.scores import Decision, Figure, Scores
from parentage.program.stage import Index, Item, Stage

if TYPE_CHECKING:
    from parentage.program.unknown import Unknown

NOTHING = Scores()


def score_stage(
    stage: Stage,
    scores: Scores = NOTHING,
    decisions: Sequence[Decision] = (),
    *,
    explain: bool = True,
) -> StageResult:
    """Totals, ranks, gate outcomes and who goes on.

    What is unknown stays unknown: every number has bounds, and a rank or an outcome is
    certain where no possible score changes it.

    Args:
        stage: the plan, with what was published.
        scores: what was entered besides.
        decisions: of the gate, besides those of the stage.
        explain: look for the figures that fix each score, which takes longest.

    Raises:
        StageError: the stage has no place for some of the scores.
        ParentageError: entered scores contradict each other.
    """
    every = stage.scores.plus(scores)
    if scores is not NOTHING:
        check_scores(stage, every)
    return Scoring(stage, every).result((*stage.decisions, *decisions), explain=explain)


class Scoring:
    """One scoring: the cells, the figures, and answers about both.

    Args:
        stage: the plan.
        scores: everything that is known, the stage's own included.
    """

    def __init__(self, stage: Stage, scores: Scores) -> None:
        self.stage = stage
        self.scores = scores
        self.cells = cells_of(stage, scores)
        self._criteria = _criteria(stage, self.cells)
        self._figures = scores.figures
        self._made: dict[frozenset[int], Answers] = {}
        self.aside = self._aside()
        self.answers = self.without(self.aside)

    def without(self, left_out: frozenset[int]) -> Answers:
        """Answers that do not use some of the figures."""
        if left_out not in self._made:
            self._made[left_out] = self._make(left_out)
        return self._made[left_out]

    def _make(self, left_out: frozenset[int]) -> Answers:
        if self.cells.known:
            return Exact(self.stage, self.cells, self._criteria)
        # Comes with the solver, which what is known does without.
        from parentage.program.unknown import Unknown  # noqa: PLC0415

        return Unknown(self.stage, self.cells, self._criteria, self._figures, left_out)

    def possible(self) -> Unknown | None:
        """Answers without criteria, to draw from; ``None`` if all is known."""
        if self.cells.known:
            return None
        from parentage.program.unknown import Unknown  # noqa: PLC0415

        return Unknown(self.stage, self.cells, {}, self._figures, self.aside)

    def _aside(self) -> frozenset[int]:
        """Figures that cannot be true together with the others, as few as possible."""
        if self.cells.known:
            found = check_figures(self.stage, self._figures, self.without, frozenset())
            return frozenset(f.number for f in found if f.outcome == "disagrees")
        from parentage.program.unknown import Unknown  # noqa: PLC0415

        whole = self.without(frozenset())
        if not isinstance(whole, Unknown) or whole.system.feasible():
            return frozenset()
        kinds = {source.id: source.kind for source in self.stage.sources}
        weights = {n: WEIGHT[kinds[f.source]] for n, f in enumerate(self._figures)}
        return whole.system.set_aside(weights)

    def result(
        self, decisions: Sequence[Decision], *, explain: bool = True
    ) -> StageResult:
        """Everything about the stage."""
        stage, answers = self.stage, self.answers
        gates = {t.id: gate_result(stage, decisions, t.id) for t in stage.teams}
        going = advance_results(stage, self.scores, answers, gates)
        checked = check_figures(stage, self._figures, self.without, self.aside)
        teams = tuple(
            TeamResult(
                team=team.id,
                total=self._points(team.id, TOTAL),
                rank=self._rank(team.id, TOTAL),
                parts=tuple(
                    PartResult(
                        part=part.id,
                        points=self._points(team.id, part.id),
                        rank=self._rank(team.id, part.id),
                    )
                    for part in stage.parts
                ),
                items=tuple(
                    self._item(team.id, path, item, explain=explain)
                    for path, item in stage.items()
                ),
                indices=tuple(self._index(team.id, one) for one in stage.indices),
                gate=gates[team.id],
                advance=going[team.id],
            )
            for team in stage.teams
        )
        place = {team.id: number for number, team in enumerate(stage.teams)}
        ordered = sorted(
            teams,
            key=lambda t: (
                t.rank.best + t.rank.worst,
                -t.total.low - t.total.high,
                place[t.team],
            ),
        )
        averaged = [p for p in paths_of(stage) if p.count(".") < 2]
        return StageResult(
            stage=stage.id,
            points=float(stage.points),
            points_stated=stage.points_stated,
            complete=all(t.total.known for t in teams),
            teams=teams,
            order=tuple(t.team for t in ordered),
            averages=tuple(
                AverageResult(of=path, value=bounds(average(stage, path, answers)))
                for path in averaged
            ),
            figures=checked,
            routes=routes(stage, self._figures, answers),
            seats=_seats(stage),
            extra_seats=stage.advance.extra_seats,
        )

    def _points(self, team: str, path: str) -> Bounds:
        return bounds(self.answers.ends(terms_of(self.stage, team, path)))

    def _rank(self, team: str, path: str) -> Rank:
        others = [t.id for t in self.stage.teams if t.id != team]
        low, high = self.answers.above(team, path, others)
        return Rank(best=low + 1, worst=high + 1)

    def _item(
        self,
        team: str,
        path: str,
        item: Item,
        *,
        explain: bool,
    ) -> ItemResult:
        cell = self.cells.cells[team, path]
        points = self._points(team, path)
        route, used = self._route(team, path, cell, points, explain=explain)
        raw = None
        if cell.route != "unknown":
            raw = bounds((cell.raw_low, cell.raw_high))
        criteria = {}
        for criterion in item.criteria:
            key = team, f"{path}.{criterion.id}"
            if cell.tally is not None and criterion.id in cell.tally.criteria:
                exact = cell.tally.criteria[criterion.id]
                criteria[criterion.id] = bounds((exact, exact))
            elif key in self._criteria:
                criteria[criterion.id] = bounds(self.answers.ends({key: Fraction(1)}))
        return ItemResult(
            path=path,
            points=points,
            rank=self._rank(team, path),
            route=route,  # type: ignore[arg-type]
            raw=raw,
            scaling=item.scaling,
            panel=_panel_step(item, cell.tally, self.stage),
            values=tuple(
                ValueStep(
                    component=v.component,
                    value=float(v.value),
                    decimals=v.decimals,
                    target=None if v.target is None else float(v.target),
                    source=v.source,
                )
                for v in cell.values
            ),
            figures=used,
            criteria=criteria,
        )

    def _route(
        self, team: str, path: str, cell: Cell, points: Bounds, *, explain: bool
    ) -> tuple[str, tuple[int, ...]]:
        """How the points came about, and which figures they rest on."""
        if cell.low == cell.high:
            return cell.route, ()
        printed = tuple(
            number
            for number, figure in enumerate(self._figures)
            if number not in self.aside and self._prints(figure, team, path)
        )
        if printed and points.known:
            return "published", printed
        if bounds((cell.low, cell.high)) == points:
            return cell.route, ()
        used = self._rests_on(team, path, points) if explain else ()
        if points.known:
            return "follows", used
        return "bounded", used

    def _prints(self, figure: Figure, team: str, path: str) -> bool:
        """Whether a figure prints this very score."""
        if items_under(self.stage, figure.of) != (path,):
            return False
        return (figure.kind == "score" and figure.team == team) or (
            figure.kind == "top" and team in figure.teams
        )

    def _rests_on(self, team: str, path: str, points: Bounds) -> tuple[int, ...]:
        """Figures none of which can be spared for these bounds; others may do too."""
        terms = terms_of(self.stage, team, path)
        spared = set(self.aside)
        # Figures of the press are spared first, then those of other items.
        kinds = {s.id: s.kind for s in self.stage.sources}
        numbers = sorted(
            (n for n in range(len(self._figures)) if n not in self.aside),
            key=lambda n: (
                kinds[self._figures[n].source] != "press",
                path in items_under(self.stage, self._figures[n].of),
                n,
            ),
        )
        pending = [numbers]
        while pending:
            # Whole runs of figures are often spared at once.
            run = pending.pop()
            tried = frozenset(spared.union(run))
            if bounds(self._make_cached(tried).ends(terms)) == points:
                spared.update(run)
            elif len(run) > 1:
                half = len(run) // 2
                pending += [run[half:], run[:half]]
        return tuple(n for n in sorted(numbers) if n not in spared)

    def _make_cached(self, left_out: frozenset[int]) -> Answers:
        if len(self._made) > 2000:
            self._made = {self.aside: self.answers}
        return self.without(left_out)

    def _index(self, team: str, index: Index) -> IndexResult:
        points = paths_of(self.stage)
        weights = [Fraction(t.weight or points[t.of]) for t in index.terms]
        terms: dict[tuple[str, str], Fraction] = {}
        for term, weight in zip(index.terms, weights, strict=True):
            share = 100 * weight / sum(weights) / Fraction(points[term.of])
            for key, factor in terms_of(self.stage, team, term.of, share).items():
                terms[key] = terms.get(key, Fraction(0)) + factor
        return IndexResult(index=index.id, value=bounds(self.answers.ends(terms)))


def _criteria(stage: Stage, cells: Cells) -> Mapping[tuple[str, str], Ends]:
    """Bounds of the criteria that indices ask for."""
    asked = {
        t.of for index in stage.indices for t in index.terms if t.of.count(".") > 1
    }
    found = {}
    for path, item in stage.items():
        if not any(name.startswith(f"{path}.") for name in asked):
            continue
        for criterion in item.criteria:
            for team in stage.teams:
                tally = cells.cells[team.id, path].tally
                exact = tally.criteria.get(criterion.id) if tally is not None else None
                ends = (Fraction(0), Fraction(criterion.points))
                if exact is not None:
                    ends = (exact, exact)
                found[team.id, f"{path}.{criterion.id}"] = ends
    return found


def _panel_step(item: Item, made: Tally | None, stage: Stage) -> PanelStep | None:
    if made is None or item.panel is None:
        return None
    return PanelStep(
        panel=item.panel,
        members=tuple(
            MemberStep(name=m.name, value=bounds((m.low, m.high)), use=m.use)
            for m in made.members
        ),
        drop=stage.panel(item.panel).drop,
        remaining=made.remaining,
        missing=made.missing,
        excluded=tuple(
            ExclusionStep(name=name, reason=reason) for name, reason in made.excluded
        ),
        too_few=made.too_few,
    )


def _seats(stage: Stage) -> int:
    rule = stage.advance
    if rule.kind == "eliminate":
        return len(stage.teams) - rule.count
    return rule.count
