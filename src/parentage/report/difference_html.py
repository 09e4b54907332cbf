# SPDX-License-Identifier: Apache-2.0
"""A full scan as one self-contained page; every string is escaped."""

from __future__ import annotations

from typing import TYPE_CHECKING

from parentage.report import difference_text as say
from parentage.report import format as fmt
from parentage.report.language import ENGLISH, Language
from parentage.report.page import page_environment
from parentage.report.terminal_parts import clean

if TYPE_CHECKING:
    from parentage.report.difference_document import Diff


def render_difference(doc: Diff, lang: Language = ENGLISH) -> str:
    """The page: headline, table of modules and layers, what was not compared."""
    environment = page_environment()
    environment.globals.update(_=lang, language=lang.code)
    environment.filters.update(visible_line=clean)
    return environment.get_template("difference.html.j2").render(
        doc=doc,
        said=say.headline(doc, lang),
        counted=say.counted(doc.total.tensors, doc, lang),
        columns=[lang(column) for column in say.COLUMNS],
        rows=list(say.rows(doc, lang)),
        notes=[lang(say.GAINS_NOTE), lang(say.READING_NOTE)],
        left_over=say.shortened(say.left_over(doc, lang), lang),
        not_finite=say.shortened(say.not_finite(doc, lang), lang),
        command=fmt.command_line(doc.command),
    )
