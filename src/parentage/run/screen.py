# SPDX-License-Identifier: Apache-2.0
"""One model against everything in a registry.

The search only chooses which fingerprints are tested. Findings rest on exact tests of
the values held, corrected for every test that the candidate could have been put to
against *any* fingerprint of the registry (Bonferroni over a bound on their number), so
that choosing the nearest ones costs no validity.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import asdict
from typing import Final

from parentage.errors import ParentageError
from parentage.evidence.module import ModuleEvidence
from parentage.registry.container import content_digest, from_bytes, to_bytes
from parentage.registry.fingerprint import Fingerprint
from parentage.registry.index import Index
from parentage.registry.search import Found, Hit, passes_from, search
from parentage.registry.sketch import BlockSketch, sketch
from parentage.registry.store import Registry, Row
from parentage.report.document import DepthItem, PartItem, Power
from parentage.report.screen_document import (
    ScreenDocument,
    ScreenMatch,
    ScreenModule,
    ScreenSettings,
)
from parentage.report.screen_words import CAVEATS
from parentage.run.fingerprint import fingerprint_info
from parentage.run.lineage_frame import clock, frame
from parentage.run.offline import gather_offline
from parentage.run.offline_lineage import relations
from parentage.verdict.finding import ACCUSING, Criteria, Finding
from parentage.verdict.judge import judge, overall, strongest

LIMIT: Final = 20
"""Fingerprints that exact tests are run against at most."""

ALWAYS: Final = 3
"""The nearest few are tested even where none passed: for the power statement."""

LINEAGE: Final = 3
"""Matches whose tokenizers and architectures are compared, too."""

Progress = Callable[[str, int, int], None]


def screen(
    candidate: Fingerprint,
    registry: Registry,
    *,
    index: Index | None = None,
    limit: int = LIMIT,
    seed: int = 0,
    criteria: Criteria | None = None,
    lineage: bool = True,
    threads: int = 2,
    command: Sequence[str] = (),
    progress: Progress | None = None,
) -> ScreenDocument:
    """Does the candidate carry weights of anything in the registry?

    Args:
        candidate: its fingerprint.
        registry: what it is held against.
        index: the registry's sketches, where they are open already.
        limit: fingerprints that exact tests are run against at most.
        seed: for ranks that are drawn.
        criteria: levels and floors of the findings.
        lineage: whether to compare tokenizers and configs with the nearest, too.
        threads: threads of the search.
        command: how it was called, for the document.
        progress: told about each fingerprint that is tested.

    Raises:
        RegistryError: the registry cannot be read.
    """
    started = clock()
    criteria = criteria or Criteria()
    digest = content_digest(to_bytes(candidate))
    sketches = sketch(candidate)
    index = index or Index(registry)
    found = search(index, sketches, nearest=min(ALWAYS, limit) + 1, threads=threads)
    rows, known = _rows(registry, found, digest, limit)
    others: list[Fingerprint] = []
    evidence: list[list[ModuleEvidence]] = []
    labels = _labels([row for _, row in rows])
    for done, ((_, row), label) in enumerate(zip(rows, labels, strict=True)):
        if progress is not None:
            progress(label, done, len(rows))
        other = from_bytes(registry.file(row.id), row.name)
        others.append(other)
        evidence.append(gather_offline(candidate, other, label=label, seed=seed))
    flat = [item for group in evidence for item in group]
    findings = iter(judge(flat, criteria, family=found.family))
    judged = [[next(findings) for _ in group] for group in evidence]
    matches = [
        _match(
            candidate,
            hit,
            row,
            findings=group,
            found=found,
            criteria=criteria,
            sketches=sketches,
        )
        for (hit, row), group in zip(rows, judged, strict=True)
    ]
    if lineage:
        for number in range(min(LINEAGE, len(matches))):
            if matches[number].finding == "no-dependence-found":
                continue
            tokenizer, architecture = relations(candidate, others[number])
            matches[number] = matches[number].model_copy(
                update={"tokenizer": tokenizer, "architecture": architecture}
            )
    order = sorted(
        range(len(matches)),
        key=lambda n: (matches[n].finding not in ACCUSING, -matches[n].score, n),
    )
    modules = _nearest(candidate, judged, found, criteria, sketches)
    tested = sum(m.parameters for m in modules if m.finding != "not-testable")
    return ScreenDocument(
        registry=registry.shown,
        candidate=fingerprint_info(candidate),
        known_as=known,
        looked_at=found.looked_at,
        comparable=found.comparable,
        passed=found.passed - (known is not None),
        tested=len(rows),
        settings=ScreenSettings(
            seed=seed,
            log10_alpha=criteria.log10_alpha,
            log10_correspondence=criteria.log10_correspondence,
            effect_floor=criteria.effect_floor,
            shared_basis_ratio=criteria.shared_basis_ratio,
            coupled_ratio=criteria.coupled_ratio,
            family=found.family,
            threshold=found.threshold,
            limit=limit,
        ),
        finding=overall([f for group in judged for f in group]),
        modules=modules,
        matches=tuple(matches[n] for n in order),
        coverage=tested / max(candidate.parameters, 1),
        caveats=CAVEATS,
        **frame(command, started),
    )


def _rows(
    registry: Registry, found: Found, digest: str, limit: int
) -> tuple[list[tuple[Hit, Row]], str | None]:
    """The fingerprints to test, nearest first, and the candidate's own name there."""
    rows: list[tuple[Hit, Row]] = []
    known = None
    most = max(found.passed, min(ALWAYS, limit))
    for hit in found.hits:
        with suppress(ParentageError):  # removed since the search began
            row = registry.row(hit.number)
            if row.digest == digest:
                known = row.name
                most += 1 if hit.score < found.threshold else 0
                continue
            rows.append((hit, row))
        if len(rows) >= min(limit, most):
            break
    return rows, known


def _labels(rows: Sequence[Row]) -> list[str]:
    """A name for each that tells it from the others."""
    names = [row.name for row in rows]
    return [
        row.name if names.count(row.name) == 1 else f"{row.name} ({row.digest[:8]})"
        for row in rows
    ]


def _match(
    candidate: Fingerprint,
    hit: Hit,
    row: Row,
    *,
    findings: Sequence[Finding],
    found: Found,
    criteria: Criteria,
    sketches: Sequence[BlockSketch],
) -> ScreenMatch:
    modules = _nearest(candidate, [findings], found, criteria, sketches)
    reused = sum(m.parameters for m in modules if m.finding in ACCUSING)
    return ScreenMatch(
        name=row.name,
        digest=row.digest,
        revision=row.revision,
        score=round(hit.score, 3),
        passed=hit.score >= found.threshold,
        finding=overall(findings),
        reused_share=reused / max(candidate.parameters, 1),
        modules=modules,
    )


def _nearest(
    candidate: Fingerprint,
    judged: Sequence[Sequence[Finding]],
    found: Found,
    criteria: Criteria,
    sketches: Sequence[BlockSketch],
) -> tuple[ScreenModule, ...]:
    """Each module with the finding that stands for all its references."""
    flat = [finding for group in judged for finding in group]
    rows = []
    for module in candidate.modules:
        own = [f for f in flat if f.module == module.name]
        if own:
            main = strongest(own)
        else:
            main = Finding(
                module.name,
                "not-testable",
                reason="the registry holds nothing of its shape and seed",
            )
        share = module.parameters / max(candidate.parameters, 1)
        rows.append(
            screen_module(
                main,
                module.parameters,
                share,
                _power(main, module.name, found, criteria, sketches),
            )
        )
    return tuple(rows)


def screen_module(
    main: Finding, parameters: int, share: float, power: Power
) -> ScreenModule:
    """A finding as the document has it."""
    cleared = main.word == "no-dependence-found"
    return ScreenModule(
        name=main.module,
        parameters=parameters,
        share=share,
        finding=main.word,
        reference=None if cleared else main.reference,
        reference_module=None if cleared else main.reference_module,
        log10_p=main.log10_p,
        log10_p_adjusted=main.log10_p_adjusted,
        effect=main.effect,
        parts=tuple(
            PartItem(
                block=p.block,
                layers=p.layers,
                identical=p.identical,
                log10_p=p.log10_p,
                effect=p.effect,
            )
            for p in main.parts
        ),
        depth=None if main.depth is None else DepthItem(**asdict(main.depth)),
        whole=main.whole,
        power=power,
        reason=main.reason,
    )


def _power(
    main: Finding,
    module: str,
    found: Found,
    criteria: Criteria,
    sketches: Sequence[BlockSketch],
) -> Power:
    """What the search lets pass *and* the exact tests find."""
    passes = passes_from(sketches, module, found.threshold, criteria.power)
    known = main.power is not None and passes is not None
    return Power(
        correlation=max(main.power or 0.0, passes or 0.0) if known else None,
        probability=criteria.power,
        log10_alpha=criteria.log10_alpha,
    )
