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
from parentage.evidence.layer_map import Cell, best_cells
from parentage.evidence.module import ModuleEvidence
from parentage.stats.power import detectable_correlation
from parentage.stats.tails import bonferroni
from parentage.verdict.finding import ACCUSING, ORDER, Criteria, Finding, Part, Word

STREAM_OF = {
    "embedding": "text",
    "head": "text",
    "text_decoder": "text",
}
"""Modules that share a residual stream; every other module has one of its own."""


def family_size(evidence: Sequence[ModuleEvidence]) -> int:
    """Number of exact tests in an audit."""
    return max(1, sum(item.tests() for item in evidence))


def judge(evidence: Sequence[ModuleEvidence], criteria: Criteria) -> list[Finding]:
    """Findings for every (module, reference) pair, in the order given."""
    family = family_size(evidence)
    local = {id(item): _parts(item, family, criteria) for item in evidence}
    # Mean effect of what is reused in each stream: own tensors of that stream must
    # come near it before they are called reused themselves.
    reused_streams: dict[tuple[str, str], float] = defaultdict(float)
    for item in evidence:
        if local[id(item)]:
            key = item.reference, _stream(item.module)
            effect = _module_effect(local[id(item)], []) or 0.0
            reused_streams[key] = max(reused_streams[key], effect)
    return [
        _finding(
            item,
            local[id(item)],
            reused_streams[item.reference, _stream(item.module)],
            family,
            criteria,
        )
        for item in evidence
    ]


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


def _stream(module: str) -> str:
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
    return parts


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
    stream_effect: float,
    family: int,
    criteria: Criteria,
) -> Finding:
    tests = [e for e in item.evidence if e.log10_p is not None]
    if not tests and not item.maps:
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
    parts = [*local, *_residual_parts(item, stream_effect, family, criteria)]
    pooled = [e for e in tests if not e.residual_group]
    ps = [(e.log10_p, _adjusted(e.log10_p, item, family)) for e in tests if e.log10_p]
    ps += [
        (cell.log10_p, _adjusted(cell.log10_p, item, family, cell.block))
        for found in item.maps
        for cell in best_cells(found)
    ]
    smallest = min((p for p, _ in ps), default=0.0)
    adjusted = min((p for _, p in ps), default=0.0)
    power = _power(item, family, criteria)
    whole_module = [
        e
        for e in pooled
        if e.log10_p is not None
        and _adjusted(e.log10_p, item, family) <= criteria.log10_alpha
        and _effect(e, pooled) >= criteria.effect_floor
    ]
    effect = _module_effect(parts, tests)
    common = {
        "module": item.module,
        "reference": item.reference,
        "reference_module": item.reference_module,
        "log10_p": smallest,
        "log10_p_adjusted": adjusted,
        "effect": effect,
        "power": power,
    }
    if parts or whole_module:
        identical = item.tally.all_identical and not item.truncated
        reason = None
        if not parts:
            reason = "found over all layers together; no single layer is beyond doubt"
        return Finding(
            word="identical" if identical else "reused",
            parts=tuple(parts),
            whole=_whole(item, parts, family, criteria),
            reason=reason,
            **common,  # type: ignore[arg-type]
        )
    if adjusted <= criteria.log10_correspondence:
        return Finding(
            word="correspondence",
            reason=_why_not(item, stream_effect, adjusted, effect, criteria),
            **common,  # type: ignore[arg-type]
        )
    if power is None:
        return Finding(
            word="not-testable",
            reason="too few units: even a copy could not be told from chance at the "
            "level of an accusation",
            **common,  # type: ignore[arg-type]
        )
    return Finding(word="no-dependence-found", **common)  # type: ignore[arg-type]


def _residual_parts(
    item: ModuleEvidence, stream_effect: float, family: int, criteria: Criteria
) -> list[Part]:
    floor = max(criteria.effect_floor, criteria.shared_basis_ratio * stream_effect)
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


def _power(item: ModuleEvidence, family: int, criteria: Criteria) -> float | None:
    level = criteria.log10_alpha - math.log10(family) - item.search
    groups = [g for g in item.coin_groups() if g[0] > 0]
    if not groups:
        groups = [
            (e.n, float(str(e.details.get("effective features", 1.0))))
            for e in item.evidence
            if e.residual_group and e.n > 0
        ][:1]
    if not groups:
        return None
    return detectable_correlation(groups, level, criteria.power)


def _why_not(
    item: ModuleEvidence,
    stream_effect: float,
    adjusted: float,
    effect: float | None,
    criteria: Criteria,
) -> str:
    if adjusted > criteria.log10_alpha:
        return "rarer than chance alone, but not at the level of an accusation (1e-6)"
    if stream_effect and all(e.residual_group for e in item.evidence if e.log10_p):
        return (
            "shares the residual stream of reused layers, which by itself pulls own "
            "weights into their basis; reuse of this module is not shown"
        )
    return (
        f"exact tests reject, but the element correlation {effect or 0.0:.3f} is "
        f"below the floor of {criteria.effect_floor}"
    )


def overall(findings: Sequence[Finding]) -> Word:
    """The word for a whole model: the weightiest of its modules' words."""
    words: list[Word] = [f.word for f in findings]
    return min(words, key=ORDER.index) if words else "not-testable"


__all__ = ["ACCUSING", "family_size", "judge", "overall", "strongest"]
