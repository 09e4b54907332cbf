# SPDX-License-Identifier: Apache-2.0
"""A report as a signed in-toto statement, and what can be said of one.

The statement's subjects are the models with the digests that the report was bound to;
its predicate holds the whole report without replies, and who signed when. The checks
here read no model: running the audit again is :mod:`parentage.run.attest`.

Times are the signer's own word. A key's date of expiry is held against the time of
checking, so that a key that leaked later cannot be used by dating a signature back.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING, Any, Final

from parentage.errors import AttestationError
from parentage.report.attestation_document import Check, failed, open_check, passed
from parentage.report.attestation_envelope import (
    PAYLOAD_TYPE,
    Envelope,
    Signed,
    pae,
)
from parentage.report.attestation_keys import (
    PrivateKey,
    PublicKey,
    parse_time,
    timestamp,
)
from parentage.report.canonical import (
    canonical_json,
    differences,
    report_data,
    report_digest,
)
from parentage.report.language import marked

if TYPE_CHECKING:
    from parentage.report.document import Report

STATEMENT_TYPE: Final = "https://in-toto.io/Statement/v1"
PREDICATE_TYPE: Final = "urn:parentage:report:1"
"""Predicate type of a signed report; stable within version 1 of the document."""

DIGEST_OF: Final = (
    "SHA-256 over names, formats and shapes of all tensors and every block that the "
    "audit read"
)
"""What the digest of a subject covers; not the SHA-256 of a file."""

SHOWN: Final = 5
"""Differing fields that are named."""


@dataclass(frozen=True)
class Statement:
    """What an envelope's payload says.

    Attributes:
        predicate: the predicate as it was read.
        subjects: model -> SHA-256.
        signed_on: when, by the signer's word.
    """

    predicate: dict[str, Any]
    subjects: tuple[tuple[str, str], ...]
    signed_on: datetime | None


def statement_of(
    report: Report, signer: PublicKey | None, when: datetime
) -> dict[str, Any]:
    """The in-toto statement (v1) that a signature is over."""
    return {
        "_type": STATEMENT_TYPE,
        "subject": [
            {
                "name": model.name,
                "digest": {"sha256": model.digest},
                "annotations": {"digestOf": DIGEST_OF, "role": role},
            }
            for role, model in [
                ("candidate", report.candidate),
                *(("reference", r) for r in report.references),
            ]
        ],
        "predicateType": PREDICATE_TYPE,
        "predicate": {
            "reportDigest": {"sha256": report_digest(report)},
            "report": report_data(report),
            "signedOn": timestamp(when),
            "signer": None
            if signer is None
            else {
                "keyid": signer.keyid,
                "owner": signer.owner,
                "notBefore": timestamp(signer.not_before),
                "notAfter": timestamp(signer.not_after),
            },
        },
    }


def sign_report(report: Report, key: PrivateKey, when: datetime) -> Envelope:
    """Sign a report with a key.

    Raises:
        AttestationError: the key may not be used at that time.
    """
    key.public.require_valid(when)
    return sealed(canonical_json(statement_of(report, key.public, when)), key)


def sealed(payload: bytes, key: PrivateKey) -> Envelope:
    """A statement in an envelope, with a key's signature over it."""
    signature = key.sign(pae(PAYLOAD_TYPE, payload))
    return Envelope(payload, PAYLOAD_TYPE, (Signed(signature, key.public.keyid),))


def signer_of(envelope: Envelope, keys: Sequence[PublicKey]) -> PublicKey | None:
    """The first of some keys that made a signature of an envelope."""
    message = pae(envelope.payload_type, envelope.payload)
    return next(
        (k for k in keys if any(k.signed(message, s.sig) for s in envelope.signatures)),
        None,
    )


def names_one(envelope: Envelope, keys: Sequence[PublicKey]) -> bool:
    """Whether an envelope says that one of some keys signed it."""
    known = {key.keyid for key in keys}
    return any(s.keyid in known for s in envelope.signatures)


def keys_named(envelope: Envelope) -> str:
    """The keys that an envelope names, shortened, for a sentence."""
    return ", ".join(s.keyid[:16] for s in envelope.signatures if s.keyid) or "–"


def check_envelope(
    envelope: Envelope, report: Report, keys: Sequence[PublicKey], at: datetime
) -> list[Check]:
    """Everything that can be said of a key-signed envelope without the models.

    Args:
        envelope: with one signature or several; one by a given key is enough.
        report: what it is said to be over.
        keys: keys that the reader trusts; may be empty.
        at: the time of checking.

    Raises:
        AttestationError: the payload is malformed.
    """
    if envelope.payload_type != PAYLOAD_TYPE:
        return [_wrong_type(envelope)]
    checks = _signatures(envelope, keys, at)
    if any(check.outcome == "failed" for check in checks):
        # What nobody signed is not read any further.
        return checks
    return [
        *checks,
        *_stated_validity(envelope.payload, at),
        *check_statement(envelope.payload, report),
    ]


def _stated_validity(payload: bytes, at: datetime) -> list[Check]:
    """The date of expiry that the signer itself signed counts as well."""
    found = read_statement(payload)
    if isinstance(found, Check):
        return []
    signer = found.predicate.get("signer")
    stated = signer.get("notAfter") if isinstance(signer, dict) else None
    end = parse_time(stated)
    if end is None or at <= end:
        return []
    return [
        failed(
            "key-validity",
            marked("The signer's key expired on {end}, as the statement says."),
            end=str(timestamp(end)),
        )
    ]


def _wrong_type(envelope: Envelope) -> Check:
    return failed(
        "payload-type",
        marked("The envelope holds {found}, not {expected}."),
        found=envelope.payload_type[:80],
        expected=PAYLOAD_TYPE,
    )


def _signatures(
    envelope: Envelope, keys: Sequence[PublicKey], at: datetime
) -> list[Check]:
    named = keys_named(envelope)
    if not keys:
        return [
            open_check(
                "signature",
                marked(
                    "No public key was given; the envelope names {keys}. Whether it "
                    "is signed was not checked."
                ),
                keys=named,
            )
        ]
    signer = signer_of(envelope, keys)
    if signer is not None:
        return [_by(signer), _in_time(signer, at)]
    if names_one(envelope, keys):
        return [
            failed(
                "signature",
                marked(
                    "The signature does not match: what was signed with {keys} was "
                    "changed afterwards."
                ),
                keys=named,
            )
        ]
    return [
        failed(
            "signature",
            marked("None of the given keys ({given}) made it; it names {keys}."),
            given=", ".join(sorted({k.keyid[:16] for k in keys})),
            keys=named,
        )
    ]


def _by(key: PublicKey) -> Check:
    return passed(
        "signature",
        marked("Signed with the key {key} of {owner}."),
        key=key.keyid[:16],
        owner=key.owner or "–",
    )


def _in_time(key: PublicKey, at: datetime) -> Check:
    when = str(timestamp(at))
    if not key.valid_at(at):
        return failed(
            "key-validity",
            marked("The key is not valid on {when}: it is from {start} to {end}."),
            when=when,
            start=timestamp(key.not_before) or "–",
            end=timestamp(key.not_after) or "–",
        )
    if key.not_after is None:
        return passed("key-validity", marked("The key has no date of expiry."))
    return passed(
        "key-validity",
        marked("The key is valid until {end}."),
        end=str(timestamp(key.not_after)),
    )


def check_statement(payload: bytes, report: Report) -> list[Check]:
    """Whether a payload is about this very report and its models."""
    found = read_statement(payload)
    if isinstance(found, Check):
        return [found]
    checks = [_same_report(found, report)]
    if checks[0].outcome == "passed":
        checks.append(_same_models(found, report))
    return checks


def read_statement(payload: bytes) -> Statement | Check:
    """The statement in a payload, or the check that fails where it is another kind.

    Raises:
        AttestationError: no JSON, or fields of the wrong kind.
    """
    try:
        data = json.loads(payload)
    except (ValueError, RecursionError) as error:
        raise AttestationError(f"the payload is not JSON: {error}") from error
    if not isinstance(data, dict):
        raise AttestationError("the payload is no in-toto statement")
    if data.get("_type") != STATEMENT_TYPE or (
        data.get("predicateType") != PREDICATE_TYPE
    ):
        return failed(
            "statement",
            marked("It is a statement of type {found}, not {expected}."),
            found=str(data.get("predicateType"))[:80],
            expected=PREDICATE_TYPE,
        )
    predicate, rows = data.get("predicate"), data.get("subject")
    if not isinstance(predicate, dict) or not isinstance(rows, list):
        raise AttestationError("the statement has no predicate or no subjects")
    subjects = []
    for row in rows:
        digest = row.get("digest") if isinstance(row, dict) else None
        if not isinstance(digest, dict):
            raise AttestationError("the statement has a subject without digest")
        subjects.append((str(row.get("name")), str(digest.get("sha256"))))
    return Statement(predicate, tuple(subjects), parse_time(predicate.get("signedOn")))


def _same_report(found: Statement, report: Report) -> Check:
    signed = found.predicate.get("reportDigest")
    stated = signed.get("sha256") if isinstance(signed, dict) else None
    own = report_digest(report)
    fields = list(differences(found.predicate.get("report"), report_data(report)))
    if stated == own and not fields:
        return passed(
            "report",
            marked("The report is the one that was signed ({digest}), on {when}."),
            digest=own[:16],
            when=timestamp(found.signed_on) or "–",
        )
    more = len(fields) - SHOWN
    return failed(
        "report",
        marked("The report is not the one that was signed; these differ: {fields}."),
        fields=", ".join(fields[:SHOWN]) + (f" (+{more})" if more > 0 else "")
        or "reportDigest",
    )


def _same_models(found: Statement, report: Report) -> Check:
    models = [report.candidate, *report.references]
    if sorted(found.subjects) == sorted((m.name, m.digest) for m in models):
        return passed(
            "subjects",
            marked("It is bound to the digests of {models}."),
            models=", ".join(m.name for m in models),
        )
    return failed(
        "subjects",
        marked("It is bound to other models: {models}."),
        models=", ".join(f"{name} {digest[:16]}" for name, digest in found.subjects),
    )
