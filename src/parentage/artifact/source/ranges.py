# SPDX-License-Identifier: Apache-2.0
"""Ranges of remote files kept under what is known to be their content.

A source that knows the identity of what it fetches (a commit and a path, a strong
ETag) names it, and ranges that were fetched once are not fetched again, by this
process or a later one. Without such an identity nothing is kept: a file under the same
address may be another one by now.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from contextvars import ContextVar

from parentage.artifact.store import Store

Fetch = Callable[[int, int], bytes]
"""Gives the bytes ``[begin, end)`` of a file, all of them, or raises."""

KIND = "ranges"

_store: ContextVar[Store | None] = ContextVar("range_store", default=None)


@contextmanager
def keeping(store: Store | None) -> Iterator[None]:
    """Files that are opened inside keep their ranges in a store."""
    token = _store.set(store)
    try:
        yield
    finally:
        _store.reset(token)


def kept(fetch: Fetch, identity: str | None, *, note: str = "") -> Fetch:
    """The same fetch, asking the store of :func:`keeping` first.

    Args:
        fetch: gives bytes of ONE file; called from any thread.
        identity: equal only for equal content of the whole file, such as commit and
            path, or a strong ETag with address and length; ``None`` if not known.
        note: what to call the file in lists of the cache.
    """
    store = _store.get()
    if store is None or identity is None:
        return fetch

    def found(begin: int, end: int) -> bytes:
        key = range_key(identity, begin, end)
        data = store.get(KIND, key)
        if data is None or len(data) != end - begin:
            data = fetch(begin, end)
            store.put(KIND, key, data, note)
        return data

    return found


def strong(address: str, tag: str | None, size: int) -> str | None:
    """Identity of a file under an address, if its tag is a strong one.

    A weak tag (``W/...``) and a time of change say that a file is *about* the same, or
    was written in another second; neither is enough to trust an old verdict to.
    """
    if tag is None or not (len(tag) > 2 and tag[0] == tag[-1] == '"'):
        return None
    return f"{address}#{size}#{tag}"


def range_key(identity: str, begin: int, end: int) -> str:
    """Key of a range of a file with that identity."""
    text = json.dumps(["parentage.range/1", identity, begin, end])
    return hashlib.sha256(text.encode()).hexdigest()
