# SPDX-License-Identifier: Apache-2.0
"""The files of a training record: named and there, digests, signature."""

from __future__ import annotations

from parentage.evidence.record import RecordEvidence
from parentage.run.training_signature import Trust, signature_evidence
from parentage.training.digests import DigestCheck, check_digests
from parentage.training.packet import Packet, named_files

LISTED = 50
"""Files of a kind that evidence lists one by one; the number is always given."""


def file_evidence(packet: Packet, trust: Trust | None = None) -> list[RecordEvidence]:
    """Whether the packet's files are there and are those that were listed.

    Args:
        packet: the record.
        trust: whose signature over the list counts.

    Raises:
        AttestationError: a key of ``trust`` is malformed.
        PacketError: the list of digests cannot be read.
    """
    digests = check_digests(packet)
    return [
        _named(packet),
        _digests(packet, digests),
        signature_evidence(packet, trust),
    ]


def _named(packet: Packet) -> RecordEvidence:
    named = len(list(named_files(packet.manifest)))
    problems = packet.problems
    return RecordEvidence(
        "packet-files",
        "exact",
        "missing" if problems else "verified",
        packet.manifest.model.name,
        "files-absent" if problems else "files-there",
        n=named,
        facts={"count": len(problems), "first": problems[0].path if problems else None},
        items=tuple(
            {"field": p.field, "file": p.path, "problem": p.code}
            for p in problems[:LISTED]
        ),
    )


def _digests(packet: Packet, found: DigestCheck | None) -> RecordEvidence:
    subject = packet.manifest.digests
    if found is None:
        return RecordEvidence(
            "packet-digests", "exact", "missing", subject, "no-digests"
        )
    rows = [
        {"file": file, "problem": problem}
        for problem, files in (
            ("changed", found.changed),
            ("absent", found.absent),
            ("unlisted", found.unlisted),
        )
        for file in files
    ]
    rows += [{"file": f"line {n}", "problem": "malformed"} for n in found.malformed]
    broken = found.changed or found.absent
    loose = found.unlisted or found.malformed
    if broken:
        outcome, reason = "contradicted", "digests-differ"
    elif loose or not found.equal:
        outcome, reason = "missing", "digests-loose"
    else:
        outcome, reason = "verified", "digests-equal"
    return RecordEvidence(
        "packet-digests",
        "exact",
        outcome,  # type: ignore[arg-type]
        subject,
        reason,
        n=len(found.equal),
        facts={
            "equal": len(found.equal),
            "changed": len(found.changed),
            "absent": len(found.absent),
            "unlisted": len(found.unlisted),
            "malformed": len(found.malformed),
            "first": str(rows[0]["file"]) if rows else None,
            "listed": found.listed,
        },
        items=tuple(dict(row) for row in rows[:LISTED]),
    )
