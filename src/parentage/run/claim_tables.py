# SPDX-License-Identifier: Apache-2.0
"""Raw tables that a claim names: CSV and JSON, bounded, read once, then looked up.

What a table does not hold is an :class:`Unavailable`, which becomes a cell that cannot
be checked; a table that is not what the claim says it is, is an error.
"""

from __future__ import annotations

import csv
import hashlib
import io
import json
import math
from collections.abc import Iterable
from dataclasses import dataclass
from fnmatch import fnmatchcase
from pathlib import Path, PurePosixPath
from typing import Any, Final

from parentage.artifact.entry import shown
from parentage.errors import ClaimError, UnsafePathError
from parentage.verdict.claim_file import Table

LARGEST_TABLE: Final = 64_000_000
"""Bytes of a raw table; those of published claims have up to a few megabytes."""

MOST_ROWS: Final = 1_000_000
DEPTH: Final = 40

Value = float | str | None


class Unavailable(Exception):  # noqa: N818 - a value with a reason, never an error
    """A number that cannot be computed, with the reason.

    Attributes:
        code: see ``report/claim_words.py``.
        detail: what the reason names.
    """

    def __init__(self, code: str, detail: str = "") -> None:
        self.code = code
        self.detail = detail
        super().__init__(f"{code}: {detail}")


@dataclass(frozen=True)
class Rows:
    """A CSV table."""

    file: str
    header: tuple[str, ...]
    rows: tuple[tuple[str, ...], ...]

    def index(self, column: str) -> int:
        """Position of a column.

        Raises:
            ClaimError: the table has no such column.
        """
        if column not in self.header:
            raise ClaimError(
                f"has no column '{shown(column)}'",
                file=self.file,
                expected="one of " + ", ".join(shown(h) for h in self.header[:20]),
                advice="Correct the claim, or name the right table.",
            )
        return self.header.index(column)

    def matching(self, where: dict[str, str]) -> list[tuple[str, ...]]:
        """Rows whose columns hold what is asked; ``*`` stands for any text."""
        wanted = [(self.index(column), text) for column, text in where.items()]
        return [
            row
            for row in self.rows
            if all(
                fnmatchcase(row[i], text) if "*" in text else row[i] == text
                for i, text in wanted
            )
        ]

    def values(self, column: str, where: dict[str, str]) -> list[Value]:
        """Values of a column, in the order of the file."""
        index = self.index(column)
        return [_number(row[index]) for row in self.matching(where)]

    def rounding(self, column: str) -> float:
        """How far the printed numbers of a column may be off: half a last digit.

        The longest number counts: shorter ones may have lost their zeros.
        """
        index = self.index(column)
        digits = [_decimals(row[index]) for row in self.rows]
        known = [d for d in digits if d is not None]
        return 0.5 * 10.0 ** -max(known) if known else 0.0


@dataclass(frozen=True)
class Tree:
    """A JSON table."""

    file: str
    data: Any

    def value(self, path: str) -> Value:
        """What lies at ``a.b.0``; ``None`` for null.

        Raises:
            Unavailable: there is nothing, or no number or text.
        """
        here = self.data
        for part in path.split("."):
            if isinstance(here, dict) and part in here:
                here = here[part]
            elif isinstance(here, list) and part.isdecimal() and int(part) < len(here):
                here = here[int(part)]
            else:
                raise Unavailable("no-path", path)
        if isinstance(here, bool | str):
            return str(here)
        if isinstance(here, int | float):
            return _number(repr(here))
        if here is None:
            return None
        raise Unavailable("no-path", path)


class Tables:
    """The raw tables of one claim.

    Args:
        tables: as the claim names them.
        folder: what their paths are relative to.
    """

    def __init__(self, tables: dict[str, Table], folder: Path | None) -> None:
        self._tables = tables
        self._folder = folder
        self._read: dict[str, Rows | Tree] = {}
        self.files: dict[str, tuple[str, int, str]] = {}
        """Table -> path in the claim, size in bytes, SHA-256: of those read."""

    def get(self, name: str) -> Rows | Tree:
        """A table, read when it is first asked for.

        Raises:
            Unavailable: the file is not at hand.
            ClaimError: the file is not the table that the claim names.
            UnsafePathError: its path leads out of the folder.
        """
        if name not in self._read:
            self._read[name] = self._load(name)
        return self._read[name]

    def _load(self, name: str) -> Rows | Tree:
        table = self._tables[name]
        path = PurePosixPath(table.path)
        if path.is_absolute() or ".." in path.parts or "\\" in table.path:
            raise UnsafePathError(
                f"table '{name}' leads out of the folder: {shown(table.path)}",
                expected="a path below the folder of --data, without '..'",
            )
        if self._folder is None:
            raise Unavailable("no-data", table.path)
        folder = self._folder.resolve()
        file = folder.joinpath(*path.parts)
        if not file.is_file():
            raise Unavailable("no-data", table.path)
        if not file.resolve().is_relative_to(folder):
            raise UnsafePathError(
                f"table '{name}' is a link out of the folder", file=shown(str(file))
            )
        try:
            with file.open("rb") as stream:
                raw = stream.read(LARGEST_TABLE + 1)
        except OSError as error:
            raise ClaimError(
                f"cannot be read: {error.strerror}", file=str(file)
            ) from error
        if len(raw) > LARGEST_TABLE:
            raise ClaimError(
                "is too large for a table of numbers",
                file=str(file),
                expected=f"at most {LARGEST_TABLE:,} bytes",
            )
        digest = hashlib.sha256(raw).hexdigest()
        if table.sha256 is not None and digest != table.sha256:
            raise ClaimError(
                f"is another file than the claim names: SHA-256 {digest}",
                file=str(file),
                expected=table.sha256,
                advice="Fetch the version that was published.",
            )
        self.files[name] = (table.path, len(raw), digest)
        return read_table(raw, str(file))


def read_table(raw: bytes, file: str) -> Rows | Tree:
    """A table from its bytes: JSON if the name says so, else CSV.

    Raises:
        ClaimError: it is neither.
    """
    try:
        text = raw.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        raise ClaimError(
            "is not UTF-8", file=file, offset=error.start, expected="CSV or JSON text"
        ) from error
    if file.lower().endswith(".json"):
        return Tree(file, _json(text, file))
    return read_rows(text, file)


def read_rows(text: str, file: str) -> Rows:
    """A CSV table: one header, and as many fields in every row.

    Raises:
        ClaimError: it is no such table.
    """
    reader = csv.reader(io.StringIO(text, newline=""), strict=True)
    rows: list[tuple[str, ...]] = []
    try:
        for row in reader:
            if not row:
                continue
            rows.append(tuple(field.strip() for field in row))
            if len(rows[-1]) != len(rows[0]):
                raise ClaimError(
                    f"line {reader.line_num} has {len(row)} fields",
                    file=file,
                    expected=f"{len(rows[0])} as in the first line",
                )
            if len(rows) > MOST_ROWS:
                raise ClaimError(
                    "has too many lines", file=file, expected=f"at most {MOST_ROWS:,}"
                )
    except csv.Error as error:
        raise ClaimError(
            f"line {reader.line_num} is no CSV: {error}", file=file
        ) from error
    if not rows:
        raise ClaimError("is empty", file=file, expected="a header and rows")
    header = rows[0]
    twice = [name for name in header if header.count(name) > 1]
    if twice:
        raise ClaimError(
            f"two columns are called '{shown(twice[0])}'",
            file=file,
            expected="different names",
        )
    return Rows(file, header, tuple(rows[1:]))


def _json(text: str, file: str) -> Any:  # noqa: ANN401 - whatever the file holds
    def unique(pairs: Iterable[tuple[str, Any]]) -> dict[str, Any]:
        found: dict[str, Any] = {}
        for key, value in pairs:
            if key in found:
                raise ClaimError(f"has the key '{shown(key)}' twice", file=file)
            found[key] = value
        return found

    if _deep(text):
        raise ClaimError(
            "is nested too deeply", file=file, expected=f"at most {DEPTH} levels"
        )
    try:
        return json.loads(
            text,
            object_pairs_hook=unique,
            parse_int=lambda digits: _whole(digits, file),
        )
    except (ValueError, RecursionError) as error:
        raise ClaimError(f"is no JSON: {error}", file=file) from error


def _whole(digits: str, file: str) -> int:
    if len(digits) > 40:
        raise ClaimError(
            f"has a number of {len(digits)} digits", file=file, expected="at most 40"
        )
    return int(digits)


def _deep(text: str) -> bool:
    depth = 0
    quoted = escaped = False
    for c in text:
        if quoted:
            if escaped:
                escaped = False
            elif c == "\\":
                escaped = True
            elif c == '"':
                quoted = False
        elif c == '"':
            quoted = True
        elif c in "[{":
            depth += 1
            if depth > DEPTH:
                return True
        elif c in "]}":
            depth -= 1
    return False


def _decimals(text: str) -> int | None:
    """Digits behind the point of a plain decimal number; ``None`` of anything else."""
    whole, point, part = text.strip().lstrip("+-").partition(".")
    plain = point and (whole.isdecimal() or not whole) and part.isdecimal()
    return len(part) if plain else None


def _number(text: str) -> Value:
    """A finite number; ``None`` where the cell is empty, not finite or null."""
    if text.strip().lower() in {"", "null", "none", "nan", "na", "n/a"}:
        return None
    try:
        value = float(text)
    except ValueError:
        return text
    return value if math.isfinite(value) else None
