# SPDX-License-Identifier: Apache-2.0
"""``parentage plan``: what an audit would read, test and find, before it looks."""

from __future__ import annotations

from pathlib import Path

import click

from parentage.cli.audit import AuditCommand
from parentage.cli.options import (
    Bytes,
    budget_option,
    debug_option,
    descent_budget_option,
    json_option,
    lang_option,
    seed_option,
    sequential_option,
    undo_budget_option,
)
from parentage.cli.outcome import check_target, write_text
from parentage.cli.progress import progress_bar
from parentage.report.language import Code, Language


@click.command(name="plan", cls=AuditCommand, no_args_is_help=True)
@click.argument("candidate")
@click.option(
    "--against",
    multiple=True,
    required=True,
    metavar="REFERENCE",
    help="A model that the candidate may carry weights of; may be given repeatedly.",
)
@click.option(
    "--output",
    type=click.Path(dir_okay=False, path_type=Path),
    metavar="FILE",
    help="Also write the plan to a file, which `parentage audit --plan` is held to.",
)
@json_option("the plan (parentage.plan/1)")
@lang_option()
@budget_option()
@click.option(
    "--compare",
    "budgets",
    multiple=True,
    type=Bytes(),
    help="A further budget to show the power of; may be given repeatedly (1MB, 4MB, "
    "16MB and 64MB by default).",
)
@undo_budget_option()
@descent_budget_option()
@sequential_option("Plan an audit that stops reading what is decided early.")
@seed_option()
@debug_option()
def command(
    candidate: str,
    against: tuple[str, ...],
    output: Path | None,
    *,
    as_json: bool,
    lang: Code,
    budget: int,
    budgets: tuple[int, ...],
    undo_budget: int | None,
    descent_budget: int,
    sequential: bool,
    seed: int,
) -> int:
    """Say what an audit of CANDIDATE would read and test, and what it would find.

    Only headers and configs are read. For every module: bytes of both models, tests
    and coins, and the smallest element correlation that would be called reuse with
    probability 80 % and 95 %. Accuser and accused can agree on the file beforehand:
    `parentage audit --plan FILE` refuses any other seed, budget, shapes or models.
    """
    if output is not None:
        check_target(output)
    from parentage.run.planning import BUDGETS, plan_audit

    line = ["parentage", "plan", candidate]
    for reference in against:
        line += ["--against", reference]
    line += ["--budget", str(budget)]
    for size in budgets:
        line += ["--compare", str(size)]
    if undo_budget is not None:
        line += ["--undo-budget", str(undo_budget)]
    line += ["--descent-budget", str(descent_budget)]
    line += ["--sequential"] if sequential else []
    line += ["--seed", str(seed)]
    with progress_bar() as progress:
        plan = plan_audit(
            candidate,
            against,
            budget=budget,
            undo_budget=undo_budget,
            descent_budget=descent_budget,
            seed=seed,
            sequential=sequential,
            budgets=budgets or BUDGETS,
            command=line,
            progress=progress,
        )
    if output is not None:
        write_text(output, plan.to_json() + "\n")
    if as_json:
        click.echo(plan.to_json())
    else:
        from parentage.cli.console import stdout
        from parentage.report.plan_terminal import print_plan

        print_plan(plan, stdout(), Language(lang))
    return 0
