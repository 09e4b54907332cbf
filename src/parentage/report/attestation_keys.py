# SPDX-License-Identifier: Apache-2.0
"""Keys that reports and replies are signed with: Ed25519, with a date of expiry.

A private key is a PEM file (PKCS #8), encrypted where a passphrase is given. Its
public half is a small JSON document (``parentage.key/1``) with owner and validity, so
that whoever trusts the key also knows until when; a plain PEM public key is read too
and never expires.
"""

from __future__ import annotations

import base64
import hashlib
import json
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Final

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric.ed25519 import (
    Ed25519PrivateKey,
    Ed25519PublicKey,
)

from parentage.errors import AttestationError

KEY_SCHEMA: Final = "parentage.key/1"
MAX_KEY_BYTES: Final = 1 << 16


@dataclass(frozen=True)
class PublicKey:
    """Who may have signed.

    Attributes:
        raw: the 32 bytes of the key.
        owner: who holds it, as the file says.
        not_before, not_after: when it may be used; ``None``: always.
    """

    raw: bytes
    owner: str | None = None
    not_before: datetime | None = None
    not_after: datetime | None = None

    @property
    def keyid(self) -> str:
        """SHA-256 of the key's DER form, in hexadecimal."""
        return hashlib.sha256(
            self._key.public_bytes(
                serialization.Encoding.DER,
                serialization.PublicFormat.SubjectPublicKeyInfo,
            )
        ).hexdigest()

    @property
    def _key(self) -> Ed25519PublicKey:
        return Ed25519PublicKey.from_public_bytes(self.raw)

    def signed(self, message: bytes, sig: bytes) -> bool:
        """Whether ``sig`` is this key's signature of ``message``."""
        try:
            self._key.verify(sig, message)
        except InvalidSignature:
            return False
        return True

    def valid_at(self, when: datetime) -> bool:
        """Whether the key may be used at a time."""
        early = self.not_before is not None and when < self.not_before
        late = self.not_after is not None and when > self.not_after
        return not early and not late

    def require_valid(self, when: datetime) -> None:
        """Refuse to sign outside of the key's time.

        Raises:
            AttestationError: the key may not be used at that time.
        """
        if not self.valid_at(when):
            raise AttestationError(
                f"the key {self.keyid[:16]} may not be used on {timestamp(when)}",
                expected=f"a time from {timestamp(self.not_before) or 'any'} to "
                f"{timestamp(self.not_after) or 'any'}",
                advice="Make a new key with `parentage keygen`.",
            )

    def to_json(self) -> str:
        """The public key as a document."""
        data = {
            "schema": KEY_SCHEMA,
            "algorithm": "ed25519",
            "keyid": self.keyid,
            "public_key": base64.b64encode(self.raw).decode(),
            "owner": self.owner,
            "not_before": timestamp(self.not_before),
            "not_after": timestamp(self.not_after),
        }
        return json.dumps(data, indent=2, ensure_ascii=False) + "\n"


@dataclass(frozen=True)
class PrivateKey:
    """A key that can sign, with what its public half says."""

    key: Ed25519PrivateKey
    public: PublicKey

    def sign(self, message: bytes) -> bytes:
        """64 bytes over a message."""
        return self.key.sign(message)

    def to_pem(self, passphrase: str | None = None) -> str:
        """PKCS #8, encrypted if there is a passphrase."""
        how: serialization.KeySerializationEncryption = (
            serialization.BestAvailableEncryption(passphrase.encode())
            if passphrase
            else serialization.NoEncryption()
        )
        return self.key.private_bytes(
            serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, how
        ).decode()


def new_key(
    owner: str | None,
    not_before: datetime | None,
    not_after: datetime | None,
) -> PrivateKey:
    """A new key from the system's source of randomness."""
    key = Ed25519PrivateKey.generate()
    raw = key.public_key().public_bytes_raw()
    return PrivateKey(key, PublicKey(raw, owner, not_before, not_after))


def load_private(path: str | Path, passphrase: str | None = None) -> PrivateKey:
    """A private key, with owner and validity from ``PATH.pub`` beside it, if any.

    Raises:
        AttestationError: no Ed25519 key in PEM form, a wrong passphrase, or a public
            file of another key.
    """
    data = _read(path)
    secret = passphrase.encode() if passphrase else None
    try:
        key = serialization.load_pem_private_key(data, secret)
    except (ValueError, TypeError) as error:
        raise AttestationError(
            f"holds no private key that can be opened: {error}",
            file=str(path),
            expected="an Ed25519 key in PEM form",
            advice="Make one with `parentage keygen`; a passphrase is taken from "
            "PARENTAGE_KEY_PASSPHRASE.",
        ) from error
    if not isinstance(key, Ed25519PrivateKey):
        raise _not_ed25519(path)
    raw = key.public_key().public_bytes_raw()
    beside = Path(f"{path}.pub")
    public = load_public(beside) if beside.exists() else PublicKey(raw)
    if public.raw != raw:
        raise AttestationError(
            "is not the public half of this private key",
            file=str(beside),
            expected=f"the key {PublicKey(raw).keyid}",
        )
    return PrivateKey(key, public)


def load_public(path: str | Path) -> PublicKey:
    """A public key: a ``parentage.key/1`` document, or PEM.

    Raises:
        AttestationError: neither, or not Ed25519.
    """
    data = _read(path)
    if data.lstrip().startswith(b"-----BEGIN"):
        try:
            key = serialization.load_pem_public_key(data)
        except ValueError as error:
            raise AttestationError(
                f"holds no public key: {error}",
                file=str(path),
                expected="an Ed25519 public key",
                advice="Never give the private key where the public one is asked for.",
            ) from error
        if not isinstance(key, Ed25519PublicKey):
            raise _not_ed25519(path)
        return PublicKey(key.public_bytes_raw())
    return _document(data, str(path))


def _document(data: bytes, file: str) -> PublicKey:
    def wrong(what: str) -> AttestationError:
        return AttestationError(
            what, file=file, expected=f"a {KEY_SCHEMA} document, or PEM"
        )

    try:
        found: Any = json.loads(data)
    except (ValueError, RecursionError) as error:
        raise wrong(f"is no public key: {error}") from error
    if not isinstance(found, dict) or found.get("schema") != KEY_SCHEMA:
        raise wrong("is no public key")
    text = found.get("public_key")
    try:
        raw = base64.b64decode(text, validate=True) if isinstance(text, str) else b""
    except ValueError as error:
        raise wrong(f"holds no key: {error}") from error
    if found.get("algorithm") != "ed25519" or len(raw) != 32:
        raise wrong("holds no Ed25519 key of 32 bytes")
    owner = found.get("owner")
    key = PublicKey(
        raw,
        owner if isinstance(owner, str) else None,
        parse_time(found.get("not_before"), file),
        parse_time(found.get("not_after"), file),
    )
    if found.get("keyid") != key.keyid:
        raise wrong(f"says keyid {str(found.get('keyid'))[:80]!r}, which is not its")
    return key


def parse_time(text: object, file: str | None = None) -> datetime | None:
    """A UTC time from ISO 8601; a date alone means its first second.

    Raises:
        AttestationError: it is none.
    """
    if text is None:
        return None
    try:
        when = datetime.fromisoformat(str(text))
    except ValueError as error:
        raise AttestationError(
            f"{str(text)[:40]!r} is no time",
            file=file,
            expected="ISO 8601, such as 2027-12-31 or 2027-12-31T00:00:00+00:00",
        ) from error
    return when.replace(tzinfo=UTC) if when.tzinfo is None else when.astimezone(UTC)


def timestamp(when: datetime | None) -> str | None:
    """A time as documents hold it: UTC, whole seconds."""
    return None if when is None else when.astimezone(UTC).isoformat(timespec="seconds")


def _not_ed25519(path: str | Path) -> AttestationError:
    return AttestationError(
        "is a key of another kind",
        file=str(path),
        expected="Ed25519",
        advice="Make one with `parentage keygen`.",
    )


def _read(path: str | Path) -> bytes:
    try:
        with Path(path).open("rb") as stream:
            data = stream.read(MAX_KEY_BYTES + 1)
    except OSError as error:
        raise AttestationError(
            f"cannot be read: {error.strerror or error}",
            file=str(path),
            advice="Give a file that `parentage keygen` wrote.",
        ) from error
    if len(data) > MAX_KEY_BYTES:
        raise AttestationError(
            "is too large for a key",
            file=str(path),
            expected=f"at most {MAX_KEY_BYTES} bytes",
        )
    return data
