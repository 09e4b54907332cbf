# SPDX-License-Identifier: Apache-2.0
"""What scoring a stage gives: values with bounds, ranks, outcomes, and every step.

Numbers are points as decimal fractions, rounded to six places for showing; comparisons
were made before rounding. ``low == high`` means that the value is known.
"""

from __future__ import annotations

from typing import Literal

from pydantic import BaseModel, ConfigDict, Field

from parentage.program.scores import Decision

Place = str | int | float | bool | None


class _Part(BaseModel):
    model_config = ConfigDict(
        extra="forbid", frozen=True, ser_json_inf_nan="null", populate_by_name=True
    )


class Bounds(_Part):
    """The least and the greatest value that what is known allows."""

    low: float
    high: float

    @property
    def known(self) -> bool:
        """Whether there is one value only."""
        return self.low == self.high


class Rank(_Part):
    """The best and the worst rank that what is known allows; equal scores share one."""

    best: int
    worst: int

    @property
    def certain(self) -> bool:
        """Whether there is one rank only."""
        return self.best == self.worst


class MemberStep(_Part):
    """What one panel member gave, and what became of it."""

    name: str | None
    value: Bounds
    use: Literal["kept", "highest", "lowest", "open"]


class ExclusionStep(_Part):
    """A member whose score was left out for this team."""

    name: str
    reason: str


class PanelStep(_Part):
    """How a panel's mean came about."""

    panel: str
    members: tuple[MemberStep, ...]
    drop: int = Field(description="highest and lowest left out, so many of each")
    remaining: int = Field(description="values that the mean rests on")
    missing: int
    excluded: tuple[ExclusionStep, ...]
    too_few: bool


class ValueStep(_Part):
    """A value that was entered or published."""

    component: str | None
    value: float
    decimals: int | None
    target: float | None
    source: str | None


class ItemResult(_Part):
    """A team's points on one item and how they came about.

    Attributes:
        path: ``part.item``.
        points: bounds.
        rank: among all teams on this item.
        route: ``panel``, ``value`` or ``components``: computed from what was entered;
            ``published``: printed as it is; ``follows``: no other value agrees with
            the published figures; ``bounded``: they leave a range; ``unknown``: nothing
            narrows the scale.
        raw: the raw score, where one was entered.
        scaling: how it becomes points.
        panel, values: what was entered.
        figures: numbers of the figures that fix or narrow the points.
        criteria: points by criterion, where they are known.
    """

    path: str
    points: Bounds
    rank: Rank
    route: Literal[
        "panel", "value", "components", "published", "follows", "bounded", "unknown"
    ]
    raw: Bounds | None = None
    scaling: Literal["plain", "weight", "best", "target"]
    panel: PanelStep | None = None
    values: tuple[ValueStep, ...] = ()
    figures: tuple[int, ...] = ()
    criteria: dict[str, Bounds] = {}


class PartResult(_Part):
    """A team's points of one part."""

    part: str
    points: Bounds
    rank: Rank


class IndexResult(_Part):
    """A team's value of an index, from 0 to 100."""

    index: str
    value: Bounds


class GateResult(_Part):
    """What the gate says of a team; no score enters.

    Attributes:
        outcome: which counts.
        by: whose decision that is; ``rule`` where a team passes unless found not to,
            ``nobody`` where nothing was decided.
        decisions: all of them, criterion by criterion.
        disagree: committee and verdict say different things.
    """

    outcome: Literal["pass", "fail", "open", "none"]
    by: Literal["committee", "verdict", "rule", "nobody"]
    decisions: tuple[Decision, ...] = ()
    disagree: bool = False


class AdvanceResult(_Part):
    """Whether a team goes on, and the reason.

    Attributes:
        outcome: ``open`` where what is unknown decides.
        reason: key of the sentence that ``places`` fill in.
        places: numbers of the sentence.
        tie_break: the part that decided between equal totals, if one did.
        announced: what was announced.
        agrees: whether that is what the rule gives; ``None`` if either is open.
    """

    outcome: Literal["advances", "out", "open"]
    reason: str
    places: dict[str, Place] = {}
    tie_break: str | None = None
    announced: bool | None = None
    agrees: bool | None = None


class TeamResult(_Part):
    """Everything about one team."""

    team: str
    total: Bounds
    rank: Rank
    parts: tuple[PartResult, ...]
    items: tuple[ItemResult, ...]
    indices: tuple[IndexResult, ...] = ()
    gate: GateResult
    advance: AdvanceResult


class AverageResult(_Part):
    """Mean over all teams."""

    of: str
    value: Bounds


class FigureResult(_Part):
    """A published figure held against everything else.

    Attributes:
        number: of the figure, from 0, in the order of the stage and then of the scores.
        kind, of, team, teams, value, reach, source: the figure itself.
        outcome: ``follows``: the rest gives it; ``adds``: the rest allows it and it
            says more; ``disagrees``: the rest rules it out.
        computed: what the rest gives for the same number; ``None`` for orders.
        set_aside: not used, because it cannot be true together with the others.
    """

    number: int
    kind: Literal["score", "average", "top", "gap", "order", "first"]
    of: str
    team: str | None = None
    teams: tuple[str, ...] = ()
    value: float | None = None
    decimals: int
    reach: float
    source: str
    outcome: Literal["follows", "adds", "disagrees"]
    computed: Bounds | None = None
    set_aside: bool = False


class RouteResult(_Part):
    """The mean of the totals on one of several ways.

    Attributes:
        way: ``totals``: mean of the computed totals; ``printed-totals``, ``parts``,
            ``items``: from the printed totals, or the printed averages added up.
        value: as it comes out.
        reach: how far rounding of what was added up can carry it.
        agrees: whether it is within that reach of the computed mean.
    """

    way: Literal["totals", "printed-totals", "parts", "items"]
    value: Bounds
    reach: float
    agrees: bool


class StageResult(_Part):
    """A stage, scored.

    Attributes:
        stage: id.
        points: of all parts.
        points_stated: whether points mean anything; see the stage.
        complete: every score is known.
        teams: in the order of the stage.
        order: teams by best possible rank, then worst, then order of the stage.
        averages: over all teams, of total, parts and items.
        figures: every published figure, checked.
        routes: the mean of the totals on several ways.
        seats: places that the rule gives; ``extra_seats`` stay for a later round.
    """

    stage: str
    points: float
    points_stated: bool
    complete: bool
    teams: tuple[TeamResult, ...]
    order: tuple[str, ...]
    averages: tuple[AverageResult, ...]
    figures: tuple[FigureResult, ...] = ()
    routes: tuple[RouteResult, ...] = ()
    seats: int
    extra_seats: int

    def team(self, name: str) -> TeamResult:
        """The team of this id."""
        return next(t for t in self.teams if t.team == name)
