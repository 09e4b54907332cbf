# SPDX-License-Identifier: Apache-2.0
"""A plan as text for a terminal."""

from __future__ import annotations

from typing import TYPE_CHECKING

from parentage.evidence.catalogue import methods
from parentage.report import format as fmt
from parentage.report import words
from parentage.report.language import ENGLISH, Language, marked
from parentage.report.reasons import say_reason
from parentage.report.terminal_parts import heading, item, table_of, text_of

if TYPE_CHECKING:
    from collections.abc import Sequence

    from rich.console import Console

    from parentage.report.plan_document import Detects, PlanDocument, PlannedModule

NOTES = (
    marked(
        "some tensors have names that say nothing; an audit looks for their names by "
        "content first, which may add tests"
    ),
    marked(
        "widths differ, so an audit matches residual dims by the order test first and "
        "reads hidden units where it matched them; what that finds is not known "
        "beforehand"
    ),
)
"""Notes that a plan can carry, word for word."""


def print_plan(plan: PlanDocument, console: Console, lang: Language = ENGLISH) -> None:
    """What will be read and tested, what that finds, and what other budgets would."""
    console.print()
    title = lang(
        "Plan of an audit of {candidate} against {references}",
        candidate=plan.candidate.name,
        references=words.listing([r.name for r in plan.references], lang),
    )
    console.print(text_of(title, "bold"))
    headers = sum(m.bytes_read for m in (plan.candidate, *plan.references))
    text = lang(
        "Made from headers and configs ({size} read); no weight was looked at.",
        size=fmt.byte_size(headers, lang),
    )
    item(console, text)
    console.print()
    _modules(plan, console, lang)
    _tests(plan.modules, console, lang)
    _budgets(plan, console, lang)
    _limits(plan, console, lang)


def _probabilities(plan: PlanDocument) -> list[float]:
    return [p.probability for p in next((m.power for m in plan.modules), ())]


def _modules(plan: PlanDocument, console: Console, lang: Language) -> None:
    own, other = lang("Read of candidate"), lang("Read of reference")
    coins, tests = lang("Coins"), lang("Exact tests")
    found = [
        lang("Found with {probability}", probability=f"{p:.0%}")
        for p in _probabilities(plan)
    ]
    table = table_of(
        lang("Module"),
        lang("Reference"),
        *(own, other, coins, tests, *found),
        right=(own, other, coins, tests, *found),
    )
    for module in plan.modules:
        table.add_row(
            text_of(words.label(module.module, lang)),
            text_of(module.reference),
            fmt.byte_size(module.bytes_candidate, lang),
            fmt.byte_size(module.bytes_reference, lang),
            fmt.whole(module.coins),
            fmt.whole(module.exact_tests),
            *[_correlation(p) for p in module.power],
        )
    console.print(table)
    text = lang(
        "The last columns: smallest element correlation that would be called reuse "
        "with that probability, at family-wise level {level} over {count} exact tests.",
        level=fmt.power10(plan.settings.log10_alpha),
        count=fmt.whole(plan.family),
    )
    item(console, text, "dim")


def _correlation(found: Detects) -> str:
    return fmt.number(found.correlation)


def _tests(modules: Sequence[PlannedModule], console: Console, lang: Language) -> None:
    heading(console, lang("Tests that will run"))
    for module in modules:
        listed = ", ".join(
            lang(
                "{method} ({count})",
                method=lang(methods()[t.method].title).lower(),
                count=fmt.whole(t.n),
            )
            for t in module.tests
        )
        if module.reason:
            listed = say_reason(module.reason, lang)
        text = lang(
            "{module}, {reference}: {tests}",
            module=words.label(module.module, lang),
            reference=module.reference,
            tests=listed or "–",
        )
        item(console, text)


def _budgets(plan: PlanDocument, console: Console, lang: Language) -> None:
    probability = max(_probabilities(plan), default=0.0)
    heading(
        console,
        lang(
            "Smallest correlation found with {probability}, by budget",
            probability=f"{probability:.0%}",
        ),
    )
    names = [fmt.byte_size(row.budget, lang) for row in plan.budgets]
    table = table_of(lang("Module"), lang("Reference"), *names, right=names)
    for place, first in enumerate(plan.budgets[0].modules if plan.budgets else ()):
        table.add_row(
            text_of(words.label(first.module, lang)),
            text_of(first.reference),
            *[_correlation(row.modules[place].power[-1]) for row in plan.budgets],
        )
    for label, sizes in (
        (lang("read of the candidate"), [r.bytes_candidate for r in plan.budgets]),
        (
            lang("read of all references"),
            [sum(r.bytes_references) for r in plan.budgets],
        ),
    ):
        table.add_row(
            text_of(label, "dim"), "", *[fmt.byte_size(s, lang) for s in sizes]
        )
    console.print(table)


def _limits(plan: PlanDocument, console: Console, lang: Language) -> None:
    heading(console, lang("What this rests on"))
    item(
        console,
        lang(
            "Entries of weights are taken for uncorrelated. In modules with layers "
            "that is nearly so; rows of embeddings and output matrices have much in "
            "common, so for them a report may state a correlation several times larger."
        ),
    )
    further = plan.settings.undo_budget + plan.settings.descent_budget
    if further:
        text = lang(
            "Up to {size} more of each model, to undo relabellings where nothing was "
            "found and to describe descents where something was.",
            size=fmt.byte_size(further, lang),
        )
        item(console, text)
    if plan.settings.sequential:
        text = lang(
            "Sequential: what is decided early is read no further; the numbers above "
            "are for what is read in full."
        )
        item(console, text)
    for note in plan.notes:
        item(console, lang(note) if note in NOTES else note)
    heading(console, lang("Held to it"))
    item(
        console,
        lang(
            "Seed {seed}, digest {digest}", seed=plan.settings.seed, digest=plan.digest
        ),
    )
    item(
        console,
        lang(
            "Write the plan with --output, and audit with --plan: an audit that would "
            "read anything else is refused."
        ),
    )
