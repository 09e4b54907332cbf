# SPDX-License-Identifier: Apache-2.0
"""Stage evaluations in a terminal."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING

from parentage.report import stage_words as say
from parentage.report.language import ENGLISH, Language
from parentage.report.stage_view import StageView, Table, stage_view
from parentage.report.terminal_parts import heading, item, table_of, text_of
from parentage.report.verdict_text import in_language

if TYPE_CHECKING:
    from rich.console import Console

    from parentage.program.load_stage import LoadedStage
    from parentage.report.stage_document import StageDocument


def print_stage(doc: StageDocument, console: Console, lang: Language = ENGLISH) -> None:
    """Totals, who goes on and why, and which scores are not known."""
    view = stage_view(doc, lang)
    console.print()
    console.print(text_of(view.title, "bold"))
    console.print(text_of(view.headline))
    _table(view.totals, console)
    for sentence in view.sentences:
        item(console, sentence)
    heading(console, lang("Rules"))
    for title, text in view.rules:
        item(console, f"{title}: {text}", "dim")
    for team in view.teams:
        heading(console, f"{team.name} {team.model}".rstrip())
        item(console, f"{lang('Gate, apart from the score')}: {team.gate}")
        for line in team.gate_lines:
            item(console, f"  {line}", "dim")
        _table(team.items, console)
        for line in (*team.indices, *team.trail):
            item(console, line, "dim")
    _scenarios(view, console, lang)
    if view.figures.rows:
        heading(console, lang("Published figures, each against the others"))
        _table(view.figures, console)
        heading(console, lang("Mean of the totals, by several ways"))
        for line in view.routes:
            item(console, line)
    heading(console, lang("How to read this"))
    for note in view.notes:
        item(console, note, "dim")
    for title, kind, link in view.sources:
        item(console, f"{title} ({kind}) {link}".rstrip(), "dim")


def print_simulation(
    doc: StageDocument, console: Console, lang: Language = ENGLISH
) -> None:
    """What would change the outcome."""
    view = stage_view(doc, lang)
    console.print()
    console.print(text_of(view.title, "bold"))
    console.print(text_of(view.headline))
    _scenarios(view, console, lang)
    for note in view.notes:
        item(console, note, "dim")


def _scenarios(view: StageView, console: Console, lang: Language) -> None:
    for title, said, table in view.scenarios:
        heading(console, title)
        if said:
            item(console, said)
        _table(table, console)
    if view.changes:
        heading(console, lang("What would change it"))
        for line in view.changes:
            item(console, line)


def print_stages(
    stages: Iterable[LoadedStage], console: Console, lang: Language = ENGLISH
) -> None:
    """The stages that ship with the package."""
    table = table_of(lang("Id"), lang("Date"), lang("Title"), lang("Teams"))
    for loaded in stages:
        stage = loaded.stage
        names = ", ".join(say.team_name(stage, t.id, lang) for t in stage.teams)
        table.add_row(
            text_of(stage.id),
            text_of(stage.date),
            text_of(in_language(stage.title, lang)),
            text_of(names),
        )
    console.print(table)


def _table(shown: Table, console: Console) -> None:
    right = [shown.heads[n] for n in sorted(shown.numeric)]
    table = table_of(*shown.heads, right=right)
    for row in shown.rows:
        table.add_row(*(text_of(cell) for cell in row))
    console.print(table)
