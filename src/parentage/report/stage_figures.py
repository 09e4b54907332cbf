# SPDX-License-Identifier: Apache-2.0
"""Charts of a stage: shares of full marks with their ranges, made of numbers only.

Rows are numbered as in the table beside the chart, where the names stand.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from markupsafe import Markup

from parentage.report.figures import ACCENT, FAINT, INK, MUTED, as_svg, canvas
from parentage.report.language import ENGLISH, Language

if TYPE_CHECKING:
    from parentage.report.stage_view import Bar


def bars(rows: Sequence[Bar], prefix: str, lang: Language = ENGLISH) -> Markup:
    """Horizontal bars: full colour is certain, pale is possible, the tick the average.

    Args:
        rows: from top to bottom.
        prefix: makes the ids of the figure its own.
        lang: of the figure's words, of which there are none.
    """
    height = 0.45 + 0.24 * len(rows)
    with canvas(height=height) as figure:
        axes = figure.subplots()
        for number, row in enumerate(rows):
            y = len(rows) - number
            axes.barh(y, 1.0, height=0.62, color=FAINT, linewidth=0)
            axes.barh(y, row.low, height=0.62, color=ACCENT, linewidth=0)
            axes.barh(
                y,
                row.high - row.low,
                left=row.low,
                height=0.62,
                color=ACCENT,
                alpha=0.35,
                linewidth=0,
            )
            # The middle of what the average can be; a line as wide as its range.
            axes.plot([row.average_low, row.average_high], [y, y], color=INK, lw=1.2)
            middle = (row.average_low + row.average_high) / 2
            axes.plot([middle, middle], [y - 0.38, y + 0.38], color=INK, lw=1.2)
        axes.set_xlim(0, 1)
        axes.set_ylim(0.4, len(rows) + 0.6)
        axes.set_xticks(
            [0, 0.25, 0.5, 0.75, 1], ["0 %", "25 %", "50 %", "75 %", "100 %"]
        )
        axes.set_yticks(
            [len(rows) - n for n in range(len(rows))],
            [str(n + 1) for n in range(len(rows))],
        )
        axes.tick_params(axis="y", length=0, colors=MUTED)
        figure.subplots_adjust(left=0.07, right=0.95, top=0.99, bottom=0.3 / height)
        return Markup(as_svg(figure, prefix, lang))  # noqa: S704 - numbers only
