# SPDX-License-Identifier: Apache-2.0
"""``parentage case``: public cases, listed, shown and run."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING

import click

from parentage.cli.delivery import deliver
from parentage.cli.options import (
    budget_option,
    debug_option,
    html_option,
    json_option,
    lang_option,
    seed_option,
)
from parentage.cli.outcome import check_target
from parentage.cli.progress import progress_bar
from parentage.report.language import Code, Language

if TYPE_CHECKING:
    from rich.console import Console

    from parentage.report.case_document import CaseDocument


@click.group(name="case", no_args_is_help=True)
def command() -> None:
    """List, show and run public cases of disputed or known descent.

    A case names a candidate, references, controls whose answer is known, claims with
    their numbers and sources, what is established and what is disputed. No result of
    this tool stands in a case.
    """


@command.command(name="list")
@json_option("every case")
@lang_option()
@debug_option()
def list_cases(*, as_json: bool, lang: Code) -> int:
    """List the cases that ship with the package."""
    from parentage.run.cases import shipped

    cases = shipped()
    if as_json:
        rows = [case.model_dump(mode="json") for case in cases.values()]
        click.echo(json.dumps({"cases": rows}, indent=2, ensure_ascii=False))
        return 0
    from parentage.cli.console import stdout
    from parentage.report.case_terminal import print_cases

    print_cases(cases.values(), stdout(), Language(lang))
    return 0


@command.command(name="show", no_args_is_help=True)
@click.argument("case_id", metavar="ID")
@json_option("the case (parentage.case-file/1)")
@lang_option()
@debug_option()
def show(case_id: str, *, as_json: bool, lang: Code) -> int:
    """Show what the case ID, or the file ID.toml, states."""
    from parentage.run.cases import load_case

    case, _ = load_case(case_id)
    if as_json:
        click.echo(case.model_dump_json(indent=2))
        return 0
    from parentage.cli.console import stdout
    from parentage.report.case_terminal import print_case

    print_case(case, stdout(), Language(lang))
    return 0


@command.command(name="run", no_args_is_help=True)
@click.argument("case_id", metavar="ID")
@click.option(
    "--local",
    type=click.Path(file_okay=False, exists=True, path_type=Path),
    metavar="FOLDER",
    help="Folder in which models may lie as ORG/NAME; these are not fetched.",
)
@click.option(
    "--data",
    type=click.Path(file_okay=False, exists=True, path_type=Path),
    metavar="FOLDER",
    help="Folder of the raw tables of its claims.",
)
@html_option()
@json_option("the document (parentage.case/1)")
@lang_option()
@budget_option()
@seed_option()
@debug_option()
def run(
    case_id: str,
    local: Path | None,
    data: Path | None,
    html: Path | None,
    *,
    as_json: bool,
    lang: Code,
    budget: int,
    seed: int,
) -> int:
    """Run the case ID, or the file ID.toml: its models, its controls, its claims.

    Every model that is not under --local is read from the Hub, and of each no more
    than --budget bytes for each pair.

    Exit code 1: the candidate shows reuse of a reference. 0: nothing was found. 3: a
    control did not come out as it must, or a pair was inconclusive or could not be
    read.
    """
    if html is not None:
        check_target(html)
    from parentage.run.case_run import exit_code, run_case
    from parentage.run.cases import load_case

    case, claims = load_case(case_id)
    line = ["parentage", "case", "run", case_id]
    for name, value in (("--local", local), ("--data", data)):
        if value is not None:
            line += [name, str(value)]
    line += ["--budget", str(budget), "--seed", str(seed)]
    with progress_bar() as progress:
        document = run_case(
            case,
            claims=claims,
            local=local,
            data=data,
            budget=budget,
            seed=seed,
            command=line,
            progress=progress,
        )
    deliver(document, html, as_json=as_json, lang=lang, page=_page, show=_show)
    return exit_code(document)


def _page(document: CaseDocument, language: Language) -> str:
    from parentage.report.case_html import render_case

    return render_case(document, language)


def _show(document: CaseDocument, console: Console, language: Language) -> None:
    from parentage.report.case_terminal import print_run

    print_run(document, console, language)
