# SPDX-License-Identifier: Apache-2.0
"""Backups: everything that the portal knows, as plain files in one archive.

Rows are JSON, one on each line; stored bytes lie beside them under their SHA-256; the
registry is an archive of its own kind. So a backup of SQLite is restored into
PostgreSQL and the other way round, and one of older tables into a newer version. It
holds digests of passwords and secrets of second factors: it is written for its owner
alone. Sessions are left out: everybody signs in again.
"""

from __future__ import annotations

import hashlib
import json
import os
import tempfile
import zipfile
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import partial
from pathlib import Path
from typing import IO, Any, Final

from sqlalchemy import (
    JSON,
    Connection,
    Engine,
    LargeBinary,
    MetaData,
    Table,
    func,
    insert,
    select,
    text,
)

from parentage import __version__
from parentage.errors import RegistryError, UsageError
from parentage.registry.archive import check_archive, export_registry, import_registry
from parentage.registry.database import saying
from parentage.registry.store import Registry
from parentage.registry.zips import open_zip, reading
from parentage.web.database import open_database, upgrade, version_of
from parentage.web.settings import Settings
from parentage.web.tables import VERSION_TABLE

FORMAT: Final = "parentage.portal-backup/1"
MANIFEST: Final = "manifest.json"
REGISTRY: Final = "registry.zip"
LEFT_OUT: Final = frozenset({VERSION_TABLE, "portal_sessions", "portal_attempts"})
CHUNK: Final = 500


@dataclass(frozen=True)
class Kept:
    """What a backup holds.

    Attributes:
        version: of the tables.
        rows: table -> how many.
        fingerprints: of the registry.
    """

    version: str
    rows: dict[str, int]
    fingerprints: int


def backup(settings: Settings, target: Path) -> Kept:
    """Write everything to one archive, as it is at one moment.

    The file is written beside its place and moved there when it is whole.

    Raises:
        RegistryError: the database cannot be read, or the file cannot be written.
    """
    engine = open_database(settings.database, upgrade_to="")
    version = version_of(engine)
    if version is None:
        raise RegistryError("the database has no tables of a portal")
    try:
        handle, place = tempfile.mkstemp(dir=target.absolute().parent, suffix=".part")
    except OSError as error:
        raise RegistryError(
            f"cannot be written: {error.strerror}", file=str(target)
        ) from error
    os.close(handle)
    try:
        kept = _write(engine, settings, version, Path(place))
        Path(place).replace(target)
    finally:
        Path(place).unlink(missing_ok=True)
        engine.dispose()
    return kept


def _write(engine: Engine, settings: Settings, version: str, place: Path) -> Kept:
    rows: dict[str, int] = {}
    digests: dict[str, str] = {}
    with (
        zipfile.ZipFile(place, "w", zipfile.ZIP_DEFLATED, compresslevel=6) as archive,
        saying(engine.url),
        _moment(engine) as connection,
    ):
        for table in _tables(connection):
            digest = hashlib.sha256()
            with archive.open(f"tables/{table.name}.jsonl", "w", force_zip64=True) as f:
                rows[table.name] = 0
                for line in _lines(connection, table):
                    f.write(line)
                    digest.update(line)
                    rows[table.name] += 1
            digests[table.name] = digest.hexdigest()
        _write_blobs(archive, connection)
        with (
            tempfile.TemporaryDirectory() as folder,
            Registry(settings.registry) as registry,
        ):
            file = Path(folder) / REGISTRY
            fingerprints = export_registry(registry, file, list(registry.rows()))
            archive.write(file, REGISTRY, compress_type=zipfile.ZIP_STORED)
        manifest = {
            "format": FORMAT,
            "created": datetime.now(UTC).isoformat(timespec="seconds"),
            "parentage": __version__,
            "version": version,
            "rows": rows,
            "sha256": digests,
            "fingerprints": fingerprints,
        }
        archive.writestr(MANIFEST, json.dumps(manifest, indent=2, sort_keys=True))
    return Kept(version, rows, fingerprints)


def _moment(engine: Engine) -> Connection:
    """A connection that sees one state of the database throughout."""
    if engine.dialect.name == "postgresql":
        return engine.connect().execution_options(isolation_level="REPEATABLE READ")
    return engine.connect()  # One transaction of SQLite sees one state.


def _tables(connection: Connection) -> list[Table]:
    """The portal's tables as the database has them, referenced ones first."""
    known = MetaData()
    known.reflect(
        connection, only=lambda name, _: name.startswith("portal_"), resolve_fks=False
    )
    for table in known.tables.values():
        for column in table.columns:
            if isinstance(column.type, JSON):
                # Nothing is stored as SQL's NULL, not as JSON's.
                column.type = JSON(none_as_null=True)
    return [t for t in known.sorted_tables if t.name not in LEFT_OUT]


def _plain(table: Table) -> list[Any]:
    """Columns that go into the rows: bytes lie in files of their own."""
    return [c for c in table.columns if not isinstance(c.type, LargeBinary)]


def _lines(connection: Connection, table: Table) -> Iterator[bytes]:
    columns = _plain(table)
    query = select(*columns).order_by(*table.primary_key.columns)
    for row in connection.execution_options(yield_per=CHUNK).execute(query):
        values = dict(zip((c.name for c in columns), row, strict=True))
        line = json.dumps(values, ensure_ascii=False, sort_keys=True)
        yield line.encode() + b"\n"


def _write_blobs(archive: zipfile.ZipFile, connection: Connection) -> None:
    query = text("SELECT digest, content FROM portal_blobs ORDER BY digest")
    found = connection.execution_options(yield_per=8).execute(query)
    for digest, content in found:
        archive.writestr(f"blobs/{digest}", bytes(content))


def restore(settings: Settings, source: Path) -> Kept:
    """Put a backup into an empty database: all of it, or nothing.

    Raises:
        UsageError: the database is not empty.
        RegistryError: the file is no backup, or damaged, or of a newer version.
    """
    with (
        open_zip(source, partial(_damaged, source)) as archive,
        tempfile.TemporaryDirectory() as folder,
    ):
        manifest = _manifest(archive, source)
        engine = open_database(settings.database, upgrade_to="")
        if version_of(engine) is not None and _filled(engine):
            raise UsageError(
                "the database is not empty",
                file=engine.url.render_as_string(hide_password=True),
                expected="an empty one to restore into",
            )
        # The registry is another database: what is wrong with its part must show
        # before this one is filled.
        fingerprints = Path(folder) / REGISTRY
        with fingerprints.open("wb") as out:
            out.writelines(_pieces(archive, REGISTRY, source))
        check_archive(fingerprints)
        try:
            _make(engine, str(manifest["version"]))
            with (
                saying(engine.url),
                engine.connect().execution_options(parentage_writes=True) as connection,
                connection.begin(),
            ):
                for table in _tables(connection):
                    connection.execute(table.delete())
                for table in _tables(connection):
                    _fill(connection, archive, table, manifest, source)
                _renumber(connection)
            upgrade(engine)
        finally:
            engine.dispose()
        with Registry(settings.registry) as registry:
            number = import_registry(registry, fingerprints)[0]
    return Kept(str(manifest["version"]), dict(manifest["rows"]), number)


def _make(engine: Engine, version: str) -> None:
    with saying(engine.url):
        current = version_of(engine)
        if current is None:
            upgrade(engine, version)
        elif current != version:
            raise UsageError(
                f"the empty tables are of version {current}, the backup of {version}",
                advice="Restore into a database without tables.",
            )


def _filled(engine: Engine) -> bool:
    with engine.connect() as connection:
        return any(
            connection.scalar(select(func.count()).select_from(table))
            for table in _tables(connection)
            if table.name != "portal_ledger_head"
        )


def _fill(
    connection: Connection,
    archive: zipfile.ZipFile,
    table: Table,
    manifest: dict[str, Any],
    source: Path,
) -> None:
    name = f"tables/{table.name}.jsonl"
    digest, count = hashlib.sha256(), 0
    rows: list[dict[str, Any]] = []
    for line in _pieces(archive, name, source, lambda file: file.readline()):
        digest.update(line)
        count += 1
        try:
            row = json.loads(line)
            blob = row["digest"] if table.name == "portal_blobs" else None
        except (ValueError, KeyError, TypeError, RecursionError) as error:
            raise _damaged(source, f"line {count} of '{name}' is no row") from error
        if blob is not None:
            row["content"] = _blob(archive, blob, source)
        rows.append(row)
        if len(rows) == CHUNK:
            _insert(connection, table, rows)
            rows = []
    _insert(connection, table, rows)
    wanted = manifest["sha256"].get(table.name), manifest["rows"].get(table.name)
    if (digest.hexdigest(), count) != wanted:
        raise _damaged(source, f"'{table.name}' is not what was written")


def _insert(connection: Connection, table: Table, rows: list[dict[str, Any]]) -> None:
    if rows:
        connection.execute(insert(table), rows)


def _blob(archive: zipfile.ZipFile, digest: str, source: Path) -> bytes:
    content = b"".join(_pieces(archive, f"blobs/{digest}", source))
    if hashlib.sha256(content).hexdigest() != digest:
        raise _damaged(source, f"{digest[:12]} is not what was stored")
    return content


def _renumber(connection: Connection) -> None:
    """PostgreSQL goes on counting after the highest number."""
    if connection.dialect.name != "postgresql":
        return
    for table in _tables(connection):
        column = table.columns.get("id")
        if column is None or table.name == "portal_ledger_head":
            continue
        sequence = connection.scalar(
            select(func.pg_get_serial_sequence(table.name, "id"))
        )
        if sequence is not None:
            highest = connection.scalar(select(func.max(column))) or 0
            connection.execute(
                select(func.setval(sequence, max(highest, 1), highest > 0))
            )


def _pieces(
    archive: zipfile.ZipFile,
    name: str,
    source: Path,
    take: Callable[[IO[bytes]], bytes] = lambda file: file.read(1 << 20),
) -> Iterator[bytes]:
    """An entry, as ``take`` takes it from the file, until nothing is left."""
    refused = partial(_damaged, source)
    what = f"'{name}' is missing or damaged"
    with reading(what, refused):
        file = archive.open(name)
    with file:
        while True:
            # Only the reading: what is done with a piece fails for its own reasons.
            with reading(what, refused):
                piece = take(file)
            if not piece:
                return
            yield piece


def _manifest(archive: zipfile.ZipFile, source: Path) -> dict[str, Any]:
    try:
        text = next(_pieces(archive, MANIFEST, source), b"")
        found: dict[str, Any] = json.loads(text)
        if found["format"] != FORMAT:
            raise _damaged(source, "is no backup of a portal")
        _ = found["rows"], found["sha256"], found["version"]
    except (ValueError, KeyError, TypeError, RecursionError) as error:
        raise _damaged(source, "is no backup of a portal") from error
    return found


def _damaged(source: Path, what: str) -> RegistryError:
    return RegistryError(what, file=str(source), expected=f"a file of {FORMAT}")
