# SPDX-License-Identifier: Apache-2.0
"""What forms offer, and single rows that pages need beside a view."""

from __future__ import annotations

from importlib import resources
from typing import Final

from sqlalchemy import select
from sqlalchemy.orm import Session

from parentage.errors import NoSuchPageError
from parentage.web.permissions import Actor, require
from parentage.web.services.accounts import account_view
from parentage.web.services.base import get
from parentage.web.services.models import version_view
from parentage.web.services.stages import shipped
from parentage.web.services.views import AccountView, VersionView
from parentage.web.settings import Settings
from parentage.web.tables import Account, Challenge, Model, Version

MOST: Final = 500
"""Versions or accounts that a form offers at most."""


def model_of_version(db: Session, actor: Actor, number: int) -> int:
    """Number of the model that a version is of.

    Raises:
        NoSuchPageError: there is no such version.
    """
    require(actor, "model.read")
    version: Version = get(db, Version, number, "version")
    return version.model_id


def readable_versions(
    db: Session, actor: Actor, settings: Settings
) -> tuple[tuple[str, VersionView], ...]:
    """Versions whose weights can be read, with their model's name; newest first."""
    require(actor, "model.read")
    rows = db.scalars(
        select(Version)
        .join(Model)
        .where(Version.reference != "")
        .order_by(Model.name, Version.id.desc())
        .limit(MOST)
    )
    return tuple((row.model.name, version_view(row, settings)) for row in rows)


def check_digest(db: Session, actor: Actor, number: int) -> str:
    """SHA-256 of a challenge's check; empty where nothing was checked yet.

    Raises:
        NoSuchPageError: there is no such challenge.
    """
    require(actor, "challenge.read")
    row: Challenge = get(db, Challenge, number, "challenge")
    return row.check or ""


def one_account(db: Session, actor: Actor, number: int) -> AccountView:
    """An account, for administrators.

    Raises:
        NoSuchPageError: there is no such account.
    """
    require(actor, "account.manage")
    return account_view(get(db, Account, number, "account"))


def panel_accounts(db: Session, actor: Actor) -> tuple[AccountView, ...]:
    """Accounts that may be given a seat."""
    require(actor, "stage.manage")
    rows = db.scalars(
        select(Account)
        .where(Account.role == "panel", Account.active)
        .order_by(Account.name)
        .limit(MOST)
    )
    return tuple(map(account_view, rows))


def shipped_text(name: str) -> str:
    """The definition of a shipped stage as its file has it.

    Raises:
        NoSuchPageError: no such stage comes with the package.
    """
    if name not in shipped():
        raise NoSuchPageError(f"no stage '{name[:80]}' comes with the package")
    folder = resources.files("parentage.program").joinpath("stages")
    return folder.joinpath(f"{name}.toml").read_text("utf-8")
