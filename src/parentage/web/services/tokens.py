# SPDX-License-Identifier: Apache-2.0
"""API tokens: made once, kept as a digest, limited to scopes, revocable."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import timedelta
from typing import Final

from sqlalchemy import select
from sqlalchemy.orm import Session

from parentage.errors import ForbiddenError, NoSuchPageError, RefusedError, SignInError
from parentage.web.permissions import Actor, require, scopes
from parentage.web.security.secret import TOKEN_PREFIX, digest, drawn
from parentage.web.security.times import before, later
from parentage.web.services.accounts import actor_of
from parentage.web.services.base import get_or_none, line_of, note
from parentage.web.services.views import NewToken, TokenView
from parentage.web.tables import Token, now

LONGEST_DAYS: Final = 366


def token_view(row: Token) -> TokenView:
    """A token as its owner sees it."""
    return TokenView(
        id=row.id,
        name=row.name,
        scopes=tuple(row.scopes),
        created=row.created,
        expires=row.expires,
        used=row.used,
        revoked=row.revoked,
    )


def tokens(db: Session, actor: Actor) -> tuple[TokenView, ...]:
    """One's own tokens, newest first."""
    require(actor, "token.manage")
    rows = db.scalars(
        select(Token).where(Token.account_id == actor.account).order_by(Token.id.desc())
    )
    return tuple(map(token_view, rows))


def make_token(
    db: Session,
    actor: Actor,
    *,
    name: str,
    wanted: Sequence[str],
    days: int = 90,
) -> NewToken:
    """Make a token; its text is given back this one time.

    Raises:
        RefusedError: there is no such scope, or it would count too long.
    """
    require(actor, "token.manage")
    unknown = set(wanted) - set(scopes())
    if unknown or not wanted:
        raise RefusedError(
            "a token needs scopes that exist", expected=", ".join(scopes())
        )
    if not 1 <= days <= LONGEST_DAYS:
        raise RefusedError("days are wrong", expected=f"1 to {LONGEST_DAYS}")
    text = TOKEN_PREFIX + drawn()
    row = Token(
        digest=digest(text),
        account_id=actor.account,
        name=line_of(name, "the name", most=100),
        scopes=sorted(set(wanted)),
        expires=later(timedelta(days=days)),
    )
    db.add(row)
    db.flush()
    note(db, actor, "token.create", f"token:{row.id}", scopes=row.scopes)
    db.commit()
    return NewToken(token=text, view=token_view(row))


def revoke_token(db: Session, actor: Actor, number: int) -> TokenView:
    """Make a token count no more.

    Raises:
        NoSuchPageError: one has no such token.
    """
    require(actor, "token.manage")
    row: Token | None = get_or_none(db, Token, number)
    if row is None or row.account_id != actor.account:
        raise NoSuchPageError(f"there is no token {number}")
    if row.revoked is None:
        row.revoked = now()
        note(db, actor, "token.revoke", f"token:{row.id}")
    db.commit()
    return token_view(row)


def actor_by_token(db: Session, text: str, address: str) -> Actor:
    """Who a token stands for.

    Raises:
        SignInError: it does not count (any more).
    """
    row = None
    if text.startswith(TOKEN_PREFIX) and len(text) < 200:
        row = db.scalar(select(Token).where(Token.digest == digest(text)))
    if row is None or row.revoked is not None or row.expires < now():
        raise SignInError("the token does not count (any more)")
    try:
        found = actor_of(row.account, address=address, scopes=frozenset(row.scopes))
    except ForbiddenError as error:
        raise SignInError("the token's account is switched off") from error
    if db.connection().get_execution_options().get("parentage_writes") and (
        row.used is None or row.used < before(timedelta(minutes=1))
    ):
        row.used = now()
    return found
