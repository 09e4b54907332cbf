# SPDX-License-Identifier: Apache-2.0
"""Plans that people agree on: made before anything is looked at, and kept to."""

from __future__ import annotations

import time
from collections.abc import Sequence
from contextlib import ExitStack
from dataclasses import dataclass
from datetime import UTC, datetime

from parentage.artifact.source.locate import Reference
from parentage.errors import UsageError
from parentage.report.plan_document import (
    BudgetModule,
    BudgetRow,
    Detects,
    PlanDocument,
    PlannedModel,
    PlannedModule,
    PlannedSettings,
    PlannedTest,
    digest_of,
)
from parentage.run.alignment import DEFAULT_UNDO_BUDGET
from parentage.run.audit import (
    DEFAULT_BUDGET,
    Opened,
    Progress,
    labels_of,
    open_model,
)
from parentage.run.content import unknown_names
from parentage.run.descent import DEFAULT_BUDGET as DESCENT_BUDGET
from parentage.run.document import versions
from parentage.run.exact import content_of, rooms
from parentage.run.pairing import ModulePair
from parentage.run.plan import Plan
from parentage.run.rehearse import Rehearsed, coins_of, rehearse, tests_of
from parentage.verdict.finding import Criteria

BUDGETS = (1_000_000, 4_000_000, 16_000_000, 64_000_000)
"""Budgets that a plan compares, beside the one it was made for."""

UNKNOWN_NAMES = (
    "some tensors have names that say nothing; an audit looks for their names by "
    "content first, which may add tests"
)
WIDTHS = (
    "widths differ, so an audit matches residual dims by the order test first and "
    "reads hidden units where it matched them; what that finds is not known beforehand"
)


@dataclass(frozen=True)
class Terms:
    """What decides an audit apart from its models.

    Attributes:
        seed, budget, undo_budget, descent_budget, sequential: as of an audit.
        criteria: levels and floors.
    """

    seed: int
    budget: int
    undo_budget: int
    descent_budget: int
    sequential: bool
    criteria: Criteria

    def settings(self) -> PlannedSettings:
        """The same as part of a document."""
        return PlannedSettings(
            seed=self.seed,
            budget=self.budget,
            undo_budget=self.undo_budget,
            descent_budget=self.descent_budget,
            sequential=self.sequential,
            log10_alpha=self.criteria.log10_alpha,
            effect_floor=self.criteria.effect_floor,
        )


def plan_audit(
    candidate: Reference,
    against: Sequence[Reference],
    *,
    budget: int = DEFAULT_BUDGET,
    undo_budget: int | None = None,
    descent_budget: int = DESCENT_BUDGET,
    seed: int = 0,
    sequential: bool = False,
    budgets: Sequence[int] = BUDGETS,
    criteria: Criteria | None = None,
    command: Sequence[str] = (),
    progress: Progress | None = None,
) -> PlanDocument:
    """What an audit would read and test, and which dependence it would find.

    Args:
        candidate: the model under test; only its headers are read.
        against: the references, at least one.
        budget, undo_budget, descent_budget, seed, sequential: as of the audit.
        budgets: further budgets to show the power of.
        criteria: levels and floors.
        command: how it was called, for the document.
        progress: told about each budget.

    Raises:
        ParentageError: a file cannot be used; see its subclasses.
    """
    if not against:
        raise UsageError(
            "no reference was given",
            expected="at least one model to hold the candidate against",
            advice="Name references with --against.",
        )
    started = time.monotonic()
    if undo_budget is None:
        undo_budget = min(budget, DEFAULT_UNDO_BUDGET)
    terms = Terms(
        seed,
        budget,
        undo_budget,
        min(budget, descent_budget),
        sequential,
        criteria or Criteria(),
    )
    with ExitStack() as stack:
        paths = [candidate, *against]
        models = []
        for path, label in zip(paths, labels_of(paths), strict=True):
            opened = open_model(path, label)
            stack.enter_context(opened.checkpoint)
            models.append(opened)
        own, references = models[0], models[1:]
        wanted = sorted({*budgets, budget})
        rehearsals: dict[object, Rehearsed] = {}
        found: dict[int, Rehearsed] = {}
        for number, size in enumerate(wanted):
            if progress is not None:
                progress(f"budget of {size} bytes", number, len(wanted))
            # Budgets beyond the whole model read the same and are rehearsed once.
            same = (_cuts(own, references, size, seed), undo_budget > 0)
            if same not in rehearsals:
                rehearsals[same] = rehearse(
                    own,
                    references,
                    budget=size,
                    undo=undo_budget > 0,
                    seed=seed,
                    criteria=terms.criteria,
                )
            found[size] = rehearsals[same]
        main = found[budget]
        bound = _bound(own, references, terms)
        return PlanDocument(
            schema="parentage.plan/1",
            versions=versions(),
            created=datetime.now(UTC).isoformat(timespec="seconds"),
            seconds=round(time.monotonic() - started, 3),
            command=tuple(command),
            family=main.family,
            modules=_modules(main),
            bytes_candidate=_candidate_bytes(main.plans),
            bytes_references=tuple(plan.predicted[1] for _, plan in main.plans),
            budgets=tuple(_row(size, found[size]) for size in wanted),
            notes=_notes(own, references, main),
            **bound,  # type: ignore[arg-type]
        )


def _bound(
    own: Opened, references: Sequence[Opened], terms: Terms
) -> dict[str, object]:
    """What an audit is held to, with its digest."""
    settings = terms.settings()
    models = [_model(opened) for opened in (own, *references)]
    cuts = _cuts(own, references, terms.budget, terms.seed)
    binding = {
        "schema": "parentage.plan/1",
        "settings": settings.model_dump(),
        "models": [[m.headers, m.identity] for m in models],
        "cuts": list(cuts),
    }
    return {
        "settings": settings,
        "candidate": models[0],
        "references": tuple(models[1:]),
        "cuts": cuts,
        "digest": digest_of(binding),
    }


def _cuts(
    own: Opened, references: Sequence[Opened], budget: int, seed: int
) -> tuple[str, ...]:
    """Digest of what is read for each reference, order tests included."""
    return tuple(
        digest_of({"plan": room.plan(room.pairs, seed).digest(), "orders": room.orders})
        for room in rooms(own, references, budget)
    )


def hold_to(
    plan: PlanDocument, own: Opened, references: Sequence[Opened], terms: Terms
) -> None:
    """Refuse an audit that is not the one that was planned.

    Raises:
        UsageError: settings, models or rectangles differ; the message says which.
    """
    planned, now = plan.settings.model_dump(), terms.settings().model_dump()
    for name, value in planned.items():
        if now[name] != value:
            raise _differs(
                f"{name.replace('_', ' ')} is {now[name]}",
                f"{value}, as the plan says",
            )
    if len(references) != len(plan.references):
        raise _differs(
            f"{len(references)} references were given",
            f"{len(plan.references)}, as the plan says",
        )
    for opened, model in zip(
        (own, *references), (plan.candidate, *plan.references), strict=True
    ):
        found = _model(opened)
        if found.headers != model.headers:
            raise _differs(
                f"{opened.label} has other tensors, shapes, formats or config than "
                f"the planned {model.name}",
                f"headers with SHA-256 {model.headers}, not {found.headers}",
            )
        if model.identity is not None and found.identity != model.identity:
            raise _differs(
                f"{opened.label} is {found.identity or 'of unknown identity'}",
                f"{model.identity}, as the plan says",
            )
    if _bound(own, references, terms)["digest"] != plan.digest:
        raise _differs(
            "this version reads other places than the plan says",
            f"the version that made it ({plan.versions.get('parentage', 'unknown')})",
        )


def _differs(message: str, expected: str) -> UsageError:
    return UsageError(
        f"the audit is not the planned one: {message}",
        expected=expected,
        advice="Audit what was planned, or agree on a new plan.",
    )


def _model(opened: Opened) -> PlannedModel:
    checkpoint = opened.checkpoint
    return PlannedModel(
        name=opened.label,
        path=checkpoint.address,
        parameters=opened.model.parameters,
        headers=content_of(opened),
        identity=checkpoint.address if checkpoint.remote else None,
        bytes_stored=sum(e.nbytes for e in checkpoint.entries.values()),
        bytes_read=checkpoint.bytes_read,
    )


def _row(budget: int, found: Rehearsed) -> BudgetRow:
    return BudgetRow(
        budget=budget,
        bytes_candidate=_candidate_bytes(found.plans),
        bytes_references=tuple(plan.predicted[1] for _, plan in found.plans),
        modules=tuple(
            BudgetModule(
                module=item.module,
                reference=item.reference,
                coins=coins_of(item),
                power=_power(found.power(item)),
            )
            for item in found.evidence
            if item.reference_module
        ),
    )


def _modules(found: Rehearsed) -> tuple[PlannedModule, ...]:
    plans = iter(found.plans)
    plan: Plan | None = None
    reference = None
    rows = []
    for item in found.evidence:
        if item.reference != reference:
            reference, (_, plan) = item.reference, next(plans)
        left, right = (
            plan.of_modules(item.module, item.reference_module) if plan else (0, 0)
        )
        rows.append(
            PlannedModule(
                module=item.module,
                reference=item.reference,
                reference_module=item.reference_module or None,
                bytes_candidate=left,
                bytes_reference=right,
                tests=tuple(PlannedTest(method=m, n=n) for m, n in tests_of(item)),
                coins=coins_of(item),
                exact_tests=item.tests(),
                power=_power(found.power(item)),
                reason=item.reason,
            )
        )
    return tuple(rows)


def _power(found: Sequence[tuple[float, float | None]]) -> tuple[Detects, ...]:
    return tuple(Detects(probability=p, correlation=c) for p, c in found)


def _candidate_bytes(plans: Sequence[tuple[list[ModulePair], Plan]]) -> int:
    """Bytes of the candidate: equal rectangles serve all references."""
    sizes: dict[object, int] = {}
    for _, plan in plans:
        for key, (left, _) in plan.sizes.items():
            module, _, block, _, role = key
            where = (module, block, role, plan.cuts[key], plan.experts[key[:4]])
            sizes[where] = left
    return sum(sizes.values())


def _notes(
    own: Opened, references: Sequence[Opened], found: Rehearsed
) -> tuple[str, ...]:
    notes = []
    if any(unknown_names(m.model) for m in (own, *references)):
        notes.append(UNKNOWN_NAMES)
    if any(e.method == "order-test" for item in found.evidence for e in item.evidence):
        notes.append(WIDTHS)
    return tuple(notes)
