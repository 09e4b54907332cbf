# SPDX-License-Identifier: Apache-2.0
"""Where a document goes: a page, stdout, and a line on stderr."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Protocol, TypeVar

import click

from parentage.cli.outcome import write_text

if TYPE_CHECKING:
    from rich.console import Console

    from parentage.report.language import Code, Language


class Document(Protocol):
    """Anything that a command answers with."""

    def to_json(self) -> str:
        """The document as JSON text."""


D = TypeVar("D", bound=Document)


def deliver(
    document: D,
    html: Path | None,
    *,
    as_json: bool,
    lang: Code,
    page: Callable[[D, Language], str],
    show: Callable[[D, Console, Language], None],
) -> None:
    """Write a document where it is wanted.

    Args:
        document: what was found.
        html: file for its page, if one is wanted.
        as_json: whether stdout takes JSON in place of text.
        lang: language of page and text.
        page: makes the page; imports what it needs when it is called.
        show: writes the text, the same.
    """
    from parentage.report.language import Language

    language = Language(lang)
    if html is not None:
        write_text(html, page(document, language))
    if as_json:
        click.echo(document.to_json())
    else:
        from parentage.cli.console import stdout

        show(document, stdout(), language)
    if html is not None:
        click.echo(language("HTML report: {file}", file=html), err=True)


def no_page(_document: object, _language: Language) -> str:
    """In place of a page, for documents that have none."""
    return ""
