# SPDX-License-Identifier: Apache-2.0
"""The weights of a training record: step 0, the chain, the end, and the references.

Only the comparison of the final weights with references is made here so far; the
checks of step 0 and of the chain say that they were not made, which keeps a record
from being supported.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

from parentage.artifact.source.locate import Reference, label_of
from parentage.evidence.base import Grade
from parentage.evidence.record import RecordEvidence
from parentage.report.document import Report
from parentage.report.training_document import ChainItem
from parentage.run.audit import audit
from parentage.training.packet import Packet


@dataclass(frozen=True)
class WeightsPart:
    """What was found about the weights.

    Attributes:
        evidence: results of checks of the parts ``initialisation`` and ``chain``.
        chain: points and links, for the chain map.
        trusted: keys of what was taken on trust (``report/training_words.py``).
    """

    evidence: list[RecordEvidence] = field(default_factory=list)
    chain: ChainItem = field(default_factory=ChainItem)
    trusted: tuple[str, ...] = ()


def weights_part(
    packet: Packet,
    *,
    model: Reference | None,
    against: Sequence[Reference],
    report: Report | None = None,
    budget: int,
    seed: int,
) -> WeightsPart:
    """Every check that reads weights.

    Raises:
        ArtifactError: ``model`` or a reference cannot be read.
    """
    final = final_weights(packet, model)
    name = packet.manifest.model.name
    grades: tuple[tuple[str, Grade], ...] = (
        ("step-0", "calibrated"),
        ("chain", "exact"),
        ("released", "exact"),
    )
    found = [RecordEvidence(c, g, "missing", name, "not-made") for c, g in grades]
    found += reference_evidence(final, against, report=report, budget=budget, seed=seed)
    return WeightsPart(found)


def final_weights(packet: Packet, model: Reference | None) -> Reference | None:
    """Where the released weights are: as named by hand, or by the packet."""
    if model is not None:
        return model
    return packet.usable(packet.manifest.model.released)


def reference_evidence(
    final: Reference | None,
    against: Sequence[Reference],
    *,
    report: Report | None = None,
    budget: int,
    seed: int,
) -> list[RecordEvidence]:
    """Whether the final weights link to a reference, by the tests of an audit."""
    subject = label_of(final) if final is not None else "released"
    if final is None or not against:
        reason = "no-references" if final else "no-final-weights"
        return [RecordEvidence("references", "exact", "missing", subject, reason)]
    if report is None:
        report = audit(final, against, budget=budget, descent_budget=0, seed=seed)
    found = []
    for reference in report.references:
        outcomes = [
            (m.name, o)
            for m in report.modules
            for o in m.outcomes
            if o.reference == reference.name
        ]
        linked = [(m, o) for m, o in outcomes if o.finding in ("identical", "reused")]
        open_ = [(m, o) for m, o in outcomes if o.finding == "correspondence"]
        tested = [o for _, o in outcomes if o.finding != "not-testable"]
        facts: dict[str, str | int | float | bool | None] = {
            "reference": reference.name,
            "modules": ", ".join(m for m, _ in linked or open_),
            "tested": len(tested),
            "coverage": report.coverage,
        }
        smallest = [o.log10_p for _, o in outcomes if o.log10_p is not None]
        powers = [o.power.correlation for o in tested if o.power.correlation]
        facts["power"] = max(powers) if powers else None
        if linked:
            outcome, reason = "contradicted", "reference-links"
        elif open_ or not tested:
            outcome, reason = "missing", "reference-open"
        else:
            outcome, reason = "verified", "reference-clear"
        found.append(
            RecordEvidence(
                "references",
                "exact",
                outcome,  # type: ignore[arg-type]
                reference.name,
                reason,
                log10_p=min(smallest) if smallest else None,
                n=len(tested),
                facts=facts,
            )
        )
    return found
