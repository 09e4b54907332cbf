# SPDX-License-Identifier: Apache-2.0
"""Verifies a training record: opens the packet, makes every check, judges, documents.

Each part (files, logs, compute, weights) hands back plain evidence; a part that fails
on a file records that as evidence and the others go on.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import asdict
from pathlib import Path

from parentage.artifact.source.locate import Reference
from parentage.evidence.record import RecordEvidence
from parentage.report.document import Report
from parentage.report.training_document import (
    PieceItem,
    RecordItem,
    RuleItem,
    TrainingDocument,
)
from parentage.run.lineage_frame import clock, frame
from parentage.run.training_compute import compute_part
from parentage.run.training_files import file_evidence
from parentage.run.training_logs import log_items, log_part
from parentage.run.training_signature import Trust
from parentage.run.training_weights import WeightsPart, weights_part
from parentage.training.packet import Packet, open_packet
from parentage.training.pieces import pieces, present
from parentage.verdict.training import judge_record

Progress = Callable[[str, int, int], None]
"""Called with what is being done, how many steps are done, and how many there are."""

DEFAULT_BUDGET = 64_000_000
"""Bytes to read of each set of weights at most, for each comparison."""


def verify_record(
    folder: str | Path,
    *,
    model: Reference | None = None,
    against: Sequence[Reference] = (),
    other_logs: Sequence[str | Path] = (),
    report: Report | None = None,
    budget: int = DEFAULT_BUDGET,
    seed: int = 0,
    rerun: bool = False,
    trust: Trust | None = None,
    command: Sequence[str] = (),
    progress: Progress | None = None,
) -> TrainingDocument:
    """What does a training record show, and does it support training from scratch?

    Args:
        folder: the packet.
        model: the released weights; by default the ones that the packet names.
        against: references that must not link to the final weights or to step 0.
        other_logs: logs of other runs that this one must not have been copied from.
        report: an audit of ``model`` against ``against`` that was made already.
        budget: bytes to read of each set of weights at most, for each comparison.
        seed: decides which bytes; fixed before anything is looked at.
        rerun: draw step 0 again from its seed, and repeat the stretches handed in;
            needs torch and transformers.
        trust: whose signature over the record counts.
        command: how it was called, for the document.
        progress: told about each part.

    Raises:
        PacketError: there is no packet, or its manifest is malformed.
        ArtifactError: ``model`` or a reference cannot be read.
        AttestationError: a key of ``trust`` is malformed.
    """
    started = clock()

    def tell(what: str, done: int) -> None:
        if progress is not None:
            progress(what, done, 4)

    packet = open_packet(folder)
    tell("digests", 0)
    files = file_evidence(packet, trust)
    tell("logs", 1)
    logs = log_part(packet, other_logs)
    tell("compute", 2)
    compute = compute_part(packet, logs)
    tell("weights", 3)
    weights = weights_part(
        packet,
        model=model,
        against=against,
        logs=logs.logs,
        report=report,
        budget=budget,
        seed=seed,
        rerun=rerun,
    )
    tell("done", 4)
    evidence = [*files, *logs.evidence, *compute.evidence, *weights.evidence]
    return _document(packet, evidence, weights).model_copy(
        update={
            **frame(command, started),
            "logs": log_items(logs),
            "compute": compute.items,
        }
    )


def _document(
    packet: Packet, evidence: Sequence[RecordEvidence], weights: WeightsPart
) -> TrainingDocument:
    verdict = judge_record(evidence)
    have = present(packet)
    digest = next(
        (e.facts.get("listed") for e in evidence if "listed" in e.facts), None
    )
    return TrainingDocument(
        schema="parentage.training/1",
        versions={},
        created="",
        seconds=0.0,
        command=(),
        packet=str(packet.folder),
        model=packet.manifest.model.name,
        digest=None if digest is None else str(digest),
        support=verdict.support,
        lines=tuple(
            RuleItem(id=r.line.id, met=r.met, lacking=r.lacking) for r in verdict.lines
        ),
        contradictions=verdict.contradictions,
        pieces=tuple(
            PieceItem(id=p.id, present=have[p.id], needed=p.needed)
            for p in pieces().values()
        ),
        evidence=tuple(RecordItem(**asdict(item)) for item in evidence),
        chain=weights.chain,
        trusted=weights.trusted,
    )
