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

if TYPE_CHECKING:
    from rich.console import Console

    from parentage.evidence.catalogue import Method
    from parentage.report.comparison import Comparison
    from parentage.report.document import ModelInfo, Report


def print_report(report: Report, console: Console) -> None:
    """An audit: the sentence, the modules, what was found where, and the limits."""
    console.print()
    console.print(text_of(report.headline, "bold"))
    console.print()
    console.print(_overview(report))
    _details(report, console)
    norm_trap(report.norm_cosines, console)
    models_read([report.candidate, *report.references], console)
    assumptions_short(report.assumptions, console)
    heading(console, "Run it again")
    item(console, fmt.reproduce(report))
    versions = ", ".join(f"{k} {v}" for k, v in report.versions.items())
    item(console, f"{versions}; {report.settings.family} exact tests corrected for")


def _overview(report: Report) -> Table:
    table = table_of(
        "Module",
        "Share of parameters",
        "Finding",
        "Reference",
        "Effect",
        "p, corrected",
        right=("Share of parameters", "Effect", "p, corrected"),
    )
    for module in report.modules:
        parts = f"{fmt.whole(module.share_numerator)} of " + fmt.whole(
            module.share_denominator
        )
        table.add_row(
            text_of(words.label(module.name)),
            Text(fmt.share(module.share_numerator, module.share_denominator))
            + Text(f"\n{parts}", style="dim"),
            finding_text(module.finding),
            text_of(module.reference or "–"),
            fmt.number(module.effect),
            fmt.power10(module.log10_p_adjusted),
        )
    return table


def _details(report: Report, console: Console) -> None:
    for module in report.modules:
        heading(console, words.label(module.name).capitalize())
        item(console, module.sentence)
        for outcome in module.outcomes:
            for part in outcome.parts:
                what = words.parts_text([(part.block, part.layers)])
                kind = "identical" if part.identical else "reused"
                item(
                    console,
                    f"{fmt.FINDINGS[kind][1]} {outcome.reference}: {what} {kind}, "
                    f"element correlation {part.effect:.3f}, "
                    f"p {fmt.power10(part.log10_p)}",
                    COLOURS[kind],
                )
                moved = moved_layers(part.layers)
                if moved:
                    item(console, f"  layers moved: {moved}")
            if outcome.truncated:
                item(
                    console,
                    f"{outcome.reference}: other shapes, common range compared: "
                    + ", ".join(outcome.truncated),
                    "dim",
                )
        if module.finding in {"identical", "reused"} and module.reason:
            item(console, module.reason, "dim")


def moved_layers(layers: Sequence[tuple[int | None, int | None]]) -> str:
    """``3→5, 4→6``: layers whose number differs from the reference's, shortened."""
    moved = [
        f"{a}→{b}" for a, b in layers if a is not None and b is not None and a != b
    ]
    if len(moved) > 12:
        return ", ".join(moved[:6]) + ", …, " + ", ".join(moved[-2:])
    return ", ".join(moved)


def print_comparison(comparison: Comparison, console: Console) -> None:
    """Evidence about two models, module by module, without a judgement."""
    first, second = comparison.models
    console.print()
    console.print(text_of(f"Evidence about {first.name} against {second.name}", "bold"))
    item(
        console,
        f"p-values are not corrected for the {comparison.family} exact tests, and no "
        "finding is drawn; `parentage audit` does both.",
        "dim",
    )
    for module in comparison.modules:
        part = fmt.share(module.share_numerator, module.share_denominator)
        heading(console, f"{words.label(module.name).capitalize()} ({part})")
        if not module.evidence:
            item(console, f"{second.name} has nothing to compare it with", "dim")
            continue
        console.print(evidence_table(module.evidence))
        if module.power.correlation is not None:
            power = module.power
            item(
                console,
                words.power_text(power.correlation, power.probability).capitalize()
                + ".",
                "dim",
            )
    norm_trap(comparison.norm_cosines, console)
    models_read([first, second], console)
    assumptions_short(comparison.assumptions, console)


def print_model(info: ModelInfo, console: Console) -> None:
    """What a model consists of."""
    console.print()
    console.print(text_of(info.name, "bold"))
    item(console, info.path, "dim")
    dtypes = ", ".join(f"{name} {fmt.whole(n)}" for name, n in info.dtypes.items())
    item(
        console,
        f"{fmt.whole(info.parameters)} parameters ({dtypes}), "
        f"{fmt.byte_size(info.bytes_stored)} stored",
    )
    item(console, f"digest {info.digest}", "dim")
    table = table_of(
        "Module",
        "Family",
        "Layers",
        "Parameters",
        "Share",
        right=("Layers", "Parameters", "Share"),
    )
    for module in info.modules:
        table.add_row(
            text_of(words.label(module.name)),
            text_of(module.family),
            str(module.layers or "–"),
            fmt.whole(module.parameters),
            fmt.share(module.parameters, info.parameters),
        )
    console.print(table)
    doubts(info, console)


def print_methods(methods: Sequence[Method], console: Console) -> None:
    """The catalogue as a list."""
    table = table_of("Id", "Grade", "Question")
    for method in methods:
        table.add_row(Text(method.id, style="bold"), method.grade, method.question)
    console.print(table)
    console.print(text_of("`parentage methods ID` explains one of them.", "dim"))


def print_method(method: Method, console: Console) -> None:
    """One method in full."""
    console.print(text_of(f"{method.title} ({method.id})", "bold"))
    rows: list[tuple[str, Sequence[str]]] = [
        ("Grade", [method.grade]),
        ("Question", [method.question]),
        ("Statistic", [method.statistic]),
        ("Null hypothesis", [method.null]),
        ("Assumptions", method.assumptions),
        ("Blind spots", method.blind_spots),
        ("Cost", [method.cost]),
        ("Reference", [method.reference]),
    ]
    for name, texts in rows:
        heading(console, name)
        for text in texts:
            item(console, text)


def print_demo(rows: Sequence[fmt.DemoLine], console: Console) -> None:
    """Findings beside the truth, one line per module."""
    table = table_of("Module", "Truth", "Finding", "Agrees")
    last = None
    for row in rows:
        pair = (row.candidate, row.reference)
        if pair != last:
            if last is not None:
                table.add_section()
            table.add_row(text_of(f"{row.candidate} against {row.reference}", "bold"))
            last = pair
        table.add_row(
            text_of(f"  {words.label(row.module)}"),
            text_of(row.truth),
            finding_text(row.finding)
            if row.finding in fmt.FINDINGS
            else text_of(row.finding),
            Text("yes", style="green") if row.agrees else Text("NO", style="bold red"),
        )
    console.print(table)
    right = sum(row.agrees for row in rows)
    style = "bold green" if right == len(rows) else "bold red"
    console.print(Text(f"{right} of {len(rows)} findings agree.", style=style))
