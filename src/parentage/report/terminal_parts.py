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
from parentage.report.language import ENGLISH, Language
from parentage.report.reasons import say_reason

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


def finding_text(finding: str, lang: Language = ENGLISH) -> Text:
    """A finding in words, with its sign and its colour."""
    name, sign = fmt.FINDINGS[finding]
    return Text(f"{sign} {lang(name)}", style=COLOURS[finding])


def norm_trap(
    cosines: Sequence[NormCosine], console: Console, lang: Language = ENGLISH
) -> None:
    """Norm cosines with what shuffling and centring leave of them."""
    if not cosines:
        return
    heading(console, lang("Norm gains: why their cosine proves nothing"))
    for c in cosines:
        text = lang(
            "{module} against {reference}: cosine {cosine}; after shuffling one side "
            "{shuffled}; correlation about the mean {pearson} ({vectors} vectors)",
            module=words.label(c.module, lang),
            reference=c.reference,
            cosine=f"{c.cosine:.3f}",
            shuffled=f"{c.shuffled:.3f}",
            pearson=f"{c.pearson:+.3f}",
            vectors=c.vectors,
        )
        item(console, text)
    item(
        console,
        lang(
            "The spread of gains is small against their mean, so the raw cosine is "
            "high between unrelated models too; only what shuffling destroys could "
            "speak of parentage."
        ),
        "dim",
    )


def models_read(
    models: Sequence[ModelInfo], console: Console, lang: Language = ENGLISH
) -> None:
    """How much was read of each model, and what was odd."""
    heading(console, lang("Read"))
    for info in models:
        text = lang(
            "{name}: {read} read, headers included; weights {stored} ({path})",
            name=info.name,
            read=fmt.byte_size(info.bytes_read, lang),
            stored=fmt.byte_size(info.bytes_stored, lang),
            path=info.path,
        )
        item(console, text)
    for info in models:
        doubts(info, console, lang)


def doubts(info: ModelInfo, console: Console, lang: Language = ENGLISH) -> None:
    """Notes, problems and unrecognised tensors of a model."""
    if info.problems or info.notes:
        heading(console, lang("About the files of {name}", name=info.name))
    for problem in info.problems:
        where = ":".join(p for p in (problem.file, problem.tensor) if p)
        colour = {"error": "red", "warning": "yellow"}.get(problem.severity, "")
        place = f" ({where})" if where else ""
        word = fmt.severity_words(problem.severity, lang)
        said = say_reason(problem.message, lang)
        item(console, f"{word}: {said}{place}", colour)
    for note in info.notes:
        item(console, say_reason(note, lang))
    if not info.unrecognised:
        return
    lost = sum(u.parameters for u in info.unrecognised)
    text = lang(
        "Unrecognised in {name}: {count} tensors, {share} of parameters",
        name=info.name,
        count=len(info.unrecognised),
        share=fmt.share(lost, info.parameters),
    )
    heading(console, text)
    for tensor in info.unrecognised[:MAX_UNRECOGNISED]:
        shape = "×".join(str(n) for n in tensor.shape) or lang("scalar")
        item(console, f"{tensor.name}  {tensor.dtype} {shape}")
    rest = len(info.unrecognised) - MAX_UNRECOGNISED
    if rest > 0:
        item(console, lang("and {count} more; --json lists all", count=rest), "dim")


def assumptions_short(
    assumptions: Sequence[Assumption], console: Console, lang: Language = ENGLISH
) -> None:
    """First sentences; the caveat about equal seeds in full."""
    heading(console, lang("What the p-values rest on"))
    for assumption in assumptions:
        text = lang(assumption.text)
        if assumption.id != SAME_SEED:
            text = text.split(". ")[0].rstrip(".") + "."
        name = lang(assumption.id.replace("-", " "))
        item(console, f"{name}: {text}", "dim")


def evidence_table(evidence: Sequence[EvidenceItem], lang: Language = ENGLISH) -> Table:
    """One line per test: what it is, its grade, number, expectation, p and effect."""
    expected_head, effect_head = lang("Expected"), lang("Effect")
    table = table_of(
        lang("Test"),
        lang("Grade"),
        lang("Statistic"),
        expected_head,
        "p",
        effect_head,
        right=(expected_head, "p", effect_head),
    )
    for one in evidence:
        expected = "–"
        if one.null_mean is not None and one.value is not None:
            expected = f"{fmt.number(one.null_mean, 1)} ± {fmt.number(one.null_sd, 1)}"
        shown = fmt.statistic(one, lang)
        if one.value is None and one.reason:
            shown = say_reason(one.reason, lang)
        table.add_row(
            text_of(one.method),
            text_of(fmt.grade_words(one.grade, lang)),
            text_of(shown),
            expected,
            fmt.power10(one.log10_p),
            fmt.number(one.effect),
        )
    return table
