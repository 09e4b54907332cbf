# SPDX-License-Identifier: Apache-2.0
"""Figures of an explanation: small SVG of numbers only, in the page's own colours."""

from __future__ import annotations

import math
from collections.abc import Sequence

from markupsafe import Markup

_TEXT = "fill:var(--muted);font-size:11px"
_AXIS = "stroke:var(--line);stroke-width:1"
_DASHES = ("", "5 3", "2 2", "8 3 2 3", "1 3", "10 4")


def _svg(width: int, height: int, parts: Sequence[str]) -> Markup:
    inside = "".join(parts)
    return Markup(  # noqa: S704 - numbers only
        f'<svg viewBox="0 0 {width} {height}" width="{width}" height="{height}" '
        f'aria-hidden="true" focusable="false">{inside}</svg>'
    )


def _words(x: float, y: float, text: str, anchor: str = "start") -> str:
    return (
        f'<text x="{x:.1f}" y="{y:.1f}" text-anchor="{anchor}" style="{_TEXT}">'
        f"{text}</text>"
    )


def matching(rows: Sequence[Sequence[float]]) -> Markup:
    """Cosines of units: opacity is the size of the cosine."""
    side = 8
    parts = [
        f'<rect x="{x * side}" y="{y * side}" width="{side}" height="{side}" '
        f'style="fill:var(--accent);opacity:{min(abs(value), 1):.2f}"/>'
        for y, row in enumerate(rows)
        for x, value in enumerate(row)
        if abs(value) >= 0.05
    ]
    width, height = max((len(r) for r in rows), default=1) * side, len(rows) * side
    parts.append(
        f'<rect x="0.5" y="0.5" width="{width - 1}" height="{max(height - 1, 1)}" '
        f'style="fill:none;{_AXIS}"/>'
    )
    return _svg(width, max(height, 1), parts)


def spectrum(values: Sequence[float]) -> Markup:
    """Singular values over the noise edge, logarithmic; the line is the edge."""
    width, height, left = 336, 140, 34
    shown = [max(v, 1e-3) for v in values] or [1.0]
    top = max(math.log10(max(shown)), 0.3)
    low = min(math.log10(min(shown)), -0.3)

    def up(value: float) -> float:
        return 10 + (top - math.log10(value)) / (top - low) * (height - 30)

    step = (width - left - 4) / max(len(shown), 1)
    parts = [
        f'<rect x="{left + n * step:.1f}" y="{up(v):.1f}" '
        f'width="{max(step - 1, 0.5):.1f}" height="{height - 20 - up(v):.1f}" '
        f'style="fill:var({"--accent" if v > 1.1 else "--line"})"/>'
        for n, v in enumerate(shown)
    ]
    parts.append(
        f'<line x1="{left}" y1="{up(1):.1f}" x2="{width}" y2="{up(1):.1f}" '
        f'style="stroke:var(--ink);stroke-width:1"/>'
    )
    parts.append(_words(left - 4, up(1) + 4, "1", "end"))
    parts.append(_words(left - 4, up(max(shown)) + 8, f"{max(shown):.3g}", "end"))
    parts.append(_words(left, height - 4, "1"))
    parts.append(_words(width, height - 4, str(len(shown)), "end"))
    return _svg(width, height, parts)


def histogram(edges: Sequence[float], counts: Sequence[int]) -> Markup:
    """Distribution of the differences, in units of the reference's size."""
    width, height = 336, 120
    most = max([*counts, 1])
    step = width / max(len(counts), 1)
    parts = [
        f'<rect x="{n * step:.1f}" y="{5 + (1 - c / most) * (height - 30):.1f}" '
        f'width="{step - 0.5:.1f}" height="{c / most * (height - 30):.1f}" '
        f'style="fill:var(--accent)"/>'
        for n, c in enumerate(counts)
    ]
    parts.append(
        f'<line x1="0" y1="{height - 25}" x2="{width}" y2="{height - 25}" '
        f'style="{_AXIS}"/>'
    )
    if edges:
        parts.append(_words(0, height - 8, f"{edges[0]:.2g}"))
        parts.append(_words(width, height - 8, f"{edges[-1]:.2g}", "end"))
        parts.append(_words(width / 2, height - 8, "0", "middle"))
    return _svg(width, height, parts)


def profile(rows: Sequence[tuple[int | None, Sequence[float]]]) -> Markup:
    """Weights by layer, one line for each parent, told apart by their dashes."""
    width, height, left = 336, 140, 34
    layers = [(n, w) for n, w in rows if n is not None]
    values = [v for _, w in layers for v in w] or [0.0]
    top, low = max(1.0, *values), min(0.0, *values)

    def at(place: int, value: float) -> str:
        x = left + place * (width - left - 8) / max(len(layers) - 1, 1)
        y = 10 + (top - value) / (top - low) * (height - 35)
        return f"{x:.1f},{y:.1f}"

    parts = []
    for number in range(len(layers[0][1]) if layers else 0):
        points = " ".join(at(p, w[number]) for p, (_, w) in enumerate(layers))
        parts.append(
            f'<polyline points="{points}" style="fill:none;stroke:var(--accent);'
            f'stroke-width:2;stroke-dasharray:{_DASHES[number % len(_DASHES)]}"/>'
        )
    zero = at(0, 0.0).split(",")[1]
    parts.append(
        f'<line x1="{left}" y1="{zero}" x2="{width}" y2="{zero}" style="{_AXIS}"/>'
    )
    parts.append(_words(left - 4, 16, f"{top:.2g}", "end"))
    parts.append(_words(left - 4, float(zero), "0", "end"))
    if layers:
        parts.append(_words(left, height - 4, str(layers[0][0])))
        parts.append(_words(width, height - 4, str(layers[-1][0]), "end"))
    return _svg(width, height, parts)


def key(number: int) -> Markup:
    """A short line as it is drawn for one parent."""
    dash = _DASHES[number % len(_DASHES)]
    return _svg(
        28,
        10,
        [
            '<line x1="0" y1="5" x2="28" y2="5" style="stroke:var(--accent);'
            f'stroke-width:2;stroke-dasharray:{dash}"/>'
        ],
    )
