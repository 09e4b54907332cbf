# SPDX-License-Identifier: Apache-2.0
"""DSSE envelopes: what is signed, and how a file of signatures is read.

An envelope holds a payload, what kind of payload it is, and signatures over both
(https://github.com/secure-systems-lab/dsse, protocol 1.0). A file holds one envelope
as JSON, or one a line; a Sigstore bundle is an envelope with what goes with it.
"""

from __future__ import annotations

import base64
import binascii
import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from parentage.errors import AttestationError

PAYLOAD_TYPE: Final = "application/vnd.in-toto+json"
"""Payload type of an in-toto statement."""

BUNDLE_TYPE: Final = "application/vnd.dev.sigstore.bundle"
"""Media types of Sigstore bundles begin like this."""

MAX_BYTES: Final = 512 << 20
MAX_ENVELOPES: Final = 1000


@dataclass(frozen=True)
class Signed:
    """One signature of an envelope.

    Attributes:
        sig: the signature's bytes.
        keyid: a hint which key made it; never trusted.
    """

    sig: bytes
    keyid: str = ""


@dataclass(frozen=True)
class Envelope:
    """A payload with its signatures.

    Attributes:
        payload: the bytes that were signed, exactly.
        payload_type: what they are.
        signatures: at least one.
        bundle: the Sigstore bundle around it, as it was read; ``None`` outside one.
    """

    payload: bytes
    payload_type: str
    signatures: tuple[Signed, ...]
    bundle: dict[str, Any] | None = None

    def to_json(self) -> str:
        """The envelope as one line of JSON."""
        data = {
            "payloadType": self.payload_type,
            "payload": base64.b64encode(self.payload).decode(),
            "signatures": [
                {"keyid": s.keyid, "sig": base64.b64encode(s.sig).decode()}
                for s in self.signatures
            ],
        }
        return json.dumps(data, separators=(",", ":"))


def pae(payload_type: str, payload: bytes) -> bytes:
    """Pre-authentication encoding: the bytes that a signature is over."""
    kind = payload_type.encode()
    return b"DSSEv1 %d %b %d %b" % (len(kind), kind, len(payload), payload)


def read_envelopes(path: str | Path) -> list[Envelope]:
    """Every envelope of a file.

    Args:
        path: JSON with one envelope or Sigstore bundle, or one a line.

    Raises:
        AttestationError: the file cannot be read, is cut short, or holds something
            else.
    """
    where = Path(path)
    try:
        if where.stat().st_size > MAX_BYTES:
            raise AttestationError(
                "is too large",
                file=str(path),
                expected=f"signatures of at most {MAX_BYTES} bytes",
            )
        text = where.read_text(encoding="utf-8")
    except OSError as error:
        raise AttestationError(
            f"cannot be read: {error.strerror or error}",
            file=str(path),
            advice="Give the file that `parentage sign` wrote.",
        ) from error
    except UnicodeDecodeError as error:
        raise AttestationError(
            "is not UTF-8 text", file=str(path), offset=error.start
        ) from error
    return parse_envelopes(text, file=str(path))


def parse_envelopes(text: str, *, file: str | None = None) -> list[Envelope]:
    """Every envelope of a text, see :func:`read_envelopes`."""
    try:
        return [_envelope(json.loads(text), file)]
    except (ValueError, RecursionError) as error:
        lines = [line for line in text.splitlines() if line.strip()]
        if len(lines) < 2 or len(lines) > MAX_ENVELOPES:
            raise _not_json(error, file) from error
    found = []
    for line in lines:
        try:
            data = json.loads(line)
        except (ValueError, RecursionError) as error:
            raise _not_json(error, file) from error
        found.append(_envelope(data, file))
    return found


def append_envelope(path: str | Path, line: str) -> str:
    """The text of a file of signatures with one more.

    Args:
        path: the file; it need not be there. What is there is kept as it is.
        line: an envelope or bundle as one line of JSON.

    Raises:
        AttestationError: what is there is something else, or one envelope over several
            lines, which nothing can be added to.
    """
    where = Path(path)
    if not where.exists():
        return f"{line}\n"
    read_envelopes(where)
    before = where.read_text(encoding="utf-8").rstrip("\n") + "\n"
    if before.count("\n") > 1 and before.lstrip().startswith("{\n"):
        raise AttestationError(
            "holds one envelope over several lines",
            file=str(path),
            expected="one envelope a line",
            advice="Write the new signature to another file.",
        )
    return f"{before}{line}\n"


def _not_json(error: Exception, file: str | None) -> AttestationError:
    return AttestationError(
        f"is not whole JSON: {error}",
        file=file,
        offset=error.pos if isinstance(error, json.JSONDecodeError) else None,
        expected="a DSSE envelope, or one a line",
        advice="The file may have been cut short; get it again.",
    )


def _envelope(data: object, file: str | None) -> Envelope:
    def wrong(what: str) -> AttestationError:
        return AttestationError(
            what,
            file=file,
            expected="a DSSE envelope with payload, payloadType and signatures",
            advice="The file may have been cut short; get it again.",
        )

    bundle = None
    if isinstance(data, dict) and str(data.get("mediaType", "")).startswith(
        BUNDLE_TYPE
    ):
        bundle = data
        data = data.get("dsseEnvelope")
    if not isinstance(data, dict):
        raise wrong("holds no envelope")
    kind, payload = data.get("payloadType"), data.get("payload")
    rows = data.get("signatures")
    if not isinstance(kind, str) or not isinstance(payload, str):
        raise wrong("has no payload or does not say of which type it is")
    if not isinstance(rows, list) or not rows or len(rows) > MAX_ENVELOPES:
        raise wrong("has no signatures")
    signatures = []
    for row in rows:
        if not isinstance(row, dict) or not isinstance(row.get("sig"), str):
            raise wrong("has a signature that is none")
        keyid = row.get("keyid") or ""
        if not isinstance(keyid, str):
            raise wrong("has a signature whose keyid is no text")
        signatures.append(Signed(unbase64(row["sig"], "signature", file), keyid))
    return Envelope(unbase64(payload, "payload", file), kind, tuple(signatures), bundle)


def unbase64(text: str, what: str, file: str | None = None) -> bytes:
    """Bytes of base64, standard or URL-safe, which DSSE both allows.

    Raises:
        AttestationError: it is neither.
    """
    standard = text.replace("-", "+").replace("_", "/")
    try:
        return base64.b64decode(standard, validate=True)
    except (binascii.Error, ValueError) as error:
        raise AttestationError(
            f"the {what} is not base64: {error}",
            file=file,
            advice="The file may have been cut short; get it again.",
        ) from error
