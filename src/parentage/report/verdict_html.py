# SPDX-License-Identifier: Apache-2.0
"""Verdicts, declarations, licences and differences as HTML.

The same rules as for every report: no script, no network, every string escaped.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import cache, partial
from typing import TYPE_CHECKING, Any

from jinja2 import Environment
from markupsafe import Markup

from parentage.report import format as fmt
from parentage.report import verdict_terminal as terminal
from parentage.report import verdict_terminal_parts as parts
from parentage.report import verdict_text as said
from parentage.report import verdict_words as words
from parentage.report.language import ENGLISH, Language
from parentage.report.page import page_environment, page_text
from parentage.report.words import label, percent

if TYPE_CHECKING:
    from parentage.report.document import Report
    from parentage.report.verdict_declared import DeclaredDocument
    from parentage.report.verdict_diff import DiffDocument
    from parentage.report.verdict_document import VerdictDocument
    from parentage.report.verdict_licences import LicencesDocument


def verdict_sections(report: Report, lang: Language = ENGLISH) -> Markup:
    """The sections of an audit's page, as far as the report holds any."""
    template = _environment(lang).get_template("verdict_sections.html.j2")
    # The template escapes every string itself.
    return Markup(  # noqa: S704
        template.render(
            verdicts=report.verdicts,
            declared=report.declared,
            licences=report.licences,
        )
    )


def render_verdicts(document: VerdictDocument, lang: Language = ENGLISH) -> str:
    """Verdicts as one self-contained page."""
    return _page("verdicts", document, lang)


def render_declared(document: DeclaredDocument, lang: Language = ENGLISH) -> str:
    """Declarations as one self-contained page."""
    return _page("declared", document, lang)


def render_licences(document: LicencesDocument, lang: Language = ENGLISH) -> str:
    """Licences as one self-contained page."""
    return _page("licences", document, lang)


def render_diff(document: DiffDocument, lang: Language = ENGLISH) -> str:
    """Differences as one self-contained page."""
    return _page("diff", document, lang)


def _page(kind: str, document: Any, lang: Language) -> str:  # noqa: ANN401
    return (
        _environment(lang)
        .get_template("verdict_page.html.j2")
        .render(kind=kind, doc=document, command=fmt.command_line(document.command))
    )


@cache
def _environment(lang: Language) -> Environment:
    environment = page_environment()
    environment.globals.update(
        _=partial(page_text, lang),
        language=lang.code,
        signs=terminal.SIGNS,
        agreement_signs=parts.STYLES,
        met_signs=parts.MET,
    )
    environment.filters.update(
        both=lambda text: said.in_language(text, lang),
        outcome=lambda key: lang(words.OUTCOMES[key]),
        agreement=lambda key: lang(words.AGREEMENTS[key]),
        verified=lambda key: lang(words.VERIFIED[key]),
        change=lambda key: lang(words.CHANGES[key]),
        class_name=partial(_word, words.CLASSES, lang),
        kind_name=partial(_word, words.KINDS, lang),
        weight_name=partial(_word, words.WEIGHTS, lang),
        grade_name=partial(_word, words.GRADES, lang),
        subject=partial(_filter, said.subject, lang),
        cure=partial(_filter, said.cure_text, lang),
        deciding=partial(_filter, said.deciding, lang),
        verdict_sentence=partial(_filter, said.verdict_sentence, lang),
        say=partial(_filter, words.say, lang),
        duty=lang,
        declared_subject=partial(_filter, said.declared_subject, lang),
        module=lambda name: label(name, lang),
        change_subject=lambda c: said.change_subject(c.what, c.subject, lang),
        change_old=lambda c: said.change_value(c.what, c.old, lang),
        change_new=lambda c: said.change_value(c.what, c.new, lang),
        percent=percent,
    )
    return environment


def _word(table: dict[str, str], lang: Language, key: str) -> str:
    return words.word(table, key, lang)


def _filter(
    function: Callable[[Any, Language], str], lang: Language, value: object
) -> str:
    return function(value, lang)
