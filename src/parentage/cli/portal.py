# SPDX-License-Identifier: Apache-2.0
"""``parentage portal``: what an operator of a portal does."""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from parentage.cli.options import debug_option, json_option
from parentage.cli.outcome import CLEAR, check_target
from parentage.errors import MissingExtraError

if TYPE_CHECKING:
    from parentage.cli.options import Decorator
    from parentage.web.settings import Settings


def portal_options() -> Decorator:
    """``--data`` and ``--database``; everything else is set by variables."""

    def decorate(function: Any) -> Any:  # noqa: ANN401 - click's own type
        function = click.option(
            "--database",
            "database_url",
            metavar="URL",
            help="SQLite or PostgreSQL; PARENTAGE_PORTAL_DATABASE_URL, or portal.db in "
            "the data folder.",
        )(function)
        return click.option(
            "--data",
            type=click.Path(file_okay=False, path_type=Path),
            metavar="FOLDER",
            help="Of queue, cache and key; PARENTAGE_PORTAL_DATA, or portal-data.",
        )(function)

    return decorate


def settings_from(**given: Any) -> Settings:  # noqa: ANN401 - values of any field
    """Settings of the portal.

    Raises:
        MissingExtraError: the extra is not installed.
        UsageError: a setting is wrong.
    """
    try:
        import argon2  # noqa: F401
        import fastapi  # noqa: F401
        import huey  # noqa: F401
    except ImportError as error:
        raise MissingExtraError.of("the portal", "web") from error
    from parentage.web.settings import Settings

    return Settings.load(**given)


@click.group(name="portal", no_args_is_help=True)
def command() -> None:
    """Operate a portal: accounts, worker, backup, restore, upgrade.

    Settings are variables that begin with PARENTAGE_PORTAL_ (docs/portal.md).
    """


@command.command(name="account", no_args_is_help=True)
@click.argument("name")
@click.option(
    "--role",
    type=click.Choice(["submitter", "verifier", "panel", "administrator"]),
    default="administrator",
    show_default=True,
)
@click.option("--organisation", type=click.IntRange(min=1), help="Its number.")
@click.option(
    "--reset",
    is_flag=True,
    help="The account is there: set its password, switch it on, drop its second "
    "factor.",
)
@portal_options()
@debug_option()
def account(
    name: str,
    role: str,
    organisation: int | None,
    *,
    reset: bool,
    data: Path | None,
    database_url: str | None,
) -> int:
    """Make an account, such as the first administrator's.

    The password is asked for; without a terminal it is the first line of stdin.
    """
    settings = settings_from(data=data, database_url=database_url)
    password = (
        click.prompt("Password", hide_input=True, confirmation_prompt=True)
        if sys.stdin.isatty()
        else sys.stdin.readline().rstrip("\n")
    )
    from parentage.web.database import open_database, writing
    from parentage.web.permissions import Actor
    from parentage.web.services import accounts
    from parentage.web.services.base import note

    with writing(open_database(settings.database)) as db:
        if reset:
            row = accounts.reset_account(db, name, password)
        else:
            row = accounts.make_account(
                db,
                name=name,
                role=role,
                password=password,
                organisation_id=organisation,
            )
        who = Actor(name="operator")
        done = "account.reset" if reset else "account.create"
        note(db, who, done, f"account:{row.id}", name=name)
        db.commit()
        click.echo(f"{row.name}: {row.role}", err=True)
    return CLEAR


@command.command(name="worker")
@portal_options()
@debug_option()
def worker(*, data: Path | None, database_url: str | None) -> int:
    """Do the portal's jobs, until the process is told to end.

    `parentage serve` starts one by itself; this is for further ones, and for machines
    of their own.
    """
    settings = settings_from(data=data, database_url=database_url)
    from parentage.web.database import open_database
    from parentage.web.jobs.queue import Queue
    from parentage.web.jobs.worker import Worker, work

    made = Worker(settings, open_database(settings.database), Queue(settings))
    work(made, ready=lambda: click.echo(f"worker {made.name}: ready", err=True))
    return CLEAR


@command.command(name="backup", no_args_is_help=True)
@click.argument("file", type=click.Path(dir_okay=False, path_type=Path))
@portal_options()
@json_option("what was kept (parentage.portal-backup/1)")
@debug_option()
def backup(
    file: Path, *, data: Path | None, database_url: str | None, as_json: bool
) -> int:
    """Write everything to FILE, as it is at one moment; the portal may go on.

    FILE is for its owner alone: it holds digests of passwords and secrets of second
    factors. The secret key stays in the data folder.
    """
    check_target(file)
    settings = settings_from(data=data, database_url=database_url)
    from parentage.web.backup import backup as make

    _said(make(settings, file), as_json=as_json)
    return CLEAR


@command.command(name="restore", no_args_is_help=True)
@click.argument("file", type=click.Path(dir_okay=False, path_type=Path))
@portal_options()
@json_option("what was restored (parentage.portal-backup/1)")
@debug_option()
def restore(
    file: Path, *, data: Path | None, database_url: str | None, as_json: bool
) -> int:
    """Put FILE into an empty database, and bring it up to date.

    The database may be of the other kind than the one that was backed up.
    """
    settings = settings_from(data=data, database_url=database_url)
    from parentage.web.backup import restore as put

    _said(put(settings, file), as_json=as_json)
    return CLEAR


@command.command(name="upgrade")
@click.option(
    "--backup",
    "file",
    type=click.Path(dir_okay=False, path_type=Path),
    metavar="FILE",
    help="Write a backup of the old tables first.",
)
@portal_options()
@debug_option()
def upgrade(file: Path | None, *, data: Path | None, database_url: str | None) -> int:
    """Bring the tables to this version: all of it, or nothing.

    The server does it by itself when it starts; this is for doing it beforehand.
    """
    settings = settings_from(data=data, database_url=database_url)
    from parentage.web.backup import backup as make
    from parentage.web.database import open_database, upgrade, version_of

    engine = open_database(settings.database, upgrade_to="")
    before = version_of(engine)
    if file is not None and before is not None:
        check_target(file)
        make(settings, file)
    upgrade(engine)
    click.echo(f"tables: {before or 'none'} -> {version_of(engine)}", err=True)
    return CLEAR


def _said(kept: Any, *, as_json: bool) -> None:  # noqa: ANN401 - imported late
    if as_json:
        data = {
            "schema": "parentage.portal-backup/1",
            "version": kept.version,
            "rows": kept.rows,
            "fingerprints": kept.fingerprints,
        }
        click.echo(json.dumps(data, indent=2))
        return
    rows = sum(kept.rows.values())
    click.echo(
        f"{rows} rows in {len(kept.rows)} tables of version {kept.version}, "
        f"{kept.fingerprints} fingerprints",
        err=True,
    )
