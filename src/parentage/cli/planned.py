# SPDX-License-Identifier: Apache-2.0
"""Options of an audit, as they are given or as a plan holds them."""

from __future__ import annotations

from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING

import click
from click.core import ParameterSource

from parentage.errors import UsageError

if TYPE_CHECKING:
    from parentage.report.plan_document import PlanDocument


@dataclass(frozen=True)
class Chosen:
    """What decides an audit apart from its models."""

    seed: int
    budget: int
    undo_budget: int | None
    descent_budget: int
    sequential: bool

    def words(self) -> list[str]:
        """The same as words of a command line."""
        line = ["--budget", str(self.budget)]
        if self.undo_budget is not None:
            line += ["--undo-budget", str(self.undo_budget)]
        line += ["--descent-budget", str(self.descent_budget)]
        line += ["--seed", str(self.seed)]
        return line + (["--sequential"] if self.sequential else [])


def keep_to(
    plan_file: Path | None, chosen: Chosen
) -> tuple[PlanDocument | None, Chosen]:
    """The plan, if there is one, and what is chosen once it is heeded.

    Options that were not given are the plan's. Without a plan, a sequential audit
    reads nothing for descents unless it is asked to.

    Raises:
        UsageError: an option was given that the plan contradicts.
        ReportError: the file holds no plan.
    """
    if plan_file is None:
        if chosen.sequential and not _given("descent_budget"):
            chosen = replace(chosen, descent_budget=0)
        return None, chosen
    from parentage.report.plan_document import load_plan

    plan = load_plan(plan_file)
    settings = plan.settings
    planned = Chosen(
        settings.seed,
        settings.budget,
        settings.undo_budget,
        settings.descent_budget,
        settings.sequential,
    )
    for name in Chosen.__dataclass_fields__:
        wanted, have = getattr(planned, name), getattr(chosen, name)
        if _given(name) and wanted != have:
            raise UsageError(
                f"--{name.replace('_', '-')} {have} contradicts the plan",
                file=str(plan_file),
                expected=f"{wanted}",
                advice="Leave the option out, or agree on a new plan.",
            )
    return plan, planned


def _given(name: str) -> bool:
    context = click.get_current_context()
    return context.get_parameter_source(name) is ParameterSource.COMMANDLINE
