# SPDX-License-Identifier: Apache-2.0
"""Published figures against each other and against what was entered."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from fractions import Fraction
from typing import Final

from parentage.program.exact import Answers, Ends, terms_of
from parentage.program.paths import TOTAL
from parentage.program.result import Bounds, FigureResult, RouteResult
from parentage.program.scores import Figure
from parentage.program.stage import Stage

PLACES: Final = 6
"""Decimals of numbers that are shown."""

WEIGHT: Final = {"official": 4.0, "own": 4.0, "third-party": 2.0, "press": 1.0}
"""Where figures cannot all be true, the set of least weight is set aside: two figures
of the press rather than one of a third party only if they weigh as much."""


def bounds(ends: Ends) -> Bounds:
    """Ends as they are shown."""
    return Bounds(low=round(float(ends[0]), PLACES), high=round(float(ends[1]), PLACES))


def check_figures(
    stage: Stage,
    figures: Sequence[Figure],
    make: Callable[[frozenset[int]], Answers],
    aside: frozenset[int],
) -> tuple[FigureResult, ...]:
    """Each figure against all others.

    Args:
        stage: the plan.
        figures: all of them.
        make: answers without some figures.
        aside: figures that cannot be true together with the others.
    """
    return tuple(
        _checked(stage, number, figure, make(aside | {number}), number in aside)
        for number, figure in enumerate(figures)
    )


def _checked(
    stage: Stage, number: int, figure: Figure, rest: Answers, aside: bool
) -> FigureResult:
    computed = None
    if figure.value is None:
        can, false = rest.holds(figure)
        outcome = "adds" if can and false else "follows" if can else "disagrees"
    else:
        ends = _quantity(stage, figure, rest)
        computed = bounds(ends)
        low = Fraction(figure.value) - Fraction(figure.reach)
        high = Fraction(figure.value) + Fraction(figure.reach)
        outcome = "adds"
        if ends[0] > high or ends[1] < low:
            outcome = "disagrees"
        elif low <= ends[0] and ends[1] <= high:
            outcome = "follows"
        if figure.kind == "top" and figure.teams and outcome != "disagrees":
            outcome = _whose(stage, figure, rest, outcome)
    return FigureResult(
        number=number,
        kind=figure.kind,
        of=figure.of,
        team=figure.team,
        teams=figure.teams,
        value=None if figure.value is None else float(figure.value),
        decimals=figure.places,
        reach=0.0 if figure.value is None else float(figure.reach),
        source=figure.source,
        outcome=outcome,  # type: ignore[arg-type]
        computed=computed,
        set_aside=aside,
    )


def _quantity(stage: Stage, figure: Figure, rest: Answers) -> Ends:
    if figure.kind == "score":
        return rest.ends(terms_of(stage, figure.team or "", figure.of))
    if figure.kind == "average":
        return average(stage, figure.of, rest)
    return rest.highest(figure.of) if figure.kind == "top" else rest.gap(figure.of)


def average(stage: Stage, path: str, answers: Answers) -> Ends:
    """Mean of a path over all teams."""
    share = Fraction(1, len(stage.teams))
    terms = {}
    for team in stage.teams:
        terms.update(terms_of(stage, team.id, path, share))
    return answers.ends(terms)


def _whose(stage: Stage, figure: Figure, rest: Answers, outcome: str) -> str:
    """Whether the named teams have the highest score: certainly, possibly, never."""
    every = [t.id for t in stage.teams]
    for team in figure.teams:
        others = [t for t in every if t not in figure.teams]
        least, most = rest.above(team, figure.of, others)
        if least > 0:
            return "disagrees"
        outcome = "adds" if most > 0 else outcome
    return outcome


def routes(
    stage: Stage, figures: Sequence[Figure], answers: Answers
) -> tuple[RouteResult, ...]:
    """The mean of the totals on every way that the figures allow.

    Printed averages were rounded one by one, so that their sum may differ from the
    rounded average of the sums by up to half a last place each: no contradiction.
    """
    ends = average(stage, TOTAL, answers)
    found = [("totals", ends, Fraction(0))]
    printed = [f for f in figures if f.kind == "score" and f.of == TOTAL]
    if {f.team for f in printed} == {t.id for t in stage.teams}:
        found.append(("printed-totals", *_mean(printed, len(printed))))
    averages = {f.of: f for f in figures if f.kind == "average"}
    by_part = [averages.get(part.id) for part in stage.parts]
    if None not in by_part:
        found.append(("parts", *_mean(by_part, 1)))
    by_item = []
    for part in stage.parts:
        items = [averages.get(f"{part.id}.{item.id}") for item in part.items]
        by_item += items if None not in items else [averages.get(part.id)]
    if None not in by_item and by_item != by_part:
        found.append(("items", *_mean(by_item, 1)))
    return tuple(
        RouteResult(
            way=way,  # type: ignore[arg-type]
            value=bounds(value),
            reach=round(float(reach), PLACES),
            agrees=ends[0] - reach <= value[1] and value[0] <= ends[1] + reach,
        )
        for way, value, reach in found
    )


def _mean(figures: Sequence[Figure | None], count: int) -> tuple[Ends, Fraction]:
    value = reach = Fraction(0)
    for figure in figures:
        if figure is not None:
            value += Fraction(figure.value or 0)
            reach += Fraction(figure.reach)
    return (value / count, value / count), reach / count
