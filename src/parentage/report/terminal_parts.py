# SPDX-License-Identifier: Apache-2.0
"""Pieces that several documents share when they are shown in a terminal."""

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

    from parentage.report.document import (
        Assumption,
        EvidenceItem,
        ModelInfo,
        NormCosine,
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


def text_of(text: object, style: str = "") -> Text:
    """Text without markup or control characters."""
    return Text(clean(text), style=style)


def table_of(*columns: str, right: Iterable[str] = ()) -> Table:
    """An empty table with these columns."""
    table = Table(box=box.SIMPLE_HEAD, pad_edge=False, header_style="bold")
    numeric = set(right)
    for name in columns:
        table.add_column(
            name,
            justify="right" if name in numeric else "left",
            overflow="fold",
        )
    return table


def heading(console: Console, text: str) -> None:
    """A bold line after an empty one."""
    console.print()
    console.print(text_of(text, "bold"))


def item(console: Console, text: str, style: str = "") -> None:
    """An indented paragraph."""
    console.print(Padding(text_of(text, style), (0, 0, 0, 2), expand=False))


def finding_text(finding: str) -> Text:
    """A finding in words, with its sign and its colour."""
    name, sign = fmt.FINDINGS[finding]
    return Text(f"{sign} {name}", style=COLOURS[finding])


def norm_trap(cosines: Sequence[NormCosine], console: Console) -> None:
    """Norm cosines with what shuffling and centring leave of them."""
    if not cosines:
        return
    heading(console, "Norm gains: why their cosine proves nothing")
    for c in cosines:
        item(
            console,
            f"{words.label(c.module)} against {c.reference}: cosine {c.cosine:.3f}; "
            f"after shuffling one side {c.shuffled:.3f}; correlation about the mean "
            f"{c.pearson:+.3f} ({c.vectors} vectors)",
        )
    item(
        console,
        "The spread of gains is small against their mean, so the raw cosine is high "
        "between unrelated models too; only what shuffling destroys could speak of "
        "parentage.",
        "dim",
    )


def models_read(models: Sequence[ModelInfo], console: Console) -> None:
    """How much was read of each model, and what was odd."""
    heading(console, "Read")
    for info in models:
        item(
            console,
            f"{info.name}: {fmt.byte_size(info.bytes_read)} read, headers included; "
            f"weights {fmt.byte_size(info.bytes_stored)} ({info.path})",
        )
    for info in models:
        doubts(info, console)


def doubts(info: ModelInfo, console: Console) -> None:
    """Notes, problems and unrecognised tensors of a model."""
    if info.problems or info.notes:
        heading(console, f"About the files of {info.name}")
    for problem in info.problems:
        where = ":".join(p for p in (problem.file, problem.tensor) if p)
        colour = {"error": "red", "warning": "yellow"}.get(problem.severity, "")
        place = f" ({where})" if where else ""
        item(console, f"{problem.severity}: {problem.message}{place}", colour)
    for note in info.notes:
        item(console, note)
    if not info.unrecognised:
        return
    lost = sum(u.parameters for u in info.unrecognised)
    heading(
        console,
        f"Unrecognised in {info.name}: {len(info.unrecognised)} tensors, "
        f"{fmt.share(lost, info.parameters)} of parameters",
    )
    for tensor in info.unrecognised[:MAX_UNRECOGNISED]:
        shape = "×".join(str(n) for n in tensor.shape) or "scalar"
        item(console, f"{tensor.name}  {tensor.dtype} {shape}")
    rest = len(info.unrecognised) - MAX_UNRECOGNISED
    if rest > 0:
        item(console, f"and {rest} more; --json lists all", "dim")


def assumptions_short(assumptions: Sequence[Assumption], console: Console) -> None:
    """First sentences; the caveat about equal seeds in full."""
    heading(console, "What the p-values rest on")
    for assumption in assumptions:
        text = assumption.text
        if assumption.id != SAME_SEED:
            text = text.split(". ")[0].rstrip(".") + "."
        item(console, f"{assumption.id.replace('-', ' ')}: {text}", "dim")


def evidence_table(evidence: Sequence[EvidenceItem]) -> Table:
    """One line per test: what it is, its grade, number, expectation, p and effect."""
    table = table_of(
        "Test",
        "Grade",
        "Statistic",
        "Expected",
        "p",
        "Effect",
        right=("Expected", "p", "Effect"),
    )
    for one in evidence:
        expected = "–"
        if one.null_mean is not None and one.value is not None:
            expected = f"{fmt.number(one.null_mean, 1)} ± {fmt.number(one.null_sd, 1)}"
        shown = fmt.statistic(one)
        if one.value is None and one.reason:
            shown = one.reason
        table.add_row(
            text_of(one.method),
            text_of(one.grade),
            text_of(shown),
            expected,
            fmt.power10(one.log10_p),
            fmt.number(one.effect),
        )
    return table
