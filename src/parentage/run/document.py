# SPDX-License-Identifier: Apache-2.0
"""From evidence and findings to the report document."""

from __future__ import annotations

import math
import platform
import time
from collections import Counter
from collections.abc import Sequence
from dataclasses import asdict
from datetime import UTC, datetime
from typing import TYPE_CHECKING

import ml_dtypes
import numpy as np

from parentage import __version__
from parentage.evidence.base import Evidence, Subject
from parentage.evidence.layer_map import LayerMap
from parentage.evidence.module import ModuleEvidence
from parentage.evidence.similarity import Tally
from parentage.report import words
from parentage.report.descent_document import DescentItem
from parentage.report.document import (
    Assumption,
    DepthItem,
    EvidenceItem,
    LayerMapItem,
    ModelInfo,
    ModuleInfo,
    ModuleResult,
    NormCosine,
    Outcome,
    PartItem,
    Power,
    Problem,
    Report,
    Settings,
    Unrecognised,
)
from parentage.report.lineage_nearest import LineageItem
from parentage.run.file_hashes import file_infos
from parentage.verdict.finding import ACCUSING, Criteria, Finding
from parentage.verdict.judge import family_size, overall, strongest

if TYPE_CHECKING:
    from parentage.run.audit import Opened

ASSUMPTIONS = (
    Assumption(
        id="independent-initialisation",
        text="The null hypothesis concerns initial weights only: data, recipe, "
        "architecture and tokenizer may be shared without any test rejecting. Models "
        "initialised by the same code from the same seed reject it without derivation; "
        "only step-0 weights or a known initialiser can tell the two apart.",
    ),
    Assumption(
        id="symmetric-initialisation",
        text="Hidden units are initialised alike and independently, with a "
        "distribution that is symmetric about zero, as every common initialiser does.",
    ),
    Assumption(
        id="equivariant-training",
        text="The optimiser treats units alike and is odd in the sign of a weight "
        "(SGD, Adam and its kin, with decay and clipping). Training that treats units "
        "by their index would break it.",
    ),
    Assumption(
        id="declared-structure",
        text="Roles of tensors are read from names, shapes and config. A wrong role "
        "can hide dependence; it cannot create coins that favour it.",
    ),
    Assumption(
        id="not-relabelled",
        text="Tests of units of the same number do not see copies that were permuted, "
        "re-signed or rotated on purpose; tests of aligned units look behind such "
        "relabellings, as far as they can. Finding nothing is no proof of training "
        "from scratch.",
    ),
)


def model_info(opened: Opened, extra: Sequence[object] = ()) -> ModelInfo:
    """A model as it was read, with what was odd about it."""
    model, checkpoint = opened.model, opened.checkpoint
    total = max(model.parameters, 1)
    dtypes: Counter[str] = Counter()
    for entry in checkpoint.entries.values():
        dtypes[entry.dtype] += entry.size
    problems = [*checkpoint.problems, *extra]
    return ModelInfo(
        name=opened.label,
        path=checkpoint.address,
        digest=checkpoint.digest(),
        parameters=model.parameters,
        dtypes=dict(sorted(dtypes.items())),
        modules=tuple(
            ModuleInfo(
                name=m.name,
                family=m.family,
                parameters=m.parameters,
                share=m.parameters / total,
                layers=m.layers,
            )
            for m in model.modules
        ),
        unrecognised=tuple(
            Unrecognised(name=s.name, dtype=s.dtype, shape=s.shape, parameters=s.size)
            for s in model.unrecognised
        ),
        notes=model.notes,
        problems=tuple(Problem(**p.to_json()) for p in problems),  # type: ignore[attr-defined]
        files=file_infos(checkpoint),
        bytes_stored=sum(e.nbytes for e in checkpoint.entries.values()),
        bytes_read=checkpoint.bytes_read,
    )


def assemble(
    own: Opened,
    references: Sequence[Opened],
    evidence: Sequence[ModuleEvidence],
    findings: Sequence[Finding],
    *,
    criteria: Criteria,
    budget: int,
    seed: int,
    further: tuple[int, int] = (0, 0),
    command: tuple[str, ...],
    problems: dict[str, list[object]],
    started: float,
    lineage: tuple[LineageItem, ...] = (),
    descents: tuple[DescentItem, ...] = (),
    sequential: bool = False,
    plan: str | None = None,
) -> Report:
    """The document of an audit.

    ``further`` holds the bytes allowed for undoing relabellings and for descents;
    ``plan`` the digest of the plan that the audit was held to.
    """
    family = family_size(evidence)
    modules = []
    for info in model_info(own).modules:
        chosen = [
            (e, f)
            for e, f in zip(evidence, findings, strict=True)
            if e.module == info.name
        ]
        modules.append(_module(info, chosen, own.model.parameters, criteria, family))
    tested = sum(m.parameters for m in modules if m.finding != "not-testable")
    return Report(
        schema="parentage.report/1",
        versions=versions(),
        created=datetime.now(UTC).isoformat(timespec="seconds"),
        seconds=round(time.monotonic() - started, 3),
        command=command,
        settings=Settings(
            seed=seed,
            budget=budget,
            log10_alpha=criteria.log10_alpha,
            log10_correspondence=criteria.log10_correspondence,
            effect_floor=criteria.effect_floor,
            shared_basis_ratio=criteria.shared_basis_ratio,
            coupled_ratio=criteria.coupled_ratio,
            undo_budget=further[0],
            descent_budget=further[1],
            aligned_floor=criteria.aligned_floor,
            token_floor=criteria.token_floor,
            log10_calibrated=criteria.log10_calibrated,
            family=family,
            sequential=sequential,
            plan=plan,
        ),
        candidate=model_info(own, problems.get(own.label, ())),
        references=tuple(model_info(r, problems.get(r.label, ())) for r in references),
        finding=overall([strongest(_of(m.name, findings)) for m in modules]),
        headline=_headline(own, references, modules),
        modules=tuple(modules),
        norm_cosines=tuple(
            NormCosine(
                module=e.module,
                reference=e.reference,
                vectors=e.norms.vectors,
                cosine=e.norms.cosine,
                shuffled=e.norms.shuffled,
                pearson=e.norms.pearson,
            )
            for e in evidence
            if e.norms is not None
        ),
        lineage=lineage,
        descents=descents,
        assumptions=ASSUMPTIONS,
        coverage=tested / max(own.model.parameters, 1),
    )


def versions() -> dict[str, str]:
    """Versions of everything that touches the numbers."""
    return {
        "parentage": __version__,
        "python": platform.python_version(),
        "numpy": np.__version__,
        "ml_dtypes": ml_dtypes.__version__,
    }


def _of(module: str, findings: Sequence[Finding]) -> list[Finding]:
    return [f for f in findings if f.module == module]


def _module(
    info: ModuleInfo,
    chosen: Sequence[tuple[ModuleEvidence, Finding]],
    total: int,
    criteria: Criteria,
    family: int,
) -> ModuleResult:
    main = strongest([f for _, f in chosen])
    power = _power(main, criteria, family)
    where = words.parts_text([(p.block, p.layers) for p in main.parts])
    return ModuleResult(
        name=info.name,
        parameters=info.parameters,
        share=info.share,
        share_numerator=info.parameters,
        share_denominator=total,
        finding=main.word,
        reference=main.reference if main.word != "no-dependence-found" else None,
        log10_p=main.log10_p,
        log10_p_adjusted=main.log10_p_adjusted,
        effect=main.effect,
        power=power,
        reason=main.reason,
        sentence=words.module_sentence(
            info.name,
            main.word,
            main.reference,
            where,
            whole=main.whole,
            power=words.power_text(power.correlation, power.probability),
            reason=main.reason,
        ),
        outcomes=tuple(_outcome(e, f, criteria, family) for e, f in chosen),
        evidence=tuple(
            item
            for n, (e, _) in enumerate(chosen)
            for item in _evidence(info.name, n, e)
        ),
        layer_maps=tuple(_map(e, found) for e, _ in chosen for found in e.maps),
    )


def _power(finding: Finding, criteria: Criteria, family: int) -> Power:
    return Power(
        correlation=finding.power,
        probability=criteria.power,
        log10_alpha=criteria.log10_alpha - math.log10(family),
    )


def _outcome(e: ModuleEvidence, f: Finding, criteria: Criteria, family: int) -> Outcome:
    return Outcome(
        reference=e.reference,
        reference_module=e.reference_module or None,
        finding=f.word,
        log10_p=f.log10_p,
        log10_p_adjusted=f.log10_p_adjusted,
        effect=f.effect,
        parts=tuple(
            PartItem(
                block=p.block,
                layers=p.layers,
                identical=p.identical,
                log10_p=p.log10_p,
                effect=p.effect,
            )
            for p in f.parts
        ),
        depth=None if f.depth is None else DepthItem(**asdict(f.depth)),
        whole=f.whole,
        power=_power(f, criteria, family),
        reason=f.reason,
        elements=e.elements,
        truncated=tuple(e.truncated),
    )


def _evidence(module: str, number: int, e: ModuleEvidence) -> list[EvidenceItem]:
    return [
        EvidenceItem(
            id=f"{module}/{number}/{item.method}",
            method=item.method,
            grade=item.grade,
            reference=e.reference,
            reference_module=e.reference_module,
            block=item.subject.block,
            layer=item.subject.layer,
            reference_layer=item.subject.reference_layer,
            statistic=item.statistic,
            value=item.value,
            n=item.n,
            log10_p=item.log10_p,
            effect=item.effect,
            null_mean=item.null_mean,
            null_sd=item.null_sd,
            residual_group=item.residual_group,
            reason=item.reason,
            details=item.details,
        )
        for item in [*e.evidence, *_descriptive(module, e.tally)]
    ]


def _descriptive(module: str, tally: Tally) -> list[Evidence]:
    if not tally.tensors:
        return []
    subject = Subject(module)
    return [
        Evidence(
            "byte-identity",
            "exact" if tally.log10_p < 0 else "descriptive",
            subject,
            "tensors identical in every value read",
            tally.identical,
            tally.tensors,
            log10_p=tally.log10_p if tally.log10_p < 0 else None,
            details={
                "values compared": tally.elements,
                "values equal": tally.equal,
                "share changed": 1 - tally.equal / tally.elements,
            },
        ),
        Evidence(
            "aligned-similarity",
            "descriptive",
            subject,
            "cosine",
            tally.cosine,
            tally.aligned,
            details={"pearson": tally.pearson, "relative l2": tally.relative_l2},
        ),
    ]


def _map(e: ModuleEvidence, found: LayerMap) -> LayerMapItem:
    return LayerMapItem(
        reference=e.reference,
        reference_module=e.reference_module,
        block=found.block,
        reference_block=found.reference_block,
        rows=found.rows,
        columns=found.columns,
        heads=tuple(tuple(row) for row in found.heads.tolist()),
        trials=tuple(tuple(row) for row in found.trials.tolist()),
        correlation=tuple(
            tuple(round(v, 5) for v in row) for row in found.correlation.tolist()
        ),
    )


def _headline(
    own: Opened, references: Sequence[Opened], modules: Sequence[ModuleResult]
) -> str:
    accused = []
    for m in modules:
        if m.finding not in ACCUSING:
            continue
        outcome = next(o for o in m.outcomes if o.reference == m.reference)
        where = words.parts_text([(p.block, p.layers) for p in outcome.parts])
        accused.append(
            (
                m.name,
                m.finding,
                str(m.reference),
                m.share,
                "" if outcome.whole else where,
            )
        )

    def named(word: str) -> list[str]:
        return [m.name for m in modules if m.finding == word]

    return words.headline(
        own.label,
        [r.label for r in references],
        accused=accused,
        cleared=named("no-dependence-found"),
        untested=named("not-testable"),
        unclear=named("correspondence"),
    )
