# SPDX-License-Identifier: Apache-2.0
"""``parentage judge``: a stored report under written definitions."""

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
from parentage.cli.outcome import CLEAR, check_target, verdict_code
from parentage.errors import UsageError
from parentage.report.language import Code, Language

if TYPE_CHECKING:
    from rich.console import Console

    from parentage.report.verdict_document import VerdictDocument


@click.command(name="judge", no_args_is_help=True)
@click.argument("report", type=click.Path(path_type=Path))
@profile_option("A definition to judge by (see `parentage profiles`)")
@click.option(
    "--all",
    "every",
    is_flag=True,
    help="Judge under every shipped profile and show one table; exit code 0.",
)
@html_option()
@json_option("the verdicts (parentage.verdict/1)")
@lang_option()
@debug_option()
def command(
    report: Path,
    profiles: tuple[str, ...],
    html: Path | None,
    *,
    every: bool,
    as_json: bool,
    lang: Code,
) -> int:
    """Judge REPORT, which `parentage audit --json` wrote, under written definitions.

    Weights are not touched: the same findings are held against each profile, rule by
    rule, with the source of each rule and with what would satisfy it.

    Exit code 1: a profile is violated. 3: one is inconclusive, or its source states
    nothing that could be judged. 0: all are satisfied.
    """
    if bool(profiles) == every:
        raise UsageError(
            "name profiles with --profile, or ask for all with --all",
            advice="List them with `parentage profiles`.",
        )
    if html is not None:
        check_target(html)
    from parentage.run.judge import judge_file

    line = ["parentage", "judge", str(report)]
    for profile in profiles:
        line += ["--profile", profile]
    line += ["--all"] if every else []
    document = judge_file(report, profiles, command=line)
    show = _show_all if every else _show
    deliver(document, html, as_json=as_json, lang=lang, page=_page, show=show)
    if every:
        return CLEAR
    return verdict_code(verdict.outcome for verdict in document.verdicts)


def _page(document: VerdictDocument, language: Language) -> str:
    from parentage.report.verdict_html import render_verdicts

    return render_verdicts(document, language)


def _show(document: VerdictDocument, console: Console, language: Language) -> None:
    from parentage.report.verdict_terminal import print_verdicts

    print_verdicts(document.verdicts, console, language)


def _show_all(document: VerdictDocument, console: Console, language: Language) -> None:
    from parentage.report.verdict_terminal import print_overview

    print_overview(document, console, language)
