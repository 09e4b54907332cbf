# SPDX-License-Identifier: Apache-2.0
"""Scores that a stage has no place for: unknown names, off the scale, given twice."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from decimal import Decimal

from parentage.program.paths import paths_of
from parentage.program.scores import Figure, Scores, Value
from parentage.program.stage import Item, Stage
from parentage.verdict.toml_problems import Found


def score_problems(stage: Stage, scores: Scores) -> list[Found]:
    """Everything that does not fit the stage, with the place in the scores."""
    found: list[Found] = []
    teams = {team.id for team in stage.teams}
    sources = {source.id for source in stage.sources}
    for kind in Scores.model_fields:
        for number, row in enumerate(getattr(scores, kind)):
            team, source = getattr(row, "team", None), getattr(row, "source", None)
            if team is not None and team not in teams:
                found.append(((kind, number, "team"), f"no team is called '{team}'"))
            if source is not None and source not in sources:
                what = f"no source is called '{source}'"
                found.append(((kind, number, "source"), what))
    found += _values(stage, scores)
    found += _ballots(stage, scores)
    found += _figures(stage, scores, teams)
    votes = Counter((v.member, v.team) for v in scores.votes)
    for number, vote in enumerate(scores.votes):
        if stage.advance.kind != "wildcard":
            found.append((("votes", number), "only a wildcard round has votes"))
        if votes[vote.member, vote.team] > 1:
            what = f"'{vote.member}' votes more than once on '{vote.team}'"
            found.append((("votes", number), what))
    return found


def _values(stage: Stage, scores: Scores) -> Iterator[Found]:
    items = dict(stage.items())
    seen = Counter((v.team, v.item, v.component) for v in scores.values)
    for number, value in enumerate(scores.values):
        at = ("values", number)
        item = items.get(value.item)
        if item is None:
            yield (*at, "item"), f"there is no item '{value.item}'"
            continue
        if seen[value.team, value.item, value.component] > 1:
            yield at, f"'{value.team}' has more than one value on '{value.item}'"
        yield from ((at + key, say) for key, say in _value(value, item))


def _value(value: Value, item: Item) -> Iterator[Found]:
    names = {c.id for c in item.components}
    if value.component is not None and value.component not in names:
        yield ("component",), f"no component is called '{value.component}'"
    if item.scaling == "target":
        if item.components and value.component is None:
            yield (), "the value of an item with targets is one of a component"
        if value.target is None:
            yield (), "'target' is missing: what the value is compared with"
    elif value.target is not None:
        yield ("target",), f"'target' means nothing with scaling '{item.scaling}'"
    low, high = raw_scale(item)
    if value.value < low or (high is not None and value.value > high):
        top = "" if high is None else f" to {high}"
        yield ("value",), f"{value.value} is off the scale; expected {low}{top}"


def raw_scale(item: Item) -> tuple[Decimal, Decimal | None]:
    """Lowest and highest raw value; no highest where a target is compared with."""
    if item.scaling == "plain":
        return item.least, item.points
    return item.least, item.full


def _ballots(stage: Stage, scores: Scores) -> Iterator[Found]:
    items = dict(stage.items())
    seen = Counter((b.member, b.team, b.item, b.criterion) for b in scores.ballots)
    valued = {(v.team, v.item) for v in scores.values}
    for number, ballot in enumerate(scores.ballots):
        at = ("ballots", number)
        item = items.get(ballot.item)
        if item is None or item.panel is None:
            yield (*at, "item"), f"there is no item '{ballot.item}' that a panel scores"
            continue
        if seen[ballot.member, ballot.team, ballot.item, ballot.criterion] > 1:
            yield at, f"'{ballot.member}' scores '{ballot.team}' more than once"
        if (ballot.team, ballot.item) in valued:
            yield at, f"'{ballot.team}' has a value of its own on '{ballot.item}'"
        names = {c.id for c in item.criteria}
        if (ballot.criterion is None) == bool(names) or (
            ballot.criterion is not None and ballot.criterion not in names
        ):
            expected = ", ".join(sorted(names)) or "none"
            yield at, f"criterion {ballot.criterion!r}; expected {expected}"
            continue
        low, high = ballot_scale(stage, item, ballot.criterion)
        if not low <= ballot.value <= high:
            say = f"{ballot.value} is off the scale; expected {low} to {high}"
            yield (*at, "value"), say


def ballot_scale(
    stage: Stage, item: Item, criterion: str | None
) -> tuple[Decimal, Decimal]:
    """Lowest and highest value of one member; the panel's scale, or the points."""
    panel = stage.panel(item.panel or "")
    points = next((c.points for c in item.criteria if c.id == criterion), None)
    if points is None:
        points = item.full if item.full is not None else item.points
    low = panel.low if panel.low is not None else Decimal(0)
    high = panel.high if panel.high is not None else points
    return low, high


def _figures(stage: Stage, scores: Scores, teams: set[str]) -> Iterator[Found]:
    points = paths_of(stage)
    for number, figure in enumerate(scores.figures):
        at = ("figures", number)
        for name in figure.teams:
            if name not in teams:
                yield (*at, "teams"), f"no team is called '{name}'"
        if len(set(figure.teams)) != len(figure.teams):
            yield (*at, "teams"), "a team stands there twice"
        if figure.of not in points or figure.of.count(".") > 1:
            yield (*at, "of"), f"there is no part or item '{figure.of}'"
        elif figure.value is not None and not _fits(figure, points[figure.of]):
            say = f"{figure.value} is off the scale; expected 0 to {points[figure.of]}"
            yield (*at, "value"), say


def _fits(figure: Figure, points: Decimal) -> bool:
    return figure.value is not None and 0 <= figure.value <= points
