# SPDX-License-Identifier: Apache-2.0
"""The whole way of an audit: bytes, description, evidence, findings, document."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from contextlib import ExitStack
from dataclasses import dataclass, field, replace

from parentage.artifact.checkpoint import Checkpoint, open_checkpoint
from parentage.artifact.dtypes import DTYPES
from parentage.artifact.source.locate import Reference, label_of
from parentage.errors import UsageError
from parentage.evidence.module import ModuleEvidence
from parentage.model.description import Model
from parentage.model.resolve import describe
from parentage.report.descent_document import descent_items
from parentage.report.document import Report
from parentage.run.alignment import DEFAULT_UNDO_BUDGET, judge_undone
from parentage.run.compare import compare_modules
from parentage.run.content import (
    SHARE_OF_BUDGET as CONTENT_SHARE,
)
from parentage.run.content import (
    adopt_names,
    compare_unrecognised,
    unknown_names,
)
from parentage.run.descent import DEFAULT_BUDGET as DESCENT_BUDGET
from parentage.run.descent import describe_descents
from parentage.run.document import assemble
from parentage.run.pairing import ModulePair, kind, pair_modules
from parentage.run.plan import make_plan
from parentage.run.sampler import Reader
from parentage.run.width import (
    SHARE_OF_BUDGET,
    applies,
    match_streams,
    order_evidence,
)
from parentage.verdict.finding import Criteria
from parentage.verdict.judge import stream_of

DEFAULT_BUDGET = 64_000_000
"""Bytes that may be read of each model: headers, config and weights together."""

Progress = Callable[[str, int, int], None]
"""Called with what is being done, how many steps are done, and how many there are."""

ITEMSIZE = {name: kind_.itemsize for name, kind_ in DTYPES.items()}


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
    command: Sequence[str] = (),
    progress: Progress | None = None,
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
        command: how the audit was called, for the report.
        progress: told about each module.

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
    criteria = criteria or Criteria()
    with ExitStack() as stack:
        labels = _labels([candidate, *against])
        models = []
        for path, label in zip([candidate, *against], labels, strict=True):
            opened = open_model(path, label)
            stack.enter_context(opened.checkpoint)
            models.append(opened)
        own, references = recognise(models[0], models[1:], budget=budget)
        evidence, problems = gather(
            own, references, budget=budget, seed=seed, progress=progress
        )
        if undo_budget is None:
            undo_budget = min(budget, DEFAULT_UNDO_BUDGET)
        findings = judge_undone(
            own, references, evidence, criteria, budget=undo_budget, seed=seed
        )
        descent_budget = min(budget, descent_budget)
        descents = descent_items(
            describe_descents(
                own,
                references,
                findings,
                budget=descent_budget,
                seed=seed,
            )
        )
        # Imported late: it needs this module, and weights are judged without it.
        from parentage.run.lineage import lineage_of  # noqa: PLC0415

        return assemble(
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
            descents=descents,
        )


def gather(
    own: Opened,
    references: Sequence[Opened],
    *,
    budget: int,
    seed: int,
    progress: Progress | None = None,
) -> tuple[list[ModuleEvidence], dict[str, list[object]]]:
    """Evidence about every module against every reference, one at a time.

    Returns:
        The evidence, and per model what was odd about the values read.
    """
    all_pairs = [pair_modules(own.model, r.model) for r in references]
    total = sum(len(pairs) for pairs in all_pairs)
    done = 0
    evidence: list[ModuleEvidence] = []
    problems: dict[str, list[object]] = {}
    reader = Reader(own.checkpoint, keep=len(references) > 1)
    share = _share(references)
    # Headers, the search for names, and what comparing unknown roles will take.
    reserved = budget // CONTENT_SHARE if own.model.unrecognised else 0
    spent = own.checkpoint.bytes_read + reserved
    largest = max(r.checkpoint.bytes_read for r in references) + reserved
    for reference, pairs in zip(references, all_pairs, strict=True):
        other = Reader(reference.checkpoint)
        # One room for all references: equal shapes must be read with equal plans.
        room = (max(0, budget - spent) // share, max(0, budget - largest))
        widths = sum(any(applies(b) for b in p.blocks) for p in pairs)
        order_budget = min(room) // SHARE_OF_BUDGET // widths if widths else 0
        orders = [
            order_evidence(pair, reader, other, budget=order_budget) for pair in pairs
        ]
        matched = match_streams(pairs, orders)
        wider = max((p.wider for p in matched), default=1.0)
        plan = make_plan(
            matched,
            budgets=(
                int((room[0] - widths * order_budget) / wider),
                int((room[1] - widths * order_budget) / wider),
            ),
            itemsize=ITEMSIZE,
            seed=seed,
        )
        fixed: set[str] = set()  # streams with a fixed position table
        for pair, order in zip(matched, orders, strict=True):
            if progress is not None:
                progress(
                    f"{pair.candidate.name} against {reference.label}", done, total
                )
            found = compare_modules(
                pair,
                plan,
                reader,
                other,
                name=reference.label,
                seed=seed,
                orders=[evidence for evidence, _ in order],
                fixed_positions=stream_of(pair.candidate.name) in fixed,
            )
            if found.fixed_positions:
                fixed.add(stream_of(pair.candidate.name))
            _pay_for_search(found, pair, own.search, reference.search)
            evidence.append(found)
            done += 1
        evidence += _missing(own, reference, pairs, budget // len(references))
        problems[reference.label] = list(other.problems)
    problems[own.label] = list(reader.problems)
    if progress is not None:
        progress("done", total, total)
    return evidence, problems


def _pay_for_search(
    found: ModuleEvidence,
    pair: ModulePair,
    own: dict[str, float],
    reference: dict[str, float],
) -> None:
    """Note how many assignments of names each p-value was the best of."""
    if not own and not reference:
        return
    for module, options in ((pair.candidate, own), (pair.reference, reference)):
        layers: dict[str, dict[int | None, float]] = {}
        for name, block, layer in {
            (t.view.tensor, t.block, t.layer) for t in module.tensors
        }:
            found.search += options.get(name, 0.0)
            row = layers.setdefault(block, {})
            row[layer] = row.get(layer, 0.0) + options.get(name, 0.0)
        for block, row in layers.items():
            # Of any layer of the block: the costliest stands for all of them.
            worst = max(row.values())
            found.cell_search[block] = found.cell_search.get(block, 0.0) + worst


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


def _share(references: Sequence[Opened]) -> int:
    """Over how many different plans the candidate's budget is spread.

    References of equal shapes are read with equal plans, and the candidate's
    rectangles are kept, so they cost the candidate nothing more.
    """
    signatures = {
        tuple(
            (t.module, t.role, t.layer, t.expert, t.shape, t.dtype)
            for m in r.model.modules
            for t in m.tensors
        )
        for r in references
    }
    return len(signatures)


def _missing(
    own: Opened, reference: Opened, pairs: list[ModulePair], budget: int
) -> list[ModuleEvidence]:
    """Modules that the reference has no counterpart of, or that have no roles."""
    paired = {p.candidate.name for p in pairs}
    found = []
    for module in own.model.modules:
        if module.name in paired:
            continue
        item = ModuleEvidence(module.name, "", reference.label)
        item.reason = f"{reference.label} has no {kind(module.name)}"
        if module.name == "unrecognised":
            item.reason = "the symmetry of tensors of unknown role is not known"
            content = compare_unrecognised(
                own.checkpoint, own.model, reference.checkpoint, budget=budget
            )
            item.evidence += [content] if content else []
        found.append(item)
    return found


def _labels(references: Sequence[Reference]) -> list[str]:
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
