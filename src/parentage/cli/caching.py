# SPDX-License-Identifier: Apache-2.0
"""The cache that commands use, and what they say when it cannot be written to."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING

import click

from parentage.cli.outcome import printable

if TYPE_CHECKING:
    from parentage.run.cache import Cache


@contextmanager
def evidence_cache(*, use: bool) -> Iterator[Cache]:
    """Results and ranges of earlier runs, while a command works.

    A full disk or a folder of somebody else ends in one line on stderr: the cache
    only saves work, so the audit goes on without it and ends as it would have.

    Args:
        use: whether to use it at all.
    """
    from parentage.artifact.source.ranges import keeping
    from parentage.artifact.store import Store, default_root
    from parentage.run.cache import NO_CACHE, Cache

    root = default_root() if use else None
    if root is None:
        yield NO_CACHE
        return
    store = Store(root)
    try:
        with keeping(store):
            yield Cache(store)
    except KeyboardInterrupt:
        if store.wrote:
            text = "parentage: run the same line again to go on from here"
            click.echo(text, err=True)
        raise
    finally:
        store.prune()
        if store.trouble is not None:
            text = f"nothing was kept for later runs: {store.root}: {store.trouble}"
            click.echo(f"parentage: warning: {printable(text)}", err=True)
