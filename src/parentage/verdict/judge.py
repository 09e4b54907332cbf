# SPDX-License-Identifier: Apache-2.0
"""One judge: evidence in, findings out.

An accusation needs exact evidence at family-wise 1e-6 *and* an effect above the
floor. The family is every exact test of the whole audit: all modules, all pairs of
layers, all references. Bonferroni costs next to nothing at p-values of 1e-50.
"""

from __future__ import annotations

import math
from collections import defaultdict
from collections.abc import Sequence

from parentage.evidence.base import Evidence
from parentage.evidence.depth import depth
from parentage.evidence.layer_map import Cell, best_cells
from parentage.evidence.module import ALIGNED, SEQUENTIAL, ModuleEvidence
from parentage.stats.tails import bonferroni
from parentage.verdict.alignment import (
    CORRESPONDS,
    REUSED,
    aligned_parts,
    corresponds,
    supports,
)
from parentage.verdict.finding import ACCUSING, ORDER, Criteria, Finding, Part, Word
from parentage.verdict.power import detectable

DIFFERENT_SHAPES = (
    "shapes differ, so only the index range common to both was compared; nothing "
    "follows for weights that were cut out or re-ordered"
)

ALL_TOGETHER = "found over all layers together; no single layer is beyond doubt"

STOPPED = (
    "decided by the sequential test before all layers were read; the others were not "
    "looked at"
)

STREAM_OF = {
    "embedding": "text",
    "head": "text",
    "text_decoder": "text",
}
"""Modules that share a residual stream; every other module has one of its own."""


def family_size(evidence: Sequence[ModuleEvidence]) -> int:
    """Number of exact tests in an audit."""
    return max(1, sum(item.tests() for item in evidence))


def judge(
    evidence: Sequence[ModuleEvidence], criteria: Criteria, *, family: int = 0
) -> list[Finding]:
    """Findings for every (module, reference) pair, in the order given.

    Args:
        evidence: of all pairs.
        criteria: levels and floors.
        family: number of tests to correct for, where ``evidence`` was chosen out of
            more; never fewer than it holds.
    """
    family = max(family, family_size(evidence))
    local = {id(item): _parts(item, family, criteria) for item in evidence}
    # Own tensors of a stream must come near what is most surely reused in it before
    # they are called reused themselves.
    layers: dict[tuple[str, str], float] = defaultdict(float)
    tokens: dict[tuple[str, str], float] = defaultdict(float)
    for item in evidence:
        key = item.reference, stream_of(item.module)
        effect = max(
            _module_effect(local[id(item)], []) or 0.0,
            _relabelled_effect(item, family, criteria),
            _stopped_effect(item, family, criteria),
        )
        layers[key] = max(layers[key], effect)
        for part in _residual_parts(item, 0.0, family, criteria):
            tokens[key] = max(tokens[key], part.effect)
    floors = {
        key: max(
            criteria.effect_floor,
            criteria.shared_basis_ratio * layers[key]
            if layers[key]
            else criteria.coupled_ratio * tokens[key],
        )
        for key in tokens.keys() | layers.keys()
    }
    return [
        _finding(
            item,
            local[id(item)],
            floors[item.reference, stream_of(item.module)],
            family,
            criteria,
        )
        for item in evidence
    ]


def _relabelled_effect(item: ModuleEvidence, family: int, criteria: Criteria) -> float:
    """Effect of layers found, or suspected, only once a relabelling was undone.

    Own tensors of the stream are pulled into their basis as by any other layers.
    """
    found = [
        e.effect or 0.0
        for e in item.evidence
        if e.method == ALIGNED
        and e.log10_p is not None
        and supports(e, _adjusted(e.log10_p, item, family), criteria)
    ]
    suspected = corresponds(item, criteria)
    if suspected is not None and suspected.method == "aligned-units":
        found.append(suspected.effect or 0.0)
    return max(found, default=0.0)


def _stopped_effect(item: ModuleEvidence, family: int, criteria: Criteria) -> float:
    """Effect of layers that a sequential test called reused, where it stopped."""
    found = [
        e.effect or 0.0
        for e in item.evidence
        if e.method == SEQUENTIAL
        and item.stopped
        and _adjusted_test(e, item, family) <= criteria.log10_alpha
    ]
    return max(found, default=0.0)


def strongest(findings: Sequence[Finding]) -> Finding:
    """The finding that stands for a module held against several references."""

    def weight(finding: Finding) -> tuple[int, float]:
        return ORDER.index(finding.word), -(finding.effect or 0.0)

    if any(f.word == "no-dependence-found" for f in findings):
        # A reference without such a module takes nothing away from the others.
        findings = [f for f in findings if f.word != "not-testable"]
    return min(findings, key=weight)


def _adjusted(
    log10_p: float, item: ModuleEvidence, family: int, block: str | None = None
) -> float:
    """Corrected for the family, and for the search for names if there was one.

    A test of one layer's block was the best over the names of its own tensors only.
    """
    search = item.search if block is None else item.cell_search.get(block, 0.0)
    return min(0.0, bonferroni(log10_p, family) + search)


def stream_of(module: str) -> str:
    """Name of the residual stream that a module belongs to."""
    return STREAM_OF.get(module, module)


def _parts(item: ModuleEvidence, family: int, criteria: Criteria) -> list[Part]:
    """Blocks and layers that exact tests on their own units call reused."""
    parts = []
    for found in item.maps:
        cells = [
            cell for cell in best_cells(found) if _accuses(cell, item, family, criteria)
        ]
        if not cells:
            continue
        identical = found.block == found.reference_block and all(
            _identical(item, cell) for cell in cells
        )
        parts.append(
            Part(
                found.block,
                tuple((c.layer, c.reference_layer) for c in cells),
                identical,
                min(c.log10_p for c in cells),
                sum(c.correlation for c in cells) / len(cells),
            )
        )
    covered = {(p.block, layer) for p in parts for layer, _ in p.layers}
    for e in item.evidence:
        where = (e.subject.block, e.subject.layer)
        if e.method == "order-test" and not e.residual_group and where not in covered:
            parts += _order_part(e, item, family, criteria)
    covered |= {(p.block, layer) for p in parts for layer, _ in p.layers}
    parts += aligned_parts(
        item, covered, lambda e: _adjusted_test(e, item, family), criteria
    )
    return _joined(parts)


def _adjusted_test(e: Evidence, item: ModuleEvidence, family: int) -> float:
    return _adjusted(e.log10_p or 0.0, item, family)


def _order_part(
    e: Evidence, item: ModuleEvidence, family: int, criteria: Criteria
) -> list[Part]:
    effect = e.effect or 0.0
    if e.log10_p is None or effect < criteria.effect_floor:
        return []
    if _adjusted(e.log10_p, item, family) > criteria.log10_alpha:
        return []
    layers = ((e.subject.layer, e.subject.reference_layer),)
    block = e.subject.block or item.module
    return [Part(block, layers, False, e.log10_p, effect)]


def _joined(parts: list[Part]) -> list[Part]:
    """One part per block."""
    blocks: dict[str, Part] = {}
    for part in parts:
        old = blocks.get(part.block)
        if old is None:
            blocks[part.block] = part
            continue
        n, m = len(old.layers), len(part.layers)
        blocks[part.block] = Part(
            part.block,
            tuple(sorted((*old.layers, *part.layers), key=str)),
            old.identical and part.identical,
            min(old.log10_p, part.log10_p),
            (old.effect * n + part.effect * m) / (n + m),
        )
    return list(blocks.values())


def _accuses(cell: Cell, item: ModuleEvidence, family: int, criteria: Criteria) -> bool:
    return (
        _adjusted(cell.log10_p, item, family, cell.block) <= criteria.log10_alpha
        and cell.correlation >= criteria.effect_floor
    )


def _identical(item: ModuleEvidence, cell: Cell) -> bool:
    key = (cell.block, cell.layer)
    tally = item.tallies.get(key)
    return (
        tally is not None
        and item.partners.get(key) == cell.reference_layer
        and tally.tensors > 0
        and tally.identical == tally.tensors
    )


def _finding(
    item: ModuleEvidence,
    local: list[Part],
    residual_floor: float,
    family: int,
    criteria: Criteria,
) -> Finding:
    exact = [e for e in item.evidence if e.is_exact_test]
    tests = [e for e in exact if e.method != ALIGNED]
    aligned = [e for e in exact if e.method == ALIGNED]
    calibrated = corresponds(item, criteria)
    if not exact and not item.maps and calibrated is None:
        close = [e for e in item.evidence if e.method == "content-search" and e.value]
        if close:
            return Finding(
                item.module,
                "correspondence",
                item.reference,
                item.reference_module,
                effect=close[0].effect,
                reason="tensors of unknown role agree closely in value with tensors of "
                "equal shape, but no exact test applies to them",
            )
        return Finding(
            item.module,
            "not-testable",
            item.reference,
            item.reference_module,
            reason=item.reason
            or "no units of a usable symmetry were read in both models",
        )
    parts = [*local, *_residual_parts(item, residual_floor, family, criteria)]
    pooled = [e for e in tests if not e.residual_group]
    ps = [(e.log10_p, _adjusted(e.log10_p, item, family)) for e in tests if e.log10_p]
    ps += [
        (cell.log10_p, _adjusted(cell.log10_p, item, family, cell.block))
        for found in item.maps
        for cell in best_cells(found)
    ]
    in_place = min((p for _, p in ps), default=0.0)
    ps += [(e.log10_p or 0.0, _adjusted_test(e, item, family)) for e in aligned]
    smallest = min((p for p, _ in ps), default=0.0)
    adjusted = min((p for _, p in ps), default=0.0)
    power = detectable(item, family, criteria)
    whole_module = [
        e
        for e in pooled
        if _adjusted_test(e, item, family) <= criteria.log10_alpha
        and _effect(e, pooled) >= criteria.effect_floor
    ]
    relabelled = [
        e for e in aligned if supports(e, _adjusted_test(e, item, family), criteria)
    ]
    effect = _module_effect(parts, relabelled or tests)
    common: dict[str, object] = {
        "module": item.module,
        "reference": item.reference,
        "reference_module": item.reference_module,
        "log10_p": smallest,
        "log10_p_adjusted": adjusted,
        "effect": effect,
        "power": power,
    }
    if parts or whole_module or relabelled:
        identical = item.tally.all_identical and not item.truncated
        reason = None
        if not parts:
            reason = STOPPED if item.stopped else ALL_TOGETHER
        if relabelled and in_place > criteria.log10_alpha:
            reason = REUSED
        return Finding(
            word="identical" if identical else "reused",
            parts=tuple(parts),
            whole=_whole(item, parts, family, criteria),
            depth=depth(
                item.maps,
                log10_level=criteria.log10_alpha - math.log10(family) - item.search,
                effect_floor=criteria.effect_floor,
            ),
            reason=reason,
            **common,  # type: ignore[arg-type]
        )
    if calibrated is not None or adjusted <= criteria.log10_correspondence:
        reason = CORRESPONDS
        if calibrated is None:
            reason = _why_not(item, residual_floor, adjusted, effect, criteria)
        else:
            common["effect"] = calibrated.effect
        return Finding(
            word="correspondence",
            reason=reason,
            **common,  # type: ignore[arg-type]
        )
    if power is None:
        return Finding(
            word="not-testable",
            reason="too few units: even a copy could not be told from chance at the "
            "level of an accusation",
            **common,  # type: ignore[arg-type]
        )
    reason = DIFFERENT_SHAPES if item.truncated else None
    return Finding(word="no-dependence-found", reason=reason, **common)  # type: ignore[arg-type]


def _residual_parts(
    item: ModuleEvidence, floor: float, family: int, criteria: Criteria
) -> list[Part]:
    floor = max(criteria.effect_floor, floor)
    parts = []
    for e in item.evidence:
        if not e.residual_group or e.log10_p is None or e.effect is None:
            continue
        if (
            _adjusted(e.log10_p, item, family) > criteria.log10_alpha
            or e.effect < floor
        ):
            continue
        block = e.subject.block or item.module
        tallies = [t for (b, _), t in item.tallies.items() if b == block]
        identical = bool(tallies) and all(t.identical == t.tensors for t in tallies)
        parts.append(Part(block, (), identical, e.log10_p, e.effect))
    return parts


def _effect(e: Evidence, pooled: list[Evidence]) -> float:
    """Effect of a test; tests without one borrow the largest of the module's."""
    if e.effect is not None:
        return e.effect
    return max((p.effect for p in pooled if p.effect is not None), default=0.0)


def _module_effect(parts: list[Part], tests: list[Evidence]) -> float | None:
    # Matrices speak for the module; gains near those of the reference would add to it.
    parts = [p for p in parts if p.layers] or parts
    if parts:
        weights = [max(len(p.layers), 1) for p in parts]
        total = sum(p.effect * w for p, w in zip(parts, weights, strict=True))
        return total / sum(weights)
    effects = [e.effect for e in tests if e.effect is not None and e.n > 0]
    weights = [e.n for e in tests if e.effect is not None and e.n > 0]
    if not effects:
        return None
    total = sum(e * n for e, n in zip(effects, weights, strict=True))
    return total / sum(weights)


def _whole(
    item: ModuleEvidence, parts: list[Part], family: int, criteria: Criteria
) -> bool:
    """Whether every layer of every block that could be accused is called reused."""
    covered = {(p.block, layer) for p in parts for layer, _ in p.layers}
    level = criteria.log10_alpha - math.log10(family) - item.search
    wanted = {
        (found.block, layer)
        for found in item.maps
        if found.block == found.reference_block
        for row, layer in enumerate(found.rows)
        if -int(found.trials[row].max()) * math.log10(2.0) <= level
    }
    return wanted <= covered if wanted else bool(parts)


def _why_not(
    item: ModuleEvidence,
    residual_floor: float,
    adjusted: float,
    effect: float | None,
    criteria: Criteria,
) -> str:
    if adjusted > criteria.log10_alpha:
        return "rarer than chance alone, but not at the level of an accusation (1e-6)"
    shared = residual_floor > criteria.effect_floor
    if shared and all(e.residual_group for e in item.evidence if e.log10_p):
        return (
            "shares the residual stream of reused parts, which by itself pulls own "
            "weights into their basis; reuse of this module is not shown"
        )
    return (
        f"exact tests reject, but the element correlation {effect or 0.0:.3f} is "
        f"below the floor of {criteria.effect_floor}"
    )


def overall(findings: Sequence[Finding]) -> Word:
    """The word for a whole model: the weightiest of its modules' words.

    A module that could not be tested lowers the coverage, which the report states; it
    does not outweigh the modules that were.
    """
    words: list[Word] = [f.word for f in findings]
    tested = [word for word in words if word != "not-testable"]
    return min(tested, key=ORDER.index) if tested else "not-testable"


__all__ = [
    "ACCUSING",
    "family_size",
    "judge",
    "overall",
    "stream_of",
    "strongest",
]
