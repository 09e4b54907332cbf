# SPDX-License-Identifier: Apache-2.0
"""``parentage diff``: every value of two models, tensor by tensor."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import click

from parentage.cli.delivery import deliver
from parentage.cli.options import debug_option, html_option, json_option, lang_option
from parentage.cli.outcome import CLEAR, FOUND, INCONCLUSIVE, check_target
from parentage.cli.progress import progress_bar
from parentage.report.language import Code

if TYPE_CHECKING:
    from rich.console import Console

    from parentage.report.difference_document import Diff
    from parentage.report.language import Language


@click.command(name="diff", no_args_is_help=True)
@click.argument("a")
@click.argument("b")
@html_option()
@json_option("the document (parentage.diff/1)")
@lang_option()
@click.option(
    "--resume/--no-resume",
    default=True,
    help="Go on where an earlier run on the same files was stopped (the default), or "
    "start over and keep nothing.",
)
@click.option(
    "--threads",
    type=click.IntRange(min=1, max=256),
    default=None,
    metavar="NUMBER",
    help="Threads that compare (processes, for large models on Linux); by default one "
    "for each core, at most 8. Numbers do not depend on it.",
)
@click.option(
    "--kernel",
    type=click.Choice(("auto", "numpy", "numba")),
    default="auto",
    show_default=True,
    help="What adds up: numba (the extra `fast`) if it is installed, or numpy.",
)
@debug_option()
def command(
    a: str,
    b: str,
    html: Path | None,
    *,
    as_json: bool,
    lang: Code,
    resume: bool,
    threads: int | None,
    kernel: str,
) -> int:
    """Compare every value of A with B, tensor by tensor.

    A and B are local folders or files of weights of any format that an audit reads.
    All of both is read, in one pass. Differences are relative to A. A run that was
    stopped goes on where it was when the same command is given again.

    Exit code 0: all weights are the same. 1: some differ, or are in one model only. 3:
    no difference was found, but some weights could not be compared.
    """
    if html is not None:
        check_target(html)
    from parentage.run.diff import diff

    line = ["parentage", "diff", a, b]
    with progress_bar() as progress:
        scanned = diff(
            a,
            b,
            resume=resume,
            threads=threads,
            kernel=kernel,
            command=line,
            progress=progress,
        )
    if scanned.resumed:
        click.echo(
            f"parentage: went on after {scanned.resumed:,} pairs of values", err=True
        )
    if scanned.trouble is not None:
        click.echo(
            f"parentage: a stopped run could not go on: {scanned.trouble}", err=True
        )
    document = scanned.document
    deliver(document, html, as_json=as_json, lang=lang, page=_page, show=_show)
    if document.differs:
        return FOUND
    return CLEAR if document.identical else INCONCLUSIVE


def _page(document: Diff, language: Language) -> str:
    from parentage.report.difference_html import render_difference

    return render_difference(document, language)


def _show(document: Diff, console: Console, language: Language) -> None:
    from parentage.report.difference_terminal import print_difference

    print_difference(document, console, language)
