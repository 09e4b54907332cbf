# SPDX-License-Identifier: Apache-2.0
"""Figures as inline SVG: deterministic, theme-following, free of the document's words.

Every figure is made of numbers only: names from model files stay in HTML, where they
are escaped. Colours are written as CSS variables, so one figure serves light and dark
pages. matplotlib comes with this module, so only what draws may import it.
"""

from __future__ import annotations

import io
import math
import re
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import Any

import matplotlib as mpl
from matplotlib.axes import Axes
from matplotlib.collections import PatchCollection
from matplotlib.figure import Figure
from matplotlib.patches import Rectangle

from parentage.report.document import EvidenceItem, LayerMapItem, NormCosine
from parentage.report.format import deviations
from parentage.report.language import ENGLISH, Language, marked
from parentage.stats.tails import log10_binomial_tail

INK, MUTED, ACCENT, FAINT = "#010101", "#020202", "#030303", "#040404"
"""Stand-ins that become CSS variables once the SVG is written."""

VARIABLES = {
    INK: "var(--ink)",
    MUTED: "var(--muted)",
    ACCENT: "var(--accent)",
    FAINT: "var(--faint)",
}

HEAT = (196, 84, 40)
"""The one colour of heat maps; opacity carries the value, on either background."""

WIDTH = 3.5
"""Inches; 336 CSS pixels, so that a phone shows figures at their own size."""

FAR = 8.0
"""Beyond this many standard deviations the axis is broken."""

STYLE: Any = {
    "svg.fonttype": "none",
    "svg.hashsalt": "parentage",
    "svg.image_inline": True,
    "font.family": "sans-serif",
    "font.size": 8,
    "text.parse_math": False,
    "axes.edgecolor": MUTED,
    "axes.labelcolor": MUTED,
    "axes.linewidth": 0.6,
    "axes.spines.top": False,
    "axes.spines.right": False,
    "text.color": INK,
    "xtick.color": MUTED,
    "ytick.color": MUTED,
    "xtick.major.width": 0.6,
    "ytick.major.width": 0.6,
    "xtick.major.size": 2.5,
    "ytick.major.size": 2.5,
    "figure.facecolor": "none",
    "axes.facecolor": "none",
    "savefig.facecolor": "none",
}


@contextmanager
def canvas(height: float, width: float = WIDTH) -> Iterator[Figure]:
    """An empty figure in the style of all of them; sizes are inches."""
    with mpl.rc_context(STYLE):
        yield Figure(figsize=(width, height))


WORDS = (
    marked("candidate layer"),
    marked("chance"),
    marked("correlation about the mean"),
    marked("cosine"),
    marked("cosine, one side shuffled"),
    marked("observed"),
    marked("reference layer"),
)
"""The words in figures. They are drawn in English and exchanged in the SVG, whose text
is the browser's to set: the fonts that matplotlib measures with may lack a script."""


def as_svg(figure: Figure, prefix: str, lang: Language) -> str:
    """The figure as an ``<svg>`` element whose ids cannot clash with others."""
    buffer = io.StringIO()
    nothing = dict.fromkeys(("Date", "Creator", "Format", "Type"))
    figure.savefig(buffer, format="svg", metadata=nothing)
    text = buffer.getvalue()
    text = text[text.index("<svg") :]
    # matplotlib's style element would apply to the whole page.
    for element in ("metadata", "style"):
        text = re.sub(f"<{element}.*?</{element}>", "", text, flags=re.DOTALL)
    for stand_in, variable in VARIABLES.items():
        text = text.replace(stand_in, variable)
    for word in WORDS:
        text = text.replace(f">{word}</text>", f">{lang(word)}</text>")
    text = _own_ids(text, prefix)
    # The page's own font and language; the label stands in the figure's caption.
    text = re.sub(r"'DejaVu Sans'[^;\"]*", "inherit", text)
    return text.replace(
        "<svg ", '<svg aria-hidden="true" focusable="false" ', 1
    ).strip()


def _own_ids(text: str, prefix: str) -> str:
    """Drop ids that nothing refers to and give the others a prefix."""
    used = set(re.findall(r"(?:url\(#|href=\"#)([\w.-]+)", text))

    def rename(match: re.Match[str]) -> str:
        name = match[1]
        return f' id="{prefix}-{name}"' if name in used else ""

    text = re.sub(r"\s+id=\"([\w.-]+)\"", rename, text)
    return re.sub(r"(url\(#|href=\"#)([\w.-]+)", rf"\1{prefix}-\2", text)


def layer_map(
    item: LayerMapItem, log10_level: float, prefix: str, lang: Language = ENGLISH
) -> str | None:
    """All pairs of layers: opacity is the share of coins that agree beyond half.

    Args:
        item: the coins of a block.
        log10_level: pairs whose own p-value is at most this are outlined.
        prefix: makes the ids of the figure its own.
        lang: of the words on the axes.

    Returns:
        SVG, or ``None`` where there is a single pair, or no full table, to show.
    """
    rows, columns = len(item.rows), len(item.columns)
    if rows * columns < 2 or not _rectangular(item):
        return None
    pixels = [
        [(*(c / 255 for c in HEAT), shade(h, n)) for h, n in zip(*pair, strict=True)]
        for pair in zip(item.heads, item.trials, strict=True)
    ]
    ratio = min(max(rows / columns, 0.25), 1.6)
    with canvas(height=0.55 + 2.5 * ratio, width=3.3) as figure:
        axes = figure.subplots()
        axes.imshow(pixels, interpolation="none", aspect="auto", origin="upper")
        _outline(axes, item, log10_level)
        _layer_ticks(axes, item.columns, item.rows)
        axes.set_xlabel("reference layer")
        axes.set_ylabel("candidate layer")
        for spine in axes.spines.values():
            spine.set_visible(True)
        figure.subplots_adjust(
            left=0.15, right=0.98, top=0.98, bottom=0.42 / (0.55 + 2.5 * ratio)
        )
        return as_svg(figure, prefix, lang)


def _rectangular(item: LayerMapItem) -> bool:
    """Whether the counts have the shape that the layers say."""
    return all(
        len(table) == len(item.rows)
        and {len(row) for row in table} == {len(item.columns)}
        for table in (item.heads, item.trials)
    )


def shade(heads: int, trials: int) -> float:
    """Opacity of a cell: 0 for half of the coins or fewer, 1 for all of them."""
    if trials <= 0:
        return 0.0
    return min(max(2 * heads / trials - 1, 0.0), 1.0)


def _outline(axes: Axes, item: LayerMapItem, log10_level: float) -> None:
    boxes = []
    for i, (heads, trials) in enumerate(zip(item.heads, item.trials, strict=True)):
        for j, (h, n) in enumerate(zip(heads, trials, strict=True)):
            if 0 <= h <= n and n and log10_binomial_tail(h, n) <= log10_level:
                boxes.append(Rectangle((j - 0.5, i - 0.5), 1, 1))
    size = max(len(item.rows), len(item.columns))
    axes.add_collection(
        PatchCollection(
            boxes,
            facecolor="none",
            edgecolor=INK,
            linewidth=1.1 if size <= 24 else 0.5,
            clip_on=False,
        )
    )


def _layer_ticks(
    axes: Axes, columns: Sequence[int | None], rows: Sequence[int | None]
) -> None:
    for axis, numbers in ((axes.xaxis, columns), (axes.yaxis, rows)):
        step = max(1, math.ceil(len(numbers) / 12))
        places = list(range(0, len(numbers), step))
        axis.set_ticks(
            places, ["–" if numbers[p] is None else str(numbers[p]) for p in places]
        )


def null_plot(item: EvidenceItem, prefix: str, lang: Language = ENGLISH) -> str | None:
    """The observed number against its distribution under the null hypothesis.

    Returns:
        SVG, or ``None`` where the evidence has no null distribution to draw.
    """
    z = deviations(item)
    # Counts of coins only: other nulls are not bell-shaped, and none is drawn as one.
    if z is None or item.statistic != "heads":
        return None
    if item.value is None or not item.null_sd or item.null_mean is None:
        return None
    with canvas(height=1.15) as figure:
        if abs(z) <= FAR:
            axes = figure.subplots()
            reach = max(4.0, abs(z) + 0.8)
            _density(axes, item.null_mean, item.null_sd, reach)
            _observed(axes, item.value, INK)
        else:
            near, far = figure.subplots(
                1,
                2,
                width_ratios=(3, 1) if z > 0 else (1, 3),
                gridspec_kw={"wspace": 0.1},
            )
            if z < 0:
                near, far = far, near
            _density(near, item.null_mean, item.null_sd, 4.0)
            _observed(far, item.value, ACCENT)
            far.set_xlim(item.value - 2 * item.null_sd, item.value + 2 * item.null_sd)
            far.set_ylim(0, 1.3)
            _break(near, far, right=z > 0)
        figure.subplots_adjust(left=0.04, right=0.96, top=0.97, bottom=0.22)
        return as_svg(figure, prefix, lang)


def _density(axes: Axes, mean: float, sd: float, reach: float) -> None:
    steps = [-reach + 2 * reach * i / 120 for i in range(121)]
    x = [mean + s * sd for s in steps]
    y = [math.exp(-s * s / 2) for s in steps]
    axes.fill_between(x, y, color=FAINT, linewidth=0)
    axes.plot(x, y, color=MUTED, linewidth=0.8)
    axes.set_ylim(0, 1.3)
    axes.set_xlim(x[0], x[-1])
    axes.text(mean, 0.38, "chance", ha="center", color=MUTED, fontsize=8)
    axes.set_yticks([])
    axes.spines["left"].set_visible(False)
    _few_ticks(axes, [mean - 3 * sd, mean, mean + 3 * sd])


def _observed(axes: Axes, value: float, colour: str) -> None:
    axes.axvline(value, ymax=0.84, color=colour, linewidth=2)
    axes.text(
        value,
        1.12,
        "observed",
        ha="center",
        va="bottom",
        color=colour,
        fontsize=8,
        fontweight="bold",
        clip_on=False,
    )
    axes.set_yticks([])
    axes.spines["left"].set_visible(False)


def _break(near: Axes, far: Axes, *, right: bool) -> None:
    """Two slanted strokes where the axis leaves out a stretch."""
    _few_ticks(far, [sum(far.get_xlim()) / 2])
    edges = ((near, 1.0), (far, 0.0)) if right else ((near, 0.0), (far, 1.0))
    for axes, edge in edges:
        axes.plot(
            [edge],
            [0],
            transform=axes.transAxes,
            marker=[(-0.5, -1), (0.5, 1)],
            markersize=7,
            linestyle="none",
            color=MUTED,
            markeredgecolor=MUTED,
            clip_on=False,
        )


def _few_ticks(axes: Axes, places: Sequence[float]) -> None:
    axes.set_xticks(list(places), [_short(p) for p in places])


def _short(value: float) -> str:
    return f"{value:,.0f}" if abs(value) >= 10 else f"{value:.1f}"


def norm_bars(item: NormCosine, prefix: str, lang: Language = ENGLISH) -> str:
    """Raw cosine beside what shuffling and centring leave of it."""
    values = [item.cosine, item.shuffled, item.pearson]
    names = ["cosine", "cosine, one side shuffled", "correlation about the mean"]
    with canvas(height=1.35) as figure:
        axes = figure.subplots()
        finite = [v if math.isfinite(v) else 0.0 for v in values]
        low = min(-0.05, *finite)
        for i, (name, value) in enumerate(zip(names, finite, strict=True)):
            y = 2 - i
            axes.barh(y - 0.18, value, height=0.3, color=ACCENT if i == 2 else MUTED)
            axes.text(0, y + 0.12, name, ha="left", va="bottom", fontsize=8)
            axes.text(
                max(value, 0.0) + 0.02,
                y - 0.18,
                f"{value:.3f}",
                va="center",
                fontsize=8,
            )
        axes.axvline(0, color=MUTED, linewidth=0.6)
        axes.set_xlim(low, 1.2)
        axes.set_ylim(-0.5, 2.6)
        axes.set_yticks([])
        axes.set_xticks([0, 0.5, 1], ["0", "0.5", "1"])
        axes.spines["left"].set_visible(False)
        figure.subplots_adjust(left=0.02, right=0.98, top=0.99, bottom=0.17)
        return as_svg(figure, prefix, lang)
