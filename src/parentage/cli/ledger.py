# SPDX-License-Identifier: Apache-2.0
"""``parentage ledger``: check a portal's public ledger without the portal."""

from __future__ import annotations

import json
from pathlib import Path

import click

from parentage.cli.options import debug_option, json_option
from parentage.cli.outcome import CLEAR, FOUND, printable


@click.group(name="ledger", no_args_is_help=True)
def command() -> None:
    """Check a ledger that was downloaded from a portal."""


@command.command(name="verify", no_args_is_help=True)
@click.argument("file", type=click.Path(dir_okay=False, path_type=Path))
@click.option(
    "--head",
    metavar="DIGEST",
    help="Digest of the last entry, as the portal shows it: entries that were cut off "
    "at the end show by it alone.",
)
@click.option(
    "--earlier",
    type=click.Path(dir_okay=False, path_type=Path),
    metavar="FILE",
    help="A ledger that was downloaded before: all of it must still be there.",
)
@json_option("what was found (parentage.ledger/1)")
@debug_option()
def verify(file: Path, head: str | None, earlier: Path | None, *, as_json: bool) -> int:
    """Follow FILE from its first entry to its last.

    Each entry holds the digest of the entry before it, so that one that was altered,
    removed, added or moved shows. Exit code 1: something does not fit.
    """
    from parentage.web.chain import follow, read_ledger

    known = follow(read_ledger(earlier)).digests if earlier is not None else {}
    chain = follow(read_ledger(file), expected=known)
    problems = list(chain.problems)
    if head is not None and head.lower() != chain.head:
        problems.append(
            f"the last entry is {chain.head[:16]}…, not {head[:16]}…: entries are "
            "missing, or the digest is another one's"
        )
    if as_json:
        data = {
            "schema": "parentage.ledger/1",
            "file": str(file),
            "entries": chain.entries,
            "head": chain.head,
            "intact": not problems,
            "problems": problems,
        }
        click.echo(json.dumps(data, indent=2))
    else:
        for problem in problems:
            click.echo(printable(problem))
        state = "holds together" if not problems else "does not hold together"
        click.echo(f"{chain.entries} entries, head {chain.head}: {state}")
    return FOUND if problems else CLEAR
