# SPDX-License-Identifier: Apache-2.0
"""One page in both languages, with a switch that needs no script.

Both editions are in the file; two radio buttons and a rule of CSS show one of them.
A browser that does not know the rule shows both, one after the other.
"""

from __future__ import annotations

import re
from importlib import resources

from markupsafe import Markup, escape

from parentage.report.document import Report
from parentage.report.html import render_html
from parentage.report.language import LANGUAGES, Language

NAMES = {"en": "English", "ko": "한국어"}
SWITCH = "Language · 언어"

_REFERENCE = re.compile(
    r"""(?P<name>\s(?:id|aria-labelledby|aria-describedby|for|href|xlink:href)="""
    r"""(?P<quote>["']))(?P<hash>\#?)(?P<value>[^"']*)(?P=quote)"""
)
_PLACE = re.compile(r"url\(#([\w.-]+)\)")


def render_both(report: Report) -> str:
    """The report in every language as one self-contained page."""
    editions = []
    title = head = ""
    for code in LANGUAGES:
        html = render_html(report, Language(code))
        before, _, rest = html.partition("<body>")
        body, _, _ = rest.rpartition("</body>")
        if not head:
            head = before
        title += (
            " · " * bool(title)
            + before.partition("<title>")[2].partition("</title>")[0]
        )
        editions.append(
            f'<div class="edition" id="edition-{code}" lang="{code}">'
            f"{own_ids(body, code)}</div>"
        )
    head = re.sub(
        r"<title>.*?</title>", lambda _: f"<title>{title}</title>", head, flags=re.S
    )
    css = resources.files("parentage.report").joinpath("templates/page_both.css")
    head = head.replace(
        "</head>", f"<style>\n{css.read_text('utf-8')}</style>\n</head>"
    )
    return f"{head}<body>\n{_switch()}{''.join(editions)}\n</body>\n</html>\n"


def _switch() -> str:
    """Radio buttons: arrow keys move between them, and no script is needed."""
    parts = [
        Markup(
            '<input type="radio" name="say" id="say-{0}"{2}>'
            '<label for="say-{0}" lang="{0}">{1}</label>'
        ).format(code, NAMES[code], Markup(" checked") if code == "en" else "")
        for code in LANGUAGES
    ]
    return str(
        Markup('<nav class="say" aria-label="{}">{}</nav>').format(
            escape(SWITCH), Markup("").join(parts)
        )
    )


def own_ids(html: str, prefix: str) -> str:
    """Give every id of a page a prefix, and all that refers to it.

    Texts cannot be hit: quotes in them are escaped.
    """

    def rename(match: re.Match[str]) -> str:
        value, quote = match["value"], match["quote"]
        link = match["name"].strip().startswith(("href", "xlink"))
        if link and not match["hash"]:
            return match[0]
        values = " ".join(f"{prefix}-{word}" for word in value.split())
        return f"{match['name']}{match['hash']}{values}{quote}"

    return _PLACE.sub(rf"url(#{prefix}-\1)", _REFERENCE.sub(rename, html))
