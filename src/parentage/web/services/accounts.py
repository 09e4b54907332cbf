# SPDX-License-Identifier: Apache-2.0
"""Accounts: who may sign in, with which role, and for whom."""

from __future__ import annotations

import re
from typing import Final

from sqlalchemy import select, update
from sqlalchemy.orm import Session

from parentage.errors import (
    ConflictError,
    ForbiddenError,
    NoSuchPageError,
    RefusedError,
    SignInError,
)
from parentage.web.permissions import ROLES, Actor, Role, allowed, reach, require
from parentage.web.security import passwords, totp
from parentage.web.services.base import (
    add,
    bounds,
    count,
    get,
    get_or_none,
    line_of,
    note,
    organisation_of,
)
from parentage.web.services.organisations import organisation_view
from parentage.web.services.views import AccountView, MeView, Page, TotpSetup
from parentage.web.settings import Settings
from parentage.web.tables import Account, SignIn

NAME: Final = re.compile(r"[a-z0-9](?:[a-z0-9._-]{0,62}[a-z0-9])?")


def account_view(row: Account) -> AccountView:
    """An account as its owner and administrators see it."""
    return AccountView(
        id=row.id,
        name=row.name,
        display=row.display,
        email=row.email,
        role=row.role,  # type: ignore[arg-type]  # only roles are ever stored
        organisation=None
        if row.organisation is None
        else organisation_view(row.organisation),
        active=row.active,
        totp=row.totp is not None,
        local=row.password is not None,
        oidc=row.oidc_subject is not None,
        created=row.created,
        seen=row.seen,
    )


def me(db: Session, actor: Actor) -> MeView:
    """Who asks, and what they may do."""
    row: Account | None = get_or_none(db, Account, actor.account)
    return MeView(
        account=None if row is None else account_view(row),
        role=actor.role,
        can={name: reach(actor, name) or "own" for name in sorted(allowed(actor))},
    )


def accounts(
    db: Session, actor: Actor, *, offset: int = 0, limit: int = 50
) -> Page[AccountView]:
    """All accounts, by name."""
    require(actor, "account.manage")
    offset, limit = bounds(offset, limit)
    query = select(Account).order_by(Account.name)
    rows = db.scalars(query.offset(offset).limit(limit))
    return Page(
        items=tuple(map(account_view, rows)),
        total=count(db, select(Account.id)),
        offset=offset,
        limit=limit,
    )


def _role(role: str, organisation: int | None) -> None:
    if role not in ROLES or role == "public":
        raise RefusedError(
            f"there is no role '{role[:40]}'", expected=", ".join(ROLES[1:])
        )
    if role == "submitter" and organisation is None:
        raise RefusedError("a submitter belongs to an organisation")


def create_account(
    db: Session,
    actor: Actor,
    *,
    name: str,
    role: Role,
    password: str | None = None,
    display: str = "",
    email: str | None = None,
    organisation_id: int | None = None,
    oidc: tuple[str, str] | None = None,
) -> AccountView:
    """Make an account.

    Args:
        db: a session that writes.
        actor: an administrator.
        name: what the record calls them; it is public and never changes.
        role: what they may do.
        password: for sign-in here; ``None`` where they sign in elsewhere.
        display: name for readers of lists.
        email: seen by administrators only.
        organisation_id: whom they act for.
        oidc: issuer and subject of their account elsewhere.

    Raises:
        ConflictError: the name is taken.
        RefusedError: a value is not taken.
    """
    require(actor, "account.manage")
    row = make_account(
        db,
        name=name,
        role=role,
        password=password,
        display=display,
        email=email,
        organisation_id=organisation_id,
        oidc=oidc,
    )
    note(db, actor, "account.create", f"account:{row.id}", name=row.name, role=role)
    db.commit()
    return account_view(row)


def make_account(
    db: Session,
    *,
    name: str,
    role: str,
    password: str | None = None,
    display: str = "",
    email: str | None = None,
    organisation_id: int | None = None,
    oidc: tuple[str, str] | None = None,
) -> Account:
    """The same without asking who may: for the command line and the first sign-in."""
    if not NAME.fullmatch(name):
        raise RefusedError(
            f"the name '{name[:70]}' is not taken",
            expected="1 to 64 of a-z, 0-9, '.', '_', '-', no sign at the ends",
        )
    _role(role, organisation_id)
    organisation_of(db, organisation_id)
    if email:
        email = line_of(email, "the address", most=254)
        if not re.fullmatch(r"[^@\s]+@[^@\s]+", email):
            raise RefusedError("this is no address of electronic mail")
    row = Account(
        name=name,
        display=line_of(display or name, "the name"),
        email=email or None,
        role=role,
        organisation_id=organisation_id,
        password=None if password is None else passwords.hashed(password),
        oidc_issuer=None if oidc is None else oidc[0],
        oidc_subject=None if oidc is None else oidc[1],
    )
    add(db, row, f"the name '{name}' is taken")
    db.refresh(row)
    return row


def reset_account(db: Session, name: str, password: str) -> Account:
    """For the command line: an account that can sign in again; not committed here.

    Raises:
        NoSuchPageError: there is none of that name.
    """
    row = db.scalar(select(Account).where(Account.name == name))
    if row is None:
        raise NoSuchPageError(f"there is no account '{name[:70]}'")
    row.password, row.totp, row.active = passwords.hashed(password), None, True
    end_sessions(db, row.id)
    return row


def change_account(
    db: Session,
    actor: Actor,
    number: int,
    *,
    role: Role | None = None,
    active: bool | None = None,
    display: str | None = None,
    organisation_id: int | None = None,
    password: str | None = None,
    reset_totp: bool = False,
) -> AccountView:
    """Change an account; what is left out stays. Its sessions end.

    Raises:
        ConflictError: nobody would be left who manages accounts.
    """
    require(actor, "account.manage")
    row: Account = get(db, Account, number, "account")
    if row.id == actor.account and (active is False or role not in {None, row.role}):
        raise ConflictError(
            "nobody takes away their own role",
            advice="Let another administrator do it.",
        )
    if organisation_id is not None:
        organisation_of(db, organisation_id)
        row.organisation_id = organisation_id
    if role is not None:
        _role(role, row.organisation_id)
        row.role = role
    if active is not None:
        row.active = active
    if display is not None:
        row.display = line_of(display, "the name")
    if password is not None:
        row.password = passwords.hashed(password)
    if reset_totp:
        row.totp = None
    end_sessions(db, row.id)
    note(
        db,
        actor,
        "account.change",
        f"account:{row.id}",
        role=role,
        active=active,
        organisation=organisation_id,
        password=None if password is None else "set",
        totp="reset" if reset_totp else None,
    )
    db.commit()
    db.refresh(row)
    return account_view(row)


def end_sessions(db: Session, account: int, keep: int | None = None) -> None:
    """End an account's sessions, but for one."""
    query = update(SignIn).where(SignIn.account_id == account)
    if keep is not None:
        query = query.where(SignIn.id != keep)
    db.execute(query.values(expires=""))


def _own(db: Session, actor: Actor) -> Account:
    require(actor, "account.self")
    row: Account = get(db, Account, actor.account or 0, "account")
    return row


def change_password(db: Session, actor: Actor, *, old: str, new: str) -> None:
    """Change one's own password; all other sessions end.

    Raises:
        SignInError: the old one is wrong.
        RefusedError: the new one is too short, or there is no password to change.
    """
    row = _own(db, actor)
    if row.password is None:
        raise RefusedError("this account signs in elsewhere and has no password here")
    if not passwords.fits(row.password, old):
        raise SignInError("the old password is wrong")
    row.password = passwords.hashed(new)
    end_sessions(db, row.id, actor.session)
    note(db, actor, "account.password", f"account:{row.id}")
    db.commit()


def begin_totp(db: Session, actor: Actor, settings: Settings) -> TotpSetup:
    """A secret for an authenticator app; it counts once a code of it was given."""
    row = _own(db, actor)
    made = totp.new_secret()
    return TotpSetup(secret=made, uri=totp.uri(made, row.name, settings.title))


def set_totp(
    db: Session, actor: Actor, *, secret_text: str, code: str, password: str
) -> None:
    """Turn the second factor on, with a code that shows that the app has the secret.

    Raises:
        SignInError: password or code are wrong.
    """
    row = _own(db, actor)
    if row.totp is not None:
        raise ConflictError("a second factor is set", advice="Turn it off first.")
    if not passwords.fits(row.password, password):
        raise SignInError("the password is wrong")
    if not re.fullmatch(r"[A-Z2-7]{16,64}", secret_text):
        raise RefusedError("this is no secret of an authenticator app")
    step = totp.step_of(secret_text, code, 0)
    if step is None:
        raise SignInError("the code is wrong")
    row.totp, row.totp_used = secret_text, step
    end_sessions(db, row.id, actor.session)
    note(db, actor, "account.totp", f"account:{row.id}", totp="on")
    db.commit()


def drop_totp(db: Session, actor: Actor, *, code: str) -> None:
    """Turn the second factor off.

    Raises:
        SignInError: the code is wrong.
    """
    row = _own(db, actor)
    step = None if row.totp is None else totp.step_of(row.totp, code, row.totp_used)
    if step is None:
        raise SignInError("the code is wrong")
    row.totp = None
    note(db, actor, "account.totp", f"account:{row.id}", totp="off")
    db.commit()


def actor_of(
    row: Account,
    *,
    address: str = "",
    session: int | None = None,
    scopes: frozenset[str] | None = None,
) -> Actor:
    """Who an account is, for services.

    Raises:
        ForbiddenError: the account is switched off.
    """
    if not row.active:
        raise ForbiddenError("the account is switched off")
    return Actor(
        account=row.id,
        name=row.name,
        display=row.display,
        role=row.role,  # type: ignore[arg-type]  # only roles are ever stored
        organisation=row.organisation_id,
        scopes=scopes,
        address=address,
        session=session,
    )
