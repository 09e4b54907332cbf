# SPDX-License-Identifier: Apache-2.0
"""What simulating a stage gives: chances of ranks and outcomes, with their error."""

from __future__ import annotations

from typing import Literal

from pydantic import Field

from parentage.program.result import Bounds, _Part


class Chance(_Part):
    """A share of draws, with the 95 % interval of Clopper and Pearson."""

    share: float
    low: float
    high: float


class TeamChance(_Part):
    """What became of a team over all draws.

    Attributes:
        team: id.
        ranks: share of draws with rank 1, 2, …; equal scores share the better one.
        advances: share of draws in which it goes on.
    """

    team: str
    ranks: tuple[float, ...]
    advances: Chance


class Scenario(_Part):
    """One way to move scores or points.

    Attributes:
        kind: ``possible``: scores drawn from all that are possible, nothing else
            moved. ``noise``: besides, each score moves by a normal error of ``level``
            times the item's points. ``members``: panels are drawn anew from their
            members. ``points``: parts have the points in ``points``. ``spread``: each
            part's points are multiplied by a factor between 1 - ``level`` and
            1 + ``level``. ``any``: all ways to share out the points are equally likely.
        level: see there.
        points: of parts, for ``points``.
        teams: chances.
        unchanged: share of draws with the same teams going on as in the stage itself;
            ``None`` where that is open.
    """

    kind: Literal["possible", "noise", "members", "points", "spread", "any"]
    level: float | None = None
    points: dict[str, float] | None = None
    teams: tuple[TeamChance, ...]
    unchanged: Chance | None = None


class Margin(_Part):
    """Two teams next to each other by total.

    Attributes:
        first, second: ids.
        margin: difference of totals.
        cut: whether one goes on and the other does not.
        noise: error of each item, as a share of its points, at which the two change
            places with a chance of 5 %; ``None`` where the margin is not known.
        swap: part -> points at which the two are equal if that part alone is given
            other points; parts that cannot do it are left out.
    """

    first: str
    second: str
    margin: Bounds
    cut: bool
    noise: float | None
    swap: dict[str, float]


class GateScenario(_Part):
    """Who goes on if the gate says something else of one team."""

    team: str
    outcome: Literal["pass", "fail"]
    advances: tuple[str, ...]
    open: tuple[str, ...]


class SimulationResult(_Part):
    """A stage under other scores, other points and other gates.

    Attributes:
        stage: id.
        draws, seed: of the simulation.
        ways: in how many ways the choices that are unknown can be made.
        taken_as_passed: teams whose gate is open; scenarios take them as passed.
        scenarios, margins, gates: see there.
    """

    stage: str
    draws: int
    seed: int
    ways: int
    taken_as_passed: tuple[str, ...]
    scenarios: tuple[Scenario, ...]
    margins: tuple[Margin, ...]
    gates: tuple[GateScenario, ...] = Field(
        description="each team whose gate is decided, the other way round"
    )
