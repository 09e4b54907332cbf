# SPDX-License-Identifier: Apache-2.0
"""A case that was run as one HTML file, with every checked claim inside."""

from __future__ import annotations

from functools import cache, partial
from typing import TYPE_CHECKING, Any

from jinja2 import Environment

from parentage.report import case_words as say
from parentage.report import format as fmt
from parentage.report.claim_html import claim_environment
from parentage.report.language import ENGLISH, Language

if TYPE_CHECKING:
    from collections.abc import Callable

    from parentage.report.case_document import CaseDocument


def render_case(document: CaseDocument, lang: Language = ENGLISH) -> str:
    """What running a case gave as one self-contained page."""
    template = _environment(lang).get_template("case.html.j2")
    return template.render(doc=document, command=fmt.command_line(document.command))


@cache
def _environment(lang: Language) -> Environment:
    environment = claim_environment(lang).overlay()
    environment.filters = {
        **environment.filters,
        "case_title": partial(_last, say.title, lang),
        "case_headline": partial(_last, say.headline, lang),
        "case_types": partial(_last, say.types_words, lang),
        "pair": partial(_last, say.pair_line, lang),
        "modules": partial(_last, say.module_lines, lang),
        "tokenizers": partial(_last, say.tokenizer_line, lang),
        "claim_line": partial(_last, say.claim_line, lang),
    }
    environment.globals = {**environment.globals, "roles": say.ROLES}
    return environment


def _last(function: Callable[[Any, Language], Any], lang: Language, value: Any) -> Any:  # noqa: ANN401
    return function(value, lang)
