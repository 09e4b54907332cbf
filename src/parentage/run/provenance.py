# SPDX-License-Identifier: Apache-2.0
"""From findings to provenance classes: the one place where the two are joined.

=====================  ===========================================================
finding                class
=====================  ===========================================================
identical              ``identical`` if every tested module is identical to the same
                       reference (the model is a copy), else ``frozen-external``
reused, quantised      ``frozen-external``: rounding is no training
reused, passthrough    ``merged``: layers of several models, value for value
reused, merge          ``merged``, with or without a remainder
reused, layers moved   ``upcycled``: added, removed, repeated, mixed or reordered
reused, MLPs as        ``upcycled``
experts
reused, low-rank       ``fine-tuned-external``
or trained
reused, not described  ``frozen-external`` if every reused part is identical, else
                       ``fine-tuned-external``
correspondence         ``unknown``, and never a ground for a violation
no-dependence-found    ``unknown``: nothing found is not "own"
not-testable           ``unknown``
=====================  ===========================================================
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from parentage.verdict.facts import Direction, State
from parentage.verdict.vocabulary import Class, Component

if TYPE_CHECKING:
    from parentage.report.descent_document import DescentItem
    from parentage.report.document import ModuleResult, Outcome, Report

ACCUSED: Final = frozenset({"identical", "reused"})

COMPONENT_OF: Final[dict[str, Component]] = {
    "text_decoder": "decoder-weights",
    "text_encoder": "encoder-weights",
    "vision_encoder": "encoder-weights",
    "audio_encoder": "encoder-weights",
    "projector": "projector",
    "embedding": "embedding",
    "head": "embedding",
}
"""Kind of module -> component. A module of unknown kind counts as decoder weights,
about which every definition says something."""

MOVED: Final = frozenset(
    {
        "depth-up-scaled",
        "layers-added",
        "layers-removed",
        "layers-reordered",
        "layers-interpolated",
    }
)

OF_DESCENT: Final[dict[str, Class]] = {
    "identical": "frozen-external",
    "quantised": "frozen-external",
    "passthrough": "merged",
    "merge": "merged",
    "merge-with-remainder": "merged",
    "low-rank": "fine-tuned-external",
    "trained": "fine-tuned-external",
}


@dataclass(frozen=True)
class Provenance:
    """What the evidence says about where a module comes from.

    Attributes:
        component: which the module belongs to.
        state: what is known at all.
        found: the class.
        references: every reference that exact tests found in it.
        log10_p: of the strongest finding, corrected for the audit.
        detail: why it is no more, in English.
        power: smallest element correlation that would have been found, and with which
            probability.
        direction: of the descent, as far as geometry or given dates say it.
    """

    component: Component
    state: State
    found: Class = "unknown"
    references: tuple[str, ...] = ()
    log10_p: float | None = None
    detail: str = ""
    power: tuple[str, ...] = ()
    direction: Direction = "undecided"

    @property
    def reused(self) -> bool:
        """Whether it carries another's weights, as far as direction is known.

        Where dates say that the other model came later, shared weights are shared, and
        nothing is held against the candidate.
        """
        return self.state == "known" and self.direction != "from-candidate"


def component_of(module: str) -> Component:
    """The component that a module of a report belongs to."""
    stem, _, number = module.rpartition("_")
    name = stem if number.isdigit() else module
    return COMPONENT_OF.get(name, "decoder-weights")


def provenance_of(report: Report) -> dict[str, Provenance]:
    """Module of the candidate -> what the evidence says of its origin."""
    copied = _copied_from(report)
    descents = {d.module: d for d in report.descents}
    return {
        m.name: _module(m, descents.get(m.name), copied=m.reference == copied)
        for m in report.modules
    }


def _copied_from(report: Report) -> str | None:
    """The reference that every tested module is identical to, if there is one."""
    tested = [m for m in report.modules if m.finding != "not-testable"]
    found = {(m.finding, m.reference) for m in tested}
    if len(found) == 1 and tested[0].finding == "identical":
        return tested[0].reference
    return None


def _module(
    module: ModuleResult, descent: DescentItem | None, *, copied: bool
) -> Provenance:
    component = component_of(module.name)
    if module.finding in ACCUSED:
        return Provenance(
            component,
            "known",
            "identical" if copied else _class(module, descent),
            tuple(o.reference for o in module.outcomes if o.finding in ACCUSED),
            module.log10_p_adjusted,
            direction=_direction(module, descent),
        )
    if module.finding == "correspondence":
        return Provenance(component, "correspondence", detail=module.reason or "")
    if module.finding == "not-testable":
        return Provenance(component, "not-testable", detail=module.reason or "")
    if module.power.correlation is None:
        # Without power, finding nothing says nothing.
        return Provenance(component, "not-testable", detail="there are too few units")
    power = (f"{module.power.correlation:.3f}", f"{module.power.probability:g}")
    return Provenance(component, "nothing-found", power=power)


def _direction(module: ModuleResult, descent: DescentItem | None) -> Direction:
    """Of the one reference that was found; several have no common direction."""
    accused = [o.reference for o in module.outcomes if o.finding in ACCUSED]
    if descent is None or accused != [descent.nearest]:
        return "undecided"
    return descent.direction


def _class(module: ModuleResult, descent: DescentItem | None) -> Class:
    if module.finding == "identical":
        return "frozen-external"
    outcome = _main(module)
    if outcome is not None:
        if outcome.depth is not None and outcome.depth.kind in MOVED:
            return "upcycled"
        if _upcycled_experts(module, outcome):
            return "upcycled"
    if descent is not None and descent.kind in OF_DESCENT:
        return OF_DESCENT[descent.kind]
    parts = outcome.parts if outcome is not None else ()
    if parts and all(part.identical for part in parts):
        return "frozen-external"
    return "fine-tuned-external"


def _main(module: ModuleResult) -> Outcome | None:
    return next((o for o in module.outcomes if o.reference == module.reference), None)


def _upcycled_experts(module: ModuleResult, outcome: Outcome) -> bool:
    """Whether experts of the candidate carry plain MLPs of the reference."""
    reused = {part.block for part in outcome.parts}
    return any(
        item.block in reused
        and item.block == "experts"
        and item.reference_block == "mlp"
        for item in module.layer_maps
        if item.reference == outcome.reference
    )
