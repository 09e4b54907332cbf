# SPDX-License-Identifier: Apache-2.0
"""``parentage check-claim``: do published numbers reproduce, and what can they show?"""

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
    named_model_option,
    seed_option,
)
from parentage.cli.outcome import check_target
from parentage.report.language import Code, Language

if TYPE_CHECKING:
    from rich.console import Console

    from parentage.report.claim_document import ClaimDocument


@click.command(name="check-claim", no_args_is_help=True)
@click.argument("file", type=click.Path(dir_okay=False, path_type=Path))
@named_model_option("A model that the claim names, to compute its numbers from.")
@click.option(
    "--data",
    type=click.Path(file_okay=False, path_type=Path),
    metavar="FOLDER",
    help="Folder of the raw tables that the claim names; by default its own folder.",
)
@html_option()
@json_option("the document (parentage.claim/1)")
@lang_option()
@seed_option()
@debug_option()
def command(
    file: Path,
    models: dict[str, str],
    data: Path | None,
    html: Path | None,
    *,
    as_json: bool,
    lang: Code,
    seed: int,
) -> int:
    """Check the published numbers of FILE, and what they can show.

    FILE is a claim as YAML, or a CSV of numbers with the statistic named. Numbers are
    recomputed from the raw tables that it names and from the models given, cell by
    cell. Then: can the statistic carry the claim, by its error rate on models that are
    known to be independent, and which control is missing?

    Exit code 0: every number reproduces, and the statistic can carry the claim. 1: a
    number does not reproduce, or the statistic cannot carry the claim. 3: neither, but
    something could not be checked.
    """
    if html is not None:
        check_target(html)
    from parentage.run.claim import check_claim
    from parentage.verdict.claim_outcome import EXIT_CODES

    line = ["parentage", "check-claim", str(file)]
    for name, reference in models.items():
        line += ["--model", f"{name}={reference}"]
    if data is not None:
        line += ["--data", str(data)]
    line += ["--seed", str(seed)]
    document = check_claim(file, models=models, data=data, seed=seed, command=line)
    deliver(document, html, as_json=as_json, lang=lang, page=_page, show=_show)
    return EXIT_CODES[document.judgement.outcome]


def _page(document: ClaimDocument, language: Language) -> str:
    from parentage.report.claim_html import render_claim

    return render_claim(document, language)


def _show(document: ClaimDocument, console: Console, language: Language) -> None:
    from parentage.report.claim_terminal import print_claim

    print_claim(document, console, language)
