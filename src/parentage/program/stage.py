# SPDX-License-Identifier: Apache-2.0
"""A stage of an evaluation programme, as data: who, what is scored, and the rules.

``stages/*.toml`` are the shipped ones; anybody can write another (``docs/stages.md``).
A stage states the plan and what was published of it; scores that are entered come as
:class:`parentage.program.scores.Scores`. Every part, rule and figure names its source,
and a reading that its source does not say outright is marked as one (``inference``).
"""

from __future__ import annotations

from datetime import date, datetime, time, timedelta
from decimal import Decimal
from typing import Annotated, Final, Literal
from zoneinfo import ZoneInfo

from pydantic import BaseModel, ConfigDict, Field

from parentage.program.scores import Decision, Path, Scores
from parentage.verdict.profile import Both, Id, Text

STAGE_SCHEMA: Final = "parentage.stage-definition/1"

Points = Annotated[Decimal, Field(gt=0, le=1_000_000)]

Scaling = Literal["plain", "weight", "best", "target"]
"""How a raw score becomes points.

``plain``: it is points. ``weight``: raw x points / full mark. ``best``: the best team
has all points, the others in proportion. ``target``: raw / target x points, at most
all of them.
"""


class _Part(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class Source(_Part):
    """A document that figures and rules come from.

    Attributes:
        id: what the rest of the file calls it.
        title: what it is called, with date.
        link: where it can be read.
        kind: ``official`` of whoever runs the programme, ``press``, ``third-party``
            (who measured it), or ``own`` (the file's author).
    """

    id: Id
    title: Both
    link: Annotated[str, Field(pattern=r"^https://\S+$", max_length=500)] | None = None
    kind: Literal["official", "press", "third-party", "own"]


class Team(_Part):
    """A team that enters, and the model it enters with."""

    id: Id
    name: Both
    model: Annotated[str, Field(max_length=200)] = ""


class Panel(_Part):
    """People who score.

    Attributes:
        id, title: its name.
        members: how many take part, if that is known.
        low, high: the scale of one member's value; by default 0 to the points of what
            is scored.
        drop: how many of the highest and how many of the lowest values are left out
            before the mean is taken. A member's value is the sum of what they gave to
            the criteria of an item.
    """

    id: Id
    title: Both
    members: Annotated[int, Field(gt=0, le=100_000)] | None = None
    low: Decimal | None = None
    high: Decimal | None = None
    drop: Annotated[int, Field(ge=0, le=1000)] = 0
    source: Id


class Criterion(_Part):
    """What a panel's members give points for; the criteria of an item add up to it."""

    id: Id
    title: Both
    points: Points


class Component(_Part):
    """A measurement of which an item's raw score is the weighted mean."""

    id: Id
    title: Both
    weight: Annotated[Decimal, Field(gt=0)] = Decimal(1)


class Item(_Part):
    """What earns points.

    Attributes:
        id, title, source: its name and where it stands.
        points: at most this many.
        scaling: how a raw score becomes points.
        full: full mark of the raw scale (``weight``), or its highest value (``best``).
        least: lowest value of the raw scale.
        panel: who scores it; without one, a measurement.
        criteria: what the panel's members give points for.
        components: measurements it is made of.
    """

    id: Id
    title: Both
    points: Points
    source: Id
    scaling: Scaling = "plain"
    full: Points | None = None
    least: Annotated[Decimal, Field(ge=0)] = Decimal(0)
    panel: Id | None = None
    criteria: tuple[Criterion, ...] = ()
    components: tuple[Component, ...] = ()


class Part(_Part):
    """A part of the evaluation: the sum of its items."""

    id: Id
    title: Both
    points: Points
    source: Id
    items: Annotated[tuple[Item, ...], Field(min_length=1)]


class Term(_Part):
    """What an index is made of: a part, an item or a criterion, and its weight.

    Attributes:
        id, title: its name.
        of: ``part``, ``part.item`` or ``part.item.criterion``.
        weight: relative to the other terms; by default the points of what it is of.
    """

    id: Id
    title: Both
    of: Path
    weight: Annotated[Decimal, Field(gt=0)] | None = None


class Index(_Part):
    """A number from 0 to 100 made of some of the scores; decides nothing."""

    id: Id
    title: Both
    terms: Annotated[tuple[Term, ...], Field(min_length=1)]
    source: Id
    inference: bool = False
    text: Both | None = None


class GateCriterion(_Part):
    """One criterion that a team must meet, with its source's own words."""

    id: Id
    title: Both
    text: Both
    source: Id


class Gate(_Part):
    """Criteria kept apart from the score: no number of points makes up for one.

    Attributes:
        title, source: what it is called and where it stands.
        criteria: what must be met.
        profile: definition that a report of ``parentage audit`` is judged under.
        decided_by: whose answer counts where both are there; the other is shown.
        unless: ``open`` if a team without any decision is open; ``pass`` where the
            rule is that a team passes unless it is found not to (a box to be ticked).
    """

    title: Both
    criteria: Annotated[tuple[GateCriterion, ...], Field(min_length=1)]
    source: Id
    profile: Annotated[str, Field(max_length=200)] | None = None
    decided_by: Literal["committee", "verdict"] = "committee"
    unless: Literal["open", "pass"] = "open"


class Advance(_Part):
    """Who goes on.

    Attributes:
        kind: ``top``: the first ``count``. ``eliminate``: all but the last ``count``.
            ``wildcard``: of those that a majority of a panel finds able, the first
            ``count``, or none.
        count: see there.
        gate: ``before``: teams that fail it are not counted. ``after``: places are
            counted among all, and a team that fails loses its place to nobody.
        extra_seats: places that stay open for a later round.
        panel: whose members vote in a wildcard round.
        tie_break: parts that decide between equal totals, in this order.
        at_cut: what happens to teams that are still equal where the cut runs.
        text, source: the rule in words.
        inference: whether the reading goes beyond the source's words.
    """

    kind: Literal["top", "eliminate", "wildcard"]
    count: Annotated[int, Field(gt=0, le=1000)]
    gate: Literal["before", "after"] = "before"
    extra_seats: Annotated[int, Field(ge=0, le=1000)] = 0
    panel: Id | None = None
    tie_break: tuple[Id, ...] = ()
    at_cut: Literal["open", "all", "none"] = "open"
    text: Both
    source: Id
    inference: bool = False


class ObjectionWindow(_Part):
    """When objections are taken.

    Attributes:
        announced: day of the announcement, in ``timezone``.
        days: how many.
        first: whether the day of the announcement counts as the first, or the next.
        timezone: name such as ``Asia/Seoul``.
    """

    announced: date
    days: Annotated[int, Field(gt=0, le=3650)]
    first: Literal["same-day", "next-day"] = "next-day"
    timezone: Annotated[str, Field(max_length=60)]
    source: Id
    inference: bool = False


class Rounding(_Part):
    """The score of each item is rounded to so many decimals before it is added up.

    Halves are rounded up. ``inference`` with its ``text`` says why, where no source
    states it.
    """

    decimals: Annotated[int, Field(ge=0, le=6)]
    text: Both
    source: Id
    inference: bool = False


class Announced(_Part):
    """What was announced of a team, to hold the computed outcome against."""

    team: Id
    advanced: bool
    reason: Both
    source: Id


class Stage(_Part):
    """A whole stage.

    Attributes:
        schema_: ``parentage.stage-definition/1``.
        id, title, date, about: what it is.
        sources, teams, panels, parts, indices: see there.
        points_stated: false where no source says how many points there are; totals
            are then shares, and only their order means anything.
        gate, advance, objections, rounding: the rules.
        scores: what was published or measured.
        decisions: of the gate.
        announced: what was announced.
    """

    schema_: Literal["parentage.stage-definition/1"] = Field(alias="schema")
    id: Id
    version: Text
    title: Both
    date: date
    about: Both
    points_stated: bool = True
    sources: Annotated[tuple[Source, ...], Field(min_length=1)]
    teams: Annotated[tuple[Team, ...], Field(min_length=1, max_length=200)]
    panels: tuple[Panel, ...] = ()
    parts: Annotated[tuple[Part, ...], Field(min_length=1, max_length=50)]
    indices: tuple[Index, ...] = ()
    gate: Gate | None = None
    advance: Advance
    objections: ObjectionWindow | None = None
    rounding: Rounding | None = None
    scores: Scores = Scores()
    decisions: tuple[Decision, ...] = ()
    announced: tuple[Announced, ...] = ()

    @property
    def points(self) -> Decimal:
        """Points of all parts together."""
        return sum((part.points for part in self.parts), Decimal(0))

    def items(self) -> tuple[tuple[str, Item], ...]:
        """Every item with its path ``part.item``, in order."""
        return tuple((f"{p.id}.{i.id}", i) for p in self.parts for i in p.items)

    def panel(self, name: str) -> Panel:
        """The panel of this id."""
        return next(p for p in self.panels if p.id == name)

    def source(self, name: str) -> Source:
        """The source of this id."""
        return next(s for s in self.sources if s.id == name)


def window_of(window: ObjectionWindow) -> tuple[datetime, datetime]:
    """First and last moment at which objections are taken, with their timezone.

    Raises:
        zoneinfo.ZoneInfoNotFoundError: the timezone is not known on this machine;
            loading a stage checks it.
    """
    zone = ZoneInfo(window.timezone)
    opens = datetime.combine(window.announced, time.min, zone)
    last = window.announced + timedelta(
        days=window.days - (1 if window.first == "same-day" else 0)
    )
    # Wall-clock arithmetic: a day stays a day where clocks change.
    closes = datetime.combine(last, time(23, 59, 59), zone)
    return opens, closes
