# SPDX-License-Identifier: Apache-2.0
"""A registry: fingerprints that were made before, each once, in a database."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, Final

from sqlalchemy import Connection, Engine, Select, delete, func, insert, select
from sqlalchemy import text as sql
from sqlalchemy.dialects import postgresql, sqlite

from parentage.errors import ParentageError, RegistryError, UsageError
from parentage.registry.container import content_digest, from_bytes
from parentage.registry.database import default_url, open_engine, reading, writing
from parentage.registry.fingerprint import Fingerprint
from parentage.registry.sketch import from_blob, sketch, to_blob
from parentage.registry.tables import CONTENTS, FINGERPRINTS, REGISTRY

PAGE: Final = 1000
"""Rows that are fetched at a time."""

MIN_PREFIX: Final = 8
"""Digits of a digest that name a fingerprint at least."""


@dataclass(frozen=True)
class Row:
    """What a registry says of a fingerprint without opening it."""

    id: int
    digest: str
    name: str
    revision: str
    model_digest: str
    parameters: int
    seed: int
    level: int
    size: int
    added: str


@dataclass(frozen=True)
class Prepared:
    """A checked fingerprint, ready to be written.

    Attributes:
        file: its bytes.
        made: what they hold.
        sketch: what searches look at.
    """

    file: bytes
    digest: str
    made: Fingerprint
    sketch: bytes


def prepare(file: bytes, label: str = "fingerprint") -> Prepared:
    """Check the file of a fingerprint, and sketch it.

    Raises:
        FingerprintError: it is damaged, or its content contradicts itself.
    """
    made = from_bytes(file, label)
    return Prepared(file, content_digest(file, label), made, to_blob(sketch(made)))


_COLUMNS: Final = [FINGERPRINTS.c[name] for name in Row.__dataclass_fields__]


class Registry:
    """See the module. Safe with any number of processes at once.

    Args:
        url: URL of SQLite or PostgreSQL, or a file; see
            :func:`~parentage.registry.database.default_url`.

    Raises:
        UsageError: the URL is wrong.
        RegistryError: the database cannot be used.
    """

    def __init__(self, url: str | None = None) -> None:
        self.engine: Engine = open_engine(url or default_url())
        with reading(self.engine) as connection:
            self.name = str(connection.scalar(select(REGISTRY.c.name)))

    @property
    def shown(self) -> str:
        """Where it is, without a password."""
        return self.engine.url.render_as_string(hide_password=True)

    def close(self) -> None:
        """Let go of all connections."""
        self.engine.dispose()

    def __enter__(self) -> Registry:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def add(self, items: Iterable[Prepared]) -> list[bool]:
        """Write fingerprints: all of them, or none.

        Returns:
            Which of them were new.
        """
        with writing(self.engine) as connection:
            return [self._add(connection, item) for item in items]

    def _add(self, connection: Connection, item: Prepared) -> bool:
        make: Any = {"sqlite": sqlite.insert, "postgresql": postgresql.insert}
        made = item.made
        row = (
            make[connection.dialect.name](FINGERPRINTS)
            .values(
                digest=item.digest,
                name=made.identity.name,
                revision=made.identity.revision,
                model_digest=made.identity.digest,
                parameters=made.parameters,
                seed=made.scheme.seed,
                level=made.scheme.level,
                size=len(item.file),
                added=datetime.now(UTC).isoformat(timespec="seconds"),
                sketch=item.sketch,
            )
            .on_conflict_do_nothing(index_elements=["digest"])
            .returning(FINGERPRINTS.c.id)
        )
        number = connection.scalar(row)
        if number is None:
            return False
        connection.execute(insert(CONTENTS).values(fingerprint=number, file=item.file))
        return True

    def count(self) -> int:
        """How many fingerprints there are."""
        with reading(self.engine) as connection:
            return int(connection.scalar(select(func.count(FINGERPRINTS.c.id))) or 0)

    def rows(self, *, name: str = "") -> Iterator[Row]:
        """All fingerprints, or those of one name, in the order they were added."""
        query = select(*_COLUMNS).order_by(FINGERPRINTS.c.id)
        if name:
            query = query.where(FINGERPRINTS.c.name == name)
        for row in self._paged(query):
            yield Row(*row)

    def _paged(self, query: Select[Any]) -> Iterator[Any]:
        with reading(self.engine) as connection:
            found = connection.execution_options(yield_per=PAGE).execute(query)
            yield from found

    def find(self, word: str) -> Row:
        """The one fingerprint of a name, or whose digest begins so.

        Raises:
            RegistryError: there is none.
            UsageError: there are several.
        """
        query = select(*_COLUMNS).order_by(FINGERPRINTS.c.id).limit(10)
        match = FINGERPRINTS.c.name == word
        if len(word) >= MIN_PREFIX and not set(word) - set("0123456789abcdef"):
            match |= FINGERPRINTS.c.digest.startswith(word)
        with reading(self.engine) as connection:
            found = [Row(*row) for row in connection.execute(query.where(match))]
        if not found:
            raise RegistryError(
                f"no fingerprint is called '{word}'",
                file=self.shown,
                expected="a name, or at least eight digits of a digest",
                advice="List them with `parentage registry list`.",
            )
        if len(found) > 1:
            raise UsageError(
                f"'{word}' names {len(found)} fingerprints or more",
                expected="one of " + ", ".join(row.digest[:12] for row in found),
            )
        return found[0]

    def file(self, number: int) -> bytes:
        """The file of a fingerprint.

        Raises:
            RegistryError: it is gone.
        """
        query = select(CONTENTS.c.file).where(CONTENTS.c.fingerprint == number)
        with reading(self.engine) as connection:
            found = connection.scalar(query)
        if found is None:
            raise RegistryError(
                f"fingerprint {number} has no file",
                file=self.shown,
                advice="It was removed meanwhile; or run `parentage registry verify`.",
            )
        return bytes(found)

    def row(self, number: int) -> Row:
        """What is known of a fingerprint by its number."""
        query = select(*_COLUMNS).where(FINGERPRINTS.c.id == number)
        with reading(self.engine) as connection:
            found = connection.execute(query).one_or_none()
        if found is None:
            raise RegistryError(f"there is no fingerprint {number}", file=self.shown)
        return Row(*found)

    def remove(self, numbers: Sequence[int]) -> int:
        """Remove fingerprints; returns how many there were."""
        with writing(self.engine) as connection:
            connection.execute(
                delete(CONTENTS).where(CONTENTS.c.fingerprint.in_(numbers))
            )
            gone = connection.execute(
                delete(FINGERPRINTS).where(FINGERPRINTS.c.id.in_(numbers))
            )
            return gone.rowcount

    def numbers(self) -> list[int]:
        """Numbers of all fingerprints, rising."""
        # Not ordered by the database: SQLite would walk through the rows, which hold
        # kilobytes each, where a small index has all the numbers.
        query = select(FINGERPRINTS.c.id)
        with reading(self.engine) as connection:
            return sorted(connection.execute(query).scalars().all())

    def sketches(self, above: int, upto: int) -> Iterator[tuple[int, bytes]]:
        """Numbers and sketches of fingerprints in ``(above, upto]``, rising."""
        query = (
            select(FINGERPRINTS.c.id, FINGERPRINTS.c.sketch)
            .where(FINGERPRINTS.c.id > above, FINGERPRINTS.c.id <= upto)
            .order_by(FINGERPRINTS.c.id)
        )
        for number, blob in self._paged(query):
            yield number, bytes(blob)

    def verify(
        self, progress: Callable[[str, int, int], None] | None = None
    ) -> list[str]:
        """What is wrong with the registry; empty where nothing is.

        Every file is read and checked, and its sketch made again.
        """
        problems = []
        if self.engine.dialect.name == "sqlite":
            with reading(self.engine) as connection:
                said = connection.scalars(sql("PRAGMA integrity_check")).all()
            problems += [f"SQLite: {line}" for line in said if line != "ok"]
        total = self.count()
        for done, row in enumerate(self.rows()):
            if progress is not None:
                progress(row.name, done, total)
            try:
                problems += self._check(row)
            except ParentageError as error:
                problems.append(f"{row.name} ({row.digest[:12]}): {error}")
        return problems

    def _check(self, row: Row) -> list[str]:
        item = prepare(self.file(row.id), row.name)
        query = select(FINGERPRINTS.c.sketch).where(FINGERPRINTS.c.id == row.id)
        with reading(self.engine) as connection:
            stored = bytes(connection.scalar(query) or b"")
        wrong = []
        if item.digest != row.digest:
            wrong.append("the file is another one than was registered")
        if [s.words.tobytes() for s in from_blob(stored)] != [
            s.words.tobytes() for s in from_blob(item.sketch)
        ]:
            wrong.append("the sketch does not belong to the file")
        return [f"{row.name} ({row.digest[:12]}): {text}" for text in wrong]
