# SPDX-License-Identifier: Apache-2.0
"""An explanation as one self-contained page; every string is escaped."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING

from markupsafe import Markup

from parentage.report import descent_figures as draw
from parentage.report import figures, words
from parentage.report import format as fmt
from parentage.report.descent_text import aligned_text, details, headline
from parentage.report.language import ENGLISH, Language
from parentage.report.page import page_environment
from parentage.report.sentences import sentence_of

if TYPE_CHECKING:
    from parentage.report.descent_explain import Explanation


def render_explanation(document: Explanation, lang: Language = ENGLISH) -> str:
    """The page: layer maps, coins, matching, spectrum, differences and weights."""
    environment = page_environment()
    environment.globals.update(
        _=lang,
        language=lang.code,
        label=partial(_label, lang),
        block=lambda name: words.BLOCKS.get(name, name),
        draw=draw,
        aligned_text=lambda view: aligned_text(view, lang),
        command=fmt.command_line(document.command),
    )
    level = document.log10_alpha
    maps = [
        (item, Markup(svg))  # noqa: S704 - drawn from numbers only
        for n, item in enumerate(document.module.layer_maps)
        for svg in [figures.layer_map(item, level, f"l{n}", lang)]
        if svg is not None
    ]
    nulls = [
        (item, Markup(svg))  # noqa: S704 - drawn from numbers only
        for n, item in enumerate(document.module.evidence)
        for svg in [figures.null_plot(item, f"e{n}", lang)]
        if svg is not None
    ]
    return environment.get_template("descent_explain.html.j2").render(
        doc=document,
        said=sentence_of(document.module, lang),
        kind=headline(document.descent, lang) if document.descent else "",
        rows=details(document.descent, lang) if document.descent else [],
        maps=maps,
        nulls=nulls,
    )


def _label(lang: Language, name: str) -> str:
    return words.label(name, lang)
