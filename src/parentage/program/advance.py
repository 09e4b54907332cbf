# SPDX-License-Identifier: Apache-2.0
"""Who goes on: the rule applied to every possible score, not to a best guess.

A team advances if it does for every possible score, is out if it is for every one, and
is open otherwise. Gates that are open are tried both ways.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from fractions import Fraction

from parentage.program.exact import Answers, terms_of
from parentage.program.paths import TOTAL
from parentage.program.result import AdvanceResult, GateResult, Place
from parentage.program.scores import Scores
from parentage.program.stage import Stage


def advance_results(
    stage: Stage,
    scores: Scores,
    answers: Answers,
    gates: Mapping[str, GateResult],
) -> dict[str, AdvanceResult]:
    """Whether each team goes on, with the reason."""
    made = {
        team.id: _of_team(stage, scores, answers, gates, team.id)
        for team in stage.teams
    }
    announced = {one.team: one.advanced for one in stage.announced}
    return {
        team: result.model_copy(
            update={
                "announced": announced.get(team),
                "agrees": None
                if team not in announced or result.outcome == "open"
                else announced[team] == (result.outcome == "advances"),
            }
        )
        for team, result in made.items()
    }


def _of_team(
    stage: Stage,
    scores: Scores,
    answers: Answers,
    gates: Mapping[str, GateResult],
    team: str,
) -> AdvanceResult:
    rule, gate = stage.advance, gates[team].outcome
    every = [t.id for t in stage.teams]
    if rule.gate == "before" and gate == "fail":
        return AdvanceResult(outcome="out", reason="gate-failed")
    # Pass, fail or open, of each team before it is placed.
    standing = dict.fromkeys(every, "pass")
    if rule.gate == "before":
        standing = {t: gates[t].outcome for t in every}
    votes: dict[str, Place] = {}
    if rule.kind == "wildcard":
        for t in every:
            found, counts = _vote(stage, scores, t)
            standing[t] = _worse(standing[t], found)
            votes = counts if t == team else votes
            if t == team and found == "fail":
                return AdvanceResult(
                    outcome="out", reason="wildcard-not-able", places=counts
                )
    firm = [t for t in every if t != team and standing[t] in {"pass", "none"}]
    maybe = [t for t in every if t != team and standing[t] == "open"]
    placed = _placed(stage, answers, team, firm, maybe)
    placed = placed.model_copy(update={"places": {**placed.places, **votes}})
    return _past_the_gate(stage, placed, gate, standing[team])


def _past_the_gate(
    stage: Stage, placed: AdvanceResult, gate: str, standing: str
) -> AdvanceResult:
    """What becomes of a place when the gate and the votes are added."""
    if placed.outcome == "out":
        return placed
    if stage.advance.gate == "after" and gate == "fail":
        change = {"outcome": "out", "reason": f"{placed.reason}-gate-failed"}
    elif gate == "open":
        change = {"outcome": "open", "reason": f"{placed.reason}-gate-open"}
    elif standing == "open":
        change = {"outcome": "open", "reason": "wildcard-votes-open"}
    else:
        return placed
    return placed.model_copy(update=change)


def _placed(
    stage: Stage,
    answers: Answers,
    team: str,
    firm: Sequence[str],
    maybe: Sequence[str],
) -> AdvanceResult:
    """Whether a team is placed, if it is counted.

    Args:
        stage: for the rule.
        answers: about scores.
        team: whose place.
        firm: other teams that are counted whatever happens.
        maybe: other teams that may be.
    """
    rule = stage.advance
    others = [*firm, *maybe]
    low, high = answers.above(team, TOTAL, others)
    places: dict[str, Place] = {
        "count": rule.count,
        "counted": len(others) + 1,
        "best": low + 1,
        "worst": high + 1,
    }
    if rule.kind == "eliminate":
        # Kept by those behind it: at worst only those that are counted for certain.
        surely_in = len(firm) - answers.level(team, TOTAL, firm)[1] >= rule.count
        surely_out = len(others) - low < rule.count
        word = "eliminate"
    else:
        # Pushed out by those in front of it: at worst all that may be counted.
        surely_in = answers.level(team, TOTAL, others)[1] < rule.count
        surely_out = answers.above(team, TOTAL, firm)[0] >= rule.count
        word = rule.kind
    if surely_in:
        return AdvanceResult(outcome="advances", reason=f"{word}-in", places=places)
    if surely_out:
        return AdvanceResult(outcome="out", reason=f"{word}-out", places=places)
    if not maybe:
        return _at_cut(stage, answers, team, firm, places)
    return AdvanceResult(outcome="open", reason=f"{word}-open", places=places)


def _at_cut(
    stage: Stage,
    answers: Answers,
    team: str,
    others: Sequence[str],
    places: dict[str, Place],
) -> AdvanceResult:
    """Equal totals where the cut runs: parts decide, then the rule; else open."""
    rule = stage.advance
    word = rule.kind
    room = rule.count if word != "eliminate" else len(others) + 1 - rule.count
    front, group = 0, list(others)
    for path in (TOTAL, *rule.tie_break):
        above, level = (f(team, path, group) for f in (answers.above, answers.level))
        if above[0] != above[1] or level[0] != level[1]:
            return AdvanceResult(outcome="open", reason=f"{word}-open", places=places)
        front += above[0]
        group = [t for t in group if _equal(stage, answers, team, t, path)]
        if len(group) != level[0] - above[0]:
            # So many are equal for certain, and which ones is not known.
            return AdvanceResult(outcome="open", reason=f"{word}-open", places=places)
        by = None if path == TOTAL else path
        if front + len(group) < room:
            return AdvanceResult(
                outcome="advances", reason=f"{word}-in", places=places, tie_break=by
            )
        if front >= room:
            return AdvanceResult(
                outcome="out", reason=f"{word}-out", places=places, tie_break=by
            )
    places = {**places, "equal": len(group) + 1, "room": room - front}
    if rule.at_cut == "all":
        return AdvanceResult(outcome="advances", reason="tie-all", places=places)
    if rule.at_cut == "none":
        return AdvanceResult(outcome="out", reason="tie-none", places=places)
    return AdvanceResult(outcome="open", reason="tie-open", places=places)


def _equal(stage: Stage, answers: Answers, a: str, b: str, path: str) -> bool:
    terms = {
        **terms_of(stage, a, path),
        **terms_of(stage, b, path, Fraction(-1)),
    }
    return all(end == 0 for end in answers.ends(terms))


def _vote(stage: Stage, scores: Scores, team: str) -> tuple[str, dict[str, Place]]:
    """Whether a majority of the panel finds a team able; votes not given are unknown.

    A majority is more than half of the members that may vote on this team.
    """
    panel = stage.panel(stage.advance.panel or "")
    excluded = {e.member for e in scores.exclusions if e.team == team}
    names = {v.member for v in scores.votes}
    own = [v for v in scores.votes if v.team == team and v.member not in excluded]
    yes = sum(v.able for v in own)
    counts: dict[str, Place] = {"yes": yes, "votes": len(own)}
    if panel.members is None:
        return "open", counts
    members = max(panel.members, len(names)) - len(excluded)
    counts["members"] = members
    if 2 * yes > members:
        return "pass", counts
    missing = members - len(own)
    return ("open" if 2 * (yes + missing) > members else "fail"), counts


def _worse(a: str, b: str) -> str:
    order = ("fail", "open", "pass", "none")
    return min(a, b, key=order.index)
