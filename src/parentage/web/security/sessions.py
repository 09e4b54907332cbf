# SPDX-License-Identifier: Apache-2.0
"""Sessions of browsers: sign-in, second factor, cookie, expiry, sign-out.

The cookie holds 256 random bits; the database their digest. A session ends after some
hours, or after a time without a request, or when account, role or password change.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import timedelta
from typing import Final

from sqlalchemy import delete, select
from sqlalchemy.orm import Session

from parentage.errors import ForbiddenError, SignInError
from parentage.web.permissions import Actor
from parentage.web.security import limits, passwords, totp
from parentage.web.security.secret import digest, drawn
from parentage.web.security.times import before, later
from parentage.web.services.accounts import actor_of
from parentage.web.services.base import note
from parentage.web.settings import Settings
from parentage.web.tables import Account, SignIn, now

TOUCH: Final = timedelta(minutes=1)
"""How exactly the last request is remembered: not every read should write."""


@dataclass(frozen=True)
class Started:
    """A session that began.

    Attributes:
        cookie: the secret for the browser.
        second_factor: whether a code is still asked for.
        account: number of the account.
    """

    cookie: str
    second_factor: bool
    account: int


def cookie_name(settings: Settings) -> str:
    """Name of the session's cookie; browsers hold ``__Host-`` to https and one host."""
    return "__Host-parentage" if settings.secure else "parentage"


def sign_in(
    db: Session, settings: Settings, *, name: str, password: str, address: str
) -> Started:
    """Begin a session with name and password.

    Raises:
        SignInError: they do not fit; it is not said which.
        TooOftenError: too many failures for this name or this address.
    """
    name = name.strip()[:64]
    by_name, by_address = f"sign-in:name:{name}", f"sign-in:address:{address}"
    most = settings.sign_in_attempts
    limits.stop_at(db, by_name, most)
    limits.stop_at(db, by_address, 5 * most)
    row = db.scalar(select(Account).where(Account.name == name))
    stored = row.password if row is not None and settings.local_accounts else None
    if not passwords.fits(stored, password) or row is None or not row.active:
        limits.counted(db, by_name)
        limits.counted(db, by_address)
        who = Actor(name=name or "?", address=address)
        note(db, who, "sign-in.failed", f"account:{name}")
        db.commit()
        raise SignInError("name or password are wrong")
    if stored and passwords.outdated(stored):
        row.password = passwords.hashed(password)
    return begin(db, settings, row, address=address, second_factor=row.totp is not None)


def begin(
    db: Session,
    settings: Settings,
    row: Account,
    *,
    address: str,
    second_factor: bool,
) -> Started:
    """Begin a session of an account that was recognised."""
    actor_of(row)
    cookie = drawn()
    db.execute(delete(SignIn).where(SignIn.expires < now()))
    span = (
        timedelta(minutes=10)
        if second_factor
        else timedelta(hours=settings.session_hours)
    )
    db.add(
        SignIn(
            digest=digest(cookie),
            account_id=row.id,
            expires=later(span),
            second_factor=not second_factor,
        )
    )
    row.seen = now()
    if not second_factor:
        note(db, actor_of(row, address=address), "sign-in", f"account:{row.id}")
    db.commit()
    return Started(cookie, second_factor, row.id)


def second_factor(
    db: Session, settings: Settings, *, cookie: str, code: str, address: str
) -> Started:
    """Complete a session with a code; the cookie is drawn anew.

    Raises:
        SignInError: the code is wrong, or no sign-in waits for one.
        TooOftenError: too many wrong codes.
    """
    row = db.scalar(select(SignIn).where(SignIn.digest == digest(cookie)))
    if row is None or row.second_factor or row.expires < now():
        raise SignInError("no sign-in waits for a code", advice="Sign in again.")
    account = row.account
    key = f"sign-in:code:{account.id}"
    limits.stop_at(db, key, settings.sign_in_attempts)
    step = totp.step_of(account.totp or "", code, account.totp_used)
    if step is None:
        limits.counted(db, key)
        note(
            db,
            Actor(name=account.name, address=address),
            "sign-in.failed",
            f"account:{account.id}",
            factor="code",
        )
        db.commit()
        raise SignInError("the code is wrong")
    account.totp_used = step
    db.delete(row)
    return begin(db, settings, account, address=address, second_factor=False)


def actor_by_cookie(
    db: Session, settings: Settings, cookie: str | None, address: str
) -> Actor:
    """Who a browser is; the public where the session is over."""
    if not cookie:
        return Actor(address=address)
    row = db.scalar(select(SignIn).where(SignIn.digest == digest(cookie)))
    idle = before(timedelta(minutes=settings.idle_minutes))
    if row is None or row.expires < now() or row.seen < idle or not row.second_factor:
        return Actor(address=address)
    try:
        found = actor_of(row.account, address=address, session=row.id)
    except ForbiddenError:
        return Actor(address=address)
    return replace(found, stale=row.seen < before(TOUCH))


def touch(db: Session, actor: Actor) -> None:
    """Remember that a session was used."""
    row = db.get(SignIn, actor.session or 0)
    if row is not None and row.seen < before(TOUCH):
        row.seen = now()
        db.commit()


def sign_out(db: Session, actor: Actor) -> None:
    """End the session."""
    if actor.session is None:
        return
    row = db.get(SignIn, actor.session)
    if row is not None:
        db.delete(row)
    note(db, actor, "sign-out", f"account:{actor.account}")
    db.commit()
