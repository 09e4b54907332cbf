# SPDX-License-Identifier: Apache-2.0
"""A report as one HTML file: no script, no network, every string escaped.

Names of models, tensors and files are hostile until shown otherwise: the template
escapes everything, and only figures, which are made of numbers, pass as markup. A
content security policy in the file forbids scripts and requests in any case.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from functools import cache, partial
from itertools import groupby
from typing import TYPE_CHECKING, Any

from jinja2 import Environment
from markupsafe import Markup, escape

from parentage.evidence.catalogue import methods
from parentage.report import format as fmt
from parentage.report import words
from parentage.report.depth_words import depth_text
from parentage.report.descent_html import descent_section
from parentage.report.details import details_text
from parentage.report.document import ModuleResult, Outcome, Power, Report
from parentage.report.language import ENGLISH, Language
from parentage.report.lineage_html import lineage_sections
from parentage.report.page import page_environment, page_text
from parentage.report.page_layers import layer_table
from parentage.report.page_replies import replies_section
from parentage.report.plan_sequential import sequential_lines
from parentage.report.reasons import is_known, say_reason
from parentage.report.sentences import headline_of, sentence_of
from parentage.report.training_html import training_section
from parentage.report.verdict_html import verdict_sections
from parentage.report.view import expected, power10, report_view

if TYPE_CHECKING:
    from parentage.report.format import DemoLine

MAX_ROWS = 200
"""Problems or unrecognised tensors shown of one model; the JSON has them all."""


def render_html(report: Report, lang: Language = ENGLISH) -> str:
    """The report as one self-contained page."""
    view = report_view(report, "r", lang)
    return _environment(lang).get_template("report.html.j2").render(view=view)


def render_demo_html(
    rows: Sequence[DemoLine],
    reports: Mapping[tuple[str, str], Report],
    lang: Language = ENGLISH,
) -> str:
    """The demo's results as one self-contained page, with every report inside.

    Args:
        rows: one line per module, with truth and finding.
        reports: the reports by candidate and reference.
        lang: the language of the page.
    """
    views = {
        pair: report_view(report, f"r{number}", lang)
        for number, (pair, report) in enumerate(reports.items())
    }
    used = {m.id: m for view in views.values() for m in view.methods}
    template = _environment(lang).get_template("demo.html.j2")
    return template.render(
        rows=rows,
        pairs=[
            (pair, list(group))
            for pair, group in groupby(rows, lambda row: (row.candidate, row.reference))
        ],
        views=views,
        methods=[m for m in methods().values() if m.id in used],
        right=sum(row.agrees for row in rows),
    )


@cache
def _environment(lang: Language) -> Environment:
    environment = page_environment()
    environment.globals.update(
        _=partial(page_text, lang),
        language=lang.code,
        findings=fmt.FINDINGS,
        meanings=fmt.MEANINGS,
        catalogue=methods(),
        max_rows=MAX_ROWS,
        lineage=partial(_filter, lineage_sections, lang),
        verdicts=partial(_filter, verdict_sections, lang),
        descents=partial(_filter, descent_section, lang),
        training=partial(_filter, training_section, lang),
        depth_text=partial(_filter, depth_text, lang),
        layers=partial(_layers, lang),
        replies=partial(_filter, replies_section, lang),
    )
    environment.filters.update(
        power10=power10,
        number=fmt.number,
        whole=fmt.whole,
        byte_size=partial(_filter, fmt.byte_size, lang),
        label=partial(_filter, words.label, lang),
        finding=partial(_filter, fmt.finding_words, lang),
        grade=partial(_filter, fmt.grade_words, lang),
        severity=partial(_filter, fmt.severity_words, lang),
        truth=partial(_filter, fmt.truth_words, lang),
        statistic=partial(_filter, fmt.statistic, lang),
        details=partial(_filter, details_text, lang),
        sequential=lambda module: sequential_lines(module, lang),
        reason=partial(reason_text, lang),
        sentence=partial(_sentence, lang),
        headline=partial(_headline, lang),
        text=partial(known_text, lang),
        topic=partial(_topic, lang),
        power=partial(_power, lang),
        level=_level,
        code=Markup("<code>{}</code>").format,
        expected=expected,
        share=lambda pair: fmt.share(*pair),
    )
    return environment


def _filter(
    function: Callable[[Any, Language], str], lang: Language, value: object
) -> str:
    return function(value, lang)


def _layers(
    lang: Language, module: ModuleResult, outcome: Outcome, prefix: str
) -> Markup:
    return layer_table(module, outcome, prefix, lang)


def known_text(lang: Language, text: str) -> Markup:
    """A document's or the catalogue's own text, marked as English where it stays so."""
    said = lang(text)
    if lang == ENGLISH or said != text:
        return escape(said)
    return Markup('<span lang="en">{}</span>').format(text)


def reason_text(lang: Language, text: str) -> Markup:
    """A reason, note or problem, marked as English where it stays so."""
    if is_known(text, lang):
        return escape(say_reason(text, lang))
    return Markup('<span lang="en">{}</span>').format(text)


def _sentence(lang: Language, module: ModuleResult) -> Markup:
    """A module's sentence; a reason inside it that stays English is marked."""
    said = sentence_of(module, lang)
    if not module.reason or is_known(module.reason, lang):
        return escape(said)
    before, found, after = said.partition(module.reason)
    if not found:
        return escape(said)
    return Markup('{}<span lang="en">{}</span>{}').format(before, found, after)


def _headline(lang: Language, report: Report) -> str:
    return headline_of(report, lang)


def _topic(lang: Language, name: str) -> str:
    """An assumption's id as a heading."""
    said = lang(name.replace("-", " "))
    return said[:1].upper() + said[1:]


def _power(lang: Language, power: Power) -> str:
    return words.power_text(power.correlation, power.probability, lang)


def _level(log10_alpha: float) -> Markup:
    """A level of significance with a raised exponent, whatever its size."""
    exponent = fmt.number(log10_alpha, 1).replace("-", "−")
    return Markup("10<sup>{}</sup>").format(exponent)
