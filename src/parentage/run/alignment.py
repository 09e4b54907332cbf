# SPDX-License-Identifier: Apache-2.0
"""Undoing relabellings: where the exact tier did not explain a whole module.

The exact tests compare same-numbered units, so whoever permutes, re-signs, rotates
or prunes out of order escapes them. This tier aligns first. It has a byte budget of
its own, and runs only for modules that the exact tier did not call reused throughout.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from functools import partial
from typing import TYPE_CHECKING

from parentage.evidence.alignment.align import Alignment, align
from parentage.evidence.alignment.controls import controls
from parentage.evidence.alignment.evidence import (
    coin_evidence,
    shape_class,
    telltale_evidence,
    token_evidence,
    unit_evidence,
)
from parentage.evidence.alignment.telltales import telltales
from parentage.evidence.alignment.units import Stream
from parentage.evidence.base import Evidence
from parentage.evidence.module import ModuleEvidence
from parentage.run.alignment_reader import read_stream
from parentage.run.cache import NO_CACHE, Cache
from parentage.run.sampler import Reader
from parentage.verdict.finding import ACCUSING, Criteria, Finding
from parentage.verdict.judge import judge

if TYPE_CHECKING:
    from parentage.run.audit import Opened

DEFAULT_UNDO_BUDGET = 64_000_000
"""Bytes of each model that may be read to undo relabellings, beyond the main budget."""

KINDS_OF_COINS = 3
MATCHED_BLOCKS = frozenset({"attention", "mlp", "experts", "shared_experts"})
ROLES = {"embedding": "token_embedding", "head": "lm_head"}
"""Modules on the text decoder's stream, and the rows by which they are judged."""


def judge_undone(
    own: Opened,
    references: Sequence[Opened],
    evidence: Sequence[ModuleEvidence],
    criteria: Criteria,
    *,
    budget: int = DEFAULT_UNDO_BUDGET,
    seed: int = 0,
    cache: Cache = NO_CACHE,
) -> list[Finding]:
    """Findings of the exact tier, and of this one where that explains too little.

    Args:
        own: the candidate.
        references: all references of the audit.
        evidence: of the exact tier; evidence from aligned units is added to it.
        criteria: levels and floors.
        budget: bytes that may be read of each model; 0 leaves this tier out.
        seed: decides which neurons are read where not all fit.
        cache: where alignments of earlier runs are looked for.
    """
    if budget <= 0:
        return judge(evidence, criteria)
    plan_tests(evidence, own)
    findings = judge(evidence, criteria)
    if undo(own, references, evidence, findings, budget=budget, seed=seed, cache=cache):
        findings = judge(evidence, criteria)
    return findings


def plan_tests(evidence: Iterable[ModuleEvidence], own: Opened) -> None:
    """Count the exact tests of this tier before anything is looked at.

    Whether they run depends on what the exact tier found; they are paid for either
    way, so the family does not depend on the data.
    """
    for item in evidence:
        module = own.model.module(item.module)
        if module is not None and module.layers and item.reference_module:
            item.planned = KINDS_OF_COINS * (1 + module.layers)


def undo(
    own: Opened,
    references: Sequence[Opened],
    evidence: Sequence[ModuleEvidence],
    findings: Sequence[Finding],
    *,
    budget: int = DEFAULT_UNDO_BUDGET,
    seed: int = 0,
    cache: Cache = NO_CACHE,
) -> bool:
    """Add evidence from aligned units to modules that are not explained yet.

    Args:
        own: the candidate.
        references: all references of the audit.
        evidence, findings: of the exact tier, in the same order; evidence is added.
        budget: bytes that may be read of each model.
        seed: decides which neurons are read where not all fit.
        cache: where alignments of earlier runs are looked for.

    Returns:
        Whether anything was added, so that findings must be judged again.
    """
    streams: dict[str, Stream | None] = {}
    reader = Reader(own.checkpoint)
    share = _share(evidence, budget)
    added = False
    for reference in references:
        items = [
            (e, f)
            for e, f in zip(evidence, findings, strict=True)
            if e.reference == reference.label
        ]
        wanted = [e for e, f in items if e.planned and not _explained(e, f)]
        other = Reader(reference.checkpoint)
        for item in wanted:
            if item.module not in streams:
                streams[item.module] = _stream(own, item.module, reader, share, seed)
            candidate = streams[item.module]
            if candidate is None:
                continue
            before = reference.checkpoint.bytes_read
            theirs = _stream(reference, item.reference_module, other, share, seed)
            if theirs is None:
                continue
            read = {
                "bytes read of the reference": reference.checkpoint.bytes_read - before,
                "all units read": candidate.whole and theirs.whole,
            }
            module = own.model.module(item.module)
            layers = module.layers if module is not None else 0
            found, tokens = cache.of_values(
                "alignment",
                (item.module, layers, candidate, theirs, read),
                partial(_compare, item.module, layers, candidate, theirs, read),
            )
            item.evidence += found
            for e, _ in items:
                e.evidence += [tokens[e.module]] if e.module in tokens else []
            added = True
    return added


def _share(evidence: Sequence[ModuleEvidence], budget: int) -> int:
    """Bytes of each module: no plan may depend on what the exact tier found."""
    planned = Counter(e.reference for e in evidence if e.planned)
    return budget // max(planned.values(), default=1)


def _compare(
    module: str,
    layers: int,
    candidate: Stream,
    reference: Stream,
    read: Mapping[str, object],
) -> tuple[list[Evidence], dict[str, Evidence]]:
    """Align two streams.

    Returns:
        Evidence about the module, and about embedding and output matrix by name.
    """
    found = align(candidate, reference)
    tells = telltales(candidate), telltales(reference)
    evidence = [telltale_evidence(module, *tells, found)]
    if found is None:
        return evidence, {}
    units = unit_evidence(module, found, shape_class(candidate), layers, controls())
    for e in units:
        e.details.update(read)
    evidence += [*units, *coin_evidence(module, found)]
    return evidence, _tokens(found) if module == "text_decoder" else {}


def _explained(item: ModuleEvidence, finding: Finding) -> bool:
    """Whether every layer is called reused, and experts held against an MLP too.

    What a sequential test decided is read no further.
    """
    if item.stopped:
        return True
    blocks = {m.block for m in item.maps if m.block in MATCHED_BLOCKS}
    named = {p.block for p in finding.parts}
    return finding.word in ACCUSING and finding.whole and blocks <= named


def _stream(
    opened: Opened, name: str, reader: Reader, budget: int, seed: int
) -> Stream | None:
    module = opened.model.module(name)
    if module is None:
        return None
    return read_stream(opened.model, module, reader, budget=budget, seed=seed)


def _tokens(found: Alignment) -> dict[str, Evidence]:
    """Evidence about embedding and output matrix, in the decoder's basis."""
    judged = {
        name: token_evidence(name, role, found, controls())
        for name, role in ROLES.items()
    }
    return {name: e for name, e in judged.items() if e is not None}
