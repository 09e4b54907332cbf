# SPDX-License-Identifier: Apache-2.0
"""``parentage push``: send a report or a fingerprint to a portal."""

from __future__ import annotations

import json
import os
from pathlib import Path

import click

from parentage.cli.options import debug_option, json_option
from parentage.cli.outcome import CLEAR, printable
from parentage.errors import UsageError

TOKEN = "PARENTAGE_TOKEN"  # noqa: S105 - the variable's name


@click.command(name="push", no_args_is_help=True)
@click.argument("file", type=click.Path(dir_okay=False, exists=True, path_type=Path))
@click.option("--to", "url", required=True, metavar="URL", help="The portal's address.")
@click.option(
    "--token-file",
    type=click.Path(dir_okay=False, exists=True, path_type=Path),
    metavar="FILE",
    help=f"Holds the API token; by default the variable {TOKEN} does.",
)
@click.option("--model", type=click.IntRange(min=1), help="Number of the model there.")
@click.option(
    "--version", type=click.IntRange(min=1), help="Number of the version there."
)
@json_option("what the portal answers")
@debug_option()
def command(
    file: Path,
    url: str,
    token_file: Path | None,
    model: int | None,
    version: int | None,
    *,
    as_json: bool,
) -> int:
    """Send FILE, a report of `parentage audit --json` or a fingerprint, to a portal.

    The report is checked here first; its bytes are sent as they are, and the digest
    that the portal stored is compared. The token needs the scope `submit`.
    """
    token = (
        token_file.read_text("utf-8").strip()
        if token_file is not None
        else os.environ.get(TOKEN, "")
    )
    if not token:
        raise UsageError(
            "no API token was given",
            expected=f"the variable {TOKEN}, or --token-file",
            advice="Make one on the portal, on your account's page.",
        )
    from parentage.run.push import push

    found = push(file, url, token, model=model, version=version)
    if as_json:
        click.echo(json.dumps(found, indent=2, ensure_ascii=False))
    elif "candidate" in found:
        click.echo(
            printable(f"{url.rstrip('/')}/reports/{found['id']}: {found['headline']}")
        )
    else:
        click.echo(printable(f"{found.get('name')}: {found.get('digest')}"))
    return CLEAR
