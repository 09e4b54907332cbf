# SPDX-License-Identifier: Apache-2.0
"""``parentage licences``: from every reused module to the whole."""

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
    licence_option,
    manifest_option,
)
from parentage.cli.outcome import CLEAR, FOUND, INCONCLUSIVE, check_target
from parentage.report.language import Code, Language

if TYPE_CHECKING:
    from rich.console import Console

    from parentage.report.verdict_licences import LicencesDocument


@click.command(name="licences", no_args_is_help=True)
@click.argument("report", type=click.Path(path_type=Path))
@licence_option()
@click.option(
    "--whole",
    metavar="EXPRESSION",
    help="Licence of the candidate, if it is not to be taken from its card.",
)
@manifest_option()
@html_option()
@json_option("the chain (parentage.licences/1)")
@lang_option()
@debug_option()
def command(
    report: Path,
    licences: tuple[tuple[str, str], ...],
    whole: str | None,
    manifest: Path | None,
    html: Path | None,
    *,
    as_json: bool,
    lang: Code,
) -> int:
    """Follow licences from every reused module of REPORT to the whole.

    Duties and conflicts are listed with the clause they come from. A list of what
    licences say, made by a program; not legal advice.

    Exit code 1: there is a conflict. 3: a licence is not known. 0: otherwise.
    """
    if html is not None:
        check_target(html)
    from parentage.run.report_parts import licences_file

    line = ["parentage", "licences", str(report)]
    for model, expression in licences:
        line += ["--licence", f"{model}={expression}"]
    line += [] if whole is None else ["--whole", whole]
    line += [] if manifest is None else ["--manifest", str(manifest)]
    document = licences_file(
        report, manifest=manifest, licences=licences, whole=whole, command=line
    )
    deliver(document, html, as_json=as_json, lang=lang, page=_page, show=_show)
    if document.licences.conflicts:
        return FOUND
    unknown = any(link.stated is None for link in document.licences.chain)
    return INCONCLUSIVE if unknown or document.licences.unknown else CLEAR


def _page(document: LicencesDocument, language: Language) -> str:
    from parentage.report.verdict_html import render_licences

    return render_licences(document, language)


def _show(document: LicencesDocument, console: Console, language: Language) -> None:
    from parentage.report.verdict_terminal_parts import print_licences

    print_licences(document.licences, console, language)
