# SPDX-License-Identifier: Apache-2.0
"""A report as a small table, for notebooks."""

from __future__ import annotations

from typing import TYPE_CHECKING

from markupsafe import Markup

from parentage.report import format as fmt
from parentage.report import words

if TYPE_CHECKING:
    from parentage.report.document import Report


def notebook_html(report: Report) -> str:
    """Headline and one row a module; no styles, so that the notebook's own apply."""
    rows = Markup("").join(
        Markup(
            "<tr><td>{}</td><td>{}</td><td>{} {}</td><td>{}</td><td>{}</td></tr>"
        ).format(
            words.label(m.name),
            fmt.share(m.share_numerator, m.share_denominator),
            fmt.FINDINGS[m.finding][1],
            fmt.finding_words(m.finding),
            m.reference or "–",
            fmt.power10(m.log10_p_adjusted),
        )
        for m in report.modules
    )
    heads = ("module", "of parameters", "finding", "reference", "p, corrected")
    head = Markup("").join(Markup("<th>{}</th>").format(name) for name in heads)
    return str(
        Markup(
            "<div><p><strong>{}</strong></p><table><thead><tr>{}</tr></thead>"
            "<tbody>{}</tbody></table><p>{}</p></div>"
        ).format(
            report.headline,
            head,
            rows,
            "“No dependence found” is no proof of training from scratch.",
        )
    )
