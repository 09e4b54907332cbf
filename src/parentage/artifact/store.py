# SPDX-License-Identifier: Apache-2.0
"""A folder of checked entries by key, for what would have to be read or made again.

An entry is one file: a line that says what it is, and its bytes with their SHA-256.
It is written beside its place and moved there, so that it is whole or absent whoever
else writes at the same time, and whenever the process is killed. What does not fit its
checksum is as good as absent, and is removed. The folder only ever saves work: when it
cannot be written to (a full disk, a read-only one) writing stops, and the reason is
kept for whoever asked for it.
"""

from __future__ import annotations

import hashlib
import json
import os
import tempfile
import threading
import time
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO, Final

VERSION: Final = "parentage-cache/1"

LIMIT: Final = 4 * 10**9
"""Bytes that entries may take up; the ones used longest ago give way."""

MOST_HEADER: Final = 1 << 16

STALE_SECONDS: Final = 24 * 3600
"""Half-written files older than this belong to no living process."""

FRESH_SECONDS: Final = 60
"""An entry used less than this ago is not marked as used again."""


@dataclass(frozen=True)
class Stored:
    """One entry of a store.

    Attributes:
        kind: what sort of thing it is, such as ``evidence``.
        key: 64 hexadecimal digits.
        note: what it is about, for people.
        size: bytes of the file.
        used: when it was last used, in seconds of the epoch.
        path: the file.
    """

    kind: str
    key: str
    note: str
    size: int
    used: float
    path: Path


class Damaged(Exception):  # noqa: N818 - no error of the tree: it never leaves here
    """An entry's file is not what was once written."""


class Store:
    """Entries in a folder. Safe under many threads and processes.

    Args:
        root: the folder; made when the first entry is written.
        limit: bytes that :meth:`prune` leaves at most.

    Attributes:
        root: the folder.
        trouble: why nothing is written any more, or ``None``.
        hits, misses, damaged: how often an entry was found, absent or damaged.
        wrote: how many entries were written.
    """

    def __init__(self, root: Path, *, limit: int = LIMIT) -> None:
        self.root = root
        self.trouble: str | None = None
        self.hits = self.misses = self.damaged = self.wrote = 0
        self._limit = limit
        self._lock = threading.Lock()
        self._trusted: bool | None = None

    def get(self, kind: str, key: str) -> bytes | None:
        """The bytes of an entry, or ``None`` where there is none that is whole."""
        if not self._trust(make=False):
            return None
        path = self._path(kind, key)
        try:
            with path.open("rb") as file:
                _, payload = _checked(file, kind, key)
                age = time.time() - os.fstat(file.fileno()).st_mtime
        except FileNotFoundError:
            self.misses += 1
            return None
        except Damaged:
            self.damaged += 1
            with suppress(OSError):
                path.unlink()
            return None
        except OSError:
            self.misses += 1
            return None
        self.hits += 1
        if age > FRESH_SECONDS:
            with suppress(OSError):
                os.utime(path)
        return payload

    def put(self, kind: str, key: str, payload: bytes, note: str = "") -> bool:
        """Write an entry; ``False`` where it could not be, see :attr:`trouble`."""
        if self.trouble is not None or not self._trust(make=True):
            return False
        header = {
            "version": VERSION,
            "kind": kind,
            "key": key,
            "note": note[:200],
            "bytes": len(payload),
            "sha256": _digest(kind, key, note[:200], payload),
        }
        line = json.dumps(header, sort_keys=True).encode() + b"\n"
        path, name = self._path(kind, key), None
        try:
            path.parent.mkdir(parents=True, exist_ok=True)
            with tempfile.NamedTemporaryFile(
                dir=self.root, prefix="half-", delete=False
            ) as file:
                name = Path(file.name)
                file.write(line)
                file.write(payload)
            name.replace(path)
        except OSError as error:
            self.trouble = f"{error.strerror or error}"
            if name is not None:
                with suppress(OSError):
                    name.unlink()
            return False
        self.wrote += 1
        return True

    def entries(self) -> Iterator[Stored]:
        """Every entry whose file can be found; their contents are not checked."""
        if not self.root.is_dir():
            return
        for path in sorted(self.root.glob("*/??/*")):
            try:
                status = path.stat()
                with path.open("rb") as file:
                    header = _header(file)
                note = str(header.get("note", ""))
            except Damaged:
                note = ""
            except OSError:
                continue
            kind = path.parent.parent.name
            yield Stored(kind, path.name, note, status.st_size, status.st_mtime, path)

    def verify(self) -> tuple[int, list[Stored]]:
        """Check every entry and remove what is damaged or was left half written.

        Returns:
            How many are whole, and the damaged ones.
        """
        whole, broken = 0, []
        for entry in self.entries():
            try:
                with entry.path.open("rb") as file:
                    _checked(file, entry.kind, entry.key)
                whole += 1
            except (Damaged, OSError):
                broken.append(entry)
                self.remove(entry)
        self._sweep()
        return whole, broken

    def remove(self, entry: Stored) -> None:
        """Remove an entry; nothing happens if another process was faster."""
        with suppress(OSError):
            entry.path.unlink()

    def prune(self) -> int:
        """Remove the entries used longest ago, down to four fifths of the limit.

        Returns:
            Bytes that were freed; 0 while the store is within its limit.
        """
        found: list[tuple[float, int, Path]] = []
        for path in self.root.glob("*/??/*"):
            with suppress(OSError):
                status = path.stat()
                found.append((status.st_mtime, status.st_size, path))
        total = sum(size for _, size, _ in found)
        freed = 0
        if total <= self._limit:
            return freed
        for _, size, path in sorted(found):
            if total - freed <= self._limit * 4 // 5:
                break
            with suppress(OSError):
                path.unlink()
            freed += size
        self._sweep()
        return freed

    def _sweep(self) -> None:
        """Remove what killed processes left half written."""
        with suppress(OSError):
            for path in self.root.glob("half-*"):
                if time.time() - path.stat().st_mtime > STALE_SECONDS:
                    path.unlink(missing_ok=True)

    def _path(self, kind: str, key: str) -> Path:
        return self.root / kind / key[:2] / key

    def _trust(self, *, make: bool) -> bool:
        """Whether the folder is ours alone: others could plant evidence in it."""
        with self._lock:
            if self._trusted is None or (make and not self.root.is_dir()):
                self._trusted = self._check(make=make)
            return self._trusted is True

    def _check(self, *, make: bool) -> bool | None:
        try:
            if make:
                self.root.mkdir(parents=True, exist_ok=True, mode=0o700)
            status = self.root.stat()
        except FileNotFoundError:
            return None
        except OSError as error:
            self.trouble = f"{error.strerror or error}"
            return False
        if status.st_uid != os.geteuid() or status.st_mode & 0o022:
            self.trouble = "its folder belongs to others, or others may write to it"
            return False
        return True


def _digest(kind: str, key: str, note: str, payload: bytes) -> str:
    total = hashlib.sha256(json.dumps([VERSION, kind, key, note]).encode() + b"\0")
    total.update(payload)
    return total.hexdigest()


def _header(file: BinaryIO) -> dict[str, object]:
    line = file.readline(MOST_HEADER)
    try:
        header = json.loads(line)
    except ValueError as error:
        raise Damaged from error
    if not isinstance(header, dict) or header.get("version") != VERSION:
        raise Damaged
    return header


def _checked(file: BinaryIO, kind: str, key: str) -> tuple[dict[str, object], bytes]:
    """Header and bytes of an entry that answers for this key and no other."""
    header = _header(file)
    payload = file.read()
    wanted = (kind, key, len(payload))
    if (header.get("kind"), header.get("key"), header.get("bytes")) != wanted:
        raise Damaged
    if header.get("sha256") != _digest(kind, key, str(header.get("note")), payload):
        raise Damaged
    return header, payload


def default_root() -> Path | None:
    """``PARENTAGE_CACHE_DIR``, else the platform's place; ``None`` without a home."""
    named = os.environ.get("PARENTAGE_CACHE_DIR")
    if named:
        return Path(named)
    try:
        home = Path.home()
    except RuntimeError:
        return None
    if os.uname().sysname == "Darwin":
        return home / "Library" / "Caches" / "parentage"
    base = os.environ.get("XDG_CACHE_HOME")
    return (Path(base) if base else home / ".cache") / "parentage"
