# SPDX-License-Identifier: Apache-2.0
"""What a schema of types cannot say of a stage: names, sums and rules that fit."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from decimal import Decimal
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from pydantic import BaseModel

from parentage.program.paths import paths_of
from parentage.program.stage import Item, Part, Stage
from parentage.verdict.toml_problems import Found, twice


def stage_problems(stage: Stage) -> list[Found]:
    """Everything that does not fit together, apart from the scores."""
    found: list[Found] = []
    found += twice(stage.sources, ("sources",), "sources")
    found += twice(stage.teams, ("teams",), "teams")
    found += twice(stage.panels, ("panels",), "panels")
    found += twice(stage.parts, ("parts",), "parts")
    found += twice(stage.indices, ("indices",), "indices")
    found += _sources(stage)
    panels = {panel.id for panel in stage.panels}
    for number, part in enumerate(stage.parts):
        found += _part(part, ("parts", number), panels)
    for number, panel in enumerate(stage.panels):
        if panel.members is not None and panel.members <= 2 * panel.drop:
            found.append(
                (
                    ("panels", number, "drop"),
                    f"'drop' leaves nothing of {panel.members} members",
                )
            )
        if None not in (panel.low, panel.high) and panel.low >= panel.high:  # type: ignore[operator]
            found.append((("panels", number, "high"), "'high' is not above 'low'"))
    found += _rules(stage, panels)
    found += _gate(stage)
    return found


def _part(part: Part, at: tuple[str | int, ...], panels: set[str]) -> Iterator[Found]:
    if part.id == "total":
        yield (*at, "id"), "'total' is the name of the sum of all parts"
    yield from twice(part.items, (*at, "items"), "items")
    yield from _sum(part.items, part.points, at, "the items")
    for number, item in enumerate(part.items):
        yield from _item(item, (*at, "items", number), panels)


def _item(item: Item, at: tuple[str | int, ...], panels: set[str]) -> Iterator[Found]:
    yield from twice(item.criteria, (*at, "criteria"), "criteria")
    yield from twice(item.components, (*at, "components"), "components")
    if item.scaling in {"weight", "best"} and item.full is None:
        yield at, f"'full' is missing: the full mark of scaling {item.scaling!r}"
    if item.scaling in {"plain", "target"} and item.full is not None:
        yield (*at, "full"), f"'full' means nothing with scaling {item.scaling!r}"
    if item.full is not None and item.least >= item.full:
        yield (*at, "least"), "'least' is not below 'full'"
    if item.panel is not None and item.panel not in panels:
        yield (*at, "panel"), f"no panel is called '{item.panel}'"
    if item.criteria:
        if item.panel is None:
            yield (*at, "criteria"), "criteria are for a panel; 'panel' is missing"
        if item.scaling != "plain":
            yield (*at, "scaling"), "an item with criteria has scaling 'plain'"
        yield from _sum(item.criteria, item.points, at, "the criteria")
    if item.components and item.panel is not None:
        yield (*at, "components"), "an item has a panel or components, not both"


def _sum(
    rows: Iterable[BaseModel], points: Decimal, at: tuple[str | int, ...], what: str
) -> Iterator[Found]:
    got = sum((row.points for row in rows), Decimal(0))  # type: ignore[attr-defined]
    if got != points:
        yield (*at, "points"), f"{what} have {got} points together, not {points}"


def _sources(stage: Stage) -> Iterator[Found]:
    """Every source that is named exists."""
    known = {source.id for source in stage.sources}

    def walk(value: object, at: tuple[str | int, ...]) -> Iterator[Found]:
        if isinstance(value, BaseModel):
            for key in type(value).model_fields:
                one = getattr(value, key)
                if key == "source" and one is not None:
                    if one not in known:
                        yield (*at, key), f"no source is called '{one}'"
                elif key != "schema_":
                    yield from walk(one, (*at, key))
        elif isinstance(value, tuple):
            for number, one in enumerate(value):
                yield from walk(one, (*at, number))

    return walk(stage.model_copy(update={"sources": ()}), ())


def _rules(stage: Stage, panels: set[str]) -> Iterator[Found]:
    rule = stage.advance
    parts = {part.id for part in stage.parts}
    for number, name in enumerate(rule.tie_break):
        if name not in parts:
            yield (
                ("advance", "tie_break", number),
                f"no part is called '{name}'",
            )
    if rule.kind == "eliminate" and rule.count >= len(stage.teams):
        yield ("advance", "count"), "all teams would be eliminated"
    if (rule.kind == "wildcard") != (rule.panel is not None):
        yield (
            ("advance", "panel"),
            "a wildcard round, and only one, needs the panel that votes",
        )
    if rule.panel is not None and rule.panel not in panels:
        yield ("advance", "panel"), f"no panel is called '{rule.panel}'"
    known = set(paths_of(stage))
    for i, index in enumerate(stage.indices):
        for t, term in enumerate(index.terms):
            if term.of not in known or term.of == "total":
                yield (
                    ("indices", i, "terms", t, "of"),
                    f"there is no part, item or criterion '{term.of}'",
                )
    teams = {team.id for team in stage.teams}
    for number, one in enumerate(stage.announced):
        if one.team not in teams:
            yield ("announced", number, "team"), f"no team is called '{one.team}'"
    if stage.objections is not None:
        try:
            ZoneInfo(stage.objections.timezone)
        except (ZoneInfoNotFoundError, ValueError, OSError):
            yield (
                ("objections", "timezone"),
                f"no timezone is called '{stage.objections.timezone}' here",
            )


def _gate(stage: Stage) -> Iterator[Found]:
    criteria = {c.id for c in stage.gate.criteria} if stage.gate is not None else set()
    teams = {team.id for team in stage.teams}
    if stage.gate is not None:
        yield from twice(stage.gate.criteria, ("gate", "criteria"), "criteria")
    for number, one in enumerate(stage.decisions):
        at = ("decisions", number)
        if stage.gate is None:
            yield at, "there is a decision and no gate"
        if one.team not in teams:
            yield (*at, "team"), f"no team is called '{one.team}'"
        if one.criterion is not None and one.criterion not in criteria:
            yield (*at, "criterion"), f"no criterion is called '{one.criterion}'"
