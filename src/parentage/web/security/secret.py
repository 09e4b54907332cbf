# SPDX-License-Identifier: Apache-2.0
"""Random secrets, their digests, and what is derived from the portal's key."""

from __future__ import annotations

import hashlib
import hmac
import secrets
from typing import Final

TOKEN_PREFIX: Final = "prt_"  # noqa: S105 - how tokens begin, so that scanners find them


def drawn() -> str:
    """A secret of 256 bits."""
    return secrets.token_urlsafe(32)


def digest(secret: str) -> str:
    """What is stored of a secret that was drawn: it needs no slow hash."""
    return hashlib.sha256(secret.encode()).hexdigest()


def derived(key: bytes, purpose: str, value: str) -> str:
    """A text that only who has the key can make."""
    return hmac.new(key, f"{purpose}\0{value}".encode(), "sha256").hexdigest()


def equal(a: str, b: str) -> bool:
    """Comparison that takes the same time wherever the difference is."""
    return hmac.compare_digest(a.encode(), b.encode())
