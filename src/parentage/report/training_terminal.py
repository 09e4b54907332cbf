# SPDX-License-Identifier: Apache-2.0
"""Training records in a terminal."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Final

from rich.text import Text

from parentage.evidence.record_catalogue import record_checks
from parentage.report import format as fmt
from parentage.report import training_words as say
from parentage.report.language import ENGLISH, Language
from parentage.report.terminal_parts import heading, item, table_of, text_of
from parentage.report.training_reasons import said, shown
from parentage.training.pieces import pieces

if TYPE_CHECKING:
    from rich.console import Console

    from parentage.report.training_check import TrainingCheck
    from parentage.report.training_document import (
        ComputeItem,
        LogDocument,
        LogItem,
        PieceItem,
        RecordItem,
        TrainingDocument,
    )

COLOURS: Final = {
    "verified": "green",
    "consistent": "cyan",
    "missing": "bright_black",
    "contradicted": "bold red",
}

MAX_LISTED: Final = 12
"""Rows of a list that a terminal shows; the document has them all."""


def print_check(
    made: TrainingCheck, console: Console, lang: Language = ENGLISH
) -> None:
    """What is malformed in a packet, and what it lacks."""
    console.print()
    if made.written:
        text = lang("A template was written to {folder}.", folder=made.packet)
        console.print(text_of(text, "bold"))
    if made.mistakes:
        heading(console, lang("Mistakes in the manifest"))
        for mistake in made.mistakes:
            item(console, mistake, "red")
        return
    if made.files:
        heading(console, lang("Files that cannot be used"))
        for file in made.files:
            problem = lang(say.ABSENT[file.problem])
            item(console, f"{file.file} ({file.field}): {problem}", "red")
    if made.evidence:
        heading(console, lang("Digests and signature"))
        for one in made.evidence:
            colour = "green" if one.outcome == "verified" else "red"
            item(console, said(one, lang), colour)
    _missing(made.pieces, console, lang)


def _missing(
    items: Sequence[PieceItem], console: Console, lang: Language = ENGLISH
) -> None:
    have = [p.id for p in items if p.present]
    lack = [p for p in items if not p.present]
    if have:
        heading(console, lang("In the packet"))
        item(console, ", ".join(say.piece_title(p, lang) for p in have))
    if not lack:
        return
    heading(console, lang("Missing, and what it would show"))
    for piece in lack:
        known = pieces().get(piece.id)
        title = say.piece_title(piece.id, lang)
        need = " " + lang("(needed)") if piece.needed else ""
        shows = lang(known.shows) if known else ""
        item(console, f"{title}{need}: {shows}")


def print_training(
    doc: TrainingDocument, console: Console, lang: Language = ENGLISH
) -> None:
    """What a record supports, check by check."""
    console.print()
    console.print(text_of(headline(doc, lang), "bold"))
    for line in doc.lines:
        sign = "✓" if line.met else "○"
        lacking = ", ".join(say.check_title(c, lang) for c in line.lacking)
        more = f" ({lacking})" if lacking else ""
        item(console, f"{sign} {say.rule_title(line.id, lang)}{more}")
    print_evidence(doc.evidence, console, lang)
    _compute(doc.compute, console, lang)
    _logs(doc.logs, console, lang)
    if doc.trusted:
        heading(console, lang("Taken on trust"))
        for key in doc.trusted:
            item(console, lang(say.TRUSTED.get(key, key)))
    _missing(doc.pieces, console, lang)
    heading(console, lang("How to read this"))
    for outcome in say.OUTCOMES:
        text = f"{say.outcome_words(outcome, lang)}: {lang(say.MEANINGS[outcome])}"
        item(console, text, "dim")


def headline(doc: TrainingDocument, lang: Language = ENGLISH) -> str:
    """One sentence: what the record supports."""
    places: dict[str, object] = {"model": doc.model}
    if doc.support == "contradicted":
        titles = (say.check_title(c, lang) for c in doc.contradictions)
        places["checks"] = ", ".join(titles)
    return lang(say.SUPPORT[doc.support], **places)


def print_evidence(
    evidence: Sequence[RecordItem], console: Console, lang: Language = ENGLISH
) -> None:
    """Every check, by part, with its finding as a sentence."""
    known = record_checks()
    for part, title in say.PARTS.items():
        rows = [e for e in evidence if e.check in known and known[e.check].part == part]
        if not rows:
            continue
        heading(console, lang(title))
        table = table_of(lang("Check"), lang("Outcome"), lang("Finding"))
        for row in rows:
            sign = say.OUTCOMES[row.outcome][1]
            table.add_row(
                text_of(say.check_title(row.check, lang)),
                Text(
                    f"{sign} {say.outcome_words(row.outcome, lang)}",
                    style=COLOURS[row.outcome],
                ),
                text_of(f"{row.subject}: {said(row, lang)}"),
            )
        console.print(table)


def _compute(
    items: Sequence[ComputeItem], console: Console, lang: Language = ENGLISH
) -> None:
    rows = [c for c in items if c.flops is not None or c.device_hours is not None]
    if not rows:
        return
    heads = (
        lang("Tokens trained on"),
        lang("Parameters"),
        lang("Operations"),
        lang("Device hours"),
        lang("Of the peak"),
    )
    table = table_of(lang("Stage"), lang("Hardware"), *heads, right=heads)
    for c in rows:
        used = "–" if c.utilisation is None else f"{100 * c.utilisation:.1f} %"
        table.add_row(
            text_of(c.stage),
            text_of(", ".join(c.accelerators)),
            *(text_of(shown(v)) for v in (c.tokens, c.parameters, c.flops)),
            text_of(shown(c.device_hours)),
            used,
        )
    console.print(table)


def _logs(logs: Sequence[LogItem], console: Console, lang: Language = ENGLISH) -> None:
    if not logs:
        return
    heading(console, lang("Logs"))
    for log in logs:
        text = lang(
            "{file}: read as {format}, {rows} rows, steps {first} to {last}, {size}",
            file=log.file,
            format=log.format,
            rows=fmt.whole(log.rows),
            first=shown(log.first_step),
            last=shown(log.last_step),
            size=fmt.byte_size(log.bytes_read, lang),
        )
        item(console, text)
        for curve in log.curves:
            text = lang(
                "{name}: {first} to {last}, {count} values",
                name=curve.name,
                first=shown(curve.middle[0]),
                last=shown(curve.middle[-1]),
                count=fmt.whole(curve.points),
            )
            item(console, "  " + text, "dim")
        for code, count in log.counts.items():
            item(console, f"  {say.fact_words(code, lang)}: {fmt.whole(count)}", "dim")
        places = [f for f in log.facts if f.line is not None][:MAX_LISTED]
        for fact in places:
            if fact.code in {"unreadable-line", "truncated", "damaged"}:
                text = lang("line {line}: {text}", line=fact.line, text=fact.text)
                item(console, "    " + text, "dim")


def print_logs(doc: LogDocument, console: Console, lang: Language = ENGLISH) -> None:
    """Logs on their own."""
    console.print()
    _logs(doc.logs, console, lang)
    print_evidence(doc.evidence, console, lang)
