# SPDX-License-Identifier: Apache-2.0
"""``parentage declared``: what a maker states, against a stored report."""

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
    manifest_option,
)
from parentage.cli.outcome import CLEAR, FOUND, check_target, write_text
from parentage.report.language import Code, Language

if TYPE_CHECKING:
    from rich.console import Console

    from parentage.report.verdict_declared import DeclaredDocument


@click.command(name="declared", no_args_is_help=True)
@click.argument("model")
@click.option(
    "--report",
    type=click.Path(path_type=Path),
    required=True,
    metavar="FILE",
    help="What `parentage audit --json` wrote about MODEL.",
)
@manifest_option()
@click.option(
    "--patch",
    type=click.Path(dir_okay=False, path_type=Path),
    metavar="FILE",
    help="Also write the suggested change of the model card, as a unified diff.",
)
@html_option()
@json_option("the rows (parentage.declared/1)")
@lang_option()
@debug_option()
def command(
    model: str,
    report: Path,
    manifest: Path | None,
    patch: Path | None,
    html: Path | None,
    *,
    as_json: bool,
    lang: Code,
) -> int:
    """Hold what the maker of MODEL states against a stored report, row by row.

    Model card, config, GGUF metadata and a submission manifest are read; weights are
    not. Each statement is confirmed, contradicted or cannot be verified; what was
    found and is stated nowhere is undeclared.

    Exit code 1: something is contradicted or undeclared. 0: nothing is.
    """
    for target in (html, patch):
        if target is not None:
            check_target(target)
    from parentage.run.report_parts import declared_file

    line = ["parentage", "declared", model, "--report", str(report)]
    line += [] if manifest is None else ["--manifest", str(manifest)]
    document = declared_file(model, report, manifest, command=line)
    if patch is not None:
        write_text(patch, document.declared.patch)
    deliver(document, html, as_json=as_json, lang=lang, page=_page, show=_show)
    words = {row.outcome for row in document.declared.rows}
    return FOUND if words & {"contradicted", "undeclared"} else CLEAR


def _page(document: DeclaredDocument, language: Language) -> str:
    from parentage.report.verdict_html import render_declared

    return render_declared(document, language)


def _show(document: DeclaredDocument, console: Console, language: Language) -> None:
    from parentage.report.verdict_terminal_parts import print_declared

    print_declared(document.declared, console, language)
