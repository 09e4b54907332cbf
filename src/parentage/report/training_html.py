# SPDX-License-Identifier: Apache-2.0
"""Training records as one HTML file, and as a section of an audit's page.

The same rules as for every report: no script, no network, every string escaped.
"""

from __future__ import annotations

from collections.abc import Sequence
from functools import cache, partial
from typing import TYPE_CHECKING, Any

from jinja2 import Environment
from markupsafe import Markup

from parentage.evidence.record_catalogue import RecordCheck, record_checks
from parentage.report import format as fmt
from parentage.report import training_figures as figures
from parentage.report import training_words as say
from parentage.report.language import ENGLISH, Language
from parentage.report.page import page_environment, page_text
from parentage.report.training_reasons import said, shown
from parentage.report.training_terminal import headline
from parentage.training.pieces import pieces

if TYPE_CHECKING:
    from parentage.report.training_document import (
        LogDocument,
        RecordItem,
        TrainingDocument,
    )


def render_training(doc: TrainingDocument, lang: Language = ENGLISH) -> str:
    """A record as one self-contained page."""
    template = _environment(lang).get_template("training.html.j2")
    return template.render(doc=doc, command=fmt.command_line(doc.command))


def render_logs(doc: LogDocument, lang: Language = ENGLISH) -> str:
    """Logs on their own as one self-contained page."""
    template = _environment(lang).get_template("training_log.html.j2")
    return template.render(doc=doc, command=fmt.command_line(doc.command))


def training_section(doc: TrainingDocument | None, lang: Language = ENGLISH) -> Markup:
    """The section 'Training record' of an audit's page; nothing without a record."""
    if doc is None:
        return Markup()
    template = _environment(lang).get_template("training_section.html.j2")
    return Markup(template.render(doc=doc))  # noqa: S704 - every string escaped


@cache
def _environment(lang: Language) -> Environment:
    environment = page_environment()
    environment.globals.update(
        _=partial(page_text, lang),
        language=lang.code,
        outcomes=say.OUTCOMES,
        meanings=say.MEANINGS,
        pieces=pieces(),
        curve_plot=figures.curve_plot,
        chain_map=figures.chain_map,
        by_part=_by_part,
        parts=say.PARTS,
        catalogue=record_checks(),
        trusted=say.TRUSTED,
    )
    environment.filters.update(
        whole=fmt.whole,
        shown=shown,
        percent=lambda v: "–" if v is None else f"{100 * v:.1f} %",
        byte_size=partial(_last, fmt.byte_size, lang),
        outcome=partial(_last, say.outcome_words, lang),
        check=partial(_last, say.check_title, lang),
        piece=partial(_last, say.piece_title, lang),
        line=partial(_last, say.rule_title, lang),
        fact=partial(_last, say.fact_words, lang),
        grade=partial(_last, fmt.grade_words, lang),
        headline=partial(_last, headline, lang),
        said=partial(_last, said, lang),
        text=lang,
    )
    return environment


def _last(function: Any, lang: Language, value: Any) -> Any:  # noqa: ANN401
    """Call a function whose last argument is the language."""
    return function(value, lang)


def _by_part(
    evidence: Sequence[RecordItem],
) -> list[tuple[str, list[tuple[RecordCheck, list[RecordItem]]]]]:
    """Evidence by part and check, in the order of the catalogue."""
    found = []
    for part, title in say.PARTS.items():
        rows = [
            (check, [e for e in evidence if e.check == check.id])
            for check in record_checks().values()
            if check.part == part
        ]
        kept = [(check, items) for check, items in rows if items]
        if kept:
            found.append((title, kept))
    return found
