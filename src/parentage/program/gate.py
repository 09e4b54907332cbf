# SPDX-License-Identifier: Apache-2.0
"""The gate: who decided what of a team, and which answer counts. No score enters."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Literal

from parentage.program.result import GateResult
from parentage.program.scores import Decision
from parentage.program.stage import Stage

Outcome = Literal["pass", "fail", "open"]


def gate_result(stage: Stage, decisions: Sequence[Decision], team: str) -> GateResult:
    """What the gate says of a team.

    A decision on the gate as a whole counts; without one, a team fails if it fails one
    criterion, passes if it passes every one, and is open otherwise.

    Args:
        stage: for the gate.
        decisions: of every team; the last on the same criterion by the same side
            counts.
        team: whose.
    """
    if stage.gate is None:
        return GateResult(outcome="none", by="nobody")
    own = [d for d in decisions if d.team == team]
    last = {(d.by, d.criterion): d for d in own}
    criteria = [c.id for c in stage.gate.criteria]
    said: dict[Literal["committee", "verdict"], Outcome] = {}
    sides: tuple[Literal["committee", "verdict"], ...] = ("committee", "verdict")
    for side in sides:
        given = {c: d.outcome for (by, c), d in last.items() if by == side}
        if given:
            said[side] = _whole(given, criteria)
    kept = tuple(last.values())
    disagree = len(set(said.values()) - {"open"}) > 1
    deciding = stage.gate.decided_by
    if deciding in said:
        return GateResult(
            outcome=said[deciding], by=deciding, decisions=kept, disagree=disagree
        )
    if stage.gate.unless == "pass":
        # Nobody whose answer counts found that the team fails.
        return GateResult(outcome="pass", by="rule", decisions=kept)
    return GateResult(outcome="open", by="nobody", decisions=kept)


def _whole(given: dict[str | None, Outcome], criteria: Sequence[str]) -> Outcome:
    if None in given:
        return given[None]
    if "fail" in given.values():
        return "fail"
    passed = all(given.get(c) == "pass" for c in criteria)
    return "pass" if passed else "open"
