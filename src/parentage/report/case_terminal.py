# SPDX-License-Identifier: Apache-2.0
"""Cases as text for a terminal: the list, one case, and one that was run."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING

from parentage.report import case_words as say
from parentage.report import format as fmt
from parentage.report.language import ENGLISH, Language
from parentage.report.terminal_parts import heading, item, table_of, text_of

if TYPE_CHECKING:
    from rich.console import Console

    from parentage.report.case_document import CaseDocument
    from parentage.verdict.case_file import CaseFile

COLOURS = {
    "found": "bold dark_orange",
    "nothing-found": "green",
    "inconclusive": "yellow",
    "not-run": "bright_black",
}


def print_cases(
    cases: Iterable[CaseFile], console: Console, lang: Language = ENGLISH
) -> None:
    """One line for each case."""
    table = table_of("ID", lang("Date"), lang("Case"), lang("About"))
    for case in cases:
        table.add_row(
            text_of(case.id),
            text_of(case.date),
            text_of(say.title(case, lang)),
            text_of(say.types_words(case, lang)),
        )
    console.print(table)
    item(console, lang(say.NO_RESULT), "italic")


def print_case(case: CaseFile, console: Console, lang: Language = ENGLISH) -> None:
    """Everything that a case states."""
    console.print()
    console.print(text_of(say.title(case, lang), "bold"))
    item(console, f"{case.id}, {case.date}: {say.types_words(case, lang)}", "dim")
    item(console, lang(say.NO_RESULT), "italic")
    heading(console, lang("Models"))
    own = case.candidate
    item(console, lang("Candidate: {name}", name=_marked(own, lang)))
    for one in case.references:
        named = _marked(one, lang)
        item(console, lang("Reference: {name}: {why}", name=named, why=one.why))
    for control in case.controls:
        kind = lang(say.ROLES[control.kind])
        pair = lang(
            "{candidate} against {reference}",
            candidate=control.ref,
            reference=control.against,
        )
        item(console, f"{kind}: {pair}: {control.why}")
    heading(console, lang("Claims"))
    for claim in case.claims:
        item(console, "• " + say.claim_line(claim, lang))
    for title, rows in (
        (lang("Established"), case.established),
        (lang("Disputed"), case.disputed),
    ):
        if rows:
            heading(console, title)
            for row in rows:
                item(console, f"• {row.text} [{row.source}]")
    if case.traps:
        heading(console, lang("Traps"))
        item(console, "; ".join(case.traps))
    heading(console, lang("Sources"))
    item(console, "; ".join(case.sources), "dim")


def _marked(model: object, lang: Language) -> str:
    name = str(getattr(model, "ref", None) or getattr(model, "absent", ""))
    if getattr(model, "unverified", False):
        return lang("{name} (public name not verified)", name=name)
    return name


def print_run(
    document: CaseDocument, console: Console, lang: Language = ENGLISH
) -> None:
    """What running a case gave: answer first, then pair by pair, then the claims."""
    console.print()
    console.print(text_of(say.title(document.case, lang), "bold"))
    for text in say.headline(document, lang):
        console.print(text_of(text, "bold"))
    heading(console, lang("Models against each other"))
    for pair in document.pairs:
        console.print(
            text_of(
                f"{lang(say.ROLES[pair.role])}: {say.pair_line(pair, lang)}",
                COLOURS[pair.outcome],
            )
        )
        if pair.error is not None:
            continue
        for text in say.module_lines(pair, lang):
            item(console, text)
        item(console, say.tokenizer_line(pair, lang), "dim")
        if pair.architecture:
            item(console, ", ".join(pair.architecture), "dim")
        item(console, fmt.byte_size(pair.bytes_read, lang), "dim")
    if document.claims:
        heading(console, lang("Claims, checked"))
        for claim in document.claims:
            item(console, "• " + say.checked_line(claim, lang))
    heading(console, lang("Run it again"))
    item(console, fmt.command_line(document.command), "dim")
