# SPDX-License-Identifier: Apache-2.0
"""Keeps what was made lately, for answers that are costly and asked for again."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Callable, Hashable
from threading import Lock
from typing import Generic, TypeVar

K = TypeVar("K", bound=Hashable)
V = TypeVar("V")


class Lately(Generic[K, V]):
    """The values asked for last, by key; safe among threads.

    Two that ask at once for what is not there both make it: nobody waits for a lock
    while something is made.
    """

    def __init__(self, most: int) -> None:
        """How many are kept."""
        self._kept: OrderedDict[K, V] = OrderedDict()
        self._lock = Lock()
        self._most = most

    def get(self, key: K, make: Callable[[], V]) -> V:
        """The value of a key; made where it is not at hand."""
        with self._lock:
            if key in self._kept:
                self._kept.move_to_end(key)
                return self._kept[key]
        made = make()
        with self._lock:
            self._kept[key] = made
            while len(self._kept) > self._most:
                self._kept.popitem(last=False)
        return made
