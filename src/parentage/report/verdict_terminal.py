# SPDX-License-Identifier: Apache-2.0
"""Verdicts and profiles as text for a terminal."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Final

from rich.text import Text

from parentage.report import verdict_words as words
from parentage.report import words as names
from parentage.report.language import ENGLISH, Language
from parentage.report.terminal_parts import heading, item, table_of, text_of

if TYPE_CHECKING:
    from rich.console import Console

    from parentage.report.verdict_document import (
        BothTexts,
        Cure,
        Verdict,
        VerdictDocument,
        VerdictRow,
    )
    from parentage.report.verdict_profiles import ProfileEntry, ProfilesDocument
    from parentage.verdict.profile import Both, Rule

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


def in_language(text: BothTexts | Both, lang: Language) -> str:
    """A text of a profile, which holds both languages."""
    return text.ko if lang.code == "ko" else text.en


def subject(row: VerdictRow, lang: Language = ENGLISH) -> str:
    """What a row is about: an item, a module or a component."""
    if row.item is not None:
        return words.word(words.ITEMS, row.item, lang)
    if row.module is not None:
        return names.label(row.module, lang)
    return words.word(words.COMPONENTS, row.component, lang)


def print_verdicts(
    verdicts: Sequence[Verdict], console: Console, lang: Language = ENGLISH
) -> None:
    """Every verdict: outcome, rules, and what would satisfy those that fail."""
    for verdict in verdicts:
        _verdict(verdict, console, lang)


def _verdict(verdict: Verdict, console: Console, lang: Language) -> None:
    profile = verdict.profile
    title = lang(
        "Under “{title}”: {outcome}",
        title=in_language(profile.title, lang),
        outcome=lang(words.OUTCOMES[verdict.outcome]),
    )
    heading(console, title)
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


def cure_text(cure: Cure, lang: Language = ENGLISH) -> str:
    """The steps of a cure in one line, with what the profile then comes to."""
    steps = " ".join(words.say(step.say, lang) for step in cure.steps)
    after = lang(
        "(Then the rule is satisfied; the profile: {outcome}.)",
        outcome=lang(words.OUTCOMES[cure.overall]),
    )
    return f"{steps} {after}"


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


def deciding(verdict: Verdict, lang: Language = ENGLISH) -> str:
    """Rules that made the outcome what it is, with what they are about."""
    if verdict.outcome in {"satisfied", "not-stated"}:
        return "–"
    found: dict[str, list[str]] = {}
    for row in verdict.rows:
        decides = row.weight == "required" and not row.set_aside
        if decides and row.outcome == verdict.outcome:
            found.setdefault(row.rule, []).append(subject(row, lang))
    return "; ".join(f"{rule} ({', '.join(about)})" for rule, about in found.items())


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


def rule_lines(rule: Rule, lang: Language = ENGLISH) -> list[str]:
    """A rule in words: what it asks, of what, and how much it weighs."""

    def listed(table: dict[str, str], keys: Sequence[str]) -> str:
        return ", ".join(words.word(table, key, lang) for key in keys)

    rows = [
        in_language(rule.text, lang),
        lang("About: {parts}.", parts=listed(words.COMPONENTS, rule.components)),
        lang("Weight: {weight}.", weight=words.word(words.WEIGHTS, rule.weight, lang)),
    ]
    if rule.kind == "provenance" and rule.weight != "graded":
        if rule.allowed:
            classes = listed(words.CLASSES, rule.allowed)
            rows.append(lang("Allowed: {classes}.", classes=classes))
        if rule.forbidden:
            classes = listed(words.CLASSES, rule.forbidden)
            rows.append(lang("Not allowed: {classes}.", classes=classes))
        asked = lang(words.EVIDENCE[rule.evidence])
        rows.append(lang("For “own”: {evidence}.", evidence=asked))
        grades = listed(words.GRADES, rule.accuse_on)
        rows.append(lang("A violation may rest on: {grades}.", grades=grades))
    if rule.needs is not None:
        rows.append(lang("Asks: {needs}.", needs=lang(words.NEEDS[rule.needs])))
    if rule.items:
        rows.append(
            lang("To be published: {items}.", items=listed(words.ITEMS, rule.items))
        )
    return rows
