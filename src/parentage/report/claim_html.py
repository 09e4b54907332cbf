# SPDX-License-Identifier: Apache-2.0
"""A checked claim as one HTML file: no script, no network, every string escaped."""

from __future__ import annotations

from collections.abc import Callable
from functools import cache, partial
from typing import TYPE_CHECKING, Any

from jinja2 import Environment

from parentage.report import claim_words as say
from parentage.report import format as fmt
from parentage.report.language import ENGLISH, Language
from parentage.report.page import page_environment, page_text

if TYPE_CHECKING:
    from parentage.report.claim_document import ClaimDocument


def render_claim(document: ClaimDocument, lang: Language = ENGLISH) -> str:
    """A checked claim as one self-contained page."""
    template = claim_environment(lang).get_template("claim.html.j2")
    return template.render(doc=document, command=fmt.command_line(document.command))


@cache
def claim_environment(lang: Language) -> Environment:
    """Templates of claims, which pages of cases use as well."""
    environment = page_environment()
    environment.globals.update(
        _=partial(page_text, lang),
        language=lang.code,
        cells=say.CELLS,
        kinds=say.KINDS,
        how=say.HOW,
        supports=say.SUPPORTS,
        caveat_text=lang(say.CAVEAT),
        rate_words=partial(_with_claimed, lang),
        said=lang,
    )
    environment.filters.update(
        headline=partial(_last, say.headline, lang),
        statistic=partial(_last, say.statistic_words, lang),
        reason=partial(_last, say.reason_words, lang),
        trap=partial(_last, say.trap_words, lang),
        control=partial(_last, say.control_words, lang),
        cell=partial(_last, say.cell_words, lang),
        says=partial(_last, say.says_words, lang),
        number=say.number,
        byte_size=partial(_last, fmt.byte_size, lang),
    )
    return environment


def _last(function: Callable[[Any, Language], Any], lang: Language, value: Any) -> Any:  # noqa: ANN401
    """Call a function whose last argument is the language."""
    return function(value, lang)


def _with_claimed(lang: Language, rate: Any, claimed: str) -> str:  # noqa: ANN401
    return say.rate_words(rate, claimed, lang)
