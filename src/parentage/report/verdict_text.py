# SPDX-License-Identifier: Apache-2.0
"""What every renderer of verdicts says in the same words; nothing is computed anew."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from parentage.report import format as fmt
from parentage.report import verdict_words as words
from parentage.report.language import ENGLISH, Language
from parentage.report.words import LABELS, label, percent
from parentage.verdict.vocabulary import WEIGHTS

if TYPE_CHECKING:
    from parentage.report.verdict_declared import DeclaredRow
    from parentage.report.verdict_document import BothTexts, Cure, Verdict, VerdictRow
    from parentage.verdict.profile import Both, Rule


def verdict_sentence(verdict: Verdict, lang: Language = ENGLISH) -> str:
    """A verdict in one sentence that can be quoted: outcome, and by what.

    Modules are named with their share of parameters, class and source; each once.
    """
    title = in_language(verdict.profile.title, lang)
    outcome = lang(words.OUTCOMES[verdict.outcome])
    rows = deciding_rows(verdict)
    if not rows:
        return lang("Under “{title}”: {outcome}.", title=title, outcome=outcome)
    about = [_row_words(row, lang) for row in rows]
    return lang(
        "Under “{title}”: {outcome}, by {what}.",
        title=title,
        outcome=outcome,
        what="; ".join(dict.fromkeys(about)),
    )


def _row_words(row: VerdictRow, lang: Language) -> str:
    name = subject(row, lang)
    if row.share is not None:
        name = lang(
            "{name} ({share} of parameters)", name=name, share=percent(row.share)
        )
    if row.outcome == "violated" and row.references:
        return lang(
            "{name}: {class_}, from {references}",
            name=name,
            class_=words.word(words.CLASSES, row.found, lang),
            references=", ".join(row.references),
        )
    return name


def deciding_rows(verdict: Verdict) -> list[VerdictRow]:
    """Required rows that made an outcome what it is; none for what is satisfied."""
    if verdict.outcome in {"satisfied", "not-stated"}:
        return []
    return [
        row
        for row in verdict.rows
        if row.weight == "required"
        and not row.set_aside
        and row.outcome == verdict.outcome
    ]


def in_language(text: BothTexts | Both, lang: Language) -> str:
    """A text of a profile, which holds both languages."""
    return text.ko if lang.code == "ko" else text.en


def subject(row: VerdictRow, lang: Language = ENGLISH) -> str:
    """What a row is about: an item, a module or a component."""
    if row.item is not None:
        return words.word(words.ITEMS, row.item, lang)
    if row.module is not None:
        return label(row.module, lang)
    return words.word(words.COMPONENTS, row.component, lang)


def cure_text(cure: Cure, lang: Language = ENGLISH) -> str:
    """The steps of a cure in one line, with what the profile then comes to."""
    steps = " ".join(words.say(step.say, lang) for step in cure.steps)
    after = lang(
        "(Then the rule is satisfied; the profile: {outcome}.)",
        outcome=lang(words.OUTCOMES[cure.overall]),
    )
    return f"{steps} {after}"


def deciding(verdict: Verdict, lang: Language = ENGLISH) -> str:
    """Rules that made the outcome what it is, with what they are about."""
    found: dict[str, list[str]] = {}
    for row in deciding_rows(verdict):
        found.setdefault(row.rule, []).append(subject(row, lang))
    about = (f"{rule} ({', '.join(names)})" for rule, names in found.items())
    return "; ".join(about) or "–"


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


def declared_subject(row: DeclaredRow, lang: Language = ENGLISH) -> str:
    """What a statement is about: a module or component in words, else its key."""
    if row.subject in words.COMPONENTS:
        known = row.subject in LABELS and row.component == row.subject
        return (
            label(row.subject, lang) if known else lang(words.COMPONENTS[row.subject])
        )
    return label(row.subject, lang) if row.component in WEIGHTS else row.subject


def change_subject(what: str, subject: str, lang: Language = ENGLISH) -> str:
    """A module's name in words; rules and profiles keep their ids."""
    modules = {"module", "finding", "class", "share"}
    return label(subject, lang) if what in modules else subject


def change_value(what: str, value: str, lang: Language = ENGLISH) -> str:
    """A value before or after, in words where it is one of the vocabulary."""
    if not value:
        return "–"
    if what == "finding":
        finding, space, reference = value.partition(" ")
        return fmt.finding_words(finding, lang) + space + reference
    table = {
        "class": words.CLASSES,
        "rule": words.OUTCOMES,
        "outcome": words.OUTCOMES,
        "declared": words.AGREEMENTS,
    }.get(what, {})
    return words.word(table, value, lang)
