# SPDX-License-Identifier: Apache-2.0
"""What every page has in common: where templates are, and that all is escaped."""

from __future__ import annotations

from jinja2 import Environment, PackageLoader, StrictUndefined
from markupsafe import Markup, escape

from parentage.report.language import Language


def page_environment() -> Environment:
    """An environment that escapes everything and fails on what is not defined."""
    return Environment(
        loader=PackageLoader("parentage.report", "templates"),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )


def page_text(lang: Language, text: str, /, **places: object) -> Markup:
    """A text of a template, escaped; markup in its places is kept, the rest escaped."""
    said = escape(lang(text))
    return said.format(**places) if places else said
