# SPDX-License-Identifier: Apache-2.0
"""The public ledger as a chain of digests, and how anyone checks it without a server.

An entry's digest is the SHA-256 of its canonical JSON (UTF-8, keys sorted, no spaces,
no escapes that are not needed), which holds the digest of the entry before it. So no
entry can be altered, removed, added or moved without changing every later digest. That
the newest entries were cut off shows only to who knows a later digest: ``head``.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final

from parentage.errors import LedgerError
from parentage.report.canonical import canonical_json

START: Final = "0" * 64
"""What the first entry holds as the digest before it."""

FIELDS: Final = ("seq", "at", "kind", "subject", "actor", "payload", "previous")
"""Fields of an entry that its digest is taken over."""

MAX_LINE: Final = 4 << 20
"""Bytes of one entry at most."""


def digest_of(entry: dict[str, Any]) -> str:
    """The digest of an entry's fields."""
    text = canonical_json({name: entry[name] for name in FIELDS})
    return hashlib.sha256(text).hexdigest()


@dataclass
class Chain:
    """Result of following a ledger.

    Attributes:
        entries: how many there are.
        head: digest of the last one.
        problems: what does not fit, in words; empty where all holds together.
        digests: number -> digest, of entries that were asked for.
    """

    entries: int = 0
    head: str = START
    problems: list[str] = field(default_factory=list)
    digests: dict[int, str] = field(default_factory=dict)

    @property
    def intact(self) -> bool:
        """Whether all holds together."""
        return not self.problems


MOST_PROBLEMS: Final = 20


def follow(
    entries: Iterable[dict[str, Any]], *, expected: dict[int, str] | None = None
) -> Chain:
    """Go through a ledger from its beginning.

    Args:
        entries: in order.
        expected: number -> digest that was known before, such as an earlier head.
    """
    expected = expected or {}
    chain = Chain()

    def problem(text: str) -> None:
        if len(chain.problems) < MOST_PROBLEMS:
            chain.problems.append(text)

    for entry in entries:
        chain.entries += 1
        seq = chain.entries
        if entry["seq"] != seq:
            problem(f"entry {seq} has number {entry['seq']}: one is missing or moved")
        if entry["previous"] != chain.head:
            problem(f"entry {seq} does not follow the entry before it")
        made = digest_of(entry)
        if made != entry["digest"]:
            problem(f"entry {seq} was altered: its content does not give its digest")
        chain.head = entry["digest"]
        if seq in expected and expected[seq] != chain.head:
            problem(f"entry {seq} is another one than was known before")
        chain.digests[seq] = chain.head
    for seq in sorted(set(expected) - set(chain.digests)):
        problem(f"entry {seq} was known before and is missing")
    return chain


def read_ledger(path: str | Path) -> Iterator[dict[str, Any]]:
    """Entries of a downloaded ledger: JSON, one entry on each line.

    Raises:
        LedgerError: the file cannot be read, or a line is no entry.
    """
    try:
        with Path(path).open("rb") as lines:
            number = 0
            while line := lines.readline(MAX_LINE + 1):
                number += 1
                if len(line) > MAX_LINE:
                    raise LedgerError(
                        f"line {number} is longer than {MAX_LINE} bytes", file=str(path)
                    )
                if line.strip():
                    yield _entry(line, number, str(path))
    except OSError as error:
        raise LedgerError(
            f"cannot be read: {error.strerror or error}", file=str(path)
        ) from error


_TYPES: Final = {
    "seq": int,
    "at": str,
    "kind": str,
    "subject": str,
    "actor": str,
    "payload": dict,
    "previous": str,
    "digest": str,
}


def _entry(line: bytes, number: int, file: str) -> dict[str, Any]:
    try:
        found = json.loads(line)
    except (ValueError, RecursionError) as error:
        raise LedgerError(f"line {number} is not JSON", file=file) from error
    if not isinstance(found, dict) or any(
        not isinstance(found.get(name), kind) or isinstance(found.get(name), bool)
        for name, kind in _TYPES.items()
    ):
        raise LedgerError(
            f"line {number} is no entry of a ledger",
            file=file,
            expected="an object with " + ", ".join(_TYPES),
        )
    return found
