# SPDX-License-Identifier: Apache-2.0
"""``parentage diff-reports``: what changed between two stored reports."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import click

from parentage.cli.delivery import deliver
from parentage.cli.options import (
    debug_option,
    html_option,
    json_option,
    lang_option,
    profile_option,
)
from parentage.cli.outcome import check_target
from parentage.report.language import Code, Language

if TYPE_CHECKING:
    from rich.console import Console

    from parentage.report.verdict_diff import DiffDocument


@click.command(name="diff-reports", no_args_is_help=True)
@click.argument("old", type=click.Path(path_type=Path))
@click.argument("new", type=click.Path(path_type=Path))
@profile_option("A definition to judge both reports by")
@html_option()
@json_option("the changes (parentage.changes/1)")
@lang_option()
@debug_option()
def command(
    old: Path,
    new: Path,
    profiles: tuple[str, ...],
    html: Path | None,
    *,
    as_json: bool,
    lang: Code,
) -> int:
    """Say what changed from OLD to NEW: findings, shares and verdicts.

    Both reports are judged again by the same profiles: those named, or those that
    either report holds verdicts of.
    """
    if html is not None:
        check_target(html)
    from parentage.run.diff_reports import diff_files

    line = ["parentage", "diff-reports", str(old), str(new)]
    for profile in profiles:
        line += ["--profile", profile]
    document = diff_files(old, new, profiles, command=line)
    deliver(document, html, as_json=as_json, lang=lang, page=_page, show=_show)
    return 0


def _page(document: DiffDocument, language: Language) -> str:
    from parentage.report.verdict_html import render_diff

    return render_diff(document, language)


def _show(document: DiffDocument, console: Console, language: Language) -> None:
    from parentage.report.verdict_terminal_parts import print_diff

    print_diff(document, console, language)
