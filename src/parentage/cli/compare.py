# SPDX-License-Identifier: Apache-2.0
"""``parentage compare``: the evidence about two models, without a judgement."""

from __future__ import annotations

import click

from parentage.cli.options import (
    budget_option,
    debug_option,
    json_option,
    lang_option,
    seed_option,
)
from parentage.cli.progress import progress_bar
from parentage.report.language import Code, Language


@click.command(name="compare", no_args_is_help=True)
@click.argument("a")
@click.argument("b")
@json_option("the comparison (parentage.comparison/1)")
@lang_option()
@budget_option()
@seed_option()
@debug_option()
def command(
    a: str, b: str, *, as_json: bool, lang: Code, budget: int, seed: int
) -> int:
    """Show the evidence about every module of A against B, without a judgement.

    A and B are paths, org/name@revision of the Hugging Face Hub, or hf://, https:// or
    s3:// references. Every test is listed with its grade, statistic, p-value and
    effect. p-values here are not corrected for the number of tests; `parentage audit`
    corrects and judges.
    """
    from parentage import compare

    line = ["parentage", "compare", a, b]
    line += ["--budget", str(budget), "--seed", str(seed)]
    with progress_bar() as progress:
        comparison = compare(
            a, b, budget=budget, seed=seed, command=line, progress=progress
        )
    if as_json:
        click.echo(comparison.to_json())
    else:
        from parentage.cli.console import stdout
        from parentage.report.terminal import print_comparison

        print_comparison(comparison, stdout(), Language(lang))
    return 0
