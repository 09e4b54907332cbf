# SPDX-License-Identifier: Apache-2.0
"""A stage evaluation as tables and lines, which terminal, HTML and Markdown lay out."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from parentage.program.paths import TOTAL
from parentage.report import stage_words as say
from parentage.report.language import ENGLISH, Language
from parentage.report.stage_trail import item_trail, rank_trail
from parentage.report.verdict_text import in_language

if TYPE_CHECKING:
    from parentage.program.result import ItemResult, TeamResult
    from parentage.report.stage_document import StageDocument


@dataclass(frozen=True)
class Table:
    """Heads, rows, and which columns hold numbers."""

    heads: tuple[str, ...]
    rows: tuple[tuple[str, ...], ...]
    numeric: frozenset[int] = frozenset()


@dataclass(frozen=True)
class TeamView:
    """One team: a sentence, the gate, a table of scores, and every step."""

    id: str
    name: str
    model: str
    outcome: str
    sentence: str
    gate: str
    gate_lines: tuple[str, ...]
    items: Table
    indices: tuple[str, ...]
    trail: tuple[str, ...]
    bars: tuple[Bar, ...]


@dataclass(frozen=True)
class Bar:
    """One bar of a chart: shares of full marks, and the average of all teams."""

    low: float
    high: float
    average_low: float
    average_high: float


@dataclass(frozen=True)
class StageView:
    """Everything that is shown of a stage, in one language."""

    title: str
    about: str
    headline: str
    totals: Table
    sentences: tuple[str, ...]
    rules: tuple[tuple[str, str], ...]
    teams: tuple[TeamView, ...]
    figures: Table
    routes: tuple[str, ...]
    scenarios: tuple[tuple[str, str, Table], ...]
    changes: tuple[str, ...]
    sources: tuple[tuple[str, str, str], ...]
    bars: tuple[Bar, ...]
    notes: tuple[str, ...] = field(default=())


def stage_view(doc: StageDocument, lang: Language = ENGLISH) -> StageView:
    """The view of a document."""
    stage = doc.plan
    return StageView(
        title=in_language(stage.title, lang),
        about=in_language(stage.about, lang),
        headline=headline(doc, lang),
        totals=_totals(doc, lang),
        sentences=tuple(
            say.advance_sentence(stage, name, doc.result.team(name).advance, lang)
            for name in doc.result.order
        ),
        rules=_rules(doc, lang),
        teams=tuple(
            _team(doc, doc.result.team(name), lang) for name in doc.result.order
        ),
        figures=_figures(doc, lang),
        routes=tuple(say.route_line(route, lang) for route in doc.result.routes),
        scenarios=_scenarios(doc, lang),
        changes=_changes(doc, lang),
        sources=tuple(
            (
                in_language(source.title, lang),
                lang(say.SOURCES[source.kind]),
                source.link or "",
            )
            for source in stage.sources
        ),
        bars=tuple(_total_bar(doc, name) for name in doc.result.order),
        notes=_notes(doc, lang),
    )


def headline(doc: StageDocument, lang: Language = ENGLISH) -> str:
    """Who goes on, who leaves, what is open: one sentence each."""
    said = []
    texts = {
        "advances": lang("Go on: {teams}."),
        "out": lang("Leave: {teams}."),
        "open": lang("Open: {teams}."),
    }
    for outcome, text in texts.items():
        names = [
            say.team_name(doc.plan, name, lang)
            for name in doc.result.order
            if doc.result.team(name).advance.outcome == outcome
        ]
        if names:
            said.append(text.format(teams=", ".join(names)))
    if doc.result.extra_seats:
        said.append(
            lang(
                "Places left for a later round: {count}.", count=doc.result.extra_seats
            )
        )
    return " ".join(said)


def _totals(doc: StageDocument, lang: Language) -> Table:
    stage = doc.plan
    shown = doc.result.points_stated
    heads = [lang("Rank"), lang("Team")]
    if shown:
        heads.append(lang("Total of {points}", points=f"{doc.result.points:g}"))
        heads += [
            f"{in_language(part.title, lang)} ({part.points.normalize():f})"
            for part in stage.parts
        ]
    heads += [lang("Gate"), lang("Outcome")]
    rows = []
    for name in doc.result.order:
        team = doc.result.team(name)
        row = [say.rank(team.rank, lang), say.team_name(stage, name, lang)]
        if shown:
            row.append(say.points(team.total, lang))
            row += [say.points(part.points, lang) for part in team.parts]
        gate, gate_sign = say.GATE[team.gate.outcome]
        outcome, sign = say.ADVANCE[team.advance.outcome]
        row += [f"{gate_sign} {lang(gate)}", f"{sign} {lang(outcome)}"]
        rows.append(tuple(row))
    if shown:
        averages = {a.of: a.value for a in doc.result.averages}
        mean = ["", lang("Average"), say.points(averages[TOTAL], lang)]
        mean += [say.points(averages[part.id], lang) for part in stage.parts]
        rows.append((*mean, "", ""))
    numeric = frozenset({0, *range(2, 3 + len(stage.parts))} if shown else {0})
    return Table(tuple(heads), tuple(rows), numeric)


def _rules(doc: StageDocument, lang: Language) -> tuple[tuple[str, str], ...]:
    stage = doc.plan
    reading = " " + lang("(A reading; the source does not say it outright.)")
    rows = [
        (
            lang("Who goes on"),
            in_language(stage.advance.text, lang)
            + (reading if stage.advance.inference else ""),
        )
    ]
    if stage.gate is not None:
        rows += [
            (
                f"{in_language(stage.gate.title, lang)}: {in_language(c.title, lang)}",
                in_language(c.text, lang),
            )
            for c in stage.gate.criteria
        ]
    if stage.rounding is not None:
        rows.append(
            (
                lang("Rounding"),
                in_language(stage.rounding.text, lang)
                + (reading if stage.rounding.inference else ""),
            )
        )
    rows += [
        (
            in_language(i.title, lang),
            in_language(i.text, lang) + (reading if i.inference else ""),
        )
        for i in stage.indices
        if i.text is not None
    ]
    if doc.objections is not None and stage.objections is not None:
        text = lang(
            "From {opens} to {closes} ({days} days).",
            opens=doc.objections.opens.replace("T", " "),
            closes=doc.objections.closes.replace("T", " "),
            days=stage.objections.days,
        )
        rows.append(
            (lang("Objections"), text + (reading if stage.objections.inference else ""))
        )
    return tuple(rows)


def _team(doc: StageDocument, team: TeamResult, lang: Language) -> TeamView:
    stage = doc.plan
    found = next(t for t in stage.teams if t.id == team.team)
    outcome, sign = say.ADVANCE[team.advance.outcome]
    gate, gate_sign = say.GATE[team.gate.outcome]
    decided = lang(say.DECIDED[team.gate.by])
    said = f"{gate_sign} {lang(gate)}"
    titles = {index.id: in_language(index.title, lang) for index in stage.indices}
    return TeamView(
        id=team.team,
        name=in_language(found.name, lang),
        model=found.model,
        outcome=f"{sign} {lang(outcome)}",
        sentence=say.advance_sentence(stage, team.team, team.advance, lang),
        gate=said if team.gate.outcome == "none" else f"{said} ({decided})",
        gate_lines=tuple(say.gate_lines(stage, team.gate, lang)),
        items=_items(doc, team, lang),
        indices=tuple(
            lang(
                "{index}: {value} of 100",
                index=titles[one.index],
                value=say.points(one.value, lang),
            )
            for one in team.indices
        ),
        trail=(
            rank_trail(doc, team, lang),
            *(item_trail(doc, item, lang) for item in team.items),
        ),
        bars=tuple(_bar(doc, item) for item in team.items),
    )


def _items(doc: StageDocument, team: TeamResult, lang: Language) -> Table:
    full = dict(doc.plan.items())
    rows = [
        (
            str(number),
            say.path_name(doc.plan, item.path, lang),
            say.points(item.points, lang) if doc.result.points_stated else "–",
            f"{full[item.path].points.normalize():f}",
            say.rank(item.rank, lang),
            lang(say.ROUTES[item.route]),
        )
        for number, item in enumerate(team.items, start=1)
    ]
    heads = (
        lang("No."),
        lang("Item"),
        lang("Points"),
        lang("Of"),
        lang("Rank"),
        lang("How it is known"),
    )
    return Table(heads, tuple(rows), frozenset({0, 2, 3, 4}))


def _bar(doc: StageDocument, item: ItemResult) -> Bar:
    full = float(dict(doc.plan.items())[item.path].points)
    mean = next(a.value for a in doc.result.averages if a.of == item.path)
    return Bar(
        item.points.low / full,
        item.points.high / full,
        mean.low / full,
        mean.high / full,
    )


def _total_bar(doc: StageDocument, name: str) -> Bar:
    team, full = doc.result.team(name), doc.result.points
    mean = next(a.value for a in doc.result.averages if a.of == TOTAL)
    return Bar(
        team.total.low / full, team.total.high / full, mean.low / full, mean.high / full
    )


def _figures(doc: StageDocument, lang: Language) -> Table:
    rows = []
    for figure in doc.result.figures:
        words, sign = say.CHECKS[figure.outcome]
        computed = "–"
        if figure.computed is not None:
            computed = say.points(figure.computed, lang)
        source = doc.plan.source(figure.source)
        verdict = f"{sign} {lang(words)}"
        if figure.set_aside:
            verdict += f" ({lang(say.SET_ASIDE)})"
        rows.append(
            (
                str(figure.number + 1),
                say.figure_words(doc.plan, figure, lang),
                say.figure_value(figure),
                computed,
                verdict,
                f"{source.id} ({lang(say.SOURCES[source.kind])})",
            )
        )
    heads = (
        lang("No."),
        lang("Figure"),
        lang("As published"),
        lang("From the others"),
        lang("Together with the others"),
        lang("Source"),
    )
    return Table(heads, tuple(rows), frozenset({0, 2, 3}))


def _scenarios(
    doc: StageDocument, lang: Language
) -> tuple[tuple[str, str, Table], ...]:
    if doc.simulation is None:
        return ()
    found = []
    for scenario in doc.simulation.scenarios:
        heads = [lang("Team"), lang("Goes on"), lang("95 % interval")]
        heads += [lang("Rank {rank}", rank=r + 1) for r in range(len(doc.plan.teams))]
        by_team = {t.team: t for t in scenario.teams}
        rows = []
        for name in doc.result.order:
            one = by_team[name]
            ends = f"{say.share(one.advances.low)} – {say.share(one.advances.high)}"
            rows.append(
                (
                    say.team_name(doc.plan, name, lang),
                    say.share(one.advances.share),
                    ends,
                    *(say.share(r) for r in one.ranks),
                )
            )
        said = ""
        if scenario.unchanged is not None:
            said = lang(
                "The same teams go on in {share} of draws ({low} to {high}).",
                share=say.share(scenario.unchanged.share),
                low=say.share(scenario.unchanged.low),
                high=say.share(scenario.unchanged.high),
            )
        table = Table(tuple(heads), tuple(rows), frozenset(range(1, len(heads))))
        found.append((say.scenario_words(doc.plan, scenario, lang), said, table))
    return tuple(found)


def _changes(doc: StageDocument, lang: Language) -> tuple[str, ...]:
    """Margins and gates, as sentences."""
    if doc.simulation is None:
        return ()
    lines = []
    for margin in doc.simulation.margins:
        names = {
            "first": say.team_name(doc.plan, margin.first, lang),
            "second": say.team_name(doc.plan, margin.second, lang),
        }
        said = lang(
            "{first} before {second}: {margin} points.",
            margin=say.points(margin.margin, lang),
            **names,
        )
        if margin.noise is not None:
            said += " " + lang(
                "They change places in one case of twenty at an error of {level}.",
                level=say.level(margin.noise),
            )
        for part, value in margin.swap.items():
            said += " " + lang(
                "Equal if {part} had {points} points.",
                part=say.path_name(doc.plan, part, lang),
                points=f"{value:.1f}",
            )
        lines.append(said)
    for gate in doc.simulation.gates:
        on = [say.team_name(doc.plan, t, lang) for t in gate.advances]
        undecided = [say.team_name(doc.plan, t, lang) for t in gate.open]
        text = (
            lang("If {team} failed the gate: {teams} go on.")
            if gate.outcome == "fail"
            else lang("If {team} passed the gate: {teams} go on.")
        )
        said = text.format(
            team=say.team_name(doc.plan, gate.team, lang), teams=", ".join(on) or "–"
        )
        if undecided:
            said += " " + lang("Open: {teams}.", teams=", ".join(undecided))
        lines.append(said)
    return tuple(lines)


def _notes(doc: StageDocument, lang: Language) -> tuple[str, ...]:
    notes = []
    if doc.left_out:
        notes.append(
            lang("Left out for this run: {names}.", names=", ".join(doc.left_out))
        )
    if not doc.result.points_stated:
        notes.append(
            lang("No source says how many points there are; only the order is shown.")
        )
    if not doc.result.complete:
        notes.append(
            lang(
                "Scores that were not published are unknown, never zero. A rank or an "
                "outcome without a range holds for every score that agrees with what "
                "was published."
            )
        )
    if any(
        f.of == TOTAL and doc.plan.source(f.source).kind == "press"
        for f in doc.result.figures
    ):
        notes.append(lang("Totals come from the press alone."))
    simulation = doc.simulation
    if simulation is not None:
        notes.append(
            lang(
                "{draws} draws, seed {seed}; intervals are 95 % and of the drawing "
                "alone.",
                draws=simulation.draws,
                seed=simulation.seed,
            )
        )
        if simulation.taken_as_passed:
            names = ", ".join(
                say.team_name(doc.plan, t, lang) for t in simulation.taken_as_passed
            )
            notes.append(
                lang("Gate open, taken as passed in the draws: {names}.", names=names)
            )
    return tuple(notes)
