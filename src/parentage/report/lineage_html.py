# SPDX-License-Identifier: Apache-2.0
"""Documents on lineage as one HTML file, and the lineage sections of an audit.

The same rules as for every report: no script, no network, every string escaped.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from functools import cache, partial
from typing import TYPE_CHECKING, Any

from jinja2 import Environment
from markupsafe import Markup, escape

from parentage.report import format as fmt
from parentage.report import lineage_figures as figures
from parentage.report import lineage_words as say
from parentage.report.language import ENGLISH, Language
from parentage.report.lineage_text import architecture_notes, weightless
from parentage.report.page import page_environment, page_text
from parentage.report.terminal_parts import clean

if TYPE_CHECKING:
    from parentage.report.lineage_architecture import ComponentItem, ConfigDocument
    from parentage.report.lineage_nearest import (
        LineageItem,
        Missing,
        NearestDocument,
    )
    from parentage.report.lineage_tokenizer import (
        Ratio,
        TokenizerDocument,
        TokenizerPair,
    )

_PAGES = {
    "parentage.tokenizer/1": "lineage_tokenizer.html.j2",
    "parentage.config/1": "lineage_config.html.j2",
    "parentage.nearest/1": "lineage_nearest.html.j2",
}


def render_document(
    document: TokenizerDocument | ConfigDocument | NearestDocument,
    lang: Language = ENGLISH,
) -> str:
    """A document on lineage as one self-contained page."""
    template = _environment(lang).get_template(_PAGES[document.schema_])
    return template.render(doc=document, command=fmt.command_line(document.command))


def lineage_sections(
    lineage: Sequence[LineageItem], lang: Language = ENGLISH
) -> Markup:
    """The sections 'Tokenizer' and 'Architecture' of an audit's page."""
    if not lineage:
        return Markup()
    template = _environment(lang).get_template("lineage_sections.html.j2")
    sections = [(k, [i for i in lineage if i.kind == k]) for k in _KINDS]
    return Markup(  # noqa: S704 - rendered with every string escaped
        template.render(sections=[(kind, items) for kind, items in sections if items])
    )


_KINDS = ("tokenizer", "architecture")


@cache
def _environment(lang: Language) -> Environment:
    environment = page_environment()
    environment.globals.update(
        _=partial(page_text, lang),
        language=lang.code,
        swatch_a=figures.swatch(figures.ONLY_A),
        swatch_shared=figures.swatch(figures.SHARED),
        swatch_b=figures.swatch(figures.ONLY_B),
        script_bar=figures.script_bar,
        order_plot=partial(_last, figures.order_plot, lang),
        share_figures=partial(_share_figures, lang),
        bits_bar=figures.bits_bar,
        tokenizer_caveat=say.tokenizer_caveat(lang),
        architecture_caveat=say.architecture_caveat(lang),
        most_bits=_most_bits,
        missing_text=partial(_missing_text, lang),
        number_label=partial(_number_label, lang),
        shown_numbers=say.shown_numbers,
        weightless=weightless,
    )
    tables = {
        "relation": say.RELATIONS,
        "script": say.SCRIPTS,
        "component": say.COMPONENTS,
        "group": say.GROUPS,
        "field_relation": say.FIELD_RELATIONS,
        "source": say.SOURCES,
        "read_from": say.READ_FROM,
        "difference": say.DIFFERENCES,
    }
    for name, table in tables.items():
        environment.filters[name] = partial(_word, table, lang)
    environment.tests["weightless"] = weightless
    environment.filters.update(
        whole=fmt.whole,
        byte_size=partial(_last, fmt.byte_size, lang),
        share=lambda pair: fmt.share(*pair),
        visible=say.visible,
        visible_line=clean,
        breakable=lambda text: Markup("_<wbr>").join(escape(text).split("_")),
        value=say.value_text,
        sentences=partial(_last, say.pair_sentences, lang),
        further=partial(_last, say.further_numbers, lang),
        component_sentence=partial(_last, say.component_sentence, lang),
        derived=partial(_last, say.derived_text, lang),
        largest=partial(_last, say.largest_difference, lang),
        finding=partial(_last, say.architecture_word, lang),
        meaning=partial(_last, say.architecture_meaning, lang),
        notes=partial(_last, architecture_notes, lang),
        capital=lambda text: text[:1].upper() + text[1:],
    )
    return environment


def _last(function: Callable[[Any, Language], Any], lang: Language, value: Any) -> Any:  # noqa: ANN401
    """Call a function whose last argument is the language."""
    return function(value, lang)


def _word(table: Mapping[str, str], lang: Language, key: str) -> str:
    return say.table_word(table, key, lang)


def _missing_text(lang: Language, kind: str, missing: Missing) -> str:
    return say.missing_text(kind, missing, lang)


def _number_label(lang: Language, number: Ratio, pair: TokenizerPair) -> str:
    return say.number_label(number, pair, lang)


def _share_figures(
    lang: Language, pair: TokenizerPair
) -> list[tuple[str, str, Markup]]:
    """Caption, label and figure of each share that says something."""
    background = {item.name: item for item in pair.background}
    found = []
    for share in pair.finding.shares:
        if share.name not in background:
            continue
        svg = figures.background_plot(share, background[share.name], lang)
        if svg is not None:
            title = say.table_word(say.SHARES, share.name, lang)
            found.append((title, figures.share_label(share, lang), svg))
    return found


def _most_bits(component: ComponentItem) -> float:
    return max((row.bits for row in component.fields), default=0.0)
