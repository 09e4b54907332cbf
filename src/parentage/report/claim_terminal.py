# SPDX-License-Identifier: Apache-2.0
"""A checked claim as text for a terminal."""

from __future__ import annotations

from typing import TYPE_CHECKING

from parentage.report import claim_words as say
from parentage.report import format as fmt
from parentage.report.language import ENGLISH, Language
from parentage.report.terminal_parts import heading, item, table_of, text_of

if TYPE_CHECKING:
    from rich.console import Console

    from parentage.report.claim_document import ClaimDocument
    from parentage.verdict.claim_result import SeriesResult, Support

COLOURS = {
    "reproduces": "green",
    "cut-off": "green",
    "differs": "bold dark_orange",
    "not-checkable": "bright_black",
}


def print_claim(
    document: ClaimDocument, console: Console, lang: Language = ENGLISH
) -> None:
    """Answer first, then the statistic, the numbers, and what was read."""
    claim, judgement = document.claim, document.judgement
    console.print()
    console.print(text_of(claim.title, "bold"))
    about = lang(
        "Candidate {candidate}, reference {reference}.",
        candidate=claim.candidate,
        reference=claim.reference,
    )
    by = ", ".join(part for part in (claim.by, claim.date) if part)
    item(console, f"{about} {by}".strip(), "dim")
    console.print()
    for text in say.headline(document, lang):
        console.print(text_of(text, "bold"))
    item(console, lang(say.CAVEAT), "italic")
    for support in judgement.supports:
        _support(support, console, lang)
    if judgement.traps:
        heading(console, lang("Known traps, found in these numbers"))
        for trap in judgement.traps:
            item(console, "• " + say.trap_words(trap, lang))
    heading(console, lang("Number by number"))
    for series in judgement.series:
        _series(series, console, lang)
    if claim.notes:
        heading(console, lang("Notes of the claim file"))
        for note in claim.notes:
            item(console, note, "dim")
    heading(console, lang("What was read"))
    for file in document.files:
        size = fmt.byte_size(file.bytes, lang)
        item(console, f"{file.name}: {file.path}, {size}, {file.sha256[:16]}…", "dim")
    item(console, fmt.command_line(document.command), "dim")


def _support(support: Support, console: Console, lang: Language) -> None:
    title = say.statistic_words(support.statistic, lang)
    heading(
        console,
        f"{support.series}: {title} {lang(say.SUPPORTS[support.outcome])}"
        f" ({say.says_words(support, lang)})",
    )
    for reason in support.reasons:
        item(console, say.reason_words(reason, lang))
    for rate in support.rates:
        item(console, say.rate_words(rate, support.claimed_at, lang))
    for control in support.controls:
        item(console, say.control_words(control, lang), "dim")
    for kind in support.missing:
        missing = lang(
            "Missing control, {kind}. {how}",
            kind=lang(say.KINDS[kind]),
            how=lang(say.HOW[kind]),
        )
        item(console, missing)


def _series(series: SeriesResult, console: Console, lang: Language) -> None:
    words = say.statistic_words(series.statistic, lang)
    console.print()
    console.print(text_of(f"{series.id}: {series.title} ({words})"))
    printed, found = lang("Printed"), lang("Recomputed")
    tolerance = lang("Tolerance")
    table = table_of(
        lang("Where"),
        printed,
        found,
        tolerance,
        "",
        right=(printed, found, tolerance),
    )
    for cell in series.cells:
        sign = say.CELLS[cell.outcome][1]
        table.add_row(
            text_of(cell.label),
            text_of(cell.printed),
            text_of(say.number(cell.recomputed)),
            text_of(say.number(cell.tolerance) if cell.tolerance else "–"),
            text_of(f"{sign} {say.cell_words(cell, lang)}", COLOURS[cell.outcome]),
        )
    console.print(table)
