# SPDX-License-Identifier: Apache-2.0
"""Kinds of descent as a short section of an audit in the terminal."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from parentage.report.descent_text import details, headline
from parentage.report.language import ENGLISH, Language
from parentage.report.terminal_parts import heading, item

if TYPE_CHECKING:
    from rich.console import Console

    from parentage.report.descent_document import DescentItem


def print_descents(
    descents: Sequence[DescentItem], console: Console, lang: Language = ENGLISH
) -> None:
    """One entry for each module that was found dependent."""
    if not descents:
        return
    heading(console, lang("What kind of descent"))
    for descent in descents:
        item(console, headline(descent, lang))
        for row in details(descent, lang):
            item(console, "  " + row, "dim")
