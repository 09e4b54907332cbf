# SPDX-License-Identifier: Apache-2.0
"""What all services share: texts, rows, stored bytes, and notes in the audit log."""

from __future__ import annotations

import hashlib
import re
from typing import Any, Final

from sqlalchemy import Select, func, select
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session

from parentage.errors import ConflictError, NoSuchPageError, RefusedError
from parentage.web.permissions import Actor
from parentage.web.tables import Account, Base, Blob, LogRow, Organisation

MOST: Final = 200
"""Rows of a page of a list at most."""

LONGEST_TEXT: Final = 20_000
"""Characters of a statement, a reply or reasons at most."""

SLUG: Final = re.compile(r"[a-z0-9](?:[a-z0-9-]{0,62}[a-z0-9])?")
"""A short name in addresses."""


def text_of(value: str, name: str, *, least: int = 1, most: int = LONGEST_TEXT) -> str:
    """A text as it is stored: outer spaces gone, nothing that cannot be shown.

    Raises:
        RefusedError: it is too short or too long, or holds control characters.
    """
    value = value.replace("\r\n", "\n").strip()
    if not least <= len(value) <= most:
        raise RefusedError(
            f"{name} has {len(value)} characters", expected=f"{least} to {most}"
        )
    if any(
        (ord(c) < 32 and c not in "\n\t")
        or 0x7F <= ord(c) < 0xA0
        or c == "\ufeff"
        or 0xD800 <= ord(c) < 0xE000
        or c in _BIDI
        for c in value
    ):
        raise RefusedError(f"{name} holds characters that cannot be shown")
    return value


_BIDI: Final = frozenset("\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069\x00")


def line_of(value: str, name: str, *, least: int = 1, most: int = 200) -> str:
    """The same for a text of one line."""
    found = text_of(value, name, least=least, most=most)
    if "\n" in found or "\t" in found:
        raise RefusedError(f"{name} has more than one line")
    return found


def get_or_none(db: Session, table: type[Base], number: int | None) -> Any:  # noqa: ANN401
    """A row by its number."""
    if number is None or not 0 < number < 2**62:
        return None
    return db.get(table, number)


def get(db: Session, table: type[Base], number: int, what: str) -> Any:  # noqa: ANN401
    """A row by its number.

    Raises:
        NoSuchPageError: there is none.
    """
    found = get_or_none(db, table, number)
    if found is None:
        raise NoSuchPageError(f"there is no {what} {number}")
    return found


def add(db: Session, row: Base, taken: str) -> None:
    """Put a row in, whose name or label is unique.

    Raises:
        ConflictError: there is one; ``taken`` says so.
    """
    db.add(row)
    try:
        db.flush()
    except IntegrityError as error:
        db.rollback()
        raise ConflictError(taken) from error


def bounds(offset: int, limit: int) -> tuple[int, int]:
    """Where a page begins, and how many rows it has."""
    return min(max(offset, 0), 2**31), min(max(limit, 1), MOST)


def count(db: Session, query: Select[Any]) -> int:
    """How many rows a query has."""
    inner = query.order_by(None).subquery()
    return int(db.scalar(select(func.count()).select_from(inner)) or 0)


def keep(db: Session, content: bytes, kind: str) -> str:
    """Store bytes under their SHA-256, once; returns it."""
    digest = hashlib.sha256(content).hexdigest()
    if db.get(Blob, digest) is None:
        db.add(Blob(digest=digest, kind=kind, size=len(content), content=content))
        db.flush()
    return digest


def bytes_of(db: Session, digest: str) -> bytes:
    """Stored bytes.

    Raises:
        NoSuchPageError: there are none under this digest.
    """
    found = db.scalar(select(Blob.content).where(Blob.digest == digest))
    if found is None:
        raise NoSuchPageError(f"nothing is stored under {digest[:12]}")
    return bytes(found)


def note(
    db: Session, actor: Actor, action: str, target: str, **details: object
) -> None:
    """Write a row of the audit log, in the transaction of what it is about."""
    db.add(
        LogRow(
            account_id=actor.account,
            actor=actor.name,
            action=action,
            target=target[:200],
            address=actor.address[:64],
            details={key: value for key, value in details.items() if value is not None},
        )
    )


def account_name(db: Session, number: int | None) -> str:
    """What the record calls an account."""
    if number is None:
        return ""
    found = db.get(Account, number)
    return found.name if found is not None else ""


def organisation_of(db: Session, number: int | None) -> Organisation | None:
    """An organisation that is named.

    Raises:
        NoSuchPageError: there is no such organisation.
    """
    if number is None:
        return None
    found: Organisation = get(db, Organisation, number, "organisation")
    return found


def pattern_of(word: str) -> str:
    """What LIKE finds a word by, anywhere in a text; a backslash escapes."""
    escaped = word.replace("\\", "\\\\").replace("%", "\\%").replace("_", "\\_")
    return f"%{escaped}%"
