# SPDX-License-Identifier: Apache-2.0
"""The audit trail of a score: from the rank down to raw scores and figures."""

from __future__ import annotations

from typing import TYPE_CHECKING

from parentage.report import stage_words as say
from parentage.report.language import ENGLISH, Language
from parentage.report.verdict_text import in_language

if TYPE_CHECKING:
    from parentage.program.result import ItemResult, PanelStep, TeamResult
    from parentage.report.stage_document import StageDocument

MOST_MEMBERS = 60
"""Members of a panel that are listed; the document has them all."""


def rank_trail(doc: StageDocument, team: TeamResult, lang: Language = ENGLISH) -> str:
    """From the rank to the parts."""
    if not doc.result.points_stated:
        return lang("Rank {rank} by total.", rank=say.rank(team.rank, lang))
    parts = " + ".join(
        f"{say.path_name(doc.plan, part.part, lang)} {say.points(part.points, lang)}"
        for part in team.parts
    )
    return lang(
        "Rank {rank} by total {total} = {parts}",
        rank=say.rank(team.rank, lang),
        total=say.points(team.total, lang),
        parts=parts,
    )


def item_trail(doc: StageDocument, item: ItemResult, lang: Language = ENGLISH) -> str:
    """From an item's points to what they were made of."""
    name = say.path_name(doc.plan, item.path, lang)
    shown = say.points(item.points, lang) if doc.result.points_stated else "–"
    said = [f"{name}: {shown}, {lang(say.ROUTES[item.route])}."]
    if item.raw is not None and item.route != "published":
        said.append(
            lang(
                "Raw score {raw}; {scaling}.",
                raw=say.points(item.raw, lang),
                scaling=lang(say.SCALINGS[item.scaling]),
            )
        )
    for value in item.values:
        decimals = 0 if value.decimals is None else value.decimals
        text = f"{value.value:g}" if not decimals else f"{value.value:.{decimals}f}"
        part = "" if value.component is None else f"{value.component} "
        target = "" if value.target is None else f" / {value.target:g}"
        source = "" if value.source is None else f" ({value.source})"
        said.append(f"{part}{text}{target}{source}.")
    if item.panel is not None:
        said += _panel(item.panel, lang)
    if item.criteria:
        names = {
            c.id: in_language(c.title, lang)
            for path, one in doc.plan.items()
            if path == item.path
            for c in one.criteria
        }
        rows = ", ".join(
            f"{names.get(c, c)} {say.points(value, lang)}"
            for c, value in item.criteria.items()
            if value.known
        )
        if rows:
            said.append(lang("Criteria: {rows}.", rows=rows))
    if item.figures:
        said.append(_figures(item.figures, lang))
    return " ".join(said)


def _figures(used: tuple[int, ...], lang: Language) -> str:
    """The figures that a score rests on, by their numbers in the table."""
    return lang("Figures: {numbers}.", numbers=", ".join(str(n + 1) for n in used))


def _panel(step: PanelStep, lang: Language) -> list[str]:
    said = []
    listed = [
        f"{m.name or '?'} {say.points(m.value, lang)} ({lang(say.USES[m.use])})"
        for m in step.members[:MOST_MEMBERS]
    ]
    rest = len(step.members) - len(listed)
    if listed:
        more = " " + lang("and {count} more; --json lists all", count=rest)
        said.append(", ".join(listed) + (more if rest > 0 else "") + ".")
    if step.too_few:
        said.append(lang("Too few members are left for a mean."))
    else:
        said.append(
            lang(
                "Mean of {remaining} values, without the {drop} highest and {drop} "
                "lowest.",
                remaining=step.remaining,
                drop=step.drop,
            )
            if step.drop
            else lang("Mean of {remaining} values.", remaining=step.remaining)
        )
    if step.missing:
        said.append(lang("Not scored yet: {count}.", count=step.missing))
    said += [
        lang("{name} is left out: {reason}.", name=one.name, reason=one.reason)
        for one in step.excluded
    ]
    return said
