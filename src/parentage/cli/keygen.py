# SPDX-License-Identifier: Apache-2.0
"""``parentage keygen``: a key to sign reports and replies with."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from pathlib import Path

import click

from parentage.cli.keys import Day, passphrase
from parentage.cli.options import debug_option, json_option
from parentage.cli.outcome import CLEAR, check_target, write_bytes, write_text
from parentage.errors import UsageError


@click.command(name="keygen", no_args_is_help=True)
@click.argument("key", type=click.Path(dir_okay=False, path_type=Path))
@click.option("--owner", metavar="NAME", help="Who holds the key; public.")
@click.option(
    "--expires",
    type=Day(),
    default=None,
    help="When the key expires, such as 2027-12-31; in a year by default.",
)
@json_option("the public key (parentage.key/1)")
@debug_option()
def command(
    key: Path, owner: str | None, expires: datetime | None, *, as_json: bool
) -> int:
    """Make an Ed25519 key: KEY, which stays with you, and KEY.pub for the others.

    KEY is encrypted if PARENTAGE_KEY_PASSPHRASE is set. A file that is there already
    is never overwritten.
    """
    public = Path(f"{key}.pub")
    for file in (key, public):
        check_target(file)
        if file.exists():
            raise UsageError(
                "exists already", file=str(file), advice="Name another file"
            )
    from parentage.report.attestation_keys import new_key

    now = datetime.now(UTC).replace(microsecond=0)
    end = expires or now + timedelta(days=365)
    if end <= now:
        raise UsageError(f"the key would have expired on {end.date()}")
    made = new_key(owner, now, end)
    write_bytes(key, made.to_pem(passphrase()).encode(), private=True)
    write_text(public, made.public.to_json())
    if as_json:
        click.echo(made.public.to_json(), nl=False)
    else:
        click.echo(f"{public}: {made.public.keyid}, valid until {end.date()}")
    return CLEAR
