# SPDX-License-Identifier: Apache-2.0
"""The exact tier: evidence about every module against every reference."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from functools import partial
from typing import TYPE_CHECKING

from parentage.artifact.checkpoint import Checkpoint
from parentage.artifact.dtypes import DTYPES
from parentage.evidence.base import Evidence
from parentage.evidence.module import ModuleEvidence
from parentage.evidence.order import Matches
from parentage.run.cache import NO_CACHE, Cache
from parentage.run.codec import digest
from parentage.run.compare import compare_modules
from parentage.run.content import SHARE_OF_BUDGET as CONTENT_SHARE
from parentage.run.content import compare_unrecognised
from parentage.run.pairing import ModulePair, kind, pair_modules
from parentage.run.plan import Plan, make_plan
from parentage.run.sampler import Reader
from parentage.run.width import (
    SHARE_OF_BUDGET,
    applies,
    match_streams,
    order_evidence,
)
from parentage.verdict.judge import stream_of

if TYPE_CHECKING:
    from parentage.run.audit import Opened
    from parentage.run.sequential import Stages

Progress = Callable[[str, int, int], None]
"""Called with what is being done, how many steps are done, and how many there are."""

MakeReader = Callable[[Checkpoint, bool], Reader]
"""Makes a reader of a model; the second argument says whether it keeps what it read."""

ITEMSIZE = {name: kind_.itemsize for name, kind_ in DTYPES.items()}

Orders = Sequence[Sequence[tuple[Evidence, Matches]]]


@dataclass(frozen=True)
class Room:
    """What may be read for one reference, decided from shapes alone.

    Attributes:
        pairs: the modules that are held against each other.
        budgets: bytes of candidate and reference for the plan and the order tests.
        orders: bytes of each side of an order test of one module.
        widths: modules whose widths differ.
    """

    pairs: list[ModulePair]
    budgets: tuple[int, int]
    orders: int
    widths: int

    def plan(self, matched: list[ModulePair], seed: int) -> Plan:
        """The plan for pairs whose dims may have been matched meanwhile."""
        wider = max((p.wider for p in matched), default=1.0)
        left, right = (
            int((size - self.widths * self.orders) / wider) for size in self.budgets
        )
        return make_plan(matched, budgets=(left, right), itemsize=ITEMSIZE, seed=seed)


@dataclass
class Gathered:
    """What the exact tier found.

    Attributes:
        evidence: about every module against every reference.
        problems: by model, what was odd about the values read.
        plans: one for every reference, with the pairs it is about.
    """

    evidence: list[ModuleEvidence] = field(default_factory=list)
    problems: dict[str, list[object]] = field(default_factory=dict)
    plans: list[tuple[list[ModulePair], Plan]] = field(default_factory=list)


def rooms(own: Opened, references: Sequence[Opened], budget: int) -> list[Room]:
    """How the byte budget is spread over references; no weight is looked at.

    Of the budget go off: headers, the search for names, and what comparing tensors
    of unknown role will take. One room for all references of equal shapes, because
    these must be read with equal plans.
    """
    reserved = budget // CONTENT_SHARE if own.model.unrecognised else 0
    spent = own.checkpoint.bytes_read + reserved
    largest = max(r.checkpoint.bytes_read for r in references) + reserved
    share = _share(references)
    budgets = (max(0, budget - spent) // share, max(0, budget - largest))
    found = []
    for reference in references:
        pairs = pair_modules(own.model, reference.model)
        widths = sum(any(applies(b) for b in p.blocks) for p in pairs)
        orders = min(budgets) // SHARE_OF_BUDGET // widths if widths else 0
        found.append(Room(pairs, budgets, orders, widths))
    return found


def read_checkpoint(checkpoint: Checkpoint, keep: bool) -> Reader:
    """The usual :data:`MakeReader`: reads the model's files."""
    return Reader(checkpoint, keep=keep)


def gather(
    own: Opened,
    references: Sequence[Opened],
    *,
    budget: int,
    seed: int,
    progress: Progress | None = None,
    cache: Cache = NO_CACHE,
    make_reader: MakeReader = read_checkpoint,
    stages: Stages | None = None,
) -> Gathered:
    """Evidence about every module against every reference, one at a time.

    Args:
        own: the candidate.
        references: the references, at least one.
        budget: bytes to read of each model at most.
        seed: decides which bytes.
        progress: told about each module.
        cache: where results of earlier runs are looked for.
        make_reader: gives the values; a rehearsal's gives random ones.
        stages: reads layer by layer and stops where a module is decided.
    """
    found = Gathered()
    planned = rooms(own, references, budget)
    total = sum(len(room.pairs) for room in planned)
    done = 0
    keep = stages is not None  # what was read in stages serves the full tests
    reader = make_reader(own.checkpoint, keep or len(references) > 1)
    for reference, room in zip(references, planned, strict=True):
        other = make_reader(reference.checkpoint, False)
        job = Job(own, reference, (reader, other), seed, cache)
        orders = [job.orders(pair, room.orders) for pair in room.pairs]
        matched = match_streams(room.pairs, orders)
        plan = room.plan(matched, seed)
        found.plans.append((matched, plan))
        fixed: set[str] = set()  # streams with a fixed position table
        for pair, order in zip(matched, orders, strict=True):
            if progress is not None:
                progress(
                    f"{pair.candidate.name} against {reference.label}", done, total
                )
            early = _in_stages(stages, job, pair, plan)
            if early is not None and early.stopped:
                item = early
            else:
                item = job.compare(
                    pair,
                    plan,
                    orders=[evidence for evidence, _ in order],
                    fixed_positions=stream_of(pair.candidate.name) in fixed,
                )
                if early is not None:
                    item.evidence += early.evidence
                if item.fixed_positions:
                    fixed.add(stream_of(pair.candidate.name))
            if stages is not None:
                item.reserved = stages.reserved.get(
                    (item.module, item.reference, item.reference_module), 0
                )
            pay_for_search(item, pair, own.search, reference.search)
            found.evidence.append(item)
            done += 1
        found.evidence += _missing(own, reference, room.pairs)
        found.problems[reference.label] = list(other.problems)
    found.problems[own.label] = list(reader.problems)
    if progress is not None:
        progress("done", total, total)
    return found


def _in_stages(
    stages: Stages | None, job: Job, pair: ModulePair, plan: Plan
) -> ModuleEvidence | None:
    """What a sequential audit says of a pair of modules, if anything."""
    if stages is None:
        return None
    paid = ModuleEvidence(pair.candidate.name, pair.reference.name, "")
    pay_for_search(paid, pair, job.own.search, job.reference.search)
    return stages.run(
        pair, plan, job.readers, reference=job.reference.label, search=paid.search
    )


def add_content(
    evidence: Sequence[ModuleEvidence],
    own: Opened,
    references: Sequence[Opened],
    budget: int,
) -> None:
    """Compare tensors of unknown role by content, where there are any."""
    for reference in references:
        for item in evidence:
            if item.module == "unrecognised" and item.reference == reference.label:
                content = compare_unrecognised(
                    own.checkpoint,
                    own.model,
                    reference.checkpoint,
                    budget=budget // len(references),
                )
                item.evidence += [content] if content else []


@dataclass(frozen=True)
class Job:
    """Tests of one candidate against one reference, with what their results rest on.

    Attributes:
        own, reference: the two models.
        readers: of both.
        seed: of the audit.
        cache: where results of earlier runs are looked for.
    """

    own: Opened
    reference: Opened
    readers: tuple[Reader, Reader]
    seed: int
    cache: Cache

    def orders(self, pair: ModulePair, budget: int) -> list[tuple[Evidence, Matches]]:
        """Order tests of a pair of modules."""
        return self.cache.of_reads(
            "order-test",
            self._basis(pair, budget),
            self.readers,
            partial(order_evidence, pair, *self.readers, budget=budget),
        )

    def compare(
        self,
        pair: ModulePair,
        plan: Plan,
        *,
        orders: Sequence[Evidence],
        fixed_positions: bool,
    ) -> ModuleEvidence:
        """All other exact tests of a pair of modules."""
        mine = (pair.candidate.name, pair.reference.name)
        cuts = {key: cut for key, cut in plan.cuts.items() if key[:2] == mine}
        experts = {key: e for key, e in plan.experts.items() if key[:2] == mine}
        return self.cache.of_reads(
            "modules",
            self._basis(pair, cuts, experts, orders, fixed_positions),
            self.readers,
            partial(
                compare_modules,
                pair,
                plan,
                *self.readers,
                name=self.reference.label,
                seed=self.seed,
                orders=orders,
                fixed_positions=fixed_positions,
            ),
        )

    def _basis(self, pair: ModulePair, *more: object) -> tuple[object, ...]:
        """Everything but values that decides a result of a pair of modules."""
        if self.cache.store is None:
            return ()
        names = (pair.candidate.name, pair.reference.name, self.reference.label)
        described = (content_of(self.own), content_of(self.reference))
        return (names, described, self.seed, pair.dims, *more)


def content_of(opened: Opened) -> str:
    """Digest of all that a description rests on: headers, config, names by content."""
    entries = [(e.name, e.dtype, e.shape) for e in opened.checkpoint.entries.values()]
    adopted: list[object] = []
    if opened.search:
        adopted = [repr(module) for module in opened.model.modules]
    return digest(entries, repr(opened.checkpoint.config), adopted, opened.search)


def pay_for_search(
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
    own: Opened, reference: Opened, pairs: list[ModulePair]
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
        found.append(item)
    return found
