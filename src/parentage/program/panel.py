# SPDX-License-Identifier: Apache-2.0
"""The mean over a panel's members, without the highest and lowest, bounds included.

A member who is excluded for a team is left out of that team's mean, which then rests on
fewer. A member who has not scored is unknown: the mean lies between what it would be
with the lowest and with the highest value of the scale. Both ends are exact, because
the mean without the ``drop`` highest and lowest never falls when one value rises.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from fractions import Fraction
from typing import Literal

from parentage.program.check_scores import ballot_scale
from parentage.program.scores import Ballot, Scores
from parentage.program.stage import Item, Stage

Use = Literal["kept", "highest", "lowest", "open"]


@dataclass(frozen=True)
class Member:
    """What one member gave, and what became of it.

    Attributes:
        name: of the member; ``None`` for one of whom only the existence is known.
        low, high: the value, or the ends of the scale where it is missing.
        use: ``open`` where missing values decide what is left out.
    """

    name: str | None
    low: Fraction
    high: Fraction
    use: Use


@dataclass(frozen=True)
class Tally:
    """A panel's mean for one team on one item.

    Attributes:
        low, high: bounds of the mean; equal if nothing is missing.
        members: those whose values count or could count.
        remaining: how many are left after the highest and lowest are dropped.
        missing: how many have not scored, or not everything.
        excluded: (member, reason).
        too_few: nothing is left after dropping; the bounds are then the scale's.
        criteria: means of the criteria over the remaining members, if nothing is
            missing; they add up to the mean.
    """

    low: Fraction
    high: Fraction
    members: tuple[Member, ...]
    remaining: int
    missing: int
    excluded: tuple[tuple[str, str], ...]
    too_few: bool
    criteria: dict[str, Fraction]


def trimmed_mean(values: Sequence[Fraction], drop: int) -> Fraction:
    """Mean of what is left without the ``drop`` highest and ``drop`` lowest values.

    Raises:
        ValueError: nothing is left.
    """
    if len(values) <= 2 * drop:
        raise ValueError(f"{len(values)} values, of which {2 * drop} are left out")
    kept = sorted(values)[drop : len(values) - drop]
    return sum(kept, Fraction(0)) / len(kept)


def roster(stage: Stage, scores: Scores, panel: str) -> tuple[str, ...]:
    """Members of a panel that have scored anything, by name."""
    items = {name for name, item in stage.items() if item.panel == panel}
    return tuple(sorted({b.member for b in scores.ballots if b.item in items}))


def tally(
    stage: Stage,
    scores: Scores,
    item: Item,
    team: str,
    *,
    ballots: Sequence[Ballot],
    names: Sequence[str],
) -> Tally:
    """The mean of a panel for a team on an item.

    Args:
        stage: for the panel and its scale.
        scores: for exclusions.
        item: what was scored.
        team: whose score it is.
        ballots: those for this team and item.
        names: every member that is known by name.
    """
    panel = stage.panel(item.panel or "")
    excluded = {e.member: e.reason for e in scores.exclusions if e.team == team}
    given: dict[str, dict[str | None, Fraction]] = {}
    for ballot in ballots:
        given.setdefault(ballot.member, {})[ballot.criterion] = Fraction(ballot.value)
    asked: list[str | None] = [c.id for c in item.criteria] or [None]
    scales = {c: tuple(map(Fraction, ballot_scale(stage, item, c))) for c in asked}
    rows: list[tuple[str | None, Fraction, Fraction]] = []
    for name in names:
        if name not in excluded:
            values = given.get(name, {})
            low = sum((values.get(c, scales[c][0]) for c in asked), Fraction(0))
            high = sum((values.get(c, scales[c][1]) for c in asked), Fraction(0))
            rows.append((name, low, high))
    unnamed = max((panel.members or 0) - len(names), 0)
    bottom = sum((scales[c][0] for c in asked), Fraction(0))
    top = sum((scales[c][1] for c in asked), Fraction(0))
    rows += [(None, bottom, top)] * unnamed
    left_out = tuple(sorted((n, r) for n, r in excluded.items() if n in names))
    missing = sum(low != high for _, low, high in rows)
    if len(rows) <= 2 * panel.drop:
        members = tuple(Member(n, lo, hi, "open") for n, lo, hi in rows)
        return Tally(bottom, top, members, 0, missing, left_out, True, {})
    low = trimmed_mean([lo for _, lo, _ in rows], panel.drop)
    high = trimmed_mean([hi for _, _, hi in rows], panel.drop)
    uses = _uses([lo for _, lo, _ in rows], panel.drop) if not missing else None
    members = tuple(
        Member(n, lo, hi, uses[k] if uses is not None else "open")
        for k, (n, lo, hi) in enumerate(rows)
    )
    kept = [m.name for m in members if m.use == "kept"]
    criteria = {
        c.id: sum((given[n or ""][c.id] for n in kept), Fraction(0)) / len(kept)
        for c in item.criteria
        if kept
    }
    remaining = len(rows) - 2 * panel.drop
    return Tally(low, high, members, remaining, missing, left_out, False, criteria)


def _uses(values: Sequence[Fraction], drop: int) -> list[Use]:
    """What becomes of each value; among equal ones the first in order is left out."""
    uses: list[Use] = ["kept"] * len(values)
    upward = sorted(range(len(values)), key=lambda k: (values[k], k))
    downward = sorted(range(len(values)), key=lambda k: (-values[k], k))
    for k in upward[:drop]:
        uses[k] = "lowest"
    for k in [k for k in downward if uses[k] == "kept"][:drop]:
        uses[k] = "highest"
    return uses
