# SPDX-License-Identifier: Apache-2.0
"""An explanation as text for a terminal."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from parentage.report import format as fmt
from parentage.report.descent_text import aligned_text, details, headline
from parentage.report.language import ENGLISH, Language
from parentage.report.sentences import sentence_of
from parentage.report.terminal_parts import evidence_table, heading, item, text_of

if TYPE_CHECKING:
    from rich.console import Console

    from parentage.report.descent_explain import Explanation, LayerView


def print_explanation(
    document: Explanation, console: Console, lang: Language = ENGLISH
) -> None:
    """The sentence, the kind of descent, the tests and one layer in numbers."""
    console.print()
    console.print(text_of(sentence_of(document.module, lang), "bold"))
    if document.descent is not None:
        heading(console, lang("What kind of descent"))
        item(console, headline(document.descent, lang))
        for row in details(document.descent, lang):
            item(console, "  " + row, "dim")
    heading(console, lang("The exact tests beside what chance gives"))
    console.print(evidence_table(document.module.evidence, lang))
    for view in document.views:
        _view(view, console, lang)
    for aligned in document.aligned:
        title = lang(
            "{reference}: neurons before and after undoing relabellings",
            reference=aligned.reference,
        )
        heading(console, title)
        item(console, aligned_text(aligned, lang))
    heading(console, lang("Run it again"))
    item(console, fmt.command_line(document.command))


def _view(view: LayerView, console: Console, lang: Language) -> None:
    place = "" if view.layer is None else f" {view.layer} → {view.reference_layer}"
    heading(console, f"{view.reference}: {view.role}{place}")
    square = np.array(view.matching)
    same = np.diag(square)
    rows, columns = np.indices(square.shape)
    other = square[rows != columns]
    item(
        console,
        lang(
            "Cosine of units of equal number {same}, of others {other} on average.",
            same=f"{same.mean():+.3f}",
            other=f"{np.abs(other).mean() if other.size else 0.0:.3f}",
        ),
    )
    beyond = sum(v > 1.1 for v in view.singular_values)
    item(
        console,
        lang(
            "The difference has {rank} singular values (of {full}) beyond what "
            "rounding leads to.",
            rank=beyond,
            full=len(view.singular_values),
        ),
    )
    item(
        console,
        lang(
            "{percent} % of the values are the same.", percent=f"{100 * view.equal:.1f}"
        ),
    )
