# SPDX-License-Identifier: Apache-2.0
"""The whole way of an audit: bytes, description, evidence, findings, document."""

from __future__ import annotations

import time
from collections.abc import Sequence
from contextlib import ExitStack
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import TYPE_CHECKING

from parentage.artifact.checkpoint import Checkpoint, open_checkpoint
from parentage.artifact.source.locate import Reference, label_of
from parentage.errors import UsageError
from parentage.evidence.descent.dates import by_dates
from parentage.evidence.module import ModuleEvidence
from parentage.model.description import Model
from parentage.model.resolve import describe
from parentage.report.descent_document import descent_items
from parentage.report.document import Report
from parentage.run import exact
from parentage.run.alignment import DEFAULT_UNDO_BUDGET, judge_undone
from parentage.run.cache import NO_CACHE, Cache
from parentage.run.content import adopt_names, unknown_names
from parentage.run.dates import named_dates
from parentage.run.descent import DEFAULT_BUDGET as DESCENT_BUDGET
from parentage.run.descent import describe_descents
from parentage.run.document import assemble
from parentage.run.exact import ITEMSIZE, Progress
from parentage.run.file_hashes import with_file_hashes
from parentage.verdict.finding import Criteria

if TYPE_CHECKING:
    from parentage.report.plan_document import PlanDocument
    from parentage.run.sequential import Stages

DEFAULT_BUDGET = 64_000_000
"""Bytes that may be read of each model: headers, config and weights together."""

__all__ = [
    "DEFAULT_BUDGET",
    "ITEMSIZE",
    "Opened",
    "Progress",
    "audit",
    "gather",
    "labels_of",
    "open_model",
    "recognise",
]


@dataclass(frozen=True)
class Opened:
    """A model with its files and its description.

    Attributes:
        label: what the report calls it; unique within an audit.
        search: stored tensor -> ``log10`` of the number of names it could have been
            given by content (empty where the names were understood).
    """

    label: str
    checkpoint: Checkpoint
    model: Model
    search: dict[str, float] = field(default_factory=dict)


def open_model(path: Reference, label: str | None = None) -> Opened:
    """Open and describe a model; only headers and config are read.

    Raises:
        ArtifactError: the files cannot be used.
        DescriptionError: the tensors cannot be described.
    """
    checkpoint = open_checkpoint(path)
    name = label or checkpoint.name
    model = describe(name, checkpoint.entries, checkpoint.config)
    return Opened(name, checkpoint, model)


def audit(
    candidate: Reference,
    against: Sequence[Reference],
    *,
    budget: int = DEFAULT_BUDGET,
    undo_budget: int | None = None,
    descent_budget: int = DESCENT_BUDGET,
    seed: int = 0,
    criteria: Criteria | None = None,
    labels: Sequence[str] | None = None,
    training: str | Path | None = None,
    command: Sequence[str] = (),
    progress: Progress | None = None,
    profiles: Sequence[str] = (),
    manifest: str | Path | None = None,
    licences: Sequence[tuple[str, str]] = (),
    dates: Sequence[tuple[str, str]] = (),
    cache: Cache = NO_CACHE,
    sequential: bool = False,
    plan: PlanDocument | None = None,
    hash_files: bool = False,
) -> Report:
    """Does the candidate, or any module of it, carry a reference's weights?

    Args:
        candidate: path or reference of the model under test.
        against: the same of the references, at least one.
        budget: bytes to read of each model at most.
        undo_budget: further bytes of each model, to undo relabellings of modules
            that are not explained otherwise; 0 leaves it out. By default as many as
            ``budget``, but no more than 64 MB.
        descent_budget: further bytes of each model, to describe the descent of
            modules found dependent; 0 leaves it out. No more than ``budget``.
        seed: decides which bytes; fixed before anything is looked at.
        criteria: levels and floors of the findings.
        labels: what the report calls the models, the candidate first; by default
            the last parts of their paths.
        training: folder of the candidate's training record, checked beside it.
        command: how the audit was called, for the report.
        progress: told about each module.
        profiles: definitions of "from scratch" to judge by, by id or file.
        manifest: what the maker states about every component, as a file.
        licences: (model, SPDX expression) of references whose cards do not say.
        dates: (model, YYYY[-MM[-DD]]) of publication, of the candidate and of
            references: where they leave no doubt, they say which came first.
        cache: where results of earlier runs are looked for.
        sequential: read layer by layer, and no further where a module is decided.
        plan: the audit must be the one that was planned.
        hash_files: take the SHA-256 of every weight file on this machine as well,
            which reads all of it.

    Raises:
        ParentageError: a file cannot be used, or the plan is another one's; see its
            subclasses.
    """
    if not against:
        raise UsageError(
            "no reference was given",
            expected="at least one model to hold the candidate against",
            advice="Name references with --against.",
        )
    started = time.monotonic()
    # Imported late: they need this module, and weights are judged without them.
    from parentage.run.audit_verdicts import complete, wanted  # noqa: PLC0415
    from parentage.run.lineage import lineage_of  # noqa: PLC0415

    asked = wanted(profiles, manifest, licences)
    criteria = criteria or Criteria()
    with ExitStack() as stack:
        names = labels or labels_of([candidate, *against])
        published = named_dates(dates, names, [str(p) for p in (candidate, *against)])
        models = []
        for path, label in zip([candidate, *against], names, strict=True):
            opened = open_model(path, label)
            stack.enter_context(opened.checkpoint)
            models.append(opened)
        if undo_budget is None:
            undo_budget = min(budget, DEFAULT_UNDO_BUDGET)
        descent_budget = min(budget, descent_budget)
        if plan is not None:
            # Imported late, as below: they need this module.
            from parentage.run.planning import Terms, hold_to  # noqa: PLC0415

            terms = Terms(
                seed, budget, undo_budget, descent_budget, sequential, criteria
            )
            hold_to(plan, models[0], models[1:], terms)
        own, references = recognise(models[0], models[1:], budget=budget)
        stages = None
        if sequential:
            from parentage.run.sequential import Stages  # noqa: PLC0415

            stages = Stages.of(
                own,
                references,
                budget=budget,
                undo=undo_budget > 0,
                seed=seed,
                criteria=criteria,
            )
        evidence, problems = gather(
            own,
            references,
            budget=budget,
            seed=seed,
            progress=progress,
            cache=cache,
            stages=stages,
        )
        findings = judge_undone(
            own,
            references,
            evidence,
            criteria,
            budget=undo_budget,
            seed=seed,
            cache=cache,
        )
        described = [
            f for e, f in zip(evidence, findings, strict=True) if not e.stopped
        ]
        descents = describe_descents(
            own,
            references,
            described,
            budget=descent_budget,
            seed=seed,
            cache=cache,
        )
        report = assemble(
            own,
            references,
            evidence,
            findings,
            criteria=criteria,
            budget=budget,
            seed=seed,
            further=(undo_budget, descent_budget),
            command=tuple(command),
            problems=problems,
            started=started,
            lineage=lineage_of(own, references),
            descents=descent_items(by_dates(descents, own.label, published)),
            sequential=sequential,
            plan=None if plan is None else plan.digest,
        )
        if hash_files:
            report = with_file_hashes(report, [m.checkpoint for m in models])
        if training is not None:
            from parentage.run.training import verify_record  # noqa: PLC0415

            record = verify_record(
                training,
                model=candidate,
                against=against,
                report=report,
                budget=budget,
                seed=seed,
                command=("parentage", "training", "verify", str(training)),
            )
            # Before verdicts: some profiles ask for a record.
            report = report.model_copy(update={"training": record})
        return complete(report, own, references, asked)


def gather(
    own: Opened,
    references: Sequence[Opened],
    *,
    budget: int,
    seed: int,
    progress: Progress | None = None,
    cache: Cache = NO_CACHE,
    stages: Stages | None = None,
) -> tuple[list[ModuleEvidence], dict[str, list[object]]]:
    """Evidence about every module against every reference.

    Returns:
        The evidence, and per model what was odd about the values read.
    """
    found = exact.gather(
        own,
        references,
        budget=budget,
        seed=seed,
        progress=progress,
        cache=cache,
        stages=stages,
    )
    exact.add_content(found.evidence, own, references, budget)
    return found.evidence, found.problems


def recognise(
    own: Opened, references: Sequence[Opened], *, budget: int
) -> tuple[Opened, list[Opened]]:
    """Give unknown names by content: the candidate's, then the references'.

    The candidate takes the names of the reference that explains most of it.
    """
    adopted = [_adopt(own, r, budget) for r in references]
    own = max((a for a in [own, *adopted]), key=_explained)
    return own, [max(r, _adopt(r, own, budget), key=_explained) for r in references]


def _explained(opened: Opened) -> int:
    unknown = unknown_names(opened.model)
    return sum(e.size for n, e in opened.checkpoint.entries.items() if n not in unknown)


def _adopt(opened: Opened, lender: Opened, budget: int) -> Opened:
    found = adopt_names(
        opened.checkpoint, opened.model, lender.checkpoint, lender.model, budget=budget
    )
    if found is None:
        return opened
    return replace(
        opened,
        model=found.model,
        search=found.log10_options,
    )


def labels_of(references: Sequence[Reference]) -> list[str]:
    """Names for the report: the last part of each path, made unique."""
    names = [label_of(reference) for reference in references]
    labels: list[str] = []
    for name in names:
        label, number = name, 1
        while label in labels:
            number += 1
            label = f"{name} ({number})"
        labels.append(label)
    return labels
