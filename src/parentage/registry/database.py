# SPDX-License-Identifier: Apache-2.0
"""Which database a registry is in, how it is opened, and its tables brought up to date.

SQLite in the user's data folder unless told otherwise; PostgreSQL by URL. SQLite runs
with a write-ahead log, so that readers and a writer do not wait for each other; writers
queue.
"""

from __future__ import annotations

import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Final

from alembic import command
from alembic.config import Config
from alembic.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import URL, Connection, Engine, create_engine, event, make_url, text
from sqlalchemy.exc import ArgumentError, SQLAlchemyError

from parentage.errors import RegistryError, UsageError

VARIABLE: Final = "PARENTAGE_DATABASE_URL"
"""Environment variable that names the database."""

WAIT: Final = 60.0
"""Seconds that a writer waits for its turn in SQLite."""

POSTGRES: Final = {"client_encoding": "utf8"}
"""How to speak with PostgreSQL. A database made without a language (SQL_ASCII) would
otherwise give texts as bytes."""

_LOCK: Final = 0x70617265
"""Number of the lock under which PostgreSQL's tables are brought up to date."""

_FOLDER: Final = Path(__file__).parent / "migrations"


def default_url() -> str:
    """The database that is used where none is named."""
    return os.environ.get(VARIABLE) or f"sqlite:///{_data_folder() / 'registry.db'}"


def _data_folder() -> Path:
    """Where applications of this user keep their data, by the platform's custom."""
    home = Path.home()
    if sys.platform == "darwin":
        return home / "Library" / "Application Support" / "parentage"
    if sys.platform == "win32":
        return (
            Path(os.environ.get("LOCALAPPDATA", home / "AppData/Local")) / "parentage"
        )
    return Path(os.environ.get("XDG_DATA_HOME") or home / ".local/share") / "parentage"


def cache_folder() -> Path:
    """Where what can be made again is kept."""
    home = Path.home()
    if sys.platform == "darwin":
        return home / "Library" / "Caches" / "parentage"
    if sys.platform == "win32":
        local = Path(os.environ.get("LOCALAPPDATA", home / "AppData/Local"))
        return local / "parentage" / "cache"
    return Path(os.environ.get("XDG_CACHE_HOME") or home / ".cache") / "parentage"


def parse_url(url: str) -> URL:
    """The URL of a database; a plain path stands for a file of SQLite.

    Raises:
        UsageError: it is no URL of SQLite or PostgreSQL.
    """
    if "://" not in url:
        return URL.create("sqlite", database=str(Path(url).expanduser()))
    try:
        made = make_url(url)
    except ArgumentError as error:
        raise UsageError(
            "the database's URL cannot be read",
            expected="sqlite:///FILE, postgresql://USER@HOST/NAME or a file",
        ) from error
    kind = made.get_backend_name()
    if kind == "postgresql":
        return made.set(drivername="postgresql+psycopg")
    if kind != "sqlite":
        raise UsageError(
            f"registries in '{kind}' are not supported",
            expected="sqlite:///FILE, postgresql://USER@HOST/NAME or a file",
        )
    return made


def open_engine(url: str) -> Engine:
    """Connect, and bring the tables up to date.

    Raises:
        UsageError: the URL is wrong, or an extra is missing.
        RegistryError: the database cannot be reached, or is of a newer version.
    """
    made = parse_url(url)
    options: dict[str, Any] = {}
    if made.get_backend_name() == "sqlite":
        options["connect_args"] = {"timeout": WAIT}
        if made.database not in {None, "", ":memory:"}:
            with saying(made):
                Path(str(made.database)).parent.mkdir(parents=True, exist_ok=True)
    else:
        options["connect_args"] = POSTGRES
    try:
        engine = create_engine(made, pool_pre_ping=True, **options)
    except ImportError as error:
        raise UsageError(
            f"the driver of PostgreSQL is not installed ({error})",
            advice="Install it with `pip install 'parentage[postgres]'`.",
        ) from error
    if engine.dialect.name == "sqlite":
        event.listen(engine, "connect", prepare)
        event.listen(engine, "begin", begin)
    with saying(made):
        _migrate(engine, made)
    return engine


def prepare(connection: Any, _: object) -> None:  # noqa: ANN401
    """Settings of one connection to SQLite; transactions are begun by hand."""
    connection.isolation_level = None
    cursor = connection.cursor()
    for setting in (
        "journal_mode = WAL",
        "synchronous = FULL",
        "foreign_keys = ON",
        f"busy_timeout = {int(WAIT * 1000)}",
    ):
        cursor.execute(f"PRAGMA {setting}")
    cursor.close()


def begin(connection: Connection) -> None:
    """A transaction that will write takes its turn first: none fails halfway."""
    writes = connection.get_execution_options().get("parentage_writes", False)
    connection.exec_driver_sql("BEGIN IMMEDIATE" if writes else "BEGIN")


@contextmanager
def writing(engine: Engine) -> Iterator[Connection]:
    """One transaction that writes: all of it, or nothing."""
    with (
        saying(engine.url),
        engine.connect().execution_options(parentage_writes=True) as connection,
        connection.begin(),
    ):
        yield connection


@contextmanager
def reading(engine: Engine) -> Iterator[Connection]:
    """One transaction that reads: it sees one state of the registry."""
    with saying(engine.url), engine.connect() as connection:
        yield connection


@contextmanager
def saying(url: URL) -> Iterator[None]:
    """Turn complaints of the database into ours, without passwords.

    Raises:
        RegistryError: the database complained.
    """
    try:
        yield
    except (SQLAlchemyError, OSError) as error:
        cause = getattr(error, "orig", None) or error
        said = " ".join(str(cause).split()) or type(cause).__name__
        raise RegistryError(
            f"the database failed: {said[:300]}",
            file=url.render_as_string(hide_password=True),
            advice=f"Check --registry or {VARIABLE}, and that the database is there.",
        ) from error


def _migrate(engine: Engine, url: URL) -> None:
    config = Config()
    config.set_main_option("script_location", str(_FOLDER).replace("%", "%%"))
    script = ScriptDirectory.from_config(config)
    head = script.get_current_head()
    with engine.connect() as connection:
        current = MigrationContext.configure(connection).get_current_revision()
    if current == head:
        return
    known = {step.revision for step in script.walk_revisions()}
    if current is not None and current not in known:
        raise RegistryError(
            f"the registry's tables are of version {current}, which is not known",
            file=url.render_as_string(hide_password=True),
            expected=f"at most version {head}",
            advice="Use a newer version of parentage.",
        )
    with (
        engine.connect().execution_options(parentage_writes=True) as connection,
        connection.begin(),
    ):
        if connection.dialect.name == "postgresql":
            # Two processes that open a new registry make its tables once.
            connection.execute(text(f"SELECT pg_advisory_xact_lock({_LOCK})"))
        config.attributes["connection"] = connection
        command.upgrade(config, "head")
