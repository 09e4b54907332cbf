# SPDX-License-Identifier: Apache-2.0
"""A document's sentences in another language, said again from its findings.

In English they are the document's own: what is quoted from a page stands in the JSON.
"""

from __future__ import annotations

from parentage.report import words
from parentage.report.document import ModuleResult, Outcome, Report
from parentage.report.language import ENGLISH, Language
from parentage.report.reasons import say_reason
from parentage.verdict.finding import ACCUSING


def headline_of(report: Report, lang: Language = ENGLISH) -> str:
    """The sentence to quote."""
    return report.headline if lang == ENGLISH else say_headline(report, lang)


def sentence_of(module: ModuleResult, lang: Language = ENGLISH) -> str:
    """The sentence about one module."""
    return module.sentence if lang == ENGLISH else say_sentence(module, lang)


def say_headline(report: Report, lang: Language) -> str:
    """The headline, made anew from the findings of all modules."""
    accused = []
    for module in report.modules:
        if module.finding in ACCUSING:
            where = _where(module, lang)
            reference = str(module.reference)
            accused.append(
                (module.name, module.finding, reference, module.share, where)
            )

    def named(word: str) -> list[str]:
        return [m.name for m in report.modules if m.finding == word]

    return words.headline(
        report.candidate.name,
        [reference.name for reference in report.references],
        accused=accused,
        cleared=named("no-dependence-found"),
        untested=named("not-testable"),
        unclear=named("correspondence"),
        lang=lang,
    )


def say_sentence(module: ModuleResult, lang: Language) -> str:
    """A module's sentence, made anew from its finding."""
    power = module.power
    return words.module_sentence(
        module.name,
        module.finding,
        module.reference,
        _where(module, lang),
        whole=False,
        power=words.power_text(power.correlation, power.probability, lang),
        reason=None if module.reason is None else say_reason(module.reason, lang),
        lang=lang,
    )


def _where(module: ModuleResult, lang: Language) -> str:
    """The reused parts in words; nothing where all of the module is reused."""
    outcome = decisive(module)
    if outcome is None or outcome.whole:
        return ""
    return words.parts_text([(p.block, p.layers) for p in outcome.parts], lang)


def decisive(module: ModuleResult) -> Outcome | None:
    """The outcome that the module's finding stands for, if it names a reference."""
    same = [
        outcome
        for outcome in module.outcomes
        if outcome.reference == module.reference and outcome.finding == module.finding
    ]
    # One reference may be held against a module twice, as head and as embedding.
    exact = [outcome for outcome in same if outcome.effect == module.effect]
    return next(iter(exact or same), None)
