# SPDX-License-Identifier: Apache-2.0
"""References beside a training record: does the end link to one, and since when?"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from parentage.artifact.source.locate import Reference, label_of
from parentage.evidence.checkpoint_shared import shared_start
from parentage.evidence.record import Fact, RecordEvidence
from parentage.registry.fingerprint import Fingerprint
from parentage.report.document import Report
from parentage.run.audit import audit
from parentage.run.fingerprint import fingerprint
from parentage.run.training_links import LINKED, Link, link
from parentage.run.training_points import Point, Points, path_of


def reference_evidence(
    final: Reference | None,
    against: Sequence[Reference],
    points: Points | None = None,
    *,
    random_start: bool = False,
    report: Report | None = None,
    budget: int,
    seed: int,
) -> list[RecordEvidence]:
    """Whether the final weights link to a reference, by the tests of an audit.

    A link is dated along the checkpoints. Where it goes back to step 0, the reference
    may have been trained from the same random weights, which is no descent.

    Args:
        final: the released weights.
        against: references.
        points: the record's weights, to date a link with.
        random_start: whether step 0 was found to be an initialisation.
        report: an audit of ``final`` against ``against`` that was made already.
        budget: bytes to read of each model.
        seed: decides which.
    """
    subject = label_of(final) if final is not None else "released"
    if final is None or not against:
        reason = "no-references" if final is not None else "no-final-weights"
        return [RecordEvidence("references", "exact", "missing", subject, reason)]
    if report is None:
        report = audit(final, against, budget=budget, descent_budget=0, seed=seed)
    found = []
    for reference, place in zip(report.references, against, strict=True):
        item = _found(report, reference.name)
        if item.reason == "reference-clear" and points is not None:
            found += _at_start(item, place, points)
        if item.reason == "reference-links" and points is not None:
            item = _dated(item, place, points, random_start=random_start)
        found.append(item)
    return found


def _found(report: Report, reference: str) -> RecordEvidence:
    outcomes = [
        (m.name, o)
        for m in report.modules
        for o in m.outcomes
        if o.reference == reference
    ]
    linked = [(m, o) for m, o in outcomes if o.finding in LINKED]
    open_ = [(m, o) for m, o in outcomes if o.finding == "correspondence"]
    tested = [o for _, o in outcomes if o.finding != "not-testable"]
    facts: dict[str, Fact] = {
        "reference": reference,
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
    return RecordEvidence(
        "references",
        "exact",
        outcome,  # type: ignore[arg-type]
        reference,
        reason,
        log10_p=min(smallest) if smallest else None,
        n=len(tested),
        facts=facts,
    )


def _dated(
    item: RecordEvidence, place: Reference, points: Points, *, random_start: bool
) -> RecordEvidence:
    """Since when the record links to a reference, and whether only through step 0."""
    trained = points.trained
    if len(trained) < 2:
        return item
    made = fingerprint(place, name=item.subject, seed=points.seed)
    rows = [link(p.made, made, tests=len(trained), seed=points.seed) for p in trained]
    modules = [m for m in str(item.facts["modules"]).split(", ") if m]
    facts = dict(item.facts)
    if points.start is not None and random_start:
        shared = _shared(trained, made, rows[0], modules)
        if shared is not None:
            return replace(
                item,
                outcome="verified",
                reason="reference-shares-start",
                grade="calibrated",
                facts=facts | shared,
            )
    dates: list[dict[str, Fact]] = []
    for module in modules:
        linked = [_links(row, module) for row in rows]
        if linked[-1] and not linked[0]:
            last = max(i for i, yes in enumerate(linked) if not yes)
            dates.append(
                {
                    "module": module,
                    "earlier": trained[last].label,
                    "later": trained[last + 1].label,
                }
            )
    if not dates:
        return replace(item, facts=facts)
    facts |= dates[0]
    return replace(
        item, reason="reference-since", facts=facts, items=(*item.items, *dates)
    )


def _at_start(
    item: RecordEvidence, place: Reference, points: Points
) -> list[RecordEvidence]:
    """Whether step 0 links to a reference that the end does not link to."""
    if points.start is None:
        return []
    made = fingerprint(place, name=item.subject, seed=points.seed)
    row = link(points.start.made, made, seed=points.seed)
    modules = [f.module for f in row.findings if f.word in LINKED]
    if not modules:
        return []
    facts: dict[str, Fact] = {
        "reference": item.subject,
        "modules": ", ".join(modules),
    }
    subject = f"step 0 and {item.subject}"
    return [
        RecordEvidence(
            "references",
            "exact",
            "missing",
            subject,
            "reference-at-start",
            log10_p=row.log10_p,
            facts=facts,
        )
    ]


def _links(row: Link, module: str) -> bool:
    found = row.module(module)
    return found is not None and found.word in LINKED


def _shared(
    trained: Sequence[Point], made: Fingerprint, start: Link, modules: Sequence[str]
) -> dict[str, Fact] | None:
    if not all(_links(start, m) for m in modules):
        return None
    point = Point(made.identity.name, "checkpoint", None, made, None)
    found = shared_start(path_of([*trained, point]), tuple(modules))
    if found is None or not found.between:
        return None
    return {
        "own": found.own,
        "other": found.other,
        "both": found.both,
        "product": found.product,
        "nearest": trained[found.nearest].label,
    }
