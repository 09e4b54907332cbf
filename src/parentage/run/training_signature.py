# SPDX-License-Identifier: Apache-2.0
"""Signatures over a training record: made, and checked.

What is signed is an in-toto statement whose only subject is the list of digests, which
covers every other file: whoever changes a file must change the list, and the signature
then is of another list. Envelopes and keys are those of signed reports
(:mod:`parentage.report.attestation`).
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Final

from parentage.artifact.entry import shown
from parentage.artifact.source.local import resolve_inside
from parentage.errors import AttestationError, PacketError, ParentageError
from parentage.evidence.record import Fact, RecordEvidence, RecordOutcome
from parentage.report.attestation import (
    STATEMENT_TYPE,
    keys_named,
    names_one,
    sealed,
    signer_of,
)
from parentage.report.attestation_envelope import (
    PAYLOAD_TYPE,
    Envelope,
    read_envelopes,
)
from parentage.report.attestation_keys import (
    PrivateKey,
    PublicKey,
    load_public,
    timestamp,
)
from parentage.report.attestation_sigstore import check_bundle, sign_payload
from parentage.report.canonical import canonical_json
from parentage.training.digests import check_digests, sha256
from parentage.training.packet import Packet, open_packet

PREDICATE_TYPE: Final = "urn:parentage:training-record:1"
"""Predicate type of a signed list of digests; stable within version 1 of a packet."""

ENVELOPE: Final = "SHA256SUMS.dsse.json"
"""Usual name of the file of signatures."""


@dataclass(frozen=True)
class Trust:
    """Whose signature counts.

    Attributes:
        keys: files of public keys.
        identity, issuer: who must have signed keyless, and who vouches for them.
        at: the time at which keys must be valid; ``None`` for now.
    """

    keys: Sequence[str | Path] = ()
    identity: str | None = None
    issuer: str | None = None
    at: datetime | None = None

    def __bool__(self) -> bool:
        return bool(self.keys) or self.identity is not None


def statement_of(packet: Packet, signer: PublicKey | None, when: datetime) -> bytes:
    """The statement that a signature is over, as canonical JSON.

    Raises:
        PacketError: the packet is not sealed, or was changed since.
    """
    found = check_digests(packet)
    name = packet.manifest.digests
    if found is None:
        raise PacketError(
            "there is nothing to sign yet",
            file=shown(name),
            expected="the list of digests",
            advice="Seal the packet first: `parentage training seal`.",
        )
    loose = [*found.changed, *found.absent, *found.unlisted]
    if loose or found.malformed:
        first = loose[0] if loose else f"line {found.malformed[0]}"
        raise PacketError(
            f"does not describe the packet any more: {shown(first)}",
            file=shown(name),
            expected="the digest of every file, and of no other",
            advice="Seal the packet again: `parentage training seal`.",
        )
    return canonical_json(
        {
            "_type": STATEMENT_TYPE,
            "subject": [{"name": name, "digest": {"sha256": found.listed}}],
            "predicateType": PREDICATE_TYPE,
            "predicate": {
                "model": packet.manifest.model.name,
                "files": len(found.equal),
                "signedOn": timestamp(when),
                "signer": None
                if signer is None
                else {"keyid": signer.keyid, "owner": signer.owner},
            },
        }
    )


def envelope_file(packet: Packet) -> Path:
    """Where the signatures of a packet lie.

    Raises:
        PacketError: the manifest names no place; without one the file itself would be
            missing from the digests.
    """
    part = packet.manifest.signature
    if part is None:
        raise PacketError(
            "does not say where signatures lie",
            file="packet.toml",
            expected=f'[signature] with envelope = "{ENVELOPE}"',
            advice="Add it and seal the packet again.",
        )
    if packet.manifest.digests == part.envelope:
        raise PacketError(
            "names one file for digests and signature", file="packet.toml"
        )
    return resolve_inside(
        packet.folder / part.envelope, packet.folder, file=shown(part.envelope)
    )


def sign_packet(
    folder: str | Path, key: PrivateKey | None, when: datetime, token: str | None = None
) -> tuple[Path, str]:
    """Sign a sealed packet.

    Args:
        folder: the packet.
        key: with which key; ``None`` signs keyless through Sigstore.
        when: the time, by the signer's word.
        token: identity token of a keyless signature.

    Returns:
        The file of signatures, and the envelope or bundle as a line to be added to it.

    Raises:
        PacketError: there is no packet, it is not sealed, or names no envelope.
        AttestationError: the key may not be used at that time, or there is no identity.
        MissingExtraError: a keyless signature without the extra ``sign``.
    """
    packet = open_packet(folder)
    target = envelope_file(packet)
    if key is None:
        return target, sign_payload(statement_of(packet, None, when), token)
    key.public.require_valid(when)
    payload = statement_of(packet, key.public, when)
    return target, sealed(payload, key).to_json()


def signature_evidence(packet: Packet, trust: Trust | None = None) -> RecordEvidence:
    """Whether somebody who is trusted signed this list of digests.

    Args:
        packet: the record.
        trust: whose signature counts; without any, only what is named is told.

    Raises:
        AttestationError: a key of ``trust`` is malformed.
        MissingExtraError: a keyless signature is to be checked without the extra.
    """
    trust = trust or Trust()
    part = packet.manifest.signature
    path = packet.usable(part.envelope) if part else None
    if part is None or path is None:
        return _said("missing", packet.manifest.model.name, "no-signature")
    keys = [load_public(key) for key in trust.keys]
    own = False
    if not trust:
        place = packet.usable(part.public_key)
        try:
            keys = [] if place is None else [load_public(place)]
        except AttestationError as error:
            return _said(
                "missing", part.envelope, "signature-unreadable", error=str(error)
            )
        own = bool(keys)
    if not keys and trust.identity is None:
        return _said(
            "missing", part.envelope, "signature-unchecked", signer=part.signer or "–"
        )
    try:
        envelopes = read_envelopes(path)
    except AttestationError as error:
        return _said("missing", part.envelope, "signature-unreadable", error=str(error))
    found = [_judged(packet, e, keys, trust) for e in envelopes]
    best = min(found, key=lambda e: _RANK[e.reason])
    if own and best.outcome == "verified":
        return _said("missing", part.envelope, "signature-own-key", **best.facts)
    return best


_RANK: Final = {
    "signature-good": 0,
    "signature-expired": 1,
    "signature-other-list": 2,
    "signature-broken": 3,
    "signature-kind": 4,
    "signature-keyless": 5,
    "signature-other-key": 6,
}
"""Of several envelopes the one that says most is reported."""


def _said(
    outcome: RecordOutcome, subject: str, reason: str, **facts: Fact
) -> RecordEvidence:
    return RecordEvidence(
        "packet-signature", "exact", outcome, subject, reason, facts=facts
    )


def _judged(
    packet: Packet, envelope: Envelope, keys: Sequence[PublicKey], trust: Trust
) -> RecordEvidence:
    """What one envelope says: who signed it first, then what."""
    part = packet.manifest.signature
    subject = part.envelope if part else packet.manifest.model.name
    facts: dict[str, Fact] = {"named": keys_named(envelope)}
    if envelope.bundle is not None:
        wrong = _keyless(envelope, trust, facts)
        if wrong:
            return _said("missing", subject, "signature-keyless", **facts, error=wrong)
    else:
        by = signer_of(envelope, keys)
        if by is None:
            if names_one(envelope, keys):
                return _said("contradicted", subject, "signature-broken", **facts)
            given = ", ".join(sorted({k.keyid[:16] for k in keys})) or "–"
            return _said(
                "missing", subject, "signature-other-key", **facts, given=given
            )
        facts |= {"key": by.keyid[:16], "owner": by.owner or "–"}
        when = trust.at or datetime.now(UTC)
        if not by.valid_at(when):
            return _said(
                "missing",
                subject,
                "signature-expired",
                **facts,
                when=timestamp(when),
                start=timestamp(by.not_before) or "–",
                end=timestamp(by.not_after) or "–",
            )
    return _content(packet, envelope, subject, facts)


def _keyless(envelope: Envelope, trust: Trust, facts: dict[str, Fact]) -> str | None:
    """Why a Sigstore bundle does not count; ``None`` where it does."""
    if trust.identity is None:
        return "who must have signed was not said (--identity)"
    check = check_bundle(envelope, "signature", trust.identity, trust.issuer)
    if check.outcome != "passed":
        return check.say.format(**check.places)
    facts |= {"key": "–", "owner": trust.identity}
    return None


def _content(
    packet: Packet, envelope: Envelope, subject: str, facts: dict[str, Fact]
) -> RecordEvidence:
    """Whether what was signed is this packet's list of digests."""
    try:
        rows, predicate = _read(envelope)
    except ParentageError as error:
        return _said("missing", subject, "signature-kind", **facts, error=str(error))
    facts |= {"signed_on": str(predicate.get("signedOn"))[:40]}
    place = packet.folder / packet.manifest.digests
    listed = sha256(place) if place.is_file() else "none"
    if listed in rows:
        return _said("verified", subject, "signature-good", **facts, listed=listed)
    return _said(
        "contradicted",
        subject,
        "signature-other-list",
        **facts,
        listed=listed[:16],
        signed=str(next(iter(rows), "–"))[:16],
        model=shown(str(predicate.get("model"))[:80]),
    )


def _read(envelope: Envelope) -> tuple[list[str], dict[str, Any]]:
    """Digests of the subjects, and the predicate."""
    if envelope.payload_type != PAYLOAD_TYPE:
        raise AttestationError(
            f"the payload is {envelope.payload_type[:80]!r}", expected=PAYLOAD_TYPE
        )
    try:
        data = json.loads(envelope.payload)
    except (ValueError, RecursionError) as error:
        raise AttestationError(f"the payload is not JSON: {error}") from error
    kind = data.get("predicateType") if isinstance(data, dict) else None
    if kind != PREDICATE_TYPE or data.get("_type") != STATEMENT_TYPE:
        raise AttestationError(
            f"the statement is of type {str(kind)[:80]!r}", expected=PREDICATE_TYPE
        )
    predicate, subjects = data.get("predicate"), data.get("subject")
    if not isinstance(predicate, dict) or not isinstance(subjects, list):
        raise AttestationError("the statement has no predicate or no subjects")
    digests = [row.get("digest") for row in subjects if isinstance(row, dict)]
    return [str(d.get("sha256")) for d in digests if isinstance(d, dict)], predicate
