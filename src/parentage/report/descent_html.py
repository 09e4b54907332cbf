# SPDX-License-Identifier: Apache-2.0
"""Kinds of descent as a section of an audit's page; every string is escaped."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from markupsafe import Markup

from parentage.report.descent_text import details, headline
from parentage.report.language import ENGLISH, Language

if TYPE_CHECKING:
    from parentage.report.descent_document import DescentItem


def descent_section(
    descents: Sequence[DescentItem], lang: Language = ENGLISH
) -> Markup:
    """The section, or nothing where no module was found dependent."""
    if not descents:
        return Markup()
    parts = [
        Markup(
            "<section aria-labelledby='h-descent'><h2 id='h-descent'>{}</h2>"
        ).format(lang("What kind of descent"))
    ]
    for descent in descents:
        parts.append(
            Markup("<p><strong>{}</strong></p>").format(headline(descent, lang))
        )
        rows = Markup().join(
            Markup("<li>{}</li>").format(row) for row in details(descent, lang)
        )
        if rows:
            parts.append(Markup("<ul>{}</ul>").format(rows))
    parts.append(Markup("</section>"))
    return Markup().join(parts)
