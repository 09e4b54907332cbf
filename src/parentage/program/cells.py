# SPDX-License-Identifier: Apache-2.0
"""From what was entered to points: one cell for each team and item, with bounds.

Arithmetic is in exact fractions, so that ties are ties. What is not known has the
bounds of its scale. Where the best team has all points (``best``) and some raw scores
are not known, points of different teams hang together; see :class:`Scale`.
"""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass, replace
from decimal import Decimal
from fractions import Fraction
from typing import Literal

from parentage.program.check_scores import raw_scale
from parentage.program.panel import Tally, roster, tally
from parentage.program.scores import Scores, Value
from parentage.program.stage import Item, Stage

Route = Literal["panel", "value", "components", "unknown"]


@dataclass(frozen=True)
class Cell:
    """What is known of one team on one item before published figures are used.

    Attributes:
        low, high: points.
        raw_low, raw_high: the raw score; ``None`` where only points are spoken of.
        route: where it comes from.
        tally: of the panel, if one scored.
        values: what was entered.
    """

    low: Fraction
    high: Fraction
    raw_low: Fraction
    raw_high: Fraction
    route: Route
    tally: Tally | None = None
    values: tuple[Value, ...] = ()


@dataclass(frozen=True)
class Scale:
    """An item on which the best has all points and the best is not known for sure.

    With a factor k = points / best raw score, which lies between ``low`` and ``high``,
    a team's points are k times its raw score, and the highest points are all of them.
    """

    item: str
    points: Fraction
    low: Fraction
    high: Fraction


@dataclass(frozen=True)
class Cells:
    """All cells, and the items whose scale is open."""

    cells: dict[tuple[str, str], Cell]
    scales: tuple[Scale, ...]

    @property
    def known(self) -> bool:
        """Whether every cell has one value."""
        return all(cell.low == cell.high for cell in self.cells.values())


def rounded(value: Fraction, decimals: int | None) -> Fraction:
    """A value with so many decimals, halves up; as it is without any."""
    if decimals is None:
        return value
    unit = 10**decimals
    return Fraction(
        (2 * value.numerator * unit + value.denominator) // (2 * value.denominator),
        unit,
    )


def cells_of(stage: Stage, scores: Scores) -> Cells:
    """Every cell of a stage.

    Args:
        stage: the plan.
        scores: what is known; see :func:`parentage.program.load_stage.check_scores`.
    """
    values: dict[tuple[str, str], list[Value]] = defaultdict(list)
    for value in scores.values:
        values[value.team, value.item].append(value)
    ballots = defaultdict(list)
    for ballot in scores.ballots:
        ballots[ballot.team, ballot.item].append(ballot)
    scored = {b.item for b in scores.ballots}
    names = {p.id: roster(stage, scores, p.id) for p in stage.panels}
    decimals = stage.rounding.decimals if stage.rounding is not None else None
    cells: dict[tuple[str, str], Cell] = {}
    scales = []
    for path, item in stage.items():
        row = {}
        for team in stage.teams:
            key = team.id, path
            if path in scored and key not in values:
                made = tally(
                    stage,
                    scores,
                    item,
                    team.id,
                    ballots=ballots[key],
                    names=names[item.panel or ""],
                )
                row[team.id] = Cell(
                    Fraction(0), Fraction(0), made.low, made.high, "panel", made
                )
            else:
                row[team.id] = _entered(item, values.get(key, []))
        if item.scaling == "best":
            row, scale = _best(path, item, row)
            scales += [scale] if scale is not None else []
        else:
            row = {t: _scaled(item, cell) for t, cell in row.items()}
        for name, cell in row.items():
            cells[name, path] = _round(cell, decimals)
    return Cells(cells, tuple(scales))


def _entered(item: Item, values: list[Value]) -> Cell:
    """The raw score from values, of the item itself or of its components."""
    zero = Fraction(0)
    low, high = _scale(item)
    if not values:
        return Cell(zero, zero, low, high, "unknown")
    whole = [v for v in values if v.component is None]
    if whole:
        lo, hi = _within(whole[0], item)
        return Cell(zero, zero, lo, hi, "value", values=tuple(values))
    by_name = {v.component: v for v in values}
    weight = sum((Fraction(c.weight) for c in item.components), zero)
    lo = hi = zero
    for component in item.components:
        share = Fraction(component.weight) / weight
        value = by_name.get(component.id)
        ends = (low, high) if value is None else _within(value, item)
        lo, hi = lo + share * ends[0], hi + share * ends[1]
    return Cell(zero, zero, lo, hi, "components", values=tuple(values))


def _scale(item: Item) -> tuple[Fraction, Fraction]:
    """Ends of the raw scale; of a share of the target, 0 and 1."""
    low, high = raw_scale(item)
    if high is None:
        return Fraction(0), Fraction(1)
    return Fraction(low), Fraction(high)


def _within(value: Value, item: Item) -> tuple[Fraction, Fraction]:
    """Ends of what a value stands for; with a target, the share of it, at most 1."""
    reach = Fraction(0)
    if value.decimals is not None:
        reach = Fraction(Decimal(5).scaleb(-value.decimals - 1))
    ends = [Fraction(value.value) - reach, Fraction(value.value) + reach]
    if value.target is not None:
        ends = [end / Fraction(value.target) for end in ends]
    low, high = _scale(item)
    return min(max(ends[0], low), high), min(max(ends[1], low), high)


def _scaled(item: Item, cell: Cell) -> Cell:
    factor = Fraction(1)
    if item.scaling == "weight" and item.full is not None:
        factor = Fraction(item.points) / Fraction(item.full)
    elif item.scaling == "target":
        factor = Fraction(item.points)
    return replace(cell, low=cell.raw_low * factor, high=cell.raw_high * factor)


def _best(
    path: str, item: Item, row: dict[str, Cell]
) -> tuple[dict[str, Cell], Scale | None]:
    """Points where the best has all of them."""
    points = Fraction(item.points)
    lows = [cell.raw_low for cell in row.values()]
    highs = [cell.raw_high for cell in row.values()]
    # The best raw score lies between the highest lower and the highest upper end.
    least, most = max(lows), max(highs)
    if most == 0:
        return {
            t: replace(c, low=Fraction(0), high=Fraction(0)) for t, c in row.items()
        }, None
    low = points / most
    high = points / least if least > 0 else points / min(h for h in highs if h > 0)
    bounded = {
        t: replace(c, low=c.raw_low * low, high=min(c.raw_high * high, points))
        for t, c in row.items()
    }
    if least == most:
        # One team is the best for certain: the others do not hang together.
        return bounded, None
    return bounded, Scale(path, points, low, high)


def _round(cell: Cell, decimals: int | None) -> Cell:
    return replace(
        cell, low=rounded(cell.low, decimals), high=rounded(cell.high, decimals)
    )
