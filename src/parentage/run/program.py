# SPDX-License-Identifier: Apache-2.0
"""Scores stages from files: entered scores, gates from reports, one document."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Final, Literal

from parentage.errors import UsageError
from parentage.program.leave_out import without_source, without_team
from parentage.program.load_stage import (
    LoadedStage,
    check_scores,
    load_scores,
    load_stage,
)
from parentage.program.score import Scoring
from parentage.program.scores import Decision, Scores
from parentage.program.simulate import simulate_scoring
from parentage.program.stage import Stage, window_of
from parentage.report.language import LANGUAGES, Language
from parentage.report.load import load_report
from parentage.report.stage_document import StageDocument, WindowItem
from parentage.report.stage_words import NOTHING, STATED
from parentage.report.verdict_document import Verdict
from parentage.report.verdict_words import say
from parentage.run.document import versions
from parentage.run.judge import judge_report, profiles_named
from parentage.verdict.profile import Both

OUTCOMES: Final[Mapping[str, Literal["pass", "fail", "open"]]] = {
    "satisfied": "pass",
    "violated": "fail",
    "inconclusive": "open",
    "not-stated": "open",
}
"""Outcome of a verdict -> of the gate."""

MOST_TEXT: Final = 1900
"""Characters of the reasons of a verdict that a decision holds."""


@dataclass(frozen=True)
class Simulation:
    """What to simulate; see :func:`parentage.program.simulate.simulate_scoring`."""

    draws: int
    seed: int
    noise: tuple[float, ...]
    spread: float
    points: Mapping[str, float]


def score_file(
    name: str,
    *,
    scores: Sequence[Path] = (),
    gates: Sequence[tuple[str, str]] = (),
    profile: str | None = None,
    gate_by: Literal["committee", "verdict"] | None = None,
    without_sources: Sequence[str] = (),
    without_teams: Sequence[str] = (),
    explain: bool = True,
    simulation: Simulation | None = None,
    command: Sequence[str] = (),
) -> StageDocument:
    """Score a stage.

    Args:
        name: id of a shipped stage, or a file.
        scores: files of entered scores.
        gates: (team, ``pass``, ``fail``, or the file of a report or of a verdict).
        profile: definition that reports are judged under; the stage's by default.
        gate_by: whose answer counts; as the stage says by default.
        without_sources, without_teams: whose figures are left out.
        explain: look for the figures that fix each score.
        simulation: what to simulate, if anything.
        command: how this was called, for the document.

    Raises:
        StageError: the stage or a file of scores cannot be used.
        ReportError: a report cannot be read.
        ProfileError: the profile does not exist or is wrong.
        UsageError: there is no such team or source, or the stage has no gate.
    """
    loaded = load_stage(name)
    stage = loaded.stage
    inputs: dict[str, str] = {}
    every = stage.scores
    for path in scores:
        every = every.plus(load_scores(str(path), stage))
        inputs[str(path)] = _digest(path)
    decisions = [
        decision
        for team, answer in gates
        for decision in _decided(stage, team, answer, profile, inputs)
    ]
    every = _left_out(stage, every, without_sources, without_teams)
    bare = stage.model_copy(update={"scores": Scores()})
    if gate_by is not None and bare.gate is not None:
        gate = bare.gate.model_copy(update={"decided_by": gate_by})
        bare = bare.model_copy(update={"gate": gate})
    check_scores(bare, every)
    scoring = Scoring(bare, every)
    decided = (*stage.decisions, *decisions)
    result = scoring.result(decided, explain=explain)
    simulated = None
    if simulation is not None:
        simulated = simulate_scoring(
            scoring,
            decided,
            draws=simulation.draws,
            seed=simulation.seed,
            noise=simulation.noise,
            spread=simulation.spread,
            points=simulation.points,
        )
    return StageDocument(
        schema="parentage.stage/1",
        versions=versions(),
        created=datetime.now(UTC).isoformat(timespec="seconds"),
        command=tuple(command),
        origin=loaded.origin,
        digest=loaded.digest,
        inputs=inputs,
        left_out=(*without_sources, *without_teams),
        plan=bare,
        objections=_window(loaded),
        result=result,
        simulation=simulated,
    )


def _window(loaded: LoadedStage) -> WindowItem | None:
    window = loaded.stage.objections
    if window is None:
        return None
    opens, closes = window_of(window)
    return WindowItem(opens=opens.isoformat(), closes=closes.isoformat())


def _left_out(
    stage: Stage, scores: Scores, sources: Sequence[str], teams: Sequence[str]
) -> Scores:
    for source in sources:
        _known(source, [s.id for s in stage.sources], "source")
        scores = without_source(scores, source)
    for team in teams:
        _known(team, [t.id for t in stage.teams], "team")
        scores = without_team(scores, team)
    return scores


def _known(name: str, names: Sequence[str], what: str) -> None:
    if name not in names:
        raise UsageError(f"the stage has no {what} '{name}'", expected=", ".join(names))


def _decided(
    stage: Stage,
    team: str,
    answer: str,
    profile: str | None,
    inputs: dict[str, str],
) -> list[Decision]:
    """Decisions of the gate from a word, or from a report judged under a profile."""
    _known(team, [t.id for t in stage.teams], "team")
    if stage.gate is None:
        raise UsageError("the stage has no gate", advice="Leave out --gate")
    if answer in {"pass", "fail"}:
        outcome: Literal["pass", "fail"] = "pass" if answer == "pass" else "fail"
        reason = Both(en=Language("en")(STATED), ko=Language("ko")(STATED))
        return [Decision(team=team, outcome=outcome, by="committee", reason=reason)]
    name = profile or stage.gate.profile
    if name is None:
        raise UsageError(
            "the stage names no definition to judge a report under",
            advice="Name one with --profile",
        )
    path = Path(answer)
    verdict = judge_report(load_report(path), profiles_named([name]))[0]
    inputs[answer] = _digest(path)
    return [_decision(team, verdict, inputs[answer])]


def _decision(team: str, verdict: Verdict, digest: str) -> Decision:
    """A verdict as a decision; the reasons are those of the rules that decided it."""
    rows = [
        row
        for row in verdict.rows
        if row.weight == "required" and row.outcome == verdict.outcome
    ]
    texts = {}
    for code in LANGUAGES:
        lang = Language(code)
        lines = dict.fromkeys(say(row.reason, lang) for row in rows)
        texts[code] = " ".join(lines)[:MOST_TEXT] or lang(NOTHING)
    return Decision(
        team=team,
        outcome=OUTCOMES[verdict.outcome],
        by="verdict",
        reason=Both(en=texts["en"], ko=texts["ko"]),
        profile=verdict.profile.id,
        report=digest,
    )


def _digest(path: str | Path) -> str:
    return hashlib.sha256(Path(path).read_bytes()).hexdigest()
