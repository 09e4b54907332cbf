# SPDX-License-Identifier: Apache-2.0
"""Replies of named parties as a section of a page, in the parties' own words."""

from __future__ import annotations

from functools import cache, partial

from jinja2 import Environment
from markupsafe import Markup

from parentage.report.document import Report
from parentage.report.language import ENGLISH, Language, marked
from parentage.report.page import page_environment, page_text

CAVEAT = marked(
    "A reply is what the named party says, in its own words. It changes no finding, "
    "and nothing in it was checked."
)

SIGNED = marked("Signed; key {key}, whose holder the reader must know.")
UNSIGNED = marked("Not signed.")


def replies_section(report: Report, lang: Language = ENGLISH) -> Markup:
    """The section, or nothing where nobody replied."""
    if not report.replies:
        return Markup()
    template = _environment(lang).get_template("page_replies.html.j2")
    # The template escapes every string itself.
    return Markup(  # noqa: S704
        template.render(replies=report.replies, caveat=lang(CAVEAT))
    )


@cache
def _environment(lang: Language) -> Environment:
    environment = page_environment()
    environment.globals.update(_=partial(page_text, lang))
    return environment
