# SPDX-License-Identifier: Apache-2.0
"""Right of reply: what a party that a report names says to it, as part of the report.

A reply changes no finding. It is no part of what a report's digest covers, so that a
signature of the report stays valid when a reply is attached; a reply names the digest
of the report it answers, so that it cannot be moved to another one.
"""

from __future__ import annotations

from typing import Literal

from pydantic import BaseModel, ConfigDict, Field


class _Part(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class ReplySignature(_Part):
    """Signature of a reply, as one signature of a DSSE envelope.

    The payload is not stored: it is made anew from the reply, see
    :func:`parentage.report.reply.reply_payload`.
    """

    keyid: str = Field(description="SHA-256 of the public key's DER form")
    public_key: str = Field(description="Ed25519, 32 bytes in base64")
    sig: str = Field(description="64 bytes in base64")
    owner: str | None = Field(
        default=None, description="who holds the key, as the key file says"
    )
    not_after: str | None = Field(
        default=None, description="when the key expires, UTC, ISO 8601"
    )


class ReplyBlock(_Part):
    """A named party's statement."""

    party: str = Field(description="who speaks", min_length=1, max_length=200)
    statement: str = Field(
        description="in the party's own words; never translated, never shortened",
        min_length=1,
        max_length=100_000,
    )
    date: str = Field(description="when it was attached, UTC, ISO 8601")
    language: Literal["en", "ko"] | None = Field(
        default=None, description="of the statement, where it was said"
    )
    report: str = Field(description="digest of the report it answers")
    signature: ReplySignature | None = None
