# SPDX-License-Identifier: Apache-2.0
"""Documents as text for a terminal.

Every string of a document is shown as text, never as markup, and control characters
are replaced: names come from files that nobody vouches for.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from rich.table import Table
from rich.text import Text

from parentage.report import format as fmt
from parentage.report import words
from parentage.report.depth_words import depth_text
from parentage.report.descent_terminal import print_descents
from parentage.report.language import ENGLISH, Language
from parentage.report.lineage_terminal import print_lineage
from parentage.report.plan_sequential import sequential_lines
from parentage.report.reasons import say_reason
from parentage.report.sentences import headline_of, sentence_of
from parentage.report.terminal_parts import (
    COLOURS,
    assumptions_short,
    doubts,
    evidence_table,
    finding_text,
    heading,
    item,
    models_read,
    norm_trap,
    table_of,
    text_of,
)
from parentage.report.training_terminal import print_training
from parentage.report.verdict_terminal_parts import print_verdict_sections

if TYPE_CHECKING:
    from rich.console import Console

    from parentage.evidence.catalogue import Method
    from parentage.report.comparison import Comparison
    from parentage.report.document import ModelInfo, Outcome, Report


def print_report(report: Report, console: Console, lang: Language = ENGLISH) -> None:
    """An audit: the sentence, the modules, what was found where, and the limits."""
    console.print()
    console.print(text_of(headline_of(report, lang), "bold"))
    console.print()
    console.print(_overview(report, lang))
    _details(report, console, lang)
    print_descents(report.descents, console, lang)
    norm_trap(report.norm_cosines, console, lang)
    print_lineage(report.lineage, console, lang)
    print_verdict_sections(report, console, lang)
    if report.training is not None:
        print_training(report.training, console, lang)
    models_read([report.candidate, *report.references], console, lang)
    assumptions_short(report.assumptions, console, lang)
    heading(console, lang("Run it again"))
    item(console, fmt.reproduce(report))
    text = lang(
        "{versions}; {count} exact tests corrected for",
        versions=", ".join(f"{k} {v}" for k, v in report.versions.items()),
        count=report.settings.family,
    )
    item(console, text)


def _overview(report: Report, lang: Language) -> Table:
    share, effect, p = (
        lang("Share of parameters"),
        lang("Effect"),
        lang("p, corrected"),
    )
    table = table_of(
        lang("Module"),
        share,
        lang("Finding"),
        lang("Reference"),
        effect,
        p,
        right=(share, effect, p),
    )
    for module in report.modules:
        parts = lang(
            "{part} of {total}",
            part=fmt.whole(module.share_numerator),
            total=fmt.whole(module.share_denominator),
        )
        table.add_row(
            text_of(words.label(module.name, lang)),
            Text(fmt.share(module.share_numerator, module.share_denominator))
            + Text(f"\n{parts}", style="dim"),
            finding_text(module.finding, lang),
            text_of(module.reference or "–"),
            fmt.number(module.effect),
            fmt.power10(module.log10_p_adjusted),
        )
    return table


def _details(report: Report, console: Console, lang: Language) -> None:
    for module in report.modules:
        heading(console, words.label(module.name, lang).capitalize())
        item(console, sentence_of(module, lang))
        for outcome in module.outcomes:
            _parts(outcome, console, lang)
        if module.finding in {"identical", "reused"} and module.reason:
            item(console, say_reason(module.reason, lang), "dim")
        for line in sequential_lines(module, lang):
            item(console, line, "dim")


def _parts(outcome: Outcome, console: Console, lang: Language) -> None:
    for part in outcome.parts:
        kind = "identical" if part.identical else "reused"
        text = lang(
            "{reference}: {parts} {finding}, element correlation {effect}, p {p}",
            reference=outcome.reference,
            parts=words.parts_text([(part.block, part.layers)], lang),
            finding=fmt.finding_words(kind, lang),
            effect=f"{part.effect:.3f}",
            p=fmt.power10(part.log10_p),
        )
        item(console, f"{fmt.FINDINGS[kind][1]} {text}", COLOURS[kind])
        moved = moved_layers(part.layers)
        if moved:
            item(console, "  " + lang("layers moved: {layers}", layers=moved))
    if outcome.depth is not None and outcome.depth.kind != "in-place":
        item(console, depth_text(outcome.depth, lang))
    if outcome.truncated:
        text = lang(
            "{reference}: other shapes, common range compared: {roles}",
            reference=outcome.reference,
            roles=", ".join(outcome.truncated),
        )
        item(console, text, "dim")


def moved_layers(layers: Sequence[tuple[int | None, int | None]]) -> str:
    """``3→5, 4→6``: layers whose number differs from the reference's, shortened."""
    moved = [
        f"{a}→{b}" for a, b in layers if a is not None and b is not None and a != b
    ]
    if len(moved) > 12:
        return ", ".join(moved[:6]) + ", …, " + ", ".join(moved[-2:])
    return ", ".join(moved)


def print_comparison(
    comparison: Comparison, console: Console, lang: Language = ENGLISH
) -> None:
    """Evidence about two models, module by module, without a judgement."""
    first, second = comparison.models
    title = lang(
        "Evidence about {candidate} against {reference}",
        candidate=first.name,
        reference=second.name,
    )
    console.print()
    console.print(text_of(title, "bold"))
    caveat = lang(
        "p-values are not corrected for the {count} exact tests, and no finding is "
        "drawn; `parentage audit` does both.",
        count=comparison.family,
    )
    item(console, caveat, "dim")
    for module in comparison.modules:
        part = fmt.share(module.share_numerator, module.share_denominator)
        heading(console, f"{words.label(module.name, lang).capitalize()} ({part})")
        if not module.evidence:
            text = lang("{name} has nothing to compare it with", name=second.name)
            item(console, text, "dim")
            continue
        console.print(evidence_table(module.evidence, lang))
        power = module.power
        if power.correlation is not None:
            text = words.power_text(power.correlation, power.probability, lang)
            item(console, text.capitalize() + ".", "dim")
    norm_trap(comparison.norm_cosines, console, lang)
    models_read([first, second], console, lang)
    assumptions_short(comparison.assumptions, console, lang)


def print_model(info: ModelInfo, console: Console, lang: Language = ENGLISH) -> None:
    """What a model consists of."""
    console.print()
    console.print(text_of(info.name, "bold"))
    item(console, info.path, "dim")
    dtypes = ", ".join(f"{name} {fmt.whole(n)}" for name, n in info.dtypes.items())
    text = lang(
        "{count} parameters ({formats}), {size} stored",
        count=fmt.whole(info.parameters),
        formats=dtypes,
        size=fmt.byte_size(info.bytes_stored, lang),
    )
    item(console, text)
    item(console, lang("digest {digest}", digest=info.digest), "dim")
    right = lang("Layers"), lang("Parameters"), lang("Share")
    table = table_of(lang("Module"), lang("Family"), *right, right=right)
    for module in info.modules:
        table.add_row(
            text_of(words.label(module.name, lang)),
            text_of(module.family),
            str(module.layers or "–"),
            fmt.whole(module.parameters),
            fmt.share(module.parameters, info.parameters),
        )
    console.print(table)
    doubts(info, console, lang)


def print_methods(
    methods: Sequence[Method], console: Console, lang: Language = ENGLISH
) -> None:
    """The catalogue as a list."""
    table = table_of(lang("Id"), lang("Grade"), lang("Question"))
    for method in methods:
        table.add_row(
            Text(method.id, style="bold"),
            fmt.grade_words(method.grade, lang),
            lang(method.question),
        )
    console.print(table)
    hint = lang("`parentage methods ID` explains one of them.")
    console.print(text_of(hint, "dim"))


def print_method(method: Method, console: Console, lang: Language = ENGLISH) -> None:
    """One method in full."""
    console.print(text_of(f"{lang(method.title)} ({method.id})", "bold"))
    rows: list[tuple[str, Sequence[str]]] = [
        (lang("Grade"), [fmt.GRADES.get(method.grade, method.grade)]),
        (lang("Question"), [method.question]),
        (lang("Statistic"), [method.statistic]),
        (lang("Null hypothesis"), [method.null]),
        (lang("Assumptions"), method.assumptions),
        (lang("Blind spots"), method.blind_spots),
        (lang("Cost"), [method.cost]),
        (lang("Source"), [method.reference]),
    ]
    for name, texts in rows:
        heading(console, name)
        for text in texts:
            item(console, lang(text))


def print_demo(
    rows: Sequence[fmt.DemoLine], console: Console, lang: Language = ENGLISH
) -> None:
    """Findings beside the truth, one line per module."""
    table = table_of(lang("Module"), lang("Truth"), lang("Finding"), lang("Agrees"))
    last = None
    for row in rows:
        pair = (row.candidate, row.reference)
        if pair != last:
            if last is not None:
                table.add_section()
            title = lang(
                "{candidate} against {reference}",
                candidate=row.candidate,
                reference=row.reference,
            )
            table.add_row(text_of(title, "bold"))
            last = pair
        table.add_row(
            text_of(f"  {words.label(row.module, lang)}"),
            text_of(fmt.truth_words(row.truth, lang)),
            finding_text(row.finding, lang)
            if row.finding in fmt.FINDINGS
            else text_of(row.finding),
            Text(lang("yes"), style="green")
            if row.agrees
            else Text(lang("NO"), style="bold red"),
        )
    console.print(table)
    right = sum(row.agrees for row in rows)
    style = "bold green" if right == len(rows) else "bold red"
    text = lang("{right} of {total} findings agree.", right=right, total=len(rows))
    console.print(Text(text, style=style))
