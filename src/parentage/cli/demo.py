# SPDX-License-Identifier: Apache-2.0
"""``parentage demo``: compare the bundled models and check every answer."""

from __future__ import annotations

import json
import os
from dataclasses import asdict
from pathlib import Path

import click

import parentage
from parentage.cli.options import (
    budget_option,
    debug_option,
    html_option,
    json_option,
    lang_option,
    seed_option,
)
from parentage.cli.outcome import check_target, write_text
from parentage.cli.progress import progress_bar
from parentage.errors import UsageError
from parentage.report.language import Code, Language

MANIFEST = "manifest.json"


def find_zoo(given: Path | None) -> Path:
    """The folder of the bundled models.

    The one given; else ``$PARENTAGE_ZOO``; else ``./zoo``; else ``zoo`` beside the
    source checkout that is installed.

    Raises:
        UsageError: none of them holds a manifest.
    """
    named = os.environ.get("PARENTAGE_ZOO")
    if given is not None or named:
        folder = given or Path(str(named))
        if (folder / MANIFEST).is_file():
            return folder
        raise UsageError(
            f"holds no {MANIFEST}", file=str(folder), expected="a folder of models"
        )
    source = Path(parentage.__file__).resolve().parents[2]
    for folder in (Path("zoo"), source / "zoo"):
        if (folder / MANIFEST).is_file():
            return folder
    raise UsageError(
        "no bundled models found",
        expected=f"./zoo/{MANIFEST}",
        advice="Give their folder with --zoo DIR or PARENTAGE_ZOO; it is part of the "
        "source checkout",
    )


@click.command(name="demo")
@click.option(
    "--zoo",
    type=click.Path(file_okay=False, path_type=Path),
    metavar="DIR",
    help="Folder of the bundled models. Default: $PARENTAGE_ZOO, ./zoo, or the one "
    "of the source checkout.",
)
@html_option()
@json_option("the results")
@lang_option()
@budget_option()
@seed_option()
@debug_option()
def command(
    zoo: Path | None,
    html: Path | None,
    *,
    as_json: bool,
    lang: Code,
    budget: int,
    seed: int,
) -> int:
    """Compare the bundled models, whose parentage is known, and check every answer.

    Exit code 0 if every finding agrees with the truth, else 1.
    """
    if html is not None:
        check_target(html)
    folder = find_zoo(zoo)
    from parentage.run.demo import run_demo

    with progress_bar() as progress:
        result = run_demo(folder, seed=seed, budget=budget, progress=progress)
    language = Language(lang)
    if html is not None:
        from parentage.report.html import render_demo_html

        write_text(html, render_demo_html(result.rows, result.reports, language))
    if as_json:
        rows = [asdict(row) for row in result.rows]
        document = {"schema": "parentage.demo/1", "results": rows}
        click.echo(json.dumps(document, indent=2, ensure_ascii=False))
    else:
        from parentage.cli.console import stdout
        from parentage.report.terminal import print_demo

        print_demo(result.rows, stdout(), language)
    if html is not None:
        click.echo(language("HTML report: {file}", file=html), err=True)
    return 0 if all(row.agrees for row in result.rows) else 1
