# SPDX-License-Identifier: Apache-2.0
"""Options and endings that the commands on lineage share."""

from __future__ import annotations

import re
from collections.abc import Collection, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Final

import click

from parentage.cli.delivery import deliver
from parentage.cli.options import Decorator
from parentage.cli.outcome import CLEAR, FOUND, INCONCLUSIVE

if TYPE_CHECKING:
    from rich.console import Console

    from parentage.report.language import Code, Language
    from parentage.report.lineage_architecture import ConfigDocument
    from parentage.report.lineage_nearest import NearestDocument
    from parentage.report.lineage_tokenizer import TokenizerDocument

    LineageDocument = TokenizerDocument | ConfigDocument | NearestDocument

TOKENIZER_WORDS: Final = (
    "identical",
    "same-with-additions",
    "truncated",
    "re-ordered-copy",
    "common-ancestor",
    "trained-separately",
    "unclear",
)
ARCHITECTURE_WORDS: Final = ("shared", "near", "common", "own", "unweighed")


class Words(click.ParamType[frozenset[str]]):
    """Words with commas between them, each one of a list."""

    name = "words"

    def __init__(self, known: Sequence[str]) -> None:
        self.known = known

    def get_metavar(
        self,
        param: click.Parameter,  # noqa: ARG002
        ctx: click.Context,  # noqa: ARG002
    ) -> str:
        """How the value is called in ``--help``."""
        return "WORD[,WORD...]"

    def convert(
        self, value: object, param: click.Parameter | None, ctx: click.Context | None
    ) -> frozenset[str]:
        """The set of words."""
        if isinstance(value, frozenset):
            return value
        words = [word.strip() for word in str(value).split(",")]
        for word in words:
            if word not in self.known:
                known = ", ".join(self.known)
                self.fail(f"{word!r} is none of: {known}", param, ctx)
        return frozenset(words)


class Month(click.ParamType[str]):
    """A month such as ``2025-12``."""

    name = "month"

    def get_metavar(
        self,
        param: click.Parameter,  # noqa: ARG002
        ctx: click.Context,  # noqa: ARG002
    ) -> str:
        """How the value is called in ``--help``."""
        return "YYYY-MM"

    def convert(
        self, value: object, param: click.Parameter | None, ctx: click.Context | None
    ) -> str:
        """The month as it was written."""
        text = str(value)
        if text and not re.fullmatch(r"20[0-9]{2}-(0[1-9]|1[0-2])", text):
            self.fail(f"{text!r} is no month; write it as 2025-12", param, ctx)
        return text


def fail_on_option(known: Sequence[str]) -> Decorator:
    """``--fail-on WORD[,WORD...]``."""
    return click.option(
        "--fail-on",
        type=Words(known),
        default=frozenset(),
        show_default=False,
        help="Exit with 1 if one of these is found: " + ", ".join(known) + ".",
    )


def exclude_option() -> Decorator:
    """``--exclude ORGANISATION``."""
    return click.option(
        "--exclude",
        multiple=True,
        metavar="ORGANISATION",
        help="Leave an organisation's known architectures out, such as the model's own "
        "maker; may be given repeatedly.",
    )


def lineage_code(
    found: Collection[str], fail_on: frozenset[str], *, undecided: Collection[str]
) -> int:
    """Exit code of a command on lineage.

    Args:
        found: words of what was found.
        fail_on: words that fail; without any, the code is 0.
        undecided: words that leave open whether one of ``fail_on`` applies.
    """
    if fail_on & set(found):
        return FOUND
    if fail_on and set(found) & set(undecided):
        return INCONCLUSIVE
    return CLEAR


def finish(
    document: LineageDocument,
    html: Path | None,
    *,
    as_json: bool,
    lang: Code,
) -> None:
    """Write a document where it is wanted: a page, and stdout."""
    deliver(document, html, as_json=as_json, lang=lang, page=_page, show=_show)


def _page(document: LineageDocument, language: Language) -> str:
    from parentage.report.lineage_html import render_document

    return render_document(document, language)


def _show(document: LineageDocument, console: Console, language: Language) -> None:
    from parentage.report.lineage_terminal import print_document

    print_document(document, console, language)
