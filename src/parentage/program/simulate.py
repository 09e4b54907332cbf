# SPDX-License-Identifier: Apache-2.0
"""How ranks move under noise in the scores, other points and other gates.

Noise: every score of every team moves on its own by a normal error whose standard
deviation is a stated share of the item's points, and is cut off at 0 and at full marks;
where the best team has all points, scores are scaled anew. Panels with complete ballots
can be drawn anew from their own members instead. Nothing here says how large the errors
of an evaluation are: it says how large they may be before the outcome changes.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from fractions import Fraction
from itertools import pairwise
from typing import Final, Literal

import numpy as np
from numpy.typing import NDArray

from parentage.errors import UsageError
from parentage.program.advance import advance_results
from parentage.program.chance import chance_of
from parentage.program.check_figures import bounds
from parentage.program.exact import terms_of
from parentage.program.gate import gate_result
from parentage.program.paths import TOTAL, paths_of
from parentage.program.result import GateResult
from parentage.program.sample import draw
from parentage.program.score import NOTHING, Scoring
from parentage.program.scores import Decision, Scores
from parentage.program.simulation import (
    GateScenario,
    Margin,
    Scenario,
    SimulationResult,
    TeamChance,
)
from parentage.program.stage import Stage

Array = NDArray[np.float64]

NOISE: Final = (0.005, 0.01, 0.02, 0.05)
SPREAD: Final = 0.2
DRAWS: Final = 4000
SWAPPED: Final = 1.6448536269514722
"""Upper 5 % point of the standard normal distribution."""

MOST_DRAWS: Final = 200_000


def simulate_stage(
    stage: Stage,
    scores: Scores = NOTHING,
    decisions: Sequence[Decision] = (),
    *,
    draws: int = DRAWS,
    seed: int = 0,
    noise: Sequence[float] = NOISE,
    spread: float = SPREAD,
    points: Mapping[str, float] | None = None,
) -> SimulationResult:
    """Chances of ranks and outcomes under changes.

    Args:
        stage: the plan, with what was published.
        scores: what was entered besides.
        decisions: of the gate, besides those of the stage.
        draws: how many times everything is drawn.
        seed: of the generator; the same seed gives the same numbers.
        noise: standard deviations, as shares of an item's points.
        spread: how far the points of parts are moved, as a share of them.
        points: other points of some parts, as one more scenario.

    Raises:
        StageError: the stage has no place for some of the scores.
        UsageError: a number is out of range, or a part is not there.
    """
    base = Scoring(stage, stage.scores.plus(scores))
    return simulate_scoring(
        base,
        (*stage.decisions, *decisions),
        draws=draws,
        seed=seed,
        noise=noise,
        spread=spread,
        points=points,
    )


def simulate_scoring(
    base: Scoring,
    decisions: Sequence[Decision],
    *,
    draws: int = DRAWS,
    seed: int = 0,
    noise: Sequence[float] = NOISE,
    spread: float = SPREAD,
    points: Mapping[str, float] | None = None,
) -> SimulationResult:
    """The same for a stage that is scored already, whose answers are used again.

    Args:
        base: the stage, scored.
        decisions: of the gate, those of the stage included.
        draws, seed, noise, spread, points: see :func:`simulate_stage`.

    Raises:
        UsageError: a number is out of range, or a part is not there.
    """
    stage = base.stage
    _check(stage, draws, noise, spread, points)
    gates = {t.id: gate_result(stage, decisions, t.id) for t in stage.teams}
    going = advance_results(stage, base.scores, base.answers, gates)
    now = None
    if all(g.outcome != "open" for g in going.values()):
        now = np.array([going[t.id].outcome == "advances" for t in stage.teams])
    cells, ways = _possible(base, draws, seed)
    passes = np.array([gates[t.id].outcome != "fail" for t in stage.teams])
    run = _Run(stage, passes, now)
    shares = np.array([float(p.points) for p in stage.parts])
    rng = np.random.default_rng([seed, 1])
    scenarios = [run.scenario("possible", cells)]
    scenarios += [
        run.scenario("noise", _noisy(stage, cells, level, rng), level=level)
        for level in noise
    ]
    members = _members(base, cells, rng)
    if members is not None:
        scenarios.append(run.scenario("members", members))
    if points:
        other = [points.get(p.id, float(p.points)) for p in stage.parts]
        named = {p.id: o for p, o in zip(stage.parts, other, strict=True)}
        scenarios.append(
            run.scenario("points", cells, factors=np.array(other) / shares, named=named)
        )
    if len(stage.parts) > 1:
        factors = rng.uniform(1 - spread, 1 + spread, (draws, len(shares)))
        scenarios.append(run.scenario("spread", cells, factors=factors, level=spread))
        anyhow = rng.dirichlet(np.ones(len(shares)), draws) * shares.sum() / shares
        scenarios.append(run.scenario("any", cells, factors=anyhow))
    return SimulationResult(
        stage=stage.id,
        draws=draws,
        seed=seed,
        ways=ways,
        taken_as_passed=tuple(
            t.id for t in stage.teams if gates[t.id].outcome == "open"
        ),
        scenarios=tuple(scenarios),
        margins=_margins(base, {t: g.outcome for t, g in going.items()}),
        gates=_gates(base, gates),
    )


def _check(
    stage: Stage,
    draws: int,
    noise: Sequence[float],
    spread: float,
    points: Mapping[str, float] | None,
) -> None:
    if not 1 <= draws <= MOST_DRAWS:
        raise UsageError(f"{draws} draws", expected=f"1 to {MOST_DRAWS}")
    for level in noise:
        if not 0 <= level <= 1:
            raise UsageError(f"noise of {level}", expected="a share from 0 to 1")
    if not 0 <= spread < 1:
        raise UsageError(f"spread of {spread}", expected="a share from 0 to below 1")
    parts = {part.id for part in stage.parts}
    for part, value in (points or {}).items():
        if part not in parts:
            raise UsageError(
                f"there is no part '{part}'", expected=", ".join(sorted(parts))
            )
        if not 0 <= value <= 1e6:
            raise UsageError(f"{value} points for '{part}'", expected="0 or more")
    if points and not any(points.get(p.id, float(p.points)) > 0 for p in stage.parts):
        raise UsageError("no part has points left")


def _possible(base: Scoring, draws: int, seed: int) -> tuple[Array, int]:
    """Points as draws x teams x items, drawn from all that are possible."""
    stage = base.stage
    keys = [(t.id, path) for t in stage.teams for path, _ in stage.items()]
    size = (draws, len(stage.teams), len(stage.items()))
    answers = base.possible()
    if answers is None:
        known = [float(base.cells.cells[key].low) for key in keys]
        return np.broadcast_to(np.reshape(known, size[1:]), size).copy(), 1
    points, ways = draw(answers.narrowed(), draws, seed)
    return points[:, answers.columns(keys)].reshape(size) / answers.unit, ways


def _noisy(stage: Stage, cells: Array, level: float, rng: np.random.Generator) -> Array:
    full = np.array([float(item.points) for _, item in stage.items()])
    moved = cells + rng.normal(0.0, 1.0, cells.shape) * level * full
    return _scaled_anew(stage, np.clip(moved, 0.0, full))


def _scaled_anew(stage: Stage, cells: Array) -> Array:
    for number, (_, item) in enumerate(stage.items()):
        if item.scaling == "best":
            best = cells[:, :, number].max(axis=1, keepdims=True)
            with np.errstate(divide="ignore", invalid="ignore"):
                scaled = cells[:, :, number] / best * float(item.points)
            cells[:, :, number] = np.where(best > 0, scaled, 0.0)
    return cells


def _members(base: Scoring, cells: Array, rng: np.random.Generator) -> Array | None:
    """Panels drawn anew, with replacement, where every member has scored.

    The same members are drawn for all teams, as a panel is one panel.
    """
    stage, made, found = base.stage, cells.copy(), False
    for number, (path, item) in enumerate(stage.items()):
        tallies = [base.cells.cells[t.id, path].tally for t in stage.teams]
        if item.panel is None or any(t is None or t.missing for t in tallies):
            continue
        names = sorted({m.name or "" for t in tallies if t for m in t.members})
        drawn = rng.integers(len(names), size=(len(cells), len(names)))
        drop = stage.panel(item.panel).drop
        factor = float(item.points) / float(item.full or item.points)
        for team, one in enumerate(tallies):
            given = {m.name: float(m.low) for m in one.members} if one else {}
            values = np.array([given.get(name, np.nan) for name in names])
            made[:, team, number] = _trimmed(values[drawn], drop) * factor
        found = True
    return _scaled_anew(stage, made) if found else None


def _trimmed(values: Array, drop: int) -> Array:
    """Row means without the highest and lowest; members that are left out are NaN."""
    ordered = np.sort(values, axis=1)  # NaN last
    count = (~np.isnan(ordered)).sum(axis=1)
    place = np.arange(values.shape[1])
    kept = (place >= drop) & (place < (count - drop)[:, None])
    # A draw that leaves nothing keeps the plain mean.
    kept = np.where(kept.any(axis=1, keepdims=True), kept, ~np.isnan(ordered))
    total = np.where(kept, ordered, 0.0).sum(axis=1)
    made: Array = total / np.maximum(kept.sum(axis=1), 1)
    return made


class _Run:
    """Ranks and outcomes of drawn scores."""

    def __init__(
        self, stage: Stage, passes: NDArray[np.bool_], now: NDArray[np.bool_] | None
    ) -> None:
        self._stage = stage
        self._passes = passes
        self._now = now
        parts = [p.id for p in stage.parts]
        self._part = np.array(
            [parts.index(path.split(".")[0]) for path, _ in stage.items()]
        )

    def scenario(
        self,
        kind: Literal["possible", "noise", "members", "points", "spread", "any"],
        cells: Array,
        *,
        factors: Array | None = None,
        level: float | None = None,
        named: dict[str, float] | None = None,
    ) -> Scenario:
        """Chances over draws.

        Args:
            kind: of the scenario.
            cells: draws x teams x items.
            factors: of parts, one row or one for each draw.
            level: of noise or spread.
            named: points of parts.
        """
        if factors is not None:
            cells = cells * np.atleast_2d(factors)[:, None, self._part]
        totals = np.round(cells.sum(axis=2), 9)
        on = self._advancing(totals)
        ranks = 1 + (totals[:, None, :] > totals[:, :, None]).sum(axis=2)
        teams = tuple(
            TeamChance(
                team=team.id,
                ranks=tuple(
                    float((ranks[:, n] == r).mean())
                    for r in range(1, len(self._stage.teams) + 1)
                ),
                advances=chance_of(int(on[:, n].sum()), len(on)),
            )
            for n, team in enumerate(self._stage.teams)
        )
        same = None
        if self._now is not None:
            same = chance_of(int((on == self._now).all(axis=1).sum()), len(on))
        return Scenario(
            kind=kind, level=level, points=named, teams=teams, unchanged=same
        )

    def _advancing(self, totals: Array) -> NDArray[np.bool_]:
        """Who goes on; equal teams where the cut runs all do, as draws hardly tie."""
        rule = self._stage.advance
        counted = np.ones(len(self._passes), bool)
        if rule.gate == "before":
            counted = self._passes
        field = np.where(counted, totals, -np.inf)
        room = rule.count
        if rule.kind == "eliminate":
            room = max(int(counted.sum()) - rule.count, 0)
        above = (field[:, None, :] > field[:, :, None]).sum(axis=2)
        on: NDArray[np.bool_] = (above < room) & counted & self._passes
        return on


def _margins(base: Scoring, going: Mapping[str, str]) -> tuple[Margin, ...]:
    """Pairs of neighbours by total, where the order of the two is certain."""
    stage, answers = base.stage, base.answers
    middle = {}
    for team in stage.teams:
        low, high = answers.ends(terms_of(stage, team.id, TOTAL))
        middle[team.id] = low + high
    order = sorted(middle, key=lambda t: -middle[t])
    found = []
    for a, b in pairwise(order):
        parts = {
            p.id: answers.ends(
                {**terms_of(stage, a, p.id), **terms_of(stage, b, p.id, Fraction(-1))}
            )
            for p in stage.parts
        }
        total = answers.ends(
            {**terms_of(stage, a, TOTAL), **terms_of(stage, b, TOTAL, Fraction(-1))}
        )
        known = total[0] == total[1]
        found.append(
            Margin(
                first=a,
                second=b,
                margin=bounds(total),
                cut=going[a] != going[b],
                noise=_noise_for(stage, float(total[0])) if known else None,
                swap=_swaps(stage, parts, total[0]) if known else {},
            )
        )
    return tuple(found)


def _noise_for(stage: Stage, margin: float) -> float:
    """Noise at which a difference of independent errors exceeds a margin in 5 %."""
    size = math.sqrt(sum(2 * float(item.points) ** 2 for _, item in stage.items()))
    return round(abs(margin) / (SWAPPED * size), 6)


def _swaps(
    stage: Stage, parts: Mapping[str, tuple[Fraction, Fraction]], total: Fraction
) -> dict[str, float]:
    """Points of one part that make two teams equal: total + (factor - 1) x part = 0."""
    points = paths_of(stage)
    found = {}
    for part, (low, high) in parts.items():
        if low == high != 0:
            factor = 1 - total / low
            if factor >= 0:
                found[part] = round(float(factor * Fraction(points[part])), 4)
    return found


def _gates(base: Scoring, gates: Mapping[str, GateResult]) -> tuple[GateScenario, ...]:
    """Who goes on if one team's gate says the opposite."""
    found = []
    for team, gate in gates.items():
        if gate.outcome not in {"pass", "fail"}:
            continue
        other: Literal["pass", "fail"] = "fail" if gate.outcome == "pass" else "pass"
        changed = {**gates, team: gate.model_copy(update={"outcome": other})}
        going = advance_results(base.stage, base.scores, base.answers, changed)
        found.append(
            GateScenario(
                team=team,
                outcome=other,
                advances=tuple(t for t, g in going.items() if g.outcome == "advances"),
                open=tuple(t for t, g in going.items() if g.outcome == "open"),
            )
        )
    return tuple(found)
