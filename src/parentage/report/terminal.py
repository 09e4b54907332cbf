# SPDX-License-Identifier: Apache-2.0
"""Documents as text for a terminal.

Every string of a document is shown as text, never as markup, and control characters
are replaced: names come from files that nobody vouches for.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING

from rich import box
from rich.padding import Padding
from rich.table import Table
from rich.text import Text

from parentage.report import format as fmt
from parentage.report import words

if TYPE_CHECKING:
    from rich.console import Console

    from parentage.evidence.catalogue import Method
    from parentage.report.comparison import Comparison
    from parentage.report.document import (
        Assumption,
        EvidenceItem,
        ModelInfo,
        NormCosine,
        Report,
    )

COLOURS = {
    "identical": "bold red",
    "reused": "bold dark_orange",
    "correspondence": "yellow",
    "no-dependence-found": "green",
    "not-testable": "bright_black",
}

MAX_UNRECOGNISED = 8
"""Unrecognised tensors named in the terminal; the document has them all."""


SAME_SEED = "independent-initialisation"
"""The assumption that is never shortened: equal seeds look like descent."""


def clean(text: object) -> str:
    """Text without control characters."""
    return "".join(c if c.isprintable() else "\ufffd" for c in str(text))


def _text(text: object, style: str = "") -> Text:
    return Text(clean(text), style=style)


def _table(*columns: str, right: Iterable[str] = ()) -> Table:
    table = Table(box=box.SIMPLE_HEAD, pad_edge=False, header_style="bold")
    numeric = set(right)
    for name in columns:
        table.add_column(
            name,
            justify="right" if name in numeric else "left",
            overflow="fold",
        )
    return table


def _heading(console: Console, text: str) -> None:
    console.print()
    console.print(_text(text, "bold"))


def _item(console: Console, text: str, style: str = "") -> None:
    console.print(Padding(_text(text, style), (0, 0, 0, 2), expand=False))


def finding_text(finding: str) -> Text:
    """A finding in words, with its sign and its colour."""
    name, sign = fmt.FINDINGS[finding]
    return Text(f"{sign} {name}", style=COLOURS[finding])


def print_report(report: Report, console: Console) -> None:
    """An audit: the sentence, the modules, what was found where, and the limits."""
    console.print()
    console.print(_text(report.headline, "bold"))
    console.print()
    console.print(_overview(report))
    _details(report, console)
    _norms(report.norm_cosines, console)
    _models([report.candidate, *report.references], console)
    _assumptions(report.assumptions, console)
    _heading(console, "Run it again")
    _item(console, fmt.reproduce(report))
    versions = ", ".join(f"{k} {v}" for k, v in report.versions.items())
    _item(console, f"{versions}; {report.settings.family} exact tests corrected for")


def _overview(report: Report) -> Table:
    table = _table(
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
            _text(words.label(module.name)),
            Text(fmt.share(module.share_numerator, module.share_denominator))
            + Text(f"\n{parts}", style="dim"),
            finding_text(module.finding),
            _text(module.reference or "–"),
            fmt.number(module.effect),
            fmt.power10(module.log10_p_adjusted),
        )
    return table


def _details(report: Report, console: Console) -> None:
    for module in report.modules:
        _heading(console, words.label(module.name).capitalize())
        _item(console, module.sentence)
        for outcome in module.outcomes:
            for part in outcome.parts:
                what = words.parts_text([(part.block, part.layers)])
                kind = "identical" if part.identical else "reused"
                _item(
                    console,
                    f"{fmt.FINDINGS[kind][1]} {outcome.reference}: {what} {kind}, "
                    f"element correlation {part.effect:.3f}, "
                    f"p {fmt.power10(part.log10_p)}",
                    COLOURS[kind],
                )
                moved = moved_layers(part.layers)
                if moved:
                    _item(console, f"  layers moved: {moved}")
            if outcome.truncated:
                _item(
                    console,
                    f"{outcome.reference}: other shapes, common range compared: "
                    + ", ".join(outcome.truncated),
                    "dim",
                )
        if module.finding in {"identical", "reused"} and module.reason:
            _item(console, module.reason, "dim")


def moved_layers(layers: Sequence[tuple[int | None, int | None]]) -> str:
    """``3→5, 4→6``: layers whose number differs from the reference's, shortened."""
    moved = [
        f"{a}→{b}" for a, b in layers if a is not None and b is not None and a != b
    ]
    if len(moved) > 12:
        return ", ".join(moved[:6]) + ", …, " + ", ".join(moved[-2:])
    return ", ".join(moved)


def _norms(cosines: Sequence[NormCosine], console: Console) -> None:
    if not cosines:
        return
    _heading(console, "Norm gains: why their cosine proves nothing")
    for c in cosines:
        _item(
            console,
            f"{words.label(c.module)} against {c.reference}: cosine {c.cosine:.3f}; "
            f"after shuffling one side {c.shuffled:.3f}; correlation about the mean "
            f"{c.pearson:+.3f} ({c.vectors} vectors)",
        )
    _item(
        console,
        "The spread of gains is small against their mean, so the raw cosine is high "
        "between unrelated models too; only what shuffling destroys could speak of "
        "parentage.",
        "dim",
    )


def _models(models: Sequence[ModelInfo], console: Console) -> None:
    _heading(console, "Read")
    for info in models:
        _item(
            console,
            f"{info.name}: {fmt.byte_size(info.bytes_read)} read, headers included; "
            f"weights {fmt.byte_size(info.bytes_stored)} ({info.path})",
        )
    for info in models:
        _doubts(info, console)


def _doubts(info: ModelInfo, console: Console) -> None:
    """Notes, problems and unrecognised tensors of a model."""
    if info.problems or info.notes:
        _heading(console, f"About the files of {info.name}")
    for problem in info.problems:
        where = ":".join(p for p in (problem.file, problem.tensor) if p)
        colour = {"error": "red", "warning": "yellow"}.get(problem.severity, "")
        place = f" ({where})" if where else ""
        _item(console, f"{problem.severity}: {problem.message}{place}", colour)
    for note in info.notes:
        _item(console, note)
    if not info.unrecognised:
        return
    lost = sum(u.parameters for u in info.unrecognised)
    _heading(
        console,
        f"Unrecognised in {info.name}: {len(info.unrecognised)} tensors, "
        f"{fmt.share(lost, info.parameters)} of parameters",
    )
    for tensor in info.unrecognised[:MAX_UNRECOGNISED]:
        shape = "×".join(str(n) for n in tensor.shape) or "scalar"
        _item(console, f"{tensor.name}  {tensor.dtype} {shape}")
    rest = len(info.unrecognised) - MAX_UNRECOGNISED
    if rest > 0:
        _item(console, f"and {rest} more; --json lists all", "dim")


def _assumptions(assumptions: Sequence[Assumption], console: Console) -> None:
    _heading(console, "What the p-values rest on")
    for assumption in assumptions:
        text = assumption.text
        if assumption.id != SAME_SEED:
            text = text.split(". ")[0].rstrip(".") + "."
        _item(console, f"{assumption.id.replace('-', ' ')}: {text}", "dim")


def print_comparison(comparison: Comparison, console: Console) -> None:
    """Evidence about two models, module by module, without a judgement."""
    first, second = comparison.models
    console.print()
    console.print(_text(f"Evidence about {first.name} against {second.name}", "bold"))
    _item(
        console,
        f"p-values are not corrected for the {comparison.family} exact tests, and no "
        "finding is drawn; `parentage audit` does both.",
        "dim",
    )
    for module in comparison.modules:
        part = fmt.share(module.share_numerator, module.share_denominator)
        _heading(console, f"{words.label(module.name).capitalize()} ({part})")
        if not module.evidence:
            _item(console, f"{second.name} has nothing to compare it with", "dim")
            continue
        console.print(evidence_table(module.evidence))
        if module.power.correlation is not None:
            power = module.power
            _item(
                console,
                words.power_text(power.correlation, power.probability).capitalize()
                + ".",
                "dim",
            )
    _norms(comparison.norm_cosines, console)
    _models([first, second], console)
    _assumptions(comparison.assumptions, console)


def evidence_table(evidence: Sequence[EvidenceItem]) -> Table:
    """One line per test: what it is, its grade, number, expectation, p and effect."""
    table = _table(
        "Test",
        "Grade",
        "Statistic",
        "Expected",
        "p",
        "Effect",
        right=("Expected", "p", "Effect"),
    )
    for item in evidence:
        expected = "–"
        if item.null_mean is not None and item.value is not None:
            expected = (
                f"{fmt.number(item.null_mean, 1)} ± {fmt.number(item.null_sd, 1)}"
            )
        shown = fmt.statistic(item)
        if item.value is None and item.reason:
            shown = item.reason
        table.add_row(
            _text(item.method),
            _text(item.grade),
            _text(shown),
            expected,
            fmt.power10(item.log10_p),
            fmt.number(item.effect),
        )
    return table


def print_model(info: ModelInfo, console: Console) -> None:
    """What a model consists of."""
    console.print()
    console.print(_text(info.name, "bold"))
    _item(console, info.path, "dim")
    dtypes = ", ".join(f"{name} {fmt.whole(n)}" for name, n in info.dtypes.items())
    _item(
        console,
        f"{fmt.whole(info.parameters)} parameters ({dtypes}), "
        f"{fmt.byte_size(info.bytes_stored)} stored",
    )
    _item(console, f"digest {info.digest}", "dim")
    table = _table(
        "Module",
        "Family",
        "Layers",
        "Parameters",
        "Share",
        right=("Layers", "Parameters", "Share"),
    )
    for module in info.modules:
        table.add_row(
            _text(words.label(module.name)),
            _text(module.family),
            str(module.layers or "–"),
            fmt.whole(module.parameters),
            fmt.share(module.parameters, info.parameters),
        )
    console.print(table)
    _doubts(info, console)


def print_methods(methods: Sequence[Method], console: Console) -> None:
    """The catalogue as a list."""
    table = _table("Id", "Grade", "Question")
    for method in methods:
        table.add_row(Text(method.id, style="bold"), method.grade, method.question)
    console.print(table)
    console.print(_text("`parentage methods ID` explains one of them.", "dim"))


def print_method(method: Method, console: Console) -> None:
    """One method in full."""
    console.print(_text(f"{method.title} ({method.id})", "bold"))
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
        _heading(console, name)
        for text in texts:
            _item(console, text)


def print_demo(rows: Sequence[fmt.DemoLine], console: Console) -> None:
    """Findings beside the truth, one line per module."""
    table = _table("Module", "Truth", "Finding", "Agrees")
    last = None
    for row in rows:
        pair = (row.candidate, row.reference)
        if pair != last:
            if last is not None:
                table.add_section()
            table.add_row(_text(f"{row.candidate} against {row.reference}", "bold"))
            last = pair
        table.add_row(
            _text(f"  {words.label(row.module)}"),
            _text(row.truth),
            finding_text(row.finding)
            if row.finding in fmt.FINDINGS
            else _text(row.finding),
            Text("yes", style="green") if row.agrees else Text("NO", style="bold red"),
        )
    console.print(table)
    right = sum(row.agrees for row in rows)
    style = "bold green" if right == len(rows) else "bold red"
    console.print(Text(f"{right} of {len(rows)} findings agree.", style=style))
