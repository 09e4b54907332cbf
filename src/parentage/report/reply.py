# SPDX-License-Identifier: Apache-2.0
"""Attaching a reply to a report, signing it, and checking the signature."""

from __future__ import annotations

import base64
from datetime import datetime
from typing import TYPE_CHECKING, Final

from parentage.errors import AttestationError
from parentage.report.attestation import STATEMENT_TYPE
from parentage.report.attestation_document import Check, failed, open_check, passed
from parentage.report.attestation_envelope import PAYLOAD_TYPE, pae, unbase64
from parentage.report.attestation_keys import (
    PrivateKey,
    PublicKey,
    parse_time,
    timestamp,
)
from parentage.report.canonical import canonical_json, report_digest
from parentage.report.language import Code, marked
from parentage.report.reply_document import ReplyBlock, ReplySignature

if TYPE_CHECKING:
    from collections.abc import Sequence

    from parentage.report.document import Report

REPLY_TYPE: Final = "urn:parentage:reply:1"
"""Predicate type of a signed reply."""

MAX_REPLIES: Final = 100


def reply_payload(reply: ReplyBlock) -> bytes:
    """The in-toto statement that a reply's signature is over."""
    return canonical_json(
        {
            "_type": STATEMENT_TYPE,
            "subject": [{"name": "report", "digest": {"sha256": reply.report}}],
            "predicateType": REPLY_TYPE,
            "predicate": {
                "party": reply.party,
                "statement": reply.statement,
                "date": reply.date,
                "language": reply.language,
            },
        }
    )


def attach_reply(
    report: Report,
    party: str,
    statement: str,
    when: datetime,
    *,
    language: Code | None = None,
    key: PrivateKey | None = None,
) -> Report:
    """The report with one more reply; nothing else in it changes.

    Raises:
        AttestationError: nothing is said, too much is, or the key may not be used.
    """
    text = statement.strip()
    if not party.strip() or not text or len(text) > 100_000:
        raise AttestationError(
            "a reply has no party, no text or too much of it",
            expected="a name and 1 to 100,000 characters",
        )
    if len(report.replies) >= MAX_REPLIES:
        raise AttestationError(f"the report has {MAX_REPLIES} replies already")
    reply = ReplyBlock(
        party=party.strip()[:200],
        statement=text,
        date=str(timestamp(when)),
        language=language,
        report=report_digest(report),
    )
    if key is not None:
        reply = sign_reply(reply, key, when)
    return report.model_copy(update={"replies": (*report.replies, reply)})


def sign_reply(reply: ReplyBlock, key: PrivateKey, when: datetime) -> ReplyBlock:
    """The reply with a signature."""
    public = key.public
    if not public.valid_at(when):
        raise AttestationError(
            f"the key {public.keyid[:16]} may not be used on {timestamp(when)}",
            advice="Make a new key with `parentage keygen`.",
        )
    sig = key.sign(pae(PAYLOAD_TYPE, reply_payload(reply)))
    signature = ReplySignature(
        keyid=public.keyid,
        public_key=base64.b64encode(public.raw).decode(),
        sig=base64.b64encode(sig).decode(),
        owner=public.owner,
        not_after=timestamp(public.not_after),
    )
    return reply.model_copy(update={"signature": signature})


def check_replies(
    report: Report, keys: Sequence[PublicKey], at: datetime
) -> list[Check]:
    """One check for each reply: is it about this report, and did its key sign it?

    A signature by a key that is not among ``keys`` shows only that the statement was
    not changed since; whose key it is, is the key file's word.
    """
    digest = report_digest(report)
    return [_check(reply, digest, keys, at) for reply in report.replies]


def _check(
    reply: ReplyBlock, digest: str, keys: Sequence[PublicKey], at: datetime
) -> Check:
    if reply.report != digest:
        return failed("reply", marked("The reply answers another report."), reply.party)
    if reply.signature is None:
        return open_check("reply", marked("The reply is not signed."), reply.party)
    raw = unbase64(reply.signature.public_key, "key of a reply")
    sig = unbase64(reply.signature.sig, "signature of a reply")
    if len(raw) != 32:
        raise AttestationError("the key of a reply is no Ed25519 key of 32 bytes")
    key = PublicKey(raw, not_after=parse_time(reply.signature.not_after))
    message = pae(PAYLOAD_TYPE, reply_payload(reply))
    if reply.signature.keyid != key.keyid or not key.signed(message, sig):
        return failed(
            "reply",
            marked("The reply's signature does not match: it was changed afterwards."),
            reply.party,
        )
    trusted = next((k for k in keys if k.raw == raw), None)
    if not (trusted or key).valid_at(at):
        return failed("reply", marked("The reply's key has expired."), reply.party)
    if trusted is None:
        return open_check(
            "reply",
            marked("Unchanged since it was signed; nobody vouches for the key {key}."),
            reply.party,
            key=key.keyid[:16],
        )
    return passed(
        "reply",
        marked("Signed with the key {key} of {owner}."),
        reply.party,
        key=key.keyid[:16],
        owner=trusted.owner or "–",
    )
