# SPDX-License-Identifier: Apache-2.0
"""The words of stage evaluations: outcomes, reasons, how a score came about."""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import TYPE_CHECKING, Final

from parentage.program.paths import TOTAL
from parentage.report.language import ENGLISH, Language, marked
from parentage.report.verdict_text import in_language

if TYPE_CHECKING:
    from parentage.program.result import (
        AdvanceResult,
        Bounds,
        FigureResult,
        GateResult,
        Rank,
        RouteResult,
    )
    from parentage.program.simulation import Scenario
    from parentage.program.stage import Stage

ADVANCE: Final[Mapping[str, tuple[str, str]]] = {
    "advances": (marked("goes on"), "✓"),
    "out": (marked("leaves"), "✗"),
    "open": (marked("open"), "?"),
}
"""Outcome -> its words and its sign."""

GATE: Final[Mapping[str, tuple[str, str]]] = {
    "pass": (marked("passes"), "✓"),
    "fail": (marked("fails"), "✗"),
    "open": (marked("open"), "?"),
    "none": (marked("no gate"), "–"),
}

DECIDED: Final[Mapping[str, str]] = {
    "committee": marked("decided by the committee"),
    "verdict": marked("by a report's verdict under a definition"),
    "rule": marked("passes because nothing else was found"),
    "nobody": marked("nothing was decided"),
}

REASONS: Final[Mapping[str, str]] = {
    "gate-failed": marked("{team}: fails the gate and is not counted."),
    "in": marked("{team}: placed, rank {rank} of {counted} by total; places: {room}."),
    "out": marked(
        "{team}: not placed, rank {rank} of {counted} by total; places: {room}."
    ),
    "open": marked(
        "{team}: rank {rank} of {counted} by total; places: {room}. Scores that are "
        "not known decide."
    ),
    "not-able": marked(
        "{team}: {yes} of {members} members find it able to compete, no majority."
    ),
    "votes-open": marked(
        "{team}: whether a majority finds it able to compete is not known."
    ),
    "tie-all": marked(
        "{team}: equal with {equal} teams in all where {room} places are left; by the "
        "rule all of them go on."
    ),
    "tie-none": marked(
        "{team}: equal with {equal} teams in all where {room} places are left; by the "
        "rule none of them goes on."
    ),
    "tie-open": marked(
        "{team}: equal with {equal} teams in all where {room} places are left; no rule "
        "says which goes on."
    ),
}

AFTER: Final[Mapping[str, str]] = {
    "gate-failed": marked("It fails the gate and loses its place."),
    "gate-open": marked("Whether it passes the gate is open."),
}

EVERY: Final = marked("This holds for every possible score.")
TIE_BREAK: Final = marked("Equal totals; {part} decides.")
AGREES: Final[Mapping[bool | None, str]] = {
    True: marked("So it was announced."),
    False: marked("Something else was announced."),
    None: "",
}
ANNOUNCED: Final[Mapping[bool, str]] = {
    True: marked("Announced: goes on."),
    False: marked("Announced: does not go on."),
}

ROUTES: Final[Mapping[str, str]] = {
    "panel": marked("mean of the panel"),
    "value": marked("computed from the raw score"),
    "components": marked("computed from its measurements"),
    "published": marked("published"),
    "follows": marked("follows from published figures"),
    "bounded": marked("narrowed by published figures"),
    "unknown": marked("not published"),
}

SCALINGS: Final[Mapping[str, str]] = {
    "plain": marked("points as given"),
    "weight": marked("raw score × points / full mark"),
    "best": marked("best team = all points, others in proportion"),
    "target": marked("share of the target × points, at most all"),
}

KINDS: Final[Mapping[str, str]] = {
    "score": marked("score of {team}"),
    "average": marked("average"),
    "top": marked("highest, {teams}"),
    "gap": marked("first minus last"),
    "order": marked("order: {teams}"),
    "first": marked("first in no stated order: {teams}"),
}

CHECKS: Final[Mapping[str, tuple[str, str]]] = {
    "follows": (marked("the other figures give it"), "✓"),
    "adds": (marked("fits, and says more than the others"), "+"),
    "disagrees": (marked("cannot be true together with the others"), "✗"),
}

STATED: Final = marked("Stated for this run.")
NOTHING: Final = marked("No rule was decisive.")

SET_ASIDE: Final = marked("not used")

WAYS: Final[Mapping[str, str]] = {
    "totals": marked("mean of the computed totals"),
    "printed-totals": marked("mean of the printed totals"),
    "parts": marked("sum of the printed averages of the parts"),
    "items": marked("sum of the printed averages of the items"),
}

SOURCES: Final[Mapping[str, str]] = {
    "official": marked("official"),
    "press": marked("press"),
    "third-party": marked("measured by others"),
    "own": marked("the author's own"),
}

SCENARIOS: Final[Mapping[str, str]] = {
    "possible": marked("Scores drawn evenly from all that are possible"),
    "noise": marked("Every score off by a normal error of {level} of its points"),
    "members": marked("Panels drawn anew from their own members"),
    "points": marked("Other points: {points}"),
    "spread": marked("Points of each part up to {level} more or less"),
    "any": marked("Every way to share out the points equally likely"),
}

USES: Final[Mapping[str, str]] = {
    "kept": marked("counted"),
    "highest": marked("highest, left out"),
    "lowest": marked("lowest, left out"),
    "open": marked("missing scores decide"),
}


def points(value: Bounds, lang: Language = ENGLISH) -> str:
    """Points; a range is rounded outwards, so that it stays true."""
    if value.known:
        return _short(value.low, 3)
    low = math.floor(round(value.low * 100, 4)) / 100
    high = math.ceil(round(value.high * 100, 4)) / 100
    return lang("{low} to {high}", low=_short(low, 2), high=_short(high, 2))


def rank(value: Rank, lang: Language = ENGLISH) -> str:
    """A rank, or the best and the worst."""
    if value.certain:
        return str(value.best)
    return lang("{low} to {high}", low=value.best, high=value.worst)


def share(value: float) -> str:
    """A share in per cent; never 0 or 100 % unless it is."""
    text = f"{100 * value:.1f}"
    if text == "0.0" and value > 0:
        return "< 0.1 %"
    if text == "100.0" and value < 1:
        return "> 99.9 %"
    return f"{text} %"


def level(value: float) -> str:
    """A level of noise in per cent."""
    return f"{100 * value:.3g} %"


def _short(value: float, places: int) -> str:
    text = f"{value:.{places}f}".rstrip("0")
    return text + "0" if text.endswith(".") else text


def team_name(stage: Stage, team: str | None, lang: Language = ENGLISH) -> str:
    """Name of a team; an unknown one as it is."""
    found = next((t for t in stage.teams if t.id == team), None)
    return in_language(found.name, lang) if found else str(team)


def path_name(stage: Stage, path: str, lang: Language = ENGLISH) -> str:
    """Name of the total, a part or an item."""
    if path == TOTAL:
        return lang("Total")
    for part in stage.parts:
        if part.id == path:
            return in_language(part.title, lang)
        for item in part.items:
            if f"{part.id}.{item.id}" == path:
                return in_language(item.title, lang)
    return path


def advance_sentence(
    stage: Stage, team: str, advance: AdvanceResult, lang: Language = ENGLISH
) -> str:
    """Why a team goes on or not, with the rule's numbers."""
    reason, after = advance.reason, ""
    for ending in AFTER:
        if reason.endswith(f"-{ending}"):
            reason, after = reason.removesuffix(f"-{ending}"), ending
    reason = reason.removeprefix("top-").removeprefix("eliminate-")
    reason = reason.removeprefix("wildcard-")
    places = dict(advance.places)
    count, counted = places.get("count"), places.get("counted")
    if "room" not in places and isinstance(count, int) and isinstance(counted, int):
        whole = counted if stage.advance.kind == "eliminate" else 2 * count
        places["room"] = whole - count
    best, worst = places.pop("best", None), places.pop("worst", None)
    if best is not None:
        places["rank"] = (
            str(best)
            if best == worst
            else lang("{low} to {high}", low=best, high=worst)
        )
    places.pop("count", None)
    said = [lang(REASONS[reason], team=team_name(stage, team, lang), **places)]
    if best != worst and reason in {"in", "out"}:
        said.append(lang(EVERY))
    if advance.tie_break is not None:
        said.append(lang(TIE_BREAK, part=path_name(stage, advance.tie_break, lang)))
    if after:
        said.append(lang(AFTER[after]))
    if advance.announced is not None and advance.agrees is not None:
        said.append(lang(AGREES[advance.agrees]))
    elif advance.announced is not None:
        said.append(lang(ANNOUNCED[advance.announced]))
    return " ".join(said)


def gate_lines(stage: Stage, gate: GateResult, lang: Language = ENGLISH) -> list[str]:
    """What was decided at the gate, criterion by criterion."""
    if stage.gate is None:
        return []
    names = {c.id: in_language(c.title, lang) for c in stage.gate.criteria}
    lines = []
    for one in gate.decisions:
        about = in_language(stage.gate.title, lang)
        if one.criterion is not None:
            about = names.get(one.criterion, one.criterion)
        by = lang("committee") if one.by == "committee" else lang("verdict")
        if one.profile:
            by += f" ({one.profile})"
        lines.append(
            f"{about}: {lang(GATE[one.outcome][0])}, {by}. "
            f"{in_language(one.reason, lang)}"
        )
    if gate.disagree:
        lines.append(lang("Committee and verdict disagree; both are shown."))
    return lines


def figure_words(stage: Stage, figure: FigureResult, lang: Language = ENGLISH) -> str:
    """What a published figure says, without its value."""
    names = ", ".join(team_name(stage, t, lang) for t in figure.teams) or "–"
    said = lang(
        KINDS[figure.kind], team=team_name(stage, figure.team, lang), teams=names
    )
    return f"{path_name(stage, figure.of, lang)}: {said}"


def figure_value(figure: FigureResult) -> str:
    """The value as it was printed."""
    return "–" if figure.value is None else f"{figure.value:.{figure.decimals}f}"


def route_line(route: RouteResult, lang: Language = ENGLISH) -> str:
    """The mean of the totals on one way."""
    said = lang(
        "{way}: {value}", way=lang(WAYS[route.way]), value=points(route.value, lang)
    )
    if not route.reach:
        return said
    verdict = lang("agrees") if route.agrees else lang("does not agree")
    return lang(
        "{said}, to within {reach} by rounding: {verdict}",
        said=said,
        reach=_short(route.reach, 3),
        verdict=verdict,
    )


def scenario_words(stage: Stage, scenario: Scenario, lang: Language = ENGLISH) -> str:
    """What a scenario moves."""
    named = ", ".join(
        f"{path_name(stage, p, lang)} {_short(v, 2)}"
        for p, v in (scenario.points or {}).items()
    )
    moved = "" if scenario.level is None else level(scenario.level)
    return lang(SCENARIOS[scenario.kind], level=moved, points=named)
