# SPDX-License-Identifier: Apache-2.0
"""Everything measured on one pair of models: ours, and the published methods."""

from __future__ import annotations

import time
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

from benchmarks.accuracy.baselines import BASELINES, load, modeldna
from parentage.report.document import Report
from parentage.run.audit import audit
from parentage.verdict.finding import ACCUSING

Cell = tuple[str, int, int]
"""(block, own layer, layer of the reference)."""

LAYERED = ("attention", "mlp", "experts")
"""Blocks whose layers are scored for localisation."""


@dataclass(frozen=True)
class Case:
    """A pair with its truth, as the zoo gives it.

    Attributes:
        candidate, reference: folders of the models.
        names: their ids.
        label: ``independent``, ``descendant`` or ``same-seed``.
        kind: what was done to the candidate, for rows of the table.
        split: ``choose`` or ``held-back``.
        honest: false for what was done to hide the parent.
        truth: module -> ``identical``, ``reused`` or ``independent``.
        layers: true cells of the text decoder; ``None`` where every layer stayed in
            its place.
    """

    candidate: Path
    reference: Path
    names: tuple[str, str]
    label: str
    kind: str
    split: str
    honest: bool
    truth: dict[str, str]
    layers: tuple[Cell, ...] | None = None


@dataclass
class Measured:
    """What was found on one pair."""

    candidate: str
    reference: str
    label: str
    kind: str
    split: str
    honest: bool
    truth: dict[str, str]
    layers_truth: list[Cell] | None
    findings: dict[str, str]
    layers_found: list[Cell]
    log10_p: dict[str, float]
    bytes_read: int
    seconds: float
    baselines: dict[str, float | None] = field(default_factory=dict)
    baseline_seconds: dict[str, float] = field(default_factory=dict)
    modeldna: dict[str, Any] | None = None

    @property
    def accused(self) -> list[str]:
        """Modules called identical or reused."""
        return [m for m, word in self.findings.items() if word in ACCUSING]

    def to_json(self) -> dict[str, Any]:
        """As plain data."""
        return asdict(self)


def measure(
    case: Case, *, baselines: bool = True, tool_cache: Path | None = None
) -> Measured:
    """Audit a pair and score it by every baseline.

    Args:
        case: the pair.
        baselines: whether to score the published methods too.
        tool_cache: where modelDNA and its verdicts are kept; not run without.
    """
    started = time.perf_counter()
    report = audit(case.candidate, [case.reference])
    result = Measured(
        *case.names,
        case.label,
        case.kind,
        case.split,
        case.honest,
        case.truth,
        true_cells(case, report),
        {m.name: m.finding for m in report.modules},
        found_cells(report),
        smallest(report),
        report.candidate.bytes_read,
        time.perf_counter() - started,
    )
    if baselines:
        left, right = load(case.candidate), load(case.reference)
        for name, baseline in BASELINES.items():
            started = time.perf_counter()
            result.baselines[name] = baseline.function(left, right).value
            result.baseline_seconds[name] = time.perf_counter() - started
    if tool_cache is not None:
        verdict = modeldna.run(case.candidate, case.reference, tool_cache)
        result.modeldna = {
            "word": verdict.word,
            "probability": verdict.probability,
            "related": verdict.related,
            "unsure": verdict.word in modeldna.UNSURE,
            "reason": verdict.reason[:300],
            "seconds": verdict.seconds,
        }
    return result


def true_cells(case: Case, report: Report) -> list[Cell] | None:
    """Where the decoder's layers come from; ``None`` where there is no decoder."""
    module = next((m for m in report.modules if m.name == "text_decoder"), None)
    if module is None or "text_decoder" not in case.truth:
        return None
    if case.truth["text_decoder"] == "independent":
        return []
    if case.layers is not None:
        return [c for c in case.layers if c[0] in LAYERED]
    return sorted(
        {
            (found.block, layer, layer)
            for found in module.layer_maps
            for layer in found.rows
            if found.block in LAYERED
            and found.block == found.reference_block
            and layer is not None
        }
    )


def found_cells(report: Report) -> list[Cell]:
    """Layers of the text decoder that are called reused."""
    module = next((m for m in report.modules if m.name == "text_decoder"), None)
    if module is None:
        return []
    return sorted(
        {
            (part.block, own, theirs)
            for outcome in module.outcomes
            for part in outcome.parts
            for own, theirs in part.layers
            if part.block in LAYERED and own is not None and theirs is not None
        }
    )


def smallest(report: Report) -> dict[str, float]:
    """Smallest ``log10 p`` of each test over the modules."""
    found: dict[str, float] = {}
    for module in report.modules:
        for e in module.evidence:
            if e.log10_p is not None and e.method != "byte-identity":
                found[e.method] = min(found.get(e.method, 0.0), e.log10_p)
    return found
