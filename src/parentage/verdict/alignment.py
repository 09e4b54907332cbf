# SPDX-License-Identifier: Apache-2.0
"""What aligned units support: reuse by exact coins, correspondence by their scores."""

from __future__ import annotations

from collections.abc import Callable

from parentage.evidence.base import Evidence
from parentage.evidence.module import ALIGNED, ModuleEvidence
from parentage.verdict.finding import Criteria, Part

FLOORS = {"aligned-units": "aligned_floor", "aligned-tokens": "token_floor"}
"""Calibrated method -> the criterion that its effect must pass."""

CORRESPONDS = (
    "its units correspond to the reference's once a relabelling is undone, far beyond "
    "every independent pair measured; no exact test covers this, so reuse is not proven"
)

REUSED = (
    "found after a relabelling was undone: units matched by other tensors agree in "
    "sign beyond chance"
)


def supports(e: Evidence, log10_p: float, criteria: Criteria) -> bool:
    """Whether coins of aligned units are strong enough for an accusation.

    Args:
        e: the test.
        log10_p: its p-value after correction.
        criteria: levels and floors.

    A real copy, aligned, agrees closely: faint effects are left to the exact tests of
    same-numbered units.
    """
    effect = e.effect or 0.0
    return log10_p <= criteria.log10_alpha and effect >= criteria.aligned_floor


def aligned_parts(
    item: ModuleEvidence,
    covered: set[tuple[str, int | None]],
    adjusted: Callable[[Evidence], float],
    criteria: Criteria,
) -> list[Part]:
    """Layers that coins of aligned units call reused and nothing else does.

    Args:
        item: the module's evidence.
        covered: (block, layer) that are called reused already.
        adjusted: p-value of a test after correction.
        criteria: levels and floors.
    """
    found: dict[tuple[str, int | None], Part] = {}
    for e in item.evidence:
        if e.method != ALIGNED or e.subject.layer is None or e.log10_p is None:
            continue
        block = e.subject.block or item.module
        where = (block, e.subject.layer)
        if where in covered or not supports(e, adjusted(e), criteria):
            continue
        layers = ((e.subject.layer, e.subject.reference_layer),)
        part = Part(block, layers, False, e.log10_p, e.effect or 0.0)
        old = found.get(where)
        if old is None or part.log10_p < old.log10_p:
            found[where] = part
    return list(found.values())


def corresponds(item: ModuleEvidence, criteria: Criteria) -> Evidence | None:
    """The calibrated evidence that supports a correspondence, if any does.

    Its effect must be at least the floor and its rank among independent controls at
    or below the level; what cannot be ranked supports nothing.
    """
    strong = [
        e
        for e in item.evidence
        if e.method in FLOORS
        and e.effect is not None
        and e.log10_p is not None
        and e.effect >= getattr(criteria, FLOORS[e.method])
        and e.log10_p <= criteria.log10_calibrated
    ]
    return max(strong, key=lambda e: e.effect or 0.0, default=None)
