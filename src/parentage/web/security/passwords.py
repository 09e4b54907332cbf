# SPDX-License-Identifier: Apache-2.0
"""Passwords: argon2id with the library's recommended cost, never kept as text."""

from __future__ import annotations

from functools import cache
from typing import Final

from argon2 import PasswordHasher
from argon2.exceptions import Argon2Error, InvalidHashError

from parentage.errors import RefusedError

SHORTEST: Final = 12
LONGEST: Final = 256


@cache
def _hasher() -> PasswordHasher:
    return PasswordHasher()


@cache
def _nobody() -> str:
    """A hash that is checked where there is no account: it takes as long."""
    return _hasher().hash("nobody has this password")


def hashed(password: str) -> str:
    """What is stored of a password.

    Raises:
        RefusedError: it is too short or too long.
    """
    if not SHORTEST <= len(password) <= LONGEST:
        raise RefusedError(
            f"the password has {len(password)} characters",
            expected=f"{SHORTEST} to {LONGEST}",
        )
    return _hasher().hash(password)


def fits(stored: str | None, password: str) -> bool:
    """Whether a password is the stored one; as slow where nothing is stored."""
    try:
        _hasher().verify(stored or _nobody(), password[:LONGEST])
    except (Argon2Error, InvalidHashError):
        return False
    return stored is not None


def outdated(stored: str) -> bool:
    """Whether a password should be hashed again, with today's cost."""
    return _hasher().check_needs_rehash(stored)
