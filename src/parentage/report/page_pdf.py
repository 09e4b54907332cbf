# SPDX-License-Identifier: Apache-2.0
"""A report as PDF: the same page, set in a font that comes with the package.

Without a font for Hangul, WeasyPrint prints boxes and says nothing. So the font is
ours, nothing else can be loaded, and a character that the font lacks is written as its
number, ``‹U+4E2D›``: nothing is lost, and nothing is a box. Needs the extra ``pdf``.
"""

from __future__ import annotations

import re
import unicodedata
from base64 import b64decode
from functools import cache
from importlib import resources
from io import BytesIO
from typing import Any, Final

from parentage.errors import MissingExtraError, ParentageError
from parentage.report.document import Report
from parentage.report.html import render_html
from parentage.report.language import ENGLISH, Language

FAMILY: Final = "Parentage Sans"
FILES: Final = {400: "ParentageSans-Regular.woff2", 700: "ParentageSans-Bold.woff2"}
SCHEME: Final = "parentage-font:"
IMAGE: Final = "data:image/png;base64,"
"""How a page holds its own images: the cells of layer maps."""

_VARIABLE = re.compile(r"--([\w-]+):\s*(#[0-9a-fA-F]{3,6})\b")
_SVG = re.compile(r"<svg\b.*?</svg>", re.DOTALL)


def render_pdf(report: Report, lang: Language = ENGLISH) -> bytes:
    """The report as a PDF file in one language.

    Raises:
        MissingExtraError: WeasyPrint, or Pango below it, is not installed.
    """
    return pdf_of(render_html(report, lang))


def pdf_of(html: str) -> bytes:
    """A page of ours as PDF: our font, no network, no file."""
    try:
        from weasyprint import HTML  # noqa: PLC0415
        from weasyprint.urls import URLFetcher  # noqa: PLC0415
    except (ImportError, OSError) as error:
        # OSError: the package is there, but Pango is not.
        raise MissingExtraError.of("PDF", "pdf") from error

    class OwnFontsOnly(URLFetcher):  # type: ignore[misc, unused-ignore]
        """Gives the fonts of the package and images in the page itself alone."""

        def fetch(self, url: str, headers: Any = None) -> Any:  # noqa: ANN401, ARG002
            from weasyprint.urls import URLFetcherResponse  # noqa: PLC0415

            if url.startswith(IMAGE):
                image = b64decode(url.removeprefix(IMAGE))
                return URLFetcherResponse(url, image, {"Content-Type": "image/png"})
            return URLFetcherResponse(url, font_bytes(url))

    out = BytesIO()
    HTML(string=prepared(html), url_fetcher=OwnFontsOnly()).write_pdf(
        out, pdf_variant="pdf/ua-1"
    )
    return out.getvalue()


def font_bytes(url: str) -> bytes:
    """A font of the package.

    Raises:
        ParentageError: anything else was asked for.
    """
    name = url.removeprefix(SCHEME)
    if name not in FILES.values():
        raise ParentageError(f"a page of a report asked for {url[:80]!r}")
    return resources.files("parentage.report").joinpath(f"fonts/{name}").read_bytes()


def prepared(html: str) -> str:
    """The page as WeasyPrint needs it: own fonts, plain colours, known characters."""
    css = resources.files("parentage.report").joinpath("templates/page_print.css")
    faces = "".join(
        f'@font-face {{ font-family: "{FAMILY}"; font-weight: {weight}; '
        f'src: url("{SCHEME}{name}") format("woff2"); }}\n'
        for weight, name in FILES.items()
    )
    style = f"<style>\n{faces}{css.read_text('utf-8')}</style>\n</head>"
    html = html.replace("</head>", style, 1)
    colours = _print_colours(html)
    # WeasyPrint draws SVG apart from the page's variables.
    html = _SVG.sub(lambda match: _plain(match[0], colours), html)
    return known_characters(html)


def _plain(svg: str, colours: dict[str, str]) -> str:
    svg = re.sub(r"var\(--([\w-]+)\)", lambda m: colours.get(m[1], "currentColor"), svg)
    svg = svg.replace("inherit", f"'{FAMILY}'")
    return svg.replace("<svg ", f'<svg font-family="{FAMILY}" ', 1)


def _print_colours(html: str) -> dict[str, str]:
    """The colours of the page when printed: light ones, then those of print."""
    style = html.partition("<style>")[2]
    light = style.partition("@media")[0]
    printed = style.partition("@media print")[2].partition("</style>")[0]
    return {m[1]: m[2] for part in (light, printed) for m in _VARIABLE.finditer(part)}


@cache
def covered() -> frozenset[int]:
    """Every character that both fonts hold.

    Raises:
        MissingExtraError: fonttools, which comes with the extra ``pdf``, is missing.
    """
    try:
        from fontTools.ttLib import TTFont  # noqa: PLC0415
    except ImportError as error:
        raise MissingExtraError.of("PDF", "pdf") from error
    found = []
    for name in FILES.values():
        with TTFont(BytesIO(font_bytes(SCHEME + name))) as font:
            found.append(frozenset(font.getBestCmap()))
    return frozenset.intersection(*found) | {ord("\n"), ord("\t"), ord("\r")}


def known_characters(text: str) -> str:
    """Text in which every character that the font lacks is written as its number."""
    font = covered()
    text = unicodedata.normalize("NFC", text)
    if all(ord(c) in font for c in set(text)):
        return text
    return "".join(c if ord(c) in font else f"‹U+{ord(c):04X}›" for c in text)
