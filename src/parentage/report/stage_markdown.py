# SPDX-License-Identifier: Apache-2.0
"""Stage evaluations as Markdown; everything that could be read as markup is escaped."""

from __future__ import annotations

from typing import TYPE_CHECKING

from parentage.report import format as fmt
from parentage.report.language import ENGLISH, Language
from parentage.report.markdown_report import md, table
from parentage.report.stage_view import Table, TeamView, stage_view
from parentage.report.terminal_parts import clean

if TYPE_CHECKING:
    from collections.abc import Iterable

    from parentage.report.stage_document import StageDocument


def render_stage_markdown(doc: StageDocument, lang: Language = ENGLISH) -> str:
    """A stage as one Markdown document."""
    view = stage_view(doc, lang)
    parts = [
        f"# {md(view.title)}",
        f"**{md(view.headline)}**",
        md(view.about),
        *(md(note) for note in view.notes),
        f"## {lang('Totals and ranks')}",
        _grid(view.totals),
        _list(view.sentences),
        f"## {lang('Rules')}",
        _list(f"{title}: {text}" for title, text in view.rules),
        f"## {lang('Team by team')}",
    ]
    for team in view.teams:
        parts += _team(team, lang)
    if view.scenarios:
        parts.append(f"## {lang('What would change it')}")
        for title, said, shown in view.scenarios:
            parts += [f"### {md(title)}", md(said), _grid(shown)]
        parts.append(_list(view.changes))
    if view.figures.rows:
        parts += [
            f"## {lang('Published figures, each against the others')}",
            _grid(view.figures),
            f"### {lang('Mean of the totals, by several ways')}",
            _list(view.routes),
        ]
    parts.append(f"## {lang('Sources')}")
    parts.append(
        "\n".join(
            f"* {md(title)} ({md(kind)})" + (f" <{clean(link)}>" if link else "")
            for title, kind, link in view.sources
        )
    )
    parts.append(f"## {lang('Run it again')}")
    parts.append(f"```console\n{clean(fmt.command_line(doc.command))}\n```")
    return "\n\n".join(part for part in parts if part) + "\n"


def _team(team: TeamView, lang: Language) -> list[str]:
    return [
        f"### {md(team.name)}" + (f" ({md(team.model)})" if team.model else ""),
        md(team.sentence),
        md(f"{lang('Gate, apart from the score')}: {team.gate}"),
        _list(team.gate_lines),
        _grid(team.items),
        _list((*team.indices, *team.trail)),
    ]


def _grid(shown: Table) -> str:
    rows = [[md(cell) for cell in row] for row in shown.rows]
    return table([md(head) for head in shown.heads], rows)


def _list(lines: Iterable[str]) -> str:
    return "\n".join(f"* {md(line)}" for line in lines)
