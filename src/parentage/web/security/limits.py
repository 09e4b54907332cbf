# SPDX-License-Identifier: Apache-2.0
"""Limits that count in the database, so that they hold for all processes together."""

from __future__ import annotations

from datetime import timedelta
from typing import Final

from sqlalchemy import delete, func, select
from sqlalchemy.orm import Session

from parentage.errors import TooOftenError
from parentage.web.security.times import before
from parentage.web.tables import Attempt

WINDOW: Final = timedelta(minutes=15)
"""Time within which failed sign-ins are counted."""

HOUR: Final = timedelta(hours=1)


def recent(db: Session, key: str, span: timedelta = WINDOW) -> int:
    """How often something was counted lately."""
    query = select(func.count(Attempt.id)).where(
        Attempt.key == key[:200], Attempt.at > before(span)
    )
    return int(db.scalar(query) or 0)


def stop_at(db: Session, key: str, most: int, span: timedelta = WINDOW) -> None:
    """Stop who did something too often.

    Raises:
        TooOftenError: it was counted ``most`` times lately.
    """
    if recent(db, key, span) >= most:
        raise TooOftenError(
            "too many attempts",
            advice=f"Try again in {int(span.total_seconds() // 60)} minutes.",
        )


def counted(db: Session, key: str) -> None:
    """Count something, and forget what no limit looks at any more."""
    db.add(Attempt(key=key[:200]))
    db.execute(delete(Attempt).where(Attempt.at < before(2 * HOUR)))


def limited(db: Session, key: str, most: int, span: timedelta = HOUR) -> None:
    """Count something that may be done so often.

    Raises:
        TooOftenError: it was done ``most`` times lately.
    """
    stop_at(db, key, most, span)
    counted(db, key)
