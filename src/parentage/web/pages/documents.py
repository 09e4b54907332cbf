# SPDX-License-Identifier: Apache-2.0
"""Reports and checked claims inside the portal's layout.

They are rendered by the very functions that write them to files, so that portal and
file never say different things; here their parts are taken out of the file's frame.
Rendering takes a second, so what was rendered is kept: a stored document never changes.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass
from typing import Final

from markupsafe import Markup

from parentage.web.lately import Lately

KEPT: Final = 200
"""Rendered documents in memory; each is some hundred kilobytes."""

_HEADING: Final = re.compile(r"(</?)h1(?=[ >])")
_STYLE: Final = re.compile(r"<style>[^<]*</style>")


@dataclass(frozen=True)
class Parts:
    """A document without its frame.

    Attributes:
        lead: what stands above: headline and what was held against what.
        main: everything else.
    """

    lead: Markup
    main: Markup

    @property
    def lead_below(self) -> Markup:
        """The lead for a page that has a first heading of its own."""
        # Of plain text: pieces of markup are escaped where they are joined.
        below = _HEADING.sub(r"\1h2", str(self.lead))
        return Markup(below)  # noqa: S704 - our own templates' output


def parts_of(html: str) -> Parts:
    """Take a rendered page apart.

    Texts of documents cannot be taken for its frame: they are escaped.

    Raises:
        ValueError: the page is not built as pages of documents are.
    """
    # The portal serves these rules as a file.
    html = _STYLE.sub("", html)
    lead = _between(html, '<header class="lead">', "</header>")
    main = _between(html, "<main>", "</main>")
    return Parts(Markup(lead), Markup(main))  # noqa: S704 - our own templates' output


def _between(html: str, start: str, end: str) -> str:
    before, found, rest = html.partition(start)
    inside, closed, _ = rest.rpartition(end)
    if not found or not closed or start in before:
        raise ValueError(f"a page of a document has no {start}")
    return inside


class Shelf:
    """What was rendered lately, by digest and language."""

    def __init__(self, most: int = KEPT) -> None:
        self._kept: Lately[tuple[str, str], Parts] = Lately(most)

    def get(self, digest: str, code: str, render: Callable[[], str]) -> Parts:
        """The parts of a document; rendered where they are not at hand."""
        return self._kept.get((digest, code), lambda: parts_of(render()))


SHELF: Final = Shelf()
