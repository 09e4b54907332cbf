# SPDX-License-Identifier: Apache-2.0
"""A module's numbers layer by layer: the way from a sentence down to its evidence."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache, partial

from jinja2 import Environment
from markupsafe import Markup

from parentage.report import format as fmt
from parentage.report import words
from parentage.report.document import LayerMapItem, ModuleResult, Outcome
from parentage.report.language import ENGLISH, Language
from parentage.report.page import page_environment, page_text

MAX_ROWS = 600
"""Rows of one table; a page stays readable, and the document has every number."""


@dataclass(frozen=True)
class LayerRow:
    """One block of one candidate layer beside a layer of the reference.

    Attributes:
        layer, other: the candidate's layer and the reference's beside it.
        block: in words.
        heads, trials: coins that agree, of how many.
        correlation: element correlation.
        reused: whether the finding names this very pair.
    """

    layer: int
    other: int
    block: str
    heads: int
    trials: int
    correlation: float
    reused: bool


def layer_rows(
    module: ModuleResult, outcome: Outcome, lang: Language = ENGLISH
) -> list[LayerRow]:
    """Numbers of every candidate layer: beside the layer it came from, else its own.

    Nothing is computed: the pairs are those of the finding, and where it names none,
    layers of the same number.
    """
    found: dict[tuple[str, int], int] = {}
    for part in outcome.parts:
        for own, other in part.layers:
            if own is not None and other is not None:
                found[part.block, own] = other
    rows = []
    for item in module.layer_maps:
        if (item.reference, item.reference_module) != (
            outcome.reference,
            outcome.reference_module,
        ):
            continue
        rows += _of_map(item, found, lang)
    return sorted(rows, key=lambda row: (row.layer, row.block))


def _of_map(
    item: LayerMapItem, found: dict[tuple[str, int], int], lang: Language
) -> list[LayerRow]:
    rows = []
    for i, layer in enumerate(item.rows):
        if layer is None:
            continue
        other = found.get((item.block, layer), layer)
        if other not in item.columns:
            continue
        j = item.columns.index(other)
        try:
            heads, trials = item.heads[i][j], item.trials[i][j]
            correlation = item.correlation[i][j]
        except IndexError:
            continue  # A table that is not full has no row to show.
        rows.append(
            LayerRow(
                layer,
                other,
                words.block_label(item.block, lang),
                heads,
                trials,
                correlation,
                (item.block, layer) in found,
            )
        )
    return rows


def layer_table(
    module: ModuleResult, outcome: Outcome, prefix: str, lang: Language = ENGLISH
) -> Markup:
    """The rows as a table that opens; nothing where there are none."""
    rows = layer_rows(module, outcome, lang)
    if not rows:
        return Markup()
    template = _environment(lang).get_template("page_layers.html.j2")
    # The template escapes every string itself.
    return Markup(  # noqa: S704
        template.render(
            rows=rows[:MAX_ROWS], more=max(0, len(rows) - MAX_ROWS), prefix=prefix
        )
    )


@cache
def _environment(lang: Language) -> Environment:
    environment = page_environment()
    environment.globals.update(_=partial(page_text, lang))
    environment.filters.update(whole=fmt.whole, number=fmt.number)
    return environment
