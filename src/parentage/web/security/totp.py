# SPDX-License-Identifier: Apache-2.0
"""Second factors by time (RFC 6238): each code counts once."""

from __future__ import annotations

import time

import pyotp

STEP = 30
"""Seconds that a code counts."""


def new_secret() -> str:
    """A secret for an authenticator app."""
    return pyotp.random_base32()


def uri(secret: str, name: str, issuer: str) -> str:
    """What the app reads from a QR code."""
    return pyotp.TOTP(secret).provisioning_uri(name=name, issuer_name=issuer)


def step_of(secret: str, code: str, used: int, at: float | None = None) -> int | None:
    """The time step that a code belongs to, if it counts.

    Args:
        secret: of the account.
        code: six digits.
        used: the last step whose code was used: it and earlier ones count no more.
        at: the time; now by default. One step of difference between clocks is allowed.
    """
    code = code.replace(" ", "")
    now = int((time.time() if at is None else at) // STEP)
    maker = pyotp.TOTP(secret)
    for step in (now, now - 1, now + 1):
        if step > used and pyotp.utils.strings_equal(maker.generate_otp(step), code):
            return step
    return None
