# SPDX-License-Identifier: Apache-2.0
"""``parentage explain``: how the correspondence of one module was found."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import click

from parentage.cli.audit import AuditCommand
from parentage.cli.delivery import deliver
from parentage.cli.options import (
    budget_option,
    debug_option,
    descent_budget_option,
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

    from parentage.report.descent_explain import Explanation


@click.command(name="explain", cls=AuditCommand, no_args_is_help=True)
@click.argument("candidate")
@click.option(
    "--against",
    multiple=True,
    required=True,
    metavar="REFERENCE",
    help="A model that the candidate may carry weights of; may be given repeatedly.",
)
@click.option(
    "--module",
    required=True,
    metavar="NAME",
    help="Module of the candidate, such as text_decoder.",
)
@click.option(
    "--layer",
    type=click.IntRange(min=0),
    metavar="NUMBER",
    help="Layer to look at; the first one that is called reused by default.",
)
@html_option()
@json_option("the explanation (parentage.explanation/1)")
@lang_option()
@budget_option()
@descent_budget_option()
@seed_option()
@debug_option()
def command(
    candidate: str,
    against: tuple[str, ...],
    html: Path | None,
    *,
    module: str,
    layer: int | None,
    as_json: bool,
    lang: Code,
    budget: int,
    descent_budget: int,
    seed: int,
) -> int:
    """Show how the correspondence of one module of CANDIDATE was found.

    The audit is run again; then the layer map, the exact tests beside what chance
    gives, the matching of units, the spectrum and the distribution of the differences
    and the weights of a merge by layer are shown for that module.
    """
    if html is not None:
        check_target(html)
    from parentage.run.explain import explain

    line = ["parentage", "explain", candidate]
    for reference in against:
        line += ["--against", reference]
    line += ["--module", module, *([] if layer is None else ["--layer", str(layer)])]
    line += ["--budget", str(budget), "--descent-budget", str(descent_budget)]
    line += ["--seed", str(seed)]
    with progress_bar() as progress:
        document = explain(
            candidate,
            against,
            module,
            layer=layer,
            budget=budget,
            descent_budget=descent_budget,
            seed=seed,
            command=line,
            progress=progress,
        )
    deliver(document, html, as_json=as_json, lang=lang, page=_page, show=_show)
    return 0


def _page(document: Explanation, language: Language) -> str:
    from parentage.report.descent_explain_html import render_explanation

    return render_explanation(document, language)


def _show(document: Explanation, console: Console, language: Language) -> None:
    from parentage.report.descent_explain_terminal import print_explanation

    print_explanation(document, console, language)
