# SPDX-License-Identifier: Apache-2.0
"""What a full scan has done so far, kept in a file so that a second run goes on.

The file grows by whole lines: sums of finished tensors, and now and then of the one
under way. Each line ends with its own check sum. A line that was cut off by a kill or a
full disk, and everything after it, is done again.
"""

from __future__ import annotations

import hashlib
import json
import os
import time
import zlib
from collections.abc import Sequence
from pathlib import Path
from typing import Final

from parentage.stats.difference import Sums

FORMAT: Final = "parentage.diff-state/1"
_EVERY: Final = 1.0
"""Seconds between two writes: what is lost at most."""


def state_file(key: Sequence[object]) -> Path:
    """Where the state of a scan lies; ``XDG_CACHE_HOME`` is honoured.

    Args:
        key: all that the sums depend on.
    """
    home = os.environ.get("XDG_CACHE_HOME") or str(Path.home() / ".cache")
    digest = hashlib.sha256(repr((FORMAT, *key)).encode()).hexdigest()
    return Path(home) / "parentage" / "diff" / f"{digest[:32]}.jsonl"


class State:
    """Sums of the tensors that are done, in order, and of the one under way.

    Attributes:
        finished: sums of whole tensors.
        slabs: slabs of the next one that are done.
        trouble: why nothing can be kept, if so; the scan itself goes on.
    """

    def __init__(self, path: Path | None) -> None:
        self.finished: list[Sums] = []
        self.slabs = 0
        self.trouble: str | None = None
        self._under_way = Sums()
        self._path = path
        self._lines: list[bytes] = []
        self._written = time.monotonic()
        if path is not None:
            self._load(path)

    @property
    def pairs(self) -> int:
        """Pairs of values that are done."""
        return sum(s.pairs for s in self.finished) + self._under_way.pairs

    def add(self, found: Sums, *, last: bool) -> None:
        """Take in the next slab.

        Args:
            found: its sums.
            last: whether its tensor ends with it.
        """
        self._under_way.add(found)
        self.slabs += 1
        if last:
            self._note(0, self._under_way)
            self.finished.append(self._under_way)
            self._under_way, self.slabs = Sums(), 0
        if time.monotonic() - self._written > _EVERY:
            self.save()

    def save(self) -> None:
        """Write what is new; a disk that is full loses only the resuming."""
        if self._path is None or self.trouble is not None:
            return
        if self.slabs:
            self._note(self.slabs, self._under_way)
        try:
            self._path.parent.mkdir(parents=True, exist_ok=True)
            with self._path.open("ab") as file:
                file.write(b"".join(self._lines))
        except OSError as error:
            self.trouble = f"{self._path}: {error.strerror or error}"
        self._lines.clear()
        self._written = time.monotonic()

    def remove(self) -> None:
        """The scan is complete: nothing is left to go on with."""
        if self._path is not None:
            try:
                self._path.unlink(missing_ok=True)
            except OSError as error:
                self.trouble = f"{self._path}: {error.strerror or error}"

    def _note(self, slabs: int, sums: Sums) -> None:
        if self._path is None:
            return
        text = json.dumps([len(self.finished), slabs, *sums.to_list()])
        self._lines.append(_sealed(text))

    def _load(self, path: Path) -> None:
        """Take in the lines that are whole, and cut the file after them."""
        try:
            data = path.read_bytes()
        except FileNotFoundError:
            return
        except OSError as error:
            self.trouble = f"{path}: {error.strerror or error}"
            return
        good = 0
        for line in data.splitlines(keepends=True):
            if not self._take(line):
                break
            good += len(line)
        if good < len(data):
            try:
                os.truncate(path, good)
            except OSError as error:
                self.trouble = f"{path}: {error.strerror or error}"

    def _take(self, line: bytes) -> bool:
        text, _, _ = line.rpartition(b" ")
        try:
            if _sealed(text.decode()) != line:
                return False
            index, slabs, *numbers = json.loads(text)
            sums = Sums.from_list(numbers)
        except (ValueError, TypeError):
            return False
        if index != len(self.finished):
            return True  # of a second process on the same pair: equal lines
        if slabs:
            self._under_way, self.slabs = sums, slabs
        else:
            self.finished.append(sums)
            self._under_way, self.slabs = Sums(), 0
        return True


def _sealed(text: str) -> bytes:
    return f"{text} {zlib.crc32(text.encode()):08x}\n".encode()
