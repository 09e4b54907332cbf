# SPDX-License-Identifier: Apache-2.0
"""``parentage cache``: list, remove and check what is kept for later runs."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING

import click

from parentage.cli.options import debug_option, json_option
from parentage.cli.outcome import printable

if TYPE_CHECKING:
    from parentage.artifact.store import Store, Stored
    from parentage.report.plan_cache import CacheEntry


@click.group(name="cache", no_args_is_help=True)
def command() -> None:
    """List, remove and check what audits keep for later runs.

    Kept are results under the content they were made from, and ranges of remote files
    under their commit or strong tag. It lies in PARENTAGE_CACHE_DIR, or where the
    platform puts caches. Removing it never changes a result.
    """


@command.command(name="ls")
@json_option("the entries (parentage.cache/1)")
@debug_option()
def list_entries(*, as_json: bool) -> int:
    """List what is kept, by kind."""
    store = _store()
    entries = list(store.entries())
    if as_json:
        _write(store, entries=entries)
        return 0
    click.echo(f"{printable(str(store.root))}")
    groups: dict[tuple[str, str], list[Stored]] = {}
    for entry in entries:
        groups.setdefault((entry.kind, entry.note), []).append(entry)
    for (kind, note), found in sorted(groups.items()):
        size = sum(e.size for e in found)
        days = (time.time() - max(e.used for e in found)) / 86400
        label = printable(f"{kind}: {note}" if note else kind)
        click.echo(f"  {label}: {len(found)}, {size} bytes, used {days:.1f} days ago")
    total = sum(e.size for e in entries)
    click.echo(f"  {len(entries)} entries, {total} bytes")
    return 0


@command.command(name="rm")
@click.option("--all", "everything", is_flag=True, help="Remove everything.")
@click.option(
    "--older",
    type=click.FloatRange(min=0),
    metavar="DAYS",
    help="Remove what was not used for so many days.",
)
@click.argument("keys", nargs=-1, metavar="[KEY]...")
@json_option("what was removed (parentage.cache/1)")
@debug_option()
def remove(
    keys: tuple[str, ...], *, everything: bool, older: float | None, as_json: bool
) -> int:
    """Remove entries whose key begins with KEY, old ones, or all.

    Keys are those of `parentage cache ls --json`; at least eight digits of one.
    """
    from parentage.errors import UsageError

    if not (everything or older is not None or keys):
        raise UsageError(
            "nothing was named", advice="Give a key, --older DAYS or --all."
        )
    if any(len(key) < 8 for key in keys):
        raise UsageError("a key is too short", expected="at least eight digits of it")
    store = _store()
    now = time.time()
    removed = [
        entry
        for entry in store.entries()
        if everything
        or (older is not None and now - entry.used >= older * 86400)
        or any(entry.key.startswith(key) for key in keys)
    ]
    for entry in removed:
        store.remove(entry)
    if as_json:
        _write(store, removed=removed)
    else:
        size = sum(e.size for e in removed)
        click.echo(f"{len(removed)} entries removed, {size} bytes")
    return 0


@command.command(name="verify")
@json_option("what was found (parentage.cache/1)")
@debug_option()
def verify(*, as_json: bool) -> int:
    """Check every entry against its SHA-256 and remove what is damaged.

    Exit code 1: something was damaged. Audits check what they use by themselves.
    """
    store = _store()
    whole, broken = store.verify()
    if as_json:
        _write(store, whole=whole, removed=broken)
    else:
        click.echo(f"{whole} entries whole, {len(broken)} damaged and removed")
    return 1 if broken else 0


def _store() -> Store:
    from parentage.artifact.store import Store, default_root
    from parentage.errors import UsageError

    root = default_root()
    if root is None:
        raise UsageError(
            "there is no place for a cache", advice="Set PARENTAGE_CACHE_DIR."
        )
    return Store(root)


def _items(entries: list[Stored]) -> tuple[CacheEntry, ...]:
    from parentage.report.plan_cache import CacheEntry

    return tuple(
        CacheEntry(
            kind=e.kind, key=e.key, note=e.note, bytes=e.size, used=round(e.used)
        )
        for e in entries
    )


def _write(
    store: Store,
    *,
    entries: list[Stored] | None = None,
    removed: list[Stored] | None = None,
    whole: int | None = None,
) -> None:
    from parentage.report.plan_cache import CacheDocument

    document = CacheDocument(
        schema="parentage.cache/1",
        root=str(store.root),
        entries=None if entries is None else _items(entries),
        removed=None if removed is None else _items(removed),
        whole=whole,
    )
    click.echo(document.to_json())
