# SPDX-License-Identifier: Apache-2.0
"""Stages: list, page with scores, gates and ranks, simulation, a member's sheet."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import partial
from typing import Annotated, Any, Final

from fastapi import APIRouter, Depends, Query, Request
from starlette.datastructures import FormData
from starlette.responses import Response

from parentage.program.load_stage import parse_stage
from parentage.program.result import StageResult, TeamResult
from parentage.program.simulation import Scenario, SimulationResult
from parentage.program.stage import Stage
from parentage.report import stage_words
from parentage.report.language import Language
from parentage.report.verdict_text import in_language
from parentage.web.asking import Asker, Db, action
from parentage.web.pages.rendering import go, language_of, local, numbered, render
from parentage.web.services import choices, reports, stage_scores, stages
from parentage.web.services.stage_simulation import simulate
from parentage.web.services.views import StageView

router = APIRouter()

NOISE: Final = 1.0
"""Per cent of an item's points that scores are off by, before a reader moves it."""
MOST_NOISE: Final = 10.0
LEAST_FACTOR, MOST_FACTOR = 0.25, 4.0


@dataclass(frozen=True)
class Segment:
    """A part's points in the bar of a team."""

    number: int
    x: float
    width: float


@dataclass(frozen=True)
class Line:
    """A team in the table of results."""

    team: TeamResult
    name: str
    rank: str
    total: str
    bar: tuple[Segment, ...]
    sentence: str


async def form_data(request: Request) -> FormData:
    """A form whose fields are not known beforehand."""
    return await request.form()


Fields = Annotated[FormData, Depends(form_data)]


@router.get("/stages", openapi_extra=action("stage.read"))
def page_of_list(request: Request, db: Db, actor: Asker) -> Response:
    """All stages."""
    return render(
        request, "stages.html", actor, section="stages", list=stages.stages(db, actor)
    )


@router.get("/stages/{number}", openapi_extra=action("stage.read"))
def page(request: Request, db: Db, actor: Asker, number: int) -> Response:
    """A stage with what its reader may see."""
    found = stages.stage(db, actor, number)
    lang = language_of(request)
    definition = parse_stage(found.definition.encode(), file=found.row.slug)
    result = None if found.result is None else StageResult.model_validate(found.result)
    return render(
        request,
        "stage.html",
        actor,
        section="stages",
        s=found,
        definition=definition,
        about=in_language(definition.about, lang),
        team_choices=[(t.id, local(lang, t.title)) for t in found.teams],
        criterion_choices=[(c.id, local(lang, c.title)) for c in found.criteria],
        panel_choices=[(p, local(lang, t)) for p, t in found.panels.items()],
        measured={
            (x.item, x.component, x.team): f"{x.value:g}" for x in found.measured
        },
        result=result,
        lines=() if result is None else lines_of(definition, result, lang),
        says=Says(definition, lang),
        gates=by_team(found),
        offered=reports_of(db, actor, lang, found) if found.may_gate else {},
        accounts=panel_accounts(db, actor) if found.may_manage else (),
        noise=NOISE,
    )


class Says:
    """Words of a stage in a language, for its templates."""

    def __init__(self, definition: Stage, lang: Language) -> None:
        self.name = partial(stage_words.team_name, definition, lang=lang)
        self.path = partial(stage_words.path_name, definition, lang=lang)
        self.points = partial(stage_words.points, lang=lang)
        self.rank = partial(stage_words.rank, lang=lang)
        self.share = stage_words.share
        self._lang = lang

    def gate(self, outcome: str) -> str:
        """What the gate says, with its sign."""
        words, sign = stage_words.GATE[outcome]
        return f"{sign} {self._lang(words)}"

    def advance(self, outcome: str) -> str:
        """Whether a team goes on, with its sign."""
        words, sign = stage_words.ADVANCE[outcome]
        return f"{sign} {self._lang(words)}"

    def decided(self, by: str) -> str:
        """Who decided at the gate."""
        return self._lang(stage_words.DECIDED[by])

    def route(self, route: str) -> str:
        """How an item's points came about."""
        return self._lang(stage_words.ROUTES[route])

    def use(self, use: str) -> str:
        """What became of a panel member's value."""
        return self._lang(stage_words.USES[use])


def lines_of(
    definition: Stage, result: StageResult, lang: Language
) -> tuple[Line, ...]:
    """Teams in the order of their ranks."""
    made = []
    for name in result.order:
        team = result.team(name)
        x, bar = 0.0, []
        for n, part in enumerate(team.parts):
            width = part.points.low / result.points * 1000
            bar.append(Segment(n, x, width))
            x += width
        made.append(
            Line(
                team=team,
                name=stage_words.team_name(definition, name, lang),
                rank=stage_words.rank(team.rank, lang),
                total=stage_words.points(team.total, lang),
                bar=tuple(bar),
                sentence=stage_words.advance_sentence(
                    definition, name, team.advance, lang
                ),
            )
        )
    return tuple(made)


def by_team(stage: StageView) -> dict[str, dict[tuple[str | None, str], Any]]:
    """Outcomes of the gate: team -> (criterion, whose) -> outcome."""
    made: dict[str, dict[tuple[str | None, str], Any]] = {
        team.id: {} for team in stage.teams
    }
    for gate in stage.gates:
        made.setdefault(gate.team, {})[gate.criterion, gate.source] = gate
    return made


def reports_of(
    db: Db, actor: Asker, lang: Language, stage: StageView
) -> dict[str, list[tuple[str, str]]]:
    """Reports that may speak at the gate for a team: those of its model."""
    return {
        team.id: [
            (str(row.id), numbered(lang, row))
            for row in reports.reports(db, actor, model_id=team.model_id).items
        ]
        for team in stage.teams
        if team.model_id is not None
    }


def panel_accounts(db: Db, actor: Asker) -> tuple[tuple[str, str], ...]:
    """Accounts that may be seated."""
    return tuple(
        (str(row.id), row.display) for row in choices.panel_accounts(db, actor)
    )


@router.get("/stages/{number}/simulation", openapi_extra=action("stage.read"))
def simulation(
    request: Request,
    db: Db,
    actor: Asker,
    number: int,
    noise: Annotated[float, Query(ge=0, le=MOST_NOISE)] = NOISE,
) -> Response:
    """How ranks move; the part of the page that follows the sliders.

    Each part has a slider of its own, ``points-PART``: a factor on its points.
    """
    found = stages.stage(db, actor, number)
    definition = parse_stage(found.definition.encode(), file=found.row.slug)
    points = moved(definition, request.query_params)
    result = simulate(db, actor, number, noise=noise / 100, points=points)
    lang = language_of(request)
    whole = request.headers.get("hx-request") != "true"
    return render(
        request,
        "stage_simulation_page.html" if whole else "stage_simulation.html",
        actor,
        section="stages",
        row=found.row,
        says=Says(definition, lang),
        teams=len(definition.teams),
        simulated=result,
        scenarios=shown(result, bool(points)),
        words={s.kind: scenario_words(definition, s, lang) for s in result.scenarios},
    )


def moved(definition: Stage, query: Mapping[str, str]) -> dict[str, float]:
    """Points of the parts whose slider is not where it was."""
    made = {}
    for part in definition.parts:
        try:
            factor = float(query.get(f"points-{part.id}", "1"))
        except ValueError:
            continue
        if LEAST_FACTOR <= factor <= MOST_FACTOR and factor != 1:
            made[part.id] = float(part.points) * factor
    return made


def shown(result: SimulationResult, points: bool) -> tuple[Scenario, ...]:
    """The scenarios that the sliders are about, and panels drawn anew."""
    wanted = {"noise", "members"} | ({"points"} if points else set())
    return tuple(s for s in result.scenarios if s.kind in wanted)


def scenario_words(definition: Stage, scenario: Scenario, lang: Language) -> str:
    """What a scenario moves, in words."""
    points = ""
    if scenario.points is not None:
        points = ", ".join(
            f"{stage_words.path_name(definition, part, lang)} {value:.3g}"
            for part, value in scenario.points.items()
        )
    places = {"level": stage_words.level(scenario.level or 0.0), "points": points}
    text = stage_words.SCENARIOS[scenario.kind]
    return lang(text, **{k: v for k, v in places.items() if "{" + k + "}" in text})


@router.get("/stages/{number}/sheet", openapi_extra=action("stage.score"))
def sheet(request: Request, db: Db, actor: Asker, number: int) -> Response:
    """What one scores oneself."""
    found = stage_scores.sheet(db, actor, number)
    return render(
        request,
        "sheet.html",
        actor,
        section="stages",
        sheet=found,
        given={(score.item, score.team): score for score in found.scores},
    )


@router.post("/stages/{number}/sheet", openapi_extra=action("stage.score"))
def enter(
    request: Request, db: Db, actor: Asker, number: int, fields: Fields
) -> Response:
    """Enter one's scores: fields ``value|ITEM|TEAM`` and ``note|ITEM|TEAM``."""
    values: dict[tuple[str, str], str | float] = {}
    notes: dict[tuple[str, str], str] = {}
    for key, text in fields.multi_items():
        kind, _, rest = key.partition("|")
        item, _, team = rest.partition("|")
        if not isinstance(text, str) or not text.strip() or not team:
            continue
        if kind == "value":
            values[item, team] = text
        elif kind == "note":
            notes[item, team] = text
    stage_scores.enter_scores(db, actor, number, values, notes)
    return go(request, f"/stages/{number}/sheet", "saved")
