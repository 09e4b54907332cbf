# SPDX-License-Identifier: Apache-2.0
"""Curves of training logs and the chain of checkpoints: small SVG of numbers only."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import TYPE_CHECKING, Final

from markupsafe import Markup

from parentage.report import format as fmt

if TYPE_CHECKING:
    from parentage.report.training_document import ChainItem, CurveItem

WIDTH: Final = 336
HEIGHT: Final = 150
LEFT: Final = 44
BOTTOM: Final = 20
_TEXT = "fill:var(--muted);font-size:11px"


def _svg(width: int, height: int, parts: Sequence[str]) -> Markup:
    inside = "".join(parts)
    return Markup(  # noqa: S704 - numbers only
        f'<svg viewBox="0 0 {width} {height}" width="{width}" height="{height}" '
        f'aria-hidden="true" focusable="false">{inside}</svg>'
    )


def _number(x: float, y: float, value: float, anchor: str) -> str:
    text = f"{value:.3g}" if abs(value) < 1e3 else fmt.whole(round(value))
    if value and (abs(value) < 1e-3 or abs(value) >= 1e7):
        text = f"{value:.1e}"
    return (
        f'<text x="{x:.1f}" y="{y:.1f}" text-anchor="{anchor}" '
        f'style="{_TEXT}">{text}</text>'
    )


def curve_plot(curve: CurveItem) -> Markup:
    """A curve over the steps: the line is the middle of each bin, the band its range.

    Losses that fall by more than a factor of four are drawn on a logarithmic scale.
    """
    steps, low, high = curve.steps, curve.low, curve.high
    usable = [
        i for i in range(len(steps)) if all(map(math.isfinite, (low[i], high[i])))
    ]
    if not usable:
        return _svg(WIDTH, HEIGHT, [])
    least, most = min(low[i] for i in usable), max(high[i] for i in usable)
    logarithmic = least > 0 and most > 4 * least and curve.name != "lr"

    def scale(value: float) -> float:
        return math.log(value) if logarithmic else value

    bottom, top = scale(least), scale(most)
    span = (top - bottom) or 1.0
    first, last = min(steps), max(steps)
    wide = (last - first) or 1.0

    def place(i: int, value: float) -> str:
        x = LEFT + (steps[i] - first) / wide * (WIDTH - LEFT - 6)
        y = 8 + (top - scale(value)) / span * (HEIGHT - BOTTOM - 14)
        return f"{x:.1f},{y:.1f}"

    band = [place(i, high[i]) for i in usable]
    band += [place(i, low[i]) for i in reversed(usable)]
    line = " ".join(place(i, curve.middle[i]) for i in usable)
    if len(usable) == 1:
        line += f" {line}"  # a dot: one point has no line
    base = HEIGHT - BOTTOM
    parts = [
        f'<polygon points="{" ".join(band)}" '
        'style="fill:var(--accent);opacity:.22;stroke:none"/>',
        f'<polyline points="{line}" style="fill:none;stroke:var(--accent);'
        'stroke-width:1.4;stroke-linecap:round"/>',
        f'<line x1="{LEFT}" y1="{base}" x2="{WIDTH}" y2="{base}" '
        'style="stroke:var(--line);stroke-width:1"/>',
        _number(LEFT - 4, 14, most, "end"),
        _number(LEFT - 4, base - 2, least, "end"),
        _number(LEFT, HEIGHT - 5, first, "start"),
        _number(WIDTH, HEIGHT - 5, last, "end"),
    ]
    return _svg(WIDTH, HEIGHT, parts)


def chain_map(chain: ChainItem) -> Markup:
    """Every point of the chain against every other: opacity is the effect of the link.

    Rows and columns follow ``points``; a frame marks a link that was found, an empty
    square one that was looked for and not found.
    """
    side = max(8, min(24, 300 // max(len(chain.points), 1)))
    size = side * len(chain.points) + 1
    parts = []
    for link in chain.links:
        effect = min(max(abs(link.effect or 0.0), 0.0), 1.0)
        found = link.finding in ("identical", "reused")
        for a, b in {(link.a, link.b), (link.b, link.a)}:
            parts.append(
                f'<rect x="{a * side + 1}" y="{b * side + 1}" width="{side - 1}" '
                f'height="{side - 1}" style="fill:var(--accent);fill-opacity:'
                f"{effect if found else 0:.2f};stroke:var("
                f'{"--ink" if found else "--line"});stroke-width:.6"/>'
            )
    return _svg(size, size, parts)
