# SPDX-License-Identifier: Apache-2.0
"""Verdicts and profiles as text for a terminal."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Final

from rich.text import Text

from parentage.report import verdict_words as words
from parentage.report.language import ENGLISH, Language
from parentage.report.terminal_parts import heading, item, table_of, text_of
from parentage.report.verdict_text import (
    cure_text,
    deciding,
    in_language,
    rule_lines,
    subject,
    verdict_sentence,
)

if TYPE_CHECKING:
    from rich.console import Console

    from parentage.report.verdict_document import Verdict, VerdictDocument, VerdictRow
    from parentage.report.verdict_profiles import ProfileEntry, ProfilesDocument

SIGNS: Final = {
    "satisfied": ("✓", "green"),
    "violated": ("✗", "bold red"),
    "inconclusive": ("?", "yellow"),
    "not-stated": ("–", "bright_black"),
}


def outcome_text(outcome: str, lang: Language = ENGLISH) -> Text:
    """An outcome in words, with its sign and its colour."""
    sign, style = SIGNS[outcome]
    return Text(f"{sign} {lang(words.OUTCOMES[outcome])}", style=style)


def print_verdicts(
    verdicts: Sequence[Verdict], console: Console, lang: Language = ENGLISH
) -> None:
    """Every verdict: outcome, rules, and what would satisfy those that fail."""
    for verdict in verdicts:
        _verdict(verdict, console, lang)


def _verdict(verdict: Verdict, console: Console, lang: Language) -> None:
    profile = verdict.profile
    heading(console, verdict_sentence(verdict, lang))
    item(console, in_language(profile.stance, lang), "dim")
    table = table_of(
        lang("Rule"),
        lang("About"),
        lang("Found"),
        lang("Kind of rule"),
        lang("Outcome"),
    )
    for row in verdict.rows:
        table.add_row(
            text_of(row.rule),
            text_of(subject(row, lang)),
            text_of(words.word(words.CLASSES, row.found, lang)),
            text_of(words.word(words.KINDS, row.kind, lang)),
            outcome_text(row.outcome, lang),
        )
    console.print(table)
    for row in verdict.rows:
        if row.outcome in {"violated", "inconclusive"}:
            _open(row, console, lang)
    if verdict.cure is not None:
        heading(console, lang("What would satisfy it"))
        for step in verdict.cure.steps:
            item(console, "· " + words.say(step.say, lang))
    item(
        console,
        lang(
            "Profile {id}, version {version}, SHA-256 {digest} ({origin}).",
            id=profile.id,
            version=profile.version,
            digest=profile.digest[:12],
            origin=profile.origin,
        ),
        "dim",
    )


def _open(row: VerdictRow, console: Console, lang: Language) -> None:
    """A rule that is not satisfied: why, by whose words, and what would help."""
    sign, style = SIGNS[row.outcome]
    item(console, f"{sign} {row.rule}, {subject(row, lang)}", style)
    item(console, "  " + in_language(row.text, lang))
    item(console, "  " + words.say(row.reason, lang))
    quote = lang(
        "“{quote}” ({title}, {link})",
        quote=in_language(row.source.quote, lang),
        title=in_language(row.source.title, lang),
        link=row.source.link,
    )
    item(console, "  " + quote, "dim")
    if row.source.inference:
        item(console, "  " + lang("The rule is a reading of these words."), "dim")
    for cure in row.cures:
        item(console, "  → " + cure_text(cure, lang), "cyan")


def print_overview(
    document: VerdictDocument, console: Console, lang: Language = ENGLISH
) -> None:
    """One candidate under every profile: a line for each."""
    title = lang(
        "{candidate} against {references}, under each definition",
        candidate=document.candidate,
        references=", ".join(document.references),
    )
    heading(console, title)
    table = table_of(lang("Profile"), lang("Outcome"), lang("Decided by"))
    for verdict in document.verdicts:
        table.add_row(
            text_of(in_language(verdict.profile.title, lang))
            + Text(f"\n{verdict.profile.id}", style="dim"),
            outcome_text(verdict.outcome, lang),
            text_of(deciding(verdict, lang)),
        )
    console.print(table)


def print_profiles(
    document: ProfilesDocument, console: Console, lang: Language = ENGLISH
) -> None:
    """A list of profiles: id, title and stance."""
    table = table_of(lang("Profile"), lang("Definition"))
    for entry in document.profiles:
        profile = entry.profile
        table.add_row(
            text_of(profile.id),
            text_of(in_language(profile.title, lang), "bold")
            + Text("\n")
            + text_of(in_language(profile.stance, lang)),
        )
    console.print(table)


def print_profile(
    entry: ProfileEntry, console: Console, lang: Language = ENGLISH
) -> None:
    """One profile, rule by rule, with sources."""
    profile = entry.profile
    heading(console, in_language(profile.title, lang))
    item(console, in_language(profile.stance, lang))
    for rule in profile.rules:
        heading(console, f"{rule.id} · {words.word(words.KINDS, rule.kind, lang)}")
        for text in rule_lines(rule, lang):
            item(console, text)
        source = profile.source(rule.source)
        quote = lang(
            "“{quote}” ({title}, {link})",
            quote=in_language(rule.quote, lang),
            title=in_language(source.title, lang),
            link=source.link,
        )
        item(console, quote, "dim")
        if rule.inference:
            item(console, lang("The rule is a reading of these words."), "dim")
    for silence in profile.silent:
        parts = ", ".join(
            words.word(words.COMPONENTS, c, lang) for c in silence.components
        )
        heading(console, lang("Not stated: {parts}", parts=parts))
        item(console, in_language(silence.text, lang))
    item(
        console,
        lang(
            "Profile {id}, version {version}, SHA-256 {digest} ({origin}).",
            id=profile.id,
            version=profile.version,
            digest=entry.digest[:12],
            origin=entry.origin,
        ),
        "dim",
    )
