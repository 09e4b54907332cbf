# SPDX-License-Identifier: Apache-2.0
"""Evidence kept under the content it was made from, so that nothing is made twice.

Paths, names and times are no keys: a changed file under an old path must never get an
old verdict, and the same weights elsewhere should get theirs. So every value that went
into a result is read again and compared by its SHA-256 before the result is used; what
is saved is the computing. (Reading again costs nothing where a source's own identity
is known; see :mod:`parentage.artifact.source.ranges`.)

A result is a function of the values that were read, in their order, and of the
parameters. Whoever reads the same values in the same order makes the same result, so
it is enough to compare what the earlier run read (a verifying trace).

Part of every key: what the method is, the code of this package, the versions of the
libraries that compute, and the machine's kind. A development copy therefore never gets
results of other code.
"""

from __future__ import annotations

import hashlib
import platform
from collections.abc import Callable, Sequence
from functools import cache
from importlib import resources
from importlib.resources.abc import Traversable
from typing import Any, Final, TypeVar

import ml_dtypes
import numpy as np
import scipy

from parentage import __version__
from parentage.artifact.store import Store
from parentage.evidence.samples import Floats
from parentage.model.description import View
from parentage.run.codec import Unknown, decode, digest, encode
from parentage.run.plan import Cut
from parentage.run.sampler import Reader

T = TypeVar("T")

KIND: Final = "evidence"

MOST_HELD: Final = 64 << 20
"""Bytes of values that are kept while it is not yet clear whether a result fits."""


class Cache:
    """Results of units of work. Without a store everything is computed.

    Args:
        store: where results lie, or ``None``.
        made: called with the name of each unit that was finished, and whether its
            result was kept from an earlier run.
    """

    def __init__(
        self,
        store: Store | None = None,
        made: Callable[[str, bool], None] | None = None,
    ) -> None:
        self._store = store
        self._made = made or (lambda *_: None)

    @property
    def store(self) -> Store | None:
        """Where results lie."""
        return self._store

    def of_values(
        self, method: str, content: Sequence[object], compute: Callable[[], T]
    ) -> T:
        """A result that depends on values at hand.

        Args:
            method: what is computed, with a version if its meaning changed.
            content: everything that decides the result.
            compute: makes it.
        """
        if self._store is None:
            return self._done(method, compute(), kept=False)
        key = digest(code(), method, list(content))
        stored = self._load(key)
        if stored is not None:
            found: T = stored[0]
            return self._done(method, found, kept=True)
        made = compute()
        self._save(key, (made,), method)
        return self._done(method, made, kept=False)

    def of_reads(
        self,
        method: str,
        parameters: Sequence[object],
        readers: tuple[Reader, Reader],
        compute: Callable[[], T],
    ) -> T:
        """A result that depends on what is read while it is computed.

        Args:
            method: what is computed, with a version if its meaning changed.
            parameters: everything that decides the result apart from values read:
                descriptions of both models, plan, seed.
            readers: the only way by which ``compute`` reads.
            compute: makes the result.
        """
        if self._store is None or any(reader.remote for reader in readers):
            # Ranges of remote files are kept themselves; asking for them in another
            # order would ask for other ranges.
            return self._done(method, compute(), kept=False)
        name = digest(code(), method, list(parameters))
        stored = self._replayed(name, readers)
        if stored is not None:
            found: T = stored[0]
            return self._done(method, found, kept=True)
        log = Log(readers)
        try:
            made = compute()
        finally:
            log.stop()
        first, rest = log.split()
        self._save(name, tuple(place for place, _ in first), f"{method}: first reads")
        key = digest(name, [seen for _, seen in first])
        places = [place for place, _ in rest]
        self._save(key, (places, digest([seen for _, seen in rest]), made), method)
        return self._done(method, made, kept=False)

    def _replayed(self, name: str, readers: tuple[Reader, Reader]) -> tuple[Any] | None:
        """Read again what the earlier run read; its result, if all is the same.

        The first values of both sides choose among the models of one shape, so that
        the rest is read only where it is likely to fit. What was read in vain is
        handed to the computation that follows.
        """
        first: tuple[Any, ...] | None = self._load(name)
        if first is None:
            return None
        held = Held(readers)
        seen = [held.read(place) for place in first]
        stored: tuple[Any, ...] | None = self._load(digest(name, seen))
        if stored is not None:
            places, wanted, made = stored
            if digest([held.read(place) for place in places]) == wanted:
                return (made,)
        held.hand_over()
        return None

    def _load(self, key: str) -> tuple[Any, ...] | None:
        """A stored tuple; ``None`` if there is none that can be understood."""
        assert self._store is not None  # noqa: S101 - callers have looked
        data = self._store.get(KIND, key)
        if data is None:
            return None
        try:
            found = decode(data)
        except Unknown:
            return None
        return found if isinstance(found, tuple) else None

    def _save(self, key: str, value: tuple[object, ...], note: str) -> None:
        assert self._store is not None  # noqa: S101 - callers have looked
        self._store.put(KIND, key, encode(value), note)

    def _done(self, method: str, made: T, *, kept: bool) -> T:
        self._made(method, kept)
        return made


NO_CACHE: Final = Cache()
"""Computes everything."""

Place = tuple[int, tuple[object, ...], Cut]
"""Side, fields of the view, and cut of a rectangle that was read."""


class Log:
    """Everything that two readers give out, in order: places and digests."""

    def __init__(self, readers: tuple[Reader, Reader]) -> None:
        self._reads: list[tuple[Place, str]] = []
        self._readers = readers
        for side, reader in enumerate(readers):
            reader.watch(self._watcher(side))

    def stop(self) -> None:
        """Watch no longer; what was held back for the readers is let go."""
        for reader in self._readers:
            reader.watch(None)
            reader.release()

    def split(self) -> tuple[list[tuple[Place, str]], list[tuple[Place, str]]]:
        """The first read of either side, and all others."""
        sides = {0, 1}
        first: list[tuple[Place, str]] = []
        rest: list[tuple[Place, str]] = []
        for read in self._reads:
            side = read[0][0]
            (first if side in sides else rest).append(read)
            sides.discard(side)
        return first, rest

    def _watcher(self, side: int) -> Callable[[View, Cut, Floats], None]:
        def seen(view: View, cut: Cut, values: Floats) -> None:
            fields = (view.tensor, view.grid, view.select, view.order)
            self._reads.append(((side, fields, cut), digest(values)))

        return seen


class Held:
    """Reads again, and keeps what it read until it is known to be of use."""

    def __init__(self, readers: tuple[Reader, Reader]) -> None:
        self._readers = readers
        self._room = MOST_HELD
        self._values: list[tuple[Reader, View, Cut, Floats]] = []

    def read(self, place: Place) -> str:
        """Digest of the values at a place."""
        side, fields, cut = place
        view, reader = View(*fields), self._readers[side]  # type: ignore[arg-type]
        values = reader.values(view, cut)
        if values.nbytes <= self._room:
            self._room -= values.nbytes
            self._values.append((reader, view, cut, values))
        return digest(values)

    def hand_over(self) -> None:
        """Spare the computation that follows the reading of the same values."""
        for reader, view, cut, values in self._values:
            reader.hold(view, cut, values)


@cache
def code() -> str:
    """Digest of everything but data that decides a result.

    The code and tables of this package, the versions of the libraries that compute,
    and the kind of machine, whose last digits may differ.
    """
    total = hashlib.sha256()
    for name, data in sorted(_files(resources.files("parentage"), "")):
        total.update(f"{name}:{len(data)}:".encode())
        total.update(data)
    versions = (__version__, np.__version__, scipy.__version__, ml_dtypes.__version__)
    machine = (platform.python_version(), platform.machine())
    total.update(repr((*versions, *machine)).encode())
    return total.hexdigest()


_RENDERERS = frozenset({"cli", "report", "testing", "web", "__pycache__"})
"""Folders that decide nothing about evidence."""


def _files(folder: Traversable, name: str) -> list[tuple[str, bytes]]:
    found: list[tuple[str, bytes]] = []
    for item in folder.iterdir():
        if item.is_dir():
            if item.name not in _RENDERERS:
                found += _files(item, f"{name}/{item.name}")
        elif not item.name.endswith(".pyc"):
            found.append((f"{name}/{item.name}", item.read_bytes()))
    return found
