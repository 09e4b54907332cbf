# SPDX-License-Identifier: Apache-2.0
"""A stage evaluation as one HTML file: no script, no network, every string escaped."""

from __future__ import annotations

from functools import cache, partial
from typing import TYPE_CHECKING

from jinja2 import Environment

from parentage.report import format as fmt
from parentage.report.language import ENGLISH, Language
from parentage.report.page import page_environment, page_text
from parentage.report.stage_figures import bars
from parentage.report.stage_view import stage_view

if TYPE_CHECKING:
    from parentage.report.stage_document import StageDocument


def render_stage(doc: StageDocument, lang: Language = ENGLISH) -> str:
    """A stage as one self-contained page."""
    return (
        _environment(lang)
        .get_template("stage.html.j2")
        .render(
            doc=doc, view=stage_view(doc, lang), command=fmt.command_line(doc.command)
        )
    )


@cache
def _environment(lang: Language) -> Environment:
    environment = page_environment()
    environment.globals.update(
        _=partial(page_text, lang), language=lang.code, bars=partial(bars, lang=lang)
    )
    return environment
