# SPDX-License-Identifier: Apache-2.0
"""Figures of tokenizer and architecture lineage: small SVG, drawn by hand.

Colours are the page's CSS variables, so that one figure serves light and dark. Words
in a figure are escaped; everything else is numbers.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence

from markupsafe import Markup, escape

from parentage.report.language import ENGLISH, Language
from parentage.report.lineage_tokenizer import (
    BackgroundItem,
    PlacedItem,
    ScriptItem,
    TokenizerPair,
)

SHARED, ONLY_A, ONLY_B = "var(--accent)", "var(--muted)", "var(--line)"
"""Colours of a bar's three parts; they differ in lightness too."""

_TEXT = "fill:var(--muted);font-size:11px"
_HALO = _TEXT + ";paint-order:stroke;stroke:var(--paper);stroke-width:4px"
_LINE = 'style="stroke:var(--line);stroke-width:1"'


def _svg(width: int, height: int, *parts: str) -> Markup:
    inside = "".join(parts)
    return Markup(  # noqa: S704 - numbers, and words that are escaped
        f'<svg viewBox="0 0 {width} {height}" width="{width}" height="{height}" '
        f'aria-hidden="true" focusable="false">{inside}</svg>'
    )


def _text(
    x: float, y: float, text: str, anchor: str = "start", *, halo: bool = False
) -> str:
    style = _HALO if halo else _TEXT
    return (
        f'<text x="{x:.1f}" y="{y:.1f}" text-anchor="{anchor}" style="{style}">'
        f"{escape(text)}</text>"
    )


def _line(x1: float, y1: float, x2: float, y2: float, style: str = _LINE) -> str:
    return f'<line x1="{x1:.1f}" y1="{y1:.1f}" x2="{x2:.1f}" y2="{y2:.1f}" {style}/>'


def _rect(x: float, y: float, width: float, height: float, fill: str) -> str:
    return (
        f'<rect x="{x:.2f}" y="{y:.1f}" width="{max(width, 0):.2f}" '
        f'height="{height:.1f}" style="fill:{fill}"/>'
    )


def swatch(fill: str) -> Markup:
    """A square of one colour, for a legend."""
    return _svg(10, 10, _rect(0, 0, 10, 10, fill))


def script_bar(script: ScriptItem) -> Markup:
    """All tokens of one script: of the candidate alone, of both, of the reference.

    The bar's whole length is the number of different tokens, whatever it is.
    """
    union = max(script.a + script.b - script.shared, 1)
    widths = [
        100 * (script.a - script.shared) / union,
        100 * script.shared / union,
        100 * (script.b - script.shared) / union,
    ]
    parts, x = [], 0.0
    for width, fill in zip(widths, (ONLY_A, SHARED, ONLY_B), strict=True):
        parts.append(_rect(x, 0, width, 10, fill))
        x += width
    return Markup(  # noqa: S704 - numbers only
        '<svg viewBox="0 0 100 10" width="100%" height="12" '
        'preserveAspectRatio="none" aria-hidden="true" focusable="false" '
        f'style="display:block;min-width:6rem">{"".join(parts)}</svg>'
    )


def bits_bar(bits: float, most: float, *, agrees: bool) -> Markup:
    """Rarity of one field's value; a difference is drawn hollow."""
    width = 100 * min(bits / most, 1.0) if most > 0 else 0.0
    fill = SHARED if agrees else "none"
    edge = "" if agrees else "stroke:var(--muted);stroke-width:1.5;"
    inset = 0 if agrees else 1
    return Markup(  # noqa: S704 - numbers only
        '<svg viewBox="0 0 104 10" width="72" height="7" aria-hidden="true" '
        f'focusable="false" style="display:block"><rect x="{inset}" y="{inset}" '
        f'width="{max(width - inset, 0):.2f}" height="{10 - 2 * inset}" '
        f'style="{edge}fill:{fill}"/></svg>'
    )


def order_plot(pair: TokenizerPair, lang: Language = ENGLISH) -> Markup | None:
    """Where each sampled shared token stands in both orders.

    Returns:
        ``None`` where too few tokens have a place in both.
    """
    if len(pair.points) < 3:
        return None
    size, left, bottom = 280.0, 18.0, 22.0
    span_x = max(pair.a.learned, max(x for x, _ in pair.points) + 1)
    span_y = max(pair.b.learned, max(y for _, y in pair.points) + 1)
    dots = "".join(
        f"M{left + size * x / span_x:.1f} {8 + size * (1 - y / span_y):.1f}h0"
        for x, y in pair.points
    )
    low = 8 + size
    learned = pair.order_basis == "learned"
    across = lang("learned by {name}", name="{name}") if learned else "{name}"
    return _svg(
        316,
        316,
        _line(left, low, left + size, low),
        _line(left, 8, left, low),
        f'<path d="{dots}" style="stroke:{SHARED};stroke-width:2.2;'
        'stroke-linecap:round;stroke-opacity:.55;fill:none"/>',
        _text(left + size, low + bottom - 7, _axis(across, pair.a.name), "end"),
        f'<g transform="translate(12 8) rotate(-90)">'
        f"{_text(0, 0, _axis(across, pair.b.name), 'end')}</g>",
    )


def _axis(text: str, name: str) -> str:
    short = name if len(name) <= 34 else name[:33] + "…"
    return text.replace("{name}", short) + " →"


def background_plot(
    share: PlacedItem, background: BackgroundItem, lang: Language = ENGLISH
) -> Markup | None:
    """A share's place among independent and related pairs, from 0 to 1.

    Returns:
        ``None`` where the share says nothing for this pair.
    """
    if share.value is None or not math.isfinite(share.value):
        return None
    left, width = 8.0, 320.0

    def at(value: float) -> float:
        return left + width * min(max(value, 0.0), 1.0)

    dashed = 'style="stroke:var(--muted);stroke-width:1;stroke-dasharray:3 3"'
    here = at(share.value)
    anchor = "start" if share.value < 0.2 else "end" if share.value > 0.8 else "middle"
    mark = (
        f'<path d="M{here:.1f} 104V22" style="stroke:{SHARED};stroke-width:2"/>'
        f'<path d="M{here:.1f} 24l-5 -8h10z" style="fill:{SHARED}"/>'
        f'<text x="{here:.1f}" y="11" text-anchor="{anchor}" '
        f'style="fill:{SHARED};font-size:11px;font-weight:600">'
        f"{escape(lang('this pair'))} {share.value:.3f}</text>"
    )
    side = ("end", left + width) if share.value < 0.3 else ("start", left)
    related = lang("related pairs ({count})", count=len(background.related))
    independent = lang("independent pairs ({count})", count=len(background.independent))
    return _svg(
        336,
        124,
        _rect(at(share.link), 24, at(1) - at(share.link), 80, "var(--faint)"),
        _line(at(share.clear), 24, at(share.clear), 104, dashed),
        _line(at(share.link), 24, at(share.link), 104, dashed),
        _ticks(background.related, 52, at, 0.8),
        _ticks(background.independent, 92, at, 0.3),
        _line(left, 104, left + width, 104),
        mark,
        _text(side[1], 38, related, side[0], halo=True),
        _text(side[1], 78, independent, side[0], halo=True),
        _text(left, 118, "0"),
        _text(at(0.5), 118, "0.5", "middle"),
        _text(left + width, 118, "1", "end"),
    )


def _ticks(
    values: Sequence[float], y: float, at: Callable[[float], float], opacity: float
) -> str:
    path = "".join(f"M{at(value):.1f} {y - 7:.1f}v14" for value in values)
    return (
        f'<path d="{path}" style="stroke:var(--ink);stroke-width:1.4;'
        f'stroke-opacity:{opacity};fill:none"/>'
    )


def share_label(share: PlacedItem, lang: Language = ENGLISH) -> str:
    """What a background figure shows, in words, for its caption and its label."""
    assert share.value is not None  # noqa: S101 - only drawn where there is a value
    return lang(
        "This pair {value}; the largest of the independent pairs {largest}.",
        value=f"{share.value:.3f}",
        largest=f"{share.largest_control:.3f}",
    )
