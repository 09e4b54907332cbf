# SPDX-License-Identifier: Apache-2.0
"""Declarations, licences and differences as text for a terminal."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from rich.text import Text

from parentage.report import verdict_words as words
from parentage.report.language import ENGLISH, Language
from parentage.report.terminal_parts import heading, item, table_of, text_of
from parentage.report.verdict_text import (
    change_subject,
    change_value,
    declared_subject,
)
from parentage.report.words import label, percent

if TYPE_CHECKING:
    from rich.console import Console

    from parentage.report.document import Report
    from parentage.report.verdict_declared import Declared
    from parentage.report.verdict_diff import DiffDocument
    from parentage.report.verdict_licences import Licences

STYLES: Final = {
    "confirmed": ("✓", "green"),
    "contradicted": ("✗", "bold red"),
    "undeclared": ("!", "bold dark_orange"),
    "unverifiable": ("?", "bright_black"),
}
MET: Final = {"yes": ("✓", "green"), "no": ("✗", "bold red"), "unknown": ("?", "")}


def print_verdict_sections(
    report: Report, console: Console, lang: Language = ENGLISH
) -> None:
    """What an audit holds beside its findings, as far as it was asked for."""
    from parentage.report.verdict_terminal import print_verdicts  # noqa: PLC0415

    if report.declared is not None:
        print_declared(report.declared, console, lang)
    if report.licences is not None:
        print_licences(report.licences, console, lang)
    print_verdicts(report.verdicts, console, lang)


def print_declared(
    declared: Declared, console: Console, lang: Language = ENGLISH
) -> None:
    """Statements row by row, notes, and the suggested change of the card."""
    heading(console, lang("What the maker states, against the evidence"))
    if not declared.rows:
        item(console, lang("Nothing is stated."))
    for row in declared.rows:
        sign, style = STYLES[row.outcome]
        about = declared_subject(row, lang)
        said = row.declared or "–"
        text = lang(
            "{about}: {said}: {outcome}",
            about=about,
            said=said,
            outcome=lang(words.AGREEMENTS[row.outcome]),
        )
        item(console, f"{sign} {text}", style)
        if row.found:
            item(console, "  " + lang("Evidence: {found}", found=row.found))
        item(console, "  " + words.say(row.reason, lang))
        if row.where:
            item(console, "  " + row.where, "dim")
    for note in declared.notes:
        item(console, words.say(note, lang), "dim")
    if declared.patch:
        heading(console, lang("Suggested change of the model card"))
        console.print(text_of_lines(declared.patch))


def text_of_lines(text: str) -> Text:
    """Text of several lines without control characters."""
    return Text("\n").join(text_of(line) for line in text.splitlines())


def print_licences(
    licences: Licences, console: Console, lang: Language = ENGLISH
) -> None:
    """The chain, conflicts first, then duties with their clauses."""
    heading(console, lang("Licences of what is reused"))
    whole = licences.whole or lang("not stated")
    item(console, lang("The whole: {licence}", licence=whole))
    for link in licences.chain:
        text = lang(
            "{module} ({share} of parameters) from {reference}: {licence}",
            module=label(link.module, lang),
            share=percent(link.share),
            reference=link.reference,
            licence=link.stated or lang("not known"),
        )
        item(console, text)
    for conflict in licences.conflicts:
        clause = f" ({conflict.clause})" if conflict.clause else ""
        item(console, "✗ " + words.say(conflict.say, lang) + clause, "bold red")
    for duty in licences.duties:
        sign, style = MET[duty.met]
        clause = f" {duty.clause}" if duty.clause else ""
        item(console, f"{sign} {duty.licence}{clause}: {lang(duty.text)}", style)
    for found in licences.licences:
        if found.verified != "text":
            text = lang(
                "The entry on {licence} was not held against its own text ({how}).",
                licence=found.title,
                how=lang(words.VERIFIED[found.verified]),
            )
            item(console, text, "dim")
    for name in licences.unknown:
        item(console, lang("The table does not know {licence}.", licence=name), "dim")
    item(console, words.say(licences.caveat, lang), "dim")


def print_diff(
    document: DiffDocument, console: Console, lang: Language = ENGLISH
) -> None:
    """What changed, one line each."""
    title = lang(
        "From {old} to {new}",
        old=document.old.candidate,
        new=document.new.candidate,
    )
    heading(console, title)
    if not document.changes:
        item(console, lang("Nothing changed."))
        return
    table = table_of(
        lang("Changed"), lang("About"), lang("Profile"), lang("Before"), lang("After")
    )
    for change in document.changes:
        table.add_row(
            text_of(lang(words.CHANGES[change.what])),
            text_of(change_subject(change.what, change.subject, lang)),
            text_of(change.profile or "–"),
            text_of(change_value(change.what, change.old, lang)),
            text_of(change_value(change.what, change.new, lang)),
        )
    console.print(table)
