# SPDX-License-Identifier: Apache-2.0
"""A full scan in the terminal."""

from __future__ import annotations

from typing import TYPE_CHECKING

from parentage.report import difference_text as say
from parentage.report import format as fmt
from parentage.report.language import ENGLISH, Language
from parentage.report.reasons import say_reason
from parentage.report.terminal_parts import heading, item, table_of, text_of

if TYPE_CHECKING:
    from rich.console import Console

    from parentage.report.difference_document import Diff


def print_difference(doc: Diff, console: Console, lang: Language = ENGLISH) -> None:
    """Headline, table of modules and layers, and what could not be compared."""
    console.print(text_of(say.headline(doc, lang), "bold"))
    item(console, say.counted(doc.total.tensors, doc, lang))
    names = [lang(column) for column in say.COLUMNS]
    table = table_of(*names, right=names[1:])
    for own, cells in say.rows(doc, lang):
        name, *rest = cells
        style = "bold" if own else ""
        shown = name if own else f"  {name}"
        table.add_row(text_of(shown, style), *(text_of(c, style) for c in rest))
    console.print()
    console.print(table)
    for title, lines in (
        (lang("Not compared"), say.left_over(doc, lang)),
        (
            lang("Values that are not finite, left out of the numbers"),
            say.not_finite(doc, lang),
        ),
    ):
        if lines:
            heading(console, title)
            for line in say.shortened(lines, lang):
                item(console, line)
    for model in (doc.a, doc.b):
        if not model.problems and not model.notes:
            continue
        heading(console, lang("About the files of {name}", name=model.name))
        for problem in model.problems:
            word = fmt.severity_words(problem.severity, lang)
            item(console, f"{word}: {say_reason(problem.message, lang)}")
        for note in model.notes:
            item(console, say_reason(note, lang))
    console.print()
    item(console, lang(say.GAINS_NOTE), "dim")
    item(console, lang(say.READING_NOTE), "dim")
