# SPDX-License-Identifier: Apache-2.0
"""What the commands on signatures share."""

from __future__ import annotations

import os
from datetime import UTC, datetime
from pathlib import Path
from typing import Final

import click

from parentage.cli.options import together
from parentage.errors import UsageError

PASSPHRASE: Final = "PARENTAGE_KEY_PASSPHRASE"  # noqa: S105 - a name, no secret
"""Environment variable with the passphrase of a private key, if it has one."""


def passphrase() -> str | None:
    """The passphrase of a private key; never an option, which others could see."""
    return os.environ.get(PASSPHRASE) or None


class Day(click.ParamType[datetime]):
    """A UTC day or time, such as ``2027-12-31``."""

    name = "date"

    def get_metavar(
        self,
        param: click.Parameter,  # noqa: ARG002
        ctx: click.Context,  # noqa: ARG002
    ) -> str:
        """How the value is called in ``--help``."""
        return "DATE"

    def convert(
        self, value: object, param: click.Parameter | None, ctx: click.Context | None
    ) -> datetime:
        """The time in UTC."""
        if isinstance(value, datetime):
            return value
        try:
            when = datetime.fromisoformat(str(value))
        except ValueError:
            self.fail(f"{value!r} is no date; write it as 2027-12-31", param, ctx)
        return when.replace(tzinfo=UTC) if when.tzinfo is None else when


signer_options: Final = together(
    click.option(
        "--key",
        type=click.Path(path_type=Path),
        metavar="KEY",
        help="A private key that `parentage keygen` made.",
    ),
    click.option(
        "--keyless",
        is_flag=True,
        help="Sign with your identity through Sigstore; needs the network and the "
        "extra 'sign'.",
    ),
    click.option(
        "--identity-token",
        metavar="TOKEN",
        envvar="PARENTAGE_IDENTITY_TOKEN",
        help="OpenID Connect token for --keyless; by default that of the CI system.",
    ),
)
"""``--key``, ``--keyless`` and ``--identity-token``: who signs."""


def require_one_signer(key: Path | None, *, keyless: bool) -> None:
    """Refuse to guess who signs.

    Raises:
        UsageError: both a key and an identity are given, or neither.
    """
    if (key is None) != keyless:
        raise UsageError("give either --key or --keyless")


trust_options: Final = together(
    click.option(
        "--key",
        "keys",
        multiple=True,
        type=click.Path(path_type=Path),
        metavar="PUB",
        help="A public key that you trust to have signed; may be given repeatedly.",
    ),
    click.option("--identity", metavar="WHO", help="Who must have signed keyless."),
    click.option("--issuer", metavar="URL", help="Who must vouch for --identity."),
    click.option(
        "--at",
        type=Day(),
        default=None,
        help="Check keys as of this date; now by default. A time of signing is the "
        "signer's own word.",
    ),
)
"""``--key``, ``--identity``, ``--issuer`` and ``--at``: whose signature counts."""
