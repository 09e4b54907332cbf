# SPDX-License-Identifier: Apache-2.0
"""The portal's database: opened, brought up to date, and one session for each request.

A session of a request that changes something takes its turn before it reads (SQLite:
``BEGIN IMMEDIATE``), so that no request fails halfway because another was faster.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Final

from alembic import command
from alembic.config import Config
from alembic.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import Engine, create_engine, event, text
from sqlalchemy.orm import Session

from parentage.errors import RegistryError, UsageError
from parentage.registry.database import POSTGRES, begin, parse_url, prepare, saying
from parentage.web.tables import VERSION_TABLE

_LOCK: Final = 0x706F7274
"""Number of the lock under which PostgreSQL's tables are brought up to date."""

_FOLDER: Final = Path(__file__).parent / "migrations"

POOL: Final = 20
"""Connections to PostgreSQL that are kept; twice as many are opened at most."""


def open_database(url: str, *, upgrade_to: str = "head") -> Engine:
    """Connect, and bring the tables up to date.

    Args:
        url: of SQLite or PostgreSQL.
        upgrade_to: version of the tables; ``""`` leaves them as they are.

    Raises:
        UsageError: the URL is wrong, or an extra is missing.
        RegistryError: the database cannot be reached, or is of a newer version.
    """
    made = parse_url(url)
    sqlite = made.get_backend_name() == "sqlite"
    if sqlite and made.database not in {None, "", ":memory:"}:
        with saying(made):
            Path(str(made.database)).parent.mkdir(parents=True, exist_ok=True)
    try:
        if sqlite:
            engine = create_engine(made, connect_args={"timeout": 60.0}, pool_size=POOL)
        else:
            engine = create_engine(
                made,
                connect_args=POSTGRES,
                pool_pre_ping=True,
                pool_size=POOL,
                max_overflow=POOL,
            )
    except ImportError as error:
        raise UsageError(
            f"the driver of PostgreSQL is not installed ({error})",
            advice="Install it with `pip install 'parentage[postgres]'`.",
        ) from error
    if sqlite:
        event.listen(engine, "connect", prepare)
        event.listen(engine, "begin", begin)
    if upgrade_to:
        with saying(made):
            upgrade(engine, upgrade_to)
    return engine


def _config() -> Config:
    config = Config()
    config.set_main_option("script_location", str(_FOLDER).replace("%", "%%"))
    return config


def version_of(engine: Engine) -> str | None:
    """Version of the tables; ``None`` where there are none."""
    with engine.connect() as connection:
        context = MigrationContext.configure(
            connection, opts={"version_table": VERSION_TABLE}
        )
        return context.get_current_revision()


def newest() -> str:
    """Version that this code wants."""
    return str(ScriptDirectory.from_config(_config()).get_current_head())


def upgrade(engine: Engine, to: str = "head") -> None:
    """Bring the tables to a version: all of it, or nothing.

    Raises:
        RegistryError: the tables are of a version that is not known.
    """
    config = _config()
    script = ScriptDirectory.from_config(config)
    goal = script.get_current_head() if to == "head" else to
    current = version_of(engine)
    if current == goal:
        return
    if current is not None and current not in {
        step.revision for step in script.walk_revisions()
    }:
        raise RegistryError(
            f"the portal's tables are of version {current}, which is not known",
            file=engine.url.render_as_string(hide_password=True),
            expected=f"at most version {script.get_current_head()}",
            advice="Use a newer version of parentage.",
        )
    with (
        engine.connect().execution_options(parentage_writes=True) as connection,
        connection.begin(),
    ):
        if connection.dialect.name == "postgresql":
            connection.execute(text(f"SELECT pg_advisory_xact_lock({_LOCK})"))
        config.attributes["connection"] = connection
        command.upgrade(config, to)


@contextmanager
def reading(engine: Engine) -> Iterator[Session]:
    """A session that only reads."""
    with Session(engine, expire_on_commit=False) as session:
        yield session


@contextmanager
def writing(engine: Engine) -> Iterator[Session]:
    """A session that changes something; what is not committed is undone."""
    options = engine.execution_options(parentage_writes=True)
    with Session(options, expire_on_commit=False) as session:
        yield session
